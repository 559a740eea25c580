# SPDX-License-Identifier: Apache-2.0
"""Migrations: forward only, once each, whole or not at all, never on a stranger."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from support.postgres import WITHOUT_A_SCHEMA, FreshDatabase, PostgresServer
from wardkeep.db.connection import Connection, connect
from wardkeep.db.errors import DatabaseRefusedError
from wardkeep.db.migrate import (
    Migration,
    SchemaRefusedError,
    SchemaState,
    apply,
    check,
    migrations,
    pending,
)
from wardkeep.db.roles import OWNER, PROCESS_ROLES

FIRST = Migration(
    number=1, name="0001_first.sql", sql="create table public.one (x int)"
)
SECOND = Migration(
    number=2,
    name="0002_second.sql",
    sql="create table public.two (x int); insert into public.two values (7)",
)
BROKEN = Migration(
    number=2, name="0002_broken.sql", sql="create table public.half (x int); select 1/0"
)


@pytest.fixture
def empty(postgres_server: PostgresServer) -> Iterator[FreshDatabase]:
    """A database without a schema, as the roles leave it."""
    with postgres_server.fresh() as made:
        yield made


@pytest.fixture
async def owner(empty: FreshDatabase) -> AsyncIterator[Connection]:
    made = await connect(empty.address(OWNER))
    await made.execute(WITHOUT_A_SCHEMA)
    yield made
    await made.close()


async def tables(held: Connection) -> set[str]:
    rows = await held.fetch(
        "select tablename::text from pg_tables where schemaname = 'public'"
    )
    return {row["tablename"] for row in rows}


async def state(held: Connection, *known: Migration) -> SchemaState:
    return (await check(held, known)).kind


async def test_what_is_missing_is_applied_once(owner: Connection) -> None:
    known = (FIRST, SECOND)
    assert await state(owner, *known) is SchemaState.BEHIND
    assert await pending(owner, known) == ("0001_first.sql", "0002_second.sql")
    assert await apply(owner, known[:1]) == ("0001_first.sql",)
    assert await state(owner, *known) is SchemaState.BEHIND
    assert await apply(owner, known) == ("0002_second.sql",)
    assert await apply(owner, known) == ()
    assert await pending(owner, known) == ()
    assert await state(owner, *known) is SchemaState.UP_TO_DATE
    assert await tables(owner) == {"one", "two"}


async def test_a_file_that_fails_leaves_nothing_of_itself(owner: Connection) -> None:
    with pytest.raises(DatabaseRefusedError):
        await apply(owner, (FIRST, BROKEN))
    assert await tables(owner) == {"one"}
    assert await pending(owner, (FIRST, BROKEN)) == ("0002_broken.sql",)
    assert await apply(owner, (FIRST, SECOND)) == ("0002_second.sql",)


async def test_of_several_at_once_each_file_is_applied_by_one(
    owner: Connection, empty: FreshDatabase
) -> None:
    others = [await connect(empty.address(OWNER)) for _ in range(3)]
    slow = Migration(
        number=2, name="0002_slow.sql", sql=f"select pg_sleep(0.1); {SECOND.sql}"
    )
    everyone = [owner, *others]
    results = await asyncio.gather(*(apply(each, (FIRST, slow)) for each in everyone))
    assert sorted(name for names in results for name in names) == [
        "0001_first.sql",
        "0002_slow.sql",
    ]
    assert await owner.fetch_value("select count(*) from public.two") == 1
    for other in others:
        await other.close()


async def test_a_newer_schema_is_refused_with_words(owner: Connection) -> None:
    await apply(owner, (FIRST, SECOND))
    found = await check(owner, (FIRST,))
    assert found.kind is SchemaState.AHEAD
    assert "0002_second.sql by a newer Wardkeep" in found.words
    with pytest.raises(SchemaRefusedError, match="newer Wardkeep"):
        await apply(owner, (FIRST,))


async def test_a_file_changed_after_it_was_applied_is_refused(
    owner: Connection,
) -> None:
    await apply(owner, (FIRST,))
    changed = Migration(number=1, name=FIRST.name, sql=FIRST.sql + " -- better")
    assert await state(owner, changed) is SchemaState.CHANGED
    with pytest.raises(SchemaRefusedError, match=r"0001_first\.sql was changed"):
        await apply(owner, (changed, SECOND))
    assert await tables(owner) == {"one"}


@pytest.mark.parametrize("role", PROCESS_ROLES)
async def test_every_process_may_ask_and_none_may_apply(
    fresh_database: FreshDatabase, role: str
) -> None:
    held = await connect(fresh_database.address(role))
    assert (await check(held)).kind is SchemaState.UP_TO_DATE
    with pytest.raises(SchemaRefusedError, match="applied as wardkeep_owner"):
        await apply(held)
    await held.close()


async def test_nobody_but_the_owner_becomes_the_owner_of_tables(
    fresh_database: FreshDatabase,
) -> None:
    superuser = await connect(fresh_database.superuser)
    with pytest.raises(SchemaRefusedError, match="this is postgres"):
        await apply(superuser)
    rows = await superuser.fetch(
        "select distinct tableowner::text as owner from pg_tables"
        " where schemaname in ('record', 'clinic', 'warden', 'jobs', 'wardkeep_schema')"
    )
    assert [row["owner"] for row in rows] == [OWNER]
    await superuser.close()


async def test_every_migration_of_this_version_applies_from_every_state_before(
    owner: Connection,
) -> None:
    known = migrations()
    await owner.execute("revoke all on schema public from wardkeep_owner")
    for end in range(1, len(known) + 1):
        assert await apply(owner, known[:end]) == (known[end - 1].name,)
    assert await state(owner, *known) is SchemaState.UP_TO_DATE


def test_the_files_are_numbered_without_a_gap_and_carry_the_notice() -> None:
    for number, migration in enumerate(migrations(), start=1):
        assert migration.number == number
        assert migration.sql.startswith("-- SPDX-License-Identifier: Apache-2.0\n")


@pytest.mark.parametrize(
    "name", ["0002_gap.sql", "1_short.sql", "0001_Capitals.sql", "notes.txt"]
)
def test_a_file_that_is_not_the_next_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("select 1")
    with pytest.raises(ValueError, match="the next migration is named 0001_"):
        migrations(tmp_path)
