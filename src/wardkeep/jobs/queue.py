# SPDX-License-Identifier: Apache-2.0
"""The queue: a table that workers take jobs from without waiting for each other.

A claim is a lease, not a lock held for as long as the work takes. It counts the
attempt before the work begins, so that a job which kills its worker is not taken for
ever; and the attempt's number is the claim's name, so that a worker which was taken
for dead and comes back cannot finish what another has taken since.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from wardkeep.base.ids import OrganisationId
from wardkeep.jobs.job import INSTALLATION, Job, JobConnection, JobKind

FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(hours=1)

_ENQUEUE = """
    insert into jobs.job (kind, organisation, unique_for, argument, run_after)
    values ($1, $2, $3, $4, coalesce($5, now()))
    on conflict do nothing
"""
_CLAIM = """
    update jobs.job as job
       set attempts = job.attempts + 1, run_after = $2
      from (select number
              from jobs.job
             where run_after <= $1 and kind = $3
               and done_at is null and gave_up_at is null
             order by run_after
             limit 1
               for update skip locked) as due
     where job.number = due.number
 returning job.number, job.kind, job.organisation, job.argument, job.attempts
"""
_RENEW = """
    update jobs.job set run_after = $3
     where number = $1 and attempts = $2 and done_at is null and gave_up_at is null
"""
_FINISH = """
    update jobs.job set done_at = $3, last_error = null
     where number = $1 and attempts = $2 and done_at is null and gave_up_at is null
"""
_PUT_OFF = """
    update jobs.job set run_after = $3, last_error = $4
     where number = $1 and attempts = $2 and done_at is null and gave_up_at is null
"""
_GIVE_UP = """
    update jobs.job set gave_up_at = $3, last_error = $4
     where number = $1 and attempts = $2 and done_at is null and gave_up_at is null
"""


class ClaimLostError(Exception):
    """The lease ran out and another worker has the job: nothing here may be kept."""


async def enqueue(
    connection: JobConnection,
    kind: str,
    *,
    organisation: OrganisationId = INSTALLATION,
    unique_for: str = "",
    argument: str = "",
    run_after: datetime | None = None,
) -> None:
    """Ask for work, in the caller's transaction: it is done if that commits.

    While one of the same kind, organisation and `unique_for` waits, a second is not
    added. Nothing about a patient goes into `argument` or `unique_for`.
    """
    await connection.execute(
        _ENQUEUE, kind, organisation, unique_for, argument, run_after
    )


async def claim(
    connection: JobConnection, kinds: Sequence[JobKind], *, now: datetime
) -> Job | None:
    """Take one job that is due, of the first kind that has any."""
    for kind in kinds:
        row = await connection.fetch_row(_CLAIM, now, now + kind.lease, kind.name)
        if row is not None:
            return Job(
                number=row["number"],
                kind=row["kind"],
                organisation=OrganisationId(row["organisation"]),
                argument=row["argument"],
                attempts=row["attempts"],
            )
    return None


async def renew(connection: JobConnection, job: Job, *, until: datetime) -> None:
    """Hold the claim for longer; of no effect when it is lost."""
    await connection.execute(_RENEW, job.number, job.attempts, until)


async def finish(connection: JobConnection, job: Job, *, now: datetime) -> None:
    """Mark it done, in the transaction of its work.

    Raises:
        ClaimLostError: it is somebody else's now.
    """
    status = await connection.execute(_FINISH, job.number, job.attempts, now)
    if status != "UPDATE 1":
        raise ClaimLostError


async def put_off(
    connection: JobConnection, job: Job, kind: JobKind, *, now: datetime, error: str
) -> bool:
    """Try again later, or give up after the last attempt; whether it was given up."""
    has_given_up = job.attempts >= kind.most_attempts
    sql, moment = _PUT_OFF, now + pause_after(job.attempts)
    if has_given_up:
        sql, moment = _GIVE_UP, now
    await connection.execute(sql, job.number, job.attempts, moment, error)
    return has_given_up


def pause_after(attempts: int) -> timedelta:
    """5 s, 10 s, 20 s … and never more than an hour."""
    doublings = min(attempts - 1, 20)
    return min(FIRST_PAUSE * (1 << doublings), LONGEST_PAUSE)
