# SPDX-License-Identifier: Apache-2.0
"""The worker: takes jobs one by one until it is told to stop."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Sequence

from wardkeep.base.clock import Clock
from wardkeep.jobs.job import INSTALLATION, Job, JobDatabase, JobKind
from wardkeep.jobs.queue import claim, enqueue, finish, put_off, renew

log = logging.getLogger(__name__)

IDLE_SECONDS = 1.0
AFTER_FAILURE_SECONDS = 2.0
_RENEWALS_PER_LEASE = 3


async def run_worker(
    database: JobDatabase,
    kinds: Sequence[JobKind],
    *,
    stop: asyncio.Event,
    clock: Clock,
    idle_seconds: float = IDLE_SECONDS,
) -> None:
    """Work until `stop` is set; a job under way is finished first.

    It outlives any failure of the database: the work it did not finish is due again.
    """
    while not stop.is_set():
        pause = await _turn(database, kinds, clock=clock, idle=idle_seconds)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await stop.wait()


async def _turn(
    database: JobDatabase, kinds: Sequence[JobKind], *, clock: Clock, idle: float
) -> float:
    """One job, if one is due; seconds to wait before the next turn."""
    try:
        await _plan_recurring(database, kinds)
        worked = await work_once(database, kinds, clock=clock)
    except Exception as error:  # noqa: BLE001 - see run_worker
        # The class alone: an error's words may repeat what it failed on.
        log.warning("the queue cannot be reached: %s", type(error).__name__)
        return AFTER_FAILURE_SECONDS
    return 0.0 if worked else idle


async def _plan_recurring(database: JobDatabase, kinds: Sequence[JobKind]) -> None:
    """See that a job waits of each kind that is done again and again."""
    for kind in kinds:
        if kind.every is not None:
            async with database.transaction(INSTALLATION) as connection:
                await enqueue(connection, kind.name)


async def work_once(
    database: JobDatabase, kinds: Sequence[JobKind], *, clock: Clock
) -> bool:
    """Take one due job and do it; False when none is due."""
    async with database.transaction(INSTALLATION) as connection:
        job = await claim(connection, kinds, now=clock.now())
    if job is None:
        return False
    kind = next(kind for kind in kinds if kind.name == job.kind)
    try:
        async with _renewing(database, job, kind, clock=clock):
            await _work(database, job, kind, clock=clock)
    except Exception as error:  # noqa: BLE001 - one job's failure is not the worker's
        await _note_failure(database, job, kind, clock=clock, error=error)
    return True


async def _work(
    database: JobDatabase, job: Job, kind: JobKind, *, clock: Clock
) -> None:
    """The work and the mark that it is done: one transaction, so once."""
    async with database.transaction(job.organisation) as connection:
        await kind.work(job, connection)
        await finish(connection, job, now=clock.now())
        if kind.every is not None:
            next_time = clock.now() + kind.every
            await enqueue(connection, kind.name, run_after=next_time)


async def _note_failure(
    database: JobDatabase, job: Job, kind: JobKind, *, clock: Clock, error: Exception
) -> None:
    name = type(error).__name__
    async with database.transaction(INSTALLATION) as connection:
        has_given_up = await put_off(connection, job, kind, now=clock.now(), error=name)
    what = "given up" if has_given_up else "put off"
    told = (kind.name, job.number, what, job.attempts, name)
    log.warning("job %s %d is %s after attempt %d: %s", *told)


@contextlib.asynccontextmanager
async def _renewing(
    database: JobDatabase, job: Job, kind: JobKind, *, clock: Clock
) -> AsyncIterator[None]:
    """Keep the claim for as long as the block works."""
    task = asyncio.create_task(_renew_for_ever(database, job, kind, clock=clock))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _renew_for_ever(
    database: JobDatabase, job: Job, kind: JobKind, *, clock: Clock
) -> None:
    while True:
        await asyncio.sleep(kind.lease.total_seconds() / _RENEWALS_PER_LEASE)
        # A database that is away for a moment costs one renewal, not the work.
        with contextlib.suppress(Exception):
            async with database.transaction(INSTALLATION) as connection:
                await renew(connection, job, until=clock.now() + kind.lease)
