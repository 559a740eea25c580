# SPDX-License-Identifier: Apache-2.0
"""What of one patient may go along with a referral by message, and what goes.

Looked at first, as any record is; then what was chosen is opened once more by an action
of its own, whose entry names every resource that leaves and to whom. Nothing sealed, so
no way into a home, is asked for, and nothing that another patient is in.
"""

from collections.abc import Sequence
from datetime import datetime

from wardkeep.base.stored_id import stored_id
from wardkeep.db.connection import Connection, Database
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.client import WardenClient
from wardkeep.disclosure.purpose import Action, Tier
from wardkeep.fhir.model.type_codes import type_code
from wardkeep.fhir.store.outcomes import NotFound, Opened, Opener
from wardkeep.fhir.store.reading import PatientQuery, rows_of
from wardkeep.fhir.store.releasing import Keys, release
from wardkeep.fhir.store.rows import (
    KEYS_ALONE,
    RESOURCE_COLUMNS,
    PatientKeyRow,
    StoredRow,
    patient_key_row,
    stored_row,
)

PERSON, FLAG = "Patient", "Flag"
TAKEN_SINCE = ("Observation", "QuestionnaireResponse")
MOST_FLAGS, MOST_SINCE = 100, 200
Named = tuple[str, str]
"""A resource: FHIR type and id."""
_NAMED = f"""
{KEYS_ALONE} from p
union all
(select {RESOURCE_COLUMNS}, null, null, null, null, null
   from record.resource as r
   join unnest($3::smallint[], $4::bytea[]) as n (type, id)
     on n.type = r.type and n.id = r.id
  where r.organisation = $1 and r.patient = (select number from p)
    and not r.is_deleted)
"""  # noqa: S608 - constants


class AlongReader:
    """Reads what may go along, and opens what does."""

    def __init__(self, database: Database, warden: WardenClient) -> None:
        self._database = database
        self._warden = warden

    async def look(
        self, patient: str, *, since: datetime | None, opener: Opener
    ) -> Opened | Refusal | NotFound:
        """Warnings, and what was asked and measured since; None: warnings alone."""
        flags = PatientQuery(patient=patient, types=(FLAG,), at_most=MOST_FLAGS)
        async with self._database.connection(opener.organisation) as connection:
            found = await rows_of(connection, opener.organisation, flags)
            if found is None:
                return NotFound(type=PERSON, id=patient)
            keys, rows = found
            if since is not None:
                query = PatientQuery(
                    patient=patient,
                    types=TAKEN_SINCE,
                    since=since,
                    at_most=MOST_SINCE,
                )
                more = await rows_of(connection, opener.organisation, query)
                rows = [*rows, *(more[1] if more else ())]
        return await self._open(keys, rows, opener, Action.READ)

    async def named(
        self, patient: str, named: Sequence[Named], *, opener: Opener
    ) -> Opened | Refusal | NotFound:
        """These resources of the patient, as far as they are there."""
        found = await self._rows(patient, named, opener)
        if found is None:
            return NotFound(type=PERSON, id=patient)
        return await self._open(*found, opener, Action.READ)

    async def send(
        self, patient: str, named: Sequence[Named], *, to: str, opener: Opener
    ) -> Opened | Refusal | NotFound:
        """The same, to be sent to a service, whose name stands in the entry."""
        found = await self._rows(patient, named, opener)
        if found is None:
            return NotFound(type=PERSON, id=patient)
        return await self._open(*found, opener, Action.SEND, request=f"to {to}")

    async def _rows(
        self, patient: str, named: Sequence[Named], opener: Opener
    ) -> tuple[PatientKeyRow, list[StoredRow]] | None:
        async with self._database.connection(opener.organisation) as connection:
            return await _rows_named(connection, opener, patient, named)

    async def _open(
        self,
        keys: PatientKeyRow,
        rows: Sequence[StoredRow],
        opener: Opener,
        action: Action,
        *,
        request: str = "",
    ) -> Opened | Refusal:
        return await release(
            self._warden,
            opener,
            rows=[row for row in rows if _goes(row)],
            keys=Keys(patients={keys.number: keys}),
            action=action,
            request=request,
        )


def _goes(row: StoredRow) -> bool:
    return row.tier is not Tier.SEALED and not row.also


async def _rows_named(
    connection: Connection, opener: Opener, patient: str, named: Sequence[Named]
) -> tuple[PatientKeyRow, list[StoredRow]] | None:
    coded = [(type_code(type_), stored_id(id_)) for type_, id_ in named]
    known = [(code, id_) for code, id_ in coded if code is not None]
    found = await connection.fetch(
        _NAMED,
        opener.organisation,
        patient,
        [code for code, _ in known],
        [id_ for _, id_ in known],
    )
    keys = [row for row in found if row["type"] is None]
    if not keys:
        return None
    whose = patient_key_row(keys[0])
    return whose, [
        stored_row(row, organisation=opener.organisation, patient=whose.id)
        for row in found
        if row["type"] is not None
    ]
