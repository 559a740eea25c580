# SPDX-License-Identifier: Apache-2.0
"""Dangerous acts: signed by a fresh passkey, and some only by two people."""

import hashlib
import json
import secrets
from uuid import UUID

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from support.acts import Colleague, colleague, confirm, options_for
from support.authenticator import SoftwareAuthenticator, decoded
from support.ledgers import full_at
from support.openings import opens, records
from support.owner import owner_of
from support.warden import ORIGIN, Installation, RunningWarden, running_warden
from wardkeep.disclosure.answers import Done, Refusal, SessionView, SignedIn
from wardkeep.disclosure.confirming import ActDescription, DescribeAct, FinishConfirm
from wardkeep.disclosure.patients import InvitePatient
from wardkeep.disclosure.people import (
    AddPeople,
    ApproveRights,
    ChangeRole,
    EndPerson,
    IssueLinks,
    Links,
    ListPeople,
    ListRightsRequests,
    NewPerson,
    People,
    PersonView,
    RightsRequests,
    VouchFor,
    Waiting,
    WithdrawRights,
)
from wardkeep.disclosure.questions import CheckSession

NURSE = NewPerson("Tamsin Reed", "ward_nurse")
CLERK = NewPerson("Ivo Marsh", "finance_clerk")
HOW = "I sat beside her and saw her staff card."


@pytest.fixture
async def ada(warden: RunningWarden) -> Colleague:
    return await colleague(warden, "administrator", name="Ada Holt")


@pytest.fixture
async def pia(warden: RunningWarden) -> Colleague:
    return await colleague(warden, "privacy_officer", name="Pia Stone")


async def people(warden: RunningWarden, who: Colleague) -> dict[str, PersonView]:
    found = await warden.door.ask(ListPeople(who.token), People)
    assert isinstance(found, People), found
    return {one.display_name: one for one in found.people if not one.ended_at}


def code_of(answer: object) -> str:
    assert isinstance(answer, Refusal), answer
    return answer.code


async def is_signed_in(warden: RunningWarden, token: str) -> bool:
    answer = await warden.door.ask(CheckSession(token), SessionView)
    return isinstance(answer, SessionView)


async def test_an_act_without_a_budget_is_done_by_one_person(
    warden: RunningWarden, ada: Colleague
) -> None:
    assert isinstance(await confirm(warden, ada, AddPeople((CLERK,)), Done), Done)
    assert (await people(warden, ada))["Ivo Marsh"].role == "finance_clerk"


async def test_who_would_open_records_waits_for_a_second_person(
    warden: RunningWarden, ada: Colleague, pia: Colleague
) -> None:
    waits = await confirm(warden, ada, AddPeople((NURSE, CLERK)), Waiting)
    assert isinstance(waits, Waiting)
    assert "Tamsin Reed" not in await people(warden, ada)
    alone = await confirm(warden, ada, ApproveRights(waits.request), Done)
    assert code_of(alone) == "second-person"
    both = await confirm(warden, pia, ApproveRights(waits.request), Done)
    assert isinstance(both, Done)
    assert {"Tamsin Reed", "Ivo Marsh"} <= set(await people(warden, pia))
    again = await confirm(warden, pia, ApproveRights(waits.request), Done)
    assert code_of(again) == "not-open"


async def test_a_request_that_was_taken_back_is_not_approved(
    warden: RunningWarden, ada: Colleague, pia: Colleague
) -> None:
    waits = await confirm(warden, ada, AddPeople((NURSE,)), Waiting)
    assert isinstance(waits, Waiting)
    await warden.door.ask(WithdrawRights(ada.token, waits.request), Done)
    answer = await confirm(warden, pia, ApproveRights(waits.request), Done)
    assert code_of(answer) == "not-open"
    listed = await warden.door.ask(ListRightsRequests(pia.token), RightsRequests)
    assert isinstance(listed, RightsRequests)
    assert listed.requests[0].withdrawn_by == "Ada Holt"
    assert listed.requests[0].lines == (("Tamsin Reed", "Ward nurse"),)


async def test_a_challenge_for_one_act_confirms_no_other(
    warden: RunningWarden, ada: Colleague
) -> None:
    harmless = AddPeople((CLERK,))
    options = await options_for(warden, ada, harmless)
    assert not isinstance(options, Refusal)
    other = AddPeople((NewPerson("Mallory Vane", "finance_clerk"),))
    sent = FinishConfirm(ada.token, other, ada.key.sign_in(options.options))
    assert code_of(await warden.door.ask(sent, Done)) == "not-confirmed"
    assert "Mallory Vane" not in await people(warden, ada)


async def test_a_signature_confirms_once(warden: RunningWarden, ada: Colleague) -> None:
    act = AddPeople((CLERK,))
    options = await options_for(warden, ada, act)
    assert not isinstance(options, Refusal)
    sent = FinishConfirm(ada.token, act, ada.key.sign_in(options.options))
    assert isinstance(await warden.door.ask(sent, Done), Done)
    assert code_of(await warden.door.ask(sent, Done)) == "not-confirmed"


async def test_another_persons_passkey_confirms_nothing(
    warden: RunningWarden, ada: Colleague, pia: Colleague
) -> None:
    stolen = Colleague(ada.account, ada.token, pia.key)
    answer = await confirm(warden, stolen, AddPeople((CLERK,)), Done)
    assert code_of(answer) == "not-confirmed"


@pytest.mark.parametrize("role", ["ward_nurse", "doctor", "receptionist"])
async def test_people_of_other_roles_manage_nobody(
    warden: RunningWarden, role: str
) -> None:
    nurse = await colleague(warden, role)
    acts = (
        AddPeople((CLERK,)),
        ChangeRole(nurse.account, "doctor"),
        EndPerson(nurse.account),
        IssueLinks((nurse.account,)),
        VouchFor(nurse.account, HOW),
        ApproveRights("00000000-0000-4000-8000-000000000000"),
    )
    for act in acts:
        described = await warden.door.ask(DescribeAct(nurse.token, act), ActDescription)
        assert code_of(described) == "not-your-work"
        assert code_of(await confirm(warden, nurse, act, Done)) == "not-your-work"
    assert code_of(await warden.door.ask(ListPeople(nurse.token), People))


async def test_the_evidence_verifies_with_nothing_but_the_public_key(
    warden: RunningWarden, ada: Colleague
) -> None:
    act = AddPeople((CLERK,))
    await confirm(warden, ada, act, Done)
    async with warden.service._database.connection() as connection:
        row = await connection.fetch_row(
            "select * from warden.signed_act where account = $1", UUID(ada.account)
        )
    assert row is not None
    assert row["title"] == "Add Ivo Marsh"
    assert msgspec.msgpack.decode(row["act"], type=AddPeople) == act
    response = json.loads(row["response"])["response"]
    client = decoded(response["clientDataJSON"])
    challenge = decoded(json.loads(client)["challenge"])
    content = row["session"].encode() + b"\0" + row["act"]
    nonce, digest = challenge[:32], challenge[32:]
    assert hashlib.sha256(nonce + content).digest() == digest
    signed = decoded(response["authenticatorData"]) + hashlib.sha256(client).digest()
    ada.key.key.public_key().verify(
        decoded(response["signature"]), signed, ec.ECDSA(SHA256())
    )


async def test_the_second_person_signs_what_was_asked_for_and_not_its_number_alone(
    warden: RunningWarden, ada: Colleague, pia: Colleague, installation: Installation
) -> None:
    """Whoever writes into the warden's tables cannot have another act agreed to."""
    small, large = AddPeople((NURSE,)), AddPeople((NewPerson("Eve", "administrator"),))
    waits = await confirm(warden, ada, small, Waiting)
    assert isinstance(waits, Waiting)
    act = ApproveRights(waits.request)
    options = await options_for(warden, pia, act)
    assert not isinstance(options, Refusal)
    response = pia.key.sign_in(options.options)
    async with owner_of(installation) as owner:
        await owner.execute(
            "update warden.rights_request set act = $2 where id = $1",
            UUID(waits.request),
            msgspec.msgpack.encode(large),
        )
        changed = await warden.door.ask(FinishConfirm(pia.token, act, response), Done)
        assert code_of(changed) == "not-confirmed"
        await owner.execute(
            "update warden.rights_request set act = $2 where id = $1",
            UUID(waits.request),
            msgspec.msgpack.encode(small),
        )
        assert isinstance(await confirm(warden, pia, act, Done), Done)
        kept = await owner.fetch_value(
            "select act from warden.signed_act where account = $1", UUID(pia.account)
        )
    assert kept == msgspec.msgpack.encode(act) + msgspec.msgpack.encode(small)


async def test_a_leavers_session_and_passkeys_end_at_once(
    warden: RunningWarden, ada: Colleague
) -> None:
    nurse = await colleague(warden, "ward_nurse", name="Tamsin Reed")
    assert await is_signed_in(warden, nurse.token)
    assert isinstance(await confirm(warden, ada, EndPerson(nurse.account), Done), Done)
    assert not await is_signed_in(warden, nurse.token)
    assert code_of(await warden.sign_in(nurse.key)) == "sign-in-refused"
    again = await confirm(warden, ada, EndPerson(nurse.account), Done)
    assert code_of(again) == "no-such-person"


async def test_nobody_ends_or_moves_or_vouches_for_themselves(
    warden: RunningWarden, ada: Colleague
) -> None:
    for act in (
        EndPerson(ada.account),
        ChangeRole(ada.account, "doctor"),
        VouchFor(ada.account, HOW),
    ):
        assert code_of(await confirm(warden, ada, act, Done)) == "not-yourself"


async def test_a_mover_to_a_smaller_role_moves_at_once_and_signs_in_anew(
    warden: RunningWarden, ada: Colleague
) -> None:
    nurse = await colleague(warden, "doctor", name="Tamsin Reed")
    act = ChangeRole(nurse.account, "ward_nurse")
    assert isinstance(await confirm(warden, ada, act, Done), Done)
    assert not await is_signed_in(warden, nurse.token)
    assert isinstance(await warden.sign_in(nurse.key), SignedIn)
    assert (await people(warden, ada))["Tamsin Reed"].role == "ward_nurse"


async def test_who_gains_by_a_change_cannot_be_the_second_person(
    warden: RunningWarden, ada: Colleague, pia: Colleague
) -> None:
    act = ChangeRole(pia.account, "administrator")
    waits = await confirm(warden, ada, act, Waiting)
    assert isinstance(waits, Waiting)
    answer = await confirm(warden, pia, ApproveRights(waits.request), Done)
    assert code_of(answer) == "second-person"
    third = await colleague(warden, "administrator", name="Eve Lund")
    answer = await confirm(warden, third, ApproveRights(waits.request), Done)
    assert isinstance(answer, Done)


async def test_a_guarded_role_needs_a_passkey_that_stays_on_one_device(
    warden: RunningWarden, ada: Colleague
) -> None:
    account = await warden.account("doctor", name="Tamsin Reed")
    synced = SoftwareAuthenticator(origin=ORIGIN)
    synced.is_backup_eligible = synced.is_backed_up = True
    await warden.enrol(account, synced)
    act = ChangeRole(account, "administrator")
    assert code_of(await confirm(warden, ada, act, Waiting)) == "device-bound"


async def test_a_copied_passkey_confirms_what_is_everybodys_work(
    warden: RunningWarden,
) -> None:
    """A nurse's telephone may have it: what a stay on one device guards is more."""
    key = SoftwareAuthenticator(origin=ORIGIN)
    key.is_backup_eligible = key.is_backed_up = True
    account = await warden.account("ward_nurse")
    token, _ = await warden.enrol(account, key)
    [item] = await records(warden, 1)
    await opens(warden, token, item)
    nurse = Colleague(account, token, key)
    invited = await confirm(warden, nurse, InvitePatient(item.patient), Links)
    assert isinstance(invited, Links), invited


async def test_rows_that_make_an_administrator_of_a_copied_passkey_let_it_end_nobody(
    installation: Installation,
) -> None:
    """Who can write the database has a role in it; the passkey stays what it is."""
    key = SoftwareAuthenticator(origin=ORIGIN)
    key.is_backup_eligible = key.is_backed_up = True
    async with running_warden(installation) as warden:
        warden.home = f"org-{secrets.token_hex(4)}"
        await warden.organisation(warden.home)
        account = await warden.account("ward_nurse")
        token, _ = await warden.enrol(account, key)
        victim = await warden.account("doctor")
    async with owner_of(installation) as owner:
        for table in ("membership", "session"):
            await owner.execute(
                f"update warden.{table} set role = 'administrator'"  # noqa: S608
                " where account = $1::text::uuid",
                account,
            )
    async with running_warden(installation) as warden:
        thief = Colleague(account, token, key)
        answer = await confirm(warden, thief, EndPerson(victim), Done)
        assert code_of(answer) == "device-bound"
        told = [one for one in warden.entries() if one.action == "confirm"]
        assert [one.outcome for one in told if one.account == account] == [
            "refusal:device-bound"
        ]


async def test_an_administrator_cannot_enrol_a_synced_passkey(
    warden: RunningWarden, ada: Colleague, pia: Colleague
) -> None:
    act = AddPeople((NewPerson("Eve Lund", "administrator"),))
    waits = await confirm(warden, ada, act, Waiting)
    assert isinstance(waits, Waiting)
    await confirm(warden, pia, ApproveRights(waits.request), Done)
    account = (await people(warden, ada))["Eve Lund"].account
    links = await confirm(warden, pia, IssueLinks((account,)), Links)
    assert isinstance(links, Links)
    synced = SoftwareAuthenticator(origin=ORIGIN)
    synced.is_backup_eligible = synced.is_backed_up = True
    secret = links.links[0].secret
    assert code_of(await warden.use_link(secret, synced)) == "device-bound"
    bound = SoftwareAuthenticator(origin=ORIGIN)
    assert isinstance(await warden.use_link(secret, bound), SignedIn)


async def test_a_passkey_that_becomes_copyable_is_refused(
    warden: RunningWarden,
) -> None:
    nurse = await colleague(warden, "ward_nurse")
    nurse.key.is_backup_eligible = True
    assert code_of(await warden.sign_in(nurse.key)) == "sign-in-refused"


async def test_who_lost_every_passkey_is_brought_back_by_a_named_colleague(
    warden: RunningWarden, ada: Colleague
) -> None:
    nurse = await colleague(warden, "ward_nurse", name="Tamsin Reed")
    links = await confirm(warden, ada, VouchFor(nurse.account, HOW), Links)
    assert isinstance(links, Links)
    assert await is_signed_in(warden, nurse.token), "nothing ends before it is used"
    fresh = SoftwareAuthenticator(origin=ORIGIN)
    back = await warden.use_link(links.links[0].secret, fresh)
    assert isinstance(back, SignedIn)
    assert not await is_signed_in(warden, nurse.token)
    assert code_of(await warden.sign_in(nurse.key)) == "sign-in-refused"
    assert isinstance(await warden.sign_in(fresh), SignedIn)
    entries = [
        entry
        for entry in warden.entries()
        if entry.action == "recover" and entry.account == nurse.account
    ]
    assert entries[0].request == f"link by {ada.account}"


async def test_a_guarded_role_is_brought_back_by_two_people(
    warden: RunningWarden, ada: Colleague, pia: Colleague
) -> None:
    third = await colleague(warden, "administrator", name="Eve Lund")
    waits = await confirm(warden, ada, VouchFor(third.account, HOW), Waiting)
    assert isinstance(waits, Waiting)
    links = await confirm(warden, pia, ApproveRights(waits.request), Links)
    assert isinstance(links, Links)


async def test_a_first_link_is_for_people_without_a_passkey_alone(
    warden: RunningWarden, ada: Colleague
) -> None:
    nurse = await colleague(warden, "ward_nurse")
    answer = await confirm(warden, ada, IssueLinks((nurse.account,)), Links)
    assert code_of(answer) == "has-passkey"


async def test_nobody_asks_for_a_second_person_and_becomes_them(
    warden: RunningWarden, ada: Colleague, pia: Colleague
) -> None:
    """Two accounts of one person would agree to everything."""
    act = AddPeople((NewPerson("Ivo Marsh", "administrator"),))
    waits = await confirm(warden, ada, act, Waiting)
    assert isinstance(waits, Waiting)
    done = await confirm(warden, pia, ApproveRights(waits.request), Done)
    assert isinstance(done, Done)
    links = IssueLinks(((await people(warden, ada))["Ivo Marsh"].account,))
    assert code_of(await confirm(warden, ada, links, Links)) == "second-person"
    assert isinstance(await confirm(warden, pia, links, Links), Links)


async def test_people_of_another_organisation_are_nobody_here(
    warden: RunningWarden, ada: Colleague
) -> None:
    elsewhere = f"org-{secrets.token_hex(4)}"
    await warden.organisation(elsewhere)
    account = await warden.account("doctor", organisation=elsewhere, name="Far Away")
    await warden.enrol(account)
    for act in (
        EndPerson(account),
        ChangeRole(account, "finance_clerk"),
        VouchFor(account, HOW),
        IssueLinks((account,)),
    ):
        assert code_of(await confirm(warden, ada, act, Done)) == "no-such-person"
    assert "Far Away" not in await people(warden, ada)


async def test_no_act_is_done_while_the_ledger_cannot_be_written(
    warden: RunningWarden, ada: Colleague
) -> None:
    act = AddPeople((CLERK,))
    options = await options_for(warden, ada, act)
    assert not isinstance(options, Refusal)
    sent = FinishConfirm(ada.token, act, ada.key.sign_in(options.options))
    with full_at(1):
        answer = await warden.door.ask(sent, Done)
    assert code_of(answer) == "ledger-cannot-write"
    assert "Ivo Marsh" not in await people(warden, ada)
