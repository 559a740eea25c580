# SPDX-License-Identifier: Apache-2.0
"""Migrations: numbered SQL files, applied once each, forward only.

The owner applies them under an advisory lock, each in a transaction of its own. Every
process checks at start that the schema fits it, and says which way it does not.
"""

import enum
import hashlib
import re
from collections.abc import Sequence
from importlib.resources import files

import msgspec

from wardkeep.db.connection import Connection

_NAME = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")
_LOCK = 0x57415244
_TABLE = """
create schema if not exists wardkeep_schema;
create table if not exists wardkeep_schema.migration (
  number      integer primary key,
  name        text not null,
  sha256      text not null,
  applied_at  timestamptz not null default now()
);
grant usage on schema wardkeep_schema to public;
grant select on wardkeep_schema.migration to public;
"""


class SchemaState(enum.Enum):
    """How a database's schema stands to this version of Wardkeep."""

    UP_TO_DATE = "up to date"
    BEHIND = "behind"
    AHEAD = "ahead"
    CHANGED = "changed"


class Schema(msgspec.Struct, frozen=True):
    """A state, and words that say the mend."""

    kind: SchemaState
    words: str


class Migration(msgspec.Struct, frozen=True):
    """One file."""

    number: int
    name: str
    sql: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


class MigrationRefusedError(Exception):
    """The database is ahead of this Wardkeep, or a file was changed after its use."""


def known() -> tuple[Migration, ...]:
    """Every migration of this version, in order."""
    found = []
    for file in files("wardkeep.db").joinpath("migrations").iterdir():
        match = _NAME.fullmatch(file.name)
        if match:
            text = file.read_text(encoding="utf-8")
            found.append(Migration(int(match.group(1)), file.name, text))
    return tuple(sorted(found, key=lambda one: one.number))


async def check(connection: Connection) -> Schema:
    """Whether the schema fits this version."""
    applied = await _applied(connection)
    ours = known()
    if set(applied) - {one.number for one in ours}:
        words = (
            "The database was made by a newer Wardkeep. Run that version: going back"
            " would lose what it stores."
        )
        return Schema(SchemaState.AHEAD, words)
    for one in ours:
        if applied.get(one.number, one.sha256) != one.sha256:
            words = f"{one.name} is not the file that was applied. Restore it."
            return Schema(SchemaState.CHANGED, words)
    missing = [one.name for one in ours if one.number not in applied]
    if missing:
        words = f"The database lacks {', '.join(missing)}. Run: wardkeep migrate"
        return Schema(SchemaState.BEHIND, words)
    return Schema(SchemaState.UP_TO_DATE, "The database is up to date.")


async def apply(connection: Connection) -> Sequence[str]:
    """Apply what is missing, as the owner; the names of what was applied.

    Raises:
        MigrationRefusedError: with words, when the schema is ahead or changed.
    """
    await connection.execute("select pg_advisory_lock($1)", _LOCK)
    try:
        await connection.execute(_TABLE)
        state = await check(connection)
        if state.kind in (SchemaState.AHEAD, SchemaState.CHANGED):
            raise MigrationRefusedError(state.words)
        applied = await _applied(connection)
        missing = [one for one in known() if one.number not in applied]
        for one in missing:
            await _apply_one(connection, one)
        return [one.name for one in missing]
    finally:
        await connection.execute("select pg_advisory_unlock($1)", _LOCK)


async def _apply_one(connection: Connection, one: Migration) -> None:
    async with connection.transaction():
        await connection.execute(one.sql)
        await connection.execute(
            "insert into wardkeep_schema.migration (number, name, sha256)"
            " values ($1, $2, $3)",
            one.number,
            one.name,
            one.sha256,
        )


async def _applied(connection: Connection) -> dict[int, str]:
    exists = await connection.fetch_value(
        "select to_regclass('wardkeep_schema.migration') is not null"
    )
    if not exists:
        return {}
    rows = await connection.fetch(
        "select number, sha256 from wardkeep_schema.migration"
    )
    return {row["number"]: row["sha256"] for row in rows}
