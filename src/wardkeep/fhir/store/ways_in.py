# SPDX-License-Identifier: Apache-2.0
"""How many ways into a home are kept, and since when; what they are stays sealed."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from wardkeep.base.ids import OrganisationId
from wardkeep.base.stored_id import id_of
from wardkeep.db.connection import Database
from wardkeep.disclosure.purpose import Tier
from wardkeep.fhir.home.way_in import TYPE
from wardkeep.fhir.model.type_codes import type_code

_OF_PATIENT = f"""
select r.id, r.version, r.last_updated from record.resource as r
  join record.patient as p on p.number = r.patient
 where r.organisation = $1 and p.organisation = $1 and p.id = $2
   and r.type = $3 and r.tier = {Tier.SEALED:d} and not r.is_deleted
 order by r.id
"""  # noqa: S608 - constants


class KeptWayIn(msgspec.Struct, frozen=True, kw_only=True):
    """One that is kept; neither its kind nor its code is known here."""

    id: str
    version: int
    set_at: datetime


class WaysInKept:
    """Says which ways in there are; each is opened by itself, at the door."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(
        self, organisation: OrganisationId, patient: str
    ) -> Sequence[KeptWayIn]:
        """A patient's, always in the same order."""
        async with self._database.connection(organisation) as connection:
            rows = await connection.fetch(
                _OF_PATIENT, organisation, patient, type_code(TYPE)
            )
        return [
            KeptWayIn(
                id=id_of(row["id"]),
                version=row["version"],
                set_at=row["last_updated"],
            )
            for row in rows
        ]
