# SPDX-License-Identifier: Apache-2.0
"""Captures: who checked in at a kiosk while it was without us, as it is merged.

A kiosk makes a capture's id, so that what it sends twice is done once. Its time is what
the device says; the queue has the server's. What no longer fits waits for a desk.
"""

import enum
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from wardkeep.base.ids import OrganisationId
from wardkeep.db.connection import Database
from wardkeep.db.errors import AlreadyExistsError
from wardkeep.fhir.clinics.outcomes import (
    AlreadyIn,
    Arrival,
    CheckedIn,
    NoSuchAppointment,
    TooEarly,
    TooLate,
    WrongDay,
    WrongSite,
)
from wardkeep.fhir.store.change import Beside

MOST = 20
"""So many at once: a page of people is a list, and the door shows twenty."""
_NOTE = """
insert into clinic.capture
  (id, kiosk, claimed_at, came_at, organisation, appointment, kiosk_name, became,
   patient)
values ($1, $2, $3, $4, $5, $6, $7, $8,
  (select number from record.patient where organisation = $5 and id = $9))
on conflict (organisation, id) do nothing
"""
_KNOWN = """
select became, appointment from clinic.capture where organisation = $1 and id = $2
"""
_LISTED = """
select c.id, p.id as patient, c.appointment, c.kiosk_name as kiosk, c.claimed_at,
       c.came_at, c.became, b.starts_at
  from clinic.capture as c
  left join clinic.booking as b
    on b.organisation = c.organisation and b.appointment = c.appointment
  join record.patient as p on p.number = coalesce(c.patient, b.patient)
 where c.organisation = $1 and c.seen_at is null and c.came_at > $2
   and c.became in ('not-on', 'another-day', 'elsewhere')
 order by c.claimed_at limit $3
"""
_COUNTED = """
select kiosk_name as kiosk, count(*) as merged, max(came_at) as came_at
  from clinic.capture
 where organisation = $1 and came_at > $2 and became in ('checked-in', 'already-in')
 group by kiosk_name order by kiosk_name
"""
_SEEN = """
update clinic.capture set seen_at = $3
 where organisation = $1 and id = $2 and seen_at is null
"""
LISTED_FOR = timedelta(days=3)
COUNTED_FOR = timedelta(hours=4)


class Became(enum.StrEnum):
    """What came of a capture."""

    CHECKED_IN = "checked-in"
    ALREADY_IN = "already-in"
    NOT_ON = "not-on"
    ANOTHER_DAY = "another-day"
    ELSEWHERE = "elsewhere"


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """What a kiosk brings back, and who brings it."""

    id: UUID
    kiosk: UUID
    kiosk_name: str
    appointment: str
    patient: str
    """Whose voucher it came with."""
    claimed_at: datetime
    """By the device's clock, set right by what we told it last."""


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """A capture that no longer fitted: somebody at a desk looks at it."""

    id: UUID
    patient: str
    appointment: str
    kiosk: str
    claimed_at: datetime
    came_at: datetime
    became: str
    starts_at: datetime | None
    """None: there is no such appointment any more."""


class Merged(msgspec.Struct, frozen=True, kw_only=True):
    """How many a kiosk brought back lately that fitted."""

    kiosk: str
    merged: int
    came_at: datetime


class AnotherCaptureError(Exception):
    """An id that was used for another appointment before."""


def became_of(came: Arrival | NoSuchAppointment) -> Became:
    """What came of it, in one word."""
    match came:
        case CheckedIn():
            return Became.CHECKED_IN
        case AlreadyIn():
            return Became.ALREADY_IN
        case WrongDay() | TooEarly() | TooLate():
            return Became.ANOTHER_DAY
        case WrongSite():
            return Became.ELSEWHERE
        case _:
            return Became.NOT_ON


def note(
    organisation: OrganisationId, claim: Claim, became: Became, *, at: datetime
) -> Beside:
    """The line of it, in the transaction of what it did."""
    return Beside(
        sql=_NOTE,
        values=(
            *(claim.id, claim.kiosk, claim.claimed_at, at, organisation),
            *(claim.appointment, claim.kiosk_name, became.value, claim.patient),
        ),
    )


class Captures:
    """What kiosks brought back."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def known(
        self, organisation: OrganisationId, id_: UUID, appointment: str
    ) -> Became | None:
        """What came of it before; None where it has not come yet.

        Raises:
            AnotherCaptureError: it came before, for another appointment.
        """
        async with self._database.connection(organisation) as connection:
            row = await connection.fetch_row(_KNOWN, organisation, id_)
        if row is None:
            return None
        if row["appointment"] != appointment:
            raise AnotherCaptureError
        return Became(row["became"])

    async def keep(
        self,
        organisation: OrganisationId,
        claim: Claim,
        became: Became,
        *,
        at: datetime,
    ) -> bool:
        """The line of what changed nothing; there already, it stays as it is.

        False: the person was erased; nothing is kept, not even that they stood there.
        """
        one = note(organisation, claim, became, at=at)
        try:
            async with self._database.connection(organisation) as connection:
                await connection.execute(one.sql, *one.values)
        except AlreadyExistsError:
            return False
        return True

    async def waiting(
        self, organisation: OrganisationId, *, at: datetime
    ) -> tuple[Waiting, ...]:
        """Those that a desk has not looked at yet, the oldest first."""
        async with self._database.connection(organisation) as connection:
            rows = await connection.fetch(_LISTED, organisation, at - LISTED_FOR, MOST)
        return tuple(Waiting(**dict(row)) for row in rows)

    async def merged(
        self, organisation: OrganisationId, *, at: datetime
    ) -> tuple[Merged, ...]:
        """By kiosk, how many came in the last hours that fitted."""
        async with self._database.connection(organisation) as connection:
            rows = await connection.fetch(_COUNTED, organisation, at - COUNTED_FOR)
        return tuple(Merged(**dict(row)) for row in rows)

    async def look_at(
        self, organisation: OrganisationId, id_: UUID, *, at: datetime
    ) -> None:
        """Somebody at a desk has dealt with it."""
        async with self._database.connection(organisation) as connection:
            await connection.execute(_SEEN, organisation, id_, at)
