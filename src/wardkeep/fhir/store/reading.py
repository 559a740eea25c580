# SPDX-License-Identifier: Apache-2.0
"""Reading from the store: one query, one question to the door, then decryption."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from wardkeep.base.ids import OrganisationId
from wardkeep.base.stored_id import stored_id
from wardkeep.db.connection import Connection, Database, Row
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.client import WardenClient
from wardkeep.disclosure.purpose import Tier
from wardkeep.fhir.model.type_codes import type_code
from wardkeep.fhir.store.opening import (
    open_of_patient,
    open_shared,
    others_in,
    shared_cipher,
)
from wardkeep.fhir.store.outcomes import NotFound, Opened, OpenedResource, Opener
from wardkeep.fhir.store.rows import (
    KEY_COLUMNS,
    KEYS_ALONE,
    RESOURCE_COLUMNS,
    PatientKeyRow,
    StoredRow,
    patient_key_row,
    stored_row,
)

USUAL_TIERS = (Tier.BANNER, Tier.RECORD)
"""What opening a record opens; the sealed tier is opened by itself."""
MOST_ROWS = 10_000

_PLACES = """
  left join record.patient as p on p.number = r.patient
  left join record.shared_key as k
    on r.patient is null and k.organisation = r.organisation
 where r.organisation = $1 and r.type = $2 and r.id = $3
"""
_CURRENT = f"""
select {RESOURCE_COLUMNS}, r.is_deleted, k.wrapped_key, {KEY_COLUMNS}
  from record.resource as r {_PLACES}
"""  # noqa: S608 - constants
_VERSION = f"""
select {RESOURCE_COLUMNS}, r.is_deleted, k.wrapped_key, {KEY_COLUMNS}
  from record.resource as r {_PLACES} and r.version = $4
union all
select {RESOURCE_COLUMNS}, r.is_deleted, k.wrapped_key, {KEY_COLUMNS}
  from record.history as r {_PLACES} and r.version = $4
"""  # noqa: S608 - constants
_OF_PATIENT = f"""
{KEYS_ALONE}
  from p
union all
(select {RESOURCE_COLUMNS}, null, null, null, null, null
  from record.resource as r
 where r.organisation = $1 and r.patient = (select number from p)
   and not r.is_deleted
   and ($3::smallint[] is null or r.type = any($3))
   and ($4::timestamptz is null or r.clinical_at >= $4)
   and ($5::timestamptz is null or r.clinical_at < $5)
   %s
 order by r.clinical_at desc nulls last, r.type, r.id
 limit $6)
"""  # noqa: S608 - constants


class PatientQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which of one patient's resources: every condition must hold."""

    patient: str
    types: tuple[str, ...] = ()
    """FHIR types; none: all of them."""
    since: datetime | None = None
    until: datetime | None = None
    """Clinical time, `since` within and `until` without."""
    any_of: tuple[tuple[int, ...], ...] = ()
    """Search tokens: of every group at least one must be there."""
    at_most: int = MOST_ROWS
    tiers: tuple[Tier, ...] = USUAL_TIERS


class Reader:
    """Reads what is stored, through the door."""

    def __init__(self, database: Database, warden: WardenClient) -> None:
        self._database = database
        self._warden = warden

    async def one(
        self, type_: str, id_: str, *, opener: Opener, version: int | None = None
    ) -> Opened | Refusal | NotFound:
        """One resource, at its current version or an older one."""
        missing = NotFound(type=type_, id=id_)
        code = type_code(type_)
        if code is None:
            return missing
        organisation = opener.organisation
        async with self._database.connection(organisation) as connection:
            row = await _row_of(connection, organisation, (code, id_), version)
            if row is None:
                return missing
            if row["is_deleted"]:
                return NotFound(type=type_, id=id_, was_deleted=True)
            stored = _stored(row, organisation)
            others = await others_in(connection, [stored])
        if row["patient_number"] is not None:
            return await open_of_patient(
                self._warden,
                opener,
                patient=patient_key_row(row),
                rows=[stored],
                others=others,
            )
        cipher = await shared_cipher(self._warden, opener, row["wrapped_key"])
        return cipher if isinstance(cipher, Refusal) else open_shared(cipher, [stored])

    async def of_patient(
        self, query: PatientQuery, *, opener: Opener
    ) -> Opened | Refusal | NotFound:
        """A patient's resources, the newest first, or as many as were asked for."""
        async with self._database.connection(opener.organisation) as connection:
            found = await rows_of(connection, opener.organisation, query)
            if found is None:
                return NotFound(type="Patient", id=query.patient)
            patient, stored = found
            is_more = len(stored) > query.at_most
            stored = stored[: query.at_most]
            asked = [row for row in stored if row.tier in query.tiers]
            others = await others_in(connection, asked)
        if not asked:
            return Opened(resources=(), sealed_left=len(stored))
        opened = await open_of_patient(
            self._warden, opener, patient=patient, rows=asked, others=others
        )
        if isinstance(opened, Refusal):
            return opened
        return msgspec.structs.replace(
            opened, is_more=is_more, sealed_left=len(stored) - len(asked)
        )

    async def shared(
        self, references: Sequence[tuple[str, str]], *, opener: Opener
    ) -> Opened | Refusal:
        """Some of the organisation's own resources, as (type, id); others are left out.

        This names places and people in a record: one query for all of them.
        """
        wanted = [
            (code, id_)
            for type_, id_ in references
            if (code := type_code(type_)) is not None
        ]
        async with self._database.connection(opener.organisation) as connection:
            rows = await connection.fetch(
                _SHARED,
                opener.organisation,
                [code for code, _ in wanted],
                [stored_id(id_) for _, id_ in wanted],
            )
        if not rows:
            return Opened(resources=())
        cipher = await shared_cipher(self._warden, opener, rows[0]["wrapped_key"])
        if isinstance(cipher, Refusal):
            return cipher
        return open_shared(cipher, [_stored(row, opener.organisation) for row in rows])


_SHARED = f"""
select {RESOURCE_COLUMNS}, k.wrapped_key, null as patient_id
  from unnest($2::smallint[], $3::bytea[]) as wanted (type, id)
  join record.resource as r
    on r.organisation = $1 and r.type = wanted.type and r.id = wanted.id
  join record.shared_key as k on k.organisation = r.organisation
 where r.patient is null and not r.is_deleted
"""  # noqa: S608 - constants


async def _row_of(
    connection: Connection,
    organisation: OrganisationId,
    key: tuple[int, str],
    version: int | None,
) -> Row | None:
    code, id_ = key[0], stored_id(key[1])
    if version is None:
        return await connection.fetch_row(_CURRENT, organisation, code, id_)
    return await connection.fetch_row(_VERSION, organisation, code, id_, version)


def _stored(row: Row, organisation: OrganisationId) -> StoredRow:
    return stored_row(row, organisation=organisation, patient=row["patient_id"] or "")


async def _fetch(
    connection: Connection, organisation: OrganisationId, query: PatientQuery
) -> Sequence[Row]:
    # Tokens filter what the patient's own index found: the token index is fenced off
    # because joining both costs 35 ms where this costs 1.4 (docs/performance.md).
    groups = range(len(query.any_of))
    conditions = "".join(f" and r.tokens && ${7 + place}::bigint[]" for place in groups)
    types = [code for code in map(type_code, query.types) if code is not None]
    return await connection.fetch(
        _OF_PATIENT % conditions,
        organisation,
        query.patient,
        types if query.types else None,
        query.since,
        query.until,
        query.at_most + 1,
        *query.any_of,
    )


async def rows_of(
    connection: Connection, organisation: OrganisationId, query: PatientQuery
) -> tuple[PatientKeyRow, list[StoredRow]] | None:
    """A patient's keys, and one row more than asked for where there are more.

    None where there is no such patient. Nothing is opened by it.
    """
    return _split(await _fetch(connection, organisation, query), organisation)


def _split(
    rows: Sequence[Row], organisation: OrganisationId
) -> tuple[PatientKeyRow, list[StoredRow]] | None:
    """The patient's keys and the rows; None where there is no such patient."""
    keys = [row for row in rows if row["type"] is None]
    if not keys:
        return None
    patient = patient_key_row(keys[0])
    return patient, [
        stored_row(row, organisation=organisation, patient=patient.id)
        for row in rows
        if row["type"] is not None
    ]


def texts_of(resources: Sequence[OpenedResource], type_: str) -> list[bytes]:
    """The JSON of every resource of one type."""
    return [one.text for one in resources if one.type == type_]
