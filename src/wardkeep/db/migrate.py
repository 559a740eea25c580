# SPDX-License-Identifier: Apache-2.0
"""Migrations: numbered SQL files that only go forward, and what was applied of them."""

import enum
import hashlib
import re
from collections.abc import Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable

import msgspec

from wardkeep.db.connection import Connection
from wardkeep.db.roles import OWNER, PROCESS_ROLES

_FILE_NAME = re.compile(r"(?P<number>\d{4})_[a-z0-9_]+\.sql")
_LOCK = 0x57415244
"""The advisory lock of whoever migrates ("WARD")."""

_PREPARE = f"""
    create schema if not exists wardkeep_schema;
    create table if not exists wardkeep_schema.migration (
      number      integer primary key check (number > 0),
      name        text not null,
      sha256      text not null,
      applied_at  timestamptz not null default now()
    );
    grant usage on schema wardkeep_schema to {", ".join(PROCESS_ROLES)};
    grant select on wardkeep_schema.migration to {", ".join(PROCESS_ROLES)};
"""


class Migration(msgspec.Struct, frozen=True, kw_only=True):
    """One file of `migrations/`."""

    number: int
    name: str
    sql: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.sql.encode("utf-8")).hexdigest()


class SchemaState(enum.Enum):
    """How the database's schema stands to this version of Wardkeep."""

    UP_TO_DATE = "up to date"
    BEHIND = "behind"
    AHEAD = "ahead"
    CHANGED = "changed"


class SchemaCheck(msgspec.Struct, frozen=True, kw_only=True):
    """What `check` found, and what to tell a person."""

    kind: SchemaState
    words: str


class SchemaRefusedError(Exception):
    """Nothing may be applied to this schema; the message has the mend."""


class _Applied(msgspec.Struct, frozen=True, kw_only=True):
    number: int
    name: str
    sha256: str


def migrations(folder: Traversable | None = None) -> tuple[Migration, ...]:
    """The files that this version brings, in order.

    Raises:
        ValueError: a file's name or number is not the next.
    """
    found: list[Migration] = []
    place = folder or files("wardkeep.db") / "migrations"
    for file in sorted(place.iterdir(), key=lambda each: each.name):
        match = _FILE_NAME.fullmatch(file.name)
        number = len(found) + 1
        if match is None or int(match["number"]) != number:
            message = f"{file.name}: the next migration is named {number:04}_….sql"
            raise ValueError(message)
        sql = file.read_text(encoding="utf-8")
        found.append(Migration(number=number, name=file.name, sql=sql))
    return tuple(found)


async def check(
    connection: Connection, known: Sequence[Migration] | None = None
) -> SchemaCheck:
    """How the schema stands to this version; any of our roles may ask."""
    return _compare(await _applied(connection), known or migrations())


async def pending(
    connection: Connection, known: Sequence[Migration] | None = None
) -> tuple[str, ...]:
    """The names of the migrations that `apply` would apply."""
    done = {each.number for each in await _applied(connection)}
    return tuple(each.name for each in known or migrations() if each.number not in done)


async def apply(
    connection: Connection, known: Sequence[Migration] | None = None
) -> tuple[str, ...]:
    """Apply what is missing, as the owner; the names of what was applied.

    Each file is one transaction: it is applied whole or not at all. Of several that
    try at once, one applies a file and the others find it applied.

    Raises:
        SchemaRefusedError: the schema is newer than this Wardkeep, a file was changed
            after it was applied, or the role is not the owner.
    """
    await _refuse_other_roles(connection)
    applied = []
    for migration in known or migrations():
        async with connection.transaction():
            await connection.execute_slowly(f"select pg_advisory_xact_lock({_LOCK})")
            await connection.execute(_PREPARE)
            done = await _applied(connection)
            _refuse_misfit(_compare(done, known or migrations()))
            if migration.number not in {each.number for each in done}:
                await _apply_one(connection, migration)
                applied.append(migration.name)
    return tuple(applied)


async def _apply_one(connection: Connection, migration: Migration) -> None:
    await connection.execute_slowly(migration.sql)
    await connection.execute(
        "insert into wardkeep_schema.migration (number, name, sha256)"
        " values ($1, $2, $3)",
        migration.number,
        migration.name,
        migration.sha256,
    )


async def _refuse_other_roles(connection: Connection) -> None:
    role = await connection.fetch_value("select current_user::text")
    if role != OWNER:
        message = (
            f"Migrations are applied as {OWNER}, who then owns the tables; this is"
            f" {role}. Set WARDKEEP_DATABASE_URL to {OWNER}'s address."
        )
        raise SchemaRefusedError(message)


def _refuse_misfit(found: SchemaCheck) -> None:
    if found.kind in {SchemaState.AHEAD, SchemaState.CHANGED}:
        raise SchemaRefusedError(found.words)


async def _applied(connection: Connection) -> tuple[_Applied, ...]:
    is_there = await connection.fetch_value(
        "select to_regclass('wardkeep_schema.migration') is not null"
    )
    if not is_there:
        return ()
    rows = await connection.fetch(
        "select number, name, sha256 from wardkeep_schema.migration order by number"
    )
    return tuple(
        _Applied(number=row["number"], name=row["name"], sha256=row["sha256"])
        for row in rows
    )


def _compare(done: Sequence[_Applied], known: Sequence[Migration]) -> SchemaCheck:
    hashes = {each.number: each.sha256 for each in known}
    for each in done:
        if each.number not in hashes:
            return SchemaCheck(
                kind=SchemaState.AHEAD,
                words=(
                    f"The database was brought to {each.name} by a newer Wardkeep; this"
                    f" one knows {len(known)} migrations. Install that version: there"
                    " is no way back but a copy of the database from before."
                ),
            )
        if each.sha256 != hashes[each.number]:
            return SchemaCheck(
                kind=SchemaState.CHANGED,
                words=(
                    f"The migration {each.name} was changed after it was applied to"
                    " this database. Install the version that it was applied with."
                ),
            )
    if len(done) < len(known):
        return SchemaCheck(
            kind=SchemaState.BEHIND,
            words=(
                f"The database lacks {len(known) - len(done)} of {len(known)}"
                " migrations. Run `wardkeep migrate`."
            ),
        )
    return SchemaCheck(kind=SchemaState.UP_TO_DATE, words="The schema is up to date.")
