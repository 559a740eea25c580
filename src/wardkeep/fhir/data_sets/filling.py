# SPDX-License-Identifier: Apache-2.0
"""Facts into rows by the data set's file, and what is wrong with each.

A row that lacks what must be there is left out, and so is what belongs to it: the
receiver would refuse it, and say so weeks later. Everything else goes as it is.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from wardkeep.fhir.data_sets.facts import Fact
from wardkeep.fhir.data_sets.specification import (
    BEFORE,
    MISSING,
    STOPS,
    TOO_LONG,
    UNKNOWN,
    WARNS,
    Column,
    Rule,
    Specification,
    Table,
)


class Fault(NamedTuple):
    """Something that is missing or wrong, and where it is mended."""

    rule: Rule
    weight: str
    teams: tuple[str, ...]
    type: str
    id: str


class Row(NamedTuple):
    """One row of a table."""

    table: Table
    values: tuple[str, ...]
    fact: Fact


class Filled(NamedTuple):
    """What came of one patient."""

    rows: list[Row]
    faults: list[Fault]
    left_out: int
    """Rows that lack something, or belong to one that does."""


class Filler:
    """Fills the tables of one specification."""

    def __init__(self, specification: Specification) -> None:
        self._specification = specification
        self._tables = {one.source: one for one in specification.table}
        self._maps = {one.name: one.map for one in specification.codes}

    def fill(self, facts: Iterable[Fact]) -> Filled:
        """Rows of one patient, those first to which others belong."""
        kept: set[str] = set()
        filled = Filled([], [], 0)
        left_out = 0
        for fact in facts:
            table = self._tables[fact.source]
            if fact.within and fact.within not in kept:
                left_out += 1
                continue
            values = tuple(self._value(one, fact) for one in table.columns)
            faults = list(self._faults(table, values, fact))
            filled.faults.extend(faults)
            if any(one.weight == STOPS for one in faults):
                left_out += 1
                continue
            kept.add(fact.key)
            filled.rows.append(Row(table, values, fact))
        return filled._replace(left_out=left_out)

    def _value(self, column: Column, fact: Fact) -> str:
        value = fact.facts.get(column.fact, "") if column.fact else ""
        return self._maps[column.codes].get(value, "") if column.codes else value

    def _faults(
        self, table: Table, values: tuple[str, ...], fact: Fact
    ) -> Iterator[Fault]:
        named = {
            one.name: value for one, value in zip(table.columns, values, strict=True)
        }
        for column, value in zip(table.columns, values, strict=True):
            kind = self._kind(column, value, fact)
            if kind and (column.required or self._is_asked(table, column)):
                yield self._fault(table, column, kind, fact)
            elif value and self._is_before(table, column, named):
                yield self._fault(table, column, BEFORE, fact)

    def _kind(self, column: Column, value: str, fact: Fact) -> str:
        """What is wrong with one value by itself; empty: nothing."""
        if not value:
            is_unknown = bool(column.codes and fact.facts.get(column.fact))
            return UNKNOWN if is_unknown else MISSING
        return TOO_LONG if column.most and len(value) > column.most else ""

    def _is_asked(self, table: Table, column: Column) -> bool:
        """Whether somebody is told of it, though the row goes."""
        return any(
            (one.table, one.column, one.kind) == (table.name, column.name, MISSING)
            for one in self._specification.rule
        )

    def _is_before(self, table: Table, column: Column, named: dict[str, str]) -> bool:
        rule = self._specification.rule_for(table, column, BEFORE)
        other = named.get(rule.kind.partition(":")[2], "")
        return bool(other) and named[column.name] < other

    def _fault(self, table: Table, column: Column, kind: str, fact: Fact) -> Fault:
        return Fault(
            rule=self._specification.rule_for(table, column, kind),
            weight=STOPS if column.required else WARNS,
            teams=fact.teams,
            type=fact.type,
            id=fact.id,
        )
