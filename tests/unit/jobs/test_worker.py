# SPDX-License-Identifier: Apache-2.0
"""The worker: does what is due, once, and outlives what goes wrong."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest

from support.postgres import FreshDatabase, execute, run_at_once
from wardkeep.base.clock import FrozenClock
from wardkeep.base.ids import OrganisationId
from wardkeep.db.connection import Connection, Database, connect
from wardkeep.jobs import worker as worker_module
from wardkeep.jobs.job import Job, JobConnection, JobKind, job_kind
from wardkeep.jobs.kinds import KINDS
from wardkeep.jobs.queue import FIRST_PAUSE, enqueue
from wardkeep.jobs.worker import run_worker, work_once

FERNHILL = OrganisationId(1)
ADD_MARK = """
    insert into record.import_mark (organisation, source, resources)
    values ($1, $2, 1)
"""


@job_kind(most_attempts=2)
async def mark(job: Job, connection: JobConnection) -> None:
    """Leave a trace in the organisation's rows."""
    await connection.execute(ADD_MARK, job.organisation, job.argument.encode())


@job_kind(most_attempts=3)
async def mark_and_fail(job: Job, connection: JobConnection) -> None:
    """Leave a trace, then fail with words that no log may repeat."""
    await mark.work(job, connection)
    message = "Bramblewick"
    raise LookupError(message)


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(datetime(2100, 1, 1, tzinfo=UTC))


@pytest.fixture
async def database(fresh_database: FreshDatabase) -> AsyncIterator[Database]:
    made = Database(fresh_database.address("wardkeep_worker"), size=3)
    async with made.connection() as held:
        await held.execute("delete from jobs.job")
    yield made
    await made.close()


async def ask(database: Database, kind: JobKind, argument: str = "") -> None:
    async with database.transaction() as held:
        await enqueue(held, kind.name, organisation=FERNHILL, argument=argument)


async def marks(database: Database, argument: str) -> int:
    async with database.connection(FERNHILL) as held:
        return int(
            await held.fetch_value(
                "select count(*) from record.import_mark where source = $1",
                argument.encode(),
            )
        )


async def one(database: Database, column: str) -> object:
    async with database.connection() as held:
        row = await held.fetch_row("select * from jobs.job")
        assert row is not None
        return row[column]


async def eventually(is_so: Callable[[], Awaitable[bool]]) -> None:
    """Return once it is so; fail after ten seconds."""
    async with asyncio.timeout(10):
        while True:
            if await is_so():
                return
            await asyncio.sleep(0.01)


async def test_the_work_is_done_for_its_organisation_and_marked_done(
    database: Database, clock: FrozenClock
) -> None:
    await ask(database, mark, "done")
    assert await work_once(database, (mark,), clock=clock)
    assert await marks(database, "done") == 1
    assert await one(database, "done_at") == clock.now()
    assert not await work_once(database, (mark,), clock=clock)


async def test_work_that_fails_leaves_nothing_but_the_kind_of_error(
    database: Database, clock: FrozenClock, caplog: pytest.LogCaptureFixture
) -> None:
    await ask(database, mark_and_fail, "failed")
    assert await work_once(database, (mark_and_fail,), clock=clock)
    assert await marks(database, "failed") == 0
    assert await one(database, "last_error") == "LookupError"
    assert await one(database, "done_at") is None
    assert "LookupError" in caplog.text
    assert "Bramblewick" not in caplog.text


async def test_work_is_given_up_after_its_last_attempt(
    database: Database, clock: FrozenClock, caplog: pytest.LogCaptureFixture
) -> None:
    await ask(database, mark_and_fail)
    for _ in range(3):
        assert await work_once(database, (mark_and_fail,), clock=clock)
        clock.move(timedelta(hours=1))
    assert not await work_once(database, (mark_and_fail,), clock=clock)
    assert await one(database, "gave_up_at") is not None
    assert "given up after attempt 3" in caplog.text


async def test_work_that_outlasted_its_claim_is_undone(
    database: Database, clock: FrozenClock
) -> None:
    """Its effects and its mark are one transaction: somebody else does both."""

    @job_kind()
    async def slow(job: Job, connection: JobConnection) -> None:
        await mark.work(job, connection)
        clock.move(timedelta(minutes=2))
        async with database.transaction() as held:
            await held.execute("update jobs.job set attempts = attempts + 1")

    await ask(database, slow, "outlasted")
    assert await work_once(database, (slow,), clock=clock)
    assert await marks(database, "outlasted") == 0
    assert await one(database, "done_at") is None
    assert await one(database, "last_error") is None


async def test_a_living_worker_renews_its_claim(
    database: Database, clock: FrozenClock
) -> None:
    lease = timedelta(milliseconds=60)

    @job_kind(lease=lease)
    async def patient_work(_job: Job, _connection: JobConnection) -> None:
        clock.move(timedelta(minutes=1))
        due = clock.now() + lease

        async def is_renewed() -> bool:
            return await one(database, "run_after") == due

        await eventually(is_renewed)

    await ask(database, patient_work)
    assert await work_once(database, (patient_work,), clock=clock)
    assert await one(database, "done_at") == clock.now()


async def until_done(database: Database, number: int) -> None:
    async def are_done() -> bool:
        async with database.connection() as held:
            done = await held.fetch_value("select count(done_at) from jobs.job")
        return bool(done == number)

    await eventually(are_done)


async def test_a_worker_works_until_it_is_told_to_stop(
    database: Database, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_module, "IDLE_SECONDS", 0.02)
    stop = asyncio.Event()
    working = asyncio.create_task(run_worker(database, (mark,), stop=stop, clock=clock))
    for argument in ("first", "second"):
        await ask(database, mark, argument)
        await until_done(database, 1 if argument == "first" else 2)
    stop.set()
    async with asyncio.timeout(5):
        await working
    assert await marks(database, "second") == 1


async def test_a_job_under_way_is_finished_before_the_worker_stops(
    database: Database, clock: FrozenClock
) -> None:
    stop = asyncio.Event()

    @job_kind()
    async def told_to_stop(job: Job, connection: JobConnection) -> None:
        stop.set()
        await asyncio.sleep(0.05)
        await mark.work(job, connection)

    await ask(database, told_to_stop, "under way")
    await run_worker(database, (told_to_stop,), stop=stop, clock=clock)
    assert await marks(database, "under way") == 1
    assert await one(database, "done_at") == clock.now()


async def test_a_worker_outlives_the_loss_of_its_connections(
    fresh_database: FreshDatabase,
    database: Database,
    clock: FrozenClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(worker_module, "IDLE_SECONDS", 0.02)
    monkeypatch.setattr(worker_module, "AFTER_FAILURE_SECONDS", 0.02)
    stop = asyncio.Event()
    lost: list[int] = []

    @job_kind()
    async def lose_everything(job: Job, connection: JobConnection) -> None:
        await mark.work(job, connection)
        if not lost:
            lost.append(job.number)
            end = (
                "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
                " where usename = 'wardkeep_worker'"
            )
            run_at_once(execute(fresh_database.superuser, end))

    await ask(database, lose_everything, "after all")
    working = asyncio.create_task(
        run_worker(database, (lose_everything,), stop=stop, clock=clock)
    )
    async with asyncio.timeout(10):
        while not lost or await one(database, "done_at") is None:
            clock.move(FIRST_PAUSE)
            await asyncio.sleep(0.02)
    stop.set()
    await working
    assert await marks(database, "after all") == 1


async def test_a_database_that_is_away_is_asked_again(
    fresh_database: FreshDatabase,
    clock: FrozenClock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(worker_module, "AFTER_FAILURE_SECONDS", 0.01)
    nowhere = Database(fresh_database.address("wardkeep_worker").in_database("no"))
    stop = asyncio.Event()
    with caplog.at_level(logging.WARNING):
        working = asyncio.create_task(
            run_worker(nowhere, (mark,), stop=stop, clock=clock)
        )

        async def is_said_twice() -> bool:
            return caplog.text.count("cannot be reached") > 1

        await eventually(is_said_twice)
        stop.set()
        await working


async def test_work_that_recurs_is_planned_by_itself_and_planned_again_when_done(
    database: Database, clock: FrozenClock
) -> None:
    stop = asyncio.Event()
    every = timedelta(hours=3)

    @job_kind(every=every)
    async def recurring(_job: Job, _connection: JobConnection) -> None:
        stop.set()

    await run_worker(database, (recurring,), stop=stop, clock=clock)
    async with database.connection() as held:
        rows = await held.fetch(
            "select run_after, done_at from jobs.job order by number"
        )
    assert [row["done_at"] for row in rows] == [clock.now(), None]
    assert rows[1]["run_after"] == clock.now() + every


async def test_every_kind_of_ours_is_done_by_the_workers_own_role(
    database: Database, clock: FrozenClock
) -> None:
    for kind in KINDS:
        async with database.transaction() as held:
            await enqueue(held, kind.name)
        assert await work_once(database, (kind,), clock=clock)
    async with database.connection() as held:
        rows = await held.fetch(
            "select kind from jobs.job where done_at is not null and last_error is null"
        )
    assert {row["kind"] for row in rows} == {kind.name for kind in KINDS}


async def test_done_jobs_are_forgotten_after_a_week_and_failures_after_a_season(
    database: Database, fresh_database: FreshDatabase, clock: FrozenClock
) -> None:
    superuser: Connection = await connect(fresh_database.superuser)
    await superuser.execute(
        """
        insert into jobs.job (kind, organisation, unique_for, done_at, gave_up_at)
        values ('old', 0, '', now() - interval '8 days', null),
               ('recent', 0, '', now() - interval '6 days', null),
               ('failed', 0, '', null, now() - interval '60 days'),
               ('failed long ago', 0, '', null, now() - interval '91 days'),
               ('waiting', 0, '', null, null)
        """
    )
    await superuser.close()
    forget = next(kind for kind in KINDS if kind.name == "forget_done_jobs")
    async with database.transaction() as held:
        await enqueue(held, forget.name)
    assert await work_once(database, (forget,), clock=clock)
    async with database.connection() as held:
        rows = await held.fetch(
            "select kind from jobs.job where kind <> $1", forget.name
        )
    assert {row["kind"] for row in rows} == {"recent", "failed", "waiting"}


def test_the_names_of_our_kinds_are_those_of_their_files() -> None:
    assert [kind.name for kind in KINDS] == [
        "tidy_after_load",
        "forget_done_jobs",
        "forget_old_tokens",
        "forget_drafts",
    ]
    assert KINDS[1].every == timedelta(hours=24)
