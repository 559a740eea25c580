# SPDX-License-Identifier: Apache-2.0
"""Replaced versions lose their tokens once no page of a search can need them."""

from datetime import timedelta

from wardkeep.jobs.job import Job, JobConnection, job_kind

KEPT_HOURS = 2
"""Longer than the link to a page is good (fhir/rest/cursor.py)."""


@job_kind(every=timedelta(hours=1))
async def forget_old_tokens(_job: Job, connection: JobConnection) -> None:
    await connection.execute_slowly(
        "select record.forget_old_tokens(now() - make_interval(hours => $1))",
        KEPT_HOURS,
    )
