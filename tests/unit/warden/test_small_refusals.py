# SPDX-License-Identifier: Apache-2.0
"""What is refused where nothing else would notice: odd beginnings, ends and rows."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from support.acts import Colleague, colleague, confirm
from support.authenticator import SoftwareAuthenticator
from support.openings import code_of, opens, records
from support.registered_app import OFFLINE, registered
from support.warden import (
    NOBODY,
    ORIGIN,
    RunningWarden,
)
from wardkeep.db.connection import Connection
from wardkeep.disclosure.answers import (
    CeremonyOptions,
    Done,
    Grant,
    Refusal,
    SignedIn,
)
from wardkeep.disclosure.canaries import AgeCanaries
from wardkeep.disclosure.confirming import BeginConfirm, FinishConfirm
from wardkeep.disclosure.containment import BeginProve, QuestionOpening
from wardkeep.disclosure.erasing import DestroyRecord
from wardkeep.disclosure.limits import SetBudget
from wardkeep.disclosure.patients import (
    InvitePatient,
    LookAtPatientAccount,
    PatientAccount,
    ReadOwnAccess,
)
from wardkeep.disclosure.people import (
    AcceptInvitation,
    ChangePasskeys,
    ChangeRole,
    EndPerson,
    IssueLinks,
    Links,
    ListRightsRequests,
    RightsRequests,
    VouchFor,
    Waiting,
)
from wardkeep.disclosure.purpose import Action, Purpose, Tier
from wardkeep.disclosure.questions import (
    BeginAddPasskey,
    Disclose,
    EndAccount,
    FinishAddPasskey,
    ForWork,
    Invite,
    Item,
    RegisterClient,
)
from wardkeep.disclosure.smart import AuthorizationRefused
from wardkeep.disclosure.support import GrantSupport
from wardkeep.disclosure.waking import BeginWake

HOW = "I sat beside her and saw her card."


# Consents of apps


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"reason": ""}, "reason-needed"),
        ({"reason": "x"}, "reason-too-thin"),
        ({"purpose": "curiosity"}, "purpose-does-not-fit"),
    ],
)
async def test_an_app_is_let_in_for_a_purpose_and_a_reason(
    warden: RunningWarden, changed: dict[str, str], code: str
) -> None:
    app = await registered(warden)
    doctor = await colleague(warden, "doctor")
    answer = await app.allow(doctor.token, OFFLINE, **changed)
    assert code_of(answer) == code


async def test_an_app_of_one_patient_is_let_in_for_one(warden: RunningWarden) -> None:
    app = await registered(warden, scope="launch/patient patient/Patient.rs")
    doctor = await colleague(warden, "doctor")
    answer = await app.allow(doctor.token, "launch/patient patient/Patient.rs")
    assert code_of(answer) == "patient-needed"


async def test_an_app_that_asks_for_nothing_it_was_offered_is_refused(
    warden: RunningWarden,
) -> None:
    app = await registered(warden)
    doctor = await colleague(warden, "doctor")
    answer = await app._replace(id=NOBODY).allow(doctor.token, OFFLINE)
    assert isinstance(answer, AuthorizationRefused)


# Passkeys and links


async def test_a_passkey_made_on_another_page_is_none_here(
    warden: RunningWarden,
) -> None:
    key = SoftwareAuthenticator(origin="https://wardkeep.thief.example")
    account = await warden.account("ward_nurse")
    answer = await warden.use_link(await warden.tell(Invite(account, 1.0)), key)
    assert isinstance(answer, Refusal)


async def test_an_administrator_adds_no_passkey_that_its_maker_copies(
    warden: RunningWarden,
) -> None:
    ada = await colleague(warden, "administrator")
    new = SoftwareAuthenticator(origin=ORIGIN)
    new.is_backup_eligible = new.is_backed_up = True
    assert await confirm(warden, ada, ChangePasskeys(), Done) == Done()
    options = await warden.door.ask(BeginAddPasskey(ada.token), CeremonyOptions)
    assert isinstance(options, CeremonyOptions), options
    response = new.register(options.options)
    added = FinishAddPasskey(ada.token, response, "New")
    assert code_of(await warden.door.ask_any(added)) == "device-bound"


async def test_a_link_for_who_lost_a_passkey_is_no_way_to_work_elsewhere(
    warden: RunningWarden,
) -> None:
    ada, nurse = [
        await colleague(warden, role) for role in ("administrator", "ward_nurse")
    ]
    links = await confirm(warden, ada, VouchFor(nurse.account, HOW), Links)
    assert isinstance(links, Links), links
    other = await colleague(warden, "ward_nurse")
    taken = AcceptInvitation(other.token, links.links[0].secret)
    assert code_of(await warden.door.ask_any(taken)) == "invitation-over"
    started = await warden.tell(Invite(await warden.account("ward_nurse"), 1.0))
    await warden.use_link(started, SoftwareAuthenticator(origin=ORIGIN))
    again = AcceptInvitation(other.token, started)
    assert code_of(await warden.door.ask_any(again)) == "invitation-over"


async def test_who_added_somebody_to_guarded_work_hands_over_no_link(
    warden: RunningWarden, owner: Connection
) -> None:
    ada = await colleague(warden, "administrator")
    account = await warden.account("privacy_officer")
    nobody = await confirm(warden, ada, IssueLinks((NOBODY,)), Links)
    assert code_of(nobody) == "no-such-person"
    await owner.execute(
        "update warden.membership set granted_by = $1::text::uuid"
        " where account = $2::text::uuid",
        ada.account,
        account,
    )
    answer = await confirm(warden, ada, IssueLinks((account,)), Links)
    assert isinstance(answer, Refusal)


async def test_who_left_already_leaves_no_second_time(warden: RunningWarden) -> None:
    ada, nurse = [
        await colleague(warden, role) for role in ("administrator", "ward_nurse")
    ]
    assert await confirm(warden, ada, EndPerson(nurse.account), Done) == Done()
    again = await confirm(warden, ada, EndPerson(nurse.account), Done)
    assert code_of(again) == "no-such-person"


async def test_a_program_does_not_sleep_and_is_not_woken(warden: RunningWarden) -> None:
    token = await warden.import_session(warden.home)
    assert code_of(await warden.door.ask_any(BeginWake(token))) == "not-signed-in"


async def test_who_has_no_passkey_left_proves_and_wakes_nothing(
    warden: RunningWarden, owner: Connection
) -> None:
    nurse = await colleague(warden, "ward_nurse")
    await owner.execute(
        "update warden.credential set revoked_at = now()"
        " where account = $1::text::uuid",
        nurse.account,
    )
    assert code_of(await warden.door.ask_any(BeginProve(nurse.token))) == "no-passkey"
    assert code_of(await warden.door.ask_any(BeginWake(nurse.token))) == "not-signed-in"


# Rights


async def test_what_is_vouched_for_is_listed_with_how(warden: RunningWarden) -> None:
    ada, officer = [
        await colleague(warden, role) for role in ("administrator", "privacy_officer")
    ]
    waits = await confirm(warden, ada, VouchFor(officer.account, HOW), Waiting)
    assert isinstance(waits, Waiting), waits
    listed = await warden.door.ask_any(ListRightsRequests(ada.token))
    assert isinstance(listed, RightsRequests)
    assert [one.lines for one in listed.requests] == [(("Rowan Ash", HOW),)]


async def test_a_budget_larger_than_the_products_is_refused(
    warden: RunningWarden,
) -> None:
    ada = await colleague(warden, "administrator")
    act = SetBudget(role="ward_nurse", soft=5000, hard=5000, expected=1, reach=1)
    assert code_of(await confirm(warden, ada, act, Done)) == "bad-rights"


async def test_support_is_granted_to_support(warden: RunningWarden) -> None:
    ada, nurse = [
        await colleague(warden, role) for role in ("administrator", "ward_nurse")
    ]
    act = GrantSupport(
        account=nurse.account, patients=("p-1",), minutes=5, reason="a printer jams"
    )
    assert isinstance(await confirm(warden, ada, act, Done), Refusal)


async def test_an_act_that_became_impossible_is_refused_after_it_was_signed(
    warden: RunningWarden,
) -> None:
    ada, nurse = [
        await colleague(warden, role) for role in ("administrator", "ward_nurse")
    ]
    act = ChangeRole(nurse.account, "doctor")
    options = await warden.door.ask(BeginConfirm(ada.token, act), CeremonyOptions)
    assert isinstance(options, CeremonyOptions), options
    assert await warden.operator.ask(EndAccount(nurse.account), Done) == Done()
    response = ada.key.sign_in(options.options)
    answer = await warden.door.ask_any(FinishConfirm(ada.token, act, response))
    assert code_of(answer) == "no-such-person"


async def test_what_is_signed_for_no_erasure_is_not_confirmed(
    warden: RunningWarden,
) -> None:
    officer = await colleague(warden, "privacy_officer")
    act = DestroyRecord(NOBODY)
    answer = await warden.door.ask_any(FinishConfirm(officer.token, act, b"{}"))
    assert code_of(answer) == "not-confirmed"


# Patients


async def with_patient(warden: RunningWarden) -> tuple[Colleague, str, str]:
    """Staff who opened somebody's record, the patient's id and their session."""
    nurse = await colleague(warden, "ward_nurse")
    [item] = await records(warden, 1)
    assert isinstance(await opens(warden, nurse.token, item), Grant)
    links = await confirm(warden, nurse, InvitePatient(item.patient), Links)
    assert isinstance(links, Links), links
    key = SoftwareAuthenticator(origin=ORIGIN)
    signed_in = await warden.use_link(links.links[0].secret, key)
    assert isinstance(signed_in, SignedIn), signed_in
    return nurse, item.patient, signed_in.token


async def test_a_patient_questions_what_is_about_them_alone(
    warden: RunningWarden,
) -> None:
    _, _, token = await with_patient(warden)
    for entry in (-1, 0, 10**9):
        asked = QuestionOpening(token, entry, "who was that?")
        assert code_of(await warden.door.ask_any(asked)) == "bad-rights"


async def test_a_patient_who_questions_twice_has_asked_once(
    warden: RunningWarden,
) -> None:
    nurse, patient, token = await with_patient(warden)
    entries = list(enumerate(warden.entries()))
    [mine, *_] = [
        n
        for n, one in entries
        if one.account == nurse.account and patient in one.patients
    ]
    for _ in range(2):
        asked = QuestionOpening(token, mine, "who was that?")
        assert await warden.door.ask_any(asked) == Done()
    told = [one for one in warden.entries() if one.action == "question-opening"]
    assert len([one for one in told if patient in one.patients]) == 1


async def test_a_patients_link_is_no_way_to_take_on_work(
    warden: RunningWarden,
) -> None:
    nurse = await colleague(warden, "ward_nurse")
    [item] = await records(warden, 1)
    assert isinstance(await opens(warden, nurse.token, item), Grant)
    links = await confirm(warden, nurse, InvitePatient(item.patient), Links)
    assert isinstance(links, Links), links
    taken = AcceptInvitation(nurse.token, links.links[0].secret)
    assert code_of(await warden.door.ask_any(taken)) == "invitation-over"


async def test_an_erased_patient_has_no_account_and_no_history(
    warden: RunningWarden,
) -> None:
    nurse, patient, token = await with_patient(warden)
    warden.service._eraser._erased.add(int(await number_of(warden, nurse)), patient)
    look = LookAtPatientAccount(nurse.token, patient)
    assert code_of(await warden.door.ask_any(look)) == "erased"
    assert code_of(await warden.door.ask_any(ReadOwnAccess(token))) == "erased"


async def number_of(warden: RunningWarden, who: Colleague) -> int:
    mine = [one.organisation for one in warden.entries() if one.account == who.account]
    return mine[-1]


async def test_who_has_no_account_yet_is_told_so(warden: RunningWarden) -> None:
    nurse = await colleague(warden, "ward_nurse")
    [item] = await records(warden, 1)
    await opens(warden, nurse.token, item)
    look = LookAtPatientAccount(nurse.token, item.patient)
    assert await warden.door.ask_any(look) == PatientAccount(is_there=False)


# Programs and the operator


async def test_a_client_asks_for_scopes_that_are_scopes(warden: RunningWarden) -> None:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    jwk = {**ECAlgorithm.to_jwk(key, as_dict=True), "kid": "k1"}
    keys = json.dumps({"keys": [jwk]}).encode()
    made = RegisterClient(warden.home, "Ward board", keys, "everything", 60)
    assert code_of(await warden.operator.ask_any(made)) == "bad-scope"


async def test_canaries_age_by_an_import_alone(warden: RunningWarden) -> None:
    asked = AgeCanaries("nobody", "")
    assert code_of(await warden.operator.ask_any(asked)) == "not-signed-in"
    item = Item("p-1", Tier.RECORD, b"x" * 60, (("Observation", "o-1", 1),))
    written = Disclose("nobody", Purpose.DIRECT_CARE, "", Action.WRITE, (item,))
    answer = await warden.operator.ask_any(ForWork(written, ()))
    assert code_of(answer) == "not-signed-in"
