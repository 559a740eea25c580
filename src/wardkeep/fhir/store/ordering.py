# SPDX-License-Identifier: Apache-2.0
"""In which order a search's rows come, and where the next page goes on.

Rows are ordered by columns, ranges and at last by type and id, which never change, so
that every row has one place. A page's end is the values of its last row: the next page
begins behind them however many rows were written in between.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from wardkeep.base.clock import from_microseconds, microseconds_since_epoch
from wardkeep.db.connection import Row
from wardkeep.fhir.search.row_facts import (
    clinical_element,
    other_time_key,
    range_key,
)
from wardkeep.fhir.store.search_sql import Parameters, Tokens

Value = int | None
BY_ID = "_id"
BY_LAST_UPDATED = "_lastUpdated"
BY_CLINICAL_TIME = ""
"""The order of a patient's record, the newest first, where none is asked for."""
_COLUMNS = {BY_LAST_UPDATED: "last_updated", BY_CLINICAL_TIME: "clinical_at"}


class Sort(NamedTuple):
    """One key of an order."""

    code: str
    """A search parameter, `_id` or `_lastUpdated`; empty: the clinical time."""
    is_descending: bool = False
    elements: tuple[str, ...] = ()
    """Of a parameter with ranges: what it looks at."""
    is_by_text: bool = False
    """Whether values are in order only once they are open."""


class Place(NamedTuple):
    """Where a page ended."""

    values: tuple[Value, ...]
    """Of the keys but `_id`."""
    type: int
    id: bytes


class Ordering:
    """The order of one statement."""

    def __init__(
        self,
        sorts: Sequence[Sort],
        *,
        types: Sequence[str],
        tokens: Tokens,
        parameters: Parameters,
    ) -> None:
        self._is_id_descending = any(
            one.code == BY_ID and one.is_descending for one in sorts
        )
        ends = [place for place, one in enumerate(sorts) if one.code == BY_ID]
        self._sorts = sorts[: ends[0]] if ends else sorts
        self._types = types
        self._tokens = tokens
        self._parameters = parameters

    @property
    def width(self) -> int:
        """How many columns its keys take."""
        return len(self._sorts)

    def columns(self, row: str) -> Sequence[str]:
        """Expressions for the keys, to be selected as `sort_0`, `sort_1` and so on."""
        return [
            f"{self._expression(one, row)} as sort_{place}"
            for place, one in enumerate(self._sorts)
        ]

    def _expression(self, sort: Sort, row: str) -> str:
        if sort.code in _COLUMNS:
            return f"{row}.{_COLUMNS[sort.code]}"
        keys = [self._tokens[range_key(one)] for one in sort.elements]
        place = self._parameters.add(keys, "::bigint[]")
        end, best = (2, "max") if sort.is_descending else (1, "min")
        found = (
            f"(select {best}({row}.ranges[at + {end}]) from generate_series(1,"
            f" array_length({row}.ranges, 1), 3) as at"
            f" where {row}.ranges[at] = any({place}))"
        )
        usual = [one for one in self._types if clinical_element(one) in sort.elements]
        if not usual:
            return found
        others = [self._tokens[other_time_key(one)] for one in usual]
        other = self._parameters.add(others, "::bigint[]")
        return (
            f"coalesce({found}, case when {row}.ranges is null"
            f" or not {row}.ranges && {other}"
            f" then {_microseconds(f'{row}.clinical_at')} end)"
        )

    @property
    def by(self) -> str:
        """Behind `order by`, of the selected columns."""
        keys = [
            f"sort_{place} {_direction(one)}" for place, one in enumerate(self._sorts)
        ]
        direction = "desc" if self._is_id_descending else "asc"
        # Of one type only, the type would spoil the order that an index has.
        types = [f"q.type {direction}"] if len(self._types) > 1 else []
        return ", ".join([*keys, *types, f"q.id {direction}"])

    def after(self, place: Place) -> str:
        """The condition, on the selected columns, that a row comes behind a place."""
        sign = "<" if self._is_id_descending else ">"
        type_ = self._parameters.add(place.type, "::smallint")
        id_ = self._parameters.add(place.id, "::bytea")
        behind = f"(type, id) {sign} ({type_}, {id_})"
        keys = list(zip(enumerate(self._sorts), place.values, strict=True))
        for (number, sort), value in reversed(keys):
            behind = self._behind(sort, f"sort_{number}", value, behind)
        return behind

    def _behind(self, sort: Sort, column: str, value: Value, behind: str) -> str:
        is_null_first = sort.code == BY_CLINICAL_TIME
        if value is None:
            later = f" or {column} is not null" if is_null_first else ""
            return f"(({column} is null and {behind}){later})"
        if sort.code in _COLUMNS:
            at = self._parameters.add(from_microseconds(value), "::timestamptz")
        else:
            at = self._parameters.add(value, "::bigint")
        sign = "<" if sort.is_descending else ">"
        later = "" if is_null_first else f" or {column} is null"
        return f"({column} {sign} {at} or ({column} = {at} and {behind}){later})"

    def place_of(self, row: Row) -> Place:
        """Where this row stands."""
        values = [row[f"sort_{place}"] for place in range(len(self._sorts))]
        return Place(tuple(map(_value, values)), row["type"], row["id"])


def _direction(sort: Sort) -> str:
    """A record's own order is that of its index, read backwards."""
    if sort.code == BY_CLINICAL_TIME:
        return "desc nulls first"
    return "desc nulls last" if sort.is_descending else "asc nulls last"


def _value(column: object) -> Value:
    if isinstance(column, datetime):
        return microseconds_since_epoch(column)
    return column if isinstance(column, int) else None


def _microseconds(column: str) -> str:
    return f"(extract(epoch from {column}) * 1000000)::bigint"
