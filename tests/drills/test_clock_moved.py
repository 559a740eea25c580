# SPDX-License-Identifier: Apache-2.0
"""Somebody moves the clock of the warden's machine: nobody has a new day by it."""

import itertools
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from support.acts import Colleague, colleague
from support.openings import code_of, desk, opens, records, spend
from support.warden import Installation, RunningWarden, given, running_warden
from wardkeep.base.clock import FrozenClock
from wardkeep.disclosure.answers import SignedIn
from wardkeep.disclosure.questions import Item
from wardkeep.identity.roles import Role
from wardkeep.warden.alarms import Alarms
from wardkeep.warden.clock_steps import CLOCK_SET

HARD = Role.WARD_NURSE.budget.hard
DAY = timedelta(days=1)
MONTHS = itertools.count()
START = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)

pytestmark = pytest.mark.usefixtures("ledger_of_its_own")


class Scene:
    """A nurse who spent nearly all of her day, and an officer."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        # Each has its own month: they share a database, and no ledger.
        self.clock = FrozenClock(START + next(MONTHS) * 30 * DAY)
        self.home = f"org-{secrets.token_hex(4)}"
        self.nurse: Colleague
        self.officer: Colleague
        self.others: Sequence[Item]

    async def begins(self) -> None:
        async with running_warden(self.installation, clock=self.clock) as warden:
            warden.home = self.home
            await warden.organisation(warden.home)
            self.nurse = await colleague(warden, "ward_nurse")
            self.officer = await colleague(warden, "privacy_officer")
            self.others = await records(warden, HARD + 5)
            most = self.others[: HARD - 1]
            assert await spend(warden, self.nurse, most) == HARD - 1

    async def signs_in_again(self, warden: RunningWarden, who: Colleague) -> Colleague:
        """A day ahead, every session has run out."""
        warden.home = self.home
        signed_in = given(await warden.sign_in(who.key), SignedIn)
        assert isinstance(signed_in, SignedIn)
        return Colleague(who.account, signed_in.token, who.key)

    async def is_spent(self, warden: RunningWarden) -> None:
        """One more, and the day is over for her."""
        nurse = await self.signs_in_again(warden, self.nurse)
        assert await spend(warden, nurse, self.others[HARD - 1 :]) == 1
        assert code_of(await opens(warden, nurse.token, self.others[0])) == "frozen"

    async def told(self, warden: RunningWarden) -> list[str]:
        await warden.service._save_sessions()
        officer = await self.signs_in_again(warden, self.officer)
        found = await desk(warden, officer)
        alarms = [one for one in found.alarms if one.kind == CLOCK_SET]
        assert {one.who for one in alarms} <= {"The system's clock"}
        return [one.detail for one in alarms]


@pytest.fixture
async def scene(installation: Installation) -> Scene:
    made = Scene(installation)
    await made.begins()
    return made


async def test_set_ahead_by_a_day_while_the_warden_is_away(scene: Scene) -> None:
    scene.clock.step_wall_time(DAY)
    async with running_warden(scene.installation, clock=scene.clock) as warden:
        await scene.is_spent(warden)
        said = await scene.told(warden)
    assert len(said) == 1
    assert said[0].startswith("The clock of this system was moved by 1 day on, or")


async def test_set_ahead_while_it_runs_and_killed_before_it_looks(scene: Scene) -> None:
    async with running_warden(scene.installation, clock=scene.clock):
        scene.clock.step_wall_time(DAY)
    async with running_warden(scene.installation, clock=scene.clock) as warden:
        await scene.is_spent(warden)


async def test_set_ahead_and_put_right_with_starts_between(scene: Scene) -> None:
    for by in (DAY, 3 * DAY, -4 * DAY):
        async with running_warden(scene.installation, clock=scene.clock) as warden:
            warden.home = scene.home
            scene.clock.step_wall_time(by)
            await warden.service._save_sessions()
    async with running_warden(scene.installation, clock=scene.clock) as warden:
        await scene.is_spent(warden)
        assert len(await scene.told(warden)) == 3


async def test_what_the_officer_was_not_told_she_is_told_after_the_next_start(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lost(*_: object) -> None:
        """Killed before the database has the alarm."""

    with monkeypatch.context() as killed:
        killed.setattr(Alarms, "save", lost)
        async with running_warden(scene.installation, clock=scene.clock) as warden:
            scene.clock.step_wall_time(DAY)
            await warden.service._save_sessions()
            assert any(
                warden.service.ledger.read(number).action == CLOCK_SET
                for number in range(warden.service.ledger.committed_size)
            )
    for _ in range(2):
        async with running_warden(scene.installation, clock=scene.clock) as warden:
            assert len(await scene.told(warden)) == 1


async def test_a_night_is_a_night_and_a_second_is_no_step(scene: Scene) -> None:
    """What was true before it holds: a day later the day is new, and nobody is told."""
    scene.clock.move(DAY + timedelta(minutes=1))
    scene.clock.step_wall_time(timedelta(seconds=-2))
    async with running_warden(scene.installation, clock=scene.clock) as warden:
        nurse = await scene.signs_in_again(warden, scene.nurse)
        assert await spend(warden, nurse, scene.others[:HARD]) == HARD
        assert await scene.told(warden) == []
