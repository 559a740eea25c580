# SPDX-License-Identifier: Apache-2.0
"""Drills on the search-token key: writers in the middle, rows of before, a lost end."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from support.owner import owner_of
from support.rotations import keys_of, rotate, settle_at_once, until_finished
from support.sealed_rows import load_records
from support.searches import marks, token_rows
from support.warden import Installation, RunningWarden, installation_in, running_warden
from wardkeep.assembly.database import WEB, address_for
from wardkeep.base.ids import OrganisationId
from wardkeep.db.connection import Connection, connect
from wardkeep.db.errors import DatabaseUnavailableError
from wardkeep.disclosure.keys import TOKENS, RotateKey
from wardkeep.warden import rotations
from wardkeep.warden.rotations import Rotation
from wardkeep.warden.service import rotating
from wardkeep.warden.service.rotation_levels import Passed

ASKED = RotateKey(TOKENS, organisation="fernhill")
PATIENTS, EACH = 3, 3


class Ward:
    """A warden with a few records."""

    def __init__(self, running: RunningWarden, number: int) -> None:
        self.running, self.number = running, number
        made = running.installation
        self.where = (made.settings, made.layout, number)
        self.level = running.service.rotator.of_tokens

    async def turns(self) -> set[int]:
        return {row.turn for row in await token_rows(*self.where)}

    async def state(self) -> str:
        return (await keys_of(self.running)).rotations[0].state

    def ends(self) -> int:
        entries = self.running.entries()
        return sum(one.action == "end-key-rotation" for one in entries)


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Installation]:
    with installation_in(tmp_path / "data") as made:
        yield made


@pytest.fixture
async def ward(
    fresh: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Ward]:
    monkeypatch.setattr(rotating, "AGAIN_SECONDS", 0.1)
    async with running_warden(fresh) as running:
        number = await load_records(running, tmp_path, patients=PATIENTS, each=EACH)
        settle_at_once(running)
        yield Ward(running, number)


async def test_a_row_that_somebody_writes_just_now_is_passed_over_and_met_later(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, layout, _ = ward.where
    held = await connect(address_for(settings, layout, WEB))
    await held.serve(OrganisationId(ward.number))
    fence, put = ward.level._fence, ward.level._put
    began: list[Connection] = []
    changed: list[int] = []

    async def fenced(organisation: int) -> None:
        await fence(organisation)
        if not began:
            # A writer of now, in the middle: two tokens a value, and not committed.
            began.append(held)
            await held.execute("begin")
            await held.execute(
                "update record.resource set version = version + 1, token_turn = 1,"
                " tokens = '{1,2}', ranges = null where id = 'pulse-000-000'"
            )

    async def noted(rotation: Rotation, turned: list[object]) -> Passed:
        found = await put(rotation, turned)  # type: ignore[arg-type]
        changed.append(found.rewrapped - len(turned))
        if len(changed) == 3:
            await held.execute("commit")
        return found

    monkeypatch.setattr(ward.level, "_fence", fenced)
    monkeypatch.setattr(ward.level, "_put", noted)
    await rotate(ward.running, ASKED)
    await until_finished(ward.running)
    await held.close()
    assert changed[:3] == [-1, -1, -1], "it is left, and looked for again"
    assert await ward.turns() == {2}
    rows = [row for row in await token_rows(*ward.where) if row.name[2] == 2]
    assert [row.tokens for row in rows] == [(2,)], "the newer of its two"


async def test_rows_and_marks_of_before_that_turn_up_at_the_proof_begin_it_again(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    turned, states = ward.level._turned, list[str]()
    put_back = [
        "update record.import_mark set token_turn = 0",
        "update record.resource set token_turn = 0 where id = 'pulse-000-000'",
    ]

    async def met(rotation: Rotation, act: object, **named: object) -> Passed:
        states.append(await ward.state())
        found = await turned(rotation, act, **named)  # type: ignore[arg-type]
        if act.__name__ == "_emptied" and put_back:  # type: ignore[attr-defined]
            async with owner_of(ward.running.installation) as owner:
                await owner.serve(OrganisationId(ward.number))
                await owner.execute(put_back.pop())
        return found

    monkeypatch.setattr(ward.level, "_turned", met)
    before = await token_rows(*ward.where)
    await rotate(ward.running, ASKED)
    last = await until_finished(ward.running)
    assert (last.is_finished, ward.ends(), put_back) == (True, 1, [])
    assert await ward.turns() == {2}
    assert len(await token_rows(*ward.where)) == len(before)
    # Marks of before that somebody puts there are no marks of anybody's: they go.
    assert await marks(*ward.where) == {}


async def test_an_end_that_was_not_noted_is_proved_once_for_all(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish, lost = rotations.finish, list[bool]()

    async def lose_once(*parts: object, **named: object) -> None:
        if not lost:
            lost.append(True)
            raise DatabaseUnavailableError
        await finish(*parts, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(rotations, "finish", lose_once)
    await rotate(ward.running, ASKED)
    await until_finished(ward.running)
    keys = ward.running.service._keystore.tokens_of(ward.number)
    assert (keys.generation, ward.ends()) == (1, 1)
    assert (await keys_of(ward.running)).back == ()
    assert await ward.turns() == {2}
