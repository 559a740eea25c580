# SPDX-License-Identifier: Apache-2.0
"""One program's key is stolen: it alone is stopped; its contract holds by any clock."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import NamedTuple

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from support.acts import colleague, confirm
from support.openings import code_of, desk, opens, reach, records
from support.smart import assertion
from support.warden import (
    ORIGIN,
    Installation,
    RunningWarden,
    warden_at_home,
)
from wardkeep.base.clock import FrozenClock, SystemClock
from wardkeep.disclosure.answers import Answer, Created, Done, Grant, SignedIn
from wardkeep.disclosure.containment import (
    FreezeNow,
    ListPrograms,
    Programs,
    ReleaseFreeze,
)
from wardkeep.disclosure.questions import ClientSignIn, RegisterClient
from wardkeep.disclosure.smart import RegisterApp
from wardkeep.warden import contracts

TOKEN_URL = f"{ORIGIN}/oauth/token"
CONTRACT = 4


class Program(NamedTuple):
    """A program of the organisation, and its key."""

    id: str
    key: ec.EllipticCurvePrivateKey

    async def signs_in(self, warden: RunningWarden) -> Answer:
        said = assertion(self.key, self.id, TOKEN_URL)
        return await warden.door.ask_any(ClientSignIn(said))

    async def token(self, warden: RunningWarden) -> str:
        given = await self.signs_in(warden)
        assert isinstance(given, SignedIn), given
        return given.token


async def program(warden: RunningWarden, name: str, *, most: int = CONTRACT) -> Program:
    key = ec.generate_private_key(ec.SECP256R1())
    public = {**ECAlgorithm.to_jwk(key.public_key(), as_dict=True), "kid": "k1"}
    keys = json.dumps({"keys": [public]}).encode()
    asked = RegisterClient(warden.home, name, keys, "system/Patient.rs", most)
    made = await warden.operator.ask(asked, Created)
    assert isinstance(made, Created), made
    return Program(made.id, key)


@pytest.fixture
async def clock() -> FrozenClock:
    return FrozenClock(SystemClock().now())


@pytest.fixture
async def warden(
    installation: Installation, clock: FrozenClock
) -> AsyncIterator[RunningWarden]:
    async with warden_at_home(installation, clock=clock) as running:
        yield running


async def listed(warden: RunningWarden, token: str) -> list[tuple[str, str, str]]:
    found = await warden.door.ask(ListPrograms(token), Programs)
    assert isinstance(found, Programs), found
    return [(one.kind, one.id, one.name) for one in found.programs]


async def test_one_stolen_program_is_stopped_and_the_others_go_on(
    warden: RunningWarden,
) -> None:
    officer = await colleague(warden, "privacy_officer")
    stolen, other = await program(warden, "Exchange"), await program(warden, "Returns")
    app = RegisterApp(
        organisation=warden.home,
        name="Wound camera",
        redirect_uris=("https://app.example.com/back",),
        scope="launch/patient patient/*.rs openid",
        patients_per_hour=10,
    )
    made = await warden.operator.ask(app, Created)
    assert isinstance(made, Created), made
    assert await listed(warden, officer.token) == [
        ("account", stolen.id, "Exchange"),
        ("account", other.id, "Returns"),
        ("app", made.id, "Wound camera"),
    ]
    before = await stolen.token(warden)
    [somebody] = await records(warden, 1)
    assert isinstance(await opens(warden, before, somebody), Grant)
    asked = FreezeNow(officer.token, "account", stolen.id, "its key was on a forum")
    assert await warden.door.ask_any(asked) == Done()
    assert code_of(await opens(warden, before, somebody)) == "not-signed-in"
    assert code_of(await stolen.signs_in(warden)) == "frozen"
    later = await other.token(warden)
    assert isinstance(await opens(warden, later, somebody), Grant)
    [freeze] = (await desk(warden, officer)).freezes
    assert (freeze.what, freeze.target) == ("Exchange", stolen.id)
    act = ReleaseFreeze(freeze.id, "a new key is registered, and the old one ended")
    assert await confirm(warden, officer, act, Done) == Done()
    assert isinstance(await stolen.signs_in(warden), SignedIn)


async def test_nobody_else_is_shown_programs_and_none_of_another_organisation(
    warden: RunningWarden,
) -> None:
    own = await program(warden, "Exchange")
    for role in ("ward_nurse", "shift_lead", "health_advisor"):
        asked = ListPrograms((await colleague(warden, role)).token)
        assert code_of(await warden.door.ask_any(asked)) == "not-your-work"
    for token, why in (
        ("nobody", "not-signed-in"),
        (await own.token(warden), "not-your-work"),
    ):
        assert code_of(await warden.door.ask_any(ListPrograms(token))) == why
    home, warden.home = warden.home, f"{warden.home}-b"
    await warden.organisation(warden.home)
    stranger = await colleague(warden, "privacy_officer")
    assert await listed(warden, stranger.token) == []
    frozen = FreezeNow(stranger.token, "account", own.id, "seen at two places")
    await warden.door.ask_any(frozen)
    warden.home = home
    assert isinstance(await own.signs_in(warden), SignedIn)


async def test_a_clock_that_is_set_ahead_gives_no_program_more_people(
    warden: RunningWarden, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A minute in the place of an hour: so long a token lasts by every clock
    monkeypatch.setattr(contracts, "WINDOW_SECONDS", 60.0)
    own = await program(warden, "Returns")
    token = await own.token(warden)
    people = await records(warden, 3 * CONTRACT)
    assert await reach(warden, token, people) == CONTRACT
    for seconds in (90, -180, 90):
        clock.step_wall_time(timedelta(seconds=seconds))
        assert code_of(await opens(warden, token, people[-1])) == "contract-spent"
    # What really passed gives as many anew
    clock.move(timedelta(seconds=61))
    assert await reach(warden, token, people[CONTRACT:]) == CONTRACT
