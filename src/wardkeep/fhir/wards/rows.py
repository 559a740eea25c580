# SPDX-License-Identifier: Apache-2.0
"""Wards as the database knows them: ids, codes, times, names of beds."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

import msgspec

from wardkeep.base.ids import OrganisationId
from wardkeep.db.connection import Connection, Database, Row
from wardkeep.fhir.wards.checks import next_due

MOST_PLACES = 400
"""Beds, and stays, of one ward."""
MOST_LEAVES = 20
_MOST_STAYS = 5
"""Open ones of one patient: one has a bed, others may come from other software."""
_BEDS = """
select b.bed, b.ward, b.name, b.state from ward.bed as b
 where b.organisation = $1 and b.ward = $2 and b.state <> 'gone'
 order by b.bed limit $3
"""
_BED = """
select b.bed, b.ward, b.name, b.state,
       exists (select from ward.stay as s
                where s.organisation = $1 and s.bed = b.bed and s.is_open) as is_taken
  from ward.bed as b
 where b.organisation = $1 and b.bed = $2 and b.state <> 'gone'
"""
_FREE = """
select b.bed, b.ward, b.name, b.state from ward.bed as b
 where b.organisation = $1 and b.state = 'free'
   and not exists (select from ward.stay as s
                    where s.organisation = $1 and s.bed = b.bed and s.is_open)
 order by b.ward, b.bed limit 2000
"""
_WARDS = """
select b.ward, count(*) filter (where b.state <> 'gone') as beds
  from ward.bed as b where b.organisation = $1 group by b.ward
"""
# A person's level, last check, leave and sections, beside their stay.
_STAYS = """
select p.id as patient, s.stay, s.ward, s.bed, s.began_at, s.expected_on, s.is_away,
       s.is_sealed, coalesce(b.name, '') as bed_name,
       coalesce(l.level, '') as level, coalesce(l.code, '') as code,
       coalesce(l.every_minutes, 0) as every, coalesce(l.turn, 0) as turn,
       l.began_at as set_at, l.review_at,
       c.last_at, coalesce(c.is_alarm, false) as is_alarm,
       coalesce(o.leave, '') as out, o.went_at, o.until_at,
       coalesce(o.escort, '') as escort,
       (select min(n.from_at) from ward.leave as n
         where n.organisation = $1 and n.patient = s.patient
           and n.state = 'planned' and n.until_at > $3) as next_leave,
       (select max(w.back_at) from ward.leave as w
         where w.organisation = $1 and w.patient = s.patient
           and w.state = 'back') as back_at,
       coalesce((select array_agg(m.code order by m.began_at) from mha.section as m
                  where m.organisation = $1 and m.patient = s.patient and m.is_open),
                '{}') as sections
  from ward.stay as s
  join record.patient as p on p.number = s.patient
  left join ward.bed as b on b.organisation = $1 and b.bed = s.bed
  left join ward.level as l
    on l.organisation = $1 and l.patient = s.patient and l.is_open
  left join lateral (
    select t.last_at, t.is_alarm from ward.sheet as t
     where t.organisation = $1 and t.level = l.level and t.last_at is not null
     order by t.last_at desc limit 1) as c on true
  left join ward.leave as o
    on o.organisation = $1 and o.patient = s.patient and o.state = 'out'
 where s.organisation = $1 and s.is_open and p.record_key <> '' and %s
 order by s.began_at, s.stay limit $4
"""
_OF_WARD = _STAYS % "s.ward = $2"
_OF_PATIENT = _STAYS % "p.id = $2 and p.organisation = $1"
_OF_PATIENTS = _STAYS % "p.id = any($2) and p.organisation = $1"
_LEAVES = """
select l.leave from ward.leave as l
  join record.patient as p on p.number = l.patient
 where l.organisation = $1 and p.organisation = $1 and p.id = $2
 order by l.state in ('planned', 'out') desc, l.from_at desc limit $3
"""
_LAST_STEPS = """
select * from (
  select distinct on (s.patient) p.id as patient, s.number, s.at, s.did, s.by,
         s.wrote::text as wrote, s.undoes
    from ward.step as s join record.patient as p on p.number = s.patient
   where s.organisation = $1 and p.organisation = $1 and p.id = any($2) and s.at > $3
   order by s.patient, s.number desc) as last
 where last.undoes is null
"""
_ENDED = """
select distinct p.id as patient
  from ward.stay as s join record.patient as p on p.number = s.patient
 where s.organisation = $1 and s.ward = $2 and not s.is_open and not s.is_sealed
   and s.changed_at > $3
   and not exists (select from ward.stay as o
                    where o.organisation = $1 and o.patient = s.patient and o.is_open)
"""


class BedRow(NamedTuple):
    """A bed."""

    bed: str
    ward: str
    name: str
    state: str
    is_taken: bool = False


class StayRow(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who stays, with what a board says beside."""

    patient: str
    stay: str
    ward: str
    bed: str
    """The id of its Location; empty: in no bed that is known."""
    bed_name: str
    began_at: datetime
    expected_on: date | None
    is_away: bool
    is_sealed: bool
    """Restricted: their bed is taken, and no list says by whom."""
    level: str
    """The id of the Procedure; empty: no level is set."""
    code: str
    every: int
    turn: int
    set_at: datetime | None
    review_at: datetime | None
    last_at: datetime | None
    is_alarm: bool
    out: str
    """The id of the leave that they are on; empty: on none that is known."""
    went_at: datetime | None
    until_at: datetime | None
    escort: str
    next_leave: datetime | None
    back_at: datetime | None
    sections: tuple[str, ...]
    """Of the Mental Health Act, by their codes."""

    @property
    def is_out(self) -> bool:
        return self.is_away or bool(self.out)

    @property
    def due_at(self) -> datetime | None:
        """By when somebody has to look next; None: on leave, or at no level."""
        if not self.level or self.set_at is None or self.is_out:
            return None
        return next_due(
            began=self.set_at, every=self.every, last=self.last_at, back=self.back_at
        )


class StepRow(msgspec.Struct, frozen=True, kw_only=True):
    """The last thing done for somebody that nobody has undone."""

    patient: str
    number: int
    at: datetime
    did: str
    by: str
    wrote: tuple[tuple[str, str, int], ...]
    """Type, id and version of each resource."""


_wrote = msgspec.json.Decoder(tuple[tuple[str, str, int], ...]).decode


class WardRows:
    """Asks the database how wards stand."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def _fetch(
        self, organisation: OrganisationId, sql: str, *values: object
    ) -> Sequence[Row]:
        async with self._database.connection(organisation) as connection:
            return await connection.fetch(sql, organisation, *values)

    async def wards(self, organisation: OrganisationId) -> dict[str, int]:
        """Wards that have beds, and how many."""
        rows = await self._fetch(organisation, _WARDS)
        return {row["ward"]: row["beds"] for row in rows}

    async def beds(self, organisation: OrganisationId, ward: str) -> list[BedRow]:
        rows = await self._fetch(organisation, _BEDS, ward, MOST_PLACES)
        return [BedRow(*row.values()) for row in rows]

    async def bed(self, organisation: OrganisationId, bed: str) -> BedRow | None:
        rows = await self._fetch(organisation, _BED, bed)
        return BedRow(*rows[0].values()) if rows else None

    async def free(self, organisation: OrganisationId) -> list[BedRow]:
        """Beds of all wards that somebody can be put into now."""
        rows = await self._fetch(organisation, _FREE)
        return [BedRow(*row.values()) for row in rows]

    async def stays(
        self, organisation: OrganisationId, ward: str, *, now: datetime
    ) -> list[StayRow]:
        """Who stays on a ward."""
        rows = await self._fetch(organisation, _OF_WARD, ward, now, MOST_PLACES)
        return [_stay(row) for row in rows]

    async def stays_of(
        self, organisation: OrganisationId, patient: str, *, now: datetime
    ) -> list[StayRow]:
        """Somebody's stays that nobody has ended; the one with a bed first."""
        rows = await self._fetch(organisation, _OF_PATIENT, patient, now, MOST_PLACES)
        return sorted(map(_stay, rows), key=lambda one: not one.bed)

    async def of_patients(
        self, organisation: OrganisationId, patients: Sequence[str], *, now: datetime
    ) -> dict[str, StayRow]:
        """By patient, the stay that nobody has ended; the one with a bed first."""
        limit = max(1, len(patients)) * _MOST_STAYS
        rows = await self._fetch(organisation, _OF_PATIENTS, list(patients), now, limit)
        found = sorted(map(_stay, rows), key=lambda one: bool(one.bed))
        return {one.patient: one for one in found}

    async def leaves_of(self, organisation: OrganisationId, patient: str) -> list[str]:
        """Ids of somebody's leaves: those under way and planned first."""
        rows = await self._fetch(organisation, _LEAVES, patient, MOST_LEAVES)
        return [row["leave"] for row in rows]

    async def ended_since(
        self, organisation: OrganisationId, ward: str, since: datetime
    ) -> list[str]:
        """Who was discharged from a ward since, and is on none now."""
        rows = await self._fetch(organisation, _ENDED, ward, since)
        return [row["patient"] for row in rows]

    async def last_steps(
        self, organisation: OrganisationId, patients: Sequence[str], since: datetime
    ) -> dict[str, StepRow]:
        """By patient, the last thing done since, where nobody has undone it."""
        rows = await self._fetch(organisation, _LAST_STEPS, list(patients), since)
        return {row["patient"]: step_of(row) for row in rows}


def _stay(row: Row) -> StayRow:
    values = dict(row)
    values["sections"] = tuple(values["sections"])
    return StayRow(**values)


def step_of(row: Row) -> StepRow:
    return StepRow(
        patient=row["patient"],
        number=row["number"],
        at=row["at"],
        did=row["did"],
        by=str(row["by"]),
        wrote=_wrote(row["wrote"]),
    )


async def ward_of_patient(
    connection: Connection, organisation: OrganisationId, number: int
) -> list[str]:
    """Wards where somebody stays, by the number of their row."""
    rows = await connection.fetch(
        "select distinct ward from ward.stay"
        " where organisation = $1 and patient = $2 and is_open and ward <> ''",
        organisation,
        number,
    )
    return [row["ward"] for row in rows]
