# SPDX-License-Identifier: Apache-2.0
"""What a stolen session, or work that is over, leaves behind in apps."""

import hashlib
import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest

from support.acts import Colleague, colleague, confirm
from support.authenticator import SoftwareAuthenticator
from support.smart import BACK, b64
from support.warden import ORIGIN, Installation, RunningWarden, running_warden
from wardkeep.base.clock import FrozenClock
from wardkeep.disclosure.answers import Answer, CeremonyOptions, Created, Done, Refusal
from wardkeep.disclosure.containment import BeginProve, FinishProve
from wardkeep.disclosure.people import AcceptInvitation, EndPerson, Links, VouchFor
from wardkeep.disclosure.questions import EndSession, Invite
from wardkeep.disclosure.smart import (
    AccessGiven,
    AccessRefused,
    Authorization,
    AuthorizationGiven,
    ClientProof,
    ExchangeCode,
    FinishAuthorization,
    RefreshAccess,
    RegisterApp,
)

OFFLINE, ONLINE = "offline_access user/Patient.rs", "online_access user/Patient.rs"
START = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
WHY = "the growth of my own patients"


class Registered(NamedTuple):
    """A public app, as whoever holds a person's session uses it."""

    warden: RunningWarden
    id: str
    verifier: str

    async def allow(self, token: str, scope: str) -> Answer:
        challenge = b64(hashlib.sha256(self.verifier.encode()).digest())
        asked = Authorization(
            client_id=self.id,
            redirect_uri=BACK,
            response_type="code",
            scope=scope,
            state="12345678",
            code_challenge=challenge,
            code_challenge_method="S256",
            aud=f"{ORIGIN}/fhir",
        )
        question = FinishAuthorization(
            session=token,
            asked=asked,
            patient="",
            scopes=tuple(scope.split()),
            purpose="direct-care",
            reason=WHY,
        )
        return await self.warden.door.ask_any(question)

    async def exchange(self, given: Answer) -> AccessGiven:
        assert isinstance(given, AuthorizationGiven), given
        question = ExchangeCode(given.code, BACK, self.verifier, ClientProof(self.id))
        access = await self.warden.door.ask_any(question)
        assert isinstance(access, AccessGiven), access
        return access

    async def refresh(self, access: AccessGiven) -> Answer:
        question = RefreshAccess(access.refresh_token, "", ClientProof(self.id))
        return await self.warden.door.ask_any(question)


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(START)


@pytest.fixture
async def warden(
    installation: Installation, clock: FrozenClock
) -> AsyncIterator[RunningWarden]:
    async with running_warden(installation, clock=clock) as running:
        running.home = f"org-{secrets.token_hex(4)}"
        await running.organisation(running.home)
        yield running


@pytest.fixture
async def app(warden: RunningWarden) -> Registered:
    question = RegisterApp(
        organisation=warden.home,
        name="Growth charts",
        redirect_uris=(BACK,),
        launch_url="",
        scope="offline_access online_access user/Patient.rs",
        patients_per_hour=10,
    )
    made = await warden.operator.ask(question, Created)
    assert isinstance(made, Created), made
    return Registered(warden, made.id, secrets.token_urlsafe(32))


async def prove(warden: RunningWarden, who: Colleague) -> None:
    options = await warden.door.ask(BeginProve(who.token), CeremonyOptions)
    assert isinstance(options, CeremonyOptions), options
    response = who.key.sign_in(options.options)
    assert await warden.door.ask(FinishProve(who.token, response), Done) == Done()


async def test_a_stolen_session_lets_no_app_in_that_outlives_it(
    warden: RunningWarden, app: Registered, clock: FrozenClock
) -> None:
    doctor = await colleague(warden, "doctor")
    clock.move(timedelta(minutes=6))
    refused = await app.allow(doctor.token, OFFLINE)
    assert isinstance(refused, Refusal), refused
    assert (refused.code, refused.entry >= 0) == ("prove-again", True)
    await prove(warden, doctor)
    assert isinstance(await app.allow(doctor.token, OFFLINE), AuthorizationGiven)


async def test_what_ends_with_the_session_needs_no_passkey_and_ends_with_it(
    warden: RunningWarden, app: Registered, clock: FrozenClock
) -> None:
    doctor = await colleague(warden, "doctor")
    clock.move(timedelta(minutes=6))
    access = await app.exchange(await app.allow(doctor.token, ONLINE))
    assert await warden.door.ask(EndSession(doctor.token), Done) == Done()
    assert isinstance(await app.refresh(access), AccessRefused)


async def test_who_comes_back_finds_no_app_of_before_at_work(
    warden: RunningWarden, app: Registered
) -> None:
    """Work elsewhere keeps the account; the same role again must not wake the app."""
    ada = await colleague(warden, "administrator")
    doctor = await colleague(warden, "doctor")
    access = await app.exchange(await app.allow(doctor.token, OFFLINE))
    await take_on_work(warden, doctor, f"org-{secrets.token_hex(4)}", "carer")
    assert await confirm(warden, ada, EndPerson(doctor.account), Done) == Done()
    back = await warden.sign_in(doctor.key)
    assert not isinstance(back, Refusal)
    again = Colleague(doctor.account, back.token, doctor.key)
    await take_on_work(warden, again, warden.home, "doctor")
    assert isinstance(await app.refresh(access), AccessRefused)


async def take_on_work(
    warden: RunningWarden, who: Colleague, slug: str, role: str
) -> None:
    if slug != warden.home:
        await warden.organisation(slug)
    account = await warden.account(role, organisation=slug)
    secret = await warden.tell(Invite(account, 1.0))
    accepted = await warden.door.ask(AcceptInvitation(who.token, secret), Done)
    assert accepted == Done(), accepted


async def test_who_lost_every_passkey_has_no_app_of_before_at_work(
    warden: RunningWarden, app: Registered
) -> None:
    ada = await colleague(warden, "administrator")
    doctor = await colleague(warden, "doctor")
    access = await app.exchange(await app.allow(doctor.token, OFFLINE))
    act = VouchFor(doctor.account, "I sat beside her and saw her card.")
    links = await confirm(warden, ada, act, Links)
    assert isinstance(links, Links), links
    new = SoftwareAuthenticator(origin=ORIGIN)
    used = await warden.use_link(links.links[0].secret, new)
    assert not isinstance(used, Refusal), used
    assert isinstance(await app.refresh(access), AccessRefused)
