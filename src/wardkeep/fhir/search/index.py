# SPDX-License-Identifier: Apache-2.0
"""A resource's index: every term and range that it can be found by."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache, partial
from typing import assert_never

from wardkeep.fhir.model.resource import Resource
from wardkeep.fhir.search.extract import Way, collector
from wardkeep.fhir.search.parameters import (
    COMPOSITE,
    TYPES,
    codes_of,
    search_parameter,
)
from wardkeep.fhir.search.params import composite
from wardkeep.fhir.search.path import Path, Step
from wardkeep.fhir.search.terms import (
    MOST_TERM_BYTES,
    SEPARATOR,
    AllOf,
    AnyOf,
    AnyTerm,
    Bound,
    Composition,
    HasId,
    HasTerm,
    Index,
    Indexer,
    InRange,
    IsPresent,
    LacksTerm,
    Linked,
    LooksLike,
    Match,
    OwnedBy,
    Range,
    Referring,
    SearchParameter,
    bounded,
    presence,
    term,
)

IN_COLUMNS = ("_id", "_lastUpdated")
"""Parameters over what every row holds in columns of its own: nothing is indexed."""
_SEPARATOR = SEPARATOR.encode()
_UNSTORED = presence("")
"""What a term says that only says that something is there."""
_RANGED = ("date", "number", "quantity")


def index_of(resource: Resource) -> Index:
    """What the resource is found by. It must have passed `validation.check`."""
    terms: list[bytes] = []
    ranges: list[Range] = []
    _collector(resource.type)(resource.content, terms, ranges)
    if max(map(len, terms), default=0) > MOST_TERM_BYTES:
        terms = [bounded(one) for one in terms]
    if any(one.marks for one in ranges):
        ranges = [
            one._replace(marks=tuple(map(bounded, one.marks))) if one.marks else one
            for one in ranges
        ]
    found = dict.fromkeys(terms)
    present = _present(resource.type, found, ranges)
    kept = tuple([one for one in found if _UNSTORED not in one])
    return Index(kept, tuple(dict.fromkeys(ranges)), present)


def _present(
    resource_type: str, terms: Iterable[bytes], ranges: Iterable[Range]
) -> int:
    """One bit a search parameter: whether there is anything that it looks at."""
    masks = _masks(resource_type)
    present = 0
    elements = {one.partition(_SEPARATOR)[0] for one in terms}
    for element in elements:
        present |= masks.get(element, 0)
    for one in ranges:
        present |= masks.get(one.element.encode(), 0)
    return present


@cache
def _masks(resource_type: str) -> dict[bytes, int]:
    """The bits of the parameters that look at an element, or at one way to it."""
    masks: dict[bytes, int] = {}
    ways = _ways_to(resource_type)
    for parameter in _parameters(resource_type):
        bit = 1 << bit_of(resource_type, parameter.code)
        seen = [*parameter.paths, *(one.base for one in parameter.components)]
        for path in seen:
            name = path.element
            if _is_narrow(parameter, path, ways):
                name = _way_name(path)
            masks[name.encode()] = masks.get(name.encode(), 0) | bit
    return masks


def _parameters(resource_type: str) -> Iterator[SearchParameter]:
    for code in codes_of(resource_type):
        found = search_parameter(resource_type, code)
        if found is not None and code not in IN_COLUMNS:
            yield found


@cache
def _ways_to(resource_type: str) -> dict[str, frozenset[tuple[Step, ...]]]:
    """By element, the ways that parameters take to it: one a type of a choice."""
    found: dict[str, set[tuple[Step, ...]]] = {}
    for parameter in _parameters(resource_type):
        for path in parameter.paths:
            found.setdefault(path.element, set()).add(path.steps)
    return {element: frozenset(ways) for element, ways in found.items()}


def _is_narrow(
    parameter: SearchParameter,
    path: Path,
    ways: Mapping[str, frozenset[tuple[Step, ...]]],
) -> bool:
    """Whether others look at the same element where this parameter does not.

    `value-quantity` looks at one of the types that `Observation.value` may have.
    """
    own = {one.steps for one in parameter.paths if one.element == path.element}
    return path.steps in own and own < ways.get(path.element, own)


def _way_name(path: Path) -> str:
    return f"{path.element}@{path.steps!r}"


def _narrow_ways(resource_type: str) -> Iterator[Way]:
    """Tell that something is there at the end of each way that must be told apart."""
    ways = _ways_to(resource_type)
    found = {
        path.steps: path
        for parameter in _parameters(resource_type)
        for path in parameter.paths
        if _is_narrow(parameter, path, ways)
    }
    for steps, path in found.items():
        yield steps, partial(_tell, presence(_way_name(path)))


def _tell(there: bytes, _value: object, terms: list[bytes], _: list[Range]) -> None:
    terms.append(there)


@cache
def bit_of(resource_type: str, code: str) -> int:
    """Where a parameter's presence stands in `Index.present`; sorted by code.

    Stored rows depend on it: a new parameter of a type means to index its rows anew.
    """
    return sorted(codes_of(resource_type)).index(code)


def identifier_term(resource_type: str, system: str, value: str) -> bytes:
    """The term of a resource's own identifier: `identifier=system|value`."""
    pair = f"{system}{SEPARATOR}{value.lower()}"
    return bounded(term(f"{resource_type}.identifier", "s", pair))


@cache
def _collector(resource_type: str) -> Indexer:
    parameters = list(_parameters(resource_type))
    pairs = {
        (composition.base.element, composition.parts): composition
        for parameter in parameters
        for composition in parameter.components
        if not composition.is_single
    }
    covered = {
        (part.type, path.steps)
        for composition in pairs.values()
        for part in composition.parts
        for path in part.paths
        if part.type in _RANGED
    }
    ways = dict(_plain_ways(parameters))
    kept = [(key[1], way) for key, way in ways.items() if key not in covered]
    kept.extend(
        (composition.base.steps, _pair_indexer(composition))
        for composition in pairs.values()
    )
    kept.extend(_narrow_ways(resource_type))
    return collector(kept)


def _plain_ways(
    parameters: list[SearchParameter],
) -> Iterator[tuple[tuple[str, tuple[Step, ...]], Indexer]]:
    """Each pair of parameter type and steps once, whoever shares it."""
    for parameter in parameters:
        if parameter.type == COMPOSITE:
            continue
        for path in parameter.paths:
            indexer = TYPES[parameter.type].indexer(path)
            if indexer is not None:
                yield (parameter.type, path.steps), indexer


def _pair_indexer(composition: Composition) -> Indexer:
    depth = len(composition.base.steps)
    collectors = tuple(
        collector(_ways_below(part, depth)) for part in composition.parts
    )
    return composite.indexer(composition.base.element, collectors)


def _ways_below(part: SearchParameter, depth: int) -> Iterator[Way]:
    for path in part.paths:
        indexer = TYPES[part.type].indexer(path)
        if indexer is not None:
            yield path.steps[depth:], indexer


def holds(  # noqa: C901, PLR0911 - one case a kind of match
    match: Match, resource: Resource, index: Index
) -> bool:
    """Whether the opened resource matches: the last word on a candidate."""
    match match:
        case HasTerm(wanted):
            return wanted in index.terms
        case LacksTerm(unwanted):
            return unwanted not in index.terms
        case HasId(wanted_id):
            return resource.id == wanted_id
        case InRange():
            return any(_is_within(one, match) for one in index.ranges)
        case AllOf(matches):
            return all(holds(one, resource, index) for one in matches)
        case AnyOf(matches):
            return any(holds(one, resource, index) for one in matches)
        case AnyTerm(terms):
            return not set(index.terms).isdisjoint(terms)
        case IsPresent(parameter):
            return bool(index.present >> bit_of(resource.type, parameter) & 1)
        case LooksLike(_, path, agrees):
            return any(map(agrees, values_at(path, resource)))
        case OwnedBy() | Linked() | Referring():
            return True  # about other resources: the store has looked
        case _:
            assert_never(match)


def _is_within(one: Range, wanted: InRange) -> bool:
    return (
        one.element == wanted.element
        and set(wanted.marks) <= set(one.marks)
        and all(_keeps(one, bound) for bound in wanted.bounds)
    )


def _keeps(one: Range, bound: Bound) -> bool:
    end = one.low if bound.end == "low" else one.high
    match bound.operator:
        case "<":
            return end < bound.value
        case "<=":
            return end <= bound.value
        case ">":
            return end > bound.value
        case _:
            return end >= bound.value


def values_at(path: Path, resource: Resource) -> list[object]:
    """Every value that the path leads to."""
    found: list[object] = []
    gather = collector([(path.steps, partial(_gather, found))])
    gather(resource.content, [], [])
    return found


def _gather(
    found: list[object], value: object, _terms: list[bytes], _ranges: list[Range]
) -> None:
    found.append(value)
