# SPDX-License-Identifier: Apache-2.0
"""Reading what notes need besides one patient's newest: versions, queues, staff."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from wardkeep.base.ids import OrganisationId
from wardkeep.base.stored_id import id_of, stored_id
from wardkeep.db.connection import Database
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.client import WardenClient
from wardkeep.disclosure.purpose import Tier
from wardkeep.fhir.model.type_codes import type_code
from wardkeep.fhir.notes import cosigning
from wardkeep.fhir.notes.note import TYPE as NOTE
from wardkeep.fhir.search.query import terms_of
from wardkeep.fhir.store.opening import open_of_patient
from wardkeep.fhir.store.outcomes import NotFound, OpenedResource, Opener
from wardkeep.fhir.store.rows import (
    KEY_COLUMNS,
    RESOURCE_COLUMNS,
    patient_key_row,
    stored_row,
)
from wardkeep.fhir.store.shared_listing import SharedLister
from wardkeep.fhir.store.tokens import tokens_of

MOST_VERSIONS = 100
MOST_WAITING = 40
MOST_SHARED = 500
_VERSION = f"""
select {RESOURCE_COLUMNS}, {KEY_COLUMNS}
  from record.%s as r join record.patient as p on p.number = r.patient
 where r.organisation = $1 and r.type = $2 and r.id = $3 and r.tier <> {Tier.SEALED:d}
   and not r.is_deleted
"""  # noqa: S608 - constants
_VERSIONS = (
    f"{_VERSION % 'resource'} union all {_VERSION % 'history'}"
    f" order by version desc limit {MOST_VERSIONS}"
)
_SEALED = f"""
select r.id, r.version, r.last_updated from record.resource as r
  join record.patient as p on p.number = r.patient
 where r.organisation = $1 and p.organisation = $1 and p.id = $2
   and r.type = $3 and r.tier = {Tier.SEALED:d} and not r.is_deleted
 order by r.last_updated desc
"""  # noqa: S608 - constants
_WAITING = f"""
select r.id, r.last_updated, p.id as patient
  from record.matching($1::smallint, $2::bigint[], {MOST_WAITING + 1}) as found
  join record.resource as r
    on r.organisation = record.served_organisation()
   and r.type = $1 and r.id = found.id
  join record.patient as p on p.number = r.patient
 order by r.last_updated
"""  # noqa: S608 - constants


class SealedNote(msgspec.Struct, frozen=True, kw_only=True):
    """That there is one, and when it was written; nothing else is known here."""

    id: str
    version: int
    changed: datetime


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """A note that waits for somebody's signature."""

    note: str
    patient: str
    since: datetime


class NoteReader:
    """Finds versions, sealed notes and what waits."""

    def __init__(self, database: Database, warden: WardenClient) -> None:
        self._database = database
        self._warden = warden
        self._lister = SharedLister(database, warden)

    async def versions(
        self, note: str, *, opener: Opener
    ) -> Sequence[OpenedResource] | Refusal | NotFound:
        """Every version of a note that is not sealed, the newest first."""
        organisation = opener.organisation
        async with self._database.connection(organisation) as connection:
            rows = await connection.fetch(
                _VERSIONS, organisation, type_code(NOTE), stored_id(note)
            )
        if not rows:
            return NotFound(type=NOTE, id=note)
        patient = patient_key_row(rows[0])
        opened = await open_of_patient(
            self._warden,
            opener,
            patient=patient,
            rows=[
                stored_row(row, organisation=organisation, patient=patient.id)
                for row in rows
            ],
        )
        return opened if isinstance(opened, Refusal) else opened.resources

    async def sealed(
        self, organisation: OrganisationId, patient: str
    ) -> Sequence[SealedNote]:
        """A patient's sealed notes, the newest first; each opens by itself."""
        async with self._database.connection(organisation) as connection:
            rows = await connection.fetch(
                _SEALED, organisation, patient, type_code(NOTE)
            )
        return [
            SealedNote(
                id=id_of(row["id"]),
                version=row["version"],
                changed=row["last_updated"],
            )
            for row in rows
        ]

    async def to_co_sign(
        self, practitioner: str, *, opener: Opener
    ) -> Sequence[Waiting] | Refusal:
        """What waits for this Practitioner, the oldest first; 40 at most.

        Nothing of it is opened: the Task has the note's own id.
        """
        code = f"{cosigning.SYSTEM}|{cosigning.CODE}"
        asked = [("owner", practitioner), ("code", code), ("status", cosigning.ASKED)]
        terms = terms_of(cosigning.TYPE, asked)
        tokens = await tokens_of(self._warden, opener.session, terms)
        if isinstance(tokens, Refusal):
            return tokens
        async with self._database.connection(opener.organisation) as connection:
            rows = await connection.fetch(
                _WAITING, type_code(cosigning.TYPE), list(tokens)
            )
        return [
            Waiting(
                note=id_of(row["id"]),
                patient=row["patient"],
                since=row["last_updated"],
            )
            for row in rows
        ]

    async def shared(
        self, type_: str, *, opener: Opener
    ) -> Sequence[OpenedResource] | Refusal:
        """The organisation's own resources of one type; 500 at most."""
        return await self._lister.all_of(type_, opener=opener, at_most=MOST_SHARED)
