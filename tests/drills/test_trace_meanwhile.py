# SPDX-License-Identifier: Apache-2.0
"""The disk refuses the ledger while an act waits for the database: no yes, no trace.

An act writes down what it does and then waits. Somebody else's flush fails meanwhile,
and takes along whatever was appended by then.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from support.acts import Colleague, colleague
from support.ledgers import full_at
from support.openings import code_of, opens, records
from support.owner import until_waited_for
from support.warden import RunningWarden
from wardkeep.db.connection import Connection
from wardkeep.disclosure.answers import Answer, Done, Grant, Refusal
from wardkeep.disclosure.containment import FreezeNow
from wardkeep.disclosure.questions import Item
from wardkeep.identity.roles import Role
from wardkeep.warden.service.watch import FREEZE

SAVES = "lock table warden.freeze in exclusive mode"
"""A freeze holds and is written down; it is saved when it may be."""
NO_TRACE = "ledger-cannot-write"


@asynccontextmanager
async def _freezing(
    warden: RunningWarden, owner: Connection, officer: Colleague, whom: str
) -> "AsyncIterator[asyncio.Task[Answer]]":
    """Somebody is frozen, and the database is waited for while the block lasts."""
    asked = FreezeNow(officer.token, "account", whom, "seen at two places")
    async with owner.transaction():
        await owner.execute(SAVES)
        task = asyncio.create_task(warden.door.ask_any(asked))
        # Of this turn: before any other question flushes what it appended.
        await until_waited_for(owner)
        yield task


async def _opened(warden: RunningWarden, nurse: Colleague, item: Item) -> Answer:
    await warden.relate(nurse.account, item.patient, organisation=warden.home)
    return await opens(warden, nurse.token, item)


def _freezes(warden: RunningWarden, whom: str) -> int:
    mine = [one for one in warden.entries() if one.action == FREEZE]
    return sum(whom in one.request for one in mine)


async def test_an_act_whose_entry_went_with_anothers_flush_is_not_answered_yes(
    warden: RunningWarden, owner: Connection
) -> None:
    officer = await colleague(warden, Role.PRIVACY_OFFICER.value)
    nurse = await colleague(warden, Role.WARD_NURSE.value)
    [item] = await records(warden, 1)
    await warden.relate(nurse.account, item.patient, organisation=warden.home)
    whom = await warden.account(Role.DOCTOR.value)
    async with _freezing(warden, owner, officer, whom) as freezing:
        with full_at(1):
            refused = await opens(warden, nurse.token, item)
        assert code_of(refused) == NO_TRACE
        # There is room again, and others are answered, before the act is.
        assert isinstance(await opens(warden, nurse.token, item), Grant)
    answer = await freezing
    assert isinstance(answer, Refusal), "it has no entry"
    assert answer.code == NO_TRACE
    assert _freezes(warden, whom) == 0
    # It holds all the same, for that is the safe side; asked again it is written down.
    again = FreezeNow(officer.token, "account", whom, "seen at two places")
    assert await warden.door.ask_any(again) == Done()
    assert _freezes(warden, whom) == 1


@pytest.mark.parametrize("turns", [1, 3])
async def test_an_act_whose_entry_was_flushed_with_anothers_is_answered_yes(
    warden: RunningWarden, owner: Connection, turns: int
) -> None:
    officer = await colleague(warden, Role.PRIVACY_OFFICER.value)
    nurse = await colleague(warden, Role.WARD_NURSE.value)
    items = await records(warden, turns)
    whom = await warden.account(Role.DOCTOR.value)
    async with _freezing(warden, owner, officer, whom) as freezing:
        for item in items:
            assert isinstance(await _opened(warden, nurse, item), Grant)
    assert await freezing == Done()
    assert _freezes(warden, whom) == 1
