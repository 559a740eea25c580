# SPDX-License-Identifier: Apache-2.0
"""Acts that somebody confirms while somebody else decides, ends or freezes first.

The database is really stopped at a statement, by a lock that somebody else holds.
"""

import asyncio
import json
import secrets
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from support.acts import ApproveErasure, Colleague, colleague, confirm
from support.authenticator import SoftwareAuthenticator
from support.openings import code_of, opens, records, spend
from support.owner import until_waited_for
from support.warden import (
    NOBODY,
    ORIGIN,
    RunningWarden,
)
from wardkeep.db.connection import Connection
from wardkeep.disclosure.answers import (
    Answer,
    CeremonyOptions,
    Created,
    Done,
    Refusal,
    SignedIn,
)
from wardkeep.disclosure.confirming import Act, BeginConfirm, FinishConfirm
from wardkeep.disclosure.containment import (
    BeginProve,
    Containment,
    FinishProve,
    FreezeNow,
    ReadContainment,
    ReleaseFreeze,
)
from wardkeep.disclosure.kiosks import AddKiosk, BeginPairing, PairingBegun
from wardkeep.disclosure.people import (
    AcceptInvitation,
    AddPeople,
    ApproveRights,
    ChangeRole,
    ListRightsRequests,
    NewPerson,
    RightsRequests,
    SwitchOrganisation,
    Waiting,
    WithdrawRights,
)
from wardkeep.disclosure.questions import (
    AskErasure,
    EndAccount,
    EndSession,
    Invite,
    WithdrawErasure,
)
from wardkeep.warden.service import erasing

WHY = "asked in a letter of 1 May"
SIGNED = "lock table warden.signed_act in exclusive mode"
"""Whoever confirmed waits: the act is described, and not yet done."""


async def signed(
    warden: RunningWarden, who: Colleague, act: Act, kind: type[Answer] = Done
) -> "asyncio.Task[Answer]":
    """Somebody confirms: on its way."""
    options = await warden.door.ask(BeginConfirm(who.token, act), CeremonyOptions)
    assert isinstance(options, CeremonyOptions), options
    response = who.key.sign_in(options.options)
    asked = warden.door.ask(FinishConfirm(who.token, act, response), kind)
    return asyncio.create_task(asked)


async def asks_for(warden: RunningWarden, who: Colleague, act: Act) -> Waiting:
    """Ask for rights that take a second person."""
    waits = await confirm(warden, who, act, Waiting)
    assert isinstance(waits, Waiting), waits
    return waits


async def frozen(warden: RunningWarden, officer: Colleague, whom: str) -> str:
    asked = FreezeNow(officer.token, "account", whom, "seen at two places")
    assert await warden.door.ask_any(asked) == Done()
    return await freeze_of(warden, officer, whom)


async def freeze_of(warden: RunningWarden, who: Colleague, whom: str) -> str:
    """The freeze of an account, as a desk sees it."""
    desk = await warden.door.ask_any(ReadContainment(who.token))
    assert isinstance(desk, Containment)
    [found] = [one.id for one in desk.freezes if one.target == whom]
    return found


# Freezes


async def test_of_two_who_release_at_once_one_does(
    warden: RunningWarden, owner: Connection
) -> None:
    officers = [await colleague(warden, "privacy_officer") for _ in range(2)]
    nurse = await colleague(warden, "ward_nurse")
    act = ReleaseFreeze(await frozen(warden, officers[0], nurse.account), WHY)
    async with owner.transaction():
        await owner.execute(SIGNED)
        both = [await signed(warden, one, act) for one in officers]
        await until_waited_for(owner, many=2)
    answers = [await one for one in both]
    assert sorted(isinstance(one, Refusal) for one in answers) == [False, True]
    assert {code_of(one) for one in answers if one != Done()} == {"no-such-freeze"}


async def test_whoever_is_frozen_releases_nobody_and_least_of_all_themselves(
    warden: RunningWarden,
) -> None:
    lead = await colleague(warden, "shift_lead")
    await spend(warden, lead, await records(warden, 120))
    act = ReleaseFreeze(await freeze_of(warden, lead, lead.account), WHY)
    answer = await confirm(warden, lead, act, Done)
    assert code_of(answer) == "not-yourself"


async def test_a_freeze_says_why(warden: RunningWarden) -> None:
    officer = await colleague(warden, "privacy_officer")
    asked = FreezeNow(officer.token, "account", NOBODY, "x")
    assert code_of(await warden.door.ask_any(asked)) == "bad-rights"


async def test_a_copied_passkey_releases_where_none_of_one_device_is_asked_for(
    warden: RunningWarden,
) -> None:
    officer = await colleague(warden, "privacy_officer")
    nurse = await colleague(warden, "ward_nurse")
    await spend(warden, nurse, await records(warden, 60))
    key = SoftwareAuthenticator(origin=ORIGIN)
    key.is_backup_eligible = key.is_backed_up = True
    account = await warden.account("shift_lead")
    made = await warden.use_link(await warden.tell(Invite(account, 1.0)), key)
    assert isinstance(made, SignedIn), made
    lead = Colleague(account, made.token, key)
    act = ReleaseFreeze(await freeze_of(warden, officer, nurse.account), WHY)
    assert await confirm(warden, lead, act, Done) == Done()


# Rights


async def test_a_role_for_somebody_who_leaves_meanwhile_is_nobodys(
    warden: RunningWarden, owner: Connection
) -> None:
    ada = await colleague(warden, "administrator")
    nurse = await colleague(warden, "ward_nurse")
    async with owner.transaction():
        await owner.execute(SIGNED)
        act = ChangeRole(nurse.account, "privacy_officer")
        asking = await signed(warden, ada, act, Waiting)
        await until_waited_for(owner)
        assert await warden.operator.ask(EndAccount(nurse.account), Done) == Done()
    assert code_of(await asking) == "no-such-person"


async def test_what_was_taken_back_meanwhile_is_approved_by_nobody(
    warden: RunningWarden, owner: Connection
) -> None:
    ada, eve = [await colleague(warden, "administrator") for _ in range(2)]
    nurse = await colleague(warden, "ward_nurse")
    waits = await asks_for(warden, ada, ChangeRole(nurse.account, "privacy_officer"))
    listed = await warden.door.ask_any(ListRightsRequests(eve.token))
    assert isinstance(listed, RightsRequests)
    [(_, words)] = listed.requests[0].lines
    assert "Privacy officer" in words
    async with owner.transaction():
        await owner.execute(SIGNED)
        approving = await signed(warden, eve, ApproveRights(waits.request))
        await until_waited_for(owner)
        back = WithdrawRights(ada.token, waits.request)
        assert await warden.door.ask_any(back) == Done()
    assert code_of(await approving) == "not-open"


async def test_of_two_who_approve_rights_at_once_one_does(
    warden: RunningWarden, owner: Connection
) -> None:
    """Nobody is added twice."""
    ada, *others = [await colleague(warden, "administrator") for _ in range(3)]
    name = f"Wren {secrets.token_hex(4)}"
    act = AddPeople((NewPerson(name, "ward_nurse"),))
    waits = await asks_for(warden, ada, act)
    async with owner.transaction():
        await owner.execute("select from warden.rights_request for update")
        both = [
            await signed(warden, one, ApproveRights(waits.request)) for one in others
        ]
        await until_waited_for(owner, many=2)
    answers = [await one for one in both]
    assert sorted(isinstance(one, Refusal) for one in answers) == [False, True]
    added = "select count(*) from warden.account where display_name = $1"
    assert await owner.fetch_value(added, name) == 1


async def test_of_two_answers_to_one_request_the_first_holds(
    warden: RunningWarden, owner: Connection
) -> None:
    ada, eve = [await colleague(warden, "administrator") for _ in range(2)]
    nurse = await colleague(warden, "ward_nurse")
    waits = await asks_for(warden, ada, ChangeRole(nurse.account, "privacy_officer"))
    async with owner.transaction():
        await owner.execute("select from warden.rights_request for update")
        both = [
            asyncio.create_task(
                warden.door.ask_any(WithdrawRights(one.token, waits.request))
            )
            for one in (ada, eve)
        ]
        await until_waited_for(owner, many=2)
    answers = [await one for one in both]
    assert sorted(isinstance(one, Refusal) for one in answers) == [False, True]
    assert {code_of(one) for one in answers if one != Done()} == {"not-open"}


async def test_people_are_added_to_a_team_that_is_there(
    warden: RunningWarden, owner: Connection
) -> None:
    ada, eve = [await colleague(warden, "administrator") for _ in range(2)]
    stranger = AddPeople((NewPerson("Wren Alder", "ward_nurse", 0, NOBODY),))
    assert code_of(await confirm(warden, ada, stranger, Waiting)) == "bad-rights"
    team = await owner.fetch_value(
        "insert into warden.team (id, organisation, name, created_at)"
        " select gen_random_uuid(), number, 'Ward 7', now()"
        " from warden.organisation where slug = $1 returning id::text",
        warden.home,
    )
    act = AddPeople((NewPerson("Wren Alder", "ward_nurse", 0, team),))
    waits = await asks_for(warden, ada, act)
    await confirm(warden, eve, ApproveRights(waits.request), Done)
    many = await owner.fetch_value(
        "select count(*) from warden.team_member where team = $1::text::uuid", team
    )
    assert many == 1


# Kiosks


async def code_shown(warden: RunningWarden) -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    jwk = {**ECAlgorithm.to_jwk(key.public_key(), as_dict=True), "kid": "kiosk"}
    begun = await warden.door.ask(BeginPairing(json.dumps(jwk).encode()), PairingBegun)
    assert isinstance(begun, PairingBegun), begun
    return begun.code


async def test_of_two_who_type_a_code_at_once_one_lets_the_device_in(
    warden: RunningWarden, owner: Connection
) -> None:
    both = [await colleague(warden, "administrator") for _ in range(2)]
    act = AddKiosk(await code_shown(warden), "Waiting room")
    async with owner.transaction():
        await owner.execute(SIGNED)
        asked = [await signed(warden, one, act) for one in both]
        await until_waited_for(owner, many=2)
    answers = [await one for one in asked]
    assert sorted(isinstance(one, Refusal) for one in answers) == [False, True]


@pytest.mark.parametrize("name", ["", "Waiting\nroom", "x" * 200])
async def test_a_kiosk_has_a_name_that_a_page_can_show(
    warden: RunningWarden, name: str
) -> None:
    ada = await colleague(warden, "administrator")
    act = AddKiosk(await code_shown(warden), name)
    assert code_of(await confirm(warden, ada, act, Done)) == "bad-rights"
    team = AddKiosk(await code_shown(warden), "Waiting room", NOBODY)
    assert isinstance(await confirm(warden, ada, team, Done), Refusal)


# Erasures


async def asked_for(warden: RunningWarden, officer: str) -> str:
    patient = f"p-{secrets.token_hex(4)}"
    question = AskErasure(officer, patient, "person-asked", WHY)
    asked = await warden.door.ask(question, Created)
    assert isinstance(asked, Created), asked
    return asked.id


async def test_of_two_who_approve_an_erasure_at_once_one_does(
    warden: RunningWarden, owner: Connection
) -> None:
    officer = await warden.session("privacy_officer")
    others = [await warden.session("privacy_officer") for _ in range(2)]
    erasure = await asked_for(warden, officer)
    async with owner.transaction():
        await owner.execute("select from warden.erasure for update")
        first = asyncio.create_task(ApproveErasure(others[0], erasure).by(warden.door))
        await until_waited_for(owner)
        # Described as open while the first waits for the database.
        second = asyncio.create_task(ApproveErasure(others[1], erasure).by(warden.door))
        await asyncio.sleep(0.5)
        assert not second.done()
    assert await first == Done()
    assert code_of(await second) == "not-open"


@pytest.mark.parametrize("what", ["withdraw", "approve"])
async def test_what_the_database_says_was_decided_meanwhile_stays_so(
    warden: RunningWarden, owner: Connection, what: str
) -> None:
    """As by a second warden on the same database, or an older one that still runs."""
    officer = await warden.session("privacy_officer")
    other = await warden.session("privacy_officer")
    erasure = await asked_for(warden, officer)
    question: asyncio.Task[Answer]
    async with owner.transaction():
        await owner.execute(
            "update warden.erasure set withdrawn_at = $1 where id = $2::text::uuid",
            datetime(2026, 11, 29, tzinfo=UTC),
            erasure,
        )
        if what == "withdraw":
            asked = warden.door.ask_any(WithdrawErasure(officer, erasure))
            question = asyncio.create_task(asked)
        else:
            approving = ApproveErasure(other, erasure).by(warden.door)
            question = asyncio.create_task(approving)
        await until_waited_for(owner)
    assert code_of(await question) == "not-open"


async def test_before_the_ledger_is_written_nothing_is_erased(
    warden: RunningWarden, monkeypatch: pytest.MonkeyPatch
) -> None:
    officer = await warden.session("privacy_officer")
    other = await warden.session("privacy_officer")
    erasure = await asked_for(warden, officer)
    eraser = warden.service._eraser
    with monkeypatch.context() as patched:
        patched.setattr(eraser, "_written", erasing._not_yet)
        answer = await ApproveErasure(other, erasure).by(warden.door)
        assert code_of(answer) == "ledger-cannot-write"
    assert await ApproveErasure(other, erasure).by(warden.door) == Done()


# Sessions


async def test_a_session_that_ends_while_its_passkey_is_looked_at_is_over(
    warden: RunningWarden, owner: Connection
) -> None:
    nurse = await colleague(warden, "ward_nurse")
    options = await warden.door.ask(BeginProve(nurse.token), CeremonyOptions)
    assert isinstance(options, CeremonyOptions), options
    response = nurse.key.sign_in(options.options)
    async with owner.transaction():
        await owner.execute("select from warden.credential for update")
        question = FinishProve(nurse.token, response)
        proving = asyncio.create_task(warden.door.ask_any(question))
        await until_waited_for(owner)
        assert await warden.door.ask_any(EndSession(nurse.token)) == Done()
    assert code_of(await proving) == "not-signed-in"


async def test_anothers_passkey_proves_nothing(warden: RunningWarden) -> None:
    nurse, other = [await colleague(warden, "ward_nurse") for _ in range(2)]
    options = await warden.door.ask(BeginProve(nurse.token), CeremonyOptions)
    assert isinstance(options, CeremonyOptions), options
    response = other.key.sign_in(options.options)
    answer = await warden.door.ask_any(FinishProve(nurse.token, response))
    assert isinstance(answer, Refusal)


# Work in two organisations


async def works_elsewhere(
    warden: RunningWarden, who: Colleague, role: str
) -> tuple[int, str]:
    slug = f"org-{secrets.token_hex(4)}"
    number = await warden.organisation(slug)
    account = await warden.account(role, organisation=slug)
    secret = await warden.tell(Invite(account, 1.0))
    accepted = await warden.door.ask(AcceptInvitation(who.token, secret), Done)
    assert accepted == Done(), accepted
    return number, slug


async def test_whoever_is_frozen_there_while_they_go_there_opens_nothing(
    warden: RunningWarden, owner: Connection
) -> None:
    nurse = await colleague(warden, "ward_nurse")
    number, warden.home = await works_elsewhere(warden, nurse, "ward_nurse")
    officer = await colleague(warden, "privacy_officer")
    async with owner.transaction():
        await owner.execute("lock table warden.session in exclusive mode")
        question = SwitchOrganisation(nurse.token, number)
        going = asyncio.create_task(warden.door.ask_any(question))
        await until_waited_for(owner)
        asked = FreezeNow(officer.token, "account", nurse.account, "a strange place")
        assert await warden.door.ask_any(asked) == Done()
    there = await going
    assert isinstance(there, SignedIn), there
    [item] = await records(warden, 1)
    assert code_of(await opens(warden, there.token, item)) == "not-signed-in"


async def test_whoever_is_frozen_there_does_not_go_there(
    warden: RunningWarden,
) -> None:
    nurse = await colleague(warden, "ward_nurse")
    number, warden.home = await works_elsewhere(warden, nurse, "ward_nurse")
    officer = await colleague(warden, "privacy_officer")
    await frozen(warden, officer, nurse.account)
    answer = await warden.door.ask_any(SwitchOrganisation(nurse.token, number))
    assert code_of(answer) == "frozen"


async def test_a_link_that_is_used_meanwhile_is_good_once(
    warden: RunningWarden, owner: Connection
) -> None:
    both = [await colleague(warden, "ward_nurse") for _ in range(2)]
    slug = f"org-{secrets.token_hex(4)}"
    await warden.organisation(slug)
    account = await warden.account("ward_nurse", organisation=slug)
    secret = await warden.tell(Invite(account, 1.0))
    async with owner.transaction():
        await owner.execute("select from warden.invitation for update")
        asked = [
            asyncio.create_task(
                warden.door.ask_any(AcceptInvitation(one.token, secret))
            )
            for one in both
        ]
        await until_waited_for(owner, many=2)
    answers = [await one for one in asked]
    assert sorted(isinstance(one, Refusal) for one in answers) == [False, True]
