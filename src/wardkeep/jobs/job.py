# SPDX-License-Identifier: Apache-2.0
"""A job, the kinds of job, and the little that they need of a database."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Any, Protocol

import msgspec

from wardkeep.base.ids import OrganisationId

INSTALLATION = OrganisationId(0)
"""The organisation of jobs that serve all of them; such a job sees no one's rows."""


Row = Mapping[str, Any]


class JobConnection(Protocol):
    """A session with the database, within a transaction."""

    async def fetch(self, sql: str, *values: object) -> Sequence[Row]: ...
    async def fetch_row(self, sql: str, *values: object) -> Row | None: ...
    async def fetch_value(self, sql: str, *values: object) -> Any: ...
    async def execute(self, sql: str, *values: object) -> str: ...
    async def execute_slowly(self, sql: str, *values: object) -> None: ...


class JobDatabase(Protocol):
    """Lends sessions that show one organisation's rows."""

    def transaction(
        self, organisation: OrganisationId = ...
    ) -> AbstractAsyncContextManager[JobConnection]: ...


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of work that one worker has claimed."""

    number: int
    kind: str
    organisation: OrganisationId
    argument: str
    """What to work on, as an id or a path: never anything about a patient."""
    attempts: int
    """This attempt's number, from 1. It also tells whose claim is the latest."""


Work = Callable[[Job, JobConnection], Awaitable[None]]
"""The work, in the transaction in which the job is marked done: it happens once."""


class JobKind(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of work, and how patiently it is done."""

    name: str
    work: Work
    most_attempts: int
    lease: timedelta
    """For how long a claim holds unless it is renewed, as a living worker does."""
    every: timedelta | None
    """A kind that is never asked for, but done again and again."""


def job_kind(
    *,
    most_attempts: int = 10,
    lease: timedelta = timedelta(seconds=60),
    every: timedelta | None = None,
) -> Callable[[Work], JobKind]:
    """Make a function into a kind of the same name."""

    def make(work: Work) -> JobKind:
        return JobKind(
            name=getattr(work, "__name__"),  # noqa: B009 - Callable promises no name
            work=work,
            most_attempts=most_attempts,
            lease=lease,
            every=every,
        )

    return make
