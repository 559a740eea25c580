# SPDX-License-Identifier: Apache-2.0
"""Requests for an ambulance: sent by themselves, red until somebody acknowledges them.

Nobody presses a button. Whoever writes that a call came to an ambulance has asked for
one in the same transaction; the worker sends it five seconds later, unless it was
called off in these, and again until it is acknowledged. After a minute without that it
is the shift lead's, who rings. (A supplier's own safety notice of 2020: requests went
late because a button had to be pressed.)

The message carries one id however often it is sent: a receiver does one thing for it.
What it says, and how it travels, is a `Dispatcher`'s; there is none for a real service
yet, and without one nothing is ever called sent.
"""

from datetime import datetime, timedelta
from typing import Protocol

import msgspec

from wardkeep.base.clock import Clock
from wardkeep.base.ids import OrganisationId
from wardkeep.db.changes import Topic, tell
from wardkeep.db.connection import Connection
from wardkeep.jobs.job import Job, JobConnection, JobKind, Row, job_kind
from wardkeep.jobs.queue import enqueue

SEND_AMBULANCE = "send_ambulance"
UNDO_SECONDS = 5
ACKNOWLEDGED_WITHIN = timedelta(seconds=60)
AGAIN_AFTER = timedelta(seconds=5)
TOPIC = "urgent-queue"
_ASK = """
insert into urgent.dispatch (organisation, entry, patient, category, asked_at, send_at)
values ($1, $2, $3, $4, $5, $6) on conflict do nothing
"""
_STOP = """
update urgent.dispatch set called_off_at = $3
 where organisation = $1 and entry = $2 and sent_at is null and called_off_at is null
"""
CALL_OFF = """
update urgent.dispatch set called_off_at = $3
 where organisation = $1 and entry = $2 and sent_at is null and called_off_at is null
   and send_at > $3
"""
"""Goes with the change that calls it off: no row, and it is too late."""
_DUE = """
select category, send_at, sent_at, attempts, acknowledged_at, escalated_at,
       called_off_at
  from urgent.dispatch where organisation = $1 and entry = $2 for update
"""
_TRIED = """
update urgent.dispatch
   set attempts = attempts + 1, sent_at = coalesce(sent_at, $3),
       acknowledged_at = $4, reference = $5, escalated_at = $6
 where organisation = $1 and entry = $2
"""


NOT_SENT = """
update urgent.dispatch set called_off_at = coalesce(called_off_at, $3)
 where organisation = $1 and entry = $2 and sent_at is null
"""
"""Goes with the change that ends its place in the queue: no row, and it has gone."""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What a dispatcher is given."""

    organisation: int
    message: str
    """The same however often it is sent."""
    category: str
    """C1 to C5."""


class NotSentError(Exception):
    """It did not leave: nobody has it."""


class Dispatcher(Protocol):
    """Takes requests to whoever sends ambulances."""

    async def send(self, request: Request) -> str:
        """The receiver's reference; empty: it has it and has not acknowledged yet.

        Raises:
            NotSentError: nobody has it.
        """
        ...


class NoDispatcher:
    """Where none is set up: nothing leaves, so all of it becomes the shift lead's."""

    async def send(self, request: Request) -> str:
        raise NotSentError(request.category)


class SyntheticDesk:
    """The demonstration's: it has what it is sent, and acknowledges the second time."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    async def send(self, request: Request) -> str:
        if request.message not in self._seen:
            self._seen.add(request.message)
            return ""
        return f"DEMO-{request.message.replace('-', '')[-5:].upper()}"


async def ask_for_one(
    connection: Connection,
    organisation: OrganisationId,
    *,
    entry: str,
    patient: int,
    category: str,
    now: datetime,
) -> None:
    """In the transaction that says so; asked again for the same entry, nothing."""
    send_at = now + timedelta(seconds=UNDO_SECONDS)
    status = await connection.execute(
        _ASK, organisation, entry, patient, category, now, send_at
    )
    if not status.endswith(" 0"):
        await _later(connection, organisation, entry, 0, send_at)


async def stop_one(
    connection: Connection, organisation: OrganisationId, entry: str, now: datetime
) -> None:
    """What was not sent before its place in the queue ended is not sent after it."""
    await connection.execute(_STOP, organisation, entry, now)


def sending(dispatcher: Dispatcher, clock: Clock) -> JobKind:
    """The worker's kind of job."""

    async def send_ambulance(job: Job, connection: JobConnection) -> None:
        row = await connection.fetch_row(_DUE, job.organisation, job.argument)
        if row is None or row["called_off_at"] or row["acknowledged_at"]:
            return
        now = clock.now()
        sent_at, reference = await _send(dispatcher, job, row, now)
        is_late = not reference and now >= row["send_at"] + ACKNOWLEDGED_WITHIN
        await connection.execute(
            _TRIED,
            *(job.organisation, job.argument, sent_at),
            *(now if reference else None, reference),
            row["escalated_at"] or (now if is_late else None),
        )
        if not reference:
            attempt, again = row["attempts"] + 1, now + AGAIN_AFTER
            await _later(connection, job.organisation, job.argument, attempt, again)
        if isinstance(connection, Connection):
            await tell(connection, job.organisation, [Topic(TOPIC)])

    # A killed worker's claim runs out soon, and no number of failures ends it.
    made = job_kind(most_attempts=1_000_000, lease=timedelta(seconds=5))
    return made(send_ambulance)


async def _send(
    dispatcher: Dispatcher, job: Job, row: Row, now: datetime
) -> tuple[datetime | None, str]:
    request = Request(
        organisation=job.organisation, message=job.argument, category=row["category"]
    )
    try:
        return now, await dispatcher.send(request)
    except NotSentError:
        return None, ""


async def _later(
    connection: JobConnection,
    organisation: OrganisationId,
    entry: str,
    attempt: int,
    when: datetime,
) -> None:
    await enqueue(
        connection,
        SEND_AMBULANCE,
        organisation=organisation,
        unique_for=f"{entry} {attempt}",
        argument=entry,
        run_after=when,
    )
