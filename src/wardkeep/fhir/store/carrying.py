# SPDX-License-Identifier: Apache-2.0
"""What a car's list on a phone says of one patient: who, where, why, and warnings.

One query, and one question to the door that names every resource. Nothing sealed, so no
way into a home, is asked for; of cases it is the one that is visited for.
"""

from wardkeep.db.connection import Database
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.client import WardenClient
from wardkeep.disclosure.purpose import Action, Tier
from wardkeep.fhir.store.outcomes import NotFound, Opened, Opener
from wardkeep.fhir.store.reading import PatientQuery, rows_of
from wardkeep.fhir.store.releasing import Keys, release
from wardkeep.fhir.store.rows import StoredRow

PERSON, CASE, FLAG = "Patient", "Encounter", "Flag"
MOST_CARRIED = 400
"""Cases and warnings of one person; beyond, their oldest cases are not looked at."""


class Carrier:
    """Opens what goes onto a phone."""

    def __init__(self, database: Database, warden: WardenClient) -> None:
        self._database = database
        self._warden = warden

    async def take(
        self, patient: str, case: str, *, opener: Opener
    ) -> Opened | Refusal | NotFound:
        """Of a patient on a list that was signed for; `case` is an Encounter's id."""
        query = PatientQuery(
            patient=patient, types=(PERSON, CASE, FLAG), at_most=MOST_CARRIED
        )
        async with self._database.connection(opener.organisation) as connection:
            found = await rows_of(connection, opener.organisation, query)
        if found is None or not found[1]:
            return NotFound(type=PERSON, id=patient)
        keys, rows = found
        return await release(
            self._warden,
            opener,
            rows=[row for row in rows if _goes(row, case)],
            keys=Keys(patients={keys.number: keys}),
            action=Action.CARRY,
        )


def _goes(row: StoredRow, case: str) -> bool:
    """Neither what is kept apart nor what another patient is in."""
    if row.tier is Tier.SEALED or row.also:
        return False
    return row.type != CASE or row.id == case
