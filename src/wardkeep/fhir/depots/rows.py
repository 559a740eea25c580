# SPDX-License-Identifier: Apache-2.0
"""Depot schedules as the database knows them: ids and days; nothing is opened."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from wardkeep.base.ids import OrganisationId
from wardkeep.db.connection import Database, Row
from wardkeep.fhir.depots.due import Window

MOST = 5000
"""Of one organisation; a large trust has some two thousand people on depots."""
_DUE = """
select d.schedule, p.id as patient, d.place, d.due_on, d.opens_on, d.closes_on
  from depot.schedule as d join record.patient as p on p.number = d.patient
 where d.organisation = $1 and d.is_open
   and ($2::text[] is null or d.place = any($2))
 order by d.due_on, d.schedule limit $3
"""
_OF_PATIENTS = """
select d.schedule, p.id as patient, d.place, d.due_on, d.opens_on, d.closes_on
  from depot.schedule as d join record.patient as p on p.number = d.patient
 where d.organisation = $1 and d.is_open and d.patient in
   (select number from record.patient where organisation = $1 and id = any($2))
 order by d.due_on, d.schedule
"""


class Listed(NamedTuple):
    """One schedule of a list."""

    schedule: str
    """The id of the MedicationRequest."""
    patient: str
    place: str
    """As `Location/x`; empty: nobody said."""
    window: Window


class DepotRows:
    """Asks the database who is due."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def open(
        self, organisation: OrganisationId, *, places: Sequence[str] | None = None
    ) -> list[Listed]:
        """Those that go on, of some teams, the soonest first; None: of all."""
        async with self._database.connection(organisation) as connection:
            rows = await connection.fetch(_DUE, organisation, places, MOST)
        return [_listed(row) for row in rows]

    async def of_patients(
        self, organisation: OrganisationId, patients: Sequence[str]
    ) -> dict[str, tuple[Window, ...]]:
        """By patient, the soonest first; whoever has none is left out."""
        async with self._database.connection(organisation) as connection:
            rows = await connection.fetch(_OF_PATIENTS, organisation, list(patients))
        found: dict[str, tuple[Window, ...]] = {}
        for row in rows:
            one = _listed(row)
            found[one.patient] = (*found.get(one.patient, ()), one.window)
        return found


def _listed(row: Row) -> Listed:
    day: tuple[date, date, date] = (row["due_on"], row["opens_on"], row["closes_on"])
    return Listed(row["schedule"], row["patient"], row["place"], Window(*day))
