# SPDX-License-Identifier: Apache-2.0
"""Somebody breaks the glass for one after the other: it opens, and it is told."""

import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from support.acts import Colleague, colleague, confirm
from support.openings import code_of, desk, opens, records, spend
from support.owner import owner_of
from support.warden import (
    Installation,
    RunningWarden,
    running_warden,
    warden_at_home,
)
from wardkeep.base.clock import FrozenClock
from wardkeep.disclosure.answers import Done, Grant, SignedIn
from wardkeep.disclosure.confirming import ActDescription, DescribeAct
from wardkeep.disclosure.containment import AlarmView, BreakGlass
from wardkeep.disclosure.questions import Item
from wardkeep.identity.roles import Role
from wardkeep.warden.alarms import GLASS_AGAIN, GLASS_BROKEN, MOST_ALIKE, MOST_LISTED
from wardkeep.warden.glass import APART_SECONDS

HARD = Role.WARD_NURSE.budget.hard
BY_HAND = timedelta(seconds=APART_SECONDS)


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(datetime(2026, 11, 23, 9, 41, tzinfo=UTC))


@pytest.fixture
async def warden(
    installation: Installation, clock: FrozenClock
) -> AsyncIterator[RunningWarden]:
    async with warden_at_home(installation, clock=clock) as running:
        yield running


async def breaks(warden: RunningWarden, who: Colleague, item: Item) -> None:
    act = BreakGlass(item.patient, "life")
    assert await confirm(warden, who, act, Done) == Done()


async def told(
    warden: RunningWarden, officer: Colleague, kind: str = GLASS_AGAIN
) -> list[AlarmView]:
    waiting = (await desk(warden, officer)).alarms
    return [one for one in waiting if one.kind == kind]


async def test_the_third_in_an_hour_is_told_of_first_and_the_glass_still_breaks(
    warden: RunningWarden, clock: FrozenClock
) -> None:
    nurse = await colleague(warden, "ward_nurse")
    officer = await colleague(warden, "privacy_officer")
    others = await records(warden, HARD + 6)
    await spend(warden, nurse, others)
    beds = others[HARD + 1 :]
    for number, bed in enumerate(beds, 1):
        await breaks(warden, nurse, bed)
        assert isinstance(await opens(warden, nurse.token, bed), Grant)
        # The same person again is nobody new.
        await breaks(warden, nurse, bed)
        assert len(await told(warden, officer)) == (number >= 3)
        clock.move(BY_HAND)
    first = (await desk(warden, officer)).alarms[0]
    assert (first.kind, first.account) == (GLASS_AGAIN, nurse.account)
    assert first.detail == "3 different people in an hour, 3 in 24 hours"


async def test_a_program_breaks_it_no_faster_than_a_hand_and_is_told_when(
    warden: RunningWarden, clock: FrozenClock
) -> None:
    nurse = await colleague(warden, "ward_nurse")
    others = await records(warden, HARD + 7)
    await spend(warden, nurse, others)
    beds = others[HARD + 1 :]
    for bed in beds:
        await breaks(warden, nurse, bed)
    opened = [await opens(warden, nurse.token, bed) for bed in beds]
    assert [isinstance(one, Grant) for one in opened] == [True] * 3 + [False] * 3
    # By another session it goes no faster.
    again = await warden.sign_in(nurse.key)
    assert isinstance(again, SignedIn)
    other = Colleague(nurse.account, again.token, nurse.key)
    await breaks(warden, other, beds[3])
    assert code_of(await opens(warden, other.token, beds[3])) == "frozen"
    asked = DescribeAct(other.token, BreakGlass(beds[5].patient, "life"))
    described = await warden.door.ask(asked, ActDescription)
    assert isinstance(described, ActDescription)
    assert "It opens in 60 seconds, after several others" in described.warning
    clock.move(BY_HAND)
    for who in (nurse, other):
        assert isinstance(await opens(warden, who.token, beds[3]), Grant)
    assert code_of(await opens(warden, nurse.token, beds[4])) == "frozen"
    clock.move(2 * BY_HAND)
    assert isinstance(await opens(warden, nurse.token, beds[5]), Grant)


async def test_two_in_an_hour_are_no_alarm_of_their_own_and_neither_are_two_people(
    warden: RunningWarden,
) -> None:
    nurse = await colleague(warden, "ward_nurse")
    doctor = await colleague(warden, "doctor", name="Hazel Dun")
    officer = await colleague(warden, "privacy_officer")
    for who in (nurse, doctor):
        for bed in await records(warden, 2):
            await breaks(warden, who, bed)
    assert not await told(warden, officer)
    assert len(await told(warden, officer, GLASS_BROKEN)) == 4


async def test_a_start_of_the_warden_forgets_no_broken_glass(
    installation: Installation,
) -> None:
    home = f"org-{secrets.token_hex(4)}"
    async with running_warden(installation) as warden:
        warden.home = home
        await warden.organisation(home)
        nurse = await colleague(warden, "ward_nurse")
        officer = await colleague(warden, "privacy_officer")
        beds = await records(warden, 3)
        for bed in beds[:2]:
            await breaks(warden, nurse, bed)
    async with running_warden(installation) as warden:
        warden.home = home
        await breaks(warden, nurse, beds[2])
        assert len(await told(warden, officer)) == 1


async def test_hundreds_of_alarms_about_one_account_hide_nobody_elses(
    installation: Installation,
) -> None:
    async with running_warden(installation) as warden:
        warden.home = home = f"org-{secrets.token_hex(4)}"
        await warden.organisation(home)
        nurse = await colleague(warden, "ward_nurse")
        doctor = await colleague(warden, "doctor", name="Hazel Dun")
        officer = await colleague(warden, "privacy_officer")
        bed, other = await records(warden, 2)
        await breaks(warden, nurse, bed)
        assert len(await told(warden, officer, GLASS_BROKEN)) == 1
        async with owner_of(installation) as owner:
            # As if she had gone on for an hour.
            await owner.execute(
                "insert into warden.alarm (id, organisation, kind, account, session,"
                " patient, detail, entry, raised_at, due_at) select"
                " gen_random_uuid(), organisation, kind, account, session, patient,"
                " detail, entry, raised_at, due_at from warden.alarm,"
                " generate_series(1, $2::integer) where patient = $1",
                bed.patient,
                MOST_LISTED + 50,
            )
        await breaks(warden, doctor, other)
        found = await told(warden, officer, GLASS_BROKEN)
        hers = [one for one in found if one.account == nurse.account]
        assert len(hers) == MOST_ALIKE
        assert [one.more for one in hers[:-1]] == [0] * (MOST_ALIKE - 1)
        assert hers[-1].more == MOST_LISTED + 51 - MOST_ALIKE
        assert [one.patient for one in found if one not in hers] == [other.patient]
