# SPDX-License-Identifier: Apache-2.0
"""The kinds of job that need nothing but the database; one file each."""

from wardkeep.jobs.job import JobKind
from wardkeep.jobs.kinds.forget_done_jobs import forget_done_jobs
from wardkeep.jobs.kinds.forget_drafts import forget_drafts
from wardkeep.jobs.kinds.forget_old_tokens import forget_old_tokens
from wardkeep.jobs.kinds.tidy_after_load import tidy_after_load

KINDS: tuple[JobKind, ...] = (
    tidy_after_load,
    forget_done_jobs,
    forget_old_tokens,
    forget_drafts,
)
