# SPDX-License-Identifier: Apache-2.0
"""Which ways into homes should be changed: told from the ledger, without a code."""

from collections.abc import Callable
from datetime import timedelta

from support.homes import END, START, Home, code_of, home, person, visits
from support.warden import Installation, RunningWarden, running_warden
from wardkeep.base.clock import FrozenClock
from wardkeep.disclosure.answers import Done, Refusal, Seals
from wardkeep.disclosure.containment import FreezeNow
from wardkeep.disclosure.purpose import Purpose
from wardkeep.disclosure.questions import EndAccount, NewSeals
from wardkeep.disclosure.ways_in import DueWaysIn, ListDueWaysIn
from wardkeep.warden.service.ways_in import OLD_AFTER

_made: Callable[[], int] = iter(range(1000)).__next__


async def organised(warden: RunningWarden) -> tuple[str, str]:
    """An organisation of its own; its coordinator's account and session."""
    warden.home = f"due{_made()}"
    await warden.organisation(warden.home)
    return await person(warden, "care_coordinator")


async def seen(warden: RunningWarden, there: Home) -> tuple[str, str]:
    """A carer who was given it on a visit."""
    carer, token = await person(warden)
    await visits(warden, carer, there.patient)
    assert await code_of(warden, token, there.items[0]) == ""
    return carer, token


async def due(warden: RunningWarden, token: str) -> list[tuple[str, str, str]]:
    """Patient, why, and whose having it is the reason."""
    found = await warden.door.ask(ListDueWaysIn(token), DueWaysIn)
    assert isinstance(found, DueWaysIn), found
    return [(one.patient, one.why, one.who) for one in found.lines]


async def test_a_carer_who_left_is_a_reason_until_it_is_set_anew(
    installation: Installation,
) -> None:
    clock = FrozenClock(START)
    async with running_warden(installation, clock=clock) as warden:
        coordinator, token = await organised(warden)
        there, other = await home(warden), await home(warden)
        carer, _ = await seen(warden, there)
        await seen(warden, other)
        assert await due(warden, token) == []
        clock.move(timedelta(minutes=5))
        assert isinstance(await warden.operator.ask(EndAccount(carer), Done), Done)
        assert await due(warden, token) == [(there.patient, "left", "Rowan Ash")]
        entry = warden.entries()[-1]
        assert (entry.request, entry.patients) == (
            "ways in to change",
            (there.patient,),
        )
        clock.move(timedelta(minutes=5))
        await visits(warden, coordinator, there.patient, kind="caseload", ends=None)
        ref = there.items[0].resources[0]
        asked = NewSeals(
            token,
            Purpose.DIRECT_CARE,
            "",
            there.patient,
            there.wrapped,
            ((ref[0], ref[1], 2),),
        )
        assert isinstance(await warden.door.ask(asked, Seals), Seals)
        assert await due(warden, token) == []


async def test_a_freeze_of_who_saw_it_goes_before_who_left(
    installation: Installation,
) -> None:
    clock = FrozenClock(START)
    async with running_warden(installation, clock=clock) as warden:
        _, token = await organised(warden)
        _, officer = await person(warden, "privacy_officer")
        there, left = await home(warden), await home(warden)
        gone, _ = await seen(warden, left)
        carer, _ = await seen(warden, there)
        clock.move(timedelta(minutes=5))
        await warden.operator.ask(EndAccount(gone), Done)
        clock.move(timedelta(minutes=5))
        frozen = FreezeNow(officer, "account", carer, "the phone was stolen")
        assert isinstance(await warden.door.ask(frozen, Done), Done)
        expected = [(there.patient, "frozen"), (left.patient, "left")]
        assert [one[:2] for one in await due(warden, officer)] == expected
        assert [one[:2] for one in await due(warden, token)] == expected


async def test_a_year_is_long_enough_for_a_code(installation: Installation) -> None:
    clock = FrozenClock(END)
    async with running_warden(installation, clock=clock) as warden:
        coordinator, _ = await organised(warden)
        there = await home(warden)
        clock.move(OLD_AFTER - timedelta(minutes=1))
        key = await warden.enrol(coordinator)
        assert await due(warden, key[0]) == []
        clock.move(timedelta(minutes=1))
        assert await due(warden, key[0]) == [(there.patient, "old", "")]


async def test_only_who_plans_or_decides_is_told(installation: Installation) -> None:
    async with running_warden(installation, clock=FrozenClock(START)) as warden:
        await organised(warden)
        for role, code in (("carer", "not-your-work"), ("doctor", "not-your-work")):
            _, token = await person(warden, role)
            answer = await warden.door.ask(ListDueWaysIn(token), DueWaysIn)
            assert isinstance(answer, Refusal)
            assert answer.code == code
        nobody = await warden.door.ask(ListDueWaysIn("nobody"), DueWaysIn)
        assert isinstance(nobody, Refusal)
