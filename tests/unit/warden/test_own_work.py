# SPDX-License-Identifier: Apache-2.0
"""Work in several organisations: one passkey, one place at a time, until it ends."""

import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from support.acts import Colleague, colleague, confirm
from support.warden import Installation, RunningWarden, warden_at_home
from wardkeep.base.clock import FrozenClock, microseconds_since_epoch
from wardkeep.disclosure.answers import Done, Refusal, SessionView, SignedIn
from wardkeep.disclosure.people import (
    AcceptInvitation,
    ChangeRole,
    EndPerson,
    Links,
    ListMyOrganisations,
    MyOrganisations,
    SwitchOrganisation,
    VouchFor,
)
from wardkeep.disclosure.questions import CheckSession, Invite

NOW = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(NOW)


@pytest.fixture
async def warden(
    installation: Installation, clock: FrozenClock
) -> AsyncIterator[RunningWarden]:
    async with warden_at_home(installation, clock=clock) as running:
        yield running


async def elsewhere(warden: RunningWarden, role: str) -> tuple[int, str]:
    """Another organisation's number, and a link for work there."""
    slug = f"org-{secrets.token_hex(4)}"
    number = await warden.organisation(slug)
    account = await warden.account(role, organisation=slug)
    return number, await warden.tell(Invite(account, 1.0))


async def view(warden: RunningWarden, token: str) -> SessionView | Refusal:
    return await warden.door.ask(CheckSession(token), SessionView)


def code_of(answer: object) -> str:
    assert isinstance(answer, Refusal), answer
    return answer.code


async def test_work_elsewhere_is_taken_on_with_ones_own_passkey(
    warden: RunningWarden,
) -> None:
    nurse = await colleague(warden, "ward_nurse")
    number, secret = await elsewhere(warden, "hospice_nurse")
    accepted = await warden.door.ask(AcceptInvitation(nurse.token, secret), Done)
    assert isinstance(accepted, Done)
    mine = await warden.door.ask(ListMyOrganisations(nurse.token), MyOrganisations)
    assert isinstance(mine, MyOrganisations)
    assert len(mine.organisations) == 2
    there = await warden.door.ask(SwitchOrganisation(nurse.token, number), SignedIn)
    assert isinstance(there, SignedIn)
    assert code_of(await view(warden, nurse.token)) == "not-signed-in"
    seen = await view(warden, there.token)
    assert isinstance(seen, SessionView)
    assert (seen.organisation, seen.role) == (number, "hospice_nurse")
    again = await warden.door.ask(AcceptInvitation(there.token, secret), Done)
    assert code_of(again) == "invitation-over"


async def test_nobody_goes_where_they_do_not_work(warden: RunningWarden) -> None:
    nurse = await colleague(warden, "ward_nurse")
    number, _ = await elsewhere(warden, "doctor")
    answer = await warden.door.ask(SwitchOrganisation(nurse.token, number), SignedIn)
    assert code_of(answer) == "not-your-work"
    assert isinstance(await view(warden, nurse.token), SessionView)


async def test_a_link_for_who_lost_every_passkey_gives_nobody_else_work(
    warden: RunningWarden,
) -> None:
    ada = await colleague(warden, "administrator")
    nurse = await colleague(warden, "ward_nurse")
    other = await colleague(warden, "doctor")
    act = VouchFor(nurse.account, "I sat beside her and saw her card.")
    links = await confirm(warden, ada, act, Links)
    assert isinstance(links, Links)
    question = AcceptInvitation(other.token, links.links[0].secret)
    assert code_of(await warden.door.ask(question, Done)) == "invitation-over"


async def test_a_shifts_work_ends_by_itself_and_its_session_with_it(
    warden: RunningWarden, clock: FrozenClock
) -> None:
    ada = await colleague(warden, "administrator")
    nurse = await colleague(warden, "hospice_nurse")
    ends = microseconds_since_epoch(NOW + timedelta(minutes=20))
    act = ChangeRole(nurse.account, "community_coordinator", ends)
    assert isinstance(await confirm(warden, ada, act, Done), Done)
    back = await warden.sign_in(nurse.key)
    assert isinstance(back, SignedIn)
    assert back.expires_at == ends
    for pause in (timedelta(minutes=10), timedelta(minutes=9)):
        clock.move(pause)
        assert isinstance(await view(warden, back.token), SessionView)
    clock.move(timedelta(minutes=2))
    assert code_of(await view(warden, back.token)) == "not-signed-in"
    assert code_of(await warden.sign_in(nurse.key)) == "sign-in-refused"


async def test_ending_here_leaves_the_work_elsewhere(warden: RunningWarden) -> None:
    ada = await colleague(warden, "administrator")
    nurse = await colleague(warden, "ward_nurse")
    number, secret = await elsewhere(warden, "hospice_nurse")
    await warden.door.ask(AcceptInvitation(nurse.token, secret), Done)
    from_there = await warden.sign_in(nurse.key)
    assert isinstance(from_there, SignedIn)
    ended = await end(warden, ada, nurse)
    assert isinstance(ended, Done)
    back = await warden.sign_in(nurse.key)
    assert isinstance(back, SignedIn)
    seen = await view(warden, back.token)
    assert isinstance(seen, SessionView)
    assert seen.organisation == number


async def end(warden: RunningWarden, who: Colleague, whom: Colleague) -> object:
    return await confirm(warden, who, EndPerson(whom.account), Done)
