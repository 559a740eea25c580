# SPDX-License-Identifier: Apache-2.0
"""After a large load: the token index's pending entries filed, the planner told."""

from wardkeep.jobs.job import Job, JobConnection, job_kind


@job_kind(most_attempts=5)
async def tidy_after_load(_job: Job, connection: JobConnection) -> None:
    await connection.execute_slowly("select record.tidy_after_load()")
