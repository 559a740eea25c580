# SPDX-License-Identifier: Apache-2.0
"""Requests for an ambulance: sent by themselves, red until somebody acknowledges them.

Nobody presses a button. Whoever writes that a call came to an ambulance has asked for
one in the same transaction; the worker sends it five seconds later, unless it was
called off in these, and again until it is acknowledged. After a minute without that it
is the shift lead's, who rings. (A supplier's own safety notice of 2020: requests went
late because a button had to be pressed.)

The message carries one id however often it is sent: a receiver does one thing for it.
What it says, and how it travels, is a `Dispatcher`'s; without one nothing is ever
called sent. That it may have left is committed before it leaves: whoever stops it is
never told so of one that is on its way.
"""

import logging
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

import msgspec

from wardkeep.base.clock import Clock
from wardkeep.base.ids import OrganisationId
from wardkeep.db.changes import Topic, tell
from wardkeep.db.connection import Connection, Database
from wardkeep.jobs.job import Job, JobConnection, JobKind, Row, job_kind
from wardkeep.jobs.queue import enqueue

log = logging.getLogger(__name__)
SEND_AMBULANCE = "send_ambulance"
UNDO_SECONDS = 5
ACKNOWLEDGED_WITHIN = timedelta(seconds=60)
AGAIN_AFTER = timedelta(seconds=5)
TOPIC = "urgent-queue"
MESSAGES = "message"
"""Whoever shows what was sent about a ServiceRequest hears of it, by its id."""
_ASK = """
insert into urgent.dispatch (organisation, entry, patient, category, asked_at, send_at)
values ($1, $2, $3, $4, $5, $6) on conflict do nothing
"""
_STOP = """
update urgent.dispatch set called_off_at = $3
 where organisation = $1 and entry = $2 and sent_at is null and begun_at is null
   and called_off_at is null
"""
CALL_OFF = """
update urgent.dispatch set called_off_at = $3
 where organisation = $1 and entry = $2 and sent_at is null and begun_at is null
   and called_off_at is null and send_at > $3
"""
"""Goes with the change that calls it off: no row, and it is too late."""
# Where its place in a queue ended before it could leave, it never leaves.
_IS_OVER = """
d.sent_at is null and d.begun_at is null and exists (
  select from urgent.entry as e
   where e.organisation = d.organisation and e.entry = d.entry
     and e.skill = 'ambulance' and not e.is_open)"""
_BEGIN = f"""
update urgent.dispatch as d
   set called_off_at = case when {_IS_OVER} then $3::timestamptz end,
       begun_at = case when {_IS_OVER} then null
                       else coalesce(d.begun_at, $3::timestamptz) end,
       message = case when d.message <> '' then d.message else coalesce((
         select o.message from bars.outgoing as o
          where o.organisation = d.organisation and o.entry = d.entry
            and o.sort = 'ambulance' and o.patient = d.patient
          order by o.made_at desc, o.message limit 1), '') end
 where d.organisation = $1 and d.entry = $2 and d.called_off_at is null
   and d.acknowledged_at is null and d.refused_at is null
returning d.category, d.asked_at, d.send_at, d.attempts, d.message,
          d.called_off_at is null as goes, d.begun_at = $3 as is_first
"""  # noqa: S608 - constants
_TRIED = """
update urgent.dispatch
   set attempts = attempts + 1, begun_at = case when $3 then begun_at end,
       sent_at = coalesce(sent_at, $4), acknowledged_at = $5, reference = $6,
       escalated_at = coalesce(escalated_at, $7), refused_at = $8, refusal = $9
 where organisation = $1 and entry = $2
"""
_MARKED = """
update bars.outgoing
   set attempts = attempts + 1, sent_at = coalesce(sent_at, $3), refused_at = $4,
       last_error = $5, there = case when $6 = '' then there else $6 end
 where organisation = $1 and message = $2 returning about
"""
NOT_SENT = """
update urgent.dispatch set called_off_at = coalesce(called_off_at, $3)
 where organisation = $1 and entry = $2 and sent_at is null and begun_at is null
"""
"""Goes with the change that ends its place in the queue: no row, and it has gone."""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What a dispatcher is given; the same however often it is sent."""

    organisation: int
    entry: str
    """The place in a queue that asks for it."""
    category: str
    """C1 to C5."""
    asked_at: datetime
    message: str = ""
    """The id of the message that was made ready; empty: none was."""


class Came(StrEnum):
    """How far one sending came."""

    NOT_SENT = "not-sent"
    """Nobody has it."""
    UNCLEAR = "unclear"
    """It may have arrived: no answer came."""
    SENT = "sent"
    """They have it, and have not acknowledged yet."""
    ACKNOWLEDGED = "acknowledged"
    REFUSED = "refused"
    """They will not take it: sent again, they would not either."""


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one sending."""

    came: Came
    reference: str = ""
    """By which they know it, as it is said on the telephone."""
    there: str = ""
    """The id that what was sent has there."""
    code: str = ""
    """What went wrong, as a code alone."""


class Dispatcher(Protocol):
    """Takes requests to whoever sends ambulances."""

    async def send(self, request: Request) -> Receipt:
        """Never raises: what breaks was not sent, or nobody knows."""
        ...


class NoDispatcher:
    """Where none is set up: nothing leaves, so all of it becomes the shift lead's."""

    async def send(self, request: Request) -> Receipt:  # noqa: ARG002 - a Dispatcher's
        return Receipt(came=Came.NOT_SENT)


class SyntheticDesk:
    """The demonstration's: it has what it is sent, and acknowledges the second time."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    async def send(self, request: Request) -> Receipt:
        if request.entry not in self._seen:
            self._seen.add(request.entry)
            return Receipt(came=Came.SENT)
        reference = f"DEMO-{request.entry.replace('-', '')[-5:].upper()}"
        return Receipt(came=Came.ACKNOWLEDGED, reference=reference)


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


def sending(dispatcher: Dispatcher, clock: Clock, database: Database) -> JobKind:
    """The worker's kind of job; `database` commits that one begins."""

    async def send_ambulance(job: Job, connection: JobConnection) -> None:
        async with database.transaction(job.organisation) as own:
            values = (job.organisation, job.argument, clock.now())
            row = await own.fetch_row(_BEGIN, *values)
        if row is None or not row["goes"]:
            return
        receipt = await _receipt(dispatcher, _request(job, row))
        await _note(connection, job, row, receipt, clock.now())

    # A killed worker's claim runs out soon, and no number of failures ends it.
    made = job_kind(most_attempts=1_000_000, lease=timedelta(seconds=5))
    return made(send_ambulance)


async def _receipt(dispatcher: Dispatcher, request: Request) -> Receipt:
    """Whatever breaks: an attempt that is not noted never becomes the shift lead's."""
    try:
        return await dispatcher.send(request)
    except Exception as error:  # noqa: BLE001 - nobody knows how far it came
        # The class alone: an error's words may repeat what it failed on.
        log.warning("a request for an ambulance failed: %s", type(error).__name__)
        return Receipt(came=Came.UNCLEAR, code="failed here")


def _request(job: Job, row: Row) -> Request:
    return Request(
        organisation=job.organisation,
        entry=job.argument,
        category=row["category"],
        asked_at=row["asked_at"],
        message=row["message"],
    )


async def _note(
    connection: JobConnection, job: Job, row: Row, receipt: Receipt, now: datetime
) -> None:
    """What came of it, and the next attempt where there is to be one."""
    came = receipt.came
    is_there = came in (Came.SENT, Came.ACKNOWLEDGED)
    is_known, is_refused = came is Came.ACKNOWLEDGED, came is Came.REFUSED
    is_late = not is_known and now >= row["send_at"] + ACKNOWLEDGED_WITHIN
    # What an earlier attempt may have brought there stays begun.
    is_begun = came is not Came.NOT_SENT or not row["is_first"]
    sent_at, refused_at = now if is_there else None, now if is_refused else None
    await connection.execute(
        _TRIED,
        *(job.organisation, job.argument, is_begun, sent_at),
        *(now if is_known else None, receipt.reference),
        *(now if is_late or is_refused else None, refused_at),
        receipt.code if is_refused else "",
    )
    topics = [Topic(TOPIC)]
    if row["message"]:
        values = (job.organisation, row["message"], sent_at, refused_at, receipt.code)
        about = await connection.fetch_value(_MARKED, *values, receipt.there)
        topics.append(Topic(MESSAGES, str(about)))
    if not is_known and not is_refused:
        attempt, again = row["attempts"] + 1, now + AGAIN_AFTER
        await _later(connection, job.organisation, job.argument, attempt, again)
    if isinstance(connection, Connection):
        await tell(connection, job.organisation, topics)


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
