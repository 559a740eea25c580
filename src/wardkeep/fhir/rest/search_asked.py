# SPDX-License-Identifier: Apache-2.0
"""A search as its address has it: what filters, and what shapes the answer.

https://hl7.org/fhir/R4/search.html#Summary-of-parameters. Whatever is not known is a
problem with its name; with `Prefer: handling=lenient` it is left out, and the answer
says so.
"""

from collections.abc import Sequence

import msgspec

from wardkeep.base.outcome import Problem
from wardkeep.fhir.model.definitions import is_resource_type
from wardkeep.fhir.rest.summary import ELEMENTS, PRETTY, SUMMARY
from wardkeep.fhir.search.parameters import search_parameter
from wardkeep.fhir.search.query import Query, is_unknown, parse_query
from wardkeep.fhir.store.ordering import Sort
from wardkeep.fhir.store.search_request import (
    LONGEST_PAGE,
    USUAL_PAGE,
    Include,
    sorts_of,
)

Pair = tuple[str, str]
_SHAPING = frozenset(
    {SUMMARY, ELEMENTS, PRETTY, "_format", "_cursor", "_type", "_list"}
)
_TOTALS = ("none", "estimate", "accurate")
_INCLUDES = ("_include", "_revinclude")
_PARTS = 3
MOST_INCLUDES = 20
MOST_SORTS = 8


class SearchAsked(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked of one type."""

    query: Query
    count: int = USUAL_PAGE
    sorts: tuple[Sort, ...] = ()
    includes: tuple[Include, ...] = ()
    is_counted: bool = True
    """Not with `_total=none`: people want to see "1 to 20 of 318"."""
    left_out: tuple[Problem, ...] = ()
    """Unknown parameters that lenient handling left out."""

    @property
    def told(self) -> str:
        """For the ledger: the type and the names, no values."""
        names = dict.fromkeys(clause.code for clause in self.query.clauses)
        return " ".join([self.query.type, *names])


class _Shape:
    """What shapes the answer, gathered one parameter at a time."""

    def __init__(self, type_: str) -> None:
        self.type = type_
        self.count = USUAL_PAGE
        self.sorts: tuple[Sort, ...] = ()
        self.includes: list[Include] = []
        self.is_counted = True

    def take(self, name: str, value: str) -> bool | Problem:
        """False where this parameter is none of those."""
        bare, _, modifier = name.partition(":")
        if bare in _INCLUDES:
            return self._include(bare, modifier, value)
        taker = {
            "_count": self._count,
            "_sort": self._sort,
            "_total": self._total,
            "_contained": _contained,
        }.get(name)
        return taker(value) if taker else False

    def _count(self, value: str) -> bool | Problem:
        if not (value.isascii() and value.isdigit() and len(value) < 10):  # noqa: PLR2004 - digits of a sensible number
            return _problem("_count", "it is not a number", "Write a whole number.")
        self.count = min(int(value), LONGEST_PAGE)
        return True

    def _sort(self, value: str) -> bool | Problem:
        if value.count(",") >= MOST_SORTS:
            wrong = f"it has more than {MOST_SORTS} names"
            return _problem("_sort", wrong, "Sort by fewer.")
        found = sorts_of(Query(self.type, ()), value)
        if isinstance(found, str):
            wrong = "one of its names is no parameter to sort by"
            return _problem("_sort", wrong, "See the capability statement.")
        self.sorts = found
        return True

    def _total(self, value: str) -> bool | Problem:
        if value not in _TOTALS:
            return _problem("_total", "it is not known", f"Write {', '.join(_TOTALS)}.")
        self.is_counted = value != "none"
        return True

    def _include(self, name: str, modifier: str, value: str) -> bool | Problem:
        if modifier not in ("", "iterate", "recurse"):
            return _problem(name, "it has no such modifier", "Write :iterate.")
        found = _include(
            value, is_reverse=name == "_revinclude", is_iterated=bool(modifier)
        )
        if isinstance(found, Problem):
            return found
        if len(self.includes) == MOST_INCLUDES:
            return _problem(name, "there are too many", "Ask for fewer at once.")
        self.includes.append(found)
        return True


def _contained(value: str) -> bool | Problem:
    if value == "false":
        return True
    wrong = "contained resources are not searched by themselves"
    return _problem("_contained", wrong, "Leave it out.")


def without_base(type_: str, pairs: Sequence[Pair], base: str) -> list[Pair]:
    """References by this server's own address as they are stored: Type/id."""
    own = f"{base}/"
    return [
        (name, ",".join(one.removeprefix(own) for one in value.split(",")))
        if own in value and _is_reference(type_, name)
        else (name, value)
        for name, value in pairs
    ]


def _is_reference(type_: str, name: str) -> bool:
    parameter = search_parameter(type_, name.partition(":")[0])
    return parameter is not None and parameter.type == "reference"


def read_search(
    type_: str, pairs: Sequence[Pair], *, is_lenient: bool = False
) -> SearchAsked | tuple[Problem, ...]:
    """Read names and values; every problem at once."""
    shape = _Shape(type_)
    filters: list[Pair] = []
    problems: list[Problem] = []
    left_out: list[Problem] = []
    for name, value in pairs:
        if name in _SHAPING or not value:
            continue  # https://hl7.org/fhir/R4/search.html: empty ones are ignored
        taken = shape.take(name, value)
        if isinstance(taken, Problem):
            problems.append(taken)
        elif not taken and is_lenient and is_unknown(type_, name):
            wrong = "it is not known here and was left out"
            left_out.append(_problem("search", wrong, "Leave it out."))
        elif not taken:
            filters.append((name, value))
    query = parse_query(type_, filters)
    if not isinstance(query, Query):
        return (*problems, *query)
    if problems:
        return tuple(problems)
    return SearchAsked(
        query=query,
        count=shape.count,
        sorts=shape.sorts,
        includes=tuple(shape.includes),
        is_counted=shape.is_counted,
        left_out=tuple(left_out),
    )


def _include(value: str, *, is_reverse: bool, is_iterated: bool) -> Include | Problem:
    name = "_revinclude" if is_reverse else "_include"
    if value == "*":
        return Include(
            type="", parameter=None, is_reverse=is_reverse, is_iterated=is_iterated
        )
    parts = value.split(":")
    if not 1 < len(parts) <= _PARTS or not is_resource_type(parts[0]):
        mend = "Write Type:parameter or Type:parameter:Target."
        return _problem(name, "it cannot be read", mend)
    type_, code, target = (*parts, "")[:_PARTS]
    parameter = None if code == "*" else search_parameter(type_, code)
    is_reference = parameter is not None and parameter.type == "reference"
    if code != "*" and not is_reference:
        wrong = "it does not name a reference parameter of its type"
        return _problem(name, wrong, "Name one, as in Observation:subject.")
    if target and not is_resource_type(target):
        return _problem(name, "its target is no resource type", "Name one.")
    return Include(
        type=type_,
        parameter=parameter,
        target=target,
        is_reverse=is_reverse,
        is_iterated=is_iterated,
    )


def _problem(place: str, wrong: str, mend: str) -> Problem:
    return Problem(place=place, wrong=wrong, mend=mend)
