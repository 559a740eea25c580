# SPDX-License-Identifier: Apache-2.0
"""Searching the store: tokens from the warden, rows from the database, then the door.

A page is pinned to a moment: rows that were replaced since then are found as they were
(docs/decisions/0009-fhir-api.md). Rows that the database cannot judge are opened as
candidates, which is an entry of its own, and only what matches is given on.
"""

import msgspec

from wardkeep.base.clock import Clock
from wardkeep.base.stored_id import id_of
from wardkeep.db.connection import Database
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.client import WardenClient
from wardkeep.disclosure.purpose import Action
from wardkeep.fhir.search.row_facts import clinical_element, other_time_key, range_key
from wardkeep.fhir.store.confirming import MOST_CANDIDATES, Confirmer
from wardkeep.fhir.store.links import Links
from wardkeep.fhir.store.outcomes import Opened, Opener
from wardkeep.fhir.store.pages import VIEW, Found, count_of, page_of, total_of, where
from wardkeep.fhir.store.releasing import release
from wardkeep.fhir.store.search_request import (
    SearchPage,
    SearchRequest,
    TooCostly,
)
from wardkeep.fhir.store.search_sql import Parameters, Tokens, secrets_in
from wardkeep.fhir.store.tokens import TokensOfNames


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
        self._names = TokensOfNames(warden, clock=clock)
        self._links = Links(database, warden)
        self._confirmer = Confirmer(database, warden, clock=clock)

    async def search(
        self, request: SearchRequest, *, opener: Opener
    ) -> SearchPage | Refusal | TooCostly:
        """One page of matches, each of them in the ledger."""
        request = _limited(request, opener)
        resolved = await self._links.resolve(request.queries, opener=opener)
        if isinstance(resolved, Refusal | TooCostly):
            return resolved
        request = msgspec.structs.replace(request, queries=resolved)
        tokens = await self._tokens(request, opener)
        if isinstance(tokens, Refusal):
            return tokens
        return await self._page(request, tokens, opener)

    async def _page(
        self, request: SearchRequest, tokens: Tokens, opener: Opener
    ) -> SearchPage | Refusal | TooCostly:
        if any(sort.is_by_text for sort in request.sorts):
            return await self._confirmer.ordered(request, tokens, opener)
        if any(query.needs_confirming for query in request.queries):
            return await self._confirmer.confirmed(request, tokens, opener)
        async with self._database.connection(opener.organisation) as connection:
            found = await page_of(connection, request, tokens, opener)
            total = await total_of(connection, request, tokens, found)
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
        request = _limited(request, opener)
        resolved = await self._links.resolve(request.queries, opener=opener)
        if isinstance(resolved, Refusal | TooCostly):
            return resolved
        request = msgspec.structs.replace(request, queries=resolved)
        tokens = await self._tokens(request, opener)
        if isinstance(tokens, Refusal):
            return tokens
        parameters = Parameters()
        condition = where(request, tokens, parameters)
        most = parameters.add(request.count)
        sql = f"select r.id from {VIEW} {condition} limit {most}"
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
        counted = _limited(counted, opener)
        resolved = await self._links.resolve(counted.queries, opener=opener)
        if isinstance(resolved, Refusal | TooCostly):
            return resolved
        counted = msgspec.structs.replace(counted, queries=resolved)
        tokens = await self._tokens(counted, opener)
        if isinstance(tokens, Refusal):
            return tokens
        async with self._database.connection(opener.organisation) as connection:
            return await count_of(connection, counted, tokens)

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
        return await self._names.of(list(secrets), opener=opener)

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


def _limited(request: SearchRequest, opener: Opener) -> SearchRequest:
    """The same within what an app's scopes leave."""
    limits = opener.limits
    if limits is None:
        return request
    return msgspec.structs.replace(
        request, queries=tuple(map(limits.narrowed, request.queries))
    )
