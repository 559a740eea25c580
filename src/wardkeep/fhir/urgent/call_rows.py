# SPDX-License-Identifier: Apache-2.0
"""Calls as the database knows them: ids and moments; nothing is opened."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from wardkeep.base.ids import OrganisationId
from wardkeep.db.connection import Database, Row

MOST = 100
_ROWS = """
select c.case_id, p.id as patient, c.began_at, c.taker, c.state
  from call.listed as c join record.patient as p on p.number = c.patient
 where c.organisation = $1
"""
_OPEN_OF = f"""
{_ROWS} and c.taker = any($2) and c.taker <> '' and c.state = 'open'
 order by c.began_at desc, c.case_id limit {MOST}
"""
_OF_PATIENT = f"""
{_ROWS} and c.state <> 'mistake' and c.began_at >= $3 and c.patient =
   (select number from record.patient where organisation = $1 and id = $2)
 order by c.began_at desc, c.case_id limit {MOST}
"""  # noqa: S608 - constants
_ONE = f"{_ROWS} and c.case_id = $2"


class CallRow(NamedTuple):
    """One case of a list."""

    case: str
    """The id of the Encounter."""
    patient: str
    began: datetime
    taker: str
    """The id of a Practitioner; empty: not said."""
    state: str
    """open, while whoever answered has it; ended, while it waits; closed; mistake."""


class CallRows:
    """Asks the database which calls there are."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def open_of(
        self, organisation: OrganisationId, takers: Sequence[str]
    ) -> list[CallRow]:
        """What these Practitioners have open, the newest first."""
        return await self._ask(organisation, _OPEN_OF, list(takers))

    async def of_patient(
        self, organisation: OrganisationId, patient: str, *, since: datetime
    ) -> list[CallRow]:
        """Calls about somebody, the newest first."""
        return await self._ask(organisation, _OF_PATIENT, patient, since)

    async def one(self, organisation: OrganisationId, case: str) -> CallRow | None:
        found = await self._ask(organisation, _ONE, case)
        return found[0] if found else None

    async def _ask(
        self, organisation: OrganisationId, sql: str, *values: object
    ) -> list[CallRow]:
        async with self._database.connection(organisation) as connection:
            rows = await connection.fetch(sql, organisation, *values)
        return [row_of(row) for row in rows]


def row_of(row: Row) -> CallRow:
    return CallRow(
        row["case_id"], row["patient"], row["began_at"], row["taker"], row["state"]
    )
