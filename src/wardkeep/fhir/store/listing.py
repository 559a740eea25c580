# SPDX-License-Identifier: Apache-2.0
"""People of a list that work itself made: a clinic, a ward, a caseload.

Whoever looks at a list is told of each person what a list shows, and the ledger names
each of them to each who looked. A list is read in lots of twenty, as the door allows;
where one lot is refused the whole list is, because half a clinic reads like a clinic.
"""

from collections.abc import Sequence

from wardkeep.base.ids import OrganisationId
from wardkeep.db.connection import Database, Row
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.client import WardenClient
from wardkeep.disclosure.purpose import Action, Tier
from wardkeep.fhir.model.type_codes import type_code
from wardkeep.fhir.store.opening import PEOPLE_A_LIST, list_people
from wardkeep.fhir.store.outcomes import (
    NO_ENTRY,
    FoundPatients,
    Opener,
    PatientRow,
)
from wardkeep.fhir.store.rows import (
    KEY_COLUMNS,
    RESOURCE_COLUMNS,
    patient_key_row,
    stored_row,
)

_NAMED = f"""
select {RESOURCE_COLUMNS}, {KEY_COLUMNS}
  from unnest($3::text[]) with ordinality as wanted (id, place)
  join record.patient as p on p.organisation = $1 and p.id = wanted.id
  join record.resource as r
    on r.organisation = $1 and r.type = $2 and r.patient = p.number
   and not r.is_deleted
 order by wanted.place
"""  # noqa: S608 - constants
NOTE = "Composition"
_SEALED = """
select distinct p.id
  from record.patient as p
  join record.resource as r
    on r.organisation = $1 and r.patient = p.number and r.tier = $3
   and r.type <> $4 and not r.is_deleted
 where p.organisation = $1 and p.id = any($2::text[])
"""


class Lister:
    """Shows who the people of a list are."""

    def __init__(self, database: Database, warden: WardenClient) -> None:
        self._database = database
        self._warden = warden

    async def people(
        self, ids: Sequence[str], *, opener: Opener, action: Action = Action.FIND
    ) -> FoundPatients | Refusal:
        """Who they are, in the order asked; whoever is not here is left out.

        For letters that two people approved the action is another one.
        """
        once = list(dict.fromkeys(ids))
        if not once:
            return FoundPatients(patients=())
        async with self._database.connection(opener.organisation) as connection:
            rows = await connection.fetch(
                _NAMED, opener.organisation, type_code("Patient"), once
            )
        return await show_people(self._warden, opener, rows, action=action)

    async def with_something_sealed(
        self, ids: Sequence[str], *, organisation: int
    ) -> frozenset[str]:
        """Of whom something but a note is kept apart: a way in, a protected address.

        The tier of a row is in the clear; nothing is opened.
        """
        async with self._database.connection(OrganisationId(organisation)) as found:
            rows = await found.fetch(
                _SEALED, organisation, list(ids), Tier.SEALED.value, type_code(NOTE)
            )
        return frozenset(row["id"] for row in rows)


async def show_people(
    warden: WardenClient,
    opener: Opener,
    rows: Sequence[Row],
    *,
    action: Action = Action.FIND,
) -> FoundPatients | Refusal:
    """Rows of Patients with their keys beside them, opened in lots of twenty."""
    keys = [patient_key_row(row) for row in rows]
    found = [
        (key, stored_row(row, organisation=opener.organisation, patient=key.id))
        for row, key in zip(rows, keys, strict=True)
    ]
    shown: list[PatientRow] = []
    entry, granted_at = NO_ENTRY, 0
    for start in range(0, len(found), PEOPLE_A_LIST):
        lot = found[start : start + PEOPLE_A_LIST]
        people = [(key, (row.ref,)) for key, row in lot]
        grant = await list_people(warden, opener, people=people, action=action)
        if isinstance(grant, Refusal):
            return grant
        shown += [
            PatientRow(id=row.id, version=row.version, text=row.whole(grant.open(row)))
            for _, row in lot
        ]
        entry, granted_at = grant.entry, grant.granted_at
    return FoundPatients(patients=tuple(shown), entry=entry, granted_at=granted_at)
