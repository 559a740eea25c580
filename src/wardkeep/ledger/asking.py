# SPDX-License-Identifier: Apache-2.0
"""Questions over all closed segments, answered by DuckDB from their Parquet files.

For a desk that wants to count and compare: refusals by rule, openings by day, who met
most people. Values are parameters, never part of the SQL; DuckDB reads one folder and
loads no extension. Answers are no evidence: `wardkeep scope` proves.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from wardkeep.ledger.parquet import COLUMNS, connect, files_in

MOST_ROWS = 1_000_000
ANY_RULE = "any"
_ROWS = "ROWS"
GROUPS = {
    "account": "account",
    "patient": "patient",
    "organisation": "organisation",
    "role": "role",
    "action": "action",
    "rule": "refused_by",
    "purpose": "purpose",
    "day": "strftime(timezone('Europe/London', make_timestamptz(\"at\")), '%Y-%m-%d')",
}
"""What can be counted by, and the expression behind it."""


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """Which rows: every condition that is given must hold."""

    account: str = ""
    patient: str = ""
    session: str = ""
    organisation: int = 0
    rule: str = ""
    """A refusal's code; `any`: every refusal."""
    action: str = ""
    since: int = 0
    until: int = 0
    """UTC microseconds since 1970, as in a scope."""


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """One group of rows."""

    name: str
    entries: int
    people: int
    """Different patients."""
    refused: int
    first: int
    last: int


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Answers, and how far they reach."""

    entries_below: int
    """Entries from this one on are in no Parquet file yet."""
    rows: Sequence[dict[str, Any]] = ()
    groups: Sequence[Counted] = ()


def ask_rows(folder: Path, question: Question, *, most: int = 1_000) -> Asked:
    """The newest rows that fit, at most so many."""
    where, values = _where(question)
    columns = ", ".join(f'"{name}"' for name in COLUMNS)
    order = f"order by entry desc, part limit {min(most, MOST_ROWS)}"
    found = _run(folder, f"select {columns} from ({_ROWS}) {where} {order}", values)  # noqa: S608 - names of ours
    rows = [dict(zip(COLUMNS, row, strict=True)) for row in found]
    return Asked(entries_below=_reach(folder), rows=rows)


def ask_counts(folder: Path, question: Question, *, by: str, most: int = 100) -> Asked:
    """How many entries and different people, by one of `GROUPS`; the most first."""
    where, values = _where(question)
    # Every entry has a row of part 0; of one patient's rows it may be another one.
    entries, is_one = "count(distinct entry)", "true"
    if not question.patient:
        entries, is_one = "count(*)", "part = 0"
    counted = (
        f"{entries} filter ({is_one}), count(distinct nullif(patient, '')),"
        f" {entries} filter ({is_one} and refused_by <> ''),"
        ' min("at"), max("at")'
    )
    order = f"order by 2 desc, 1 limit {min(most, MOST_ROWS)}"
    sql = f"select {GROUPS[by]}, {counted} from ({_ROWS}) {where} group by 1 {order}"  # noqa: S608 - names of ours
    groups = [
        Counted(
            name=str(name),
            entries=entries,
            people=people,
            refused=refused,
            first=first,
            last=last,
        )
        for name, entries, people, refused, first, last in _run(folder, sql, values)
    ]
    return Asked(entries_below=_reach(folder), groups=groups)


def _where(question: Question) -> tuple[str, list[Any]]:
    """Conditions, and their values in the same order."""
    conditions: list[tuple[str, Any]] = [
        ("account = ?", question.account),
        ("patient = ?", question.patient),
        ("session = ?", question.session),
        ("organisation = ?", question.organisation),
        ("action = ?", question.action),
        ('"at" >= ?', question.since),
        ('"at" < ?', question.until),
    ]
    chosen = [one for one in conditions if one[1]]
    if question.rule:
        is_any = question.rule == ANY_RULE
        chosen.append(
            ("refused_by <> ?", "") if is_any else ("refused_by = ?", question.rule)
        )
    words = " and ".join(condition for condition, _ in chosen)
    return (f"where {words}" if words else ""), [value for _, value in chosen]


def _run(folder: Path, sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    files = [str(one) for one in files_in(folder)]
    if not files:
        return []
    with connect(only=folder) as connection:
        return connection.execute(
            sql.replace(_ROWS, "select * from read_parquet(?)"), [files, *values]
        ).fetchall()


def _reach(folder: Path) -> int:
    """Up to which entry the files go without a gap."""
    files = [str(one) for one in files_in(folder)]
    if not files:
        return 0
    with connect(only=folder) as connection:
        found = connection.execute(
            "select max(entry) + 1 from read_parquet(?)", [files]
        ).fetchall()
    return int(found[0][0])
