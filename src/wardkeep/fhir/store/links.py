# SPDX-License-Identifier: Apache-2.0
"""Chains and `_has`: links to other resources, turned into what a row can be asked.

A link to the patient who owns a row is a comparison of two columns, however many
patients match. For any other link the resources at its far end are looked up first, at
most `MOST_LINKS`, and become terms (of a chain) or ids (of `_has`).
"""

from collections.abc import Sequence

from wardkeep.base.ids import is_fhir_id
from wardkeep.base.stored_id import id_of
from wardkeep.db.connection import Connection, Database, Row
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.client import WardenClient
from wardkeep.disclosure.purpose import Action
from wardkeep.fhir.model.resource import Resource, parse
from wardkeep.fhir.search.compartment import owner_element, owner_is_one_of_many
from wardkeep.fhir.search.query import Query, elements_to, holds
from wardkeep.fhir.search.references import references_at
from wardkeep.fhir.search.terms import (
    AnyOf,
    AnyTerm,
    Clause,
    HasId,
    Linked,
    Match,
    OwnedBy,
    Referring,
    term,
)
from wardkeep.fhir.store.outcomes import Opener
from wardkeep.fhir.store.releasing import keys_for, release
from wardkeep.fhir.store.rows import RESOURCE_COLUMNS, stored_row
from wardkeep.fhir.store.search_request import TooCostly
from wardkeep.fhir.store.search_sql import Conditions, Parameters, Tokens, secrets_in
from wardkeep.fhir.store.tokens import tokens_of

MOST_LINKS = 5_000
"""Resources at the far end of one link."""
MOST_OPENED = 500
"""Resources that are opened to read what they refer to, or to confirm a match."""
_PATIENT = "Patient"
_TOO_MANY = TooCostly(
    wrong="too many resources match at the far end of a link",
    mend="Narrow the chain or the _has, or ask in two steps.",
)

Queries = tuple[Query, ...]


class Links:
    """Resolves the links of queries, the innermost first."""

    def __init__(self, database: Database, warden: WardenClient) -> None:
        self._database = database
        self._warden = warden

    async def resolve(
        self, queries: Sequence[Query], *, opener: Opener
    ) -> Queries | Refusal | TooCostly:
        """The same queries with every link that SQL cannot follow followed."""
        found: list[Query] = []
        for query in queries:
            clauses = await self._clauses(query.type, query.clauses, opener)
            if isinstance(clauses, Refusal | TooCostly):
                return clauses
            found.append(query._replace(clauses=clauses))
        return tuple(found)

    async def _clauses(
        self, type_: str, clauses: Sequence[Clause], opener: Opener
    ) -> tuple[Clause, ...] | Refusal | TooCostly:
        found: list[Clause] = []
        for clause in clauses:
            matches: list[Match] = []
            for match in clause.any_of:
                one = await self._match(type_, match, opener)
                if isinstance(one, Refusal | TooCostly):
                    return one
                matches.append(one)
            found.append(clause._replace(any_of=tuple(matches)))
        return tuple(found)

    async def _match(
        self, type_: str, match: Match, opener: Opener
    ) -> Match | Refusal | TooCostly:
        if not isinstance(match, Linked | Referring):
            return match
        clauses = await self._clauses(match.type, match.clauses, opener)
        if isinstance(clauses, Refusal | TooCostly):
            return clauses
        inner = Query(match.type, clauses)
        if isinstance(match, Linked):
            return await self._linked(type_, match, inner, opener)
        return await self._referring(type_, match, inner, opener)

    async def _linked(
        self, type_: str, match: Linked, inner: Query, opener: Opener
    ) -> Match | Refusal | TooCostly:
        own = owner_element(type_)
        is_owner = match.type == _PATIENT and not owner_is_one_of_many(type_)
        by_owner = is_owner and own in match.elements
        if by_owner and not inner.needs_confirming and match.elements == (own,):
            return match._replace(clauses=inner.clauses)
        ids = await self._ids(inner, opener)
        if isinstance(ids, Refusal | TooCostly):
            return ids
        terms = tuple(
            term(element, "r", f"{match.type}/{id_}")
            for element in match.elements
            for id_ in ids
        )
        if match.type == _PATIENT and own in match.elements:
            return AnyOf((OwnedBy(tuple(ids)), AnyTerm(terms)))
        return AnyTerm(terms)

    async def _referring(
        self, type_: str, match: Referring, inner: Query, opener: Opener
    ) -> Match | Refusal | TooCostly:
        elements = elements_to(match.parameter, type_)
        is_owner = type_ == _PATIENT and elements == (owner_element(match.type),)
        is_plain = not inner.needs_confirming and not owner_is_one_of_many(match.type)
        if is_owner and is_plain:
            return match._replace(clauses=inner.clauses)
        ids = await self._referred(type_, match, inner, opener)
        if isinstance(ids, Refusal | TooCostly):
            return ids
        return AnyOf(tuple(HasId(id_) for id_ in ids))

    async def _ids(
        self, query: Query, opener: Opener
    ) -> list[str] | Refusal | TooCostly:
        """The ids of everything that matches."""
        if query.needs_confirming:
            opened = await self._opened(query, opener)
            if isinstance(opened, Refusal | TooCostly):
                return opened
            return [one.id for one in opened if one.id is not None]
        rows = await self._rows(query, opener, most=MOST_LINKS, columns="r.id")
        if isinstance(rows, Refusal | TooCostly):
            return rows
        return [id_of(row["id"]) for row in rows]

    async def _rows(
        self, query: Query, opener: Opener, *, most: int, columns: str
    ) -> Sequence[Row] | Refusal | TooCostly:
        tokens = await self._tokens(query, opener)
        if isinstance(tokens, Refusal):
            return tokens
        async with self._database.connection(opener.organisation) as connection:
            rows = await _fetch(connection, query, tokens, most=most, columns=columns)
        return rows if len(rows) <= most else _TOO_MANY

    async def _tokens(self, query: Query, opener: Opener) -> Tokens | Refusal:
        secrets = secrets_in(query)
        given = await tokens_of(self._warden, opener.session, secrets)
        if isinstance(given, Refusal):
            return given
        return dict(zip(secrets, given, strict=True))

    async def _referred(
        self, type_: str, match: Referring, inner: Query, opener: Opener
    ) -> list[str] | Refusal | TooCostly:
        """The ids of this type that matching resources refer to."""
        opened = await self._opened(inner, opener)
        if isinstance(opened, Refusal | TooCostly):
            return opened
        found: dict[str, None] = {}
        for one in opened:
            for kind, id_ in references_at(match.parameter, one):
                if kind == type_ and is_fhir_id(id_):
                    found[id_] = None
        return list(found)

    async def _opened(
        self, query: Query, opener: Opener
    ) -> list[Resource] | Refusal | TooCostly:
        """What matches, opened and confirmed: a disclosure to this process alone."""
        columns = f"{RESOURCE_COLUMNS}, r.patient"
        rows = await self._rows(query, opener, most=MOST_OPENED, columns=columns)
        if isinstance(rows, Refusal | TooCostly):
            return rows
        async with self._database.connection(opener.organisation) as connection:
            keys = await keys_for(
                connection,
                opener.organisation,
                owners=[row["patient"] for row in rows],
                also=[number for row in rows for number in row["also"] or ()],
            )
        stored = [
            stored_row(
                row,
                organisation=opener.organisation,
                patient=keys.patients[row["patient"]].id if row["patient"] else "",
            )
            for row in rows
        ]
        opened = await release(
            self._warden,
            opener,
            rows=stored,
            keys=keys,
            action=Action.SEARCH,
            request=f"candidates of a link through {query.type}",
        )
        if isinstance(opened, Refusal):
            return opened
        resources = [parse(one.text) for one in opened.resources]
        loose = query.loose
        return [
            one for one in resources if isinstance(one, Resource) and holds(loose, one)
        ]


async def _fetch(
    connection: Connection, query: Query, tokens: Tokens, *, most: int, columns: str
) -> Sequence[Row]:
    parameters = Parameters()
    where = Conditions(tokens, parameters).of_query(query)
    limit = parameters.add(most + 1)
    sql = f"select {columns} from record.searchable as r where {where} limit {limit}"
    return await connection.fetch(sql, *parameters.values)
