# SPDX-License-Identifier: Apache-2.0
"""Opening rows of any patients at once, for programs: one question to the door.

Every row's patient, and every further patient whom a row is about, is in the entry
before a byte is in the clear; so are the organisation's own resources.
"""

from collections.abc import Mapping, Sequence

import msgspec

from wardkeep.base.ids import OrganisationId
from wardkeep.db.connection import Connection
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.client import WardenClient
from wardkeep.disclosure.message import MAX_ITEMS
from wardkeep.disclosure.purpose import Action, Tier
from wardkeep.disclosure.questions import Item, ResourceRef
from wardkeep.disclosure.sealed import OpenGrant
from wardkeep.fhir.store.outcomes import NO_ENTRY, Opened, OpenedResource, Opener
from wardkeep.fhir.store.rows import (
    KEY_COLUMNS,
    PatientKeyRow,
    StoredRow,
    patient_key_row,
)

_KEYS = (
    f"select {KEY_COLUMNS} from record.patient as p"  # noqa: S608 - constants
    # Whose record was erased has no keys any more.
    " where p.number = any($1) and p.record_key <> ''"
)

_SHARED_KEY = "select wrapped_key from record.shared_key where organisation = $1"


class Keys(msgspec.Struct, frozen=True, kw_only=True):
    """Wrapped keys of some rows."""

    patients: Mapping[int, PatientKeyRow]
    """By number: owners, and further patients whom a row is about."""
    shared: bytes = b""


async def keys_for(
    connection: Connection,
    organisation: OrganisationId,
    *,
    owners: Sequence[int | None],
    also: Sequence[int] = (),
) -> Keys:
    """The wrapped keys of rows with these owners (None: the organisation)."""
    numbers = {one for one in owners if one is not None}.union(also)
    found = await connection.fetch(_KEYS, list(numbers)) if numbers else []
    shared = b""
    if None in owners:
        shared = await connection.fetch_value(_SHARED_KEY, organisation) or b""
    return Keys(
        patients={row["patient_number"]: patient_key_row(row) for row in found},
        shared=shared,
    )


def items_for(rows: Sequence[StoredRow], keys: Keys) -> tuple[Item, ...]:
    """What to ask the door for: one item for each patient and tier."""
    by_id = {one.id: one for one in keys.patients.values()}
    named: dict[tuple[str, Tier, bytes], list[ResourceRef]] = {}
    for row in rows:
        named.setdefault((row.patient, row.tier, row.row_key), []).append(row.ref)
    for row in rows:
        for number in row.also:
            other = keys.patients.get(number)
            if other is not None:
                named.setdefault((other.id, Tier.BANNER, b""), []).append(row.ref)
    return tuple(
        Item(
            patient=patient,
            tier=tier,
            wrapped_key=by_id[patient].wrapped_key(tier) if patient else keys.shared,
            resources=tuple(refs),
            row_key=row_key,
        )
        for (patient, tier, row_key), refs in named.items()
    )


async def release(
    warden: WardenClient,
    opener: Opener,
    *,
    rows: Sequence[StoredRow],
    keys: Keys,
    action: Action,
    request: str = "",
) -> Opened | Refusal:
    """The rows in the clear, in their order."""
    if not rows:
        return Opened(resources=())
    items = items_for(rows, keys)
    opened: dict[ResourceRef, bytes] = {}
    entry, granted_at = NO_ENTRY, 0
    for start in range(0, len(items), MAX_ITEMS):
        portion = items[start : start + MAX_ITEMS]
        grant = await warden.disclose(
            opener.session,
            purpose=opener.purpose,
            reason=opener.reason,
            action=action,
            items=portion,
            request=request,
        )
        if isinstance(grant, Refusal):
            return grant
        if entry == NO_ENTRY:
            entry, granted_at = grant.entry, grant.granted_at
        if len(items) <= MAX_ITEMS:
            return Opened(
                resources=_in_clear(rows, grant.open_all(rows)),
                entry=entry,
                granted_at=granted_at,
            )
        opened.update(_opened_by(grant, portion, rows))
    texts = [opened[row.ref] for row in rows]
    return Opened(resources=_in_clear(rows, texts), entry=entry, granted_at=granted_at)


def _opened_by(
    grant: OpenGrant, items: Sequence[Item], rows: Sequence[StoredRow]
) -> dict[ResourceRef, bytes]:
    mine = {(one.patient, one.tier) for one in items}
    of_grant = [row for row in rows if (row.patient, row.tier) in mine]
    texts = grant.open_all(of_grant)
    return {row.ref: text for row, text in zip(of_grant, texts, strict=True)}


def _in_clear(
    rows: Sequence[StoredRow], texts: Sequence[bytes]
) -> tuple[OpenedResource, ...]:
    return tuple([row.opened(text) for row, text in zip(rows, texts, strict=True)])
