# SPDX-License-Identifier: Apache-2.0
"""Connections: whose rows they show, how they fail, and what is handed on."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from support.postgres import FreshDatabase, execute, run_at_once
from wardkeep.base.ids import OrganisationId
from wardkeep.db import connection as connection_module
from wardkeep.db.address import DatabaseAddress
from wardkeep.db.connection import Connection, Database, connect
from wardkeep.db.errors import (
    AlreadyExistsError,
    DatabaseBusyError,
    DatabaseRefusedError,
    DatabaseUnavailableError,
)

FERNHILL, LARKSPUR = OrganisationId(1), OrganisationId(2)
SERVED = "select current_setting('wardkeep.organisation')"
OWN_PID = "select pg_backend_pid()"
ADD_MARK = """
    insert into record.import_mark (organisation, source, resources)
    values ($1, $2, 1)
"""
MARKS = "select count(*) from record.import_mark where source = $1"


@pytest.fixture
async def database(fresh_database: FreshDatabase) -> AsyncIterator[Database]:
    made = Database(fresh_database.address("wardkeep_worker"), size=2)
    yield made
    await made.close()


@pytest.fixture
async def superuser(fresh_database: FreshDatabase) -> AsyncIterator[Connection]:
    made = await connect(fresh_database.superuser)
    yield made
    await made.close()


async def end_backend(superuser: Connection, pid: object) -> None:
    """End a session as a restart of the server would, and see it gone."""
    await superuser.execute("select pg_terminate_backend($1, 5000)", pid)


def end_unnoticed(database: FreshDatabase, pid: object) -> None:
    """The same while our event loop stands still: only the kernel knows of it."""
    end = f"select pg_terminate_backend({pid}, 5000)"
    run_at_once(execute(database.superuser, end))


async def add_mark(held: Connection, organisation: int, source: bytes) -> None:
    await held.execute(ADD_MARK, organisation, source)


async def test_a_fresh_connection_serves_no_organisation(database: Database) -> None:
    async with database.connection() as held:
        assert await held.fetch_value(SERVED) == "0"


async def test_a_default_set_on_the_role_does_not_change_that(
    fresh_database: FreshDatabase, superuser: Connection
) -> None:
    change = "alter role wardkeep_worker {} wardkeep.organisation {}"
    await superuser.execute(change.format("set", "= '1'"))
    try:
        fresh = await connect(fresh_database.address("wardkeep_worker"))
        assert await fresh.fetch_value(SERVED) == "0"
        await fresh.close()
    finally:
        await superuser.execute(change.format("reset", ""))


async def test_the_organisation_follows_the_borrower(database: Database) -> None:
    for organisation in (FERNHILL, LARKSPUR, FERNHILL):
        async with database.connection(organisation) as held:
            assert await held.fetch_value(SERVED) == str(organisation)


async def test_a_connection_that_serves_the_organisation_already_is_preferred(
    database: Database,
) -> None:
    async with (
        database.connection(FERNHILL) as first,
        database.connection(LARKSPUR) as second,
    ):
        fernhill = await first.fetch_value(OWN_PID)
        assert await second.fetch_value(OWN_PID) != fernhill
    async with database.connection(FERNHILL) as held:
        assert await held.fetch_value(OWN_PID) == fernhill


async def test_the_organisation_does_not_change_within_a_transaction(
    database: Database,
) -> None:
    async with database.transaction(FERNHILL) as held:
        with pytest.raises(RuntimeError, match="before the transaction"):
            await held.serve(LARKSPUR)


async def test_a_task_cancelled_at_any_moment_leaves_no_wrong_organisation(
    fresh_database: FreshDatabase,
) -> None:
    """What a connection believes to serve is what the server shows, or it is ended."""
    for turns in range(40):
        database = Database(fresh_database.address("wardkeep_worker"), size=1)
        if turns % 2:
            await _borrow(database, LARKSPUR)
        borrowing = asyncio.create_task(_borrow(database, FERNHILL))
        for _ in range(turns // 2):
            await asyncio.sleep(0)
        borrowing.cancel()
        await asyncio.gather(borrowing, return_exceptions=True)
        for organisation in (LARKSPUR, FERNHILL):
            assert await _borrow(database, organisation) == str(organisation)
        await database.close()


async def _borrow(database: Database, organisation: OrganisationId) -> object:
    async with database.connection(organisation) as held:
        return await held.fetch_value(SERVED)


async def test_a_transaction_that_ends_well_is_kept(database: Database) -> None:
    async with database.transaction(FERNHILL) as held:
        await add_mark(held, FERNHILL, b"kept")
    async with database.connection(FERNHILL) as held:
        assert await held.fetch_value(MARKS, b"kept") == 1


async def test_a_transaction_that_fails_is_undone(database: Database) -> None:
    async def fail() -> None:
        async with database.transaction(FERNHILL) as held:
            await add_mark(held, FERNHILL, b"undone")
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    async with database.connection(FERNHILL) as held:
        assert await held.fetch_value(MARKS, b"undone") == 0


async def test_a_cancelled_transaction_is_undone_and_its_connection_in_order(
    database: Database,
) -> None:
    began = asyncio.Event()

    async def work() -> None:
        async with database.transaction(FERNHILL) as held:
            await add_mark(held, FERNHILL, b"cancelled")
            began.set()
            await held.execute("select pg_sleep(10)")

    task = asyncio.create_task(work())
    await began.wait()
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    for _ in range(3):
        async with database.connection(FERNHILL) as held:
            assert await held.fetch_value(MARKS, b"cancelled") == 0


async def test_a_connection_given_back_within_a_transaction_is_not_handed_on(
    database: Database,
) -> None:
    async with database.connection(FERNHILL) as held:
        pid = await held.fetch_value(OWN_PID)
        await held.execute("begin")
    async with database.connection(FERNHILL) as held:
        assert await held.fetch_value(OWN_PID) != pid


async def test_many_rows_are_inserted_all_or_none(database: Database) -> None:
    rows = [(FERNHILL, b"many-1"), (FERNHILL, b"many-2"), (FERNHILL, b"many-1")]
    with pytest.raises(AlreadyExistsError):
        async with database.connection(FERNHILL) as held:
            await held.execute_many(ADD_MARK, rows)
    async with database.connection(FERNHILL) as held:
        await held.execute_many(ADD_MARK, rows[:2])
        found = await held.fetch("select source from record.import_mark")
        assert {b"many-1", b"many-2"} <= {row["source"] for row in found}


async def test_a_row_that_is_there_already_is_named_by_its_rule(
    database: Database,
) -> None:
    async with database.connection(FERNHILL) as held:
        await add_mark(held, FERNHILL, b"twice")
        with pytest.raises(AlreadyExistsError, match="import_mark_pkey") as caught:
            await add_mark(held, FERNHILL, b"twice")
    assert "twice" not in str(caught.value)


@pytest.mark.parametrize(
    ("sql", "value"),
    [
        ("select $1::int", "Bramblewick"),
        ("select cast('Bramblewick' as text)::int", None),
        ("insert into record.import_mark values (9, 'Bramblewick', 1, now())", None),
        ("select $1::int + $2::int", "Bramblewick"),
        ("select Bramblewick", None),
    ],
)
async def test_no_error_repeats_a_value(
    database: Database, sql: str, value: object
) -> None:
    values = () if value is None else (value,)
    async with database.connection(FERNHILL) as held:
        with pytest.raises(DatabaseRefusedError) as caught:
            await held.fetch(sql, *values)
        assert await held.fetch_value("select 1") == 1
    assert "ramblewick" not in f"{caught.value!r} {caught.value}"
    assert caught.value.__suppress_context__


async def test_every_way_of_asking_names_a_refusal_alike(database: Database) -> None:
    wrong = "select 1 / $1::int"
    async with database.connection() as held:
        ways = (held.fetch, held.fetch_row, held.fetch_value, held.execute)
        for ask in (*ways, held.execute_slowly):
            with pytest.raises(DatabaseRefusedError) as caught:
                await ask(wrong, 0)
            assert caught.value.sqlstate == "22012"


async def test_a_free_connection_that_died_is_replaced_unnoticed(
    database: Database, superuser: Connection
) -> None:
    async with database.connection(FERNHILL) as held:
        pid = await held.fetch_value(OWN_PID)
    await end_backend(superuser, pid)
    async with database.connection(FERNHILL) as held:
        assert await held.fetch_value(OWN_PID) != pid


async def test_a_death_that_the_driver_has_not_read_yet_is_seen_all_the_same(
    fresh_database: FreshDatabase, database: Database
) -> None:
    async with database.connection(FERNHILL) as held:
        pid = await held.fetch_value(OWN_PID)
    end_unnoticed(fresh_database, pid)
    async with database.connection(FERNHILL) as held:
        assert await held.fetch_value(OWN_PID) != pid


async def test_a_connection_lost_in_mid_query_is_said_to_be_lost(
    database: Database, superuser: Connection
) -> None:
    async with database.connection(FERNHILL) as held:
        pid = await held.fetch_value(OWN_PID)
        sleeping = asyncio.create_task(held.execute("select pg_sleep(10)"))
        await asyncio.sleep(0.05)
        await end_backend(superuser, pid)
        with pytest.raises(DatabaseUnavailableError):
            await sleeping
    assert await database.is_ready()


async def test_a_new_connection_that_dies_at_once_is_said_to_be_lost(
    fresh_database: FreshDatabase, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def connect_and_lose(address: DatabaseAddress) -> Connection:
        held = await connect(address)
        end_unnoticed(fresh_database, await held.fetch_value(OWN_PID))
        return held

    with monkeypatch.context() as patched:
        patched.setattr(connection_module, "connect", connect_and_lose)
        with pytest.raises(DatabaseUnavailableError):
            await _borrow(database, FERNHILL)
    assert await _borrow(database, FERNHILL) == str(FERNHILL)


async def test_a_transaction_lost_before_its_end_is_said_to_be_lost(
    fresh_database: FreshDatabase, database: Database
) -> None:
    async def lose_it() -> None:
        async with database.transaction(FERNHILL) as held:
            await add_mark(held, FERNHILL, b"lost")
            end_unnoticed(fresh_database, await held.fetch_value(OWN_PID))

    with pytest.raises(DatabaseUnavailableError):
        await lose_it()
    async with database.connection(FERNHILL) as held:
        assert await held.fetch_value(MARKS, b"lost") == 0


async def test_a_failure_in_a_lost_transaction_is_told_as_it_was(
    fresh_database: FreshDatabase, database: Database
) -> None:
    """That there is nothing left to undo is no news to whoever failed."""

    async def fail(*, is_noticed: bool) -> None:
        async with database.transaction(FERNHILL) as held:
            end_unnoticed(fresh_database, await held.fetch_value(OWN_PID))
            if is_noticed:
                held.hang_up()
            raise LookupError

    for is_noticed in (True, False):
        with pytest.raises(LookupError):
            await fail(is_noticed=is_noticed)
        assert await database.is_ready()


async def test_a_transaction_on_a_dead_connection_does_not_begin(
    fresh_database: FreshDatabase, database: Database
) -> None:
    async with database.connection(FERNHILL) as held:
        end_unnoticed(fresh_database, await held.fetch_value(OWN_PID))
        with pytest.raises(DatabaseUnavailableError):
            async with held.transaction():
                pass


async def test_a_statement_that_takes_too_long_may_be_asked_again(
    database: Database,
) -> None:
    async with database.connection() as held:
        await held.execute("set statement_timeout = '20ms'")
        with pytest.raises(DatabaseUnavailableError, match="QueryCanceled"):
            await held.execute("select pg_sleep(5)")
        await held.execute("reset statement_timeout")


async def test_whoever_waits_too_long_is_told_so(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_module, "WAIT_SECONDS", 0.05)
    async with database.connection(), database.connection():
        with pytest.raises(DatabaseBusyError):
            await _borrow(database, FERNHILL)
    assert await database.is_ready()


async def test_a_queue_that_is_too_long_is_refused_at_once(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_module, "MOST_WAITING", 1)
    async with database.connection(), database.connection():
        waiting = asyncio.create_task(_borrow(database, FERNHILL))
        await asyncio.sleep(0)
        with pytest.raises(DatabaseBusyError):
            await _borrow(database, FERNHILL)
    assert await waiting == str(FERNHILL)


async def test_a_waiting_task_that_is_cancelled_takes_no_place_with_it(
    database: Database,
) -> None:
    async with database.connection(), database.connection():
        waiting = asyncio.create_task(_borrow(database, FERNHILL))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    async with database.connection(), database.connection():
        pass


async def test_no_way_in_is_said_without_a_word_of_the_password(
    fresh_database: FreshDatabase,
) -> None:
    address = fresh_database.address("wardkeep_web")
    for wrong in (
        address.as_role("wardkeep_web", "not-the-password"),
        address.in_database("nowhere"),
    ):
        with pytest.raises(DatabaseUnavailableError) as caught:
            await connect(wrong)
        assert wrong.password not in str(caught.value)
    assert not await Database(address.in_database("nowhere")).is_ready()


async def test_what_was_borrowed_when_the_database_closed_is_closed_on_return(
    fresh_database: FreshDatabase,
) -> None:
    database = Database(fresh_database.address("wardkeep_web"))
    async with database.connection() as held:
        await database.close()
        assert await held.fetch_value("select 1") == 1
    assert not held.is_usable
    await held.close()
