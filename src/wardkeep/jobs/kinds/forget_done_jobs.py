# SPDX-License-Identifier: Apache-2.0
"""Jobs that ended some time ago are removed, so that the queue stays small."""

from datetime import timedelta

from wardkeep.jobs.job import Job, JobConnection, job_kind

KEPT_DAYS_DONE = 7
KEPT_DAYS_GIVEN_UP = 90
"""Longer, because a person has to see why."""

_FORGET = """
    delete from jobs.job
     where done_at < now() - make_interval(days => $1)
        or gave_up_at < now() - make_interval(days => $2)
"""


@job_kind(every=timedelta(hours=24))
async def forget_done_jobs(_job: Job, connection: JobConnection) -> None:
    await connection.execute(_FORGET, KEPT_DAYS_DONE, KEPT_DAYS_GIVEN_UP)
