# SPDX-License-Identifier: Apache-2.0
"""Rows of the record store, and the SQL that reads and writes them."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from wardkeep.base.ids import OrganisationId
from wardkeep.base.stored_id import id_of, stored_id
from wardkeep.db.connection import Connection, Row
from wardkeep.disclosure.purpose import Tier
from wardkeep.disclosure.questions import Item
from wardkeep.disclosure.sealed import SealedResource
from wardkeep.fhir.model.type_codes import type_name
from wardkeep.fhir.store.abbreviation import expand
from wardkeep.fhir.store.outcomes import OpenedResource
from wardkeep.fhir.store.stamping import Stamp

_TIERS = {tier.value: tier for tier in Tier}
PATIENT_TIERS = (Tier.BANNER, Tier.RECORD, Tier.SEALED)


class PatientKeyRow(msgspec.Struct, frozen=True, kw_only=True):
    """A patient as the database knows one: a number and three wrapped keys."""

    number: int
    id: str
    wrapped: tuple[bytes, bytes, bytes]

    def wrapped_key(self, tier: Tier) -> bytes:
        return self.wrapped[PATIENT_TIERS.index(tier)]


class StoredRow(SealedResource, frozen=True, kw_only=True, gc=False):
    """A resource as it lies in the store, with what the database adds to it."""

    clinical_at: datetime | None
    last_updated: datetime
    also: tuple[int, ...] = ()
    """Numbers of further patients whom the resource is about."""

    def whole(self, text: bytes) -> bytes:
        """The JSON of an opened body."""
        stamp = Stamp(self.type, self.id, self.version, self.last_updated)
        return expand(text, stamp, owner=self.patient)

    def opened(self, text: bytes) -> OpenedResource:
        return OpenedResource(
            type=self.type,
            id=self.id,
            version=self.version,
            patient=self.patient,
            tier=self.tier,
            clinical_at=self.clinical_at,
            last_updated=self.last_updated,
            text=self.whole(text),
        )


class NewRow(msgspec.Struct, frozen=True, kw_only=True):
    """A sealed version that is about to be written."""

    patient: int | None
    last_updated: datetime
    clinical_at: datetime | None
    version: int
    type: int
    tier: Tier
    id: str
    tokens: Sequence[int]
    ranges: Sequence[int] | None
    """A token, a low and a high end for each range."""
    token_turn: int | None
    """Which keys' tokens they are (docs/formats/search-facts.md)."""
    present: bytes
    """Bits of the parameters that find something in it, the first byte's first."""
    body: bytes
    also: Sequence[int] | None = None


def stored_row(row: Row, *, organisation: OrganisationId, patient: str) -> StoredRow:
    """Read a row whose first columns are `RESOURCE_COLUMNS`."""
    # By place: to look up eight names takes longer than to decrypt the row.
    type_, id_, version, tier, clinical_at, last_updated, also, body, *_ = row.values()
    return StoredRow(
        organisation=organisation,
        type=type_name(type_),
        id=id_of(id_),
        version=version,
        patient=patient,
        tier=_TIERS[tier],
        body=body,
        clinical_at=clinical_at,
        last_updated=last_updated,
        also=tuple(also) if also else (),
    )


def patient_key_row(row: Row) -> PatientKeyRow:
    return PatientKeyRow(
        number=row["patient_number"],
        id=row["patient_id"],
        wrapped=(row["banner_key"], row["record_key"], row["sealed_key"]),
    )


def items_of(patient: PatientKeyRow, rows: Iterable[StoredRow]) -> tuple[Item, ...]:
    """What to ask the door for in order to open a patient's rows: one item a tier."""
    by_tier: dict[tuple[Tier, bytes], list[tuple[str, str, int]]] = {}
    for row in rows:
        # What is sealed has a key for each row, so an item for each as well.
        by_tier.setdefault((row.tier, row.row_key), []).append(row.ref)
    return tuple(
        Item(
            patient=patient.id,
            tier=tier,
            wrapped_key=patient.wrapped_key(tier),
            resources=tuple(refs),
            row_key=row_key,
        )
        for (tier, row_key), refs in sorted(by_tier.items())
    )


RESOURCE_COLUMNS = (
    "r.type, r.id, r.version, r.tier, r.clinical_at, r.last_updated, r.also, r.body"
)
KEY_COLUMNS = (
    "p.number as patient_number, p.id as patient_id,"
    " p.banner_key, p.record_key, p.sealed_key"
)
# The keys travel in a row of their own, once, and not beside each of 500 rows.
KEYS_ALONE = f"""
with p as materialized (
  select number, id, banner_key, record_key, sealed_key from record.patient
   where organisation = $1 and id = $2)
select null::smallint as type, null as id, null::integer as version,
       null::smallint as tier, null::timestamptz as clinical_at,
       null::timestamptz as last_updated, null::bigint[] as also, null::bytea as body,
       {KEY_COLUMNS}
"""  # noqa: S608 - constants
"""Begins a statement that goes on with ` from p union all` and rows of the patient
whose organisation is `$1` and id `$2`."""
_INSERT = """
insert into record.resource
  (patient, last_updated, clinical_at, organisation, version, type, tier, id, tokens,
   body, also, ranges, present, token_turn)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
"""
_REPLACE = """
update record.resource
   set last_updated = $4, clinical_at = $5, version = $6, tier = $7, tokens = $8,
       body = $9, also = $10, ranges = $11, present = $12, is_deleted = false,
       token_turn = $13
 where organisation = $1 and type = $2 and id = $3 and version = $6 - 1
"""
_INSERT_PATIENT = """
insert into record.patient (organisation, id, banner_key, record_key, sealed_key)
values ($1, $2, $3, $4, $5) returning number
"""


async def insert_patient(
    connection: Connection,
    organisation: OrganisationId,
    *,
    patient: str,
    wrapped: tuple[bytes, bytes, bytes],
) -> int:
    """Write a new patient's keys; the patient's number.

    Raises:
        AlreadyExistsError: the patient is here already.
    """
    number: int = await connection.fetch_value(
        _INSERT_PATIENT, organisation, patient, *wrapped
    )
    return number


async def insert_rows(
    connection: Connection, organisation: OrganisationId, rows: Iterable[NewRow]
) -> None:
    """Write first versions.

    Raises:
        AlreadyExistsError: one of them is here already.
    """
    values = [_values(organisation, row) for row in rows]
    if len(values) == 1:
        await connection.execute(_INSERT, *values[0])
    elif values:
        await connection.execute_many(_INSERT, values)


def _values(organisation: OrganisationId, row: NewRow) -> tuple[object, ...]:
    """In the order of `_INSERT`."""
    return (
        row.patient,
        row.last_updated,
        row.clinical_at,
        organisation,
        row.version,
        row.type,
        row.tier,
        stored_id(row.id),
        row.tokens,
        row.body,
        row.also,
        row.ranges,
        row.present,
        row.token_turn,
    )


async def replace_row(
    connection: Connection, organisation: OrganisationId, row: NewRow
) -> bool:
    """Write a next version; False where the one before is not the current one."""
    status = await connection.execute(
        _REPLACE,
        organisation,
        row.type,
        stored_id(row.id),
        row.last_updated,
        row.clinical_at,
        row.version,
        row.tier,
        row.tokens,
        row.body,
        row.also,
        row.ranges,
        row.present,
        row.token_turn,
    )
    return status == "UPDATE 1"
