# SPDX-License-Identifier: Apache-2.0
"""A partner is asked in the moment: its free times, or how a booking stands there.

A page asks and waits a few seconds; the worker, which alone has the key, fetches. What
was told is for that page and asked anew each time. Between the two it lies in the
database in the clear, and in its log for as long as that is kept: so it is read first,
and only times and a code are handed on. A partner's Appointment names its patient.
"""

import asyncio
import re
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import msgspec

from wardkeep.base.clock import Clock
from wardkeep.base.ids import OrganisationId, new_uuid
from wardkeep.db.connection import Database
from wardkeep.fhir.bars.times import FreeTime, times_in

ASK = "ask_partner"
"""The kind of job."""
WAIT_SECONDS = 4.0
"""For which a page waits; whoever is on the telephone goes on after that."""
KEPT_FOR = timedelta(minutes=5)
MOST_A_MINUTE = 40
"""Of one account: a stolen session that asks for ever is told to stop, and none of its
colleagues is. Nobody on the telephone asks more often than each two seconds."""
_EVERY_SECONDS = 0.1
_ASKED = """
insert into bars.question
  (asked_at, organisation, question, partner, kind, argument, asker)
select $1::timestamptz, $2, $3, w.service, $5, $6, $7 from bars.partner as w
 where w.organisation = $2 and w.service = $4 and w.is_active and w.kind = 'service'
   and (select count(*) from bars.question as q
         where q.organisation = $2 and q.asker = $7
           and q.asked_at > $1::timestamptz - interval '1 min') < $8
"""
_JOB = """
insert into jobs.job (kind, organisation, unique_for, argument, run_after)
values ($1, $2, $3, $3, now())
"""
_TOLD = """
select answer, failure from bars.question
 where organisation = $1 and question = $2 and answered_at is not null
"""


class Kind(StrEnum):
    """What is asked."""

    TIMES = "times"
    APPOINTMENT = "appointment"


class Handed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """All that is kept of an answer, from the worker to the page."""

    status: str = ""
    times: tuple[FreeTime, ...] = ()


_CODE = re.compile(r"[a-z-]{1,40}")


def handed(kind: str, answer: dict[str, Any], *, asked_at: datetime) -> str:
    """What the page is shown of an answer, as a row carries it: nobody is in it."""
    if kind == Kind.APPOINTMENT:
        status = str(answer.get("status", ""))
        made = Handed(status=status if _CODE.fullmatch(status) else "")
    else:
        made = Handed(times=times_in(answer, now=asked_at))
    return msgspec.json.encode(made).decode()


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a question."""

    at: datetime
    failure: str = ""
    """Why nothing is known: `slow`, `refused`, `unreachable`, `asked too often`."""
    answer: str = ""

    @property
    def _handed(self) -> Handed:
        try:
            return msgspec.json.decode(self.answer, type=Handed)
        except msgspec.DecodeError:
            return Handed()

    @property
    def status(self) -> str:
        """Of the Appointment that was asked about."""
        return self._handed.status

    @property
    def times(self) -> tuple[FreeTime, ...]:
        return self._handed.times


class Questions:
    """Asks through the worker."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def ask(
        self,
        organisation: OrganisationId,
        partner: str,
        kind: Kind,
        argument: str = "",
        *,
        asker: str,
        wait_seconds: float = WAIT_SECONDS,
    ) -> Told:
        """What a partner says now; within the bound, whatever becomes of it.

        `asker` is the account that asks, by which questions are counted. `argument` is
        until when times are wanted (an instant), or an Appointment's id.
        """
        now, id_ = self._clock.now(), new_uuid()
        async with self._database.transaction(organisation) as connection:
            status = await connection.execute(
                *(_ASKED, now, organisation, id_, partner, str(kind), argument),
                *(asker, MOST_A_MINUTE),
            )
            if status.endswith(" 0"):
                return Told(at=now, failure="asked too often")
            await connection.execute(_JOB, ASK, organisation, id_)
        try:
            async with asyncio.timeout(wait_seconds):
                return await self._told(organisation, id_, now)
        except TimeoutError:
            return Told(at=now, failure="slow")

    async def _told(
        self, organisation: OrganisationId, id_: str, now: datetime
    ) -> Told:
        while True:
            async with self._database.connection(organisation) as connection:
                row = await connection.fetch_row(_TOLD, organisation, id_)
            if row is not None:
                return Told(at=now, failure=row["failure"], answer=row["answer"])
            await asyncio.sleep(_EVERY_SECONDS)
