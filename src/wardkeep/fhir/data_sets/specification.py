# SPDX-License-Identifier: Apache-2.0
"""A data set as its file says it: tables, items, codes and rules.

https://www.datadictionary.nhs.uk/data_sets/clinical_data_sets/mental_health_services_data_set.html.
Standards change each year, so what they say stands in a versioned file
(`mhsds/v6.toml`, docs/formats/data-set.md) and nothing of it in code. Code knows facts
by their names.
"""

from functools import cache
from importlib.resources import files

import msgspec

STOPS, WARNS = "stops", "warns"
"""Whether a row without it is left out, or goes and is told of."""
MISSING, UNKNOWN, TOO_LONG, BEFORE = "missing", "unknown-code", "too-long", "before"
_FILES = {"mhsds": "mhsds/v6.toml"}


class SpecificationError(Exception):
    """The file of a data set cannot be used; the message names place and mend."""


class Column(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One item of a table."""

    name: str
    """As the file that is sent has it."""
    item: str
    """As the NHS data dictionary calls it."""
    uid: str
    """As the specification numbers it."""
    fact: str = msgspec.field(default="", name="from")
    """Which fact fills it; empty: the store does not know it."""
    required: bool = False
    """Whether a row without it is not taken."""
    most: int = 0
    """Characters at most; 0: no bound is known."""
    codes: str = ""
    """The code map through which the fact goes."""


class Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One table: one file, whose rows come of one kind of facts."""

    name: str
    source: str
    noun: tuple[str, str]
    """One of its rows, and several, in words."""
    columns: tuple[Column, ...]
    within: str = ""
    """The source of the row that a row of this one belongs to."""


class Codes(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a code of the store is in the data set."""

    name: str
    from_what: str
    checked: str
    """Against which publication, by whom and when; empty: against none."""
    map: dict[str, str]


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is told of a row that lacks something."""

    code: str
    table: str
    column: str
    kind: str
    """`missing`, or `before:` and the column that it must not come before."""
    one: str
    """What is wrong with one row, in words after its noun; and with many."""
    many: str
    mend: str


class Specification(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """The whole file."""

    data_set: str
    title: str
    version: str
    names_checked: str
    systems: dict[str, str]
    """Identifier and code systems by what they tell."""
    table: tuple[Table, ...]
    codes: tuple[Codes, ...]
    rule: tuple[Rule, ...]

    def code_map(self, name: str) -> dict[str, str]:
        return next(one.map for one in self.codes if one.name == name)

    def of_source(self, source: str) -> Table:
        return next(one for one in self.table if one.source == source)

    def rule_for(self, table: Table, column: Column, kind: str) -> Rule:
        """The rule that the file has, or one that says it plainly."""
        for one in self.rule:
            is_it = (one.table, one.column) == (table.name, column.name)
            if is_it and one.kind.partition(":")[0] == kind:
                return one
        return _plain(table, column, kind)

    def rule_named(self, code: str) -> Rule | None:
        """The rule of a report; None where the file has no such any more."""
        for one in self.rule:
            if one.code == code:
                return one
        table, _, rest = code.partition(".")
        column, _, kind = rest.partition(".")
        for known in self.table:
            for item in known.columns:
                if (known.name, item.name) == (table, column):
                    return _plain(known, item, kind)
        return None

    def words(self, rule: Rule, count: int) -> str:
        """As in "12 patients have no ethnic category"."""
        table = next(one for one in self.table if one.name == rule.table)
        noun = table.noun[0] if count == 1 else table.noun[1]
        return f"{count:,} {noun} {rule.one if count == 1 else rule.many}"


_PLAIN = {
    MISSING: ("has no {}", "have no {}"),
    UNKNOWN: ("lacks the data set’s code for {}", "lack the data set’s code for {}"),
    TOO_LONG: ("has more than fits into {}", "have more than fits into {}"),
}


def _plain(table: Table, column: Column, kind: str) -> Rule:
    one, many = _PLAIN.get(kind, _PLAIN[MISSING])
    what = column.item.lower()
    return Rule(
        code=f"{table.name}.{column.name}.{kind}",
        table=table.name,
        column=column.name,
        kind=kind,
        one=one.format(what),
        many=many.format(what),
        mend="Mend it where it is recorded.",
    )


def read_specification(text: bytes) -> Specification:
    """The file's content.

    Raises:
        SpecificationError: it is no such file, or something in it names nothing.
    """
    try:
        found = msgspec.toml.decode(text, type=Specification)
    except (msgspec.DecodeError, ValueError) as error:
        message = f"the data set's file cannot be read: {error}"
        raise SpecificationError(message) from None
    _hold(found)
    return found


def _hold(found: Specification) -> None:
    """What the file names must be there."""
    maps = {one.name for one in found.codes}
    tables = {one.name: one for one in found.table}
    sources = {one.source for one in found.table}
    for table in found.table:
        if table.within and table.within not in sources:
            _fail(table.name, f"no table has the source {table.within!r}")
        for column in table.columns:
            if column.codes and column.codes not in maps:
                _fail(f"{table.name}.{column.name}", f"no codes {column.codes!r}")
            if column.required and not column.fact:
                _fail(f"{table.name}.{column.name}", "required, and nothing fills it")
    for rule in found.rule:
        known = tables.get(rule.table)
        names = [one.name for one in known.columns] if known else []
        other = rule.kind.partition(":")[2]
        if rule.column not in names or (other and other not in names):
            _fail(rule.code, "it names a table or column that is not there")


def _fail(place: str, wrong: str) -> None:
    message = f"the data set's file, at {place}: {wrong}"
    raise SpecificationError(message)


@cache
def specification(data_set: str) -> Specification:
    """The newest version that ships."""
    return read_specification((files(__package__) / _FILES[data_set]).read_bytes())
