# SPDX-License-Identifier: Apache-2.0
"""Sessions that sleep: their owner's passkey wakes them, and nothing else does."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from support.acts import Colleague, colleague
from support.authenticator import SoftwareAuthenticator
from support.warden import ORIGIN, Installation, RunningWarden, running_warden
from wardkeep.base.clock import FrozenClock
from wardkeep.disclosure.answers import (
    CeremonyOptions,
    Done,
    Refusal,
    SessionView,
    SignedIn,
)
from wardkeep.disclosure.questions import CheckSession, EndAccount, EndSession
from wardkeep.disclosure.waking import BeginWake, FallAsleep, FinishWake

START = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
FIFTEEN = timedelta(minutes=15)
A_MOMENT = timedelta(seconds=1)


@asynccontextmanager
async def warden_of(
    installation: Installation, clock: FrozenClock
) -> AsyncIterator[RunningWarden]:
    async with running_warden(installation, clock=clock) as warden:
        warden.home = f"org-{secrets.token_hex(4)}"
        await warden.organisation(warden.home)
        yield warden


async def state(warden: RunningWarden, token: str) -> str:
    """`awake`, or the code of why not. Looking at one that is awake uses it."""
    seen = await warden.door.ask(CheckSession(token), SessionView)
    return seen.code if isinstance(seen, Refusal) else "awake"


async def begun(warden: RunningWarden, token: str) -> bytes:
    options = await warden.door.ask(BeginWake(token), CeremonyOptions)
    assert isinstance(options, CeremonyOptions), options
    return options.options


async def finished(warden: RunningWarden, token: str, response: bytes) -> str:
    answer = await warden.door.ask(FinishWake(token, response), Done)
    return answer.code if isinstance(answer, Refusal) else "done"


async def wake(warden: RunningWarden, token: str, key: SoftwareAuthenticator) -> str:
    return await finished(warden, token, key.sign_in(await begun(warden, token)))


async def sleeper(
    warden: RunningWarden, clock: FrozenClock, name: str = "Rowan Ash"
) -> Colleague:
    nurse = await colleague(warden, "ward_nurse", name=name)
    clock.move(FIFTEEN + A_MOMENT)
    assert await state(warden, nurse.token) == "asleep"
    return nurse


@pytest.mark.parametrize(
    ("role", "minutes"),
    [
        ("ward_nurse", 15),
        ("doctor", 15),
        ("administrator", 10),
        ("privacy_officer", 10),
    ],
)
async def test_a_session_sleeps_after_its_roles_minutes_without_use(
    installation: Installation, role: str, minutes: int
) -> None:
    clock = FrozenClock(START)
    async with warden_of(installation, clock) as warden:
        who = await colleague(warden, role)
        for _ in range(3):
            clock.move(timedelta(minutes=minutes))
            assert await state(warden, who.token) == "awake"
        clock.move(timedelta(minutes=minutes) + A_MOMENT)
        assert await state(warden, who.token) == "asleep"


async def test_its_own_passkey_wakes_it_and_the_ledger_knows(
    installation: Installation,
) -> None:
    clock = FrozenClock(START)
    async with warden_of(installation, clock) as warden:
        nurse = await sleeper(warden, clock)
        assert await wake(warden, nurse.token, nurse.key) == "done"
        assert await state(warden, nurse.token) == "awake"
        assert [one.action for one in warden.entries()][-1] == "wake"


async def test_another_persons_passkey_wakes_nothing_and_leaves_a_trace(
    installation: Installation,
) -> None:
    clock = FrozenClock(START)
    async with warden_of(installation, clock) as warden:
        thief = await colleague(warden, "ward_nurse", name="Hazel Dun")
        nurse = await sleeper(warden, clock)
        assert await wake(warden, nurse.token, thief.key) == "not-woken"
        strange = SoftwareAuthenticator(origin=ORIGIN)
        assert await wake(warden, nurse.token, strange) == "not-woken"
        assert await state(warden, nurse.token) == "asleep"
        assert warden.entries()[-1].outcome.startswith("refusal:")


async def test_an_answer_wakes_once_and_only_the_session_it_was_made_for(
    installation: Installation,
) -> None:
    clock = FrozenClock(START)
    async with warden_of(installation, clock) as warden:
        nurse = await colleague(warden, "ward_nurse")
        second = await warden.sign_in(nurse.key)
        assert isinstance(second, SignedIn)
        clock.move(FIFTEEN + A_MOMENT)
        response = nurse.key.sign_in(await begun(warden, nurse.token))
        assert await finished(warden, second.token, response) == "not-woken"
        assert await wake(warden, nurse.token, nurse.key) == "done"
        clock.move(FIFTEEN + A_MOMENT)
        assert await finished(warden, nurse.token, response) == "not-woken"
        assert await state(warden, nurse.token) == "asleep"


@pytest.mark.parametrize(
    "wrong",
    [
        {"is_user_verified": False},
        {"is_user_present": False},
        {"origin": "https://wardkeep.example"},
        {"rp_id": "example.com"},
        {"spoils_signature": True},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
async def test_a_wrong_answer_of_the_right_passkey_wakes_nothing(
    installation: Installation, wrong: dict[str, object]
) -> None:
    clock = FrozenClock(START)
    async with warden_of(installation, clock) as warden:
        nurse = await sleeper(warden, clock)
        for name, value in wrong.items():
            setattr(nurse.key, name, value)
        assert await wake(warden, nurse.token, nurse.key) == "not-woken"
        assert await state(warden, nurse.token) == "asleep"


async def test_after_half_an_hour_it_is_over_and_nothing_wakes_it(
    installation: Installation,
) -> None:
    clock = FrozenClock(START)
    async with warden_of(installation, clock) as warden:
        nurse = await sleeper(warden, clock)
        response = nurse.key.sign_in(await begun(warden, nurse.token))
        clock.move(FIFTEEN)
        assert await finished(warden, nurse.token, response) == "not-signed-in"
        assert await state(warden, nurse.token) == "not-signed-in"


async def test_looking_at_one_that_sleeps_does_not_keep_it(
    installation: Installation,
) -> None:
    clock = FrozenClock(START)
    async with warden_of(installation, clock) as warden:
        nurse = await sleeper(warden, clock)
        for _ in range(5):
            clock.move(timedelta(minutes=3))
            await state(warden, nurse.token)
            await warden.door.ask(BeginWake(nurse.token), CeremonyOptions)
        assert await state(warden, nurse.token) == "not-signed-in"


async def test_a_locked_screen_opens_nothing_until_it_is_woken(
    installation: Installation,
) -> None:
    clock = FrozenClock(START)
    async with warden_of(installation, clock) as warden:
        nurse = await colleague(warden, "ward_nurse")
        assert await warden.door.ask(FallAsleep(nurse.token), Done) == Done()
        assert await state(warden, nurse.token) == "asleep"
        # Locking again does not lengthen what is left.
        again = await warden.door.ask(FallAsleep(nurse.token), Done)
        assert isinstance(again, Refusal)
        assert await wake(warden, nurse.token, nurse.key) == "done"
        assert await state(warden, nurse.token) == "awake"


async def test_a_restart_wakes_nobody(installation: Installation) -> None:
    clock = FrozenClock(START)
    async with warden_of(installation, clock) as warden:
        locked = await colleague(warden, "ward_nurse")
        nurse = await sleeper(warden, clock, "Hazel Dun")
        assert await wake(warden, locked.token, locked.key) == "done"
        await warden.door.ask(FallAsleep(locked.token), Done)
    async with running_warden(installation, clock=clock) as warden:
        assert await state(warden, nurse.token) == "asleep"
        assert await state(warden, locked.token) == "asleep"
        assert await wake(warden, nurse.token, nurse.key) == "done"


async def test_a_leaver_does_not_wake(installation: Installation) -> None:
    clock = FrozenClock(START)
    async with warden_of(installation, clock) as warden:
        nurse = await sleeper(warden, clock)
        response = nurse.key.sign_in(await begun(warden, nurse.token))
        await warden.operator.ask(EndAccount(nurse.account), Done)
        assert await finished(warden, nurse.token, response) == "not-signed-in"
        assert await state(warden, nurse.token) == "not-signed-in"


async def test_imports_do_not_sleep_and_cannot_be_woken(
    installation: Installation,
) -> None:
    clock = FrozenClock(START)
    async with warden_of(installation, clock) as warden:
        token = await warden.import_session(warden.home)
        clock.move(FIFTEEN + A_MOMENT)
        assert await state(warden, token) == "awake"
        answer = await warden.door.ask(BeginWake(token), CeremonyOptions)
        assert isinstance(answer, Refusal)


async def test_the_sixth_session_ends_the_one_used_the_longest_ago(
    installation: Installation,
) -> None:
    clock = FrozenClock(START)
    async with warden_of(installation, clock) as warden:
        nurse = await colleague(warden, "ward_nurse")
        tokens = [nurse.token]
        for _ in range(4):
            clock.move(A_MOMENT)
            again = await warden.sign_in(nurse.key)
            assert isinstance(again, SignedIn)
            tokens.append(again.token)
        clock.move(A_MOMENT)
        assert await state(warden, tokens[0]) == "awake", "used just now"
        sixth = await warden.sign_in(nurse.key)
        assert isinstance(sixth, SignedIn)
        seen = [await state(warden, one) for one in (*tokens, sixth.token)]
        assert seen == ["awake", "not-signed-in", *["awake"] * 4]
        assert "too many at once" in [one.reason for one in warden.entries()]


async def test_who_signs_out_while_it_sleeps_is_signed_out(
    installation: Installation,
) -> None:
    """The page offers it beside the passkey, so it must do it."""
    clock = FrozenClock(START)
    async with warden_of(installation, clock) as warden:
        nurse = await colleague(warden, "ward_nurse")
        other = await colleague(warden, "doctor")
        await warden.door.ask(FallAsleep(nurse.token), Done)
        assert await warden.door.ask(EndSession(nurse.token, "x"), Done) == Done()
        assert await state(warden, nurse.token) == "asleep", "it ends itself alone"
        assert await warden.door.ask(EndSession(nurse.token), Done) == Done()
        assert await state(warden, nurse.token) == "not-signed-in"
        assert await state(warden, other.token) == "awake"
