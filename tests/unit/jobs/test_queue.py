# SPDX-License-Identifier: Apache-2.0
"""The queue: one claim at a time, patience, and nothing done by two."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from support.postgres import FreshDatabase
from wardkeep.base.ids import OrganisationId
from wardkeep.db.connection import Connection, connect
from wardkeep.jobs.job import Job, JobConnection, JobKind, job_kind
from wardkeep.jobs.queue import (
    FIRST_PAUSE,
    LONGEST_PAUSE,
    ClaimLostError,
    claim,
    enqueue,
    finish,
    pause_after,
    put_off,
    renew,
)

NOW = datetime(2100, 1, 1, 9, 0, tzinfo=UTC)
"""Later than whatever the server's own clock says."""
FERNHILL = OrganisationId(1)
MINUTE = timedelta(minutes=1)


@job_kind(most_attempts=2, lease=MINUTE)
async def walk(_job: Job, _connection: JobConnection) -> None:
    """A kind of work that does nothing."""


@job_kind(lease=MINUTE)
async def run(_job: Job, _connection: JobConnection) -> None:
    """Another."""


@pytest.fixture
async def worker(fresh_database: FreshDatabase) -> AsyncIterator[Connection]:
    made = await connect(fresh_database.address("wardkeep_worker"))
    await made.execute("delete from jobs.job")
    yield made
    await made.close()


async def count(held: Connection) -> int:
    return int(await held.fetch_value("select count(*) from jobs.job"))


async def claimed(
    held: Connection, *, now: datetime = NOW, kinds: tuple[JobKind, ...] = (walk, run)
) -> Job:
    job = await claim(held, kinds, now=now)
    assert job is not None
    return job


async def test_a_job_is_claimed_with_what_was_asked(worker: Connection) -> None:
    await enqueue(worker, "walk", organisation=FERNHILL, argument="round the ward")
    job = await claimed(worker)
    assert (job.kind, job.organisation, job.argument) == (
        "walk",
        FERNHILL,
        "round the ward",
    )
    assert job.attempts == 1
    assert await claim(worker, (walk, run), now=NOW) is None


async def test_a_job_is_not_claimed_before_its_time_nor_by_whoever_cannot_do_it(
    worker: Connection,
) -> None:
    await enqueue(worker, "walk", run_after=NOW + MINUTE)
    assert await claim(worker, (walk,), now=NOW) is None
    assert await claim(worker, (run,), now=NOW + MINUTE) is None
    await claimed(worker, now=NOW + MINUTE)


async def test_the_one_that_waited_longest_goes_first(worker: Connection) -> None:
    for minutes in (2, 1, 3):
        await enqueue(
            worker, "walk", unique_for=f"{minutes}", run_after=NOW - minutes * MINUTE
        )
    numbers = [(await claimed(worker)).number for _ in range(3)]
    wanted = await worker.fetch("select number from jobs.job order by unique_for desc")
    assert numbers == [row["number"] for row in wanted]


async def test_the_same_work_waits_once_and_may_be_asked_for_again_when_done(
    worker: Connection,
) -> None:
    for _ in range(3):
        await enqueue(worker, "walk", unique_for="ward 1")
    await enqueue(worker, "walk", unique_for="ward 2")
    await enqueue(worker, "walk", unique_for="ward 1", organisation=FERNHILL)
    assert await count(worker) == 3
    for _ in range(3):
        await finish(worker, await claimed(worker), now=NOW)
    await enqueue(worker, "walk", unique_for="ward 1")
    assert await count(worker) == 4


async def test_the_web_process_asks_for_work_and_only_that(
    worker: Connection, fresh_database: FreshDatabase
) -> None:
    web = await connect(fresh_database.address("wardkeep_web"))
    for _ in range(2):
        await enqueue(web, "walk", organisation=FERNHILL)
    await web.close()
    assert await count(worker) == 1


async def test_many_workers_share_the_jobs_and_take_none_twice(
    worker: Connection, fresh_database: FreshDatabase
) -> None:
    for number in range(40):
        await enqueue(worker, "walk", unique_for=str(number))
    workers = [
        await connect(fresh_database.address("wardkeep_worker")) for _ in range(4)
    ]

    async def take_all(held: Connection) -> list[int]:
        taken = []
        while (job := await claim(held, (walk,), now=NOW)) is not None:
            taken.append(job.number)
        return taken

    shares = await asyncio.gather(*(take_all(each) for each in workers))
    numbers = [number for share in shares for number in share]
    assert len(numbers) == len(set(numbers)) == 40
    for each in workers:
        await each.close()


async def test_a_job_that_another_is_claiming_is_not_waited_for(
    worker: Connection, fresh_database: FreshDatabase
) -> None:
    await enqueue(worker, "walk")
    other = await connect(fresh_database.address("wardkeep_worker"))
    async with worker.transaction():
        await claimed(worker)
        async with asyncio.timeout(1):
            assert await claim(other, (walk,), now=NOW) is None
    await other.close()


async def test_a_crashed_workers_job_is_taken_again_after_its_lease(
    worker: Connection,
) -> None:
    await enqueue(worker, "walk")
    first = await claimed(worker)
    assert await claim(worker, (walk,), now=NOW + MINUTE / 2) is None
    second = await claimed(worker, now=NOW + MINUTE)
    assert (second.number, second.attempts) == (first.number, 2)


async def test_a_renewed_claim_holds_for_longer(worker: Connection) -> None:
    await enqueue(worker, "walk")
    job = await claimed(worker)
    await renew(worker, job, until=NOW + 5 * MINUTE)
    assert await claim(worker, (walk,), now=NOW + 4 * MINUTE) is None
    await claimed(worker, now=NOW + 5 * MINUTE)


async def test_a_worker_that_was_taken_for_dead_cannot_finish(
    worker: Connection,
) -> None:
    await enqueue(worker, "walk")
    late = await claimed(worker)
    current = await claimed(worker, now=NOW + MINUTE)
    await renew(worker, late, until=NOW + 9 * MINUTE)
    with pytest.raises(ClaimLostError):
        await finish(worker, late, now=NOW)
    await finish(worker, current, now=NOW)
    with pytest.raises(ClaimLostError):
        await finish(worker, current, now=NOW)


async def test_what_failed_is_put_off_and_given_up_after_the_last_attempt(
    worker: Connection,
) -> None:
    await enqueue(worker, "walk")
    job = await claimed(worker)
    assert not await put_off(worker, job, walk, now=NOW, error="OSError")
    assert await claim(worker, (walk,), now=NOW + FIRST_PAUSE / 2) is None
    job = await claimed(worker, now=NOW + FIRST_PAUSE)
    assert await put_off(worker, job, walk, now=NOW, error="ValueError")
    assert await claim(worker, (walk,), now=NOW + timedelta(days=365)) is None
    row = await worker.fetch_row("select last_error, gave_up_at from jobs.job")
    assert row is not None
    assert (row["last_error"], row["gave_up_at"]) == ("ValueError", NOW)
    await enqueue(worker, "walk")
    assert await count(worker) == 2


@given(st.integers(min_value=1, max_value=100_000))
def test_pauses_grow_and_stay_within_an_hour(attempts: int) -> None:
    pause = pause_after(attempts)
    assert FIRST_PAUSE <= pause <= LONGEST_PAUSE
    assert pause <= pause_after(attempts + 1) <= pause * 2
