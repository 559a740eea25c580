# SPDX-License-Identifier: Apache-2.0
"""A warden that begins anew gives nobody a longer session, and takes nobody's away."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from support.acts import colleague
from support.desks import desk_of
from support.warden import Installation, RunningWarden, running_warden
from wardkeep.base.clock import FrozenClock
from wardkeep.db.errors import DatabaseUnavailableError
from wardkeep.disclosure.answers import Done, Refusal, SessionView
from wardkeep.disclosure.questions import CheckSession
from wardkeep.disclosure.waking import FallAsleep
from wardkeep.warden import session_store
from wardkeep.warden.service.waking import Waking

START = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@asynccontextmanager
async def warden_of(
    installation: Installation, clock: FrozenClock
) -> AsyncIterator[RunningWarden]:
    async with running_warden(installation, clock=clock) as warden:
        warden.home = f"org-{secrets.token_hex(4)}"
        await warden.organisation(warden.home)
        yield warden


async def state(warden: RunningWarden, token: str) -> str:
    seen = await warden.door.ask(CheckSession(token), SessionView)
    return seen.code if isinstance(seen, Refusal) else "awake"


@pytest.mark.parametrize(
    ("idle", "down", "comes_to"),
    [
        (7, 0, "awake"),
        (7, 8, "awake"),
        (7, 9, "asleep"),
        (0, 16, "asleep"),
        (14, 16, "asleep"),
        (14, 17, "not-signed-in"),
        (0, 31, "not-signed-in"),
    ],
)
async def test_time_without_a_warden_is_idle_time(
    installation: Installation, idle: int, down: int, comes_to: str
) -> None:
    clock = FrozenClock(START)
    async with warden_of(installation, clock) as warden:
        nurse = await colleague(warden, "ward_nurse")
        clock.move(idle * MINUTE)
    clock.move(down * MINUTE)
    async with running_warden(installation, clock=clock) as warden:
        assert await state(warden, nurse.token) == comes_to


async def test_twelve_hours_are_twelve_however_often_the_warden_began_anew(
    installation: Installation,
) -> None:
    clock = FrozenClock(START)
    async with warden_of(installation, clock) as warden:
        nurse = await colleague(warden, "ward_nurse")
    for _ in range(10):
        async with running_warden(installation, clock=clock) as warden:
            for _ in range(7):
                assert await state(warden, nurse.token) == "awake"
                clock.move(10 * MINUTE)
    async with running_warden(installation, clock=clock) as warden:
        for _ in range(3):
            assert await state(warden, nurse.token) == "awake"
            clock.move(10 * MINUTE)
        assert clock.now() - START == 12 * HOUR + 10 * MINUTE
        assert await state(warden, nurse.token) == "not-signed-in"


async def test_whose_last_use_lies_ahead_is_signed_out(
    installation: Installation,
) -> None:
    """The wall time was set back meanwhile: nobody knows how long they were away."""
    clock = FrozenClock(START)
    async with warden_of(installation, clock) as warden:
        nurse = await colleague(warden, "ward_nurse")
    clock.step_wall_time(-8 * MINUTE)
    async with running_warden(installation, clock=clock) as warden:
        assert await state(warden, nurse.token) == "not-signed-in"


class TwentyTimes(FrozenClock):
    """A clock whose wall time runs ahead of what durations are measured by."""

    def move(self, by: timedelta) -> None:
        super().move(by)
        self.step_wall_time(19 * by)

    def monotonic_at(self, moment: datetime) -> float:
        return self._monotonic_seconds + (moment - self.now()).total_seconds() / 20


async def test_how_long_somebody_was_idle_is_the_clocks_to_say(
    installation: Installation,
) -> None:
    """Where both hands do not run alike, a restart goes by the one that counts."""
    clock = TwentyTimes(START)
    async with warden_of(installation, clock) as warden:
        nurse = await colleague(warden, "ward_nurse")
        clock.move(8 * MINUTE)
    async with running_warden(installation, clock=clock) as warden:
        clock.move(6 * MINUTE)
        assert await state(warden, nurse.token) == "awake"
    clock.move(16 * MINUTE)
    async with running_warden(installation, clock=clock) as warden:
        assert await state(warden, nurse.token) == "asleep"


async def away(*_: object) -> None:
    raise DatabaseUnavailableError


async def test_what_the_database_could_not_be_told_it_is_told_later(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = FrozenClock(START)
    async with warden_of(installation, clock) as warden:
        nurse = await colleague(warden, "ward_nurse")
        clock.move(10 * MINUTE)
        assert await state(warden, nurse.token) == "awake"
        with monkeypatch.context() as broken:
            broken.setattr(session_store, "note_use", away)
            await warden.service._save_sessions()
    clock.move(10 * MINUTE)
    async with running_warden(installation, clock=clock) as warden:
        assert await state(warden, nurse.token) == "awake"


async def test_a_lock_that_the_database_could_not_be_told_holds_and_is_told_later(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = FrozenClock(START)
    async with warden_of(installation, clock) as warden:
        nurse = await colleague(warden, "ward_nurse")
        with monkeypatch.context() as broken:
            broken.setattr(session_store, "note_use", away)
            locked = await warden.door.ask(FallAsleep(nurse.token), Done)
            assert locked == Done()
            await asyncio.gather(*desk_of(warden, Waking)._saving)
        assert await state(warden, nurse.token) == "asleep"
        await warden.service._save_sessions()
    async with running_warden(installation, clock=clock) as warden:
        assert await state(warden, nurse.token) == "asleep"
