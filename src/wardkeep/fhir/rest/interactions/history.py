# SPDX-License-Identifier: Apache-2.0
"""History of a resource, a type and everything: https://hl7.org/fhir/R4/http.html#history."""

from datetime import datetime

import msgspec

from wardkeep.base.clock import from_microseconds
from wardkeep.base.ids import is_fhir_id
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.model.primitives import span_of
from wardkeep.fhir.rest.answer import JSON, Answer
from wardkeep.fhir.rest.asking import Asking
from wardkeep.fhir.rest.bundle import Link, address_with, bundle, own_address, response
from wardkeep.fhir.rest.cursor import PARAMETER, Signer, digest_of
from wardkeep.fhir.rest.interaction import ID, TYPE, Interaction
from wardkeep.fhir.rest.outcome import of_refusal, told
from wardkeep.fhir.rest.rights import beyond, session_of
from wardkeep.fhir.rest.store import Store
from wardkeep.fhir.store.program_reading import (
    HistoryLine,
    HistoryPage,
    HistoryPlace,
    HistoryRequest,
)
from wardkeep.fhir.store.search_request import LONGEST_PAGE, USUAL_PAGE
from wardkeep.fhir.store.stamping import instant

_KNOWN = frozenset({"_since", "_count", "_format", "_pretty", PARAMETER})


async def history_instance(asking: Asking, store: Store) -> Answer:
    type_, id_ = asking.parts[:2]
    if not is_fhir_id(id_):
        return told(404, "not-found", "There is no such resource here.")
    return await _history(asking, store, type_=type_, id_=id_)


async def history_type(asking: Asking, store: Store) -> Answer:
    return await _history(asking, store, type_=asking.parts[0], id_="")


async def history_system(asking: Asking, store: Store) -> Answer:
    return await _history(asking, store, type_="", id_="")


async def _history(asking: Asking, store: Store, *, type_: str, id_: str) -> Answer:
    session = await session_of(asking, store)
    if isinstance(session, Answer):
        return session
    refused = beyond(session, "s", [type_ or "*"])
    if refused is not None:
        return refused
    signer = await store.signers.of(asking.token, asking.cursor_name)
    if isinstance(signer, Refusal):
        return of_refusal(signer)
    now = store.clock.now()
    request = _read(asking, type_=type_, id_=id_, now=now)
    if isinstance(request, Answer):
        return request
    path = "/".join(asking.parts)
    query = digest_of(path, asking.query)
    given = dict(asking.query).get(PARAMETER)
    if given is not None:
        read = signer.read(given, HistoryPlace, query=query, now=now)
        if read is None:
            return told(410, "expired", "This link to a page is over. Begin again.")
        request = msgspec.structs.replace(request, as_of=read[0], after=read[1])
    return await _page(asking, store, request, signer, query=query)


async def _page(
    asking: Asking,
    store: Store,
    request: HistoryRequest,
    signer: Signer,
    *,
    query: bytes,
) -> Answer:
    page = await store.reader.history(request, opener=asking.opener)
    if isinstance(page, Refusal):
        return of_refusal(page)
    is_first = request.after is None
    if request.id and not page.lines and is_first:
        return told(404, "not-found", "There is no such resource here.")
    path = "/".join(asking.parts)
    links: list[Link] = [("self", own_address(asking))]
    if page.next is not None:
        cursor = signer.write(page.next, query=query, as_of=request.as_of)
        links.append(("next", _next(asking, path, cursor)))
    return _bundle(asking, page, links, is_whole=is_first and page.next is None)


def _read(
    asking: Asking, *, type_: str, id_: str, now: datetime
) -> HistoryRequest | Answer:
    asked = dict(asking.query)
    unknown = sorted(asked.keys() - _KNOWN)
    if unknown:
        words = "History takes _since and _count; there is another parameter."
        return told(400, "invalid", words)
    since = span_of(asked["_since"].replace(" ", "+")) if "_since" in asked else None
    if "_since" in asked and since is None:
        return told(400, "value", "_since is not a time.", expression=("_since",))
    count = asked.get("_count", str(USUAL_PAGE))
    if not (count.isascii() and count.isdigit() and int(count[:9])):
        return told(400, "value", "_count is not a number.", expression=("_count",))
    return HistoryRequest(
        type=type_,
        id=id_,
        since=from_microseconds(since.low) if since else None,
        as_of=now,
        count=min(int(count[:9]), LONGEST_PAGE),
    )


def _next(asking: Asking, path: str, cursor: str) -> str:
    kept = [pair for pair in asking.query if pair[0] != PARAMETER]
    return address_with(f"{asking.base}/{path}", [*kept, (PARAMETER, cursor)])


def _bundle(
    asking: Asking, page: HistoryPage, links: list[Link], *, is_whole: bool
) -> Answer:
    entries = [_entry(asking, one) for one in page.lines]
    total = len(page.lines) if is_whole else None
    body = bundle("history", entries, links=links, total=total)
    return Answer(body=body, headers=(JSON,))


def _entry(asking: Asking, one: HistoryLine) -> bytes:
    address = f"{one.type}/{one.id}".encode()
    method, status = _how(one)
    told_of = response(
        status, version=one.version, last_modified=instant(one.last_updated)
    )
    resource = b""
    if one.resource is not None:
        resource = b',"resource":' + one.resource.text
    url = one.type.encode() if method == b"POST" else address
    return (
        b'{"fullUrl":"%b/%b"%b,"request":{"method":"%b","url":"%b"},"response":%b}'
        % (asking.base.encode(), address, resource, method, url, told_of)
    )


def _how(one: HistoryLine) -> tuple[bytes, str]:
    """How a version came to be: the first by POST, a deletion, or an update."""
    if one.resource is None:
        return b"DELETE", "204"
    return (b"POST", "201") if one.version == 1 else (b"PUT", "200")


INTERACTIONS = (
    Interaction(
        name="history-instance",
        method="GET",
        path=(TYPE, ID, "_history"),
        scope="s",
        handler=history_instance,
    ),
    Interaction(
        name="history-type",
        method="GET",
        path=(TYPE, "_history"),
        scope="s",
        handler=history_type,
    ),
    Interaction(
        name="history-system",
        method="GET",
        path=("_history",),
        scope="s",
        handler=history_system,
    ),
)
