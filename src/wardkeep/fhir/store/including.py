# SPDX-License-Identifier: Apache-2.0
"""`_include` and `_revinclude`: what matches refer to, and what refers to them.

https://hl7.org/fhir/R4/search.html#include. Included resources pass the door as matches
do. A type that the program's scopes do not cover is not looked for: includes and chains
are how other servers gave away what a search would not (Microsoft PR #5636).
"""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache

import msgspec

from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.model.definitions import definitions, is_resource_type
from wardkeep.fhir.model.resource import Resource, parse
from wardkeep.fhir.search.compartment import owner_element
from wardkeep.fhir.search.query import Query, elements_to
from wardkeep.fhir.search.references import reference_parameters, references_at
from wardkeep.fhir.search.terms import (
    AnyTerm,
    Clause,
    Match,
    OwnedBy,
    SearchParameter,
    term,
)
from wardkeep.fhir.store.outcomes import OpenedResource, Opener
from wardkeep.fhir.store.program_reading import ProgramReader
from wardkeep.fhir.store.search_request import (
    Include,
    SearchPage,
    SearchRequest,
    TooCostly,
)
from wardkeep.fhir.store.searching import Searcher

MOST_INCLUDED = 1_000
MOST_STEPS = 8
"""Of `:iterate`."""
Key = tuple[str, str]
Covers = Callable[[str], bool]


class Included(msgspec.Struct, frozen=True, kw_only=True):
    """What was included, and whether there was more."""

    resources: tuple[OpenedResource, ...] = ()
    is_cut: bool = False


class Includer:
    """Follows includes from a page of matches."""

    def __init__(self, reader: ProgramReader, searcher: Searcher) -> None:
        self._reader = reader
        self._searcher = searcher

    async def include(
        self,
        matches: Sequence[OpenedResource],
        includes: Sequence[Include],
        *,
        opener: Opener,
        covers: Covers,
    ) -> Included | Refusal | TooCostly:
        """`covers` tells whether a type may be searched."""
        here = {(one.type, one.id) for one in matches}
        found: list[OpenedResource] = []
        level, asked = list(matches), list(includes)
        for _ in range(MOST_STEPS):
            if not level or not asked or len(found) >= MOST_INCLUDED:
                break
            more = await self._step(level, asked, here, opener=opener, covers=covers)
            if isinstance(more, Refusal | TooCostly):
                return more
            found.extend(more)
            here.update((one.type, one.id) for one in more)
            level, asked = more, [one for one in includes if one.is_iterated]
        return Included(
            resources=tuple(found[:MOST_INCLUDED]), is_cut=len(found) >= MOST_INCLUDED
        )

    async def _step(
        self,
        level: Sequence[OpenedResource],
        includes: Sequence[Include],
        here: set[Key],
        *,
        opener: Opener,
        covers: Covers,
    ) -> list[OpenedResource] | Refusal | TooCostly:
        forward = [one for one in includes if not one.is_reverse]
        wanted = dict.fromkeys(
            key
            for key in _referred(level, forward)
            if key not in here and covers(key[0])
        )
        found: dict[Key, OpenedResource] = {}
        if wanted:
            opened = await self._reader.many(
                list(wanted)[:MOST_INCLUDED],
                opener=opener,
                request=f"include for {opener.request}",
            )
            if isinstance(opened, Refusal):
                return opened
            found.update({(one.type, one.id): one for one in opened})
        for one in includes:
            if one.is_reverse:
                referring = await self._referring(level, one, opener, covers)
                if isinstance(referring, Refusal | TooCostly):
                    return referring
                found.update({(each.type, each.id): each for each in referring})
        return [one for key, one in found.items() if key not in here]

    async def _referring(
        self,
        level: Sequence[OpenedResource],
        include: Include,
        opener: Opener,
        covers: Covers,
    ) -> Sequence[OpenedResource] | Refusal | TooCostly:
        queries = tuple(
            Query(type_, (Clause("_revinclude", matches),))
            for type_ in _types_of(include)
            if covers(type_) and (matches := tuple(_pointing(type_, include, level)))
        )
        if not queries:
            return ()
        page = await self._searcher.search(
            SearchRequest(
                queries=queries, count=MOST_INCLUDED, told=f"revinclude {include.type}"
            ),
            opener=opener,
        )
        return page.matches if isinstance(page, SearchPage) else page


def _types_of(include: Include) -> Sequence[str]:
    if include.type:
        return (include.type,)
    return [name for name in definitions().types if is_resource_type(name)]


def _parameters_of(include: Include, type_: str) -> Iterable[SearchParameter]:
    if include.parameter is not None:
        return (include.parameter,)
    return reference_parameters(type_)


def _referred(
    level: Sequence[OpenedResource], includes: Sequence[Include]
) -> Iterable[Key]:
    for include in includes:
        if include.parameter is None:
            yield from _by_any(level, include)
    named = [one for one in includes if one.parameter is not None]
    if named:
        for one in level:
            yield from _by_name(one, named)


def _by_any(level: Sequence[OpenedResource], include: Include) -> Iterable[Key]:
    """Every literal reference in the texts: `*` asks for no parsing."""
    texts = [one.text for one in level if include.type in ("", one.type)]
    targets = (include.target,) if include.target else include.targets
    found = _literal_of(targets).findall(b"\n".join(texts))
    for reference in dict.fromkeys(found):
        type_, _, id_ = reference.decode().partition("/")
        yield type_, id_


@cache
def _literal_of(targets: tuple[str, ...]) -> re.Pattern[bytes]:
    """In compact JSON every literal reference reads so; a string's marks are escaped.

    Named types are found three times faster than any type.
    """
    types = "|".join(targets) if targets else "[A-Z][A-Za-z]+"
    return re.compile(rf'"reference":"((?:{types})/[A-Za-z0-9.-]{{1,64}})["/]'.encode())


def _by_name(one: OpenedResource, includes: Sequence[Include]) -> Iterable[Key]:
    asked = [each for each in includes if each.type == one.type]
    resource = parse(one.text) if asked else None
    if not isinstance(resource, Resource):
        return
    for include in asked:
        for parameter in _parameters_of(include, one.type):
            for key in references_at(parameter, resource):
                if include.target in ("", key[0]):
                    yield key


def _pointing(
    type_: str, include: Include, level: Sequence[OpenedResource]
) -> Iterable[Match]:
    """How resources of the type may point to one of the level."""
    by_target: dict[str, list[str]] = {}
    for one in level:
        if include.target in ("", one.type):
            by_target.setdefault(one.type, []).append(one.id)
    for target, ids in by_target.items():
        for parameter in _parameters_of(include, type_):
            elements = elements_to(parameter, target)
            if target == "Patient" and owner_element(type_) in elements:
                yield OwnedBy(tuple(ids))
            terms = tuple(
                term(element, "r", f"{target}/{id_}")
                for element in elements
                for id_ in ids
            )
            if terms:
                yield AnyTerm(terms)
