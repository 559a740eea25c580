# SPDX-License-Identifier: Apache-2.0
"""Searches that the database cannot decide or order: candidates are opened and asked.

What was opened for that is one entry in the ledger, what of it is given on another.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from wardkeep.base.clock import Clock
from wardkeep.base.plain_text import normalise
from wardkeep.db.connection import Database
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.client import WardenClient
from wardkeep.disclosure.purpose import Action
from wardkeep.fhir.model.resource import Resource, parse
from wardkeep.fhir.search.index import values_at
from wardkeep.fhir.search.parameters import search_parameter
from wardkeep.fhir.search.query import holds
from wardkeep.fhir.store.ordering import BY_ID, Place, Sort
from wardkeep.fhir.store.outcomes import OpenedResource, Opener
from wardkeep.fhir.store.pages import Found, page_of
from wardkeep.fhir.store.releasing import Keys, release
from wardkeep.fhir.store.rows import StoredRow
from wardkeep.fhir.store.search_request import SearchPage, SearchRequest, TooCostly
from wardkeep.fhir.store.search_sql import Tokens

MOST_CANDIDATES = 1_000
"""Opened for one page at most; the page is shorter then, and has a next one."""
_BATCH = 200


class Candidate(NamedTuple):
    """A match, open, with what it takes to write down that it is given on."""

    opened: OpenedResource
    row: StoredRow
    place: Place
    keys: Keys


class StoredTextError(Exception):
    """What the store holds cannot be read again: a fault of ours."""


class Confirmer:
    """Opens candidates, and gives on those that match."""

    def __init__(
        self, database: Database, warden: WardenClient, *, clock: Clock
    ) -> None:
        self._database = database
        self._warden = warden
        self._clock = clock

    async def confirmed(
        self, request: SearchRequest, tokens: Tokens, opener: Opener
    ) -> SearchPage | Refusal:
        """A page in the database's order."""
        found = await self._gather(request, tokens, opener, most=request.count)
        if isinstance(found, Refusal):
            return found
        matches, rest = found
        if len(matches) > request.count:
            rest = matches[request.count - 1].place
        return await self._give(request, matches[: request.count], opener, rest=rest)

    async def ordered(
        self, request: SearchRequest, tokens: Tokens, opener: Opener
    ) -> SearchPage | Refusal | TooCostly:
        """A page in an order of texts; every match is opened for each page."""
        start = request.after.type if request.after is not None else 0
        everything = msgspec.structs.replace(request, sorts=(Sort(BY_ID),), after=None)
        found = await self._gather(everything, tokens, opener, most=MOST_CANDIDATES)
        if isinstance(found, Refusal):
            return found
        matches, rest = found
        if rest is not None:
            return TooCostly(
                wrong=f"more than {MOST_CANDIDATES} matches would have to be opened"
                " to put them in this order",
                mend="Narrow the search, or sort by a date, a number or _lastUpdated.",
            )
        for sort in reversed(request.sorts):
            matches = _sorted(matches, sort)
        end = start + request.count
        more = Place((), end, b"") if end < len(matches) else None
        return await self._give(request, matches[start:end], opener, rest=more)

    async def _gather(
        self, request: SearchRequest, tokens: Tokens, opener: Opener, *, most: int
    ) -> tuple[list[Candidate], Place | None] | Refusal:
        """Matches until there are more than `most`, and where to go on from."""
        loose = {query.type: query.loose for query in request.queries}
        as_of = request.as_of or self._clock.now()
        matches: list[Candidate] = []
        after, looked_at = request.after, 0
        while looked_at < MOST_CANDIDATES and len(matches) <= most:
            asked = msgspec.structs.replace(
                request, count=_BATCH, after=after, as_of=as_of
            )
            batch = await self._open(asked, tokens, opener)
            if isinstance(batch, Refusal):
                return batch
            found, opened = batch
            matches.extend(
                Candidate(one, row, place, found.keys)
                for one, row, place in zip(
                    opened, found.rows, found.places, strict=True
                )
                if holds(loose[one.type], _parsed(one))
            )
            looked_at += len(found.rows)
            after = found.rest
            if after is None:
                break
        return matches, after

    async def _open(
        self, request: SearchRequest, tokens: Tokens, opener: Opener
    ) -> tuple[Found, Sequence[OpenedResource]] | Refusal:
        async with self._database.connection(opener.organisation) as connection:
            found = await page_of(connection, request, tokens, opener, has_places=True)
        opened = await release(
            self._warden,
            opener,
            rows=found.rows,
            keys=found.keys,
            action=Action.SEARCH,
            request=f"candidates of search {request.told}",
        )
        return opened if isinstance(opened, Refusal) else (found, opened.resources)

    async def _give(
        self,
        request: SearchRequest,
        page: Sequence[Candidate],
        opener: Opener,
        *,
        rest: Place | None,
    ) -> SearchPage | Refusal:
        """Write down what of the candidates is given on."""
        keys = Keys(patients=_patients(page), shared=_shared(page))
        opened = await release(
            self._warden,
            opener,
            rows=[one.row for one in page],
            keys=keys,
            action=Action.SEARCH,
            request=f"search {request.told}",
        )
        if isinstance(opened, Refusal):
            return opened
        is_whole = rest is None and request.after is None
        return SearchPage(
            matches=tuple(one.opened for one in page),
            next=rest,
            total=len(page) if is_whole else None,
            entry=opened.entry,
        )


def _patients(page: Sequence[Candidate]) -> Mapping[int, Any]:
    return {
        number: patient for one in page for number, patient in one.keys.patients.items()
    }


def _shared(page: Sequence[Candidate]) -> bytes:
    return next((one.keys.shared for one in page if one.keys.shared), b"")


def _parsed(one: OpenedResource) -> Resource:
    found = parse(one.text)
    if not isinstance(found, Resource):
        raise StoredTextError(one.type)
    return found


# Orders of texts

Key = tuple[bool, str]
"""(whether there is nothing, what there is)."""


def _sorted(matches: Sequence[Candidate], sort: Sort) -> list[Candidate]:
    """Stable, so that the keys before this one still decide; nothing comes last."""
    key = _key_of(sort)
    known: list[tuple[str, Candidate]] = []
    unknown: list[Candidate] = []
    for one in matches:
        texts = key(one)
        if texts:
            known.append((max(texts) if sort.is_descending else min(texts), one))
        else:
            unknown.append(one)
    known.sort(key=lambda pair: pair[0], reverse=sort.is_descending)
    return [one for _, one in known] + unknown


def _key_of(sort: Sort) -> Callable[[Candidate], list[str]]:
    if sort.code == BY_ID:
        return lambda one: [one.opened.id]
    if sort.code == "_lastUpdated":
        return lambda one: [one.opened.last_updated.isoformat()]

    def texts(one: Candidate) -> list[str]:
        parameter = search_parameter(one.opened.type, sort.code)
        if parameter is None:
            return []
        resource = _parsed(one.opened)
        found = [
            _text(value)
            for path in parameter.paths
            for value in values_at(path, resource)
        ]
        return [text for text in found if text]

    return texts


def _text(value: object) -> str:
    """What a person would order it by: a name, a code, a reference, a date."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, dict):
        return normalise(str(value))
    codings = value.get("coding")
    if isinstance(codings, list) and codings and isinstance(codings[0], dict):
        value = codings[0]
    for name in ("code", "value", "reference", "text", "display", "start"):
        if isinstance(value.get(name), str):
            return str(value[name])
    return ""
