# SPDX-License-Identifier: Apache-2.0
"""A change: what is to be written, and what the database knows of it beforehand."""

from collections.abc import Mapping, Sequence

import msgspec

from wardkeep.base.stored_id import id_of, stored_id
from wardkeep.db.changes import Topic
from wardkeep.db.connection import Connection, Row
from wardkeep.fhir.model.type_codes import type_code, type_name
from wardkeep.fhir.store.draft import Draft
from wardkeep.fhir.store.keys import patients_by_id
from wardkeep.fhir.store.outcomes import Conflict, Opener, Reference
from wardkeep.fhir.store.rows import PatientKeyRow

_CURRENT = """
select r.type, r.id, r.version, r.tier, r.is_deleted, coalesce(p.id, '') as patient
  from unnest($2::smallint[], $3::bytea[]) as wanted (type, id)
  join record.resource as r
    on r.organisation = $1 and r.type = wanted.type and r.id = wanted.id
  left join record.patient as p on p.number = r.patient
"""

MUST_NOT_EXIST = 0
MUST_EXIST = -2
"""In the place of an expected version."""


class Removal(msgspec.Struct, frozen=True, kw_only=True):
    """A resource to delete; what is not there is deleted already."""

    type: str
    id: str
    expected_version: int | None = None


class Guard(msgspec.Struct, frozen=True, kw_only=True):
    """What must find nothing for the change to be made: conditional creates.

    The lock makes everyone with the same condition wait for each other, so that of
    eight who look at once one creates and seven find.
    """

    lock: int
    sql: str
    values: tuple[object, ...]


class Beside(msgspec.Struct, frozen=True, kw_only=True):
    """A statement of the same transaction, on rows that lie beside the record.

    It must change a row and break no rule of uniqueness: else somebody else did it
    first, nothing is written, and the answer is `AlreadyThere`.
    """

    sql: str
    values: tuple[object, ...]


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """All that is to be written, or nothing of it."""

    drafts: Sequence[Draft] = ()
    expected: Sequence[int | None] = ()
    """For each draft what it builds on; None: whatever there is, 0: nothing."""
    removals: Sequence[Removal] = ()
    guards: Sequence[Guard] = ()
    beside: Sequence[Beside] = ()
    mark: Sequence[bytes] = ()
    """What an import knows its document by: values whose tokens are kept with the
    change."""
    tells: Sequence[Topic] = ()
    """What live pages hear has changed, once this is committed."""


class Current(msgspec.Struct, frozen=True):
    """A resource as it stands before the change."""

    version: int
    patient: str
    tier: int
    is_deleted: bool


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What the database knows of the resources and patients of a change."""

    current: Mapping[tuple[str, str], Current]
    patients: Mapping[str, PatientKeyRow]

    def next_version(self, draft: Draft) -> int:
        current = self.current.get((draft.type, draft.id))
        return current.version + 1 if current else 1

    def has(self, one: Reference) -> bool:
        current = self.current.get((one.type, one.id))
        return current is not None and not current.is_deleted


def patients_in(change: Change) -> frozenset[str]:
    """Whom the drafts are about."""
    return frozenset(one for draft in change.drafts for one in draft.patients)


async def look_up(
    connection: Connection,
    change: Change,
    looked_for: Sequence[tuple[str, str]],
    opener: Opener,
) -> Known:
    rows: Sequence[Row] = ()
    if looked_for:
        rows = await connection.fetch(
            _CURRENT,
            opener.organisation,
            [type_code(type_) for type_, _ in looked_for],
            [stored_id(id_) for _, id_ in looked_for],
        )
    ids = set(patients_in(change))
    if change.removals:
        ids.update(row["patient"] for row in rows if row["patient"])
    return Known(
        current={
            (type_name(row["type"]), id_of(row["id"])): Current(
                row["version"], row["patient"], row["tier"], row["is_deleted"]
            )
            for row in rows
        },
        patients=await patients_by_id(connection, opener.organisation, ids),
    )


def conflict_in(known: Known, change: Change) -> Conflict | None:
    """Where what it builds on is not what is there now."""
    wanted = [
        (one.type, one.id, version)
        for one, version in zip(change.drafts, change.expected, strict=True)
    ]
    wanted.extend((one.type, one.id, one.expected_version) for one in change.removals)
    for type_, id_, expected in wanted:
        current = known.current.get((type_, id_))
        is_there = current is not None and not current.is_deleted
        version = current.version if current is not None and is_there else 0
        is_met = is_there if expected == MUST_EXIST else expected in (None, version)
        # Whoever deleted it may bring it back by the version that the deletion made.
        is_met = is_met or (current is not None and expected == current.version)
        if not is_met:
            return Conflict(type=type_, id=id_, version=version)
    return None
