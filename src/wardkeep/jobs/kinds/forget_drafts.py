# SPDX-License-Identifier: Apache-2.0
"""Drafts of forms are forgotten some time after they ended, or were left alone.

How long each is kept stands beside the rule, in the migration that made it.
"""

from datetime import timedelta

from wardkeep.jobs.job import Job, JobConnection, job_kind


@job_kind(every=timedelta(hours=24))
async def forget_drafts(_job: Job, connection: JobConnection) -> None:
    await connection.execute_slowly("select record.forget_drafts(now())")
