# SPDX-License-Identifier: Apache-2.0
"""Special notes to be reviewed by a day, told by rows alone: nothing is opened."""

from datetime import datetime
from typing import NamedTuple

from wardkeep.db.connection import Database
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.client import WardenClient
from wardkeep.fhir.model.type_codes import type_code
from wardkeep.fhir.store.outcomes import Opener
from wardkeep.fhir.store.token_map import Asked, token_map
from wardkeep.fhir.urgent.special_note import TASK, TASK_CODE, TASK_SYSTEM

MOST = 5000
_ASKED: tuple[Asked, ...] = (
    (TASK, "code", f"{TASK_SYSTEM}|{TASK_CODE}"),
    (TASK, "status", "requested"),
)
_DUE = f"""
select p.id as patient, r.clinical_at
  from record.matching($1::smallint, $2::bigint[], {MOST}) as found
  join record.resource as r
    on r.organisation = record.served_organisation()
   and r.type = $1 and r.id = found.id
  join record.patient as p on p.number = r.patient
 where r.clinical_at < $3
 order by r.clinical_at, r.id
"""  # noqa: S608 - constants


class Due(NamedTuple):
    """One that is to be reviewed."""

    patient: str
    since: datetime


class NoteReviews:
    """Asks the database what is to be reviewed."""

    def __init__(self, database: Database, warden: WardenClient) -> None:
        self._database = database
        self._warden = warden

    async def due(self, until: datetime, *, opener: Opener) -> list[Due] | Refusal:
        """Those due before a moment, the longest overdue first."""
        tokens = await token_map(self._warden, opener, _ASKED)
        if isinstance(tokens, Refusal):
            return tokens
        async with self._database.connection(opener.organisation) as connection:
            rows = await connection.fetch(
                _DUE, type_code(TASK), [tokens[one] for one in _ASKED], until
            )
        return [Due(row["patient"], row["clinical_at"]) for row in rows]
