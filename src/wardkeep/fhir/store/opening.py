# SPDX-License-Identifier: Apache-2.0
"""Opening rows: the one door for patients' rows, the shared key for the others."""

from collections.abc import Sequence

from wardkeep.crypto.aead import Cipher, cipher_of
from wardkeep.db.connection import Connection
from wardkeep.disclosure.answers import Refusal, SharedKey
from wardkeep.disclosure.client import WardenClient
from wardkeep.disclosure.purpose import Action, Tier
from wardkeep.disclosure.questions import Item, OpenSharedKey, ResourceRef
from wardkeep.disclosure.sealed import OpenGrant, open_row
from wardkeep.fhir.store.outcomes import Opened, Opener
from wardkeep.fhir.store.rows import (
    KEY_COLUMNS,
    PatientKeyRow,
    StoredRow,
    items_of,
    patient_key_row,
)

PEOPLE_A_LIST = 20
"""The door names at most this many people in one list."""

Named = tuple[PatientKeyRow, tuple[ResourceRef, ...]]
"""A patient, and the resources that name the patient."""

_OTHERS = f"select {KEY_COLUMNS} from record.patient as p where p.number = any($1)"  # noqa: S608 - constants


async def open_of_patient(
    warden: WardenClient,
    opener: Opener,
    *,
    patient: PatientKeyRow,
    rows: Sequence[StoredRow],
    others: Sequence[PatientKeyRow] = (),
    action: Action = Action.READ,
) -> Opened | Refusal:
    """One patient's rows in the clear, once every patient in them is in the ledger."""
    grant = await warden.disclose(
        opener.session,
        purpose=opener.purpose,
        reason=opener.reason,
        action=action,
        items=items_of(patient, rows),
    )
    if isinstance(grant, Refusal):
        return grant
    refused = await name_others(warden, opener, others=others, rows=rows)
    if refused is not None:
        return refused
    return Opened(
        resources=tuple(
            [
                row.opened(text)
                for row, text in zip(rows, grant.open_all(rows), strict=True)
            ]
        ),
        entry=grant.entry,
        granted_at=grant.granted_at,
        relationship=grant.relationships[0],
    )


async def name_others(
    warden: WardenClient,
    opener: Opener,
    *,
    others: Sequence[PatientKeyRow],
    rows: Sequence[StoredRow],
) -> Refusal | None:
    """Have the ledger name the further patients whom some resources are about.

    They are named as in a list: the row is sealed under the first patient's key, so
    what is disclosed of the others is what the row says of them.
    """
    people = [(other, refs_about(other, rows)) for other in others]
    return await name_people(warden, opener, people=people)


async def name_people(
    warden: WardenClient, opener: Opener, *, people: Sequence[Named]
) -> Refusal | None:
    """Have the ledger name people, as many lists as it takes; the keys are dropped."""
    for start in range(0, len(people), PEOPLE_A_LIST):
        grant = await list_people(
            warden, opener, people=people[start : start + PEOPLE_A_LIST]
        )
        if isinstance(grant, Refusal):
            return grant
    return None


async def list_people(
    warden: WardenClient,
    opener: Opener,
    *,
    people: Sequence[Named],
    action: Action = Action.FIND,
) -> OpenGrant | Refusal:
    """The banner keys of at most twenty people, each named in the ledger."""
    return await warden.disclose(
        opener.session,
        purpose=opener.purpose,
        reason=opener.reason,
        action=action,
        request=opener.request,
        items=tuple(
            Item(
                patient=one.id,
                tier=Tier.BANNER,
                wrapped_key=one.wrapped_key(Tier.BANNER),
                resources=refs,
            )
            for one, refs in people
        ),
    )


def refs_about(
    other: PatientKeyRow, rows: Sequence[StoredRow]
) -> tuple[ResourceRef, ...]:
    return tuple(row.ref for row in rows if other.number in row.also)


async def others_in(
    connection: Connection, rows: Sequence[StoredRow]
) -> list[PatientKeyRow]:
    """The further patients of some rows; no query where there are none."""
    numbers = sorted({number for row in rows for number in row.also})
    if not numbers:
        return []
    return [patient_key_row(row) for row in await connection.fetch(_OTHERS, numbers)]


async def shared_cipher(
    warden: WardenClient, opener: Opener, wrapped_key: bytes
) -> Cipher | Refusal:
    """The organisation's own key, for this request and no longer."""
    given = await warden.ask(OpenSharedKey(opener.session, wrapped_key), SharedKey)
    return given if isinstance(given, Refusal) else cipher_of(given.key)


def open_shared(cipher: Cipher, rows: Sequence[StoredRow]) -> Opened:
    """The organisation's own resources in the clear; no patient, so no entry."""
    return Opened(resources=tuple([row.opened(open_row(cipher, row)) for row in rows]))
