# SPDX-License-Identifier: Apache-2.0
"""Patients' keys in number, and what a rotation made of them."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Protocol

from support.warden import Installation, RunningWarden
from wardkeep.assembly.database import WORKER, address_for
from wardkeep.base.ids import OrganisationId
from wardkeep.db.connection import connect
from wardkeep.disclosure.answers import Created, NewKeys
from wardkeep.disclosure.client import WardenClient
from wardkeep.disclosure.keys import AskKeys, Keys, RotateKey, RotationView
from wardkeep.disclosure.purpose import Tier
from wardkeep.disclosure.questions import NewPatientKeys
from wardkeep.disclosure.sealed import key_identity
from wardkeep.warden.service.service import WardenService

TIERS = (Tier.BANNER, Tier.RECORD, Tier.SEALED)
_PORTION = 500
_INSERT = """
insert into record.patient (organisation, id, banner_key, record_key, sealed_key)
select $1, * from unnest($2::text[], $3::bytea[], $4::bytea[], $5::bytea[])
"""
_READ = "select id, banner_key, record_key, sealed_key from record.patient"

Triple = tuple[bytes, bytes, bytes]


class HasService(Protocol):
    """A warden in this process."""

    service: WardenService


class HasOperator(Protocol):
    """A warden that is asked as the operator asks."""

    operator: WardenClient


async def store_patients(
    running: RunningWarden, number: int, names: Sequence[str], *, slug: str
) -> dict[str, tuple[bytes | None, ...]]:
    """Patients with keys and no record; their data keys in the clear."""
    session = await running.import_session(slug)
    plain: dict[str, tuple[bytes | None, ...]] = {}
    address = address_for(
        running.installation.settings, running.installation.layout, WORKER
    )
    connection = await connect(address)
    try:
        await connection.serve(OrganisationId(number))
        for start in range(0, len(names), _PORTION):
            given = await running.operator.ask(
                NewPatientKeys(session, tuple(names[start : start + _PORTION])), NewKeys
            )
            assert isinstance(given, NewKeys), given
            await connection.execute(
                _INSERT,
                number,
                [one.patient for one in given.patients],
                *([one.wrapped[tier] for one in given.patients] for tier in range(3)),
            )
            wrapped = {one.patient: one.wrapped for one in given.patients}
            # The key of the sealed tier comes out nowhere but here.
            made = opened(running, number, wrapped)
            assert all(made[one.patient][:2] == one.plain for one in given.patients)
            plain.update(made)
    finally:
        await connection.close()
    return plain


async def wrapped_now(installation: Installation, number: int) -> dict[str, Triple]:
    """Every patient's wrapped keys as they lie in the database."""
    address = address_for(installation.settings, installation.layout, WORKER)
    connection = await connect(address)
    try:
        await connection.serve(OrganisationId(number))
        rows = await connection.fetch(_READ)
    finally:
        await connection.close()
    return {
        row["id"]: (row["banner_key"], row["record_key"], row["sealed_key"])
        for row in rows
    }


def opened(
    running: RunningWarden, number: int, wrapped: Mapping[str, Triple]
) -> dict[str, tuple[bytes | None, ...]]:
    """What the warden would release for each; None where it opens nothing."""
    store = running.service._keystore
    return {
        patient: tuple(
            store.unwrap(
                number,
                key,
                key_identity(organisation=number, patient=patient, tier=tier),
            )
            for tier, key in zip(TIERS, keys, strict=True)
        )
        for patient, keys in wrapped.items()
    }


def settle_at_once(running: HasService) -> None:
    """Nobody holds anything here: a rotation may end as soon as it is through."""
    running.service.rotator.root.settle_seconds = 0
    running.service.rotator.of_organisation.settle_seconds = 0
    running.service.rotator.of_patients.settle_seconds = 0
    running.service.rotator.of_tokens.settle_seconds = 0
    running.service.rotator._again.set()


async def rotate(running: HasOperator, asked: RotateKey) -> str:
    made = await running.operator.ask(asked, Created)
    assert isinstance(made, Created), made
    return made.id


async def keys_of(running: HasOperator) -> Keys:
    """The status; while the ledger cannot be written it may be refused for a moment."""
    async with asyncio.timeout(30):
        while True:
            found = await running.operator.ask(AskKeys(), Keys)
            if isinstance(found, Keys):
                return found
            assert found.code == "ledger-cannot-write", found
            await asyncio.sleep(0.02)


async def until_finished(running: HasOperator, seconds: float = 60) -> RotationView:
    """Wait until no rotation is under way; the newest one."""
    async with asyncio.timeout(seconds):
        while True:
            found = (await keys_of(running)).rotations
            if all(one.is_finished for one in found):
                return found[0]
            await asyncio.sleep(0.02)
