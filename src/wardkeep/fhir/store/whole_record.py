# SPDX-License-Identifier: Apache-2.0
"""One patient's whole record for a program: `$everything`.

https://hl7.org/fhir/R4/operation-patient-everything.html. The rows of a patient lie
together, so this is one query and one question to the door; what they refer to outside
(people, places) is one more.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from wardkeep.db.connection import Database, Row
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.client import WardenClient
from wardkeep.disclosure.purpose import Action
from wardkeep.fhir.model.type_codes import type_code
from wardkeep.fhir.store.ordering import Place
from wardkeep.fhir.store.outcomes import NotFound, Opened, Opener
from wardkeep.fhir.store.releasing import Keys, release
from wardkeep.fhir.store.rows import (
    KEYS_ALONE,
    RESOURCE_COLUMNS,
    patient_key_row,
    stored_row,
)

_ROWS = f"""
{KEYS_ALONE}
  from p
union all
(select {RESOURCE_COLUMNS}, null, null, null, null, null
  from record.resource as r
 where r.organisation = $1 and r.patient = (select number from p)
   and not r.is_deleted and r.tier <> 3
   and ($3::smallint[] is null or r.type = any($3))
   and ($4::timestamptz is null or r.clinical_at >= $4 or r.type = $9)
   and ($5::timestamptz is null or r.clinical_at < $5 or r.type = $9)
   and ($6::timestamptz is null or r.last_updated >= $6)
   and ($7::smallint is null or (r.type, r.id) > ($7, $8::bytea))
 order by r.type, r.id
 limit $10)
"""  # noqa: S608 - constants


class WholeRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Which part of a record."""

    patient: str
    types: tuple[str, ...] = ()
    start: datetime | None = None
    end: datetime | None = None
    """Clinical time; the patient's own resource is always there."""
    since: datetime | None = None
    after: Place | None = None
    count: int


class WholePage(msgspec.Struct, frozen=True, kw_only=True):
    """Resources by type and id."""

    opened: Opened
    next: Place | None = None


class RecordReader:
    """Reads records whole."""

    def __init__(self, database: Database, warden: WardenClient) -> None:
        self._database = database
        self._warden = warden

    async def read(
        self, asked: WholeRequest, *, opener: Opener
    ) -> WholePage | Refusal | NotFound:
        after = asked.after
        async with self._database.connection(opener.organisation) as connection:
            rows = await connection.fetch(
                _ROWS,
                opener.organisation,
                asked.patient,
                [type_code(one) for one in asked.types] or None,
                asked.start,
                asked.end,
                asked.since,
                after.type if after else None,
                after.id if after else None,
                type_code("Patient"),
                asked.count + 1,
            )
        if not rows:
            return NotFound(type="Patient", id=asked.patient)
        # The keys' row comes first: a union all keeps the order of its parts.
        keys = patient_key_row(rows[0])
        found = rows[1 : asked.count + 1]
        opened = await release(
            self._warden,
            opener,
            rows=[
                stored_row(row, organisation=opener.organisation, patient=keys.id)
                for row in found
            ],
            keys=Keys(patients={keys.number: keys}),
            action=Action.READ,
            request=opener.request,
        )
        if isinstance(opened, Refusal):
            return opened
        is_more = len(rows) - 1 > asked.count
        return WholePage(opened=opened, next=_place(found) if is_more else None)


def _place(rows: Sequence[Row]) -> Place:
    return Place((), rows[-1]["type"], rows[-1]["id"])
