# SPDX-License-Identifier: Apache-2.0
"""Signing for a hand-over: by whom, for whom, and for how long it holds."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from support.acts import Colleague, colleague, confirm
from support.warden import Installation, RunningWarden, warden_at_home
from wardkeep.base.clock import FrozenClock
from wardkeep.disclosure.answers import Done, Refusal
from wardkeep.disclosure.confirming import ActDescription, DescribeAct
from wardkeep.disclosure.handing_over import (
    HAND_OVER_SECONDS,
    MOST_HANDED_OVER,
    HandOver,
    ReadSignedHandOver,
    SignedHandOverView,
)
from wardkeep.disclosure.questions import SetWork

MIND = "HealthcareService/mind"
ACT = HandOver(
    id="11111111-1111-4111-8111-111111111111",
    team=MIND,
    reason="Nell is on leave until March",
    moves=(
        ("ann", "Practitioner/cora", MIND),
        ("ben", "Practitioner/cora", MIND),
        ("kit", "Practitioner/hedda", "HealthcareService/heart"),
    ),
    names=(("Practitioner/cora", "Cora Marsh"),),
)


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(datetime(2026, 11, 29, 9, 0, tzinfo=UTC))


@pytest.fixture
async def warden(
    installation: Installation, clock: FrozenClock
) -> AsyncIterator[RunningWarden]:
    async with warden_at_home(installation, clock=clock) as running:
        yield running


async def in_team(warden: RunningWarden, role: str = "care_coordinator") -> Colleague:
    who = await colleague(warden, role)
    asked = SetWork(warden.home, (), (("Mind", (MIND,), (who.account,)),))
    assert await warden.operator.ask(asked, Done) == Done()
    return who


async def code_of(warden: RunningWarden, who: Colleague, act: HandOver) -> str:
    answer = await warden.door.ask(DescribeAct(who.token, act), ActDescription)
    assert isinstance(answer, Refusal), answer
    return answer.code


async def signed(
    warden: RunningWarden, who: Colleague, id_: str = ACT.id
) -> SignedHandOverView | Refusal:
    asked = ReadSignedHandOver(who.token, id_)
    return await warden.door.ask(asked, SignedHandOverView)


async def test_who_goes_to_whom_is_read_before_it_is_signed(
    warden: RunningWarden,
) -> None:
    nell = await in_team(warden)
    told = await warden.door.ask(DescribeAct(nell.token, ACT), ActDescription)
    assert isinstance(told, ActDescription)
    assert ("How many patients", "3") in told.lines
    assert ("To", f"Cora Marsh (Practitioner/cora), {MIND}: 2") in told.lines
    assert (
        "To",
        "Practitioner/hedda, HealthcareService/heart: 1",
    ) in told.lines


async def test_what_was_signed_holds_for_a_quarter_of_an_hour_in_its_session(
    warden: RunningWarden, clock: FrozenClock
) -> None:
    nell = await in_team(warden)
    other = await in_team(warden)
    before = await signed(warden, nell)
    assert isinstance(before, Refusal)
    assert before.code == "hand-over-not-signed"
    assert await confirm(warden, nell, ACT, Done) == Done()
    assert await signed(warden, nell) == SignedHandOverView(act=ACT)
    assert isinstance(await signed(warden, other), Refusal)
    assert isinstance(await signed(warden, nell, "another"), Refusal)
    clock.move(timedelta(seconds=HAND_OVER_SECONDS))
    assert isinstance(await signed(warden, nell), Refusal)


async def test_nobody_reads_it_without_a_session(warden: RunningWarden) -> None:
    asked = ReadSignedHandOver("nobody", ACT.id)
    answer = await warden.door.ask(asked, SignedHandOverView)
    assert isinstance(answer, Refusal)
    assert answer.code == "not-signed-in"


async def test_only_somebody_of_the_team_who_opens_records_signs(
    warden: RunningWarden,
) -> None:
    stranger = await colleague(warden, "care_coordinator")
    assert await code_of(warden, stranger, ACT) == "not-of-this-team"
    desk = await in_team(warden, "receptionist")
    assert await code_of(warden, desk, ACT) == "not-your-work"
    unsigned = await confirm(warden, stranger, ACT, Done)
    assert isinstance(unsigned, Refusal)


@pytest.mark.parametrize(
    "changed",
    [
        {"id": "7"},
        {"moves": ()},
        {"moves": ACT.moves * 67},
        {"moves": (("not an id", "Practitioner/cora", MIND),)},
        {"names": (("Practitioner/cora", "x" * 201),)},
        {"reason": "x"},
        {"reason": "too long " * 100},
    ],
)
async def test_what_cannot_be_meant_is_told_before_anybody_signs(
    warden: RunningWarden, changed: dict[str, object]
) -> None:
    nell = await in_team(warden)
    act = msgspec.structs.replace(ACT, **changed)
    assert len(ACT.moves) * 67 > MOST_HANDED_OVER
    described = await warden.door.ask(DescribeAct(nell.token, act), ActDescription)
    assert isinstance(described, Refusal)
    assert described.mend
