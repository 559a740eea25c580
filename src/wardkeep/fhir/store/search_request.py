# SPDX-License-Identifier: Apache-2.0
"""What is asked of a search besides what must match, and what it answers."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from wardkeep.fhir.search.parameters import search_parameter
from wardkeep.fhir.search.params.date import IDENTIFYING
from wardkeep.fhir.search.query import Query
from wardkeep.fhir.search.terms import SearchParameter
from wardkeep.fhir.store.ordering import Place, Sort
from wardkeep.fhir.store.outcomes import NO_ENTRY, OpenedResource

_RANGED = ("date", "number", "quantity")
USUAL_PAGE = 20
LONGEST_PAGE = 500


class Include(msgspec.Struct, frozen=True, kw_only=True):
    """One `_include` or `_revinclude`: `Type:parameter:Target`."""

    type: str
    """Of the resource that has the reference; empty: every type."""
    parameter: SearchParameter | None
    """None: every reference (`*`)."""
    target: str = ""
    targets: tuple[str, ...] = ()
    """Of every reference: the types that are followed; none: all of them."""
    is_reverse: bool = False
    is_iterated: bool = False


class SearchRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A search: any of the queries, each about another type."""

    queries: tuple[Query, ...]
    count: int = USUAL_PAGE
    sorts: tuple[Sort, ...] = ()
    includes: tuple[Include, ...] = ()
    as_of: datetime | None = None
    """The moment whose state is searched; None: now."""
    after: Place | None = None
    """Where the page before ended."""
    is_counted: bool = False
    """Whether the number of all matches is wanted."""
    told: str = ""
    """What the ledger is told: names of parameters, never values."""

    @property
    def types(self) -> tuple[str, ...]:
        return tuple(query.type for query in self.queries)


class SearchPage(msgspec.Struct, frozen=True, kw_only=True):
    """One page."""

    matches: tuple[OpenedResource, ...]
    included: tuple[OpenedResource, ...] = ()
    next: Place | None = None
    """Where the next page begins; None: this is the last."""
    total: int | None = None
    """All matches, where they were counted or are all here."""
    entry: int = NO_ENTRY


class TooCostly(msgspec.Struct, frozen=True, kw_only=True):
    """It would look at more than one search may; nothing was given."""

    wrong: str
    mend: str


def sorts_of(query: Query, asked: str) -> tuple[Sort, ...] | str:
    """Read `_sort`; the name that cannot be sorted by, where there is one."""
    found: list[Sort] = []
    for one in asked.split(","):
        code = one.removeprefix("-")
        sort = _sort(query.type, code, is_descending=one != code)
        if sort is None:
            return code
        found.append(sort)
    return tuple(found)


def _sort(type_: str, code: str, *, is_descending: bool) -> Sort | None:
    parameter = search_parameter(type_, code)
    if parameter is None:
        return None
    if code in ("_id", "_lastUpdated"):
        return Sort(code, is_descending)
    elements = tuple(dict.fromkeys(path.element for path in parameter.paths))
    if not elements:
        return None
    has_ranges = parameter.type in _RANGED and not IDENTIFYING.intersection(elements)
    if has_ranges:
        return Sort(code, is_descending, elements)
    return Sort(code, is_descending, is_by_text=True)


def types_in(includes: Sequence[Include]) -> frozenset[str]:
    return frozenset(one.type for one in includes)
