# SPDX-License-Identifier: Apache-2.0
"""The picture of the day: who may see it, and that looking keeps no session awake."""

import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from support.acts import colleague
from support.openings import code_of, opens, reach, records
from support.warden import Installation, RunningWarden, warden_at_home
from wardkeep.base.clock import FrozenClock
from wardkeep.disclosure.answers import Refusal, SessionView
from wardkeep.disclosure.pulse import PulseRead, ReadPulse
from wardkeep.disclosure.questions import CheckSession


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(datetime(2026, 11, 23, 9, 41, tzinfo=UTC))


@pytest.fixture
async def warden(
    installation: Installation, clock: FrozenClock
) -> AsyncIterator[RunningWarden]:
    async with warden_at_home(installation, clock=clock) as running:
        yield running


async def pulse(warden: RunningWarden, token: str) -> PulseRead:
    found = await warden.door.ask(ReadPulse(token), PulseRead)
    assert isinstance(found, PulseRead), found
    return found


async def test_the_officer_sees_the_hour_as_it_goes_and_nobody_else_does(
    warden: RunningWarden,
) -> None:
    officer = await colleague(warden, "privacy_officer")
    nurse = await colleague(warden, "ward_nurse")
    assert (await pulse(warden, officer.token)).hours[0].reasoned == 0
    others = await records(warden, 3)
    await warden.relate(nurse.account, others[0].patient, organisation=warden.home)
    assert await reach(warden, nurse.token, others) == 3
    found = await pulse(warden, officer.token)
    this = found.hours[0]
    assert (this.explained, this.reasoned, this.glass) == (1, 2, 0)
    assert (found.others, found.at_work, found.is_tripped) == (2, 1, False)
    assert not found.is_behind
    for role in ("ward_nurse", "shift_lead", "finance_clerk"):
        asker = await colleague(warden, role)
        answer = await warden.door.ask_any(ReadPulse(asker.token))
        assert code_of(answer) == "not-your-work"
    assert code_of(await warden.door.ask_any(ReadPulse("nobody"))) == "not-signed-in"
    home, warden.home = warden.home, f"org-{secrets.token_hex(4)}"
    await warden.organisation(warden.home)
    stranger = await colleague(warden, "privacy_officer")
    elsewhere = await pulse(warden, stranger.token)
    assert sum(one.explained + one.reasoned for one in elsewhere.hours) == 0
    assert (elsewhere.others, elsewhere.at_work) == (0, 0)
    assert home != warden.home


async def test_a_refusal_is_counted_too(warden: RunningWarden) -> None:
    officer = await colleague(warden, "privacy_officer")
    clerk = await colleague(warden, "finance_clerk")
    [one] = await records(warden, 1)
    assert isinstance(await opens(warden, clerk.token, one), Refusal)
    assert (await pulse(warden, officer.token)).hours[0].refused == 1


async def test_a_page_that_is_left_open_lets_its_session_sleep(
    warden: RunningWarden, clock: FrozenClock
) -> None:
    officer = await colleague(warden, "privacy_officer")
    seen = CheckSession(officer.token, is_glance=True)
    for _ in range(9):
        clock.move(timedelta(minutes=1))
        assert isinstance(await warden.door.ask_any(seen), SessionView)
        await pulse(warden, officer.token)
    clock.move(timedelta(minutes=1, seconds=1))
    assert code_of(await warden.door.ask_any(seen)) == "asleep"
    answer = await warden.door.ask_any(ReadPulse(officer.token))
    assert code_of(answer) == "not-signed-in"
    # What she does herself would have kept it awake.
    other = await colleague(warden, "privacy_officer")
    for _ in range(11):
        clock.move(timedelta(minutes=1))
        used = await warden.door.ask_any(CheckSession(other.token))
        assert isinstance(used, SessionView)
