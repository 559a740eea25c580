# SPDX-License-Identifier: Apache-2.0
"""`$everything` of a patient and of an encounter.

https://hl7.org/fhir/R4/operation-patient-everything.html and
https://hl7.org/fhir/R4/operation-encounter-everything.html
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from wardkeep.base.clock import from_microseconds
from wardkeep.base.ids import is_fhir_id
from wardkeep.disclosure.answers import Refusal, SessionView
from wardkeep.fhir.model.definitions import is_resource_type
from wardkeep.fhir.model.primitives import span_of
from wardkeep.fhir.rest.answer import JSON, Answer
from wardkeep.fhir.rest.asking import Asking
from wardkeep.fhir.rest.bundle import (
    INCLUDE,
    MATCH,
    Link,
    address_with,
    bundle,
    own_address,
    search_entries,
)
from wardkeep.fhir.rest.compartments import types_in, within
from wardkeep.fhir.rest.cursor import PARAMETER, digest_of
from wardkeep.fhir.rest.interaction import ID, Interaction
from wardkeep.fhir.rest.outcome import of_costly, of_not_found, of_refusal, told
from wardkeep.fhir.rest.rights import covers, missing, session_of
from wardkeep.fhir.rest.store import Store
from wardkeep.fhir.search.query import Query
from wardkeep.fhir.store.including import Included
from wardkeep.fhir.store.ordering import Place
from wardkeep.fhir.store.outcomes import NotFound, OpenedResource
from wardkeep.fhir.store.search_request import Include, SearchRequest, TooCostly
from wardkeep.fhir.store.whole_record import WholePage, WholeRequest

_PATIENT, _ENCOUNTER = "Patient", "Encounter"
_KNOWN = frozenset(
    {"start", "end", "_since", "_type", "_count", "_format", "_pretty", PARAMETER}
)
MOST_RESOURCES = 5_000
_OUTSIDE = (
    *("Practitioner", "PractitionerRole", "Organization", "Location"),
    *("Medication", "HealthcareService", "Device", "Substance"),
)
"""What a record refers to outside itself, and cannot be read without."""


async def patient_everything(asking: Asking, store: Store) -> Answer:
    id_ = asking.parts[1]
    asked = dict(asking.query)
    request = _read(asked, id_)
    if isinstance(request, Answer):
        return request
    session = await session_of(asking, store)
    if isinstance(session, Answer):
        return session
    cursor = await _cursor(asking, store, asked)
    if isinstance(cursor, Answer):
        return cursor
    types = request.types or _covered(session, (*types_in(_PATIENT), _PATIENT))
    request = WholeRequest(
        patient=id_,
        types=() if types is None else types,
        start=request.start,
        end=request.end,
        since=request.since,
        after=cursor,
        count=request.count,
    )
    page: WholePage | Refusal | NotFound = NotFound(type=_PATIENT, id=id_)
    if is_fhir_id(id_):
        page = await store.records.read(request, opener=asking.opener)
    if isinstance(page, Refusal):
        return of_refusal(page)
    if isinstance(page, NotFound):
        answer = of_not_found(page)
        return await missing(asking, store, letter="r", type_=_PATIENT, answer=answer)
    return await _answer(asking, store, page, session)


def _covered(session: SessionView, types: Sequence[str]) -> tuple[str, ...] | None:
    """None where every type is covered."""
    found = tuple(one for one in types if covers(session, "r", one))
    return None if len(found) == len(types) else found


def _read(asked: Mapping[str, str], id_: str) -> WholeRequest | Answer:
    if asked.keys() - _KNOWN:
        words = "$everything takes start, end, _since, _type and _count."
        return told(400, "invalid", words)
    times: dict[str, datetime] = {}
    for name in ("start", "end", "_since"):
        if name not in asked:
            continue
        span = span_of(asked[name].replace(" ", "+"))
        if span is None:
            return told(400, "value", "It is not a time.", expression=(name,))
        times[name] = from_microseconds(span.high + 1 if name == "end" else span.low)
    types = [one for one in asked.get("_type", "").split(",") if one]
    if not all(map(is_resource_type, types)):
        return told(400, "value", "It names no type.", expression=("_type",))
    count = asked.get("_count", str(MOST_RESOURCES))
    if not (count.isascii() and count.isdigit() and int(count[:9])):
        return told(400, "value", "It is not a number.", expression=("_count",))
    return WholeRequest(
        patient=id_,
        types=tuple(types),
        start=times.get("start"),
        end=times.get("end"),
        since=times.get("_since"),
        count=min(int(count[:9]), MOST_RESOURCES),
    )


async def _cursor(
    asking: Asking, store: Store, asked: Mapping[str, str]
) -> Place | Answer | None:
    if PARAMETER not in asked:
        return None
    signer = await store.signers.of(asking.token, asking.cursor_name)
    if isinstance(signer, Refusal):
        return of_refusal(signer)
    query = digest_of("/".join(asking.parts), asking.query)
    now = store.clock.now()
    read = signer.read(asked[PARAMETER], Place, query=query, now=now)
    if read is None:
        return told(410, "expired", "This link to a page is over. Begin again.")
    return read[1]


async def _answer(
    asking: Asking, store: Store, page: WholePage, session: SessionView
) -> Answer:
    found = page.opened.resources
    wanted = dict(asking.query).get("_type", "")
    outside = await _outside(asking, store, found, session, wanted=wanted.split(","))
    if isinstance(outside, Answer):
        return outside
    links: list[Link] = [("self", own_address(asking))]
    if page.next is not None:
        signer = await store.signers.of(asking.token, asking.cursor_name)
        if isinstance(signer, Refusal):
            return of_refusal(signer)
        path = "/".join(asking.parts)
        query = digest_of(path, asking.query)
        cursor = signer.write(page.next, query=query, as_of=store.clock.now())
        kept = [pair for pair in asking.query if pair[0] != PARAMETER]
        pairs = [*kept, (PARAMETER, cursor)]
        links.append(("next", address_with(f"{asking.base}/{path}", pairs)))
    base = asking.base.encode()
    entries = search_entries(found, [one.text for one in found], base=base, mode=MATCH)
    entries += search_entries(
        outside, [one.text for one in outside], base=base, mode=INCLUDE
    )
    is_whole = page.next is None and PARAMETER not in dict(asking.query)
    total = len(found) if is_whole else None
    body = bundle("searchset", entries, links=links, total=total)
    return Answer(body=body, headers=(JSON,))


async def _outside(
    asking: Asking,
    store: Store,
    found: Sequence[OpenedResource],
    session: SessionView,
    *,
    wanted: Sequence[str] = ("",),
) -> Sequence[OpenedResource] | Answer:
    """People, places and medicines that the resources refer to; of `_type` alone."""
    targets = tuple(one for one in _OUTSIDE if one in wanted or not any(wanted))
    if not targets:
        return ()
    included = await store.includer.include(
        found,
        (Include(type="", parameter=None, targets=targets),),
        opener=asking.opener,
        covers=lambda type_: covers(session, "s", type_),
    )
    if isinstance(included, Refusal):
        return of_refusal(included)
    if isinstance(included, TooCostly):
        return of_costly(included)
    return included.resources if isinstance(included, Included) else ()


async def encounter_everything(asking: Asking, store: Store) -> Answer:
    """The encounter, and what is in its compartment."""
    id_ = asking.parts[1]
    session = await session_of(asking, store)
    if isinstance(session, Answer):
        return session
    found = await store.reader.one(_ENCOUNTER, id_, opener=asking.opener)
    if isinstance(found, Refusal):
        return of_refusal(found)
    if isinstance(found, NotFound):
        return of_not_found(found)
    queries = tuple(
        Query(type_, (clause,))
        for type_ in types_in(_ENCOUNTER)
        if type_ != _ENCOUNTER and covers(session, "s", type_)
        if (clause := within(_ENCOUNTER, id_, type_)) is not None
    )
    page = await store.searcher.search(
        SearchRequest(queries=queries, count=MOST_RESOURCES, told="$everything"),
        opener=asking.opener,
    )
    if isinstance(page, Refusal):
        return of_refusal(page)
    if isinstance(page, TooCostly):
        return of_costly(page)
    opened = (found, *page.matches)
    outside = await _outside(asking, store, opened, session)
    if isinstance(outside, Answer):
        return outside
    base = asking.base.encode()
    entries = search_entries(
        opened, [one.text for one in opened], base=base, mode=MATCH
    )
    entries += search_entries(
        outside, [one.text for one in outside], base=base, mode=INCLUDE
    )
    links = [("self", own_address(asking))]
    body = bundle("searchset", entries, links=links, total=len(opened))
    return Answer(body=body, headers=(JSON,))


INTERACTIONS = (
    Interaction(
        name="$everything",
        method="GET",
        path=(_PATIENT, ID, "$everything"),
        scope="r",
        handler=patient_everything,
    ),
    Interaction(
        name="$everything",
        method="GET",
        path=(_ENCOUNTER, ID, "$everything"),
        scope="r",
        handler=encounter_everything,
    ),
)
