# SPDX-License-Identifier: Apache-2.0
"""Batch and transaction: https://hl7.org/fhir/R4/http.html#transaction."""

import base64
import contextlib
from collections.abc import Sequence
from http import HTTPStatus

from starlette.types import Scope

from wardkeep.base.outcome import Problem
from wardkeep.fhir.model.resource import Resource, parse
from wardkeep.fhir.model.strict_json import compact_json
from wardkeep.fhir.rest.answer import JSON, Answer
from wardkeep.fhir.rest.asking import MOST_BODY_BYTES, Asking
from wardkeep.fhir.rest.bundle import bundle, response
from wardkeep.fhir.rest.entries import TOO_MANY, Entry, in_order, read_entries
from wardkeep.fhir.rest.interaction import Interaction
from wardkeep.fhir.rest.negotiation import preference, refused_body
from wardkeep.fhir.rest.outcome import of_problems, told
from wardkeep.fhir.rest.patching import JSON_PATCH
from wardkeep.fhir.rest.rights import session_of
from wardkeep.fhir.rest.store import Store
from wardkeep.fhir.rest.transaction import Done, transact
from wardkeep.fhir.rest.written import with_own_references
from wardkeep.fhir.store.draft import is_sealed
from wardkeep.fhir.store.outcomes import Reference
from wardkeep.fhir.store.stamping import Stamp, instant, stamped
from wardkeep.fhir.validation import check

_READING = ("GET", "HEAD")


async def process(asking: Asking, store: Store) -> Answer:
    """What is neither a batch nor a transaction is refused, never run as either."""
    sent = await _bundle_in(asking)
    if isinstance(sent, Answer):
        return sent
    kind = sent.content.get("type")
    if kind not in ("batch", "transaction"):
        words = "Send a Bundle of type batch or transaction."
        return told(400, "value", words, expression=("Bundle.type",))
    session = await session_of(asking, store)
    if isinstance(session, Answer):
        return session
    entries = read_entries(sent.content, base=asking.base)
    is_too_long = any(one.place == TOO_MANY for one in entries)
    if kind == "batch" and not is_too_long:
        return await _batch(asking, entries)
    read = [one for one in entries if isinstance(one, Entry)]
    if len(read) != len(entries):
        problems = [one for one in entries if not isinstance(one, Entry)]
        return of_problems(problems, status=HTTPStatus.BAD_REQUEST, code="invalid")
    asking.told = f"transaction of {len(read)}"
    done = await transact(asking, store, session, read)
    if isinstance(done, Answer):
        return done
    return await _transacted(asking, read, done)


async def _bundle_in(asking: Asking) -> Resource | Answer:
    """The bundle, its own structure checked; each resource is judged by itself."""
    refused = refused_body(asking)
    if refused is not None:
        return refused
    raw = await asking.body()
    if isinstance(raw, Problem):
        return of_problems([raw], status=HTTPStatus.BAD_REQUEST, code="structure")
    raw = with_own_references(raw, asking.base)
    found = parse(raw, most_bytes=MOST_BODY_BYTES)
    if not isinstance(found, Resource):
        return of_problems(found, status=HTTPStatus.BAD_REQUEST, code="structure")
    if found.type != "Bundle":
        words = "Send a Bundle of type batch or transaction."
        return told(400, "value", words, expression=("resourceType",))
    problems = check(_without_resources(found))
    if problems:
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        return of_problems(problems, status=status, code="structure")
    return found


def _without_resources(bundle: Resource) -> Resource:
    entries = bundle.content.get("entry")
    if not isinstance(entries, list):
        return bundle
    bare = [
        {key: value for key, value in one.items() if key != "resource"}
        if isinstance(one, dict)
        else one
        for one in entries
    ]
    return Resource("Bundle", bundle.id, bundle.content | {"entry": bare}, b"")


async def _batch(asking: Asking, entries: Sequence[Entry | Problem]) -> Answer:
    """Each by itself: one that fails changes nothing for the others."""
    answers: dict[int, bytes] = {}
    for place, entry in enumerate(entries):
        if isinstance(entry, Problem):
            wrong = of_problems([entry], status=HTTPStatus.BAD_REQUEST, code="invalid")
            answers[place] = _entry_of(wrong)
    for entry in in_order([one for one in entries if isinstance(one, Entry)]):
        answer = await asking.answer_within(_scope_of(entry), _body_of(entry))
        answers[entry.place] = _entry_of(answer)
    body = bundle("batch-response", [answers[place] for place in range(len(entries))])
    return Answer(body=body, headers=(JSON,))


def _scope_of(entry: Entry) -> Scope:
    """The entry's request as a server would have received it."""
    headers = [
        (name, value.encode())
        for name, value in (
            (b"if-match", entry.if_match),
            (b"if-none-match", entry.if_none_match),
            (b"if-none-exist", entry.if_none_exist),
        )
        if value
    ]
    is_patch = entry.method == "PATCH" and _is_binary(entry)
    kind = JSON_PATCH if is_patch else "application/fhir+json"
    return {
        "type": "http",
        "method": entry.method,
        "path": "/fhir/" + "/".join(entry.parts),
        "query_string": entry.query.encode("latin-1", "replace"),
        "headers": [*headers, (b"content-type", kind.encode())],
    }


def _is_binary(entry: Entry) -> bool:
    return entry.content is not None and entry.content["resourceType"] == "Binary"


def _body_of(entry: Entry) -> bytes:
    if entry.content is None:
        return b""
    if entry.method == "PATCH" and _is_binary(entry):
        # What cannot be decoded is no patch, and is told so.
        with contextlib.suppress(ValueError):
            return base64.b64decode(str(entry.content.get("data", "")), validate=True)
    return compact_json(entry.content)


def _entry_of(answer: Answer) -> bytes:
    headers = dict(answer.headers)
    is_error = answer.status >= HTTPStatus.BAD_REQUEST
    told_of = response(
        _status(answer.status),
        location=headers.get(b"location", b"").decode(),
        tag=headers.get(b"etag", b"").decode(),
        outcome=answer.body if is_error else b"",
    )
    resource = b'"resource":%b,' % answer.body if answer.body and not is_error else b""
    return b'{%b"response":%b}' % (resource, told_of)


def _status(number: int) -> str:
    return f"{int(number)} {HTTPStatus(number).phrase}"


async def _transacted(asking: Asking, entries: Sequence[Entry], done: Done) -> Answer:
    wants_resources = preference(asking, "return") == "representation"
    written = {(one.type, one.id): one for one in done.written.references}
    answers = []
    for entry in entries:
        if entry.method in _READING:
            answer = await asking.answer_within(_scope_of(entry), b"")
            answers.append(_entry_of(answer))
            continue
        target = done.targets[entry.place]
        reference = written.get((target.type, target.id))
        if entry.method == "DELETE":
            answers.append(_without_resource(response(_status(204))))
        elif reference is None or not target.is_written:
            location = f"{asking.base}/{target.type}/{target.id}"
            answers.append(_without_resource(response(_status(200), location=location)))
        else:
            resource = _resource(entry, reference, done) if wants_resources else b""
            answers.append(_written(asking, reference, done, resource))
    body = bundle("transaction-response", answers)
    return Answer(body=body, headers=(JSON,))


def _without_resource(told_of: bytes) -> bytes:
    return b'{"response":%b}' % told_of


def _resource(entry: Entry, one: Reference, done: Done) -> bytes:
    resource = done.resources[entry.place]
    if is_sealed(resource):
        return b""  # what is sealed is not said again
    stamp = Stamp(one.type, one.id, one.version, done.written.last_updated)
    return b'"resource":%b,' % stamped(resource, stamp)


def _written(asking: Asking, one: Reference, done: Done, resource: bytes) -> bytes:
    is_new = (one.type, one.id) in done.written.created
    told_of = response(
        _status(201 if is_new else 200),
        location=f"{asking.base}/{one.type}/{one.id}/_history/{one.version}",
        version=one.version,
        last_modified=instant(done.written.last_updated),
    )
    return b'{%b"response":%b}' % (resource, told_of)


INTERACTIONS = tuple(
    Interaction(name=name, method="POST", path=path, scope="c", handler=process)
    for name, path in (("transaction", ()), ("batch", ()))
)
