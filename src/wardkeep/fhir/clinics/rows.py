# SPDX-License-Identifier: Apache-2.0
"""Clinics as the database knows them: bookings, the queue, and what was done."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from wardkeep.base.ids import OrganisationId
from wardkeep.db.connection import Connection, Database, Row
from wardkeep.fhir.clinics.outcomes import FreeSlot, Line
from wardkeep.fhir.clinics.words import Channel, Note, ShownAs

_LINES = """
select b.appointment, p.id as patient, b.place, b.day, b.starts_at, b.ends_at,
       b.status, coalesce(e.number, 0) as entry, coalesce(e.ticket, 0) as ticket,
       coalesce(e.status, '') as entry_status, e.arrived_at, e.changed_at,
       coalesce(e.priority, 0) as priority, coalesce(e.weight, 0) as weight,
       coalesce(e.note, '') as note, coalesce(e.room, '') as room,
       coalesce(e.shown_as, 'number') as shown_as,
       exists (select from clinic.entry as o
                where o.organisation = b.organisation and o.patient = b.patient
                  and o.day = b.day and o.appointment <> b.appointment
                  and o.status in ('called', 'in-room')) as is_elsewhere
  from clinic.booking as b
  join record.patient as p on p.number = b.patient
  left join lateral (
    select * from clinic.entry as e
     where e.organisation = b.organisation and e.appointment = b.appointment
       and e.status <> 'undone'
     order by e.number desc limit 1) as e on true
 where b.organisation = $1 and b.status <> 'entered-in-error'
"""
_OF_PLACE = _LINES + " and b.day = $2 and b.place = any($3) order by b.starts_at"
_OF_DAY = _LINES + " and b.day = $2 order by b.starts_at"
_OF_PATIENT = f"""
{_LINES} and b.patient = (
   select number from record.patient where organisation = $1 and id = $2)
   and b.day between $3 and $4
 order by b.starts_at
"""  # noqa: S608 - constants
_ONE = _LINES + " and b.appointment = $2"
_WITH_ITS_DAY = f"""
{_LINES} and b.patient = (
   select patient from clinic.booking where organisation = $1 and appointment = $2)
   and (b.appointment = $2 or b.day = $3)
 order by b.starts_at
"""  # noqa: S608 - constants
_PLACES = """
select place, count(*) as booked from clinic.booking
 where organisation = $1 and day = $2 and status <> 'entered-in-error'
 group by place order by place
"""
_STARTS = """
select b.place, b.starts_at, s.at from clinic.step as s
  join clinic.booking as b
    on b.organisation = s.organisation and b.appointment = s.appointment
 where s.organisation = $1 and s.day = $2 and s.became = 'in-room'
   and s.place = any($3) and s.undoes is null
   and not exists (select from clinic.step as u where u.undoes = s.number)
 order by s.at
"""
_LAST_STEP = """
select s.number, s.at, s.was, s.became, s.by, s.channel from clinic.step as s
 where s.organisation = $1 and s.appointment = $2 and s.undoes is null
   and not exists (select from clinic.step as u where u.undoes = s.number)
 order by s.number desc limit 1
"""
_LAST_STEPS = """
select distinct on (s.appointment) s.appointment,
       s.number, s.at, s.was, s.became, s.by, s.channel
  from clinic.step as s
 where s.organisation = $1 and s.place = $2 and s.day = $3 and s.undoes is null
   and not exists (select from clinic.step as u where u.undoes = s.number)
 order by s.appointment, s.number desc
"""
_ARRIVAL = """
select s.at, s.channel from clinic.step as s
 where s.organisation = $1 and s.appointment = $2 and s.became = 'waiting'
   and s.undoes is null order by s.number desc limit 1
"""
_FREE = """
select s.id, s.schedule, s.starts_at, s.ends_at from clinic.slot as s
 where s.organisation = $1 and s.schedule = any($2) and s.status = 'free'
   and s.starts_at >= $3 and s.starts_at < $4
   and not exists (
     select from clinic.booking as b
      where b.organisation = s.organisation and b.slot = s.id
        and b.status in ('pending', 'booked', 'arrived', 'checked-in', 'fulfilled'))
 order by s.starts_at limit $5
"""
_SLOT = """
select s.id, s.schedule, s.starts_at, s.ends_at from clinic.slot as s
 where s.organisation = $1 and s.id = $2 and s.status = 'free' and s.starts_at >= $3
"""
_BOOKED_ON = """
select day, count(*) as booked from clinic.booking
 where organisation = $1 and place = $2 and day = any($3)
   and status not in ('cancelled', 'entered-in-error')
 group by day
"""
MOST_SLOTS = 400


class Step(NamedTuple):
    """The last thing done to an appointment."""

    number: int
    at: datetime
    was: str
    became: str
    by: str
    channel: Channel


class ClinicRows:
    """Reads what lies beside the record: ids, codes and times."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def _fetch(
        self, organisation: OrganisationId, sql: str, *values: object
    ) -> Sequence[Row]:
        async with self._database.connection(organisation) as connection:
            return await connection.fetch(sql, organisation, *values)

    async def of_places(
        self, organisation: OrganisationId, places: Sequence[str], day: date
    ) -> tuple[Line, ...]:
        """A day of some clinics, by time."""
        rows = await self._fetch(organisation, _OF_PLACE, day, list(places))
        return tuple(_line(row) for row in rows)

    async def of_day(self, organisation: OrganisationId, day: date) -> tuple[Line, ...]:
        """A day of every clinic, by time."""
        return tuple(
            _line(row) for row in await self._fetch(organisation, _OF_DAY, day)
        )

    async def of_patient(
        self,
        organisation: OrganisationId,
        patient: str,
        *,
        since: date,
        until: date,
    ) -> tuple[Line, ...]:
        """Somebody's appointments from one day to another, both within."""
        rows = await self._fetch(organisation, _OF_PATIENT, patient, since, until)
        return tuple(_line(row) for row in rows)

    async def one(self, organisation: OrganisationId, appointment: str) -> Line | None:
        """One appointment as it stands; None where it is in no clinic."""
        rows = await self._fetch(organisation, _ONE, appointment)
        return _line(rows[0]) if rows else None

    async def with_its_day(
        self, organisation: OrganisationId, appointment: str, day: date
    ) -> tuple[Line, ...]:
        """An appointment, and whatever else its patient has on a day, by time."""
        rows = await self._fetch(organisation, _WITH_ITS_DAY, appointment, day)
        return tuple(_line(row) for row in rows)

    async def places_on(
        self, organisation: OrganisationId, day: date
    ) -> dict[str, int]:
        """Clinics that meet on a day, and how many are booked in each."""
        rows = await self._fetch(organisation, _PLACES, day)
        return {row["place"]: row["booked"] for row in rows}

    async def starts(
        self, organisation: OrganisationId, places: Sequence[str], day: date
    ) -> dict[str, list[tuple[datetime, datetime]]]:
        """By clinic, when each was planned and begun."""
        found: dict[str, list[tuple[datetime, datetime]]] = {}
        for row in await self._fetch(organisation, _STARTS, day, list(places)):
            found.setdefault(row["place"], []).append((row["starts_at"], row["at"]))
        return found

    async def last_step(
        self, organisation: OrganisationId, appointment: str
    ) -> Step | None:
        rows = await self._fetch(organisation, _LAST_STEP, appointment)
        return _step(rows[0]) if rows else None

    async def last_steps(
        self, organisation: OrganisationId, place: str, day: date
    ) -> dict[str, Step]:
        """By appointment, the last thing done to it in a clinic's day."""
        rows = await self._fetch(organisation, _LAST_STEPS, place, day)
        return {row["appointment"]: _step(row) for row in rows}

    async def arrival(
        self, organisation: OrganisationId, appointment: str
    ) -> tuple[datetime, Channel] | None:
        """When and where somebody was checked in."""
        rows = await self._fetch(organisation, _ARRIVAL, appointment)
        return (rows[0]["at"], Channel(rows[0]["channel"])) if rows else None

    async def free(
        self,
        organisation: OrganisationId,
        schedules: Sequence[str],
        *,
        since: datetime,
        until: datetime,
        at_most: int = MOST_SLOTS,
    ) -> tuple[FreeSlot, ...]:
        """Slots that nobody has booked, the earliest first."""
        rows = await self._fetch(
            organisation, _FREE, list(schedules), since, until, at_most
        )
        return tuple(FreeSlot(**dict(row)) for row in rows)

    async def slot(
        self, organisation: OrganisationId, id_: str, *, since: datetime
    ) -> FreeSlot | None:
        """A slot that may be booked, if nobody has; None where it is past or closed."""
        rows = await self._fetch(organisation, _SLOT, id_, since)
        return FreeSlot(**dict(rows[0])) if rows else None

    async def booked_on(
        self, organisation: OrganisationId, place: str, days: Sequence[date]
    ) -> dict[date, int]:
        """How many are booked into a clinic on each of these days."""
        rows = await self._fetch(organisation, _BOOKED_ON, place, list(days))
        return {row["day"]: row["booked"] for row in rows}


async def line_in(
    connection: Connection, organisation: OrganisationId, appointment: str
) -> Line | None:
    row = await connection.fetch_row(_ONE, organisation, appointment)
    return None if row is None else _line(row)


def _line(row: Row) -> Line:
    values = dict(row)
    values["note"] = Note(values["note"])
    values["shown_as"] = ShownAs(values["shown_as"])
    return Line(**values)


def _step(row: Row) -> Step:
    return Step(
        row["number"],
        row["at"],
        row["was"],
        row["became"],
        str(row["by"]),
        Channel(row["channel"]),
    )
