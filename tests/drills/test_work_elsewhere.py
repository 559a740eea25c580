# SPDX-License-Identifier: Apache-2.0
"""One person, several organisations: what one of them must not reach in another."""

import asyncio
import secrets
from uuid import UUID

import pytest

from support.acts import Colleague, colleague, confirm, options_for
from support.authenticator import SoftwareAuthenticator
from support.owner import owner_of, rested, until_waited_for
from support.warden import ORIGIN, Installation, RunningWarden, running_warden
from wardkeep.disclosure.answers import (
    CeremonyOptions,
    Done,
    Passkeys,
    Refusal,
    SessionView,
    SignedIn,
)
from wardkeep.disclosure.confirming import Act
from wardkeep.disclosure.containment import FreezeNow
from wardkeep.disclosure.people import (
    AcceptInvitation,
    AddPeople,
    ApproveRights,
    ChangePasskeys,
    ChangeRole,
    EndPerson,
    IssueLinks,
    Links,
    NewPerson,
    SwitchOrganisation,
    VouchFor,
    Waiting,
)
from wardkeep.disclosure.questions import (
    BeginAddPasskey,
    CheckSession,
    FinishAddPasskey,
    Invite,
    ListPasskeys,
)

HOW = "I sat beside her and saw her card."


def code_of(answer: object) -> str:
    assert isinstance(answer, Refusal), answer
    return answer.code


async def link_elsewhere(warden: RunningWarden, role: str) -> tuple[int, str, str]:
    """Another organisation's number and short name, and a link for work there."""
    slug = f"org-{secrets.token_hex(4)}"
    number = await warden.organisation(slug)
    account = await warden.account(role, organisation=slug)
    return number, slug, await warden.tell(Invite(account, 1.0))


async def works_elsewhere_too(
    warden: RunningWarden, who: Colleague, role: str
) -> tuple[int, str]:
    """Give somebody work in another organisation; its number and short name."""
    number, slug, secret = await link_elsewhere(warden, role)
    accepted = await warden.door.ask(AcceptInvitation(who.token, secret), Done)
    assert accepted == Done(), accepted
    return number, slug


def synced() -> SoftwareAuthenticator:
    made = SoftwareAuthenticator(origin=ORIGIN)
    made.is_backup_eligible = made.is_backed_up = True
    return made


async def add_passkey(
    warden: RunningWarden, who: Colleague, new: SoftwareAuthenticator
) -> object:
    """Add a passkey, confirmed by the one that they have."""
    opened = await confirm(warden, who, ChangePasskeys(), Done)
    if opened != Done():
        return opened
    options = await warden.door.ask(BeginAddPasskey(who.token), CeremonyOptions)
    assert isinstance(options, CeremonyOptions), options
    response = new.register(options.options)
    return await warden.door.ask(FinishAddPasskey(who.token, response, "New"), Done)


@pytest.mark.parametrize("role", ["administrator", "shift_lead"])
async def test_an_organisation_takes_over_nobody_who_works_elsewhere_too(
    warden: RunningWarden, role: str
) -> None:
    """A link would be good for all of the account, and so for the other one's work."""
    lead = await colleague(warden, role)
    nurse = await colleague(warden, "ward_nurse")
    await works_elsewhere_too(warden, nurse, "administrator")
    answer = await confirm(warden, lead, VouchFor(nurse.account, HOW), Links)
    assert code_of(answer) == "works-elsewhere"
    assert isinstance(await warden.sign_in(nurse.key), SignedIn)


async def test_two_people_of_one_organisation_take_over_nobody_either(
    warden: RunningWarden,
) -> None:
    ada = await colleague(warden, "administrator")
    pia = await colleague(warden, "privacy_officer")
    other = await colleague(warden, "administrator")
    asked = await confirm(warden, ada, VouchFor(other.account, HOW), Waiting)
    assert isinstance(asked, Waiting)
    await works_elsewhere_too(warden, other, "doctor")
    answer = await confirm(warden, pia, ApproveRights(asked.request), Links)
    assert code_of(answer) == "works-elsewhere"


async def test_taking_on_work_elsewhere_ends_a_link_that_was_out(
    warden: RunningWarden,
) -> None:
    ada = await colleague(warden, "administrator")
    nurse = await colleague(warden, "ward_nurse")
    links = await confirm(warden, ada, VouchFor(nurse.account, HOW), Links)
    assert isinstance(links, Links)
    await works_elsewhere_too(warden, nurse, "doctor")
    thief = SoftwareAuthenticator(origin=ORIGIN)
    used = await warden.use_link(links.links[0].secret, thief)
    assert code_of(used) == "invitation-over"


async def test_whose_work_here_alone_is_left_is_vouched_for_again(
    warden: RunningWarden,
) -> None:
    ada = await colleague(warden, "administrator")
    nurse = await colleague(warden, "ward_nurse")
    _, slug = await works_elsewhere_too(warden, nurse, "doctor")
    here, warden.home = warden.home, slug
    eve = await colleague(warden, "administrator", name="Eve Lark")
    warden.home = here
    assert await confirm(warden, eve, EndPerson(nurse.account), Done) == Done()
    links = await confirm(warden, ada, VouchFor(nurse.account, HOW), Links)
    assert isinstance(links, Links)


async def test_a_copied_passkey_makes_no_key_for_guarded_work_elsewhere(
    warden: RunningWarden,
) -> None:
    """Whoever reads somebody's synced passkeys must not make an administrator's."""
    copied = synced()
    doctor = await colleague(warden, "doctor")
    assert await add_passkey(warden, doctor, copied) == Done()
    await rested(warden.installation)
    await works_elsewhere_too(warden, doctor, "administrator")
    begun = await warden.sign_in(copied)
    assert isinstance(begun, SignedIn)
    thief = Colleague(doctor.account, begun.token, copied)
    own = SoftwareAuthenticator(origin=ORIGIN)
    assert code_of(await add_passkey(warden, thief, own)) == "device-bound"
    listed = await warden.door.ask(ListPasskeys(begun.token), Passkeys)
    assert isinstance(listed, Passkeys)
    assert len(listed.passkeys) == 2
    assert await add_passkey(warden, doctor, own) == Done()


async def test_guarded_work_is_taken_on_with_a_passkey_of_one_device(
    warden: RunningWarden,
) -> None:
    copied = synced()
    token, _ = await warden.enrol(await warden.account("doctor"), copied)
    number, _, secret = await link_elsewhere(warden, "administrator")
    answer = await warden.door.ask(AcceptInvitation(token, secret), Done)
    assert code_of(answer) == "device-bound"
    there = await warden.door.ask(SwitchOrganisation(token, number), SignedIn)
    assert code_of(there) == "not-your-work"


async def test_a_leaver_signs_in_nowhere_by_being_quick(
    warden: RunningWarden, installation: Installation
) -> None:
    """The work ends between the proof and the session, and other work is left."""
    nurse = await colleague(warden, "ward_nurse")
    await works_elsewhere_too(warden, nurse, "doctor")
    async with owner_of(installation) as owner:
        async with owner.transaction():
            await owner.execute("lock table warden.session in share mode")
            await owner.execute(
                "update warden.membership set ended_at = now()"
                " where account = $1 and role = 'ward_nurse'",
                UUID(nurse.account),
            )
            late = asyncio.create_task(warden.sign_in(nurse.key))
            await until_waited_for(owner)
        assert code_of(await late) == "sign-in-refused"


@pytest.mark.parametrize(
    "ended",
    [
        "update warden.membership set ended_at = now() where account = $1",
        "update warden.credential set revoked_at = now() where account = $1",
    ],
    ids=["work", "passkey"],
)
async def test_a_stop_in_the_middle_of_an_end_brings_no_session_back(
    installation: Installation, ended: str
) -> None:
    """The database has the end of the work, and not yet that of the session."""
    async with running_warden(installation) as warden:
        warden.home = f"org-{secrets.token_hex(4)}"
        await warden.organisation(warden.home)
        nurse = await colleague(warden, "ward_nurse")
        kept = await colleague(warden, "ward_nurse")
        async with owner_of(installation) as owner:
            await owner.execute(ended, UUID(nurse.account))
    async with running_warden(installation) as warden:
        gone = await warden.door.ask(CheckSession(nurse.token), SessionView)
        assert code_of(gone) == "not-signed-in"
        there = await warden.door.ask(CheckSession(kept.token), SessionView)
        assert isinstance(there, SessionView)


async def test_a_role_given_while_somebody_leaves_brings_nobody_back(
    warden: RunningWarden, installation: Installation
) -> None:
    ada = await colleague(warden, "administrator")
    eve = await colleague(warden, "administrator", name="Eve Lark")
    nurse = await colleague(warden, "ward_nurse")
    await works_elsewhere_too(warden, nurse, "doctor")
    changing = ChangeRole(nurse.account, "finance_clerk")
    leaving = EndPerson(nurse.account)
    async with owner_of(installation) as owner:
        async with owner.transaction():
            await owner.execute(
                "select from warden.membership where account = $1 for update",
                UUID(nurse.account),
            )
            first = asyncio.create_task(confirm(warden, eve, leaving, Done))
            await until_waited_for(owner)
            second = asyncio.create_task(confirm(warden, ada, changing, Done))
            await until_waited_for(owner, many=2)
        assert await first == Done()
        assert code_of(await second) == "no-such-person"
        roles = await owner.fetch(
            "select role from warden.membership where account = $1"
            " and ended_at is null",
            UUID(nurse.account),
        )
    assert [row["role"] for row in roles] == ["doctor"]


@pytest.mark.parametrize("kind", [VouchFor, ChangeRole])
async def test_no_organisation_vouches_for_the_operators_people_or_gives_them_a_role(
    warden: RunningWarden, installation: Installation, kind: type[Act]
) -> None:
    """While support access holds they work here, and their account is not ours."""
    ada = await colleague(warden, "administrator")
    account = await warden.account("support", organisation="support", name="Wren")
    await warden.enrol(account)
    async with owner_of(installation) as owner:
        await owner.execute(
            "insert into warden.membership (account, organisation, role)"
            " select $1, number, 'support' from warden.organisation where slug = $2",
            UUID(account),
            warden.home,
        )
    act = VouchFor(account, HOW) if kind is VouchFor else ChangeRole(account, "doctor")
    answer = await options_for(warden, ada, act)
    assert code_of(answer) == "operators-person"


async def test_a_starter_who_has_an_account_is_a_leaver_of_both_lists(
    warden: RunningWarden,
) -> None:
    """Whoever was asked for is the account that took the work on."""
    ada = await colleague(warden, "administrator")
    pia = await colleague(warden, "privacy_officer")
    people = (NewPerson("Rowan Ash", "ward_nurse"),)
    asked = await confirm(warden, ada, AddPeople(people), Waiting)
    assert isinstance(asked, Waiting)
    done = await confirm(warden, pia, ApproveRights(asked.request), Done)
    assert done == Done()
    placeholder = (await accounts_of(warden, asked.request))[0]
    links = await confirm(warden, ada, IssueLinks((placeholder,)), Links)
    assert isinstance(links, Links)
    here, warden.home = warden.home, f"org-{secrets.token_hex(4)}"
    await warden.organisation(warden.home)
    doctor = await colleague(warden, "doctor")
    warden.home = here
    secret = links.links[0].secret
    accepted = await warden.door.ask(AcceptInvitation(doctor.token, secret), Done)
    assert accepted == Done()
    assert await accounts_of(warden, asked.request) == [doctor.account]


async def accounts_of(warden: RunningWarden, request: str) -> list[str]:
    async with owner_of(warden.installation) as owner:
        found = await owner.fetch_value(
            "select accounts from warden.rights_request where id = $1", UUID(request)
        )
    return [str(one) for one in found]


async def test_what_one_organisation_freezes_does_not_end_work_elsewhere(
    warden: RunningWarden,
) -> None:
    pia = await colleague(warden, "privacy_officer")
    nurse = await colleague(warden, "ward_nurse")
    number, _ = await works_elsewhere_too(warden, nurse, "carer")
    frozen = FreezeNow(pia.token, "account", nurse.account, "her telephone was stolen")
    assert await warden.door.ask(frozen, Done) == Done()
    assert await organisation_of(warden, nurse.key) == number


async def test_a_copied_passkey_signs_in_to_the_work_that_it_is_enough_for(
    warden: RunningWarden,
) -> None:
    """Though guarded work was done last."""
    copied = synced()
    doctor = await colleague(warden, "doctor")
    here = await organisation_of(warden, doctor.key)
    assert await add_passkey(warden, doctor, copied) == Done()
    await rested(warden.installation)
    number, _ = await works_elsewhere_too(warden, doctor, "administrator")
    there = await warden.door.ask(SwitchOrganisation(doctor.token, number), SignedIn)
    assert isinstance(there, SignedIn)
    assert await organisation_of(warden, copied) == here
    assert await organisation_of(warden, doctor.key) == here


async def organisation_of(warden: RunningWarden, key: SoftwareAuthenticator) -> int:
    begun = await warden.sign_in(key)
    assert isinstance(begun, SignedIn), begun
    seen = await warden.door.ask(CheckSession(begun.token), SessionView)
    assert isinstance(seen, SessionView)
    return seen.organisation
