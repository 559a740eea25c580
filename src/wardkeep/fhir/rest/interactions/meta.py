# SPDX-License-Identifier: Apache-2.0
"""`$meta`, `$meta-add` and `$meta-delete` of a resource.

https://hl7.org/fhir/R4/resource-operation-meta.html. A change makes a new version: what
a row says is sealed with its version, and the ledger tells who labelled what.
"""

from collections.abc import Callable, Sequence
from typing import Any

from wardkeep.base.ids import is_fhir_id
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.model.resource import Resource, from_content
from wardkeep.fhir.model.strict_json import compact_json, decoded_object
from wardkeep.fhir.rest.answer import JSON, Answer
from wardkeep.fhir.rest.asking import Asking
from wardkeep.fhir.rest.interaction import ID, TYPE, Interaction
from wardkeep.fhir.rest.outcome import of_not_found, of_problems, of_refusal, told
from wardkeep.fhir.rest.rights import beyond, session_of
from wardkeep.fhir.rest.store import Store
from wardkeep.fhir.rest.written import not_written, resource_in
from wardkeep.fhir.store.change import Change
from wardkeep.fhir.store.draft import draft_of
from wardkeep.fhir.store.outcomes import Conflict, NotFound, OpenedResource, Written
from wardkeep.fhir.validation import check

Json = dict[str, Any]
ATTEMPTS = 8
_LISTS = ("profile", "security", "tag")


async def meta(asking: Asking, store: Store) -> Answer:
    found = await _read(asking, store)
    if isinstance(found, Answer):
        return found
    return _answer(_meta_of(decoded_object(found.text)))


async def _read(asking: Asking, store: Store) -> OpenedResource | Answer:
    type_, id_ = asking.parts[:2]
    session = await session_of(asking, store)
    if isinstance(session, Answer):
        return session
    if not is_fhir_id(id_):
        return of_not_found(NotFound(type=type_, id=id_))
    found = await store.reader.one(type_, id_, opener=asking.opener)
    if isinstance(found, Refusal):
        return of_refusal(found)
    return of_not_found(found) if isinstance(found, NotFound) else found


def _meta_of(content: dict[str, object]) -> Json:
    found = content.get("meta")
    return found if isinstance(found, dict) else {}


def _answer(found: Json) -> Answer:
    parameter = {"name": "return", "valueMeta": found}
    body = {"resourceType": "Parameters", "parameter": [parameter]}
    return Answer(body=compact_json(body), headers=(JSON,))


async def meta_add(asking: Asking, store: Store) -> Answer:
    return await _change(asking, store, _added)


async def meta_delete(asking: Asking, store: Store) -> Answer:
    return await _change(asking, store, _removed)


def _added(here: Sequence[Any], given: Sequence[Any]) -> list[Any]:
    known = {_name(one) for one in here}
    return [*here, *(one for one in given if _name(one) not in known)]


def _removed(here: Sequence[Any], given: Sequence[Any]) -> list[Any]:
    gone = {_name(one) for one in given}
    return [one for one in here if _name(one) not in gone]


def _name(label: Any) -> tuple[str, str]:
    """A profile by its URL, a tag or label by its system and code."""
    if isinstance(label, dict):
        return str(label.get("system", "")), str(label.get("code", ""))
    return "", str(label)


async def _change(
    asking: Asking,
    store: Store,
    change: Callable[[Sequence[Any], Sequence[Any]], list[Any]],
) -> Answer:
    sent = await resource_in(asking, type_="Parameters")
    if isinstance(sent, Answer):
        return sent
    given = _given(sent)
    if given is None:
        return told(400, "required", "Send a parameter meta with a valueMeta.")
    session = await session_of(asking, store)
    if isinstance(session, Answer):
        return session
    refused = beyond(session, "u", asking.parts[:1])
    if refused is not None:
        return refused
    for _ in range(ATTEMPTS):
        answer = await _attempt(asking, store, given, change)
        if answer is not None:
            return answer
    return told(409, "conflict", "Others write it just now. Try again.")


def _given(sent: Resource) -> Json | None:
    listed = sent.content.get("parameter")
    for one in listed if isinstance(listed, list) else ():
        if one.get("name") == "meta" and isinstance(one.get("valueMeta"), dict):
            found: Json = one["valueMeta"]
            return found
    return None


async def _attempt(
    asking: Asking,
    store: Store,
    given: Json,
    change: Callable[[Sequence[Any], Sequence[Any]], list[Any]],
) -> Answer | None:
    """None where somebody else wrote it meanwhile."""
    found = await _read(asking, store)
    if isinstance(found, Answer):
        return found
    content = decoded_object(found.text)
    changed = dict(_meta_of(content))
    for name in _LISTS:
        labels = change(changed.get(name, []), given.get(name, []))
        changed.pop(name, None)
        if labels:
            changed[name] = labels
    resource = from_content(content | {"meta": changed})
    if not isinstance(resource, Resource):
        return of_problems(resource, status=422, code="structure")
    problems = check(resource)
    if problems:
        return of_problems(problems, status=422, code="structure")
    written = await store.writer.write(
        Change(drafts=[draft_of(resource, found.id)], expected=[found.version]),
        opener=asking.opener,
    )
    if isinstance(written, Conflict):
        return None
    if not isinstance(written, Written):
        return not_written(written, has_condition=False)
    return _answer(changed | {"versionId": str(written.references[0].version)})


INTERACTIONS = (
    Interaction(
        name="$meta", method="GET", path=(TYPE, ID, "$meta"), scope="r", handler=meta
    ),
    Interaction(
        name="$meta-add",
        method="POST",
        path=(TYPE, ID, "$meta-add"),
        scope="u",
        handler=meta_add,
    ),
    Interaction(
        name="$meta-delete",
        method="POST",
        path=(TYPE, ID, "$meta-delete"),
        scope="u",
        handler=meta_delete,
    ),
)
