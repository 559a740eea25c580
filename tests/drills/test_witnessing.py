# SPDX-License-Identifier: Apache-2.0
"""When the warden asks a witness: for what is new, each hour, and after any fault."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from support.ledgers import KEY, ORIGIN, entry_about, open_ledger
from support.outpost import Outpost
from support.waiting import until
from wardkeep.base.clock import FrozenClock
from wardkeep.base.note_keys import LOG, NoteKey
from wardkeep.identity import outside
from wardkeep.ledger.cosignature import read_signed_note
from wardkeep.ledger.log import Ledger
from wardkeep.warden.service import witnessing as module
from wardkeep.warden.service.witnessing import AFRESH_SECONDS, Witnessing

LOG_KEY = NoteKey(name=ORIGIN, kind=LOG, public_bytes=KEY.verify_key.public_bytes)


@pytest.fixture
def outpost(tmp_path: Path) -> Iterator[Outpost]:
    made = Outpost(tmp_path / "witness", "witness.example.net/w1", LOG_KEY)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Outpost]:
    made = Outpost(tmp_path / "other", "witness.example.net/w2", LOG_KEY)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    made = open_ledger(tmp_path / "ledger")
    yield made
    made.close()


def grow(ledger: Ledger) -> None:
    ledger.append(entry_about("p-1", number=ledger.committed_size))
    ledger.commit()
    ledger.publish()


class Asked:
    """The warden's side, and its clock."""

    def __init__(self, ledger: Ledger, *outposts: Outpost) -> None:
        self.clock = FrozenClock(datetime(2026, 11, 23, 9, 41, tzinfo=UTC))
        self.told: list[str] = []
        self.apart: list[str] = []
        self.witnessing = Witnessing(
            ledger,
            [(one.witness.key, one.address) for one in outposts],
            clock=self.clock,
            tell=self.told.append,
            tell_apart=self.apart.append,
        )

    async def signs(self, entries: int) -> None:
        """Ask until it signed so many, as its process may only be starting."""
        async with asyncio.timeout(60):
            while not self._is_signed(entries):
                await self.witnessing.ask_all()

    def _is_signed(self, entries: int) -> bool:
        return all(
            view.entries == entries and not view.fault for view in self.witnessing.views
        )


async def test_what_did_not_change_is_signed_again_each_hour_and_no_sooner(
    outpost: Outpost, ledger: Ledger
) -> None:
    grow(ledger)
    asked = Asked(ledger, outpost)
    await asked.signs(1)
    outpost.stop()
    asked.clock.move(timedelta(minutes=59))
    await asked.witnessing.ask_all()
    assert asked.witnessing.views[0].fault == "", "it was not asked"
    asked.clock.move(timedelta(seconds=AFRESH_SECONDS))
    await asked.witnessing.ask_all()
    assert "does not answer" in asked.witnessing.views[0].fault
    assert asked.told == []
    asked.witnessing.close()


async def test_a_clock_that_is_not_the_witnesses_is_told_of_once(
    outpost: Outpost, ledger: Ledger
) -> None:
    """After the machine was switched off, nothing else tells a step from a night."""
    grow(ledger)
    asked = Asked(ledger, outpost)
    day = timedelta(days=1)
    for moved, told in ((-day, 1), (-day, 1), (0 * day, 1), (2 * day, 2)):
        asked.clock.step_wall_time(datetime.now(UTC) + moved - asked.clock.now())  # noqa: TID251 - the witness lives by the machine's own
        grow(ledger)
        await asked.signs(ledger.committed_size)
        assert len(asked.apart) == told
    assert "1 day behind that of the witness witness.example.net/w1" in asked.apart[0]
    assert "2 days ahead of that of the witness" in asked.apart[1]
    assert asked.told == []
    asked.witnessing.close()


async def test_before_the_first_checkpoint_there_is_nothing_to_ask_for(
    outpost: Outpost, ledger: Ledger
) -> None:
    asked = Asked(ledger, outpost)
    await asked.witnessing.ask_all()
    assert (asked.witnessing.views[0].entries, asked.witnessing.views[0].fault) == (
        0,
        "",
    )
    grow(ledger)
    await asked.signs(1)
    asked.witnessing.close()


async def test_what_fails_once_is_asked_again(
    outpost: Outpost, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    grow(ledger)
    asked = Asked(ledger, outpost)
    await asked.signs(1)
    grow(ledger)
    monkeypatch.setattr(module, "ASK_SECONDS", 0.05)
    rest = ledger.folder.rename(ledger.folder.with_name("away"))
    ledger.folder.touch()
    keeping = asyncio.create_task(asked.witnessing.keep_witnessed())
    await until(lambda: "could not be asked" in asked.witnessing.views[0].fault)
    await asyncio.sleep(0.3)
    assert not asked._is_signed(2), "its lines could not be kept"
    ledger.folder.unlink()
    rest.rename(ledger.folder)
    await until(lambda: asked._is_signed(2))
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
    assert ledger.cosigned().count("witness.example.net/w1") == 1
    asked.witnessing.close()


async def test_what_a_slow_witness_signed_replaces_nothing_newer(
    outpost: Outpost, other: Outpost, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever holds the ledger against its co-signed checkpoint sees the newest one."""
    for patience in ("PATIENCE_SECONDS", "_STEP_SECONDS"):
        monkeypatch.setattr(outside, patience, 60.0)
    grow(ledger)
    asked = Asked(ledger, outpost, other)
    await asked.signs(1)
    grow(ledger)
    slow, quick = asked.witnessing._known
    asked.clock.move(timedelta(seconds=1))
    with outpost.asleep():
        asking = asyncio.create_task(asked.witnessing.ask(slow))
        await until(lambda: slow.asked_at == asked.clock.monotonic_seconds())
        grow(ledger)
        await asked.witnessing.ask(quick)
    await asking
    assert [(one.old, one.fault) for one in (slow, quick)] == [(2, ""), (3, "")]
    assert signed_by(ledger) == (3, [False, True])
    # And is no fault of it: with the next one both stand there.
    await asked.signs(3)
    assert signed_by(ledger) == (3, [True, True])
    asked.witnessing.close()


def signed_by(ledger: Ledger) -> tuple[int, list[bool]]:
    """How many entries the kept checkpoint has, and which of the two signed it."""
    kept = ledger.cosigned()
    names = [f"witness.example.net/w{number} " in kept for number in (1, 2)]
    return read_signed_note(kept).head.size, names
