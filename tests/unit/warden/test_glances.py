# SPDX-License-Identifier: Apache-2.0
"""A page that is left open asks at a glance: its session sleeps all the same."""

from datetime import UTC, datetime, timedelta

import pytest

from support.warden import Installation, running_warden
from wardkeep.base.clock import FrozenClock
from wardkeep.disclosure.answers import Done, GoingOn, Refusal
from wardkeep.disclosure.message import MAX_SESSIONS, at_a_glance
from wardkeep.disclosure.questions import WhichMayGoOn
from wardkeep.disclosure.waking import FallAsleep
from wardkeep.identity.roles import Role
from wardkeep.warden.sessions import ASLEEP_SECONDS, Sessions, SignedInAs

WHO = SignedInAs(
    account="a-1",
    display_name="Rowan Ash",
    organisation=1,
    organisation_name="Fernhill",
    organisation_slug="fernhill",
    role=Role.DOCTOR,
    factor="passkey",
    credential=b"key",
    device="test",
)


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(datetime(2026, 11, 23, 9, 41, tzinfo=UTC))


@pytest.mark.parametrize("way", ["use", "use_own", "use_at_door", "glance"])
def test_a_question_at_a_glance_finds_the_session_and_does_not_keep_it_awake(
    clock: FrozenClock, way: str
) -> None:
    sessions = Sessions(clock)
    token, session = sessions.start(WHO)
    glance = at_a_glance(at_a_glance(token))
    clock.move(timedelta(seconds=ASLEEP_SECONDS - 1))
    assert getattr(sessions, way)(glance) is session
    clock.move(timedelta(seconds=2))
    assert getattr(sessions, way)(glance) is None
    assert sessions.sleeping(token) is session


def test_a_question_by_the_token_itself_keeps_it_awake(clock: FrozenClock) -> None:
    sessions = Sessions(clock)
    token, session = sessions.start(WHO)
    clock.move(timedelta(seconds=ASLEEP_SECONDS - 1))
    assert sessions.use_at_door(token) is session
    clock.move(timedelta(seconds=2))
    assert sessions.use_at_door(token) is session


def test_patients_and_programs_have_no_more_by_a_glance(clock: FrozenClock) -> None:
    sessions = Sessions(clock)
    told = {name: getattr(WHO, name) for name in WHO.__struct_fields__}
    patient, _ = sessions.start(SignedInAs(**{**told, "role": Role.PATIENT}))
    assert sessions.use(at_a_glance(patient)) is None
    assert sessions.use_only(at_a_glance(patient), "kiosk") is None
    assert sessions.use_at_door(at_a_glance("unknown")) is None


async def test_of_many_sessions_each_goes_on_or_not_by_itself(
    installation: Installation,
) -> None:
    async with running_warden(installation) as warden:
        warden.home = "glances"
        await warden.organisation(warden.home)
        awake, asleep = [await warden.session("doctor") for _ in range(2)]
        assert await warden.door.ask(FallAsleep(asleep), Done) == Done()
        asked = WhichMayGoOn((asleep, awake, "", "unknown", awake))
        told = await warden.door.ask(asked, GoingOn)
        assert told == GoingOn((False, True, False, False, True))
        many = WhichMayGoOn(("x",) * (MAX_SESSIONS + 1))
        assert isinstance(await warden.door.ask(many, GoingOn), Refusal)
