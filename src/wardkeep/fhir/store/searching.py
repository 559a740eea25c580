# SPDX-License-Identifier: Apache-2.0
"""Searching the store: tokens from the warden, rows from the database, then the door.

A page is pinned to a moment: rows that were replaced since then are found as they were
(docs/decisions/0009-fhir-api.md). Rows that the database cannot judge are opened as
candidates, which is an entry of its own, and only what matches is given on.
"""

from collections.abc import Mapping, Sequence

import msgspec

from wardkeep.base.clock import Clock
from wardkeep.db.connection import Connection, Database, Row
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.client import WardenClient
from wardkeep.disclosure.purpose import Action
from wardkeep.fhir.model.resource import Resource, parse
from wardkeep.fhir.search.compartment import owner_element, owner_is_one_of_many
from wardkeep.fhir.search.query import Query, holds
from wardkeep.fhir.search.row_facts import clinical_element, other_time_key, range_key
from wardkeep.fhir.search.terms import SEPARATOR, HasTerm, OwnedBy
from wardkeep.fhir.store.links import Links
from wardkeep.fhir.store.ordering import (
    BY_CLINICAL_TIME,
    BY_ID,
    Ordering,
    Place,
    Sort,
)
from wardkeep.fhir.store.outcomes import Opened, OpenedResource, Opener
from wardkeep.fhir.store.releasing import Keys, keys_for, release
from wardkeep.fhir.store.rows import (
    KEY_COLUMNS,
    RESOURCE_COLUMNS,
    StoredRow,
    patient_key_row,
    stored_row,
)
from wardkeep.fhir.store.search_request import (
    SearchPage,
    SearchRequest,
    TooCostly,
)
from wardkeep.fhir.store.search_sql import Conditions, Parameters, Tokens, secrets_in
from wardkeep.fhir.store.stored_id import id_of
from wardkeep.fhir.store.tokens import tokens_of

MOST_CANDIDATES = 1_000
"""Opened for one page at most; the page is shorter then, and has a next one."""
_OWN_TABLE = (
    "record.resource as r where r.organisation = record.served_organisation()"
    " and not r.is_deleted and r.tier <> 3 and"
)
_VIEW = "record.searchable as r where"
_BEFORE = "record.searchable_before as r where"


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of one page, still sealed."""

    rows: tuple[StoredRow, ...]
    keys: Keys
    rest: Place | None
    """Where the page ends, if it is not the last."""
    places: tuple[Place, ...] = ()
    """Of each row, where they were asked for."""


class FoundIds(msgspec.Struct, frozen=True, kw_only=True):
    """What a condition found, and how."""

    ids: tuple[str, ...]
    sql: str
    values: tuple[object, ...]


class Searcher:
    """Runs searches for whoever may see what they find."""

    def __init__(
        self, database: Database, warden: WardenClient, *, clock: Clock
    ) -> None:
        self._database = database
        self._warden = warden
        self._clock = clock
        self._links = Links(database, warden)

    async def search(
        self, request: SearchRequest, *, opener: Opener
    ) -> SearchPage | Refusal | TooCostly:
        """One page of matches, each of them in the ledger."""
        resolved = await self._links.resolve(request.queries, opener=opener)
        if isinstance(resolved, Refusal | TooCostly):
            return resolved
        request = msgspec.structs.replace(request, queries=resolved)
        tokens = await self._tokens(request, opener)
        if isinstance(tokens, Refusal):
            return tokens
        if any(query.needs_confirming for query in request.queries):
            return await self._confirmed(request, tokens, opener)
        async with self._database.connection(opener.organisation) as connection:
            found = await _page(connection, request, tokens, opener)
            total = await _total(connection, request, tokens, found)
        opened = await self._open(found, request, opener)
        if isinstance(opened, Refusal):
            return opened
        return SearchPage(
            matches=opened.resources,
            next=found.rest,
            total=total,
            entry=opened.entry,
        )

    async def ids(
        self, request: SearchRequest, *, opener: Opener
    ) -> FoundIds | Refusal | TooCostly:
        """The ids of at most `count` matches, and the statement that found them."""
        if any(query.needs_confirming for query in request.queries):
            return TooCostly(
                wrong="the condition can only be judged by opening records",
                mend="Use identifiers, codes or dates.",
            )
        resolved = await self._links.resolve(request.queries, opener=opener)
        if isinstance(resolved, Refusal | TooCostly):
            return resolved
        request = msgspec.structs.replace(request, queries=resolved)
        tokens = await self._tokens(request, opener)
        if isinstance(tokens, Refusal):
            return tokens
        parameters = Parameters()
        where = _where(request, tokens, parameters)
        most = parameters.add(request.count)
        sql = f"select r.id from {_VIEW} {where} limit {most}"
        values = tuple(parameters.values)
        async with self._database.connection(opener.organisation) as connection:
            rows = await connection.fetch(sql, *values)
        return FoundIds(
            ids=tuple(id_of(row["id"]) for row in rows), sql=sql, values=values
        )

    async def count(
        self, request: SearchRequest, *, opener: Opener
    ) -> int | Refusal | TooCostly:
        """How many match; nothing is opened unless candidates must be confirmed."""
        counted = msgspec.structs.replace(request, count=1, is_counted=True)
        if any(query.needs_confirming for query in request.queries):
            return await self._counted_one_by_one(request, opener)
        resolved = await self._links.resolve(counted.queries, opener=opener)
        if isinstance(resolved, Refusal | TooCostly):
            return resolved
        counted = msgspec.structs.replace(counted, queries=resolved)
        tokens = await self._tokens(counted, opener)
        if isinstance(tokens, Refusal):
            return tokens
        async with self._database.connection(opener.organisation) as connection:
            return await _count(connection, counted, tokens)

    async def _counted_one_by_one(
        self, request: SearchRequest, opener: Opener
    ) -> int | Refusal | TooCostly:
        whole = msgspec.structs.replace(request, count=MOST_CANDIDATES)
        page = await self.search(whole, opener=opener)
        if not isinstance(page, SearchPage):
            return page
        if page.next is not None:
            return TooCostly(
                wrong=f"more than {MOST_CANDIDATES} resources would have to be opened",
                mend="Narrow the search.",
            )
        return len(page.matches)

    async def _tokens(self, request: SearchRequest, opener: Opener) -> Tokens | Refusal:
        secrets = dict.fromkeys(
            one for query in request.queries for one in secrets_in(query)
        )
        for sort in request.sorts:
            secrets.update(dict.fromkeys(map(range_key, sort.elements)))
        for type_ in request.types:
            if request.sorts and clinical_element(type_):
                secrets[other_time_key(type_)] = None
        given = await tokens_of(self._warden, opener.session, list(secrets))
        if isinstance(given, Refusal):
            return given
        return dict(zip(secrets, given, strict=True))

    async def _open(
        self, found: Found, request: SearchRequest, opener: Opener
    ) -> Opened | Refusal:
        return await release(
            self._warden,
            opener,
            rows=found.rows,
            keys=found.keys,
            action=Action.SEARCH,
            request=f"search {request.told}",
        )

    async def _confirmed(
        self, request: SearchRequest, tokens: Tokens, opener: Opener
    ) -> SearchPage | Refusal:
        """A page of which every row was opened and asked."""
        loose = {query.type: query.loose for query in request.queries}
        matches: list[tuple[OpenedResource, StoredRow, Place]] = []
        after, looked_at, is_more = request.after, 0, True
        keys: dict[int, Keys] = {}
        batch = min(2 * request.count + 1, 200)
        while is_more and looked_at < MOST_CANDIDATES:
            if len(matches) > request.count:
                break
            asked = msgspec.structs.replace(request, count=batch, after=after)
            async with self._database.connection(opener.organisation) as connection:
                found = await _page(connection, asked, tokens, opener, has_places=True)
            opened = await release(
                self._warden,
                opener,
                rows=found.rows,
                keys=found.keys,
                action=Action.SEARCH,
                request=f"candidates of search {request.told}",
            )
            if isinstance(opened, Refusal):
                return opened
            for one, row, place in zip(
                opened.resources, found.rows, found.places, strict=True
            ):
                if holds(loose[one.type], _parsed(one)):
                    matches.append((one, row, place))
                    keys[id(row)] = found.keys
            looked_at += len(found.rows)
            is_more = found.rest is not None
            after = found.places[-1] if found.places else after
        return await self._given(
            request, matches, keys, opener, rest=after if is_more else None
        )

    async def _given(
        self,
        request: SearchRequest,
        matches: Sequence[tuple[OpenedResource, StoredRow, Place]],
        keys: Mapping[int, Keys],
        opener: Opener,
        *,
        rest: Place | None,
    ) -> SearchPage | Refusal:
        """Write down what of the candidates is given on."""
        page = matches[: request.count]
        is_cut = len(matches) > request.count
        merged = Keys(
            patients={
                number: one
                for _, row, _ in page
                for number, one in keys[id(row)].patients.items()
            },
            shared=next((keys[id(row)].shared for _, row, _ in page), b""),
        )
        rows = [row for _, row, _ in page]
        opened = await release(
            self._warden,
            opener,
            rows=rows,
            keys=merged,
            action=Action.SEARCH,
            request=f"search {request.told}",
        )
        if isinstance(opened, Refusal):
            return opened
        last = page[-1][2] if is_cut else rest
        is_whole = last is None and request.after is None
        return SearchPage(
            matches=tuple(one for one, _, _ in page),
            next=last,
            total=len(page) if is_whole else None,
            entry=opened.entry,
        )


def _parsed(one: OpenedResource) -> Resource:
    found = parse(one.text)
    if not isinstance(found, Resource):
        raise StoredTextError(one.type)
    return found


class StoredTextError(Exception):
    """What the store holds cannot be read again: a fault of ours."""


async def _page(
    connection: Connection,
    request: SearchRequest,
    tokens: Tokens,
    opener: Opener,
    *,
    has_places: bool = False,
) -> Found:
    sql, parameters, ordering = _statement(request, tokens)
    rows = await connection.fetch(sql, *parameters.values)
    is_more = len(rows) > request.count
    rows = rows[: request.count]
    keys = await _keys(connection, rows, opener)
    return Found(
        rows=tuple([_stored(row, keys, opener) for row in rows]),
        rest=ordering.place_of(rows[-1]) if is_more and rows else None,
        places=tuple(map(ordering.place_of, rows)) if has_places else (),
        keys=keys,
    )


async def _keys(connection: Connection, rows: Sequence[Row], opener: Opener) -> Keys:
    """The keys that came beside the rows, and those of further patients in them."""
    also = {number for row in rows for number in row["also"] or ()}
    patients = {
        row["patient"]: patient_key_row(row)
        for row in {one["patient"]: one for one in rows}.values()
        if row["patient"] is not None
    }
    if also - patients.keys():
        more = await keys_for(
            connection, opener.organisation, owners=(), also=tuple(also)
        )
        patients.update(more.patients)
    shared = next((row["wrapped_key"] for row in rows if row["patient"] is None), b"")
    return Keys(patients=patients, shared=shared or b"")


def _stored(row: Row, keys: Keys, opener: Opener) -> StoredRow:
    owner = row["patient"]
    patient = "" if owner is None else keys.patients[owner].id
    return stored_row(row, organisation=opener.organisation, patient=patient)


def _statement(
    request: SearchRequest, tokens: Tokens
) -> tuple[str, Parameters, Ordering]:
    parameters = Parameters()
    ordering = Ordering(
        _order_of(request),
        types=request.types,
        tokens=tokens,
        parameters=parameters,
    )
    now = _OWN_TABLE if _is_of_one_patient(request.queries) else _VIEW
    found = _select(request, tokens, parameters, ordering, source=now)
    if request.as_of is not None:
        before = _select(request, tokens, parameters, ordering, source=_BEFORE)
        moment = parameters.add(request.as_of, "::timestamptz")
        found = (
            f"{found} and r.last_updated <= {moment} union all {before}"
            f" and r.last_updated <= {moment} and r.superseded_at > {moment}"
        )
    behind = ordering.after(request.after) if request.after is not None else "true"
    most = parameters.add(request.count + 1)
    page = (
        f"select * from ({found}) as q where {behind}"
        f" order by {ordering.by} limit {most}"
    )
    sql = (
        f"select q.*, {KEY_COLUMNS}, k.wrapped_key from ({page}) as q"
        " left join record.patient as p on p.number = q.patient"
        " left join record.shared_key as k on q.patient is null"
        " and k.organisation = record.served_organisation()"
        f" order by {ordering.by}"
    )
    return sql, parameters, ordering


def _select(
    request: SearchRequest,
    tokens: Tokens,
    parameters: Parameters,
    ordering: Ordering,
    *,
    source: str,
) -> str:
    columns = ", ".join([RESOURCE_COLUMNS, "r.patient", *ordering.columns("r")])
    return f"select {columns} from {source} {_where(request, tokens, parameters)}"


def _where(request: SearchRequest, tokens: Tokens, parameters: Parameters) -> str:
    conditions = Conditions(
        tokens, parameters, is_by_patient=_is_of_one_patient(request.queries)
    )
    each = [f"({conditions.of_query(query)})" for query in request.queries]
    return f"({' or '.join(each)})" if len(each) > 1 else each[0]


def _order_of(request: SearchRequest) -> tuple[Sort, ...]:
    if request.sorts:
        return request.sorts
    if _is_of_one_patient(request.queries):
        return (Sort(BY_CLINICAL_TIME, is_descending=True),)
    return (Sort(BY_ID),)


def _is_of_one_patient(queries: Sequence[Query]) -> bool:
    """Whether rows are found by their patient: then no other index is wanted."""
    return all(
        any(
            len(clause.any_of) == 1
            and not clause.is_negated
            and _names_owner(query.type, clause.any_of[0])
            for clause in query.clauses
        )
        for query in queries
    )


def _names_owner(type_: str, match: object) -> bool:
    if isinstance(match, OwnedBy):
        return True
    if not isinstance(match, HasTerm) or owner_is_one_of_many(type_):
        return False
    own = f"{owner_element(type_)}{SEPARATOR}r{SEPARATOR}Patient/".encode()
    return match.term.startswith(own)


async def _total(
    connection: Connection, request: SearchRequest, tokens: Tokens, found: Found
) -> int | None:
    if request.after is None and found.rest is None:
        return len(found.rows)
    if not request.is_counted:
        return None
    return await _count(connection, request, tokens)


async def _count(connection: Connection, request: SearchRequest, tokens: Tokens) -> int:
    parameters = Parameters()
    found = f"select 1 from {_VIEW} {_where(request, tokens, parameters)}"
    if request.as_of is not None:
        before = f"select 1 from {_BEFORE} {_where(request, tokens, parameters)}"
        moment = parameters.add(request.as_of, "::timestamptz")
        found = (
            f"{found} and r.last_updated <= {moment} union all {before}"
            f" and r.last_updated <= {moment} and r.superseded_at > {moment}"
        )
    sql = f"select count(*) from ({found}) as q"
    counted: int = await connection.fetch_value(sql, *parameters.values)
    return counted
