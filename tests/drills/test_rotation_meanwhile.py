# SPDX-License-Identifier: Apache-2.0
"""Drills on new keys: what is replaced, damaged or cut off in the very moment."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from support.ledgers import entry_about
from support.owner import owner_of
from support.rotations import keys_of, rotate, settle_at_once, until_finished
from support.sealed_rows import (
    SHARED_ROWS,
    as_owner,
    load_records,
    plain_keys,
    rows_of,
    shared_now,
)
from support.warden import Installation, RunningWarden, installation_in, running_warden
from wardkeep.base.ids import new_uuid
from wardkeep.base.stored_id import stored_id
from wardkeep.db.connection import Connection
from wardkeep.db.errors import DatabaseUnavailableError
from wardkeep.disclosure.keys import ORGANISATION, PATIENT, RotateKey
from wardkeep.ledger.log import Ledger
from wardkeep.warden import rotations
from wardkeep.warden.destroyed_keys import DestroyedKey
from wardkeep.warden.service import rotating
from wardkeep.warden.service.rotation_ends import READ_AT_ONCE
from wardkeep.warden.service.rotation_of_patients import PatientsLevel

EVERYBODY = RotateKey(PATIENT, organisation="fernhill")
_DRAFT = """
insert into record.note_draft
  (id, patient, begun_at, saved_at, account, organisation, first_version, based_on,
   tier, note, seal, wrapped_key, author)
select $2, number, now(), now(), $2, organisation, 1, 0, 2, $3, '', $4, 'Ada'
  from record.patient where id = $1
"""


class Ward:
    """A warden with a few records, and what belongs to no patient."""

    def __init__(self, running: RunningWarden, number: int) -> None:
        self.running = running
        made = running.installation
        self.where = (made.settings, made.layout, number)
        self.number = number

    @property
    def level(self) -> PatientsLevel:
        return self.running.service.rotator.of_patients

    def said(self, action: str) -> list[str]:
        return [one.reason for one in self.running.entries() if one.action == action]


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Installation]:
    with installation_in(tmp_path / "data") as made:
        yield made


@pytest.fixture
async def ward(fresh: Installation, tmp_path: Path) -> AsyncIterator[Ward]:
    async with running_warden(fresh) as running:
        number = await load_records(running, tmp_path, patients=2, each=2)
        yield Ward(running, number)


Step = Callable[..., Coroutine[Any, Any, Any]]


def wrapped_anew_behind(ward: Ward, step: Step) -> Step:
    """The step; the first time the organisation's own key is replaced behind it."""
    done: list[object] = []

    async def act(*asked: Any) -> Any:
        found = await step(*asked)
        if not done:
            done.append(asked)
            await _wrap_anew(ward)
        return found

    return act


async def _wrap_anew(ward: Ward) -> None:
    before = await shared_now(*ward.where)
    await rotate(ward.running, RotateKey(ORGANISATION, organisation="fernhill"))
    async with asyncio.timeout(20):
        while await shared_now(*ward.where) == before:  # noqa: ASYNC110 - no event
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(("step", "proofs"), [("_checked", 1), ("_write_down", 2)])
async def test_a_shared_key_that_is_wrapped_anew_while_it_is_proved_is_proved_again(
    ward: Ward, monkeypatch: pytest.MonkeyPatch, step: str, proofs: int
) -> None:
    """Else the key from before would be put back, wrapped by one that is destroyed."""
    old = plain_keys(
        ward.running.service, ward.number, {}, shared=await shared_now(*ward.where)
    )
    # What is shared is proved before any patient.
    behind = wrapped_anew_behind(ward, getattr(ward.level, step))
    monkeypatch.setattr(ward.level, step, behind)
    settle_at_once(ward.running)
    await rotate(ward.running, EVERYBODY)
    await until_finished(ward.running)
    assert {one.unreadable for one in (await keys_of(ward.running)).rotations} == {0}
    said = [one for one in ward.said("prove-key-rotation") if "what is shared" in one]
    assert len(said) == proofs
    new = plain_keys(
        ward.running.service, ward.number, {}, shared=await shared_now(*ward.where)
    )
    every = await rows_of(*ward.where)
    rows = [row for row in every if not row.patient]
    assert len(rows) == SHARED_ROWS
    assert all(row.opens(ward.number, new) for row in rows)
    assert not any(row.opens(ward.number, old) for row in rows)
    [end] = [one for one in ward.said("end-key-rotation") if "data keys" in one]
    assert f" {len(every)} versions, 0 open" in end, "each is counted once"


async def test_a_draft_that_opens_by_none_is_left_and_counted_and_stops_nothing(
    ward: Ward,
) -> None:
    """Whoever can write rows puts rubbish there, and would stop every rotation."""
    id_ = new_uuid()
    values = ("p-000", UUID(id_), stored_id(id_), b"no box of ours " * 4)
    await as_owner(*ward.where, _DRAFT, *values)
    settle_at_once(ward.running)
    await rotate(ward.running, EVERYBODY)
    done = await until_finished(ward.running)
    assert done.is_finished
    assert " 1 open by none" in ward.said("end-key-rotation")[-1]
    async with owner_of(ward.running.installation) as owner:
        await owner.execute(
            "select set_config('wardkeep.organisation', $1, false)", str(ward.number)
        )
        left = await owner.fetch_value("select wrapped_key from record.note_draft")
    assert left == values[-1]


async def test_an_end_that_was_cut_off_is_sought_without_holding_up_the_door(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The try before had noted from where it would stand, and then the power went."""
    running, ledger = ward.running, ward.running.service.ledger
    id_ = await rotate(running, EVERYBODY)
    async with owner_of(running.installation) as owner:
        await rotations.say_end_from(owner, id_, size=ledger.size)
    many = 4 * READ_AT_ONCE
    for number in range(many):
        ledger.append(entry_about("p-000", number=number))
    ledger.commit()
    reads: list[int] = []
    ticks: list[int] = []
    read = Ledger.read

    def counted(self: Ledger, position: int) -> Any:
        reads.append(position)
        return read(self, position)

    async def beside() -> None:
        while True:
            ticks.append(len(reads))
            await asyncio.sleep(0)

    monkeypatch.setattr(Ledger, "read", counted)
    other = asyncio.create_task(beside())
    settle_at_once(running)
    await until_finished(running)
    other.cancel()
    assert len(reads) >= many
    assert max(b - a for a, b in pairwise(ticks)) <= READ_AT_ONCE
    ends = [one for one in running.entries() if one.request == f"rotation {id_}"]
    assert [one.action for one in ends] == ["end-key-rotation"]


async def test_a_key_that_is_gone_before_its_row_says_so_is_noted_once(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database goes away between the two; the next try has no key to destroy."""
    running, finish = ward.running, rotations.finish
    tries: list[str] = []

    async def away_once(connection: Connection, id_: str, **named: Any) -> None:
        tries.append(id_)
        if len(tries) == 1:
            raise DatabaseUnavailableError
        await finish(connection, id_, **named)

    monkeypatch.setattr(rotations, "finish", away_once)
    monkeypatch.setattr(rotating, "AGAIN_SECONDS", 0.01)
    before = running.service._keystore.fingerprint(ward.number)
    settle_at_once(running)
    id_ = await rotate(running, RotateKey(ORGANISATION, organisation="fernhill"))
    assert (await until_finished(running)).unreadable == 0
    assert tries == [id_] * 2
    destroyed = running.service.rotator._destroyed
    assert destroyed.has(DestroyedKey(ward.number, ORGANISATION, before))
    assert not destroyed.has(DestroyedKey(ward.number, ORGANISATION, ""))
    assert (await keys_of(running)).back == (), "no key in use was destroyed"
    assert len(ward.said("end-key-rotation")) == 1
