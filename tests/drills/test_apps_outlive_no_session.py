# SPDX-License-Identifier: Apache-2.0
"""What a stolen session, or work that is over, leaves behind in apps."""

import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from support.acts import Colleague, colleague, confirm
from support.authenticator import SoftwareAuthenticator
from support.openings import code_of, desk, opens, reach, records
from support.registered_app import OFFLINE, ONLINE, Registered, fresh, registered
from support.warden import (
    ORIGIN,
    Installation,
    RunningWarden,
    running_warden,
    warden_at_home,
)
from wardkeep.base.clock import FrozenClock
from wardkeep.disclosure.answers import (
    CeremonyOptions,
    Done,
    Grant,
    Passkeys,
    Refusal,
)
from wardkeep.disclosure.containment import (
    BeginProve,
    FinishProve,
    FreezeNow,
    ListDevices,
    ReleaseFreeze,
)
from wardkeep.disclosure.people import AcceptInvitation, EndPerson, Links, VouchFor
from wardkeep.disclosure.questions import EndSession, Invite, MayGoOn
from wardkeep.disclosure.smart import (
    AccessRefused,
    AuthorizationGiven,
)
from wardkeep.identity.roles import REACH

START = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(START)


@pytest.fixture
async def warden(
    installation: Installation, clock: FrozenClock
) -> AsyncIterator[RunningWarden]:
    async with warden_at_home(installation, clock=clock) as running:
        yield running


@pytest.fixture
async def app(warden: RunningWarden) -> Registered:
    return await registered(warden)


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


async def test_an_app_that_a_stolen_device_let_in_stands_still_with_it(
    warden: RunningWarden, app: Registered
) -> None:
    officer = await colleague(warden, "privacy_officer")
    doctor = await colleague(warden, "doctor")
    access = fresh(await app.exchange(await app.allow(doctor.token, ONLINE)))
    one, other = await records(warden, 2)
    assert isinstance(await opens(warden, access.access_token, one), Grant)
    listed = await warden.door.ask(ListDevices(officer.token, doctor.account), Passkeys)
    assert isinstance(listed, Passkeys), listed
    device = listed.passkeys[0].credential.hex()
    frozen = FreezeNow(officer.token, "device", device, "tablet left on a bus")
    assert await warden.door.ask_any(frozen) == Done()
    assert code_of(await opens(warden, access.access_token, other)) == "not-signed-in"
    stopped = MayGoOn(access.access_token)
    assert code_of(await warden.door.ask_any(stopped)) == "not-signed-in"
    # A colleague's device is another one
    colleagues = await colleague(warden, "doctor", name="Dr Dale")
    assert isinstance(await opens(warden, colleagues.token, other), Grant)
    [freeze] = (await desk(warden, officer)).freezes
    act = ReleaseFreeze(freeze.id, "the tablet was found in the car")
    assert await confirm(warden, officer, act, Done) == Done()
    assert isinstance(await opens(warden, access.access_token, other), Grant)


async def test_days_and_a_restart_give_an_app_no_reach_anew(
    installation: Installation, clock: FrozenClock
) -> None:
    """A stolen refresh token opens a few people a day, and waits for a restart."""
    async with running_warden(installation, clock=clock) as warden:
        warden.home = home = f"org-{secrets.token_hex(4)}"
        await warden.organisation(home)
        app, doctor = await registered(warden), await colleague(warden, "doctor")
        access = await app.exchange(await app.allow(doctor.token, OFFLINE))
        others = await records(warden, REACH + 1)
        for day in range(3):
            access = fresh(await app.refresh(access))
            some = others[8 * day : 8 * day + 8]
            assert await reach(warden, access.access_token, some) == len(some)
            clock.move(timedelta(days=1, hours=1))
    async with running_warden(installation, clock=clock) as warden:
        warden.home, app = home, app._replace(warden=warden)
        access = fresh(await app.refresh(access))
        assert await reach(warden, access.access_token, others[24:]) == REACH - 24
        refused = await opens(warden, access.access_token, others[-1])
        assert code_of(refused) == "prove-again"


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
