# SPDX-License-Identifier: Apache-2.0
"""Runs a search and answers it as a Bundle: matches, includes, links, total."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from wardkeep.base.ids import is_fhir_id
from wardkeep.disclosure.answers import Refusal, SessionView
from wardkeep.fhir.audit.reading import NEWEST, LedgerPlace
from wardkeep.fhir.model.resource import Resource, parse
from wardkeep.fhir.rest.answer import JSON, Answer
from wardkeep.fhir.rest.asked import read_asked
from wardkeep.fhir.rest.asking import Asking
from wardkeep.fhir.rest.bundle import (
    INCLUDE,
    MATCH,
    Link,
    address_with,
    bundle,
    outcome_entry,
    search_entries,
)
from wardkeep.fhir.rest.cursor import PARAMETER, digest_of
from wardkeep.fhir.rest.negotiation import preference
from wardkeep.fhir.rest.outcome import (
    Issue,
    issue_of,
    of_costly,
    of_refusal,
    told,
)
from wardkeep.fhir.rest.rights import beyond, covers, session_of
from wardkeep.fhir.rest.search_asked import SearchAsked
from wardkeep.fhir.rest.store import Store
from wardkeep.fhir.rest.stored_terminology import with_stored_terminology
from wardkeep.fhir.rest.summary import Shape, shape_of, shaped
from wardkeep.fhir.search.parameters import search_parameter
from wardkeep.fhir.search.query import Query
from wardkeep.fhir.search.references import references_at
from wardkeep.fhir.search.terms import Clause, HasId
from wardkeep.fhir.store.including import Included
from wardkeep.fhir.store.ordering import Place
from wardkeep.fhir.store.outcomes import NotFound, OpenedResource
from wardkeep.fhir.store.reserved import AUDIT_EVENT
from wardkeep.fhir.store.search_request import SearchPage, SearchRequest, TooCostly

Pair = tuple[str, str]
COUNT = "count"
_CUT = Issue(
    "warning",
    "incomplete",
    "There is more to include than one answer holds. Search for it by itself.",
)
_NOT_OURS = (
    "This link to a page is over, or it belongs to another search or token."
    " Begin the search again."
)


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """Which resources are searched, before any parameter."""

    types: tuple[str, ...]
    path: str
    """Behind the base, for links."""
    clauses: tuple[tuple[Clause, ...], ...] = ()
    """For each type what must hold besides: a compartment, a list."""

    def within(self, place: int) -> tuple[Clause, ...]:
        return self.clauses[place] if self.clauses else ()


class _PageEnd(msgspec.Struct, frozen=True, array_like=True):
    """What the link to the next page holds."""

    place: Place | None
    """In the store; None: from its beginning on."""
    total: int | None
    """Of the whole search, if it was counted."""
    ledger: LedgerPlace | None = None
    """Where the ledger's events go on, which come before the store's."""


class _Page(msgspec.Struct, frozen=True, kw_only=True):
    """What one answer holds, before it is put into words."""

    matches: tuple[OpenedResource, ...]
    total: int | None
    end: _PageEnd | None
    """None: it is the last."""


class _Plan(msgspec.Struct, frozen=True, kw_only=True):
    """A search that was read without a fault."""

    scope: Scope
    pairs: Sequence[Pair]
    asked: SearchAsked
    queries: tuple[Query, ...]
    shape: Shape
    session: SessionView


async def find(
    asking: Asking, store: Store, *, scope: Scope, pairs: Sequence[Pair]
) -> Answer:
    """One page of a search."""
    session = await session_of(asking, store)
    if isinstance(session, Answer):
        return session
    refused = beyond(session, "s", scope.types)
    if refused is not None:
        return refused
    scope_or_answer = await _within_list(asking, store, scope, pairs)
    if isinstance(scope_or_answer, Answer):
        return scope_or_answer
    written = await with_stored_terminology(
        pairs, store, opener=asking.opener, session=session
    )
    if isinstance(written, Answer):
        return written
    plan = _read(asking, scope_or_answer, (pairs, written), session)
    if isinstance(plan, Answer):
        return plan
    if plan.asked.count == 0 or plan.shape.summary == COUNT:
        return await _counted(asking, store, plan)
    return await _page(asking, store, plan)


async def _within_list(
    asking: Asking, store: Store, scope: Scope, pairs: Sequence[Pair]
) -> Scope | Answer:
    """`_list`: only what a List names (https://hl7.org/fhir/R4/search.html#list)."""
    id_ = dict(pairs).get("_list")
    if id_ is None:
        return scope
    found: OpenedResource | Refusal | NotFound = NotFound(type="List", id=id_)
    if is_fhir_id(id_):
        found = await store.reader.one("List", id_, opener=asking.opener)
    if isinstance(found, Refusal):
        return of_refusal(found)
    if isinstance(found, NotFound):
        words = "There is no such List here; $current lists are not kept."
        return told(400, "not-found", words, expression=("_list",))
    listed = parse(found.text)
    item = search_parameter("List", "item")
    if not isinstance(listed, Resource) or item is None:
        return scope
    targets = references_at(item, listed)
    return msgspec.structs.replace(
        scope,
        clauses=tuple(
            (*scope.within(place), _one_of(type_, targets))
            for place, type_ in enumerate(scope.types)
        ),
    )


def _one_of(type_: str, targets: Sequence[Pair]) -> Clause:
    return Clause("_list", tuple(HasId(id_) for kind, id_ in targets if kind == type_))


def _read(
    asking: Asking,
    scope: Scope,
    asked_as: tuple[Sequence[Pair], Sequence[Pair]],
    session: SessionView,
) -> _Plan | Answer:
    """The pairs as they were sent, and with stored value sets written out."""
    pairs, written = asked_as
    shape = shape_of(pairs)
    if isinstance(shape, Answer):
        return shape
    is_lenient = preference(asking, "handling") == "lenient"
    found: list[SearchAsked] = []
    for type_ in scope.types:
        asked = read_asked(
            type_, written, asking, session=session, is_lenient=is_lenient
        )
        if isinstance(asked, Answer):
            return asked
        found.append(asked)
    queries = tuple(
        one.query._replace(clauses=(*scope.within(place), *one.query.clauses))
        for place, one in enumerate(found)
    )
    return _Plan(
        scope=scope,
        pairs=pairs,
        asked=found[0],
        queries=queries,
        shape=shape,
        session=session,
    )


def _request(plan: _Plan, *, count: int) -> SearchRequest:
    asked = plan.asked
    return SearchRequest(
        queries=plan.queries,
        count=count,
        sorts=asked.sorts,
        is_counted=asked.is_counted,
        told=asked.told,
    )


async def _counted(asking: Asking, store: Store, plan: _Plan) -> Answer:
    total = await store.searcher.count(_request(plan, count=1), opener=asking.opener)
    if plan.scope.types == (AUDIT_EVENT,) and isinstance(total, int):
        asking.told = f"count {plan.asked.told}"
        events = await store.ledger.count(plan.queries[0], opener=asking.opener)
        total = total + events if isinstance(events, int) else events
    if isinstance(total, Refusal):
        return of_refusal(total)
    if isinstance(total, TooCostly):
        return of_costly(total)
    links = [("self", _url(asking, plan, ""))]
    body = bundle("searchset", (), links=links, total=total)
    return Answer(body=body, headers=(JSON,))


async def _page(asking: Asking, store: Store, plan: _Plan) -> Answer:
    signer = await store.signers.of(asking.token, asking.cursor_name)
    if isinstance(signer, Refusal):
        return of_refusal(signer)
    query = digest_of(plan.scope.path, plan.pairs)
    now = store.clock.now()
    given = dict(plan.pairs).get(PARAMETER, "")
    before = signer.read(given, _PageEnd, query=query, now=now) if given else None
    if given and before is None:
        return told(410, "expired", _NOT_OURS)
    page = await _looked_up(asking, store, plan, before)
    if isinstance(page, Answer):
        return page
    included = await _included(asking, store, plan, page.matches)
    if isinstance(included, Answer):
        return included
    links = [("self", _url(asking, plan, given))]
    if page.end is not None:
        as_of = now if before is None else before[0]
        cursor = signer.write(page.end, query=query, as_of=as_of)
        links.append(("next", _url(asking, plan, cursor)))
    return _bundle(asking, plan, page, included, links)


async def _looked_up(
    asking: Asking,
    store: Store,
    plan: _Plan,
    before: tuple[datetime, _PageEnd] | None,
) -> _Page | Answer:
    """The page from the store; of AuditEvents, those of the ledger before it."""
    if plan.scope.types == (AUDIT_EVENT,):
        place = LedgerPlace(NEWEST) if before is None else before[1].ledger
        if place is not None:
            return await _from_ledger(asking, store, plan, before, place)
    page = await _searched(asking, store, plan, before, count=plan.asked.count)
    if isinstance(page, Answer):
        return page
    end = None if page.next is None else _PageEnd(page.next, page.total)
    return _Page(matches=page.matches, total=page.total, end=end)


async def _from_ledger(
    asking: Asking,
    store: Store,
    plan: _Plan,
    before: tuple[datetime, _PageEnd] | None,
    place: LedgerPlace,
) -> _Page | Answer:
    """Events of the ledger; where they end, the store's own fill the page."""
    most = plan.asked.count
    asking.told = f"search {plan.asked.told}"
    found = await store.ledger.search(
        plan.queries[0], place, most=most, opener=asking.opener
    )
    if isinstance(found, Refusal):
        return of_refusal(found)
    if isinstance(found, TooCostly):
        return of_costly(found)
    if found.next is not None:
        rest = _PageEnd(None, None, found.next)
        return _Page(matches=found.events, total=None, end=rest)
    room = most - len(found.events)
    if not room:
        return _Page(matches=found.events, total=None, end=_PageEnd(None, None))
    page = await _searched(asking, store, plan, before, count=room)
    if isinstance(page, Answer):
        return page
    end = None if page.next is None else _PageEnd(page.next, None)
    total = None
    if before is None and page.total is not None:
        total = len(found.events) + page.total
    return _Page(matches=(*found.events, *page.matches), total=total, end=end)


async def _searched(
    asking: Asking,
    store: Store,
    plan: _Plan,
    before: tuple[datetime, _PageEnd] | None,
    *,
    count: int,
) -> SearchPage | Answer:
    """The first page, or the one behind another: of the same moment and number."""
    request = _request(plan, count=count)
    if before is not None:
        request = msgspec.structs.replace(
            request, as_of=before[0], after=before[1].place, is_counted=False
        )
    page = await store.searcher.search(request, opener=asking.opener)
    if isinstance(page, Refusal):
        return of_refusal(page)
    if isinstance(page, TooCostly):
        return of_costly(page)
    if before is not None:
        page = msgspec.structs.replace(page, total=before[1].total)
    return page


async def _included(
    asking: Asking, store: Store, plan: _Plan, matches: Sequence[OpenedResource]
) -> Included | Answer:
    if not plan.asked.includes:
        return Included()
    found = await store.includer.include(
        matches,
        plan.asked.includes,
        opener=asking.opener,
        covers=lambda type_: covers(plan.session, "s", type_),
    )
    if isinstance(found, Refusal):
        return of_refusal(found)
    return of_costly(found) if isinstance(found, TooCostly) else found


def _bundle(
    asking: Asking,
    plan: _Plan,
    page: _Page,
    included: Included,
    links: Sequence[Link],
) -> Answer:
    base = asking.base.encode()
    entries = search_entries(
        page.matches, _texts(page.matches, plan.shape), base=base, mode=MATCH
    )
    more = included.resources
    whole = msgspec.structs.replace(plan.shape, elements=())
    entries += search_entries(more, _texts(more, whole), base=base, mode=INCLUDE)
    issues = [issue_of(one, "not-supported") for one in plan.asked.left_out]
    warnings = [msgspec.structs.replace(one, severity="warning") for one in issues]
    if included.is_cut:
        warnings.append(_CUT)
    if warnings:
        entries.append(outcome_entry(warnings))
    body = bundle("searchset", entries, links=links, total=page.total)
    if plan.shape.is_pretty:
        body = msgspec.json.format(body, indent=2)
    return Answer(body=body, headers=(JSON,))


def _texts(found: Sequence[OpenedResource], shape: Shape) -> list[bytes]:
    if shape.is_whole:
        return [one.text for one in found]
    return [shaped(one.text, one.type, shape) for one in found]


def _url(asking: Asking, plan: _Plan, cursor: str) -> str:
    left_out = plan.asked.left_out
    pairs = [pair for pair in plan.pairs if pair[0] != PARAMETER]
    if left_out:
        known = {clause.code for clause in plan.asked.query.clauses}
        pairs = [pair for pair in pairs if pair[0][0] == "_" or _code(pair[0]) in known]
    if cursor:
        pairs.append((PARAMETER, cursor))
    address = f"{asking.base}/{plan.scope.path}".rstrip("/")
    return address_with(address, pairs)


def _code(name: str) -> str:
    return name.partition(".")[0].partition(":")[0]
