# SPDX-License-Identifier: Apache-2.0
"""Patients who sign in: what opens for them, and what a stolen session reaches."""

import runpy
import secrets
from pathlib import Path

import msgspec
import pytest

from support.acts import Colleague, colleague, confirm
from support.authenticator import SoftwareAuthenticator
from support.plausible import plausible
from support.warden import ORIGIN, Installation, RunningWarden, running_warden
from wardkeep.disclosure.answers import (
    Answer,
    Done,
    Grant,
    NewKeys,
    Refusal,
    SessionView,
    SignedIn,
)
from wardkeep.disclosure.patients import (
    EndPatientAccount,
    InvitePatient,
    LookAtPatientAccount,
    OwnAccess,
    PatientAccount,
    ReadOwnAccess,
)
from wardkeep.disclosure.people import Links, ListPeople, People
from wardkeep.disclosure.purpose import Action, Purpose, Tier
from wardkeep.disclosure.questions import (
    CheckSession,
    ComputeTokens,
    Disclose,
    Item,
    NewPatientKeys,
)

ROOT = Path(__file__).parents[2]
TOOL = runpy.run_path(str(ROOT / "tools" / "write_sign_in_paths.py"))
QUESTIONS: dict[str, type] = TOOL["questions"]()
FOR_PATIENTS = {
    "BeginWake",
    "CheckSession",
    "EndSession",
    "FallAsleep",
    "ListIdentities",
    "ListPasskeys",
    "MayGoOn",
    "ListSessions",
    "ReadOwnAccess",
}
"""Questions that a patient's session gets an answer to, and no refusal."""


def code_of(answer: Answer) -> str:
    assert isinstance(answer, Refusal), answer
    return answer.code


async def record(warden: RunningWarden, patient: str) -> Item:
    """A new patient; what the door is asked with for the banner."""
    session = await warden.import_session(warden.home)
    keys = await warden.door.ask(NewPatientKeys(session, (patient,)), NewKeys)
    assert isinstance(keys, NewKeys), keys
    wrapped = keys.patients[0].wrapped[0]
    return Item(patient, Tier.BANNER, wrapped, (("Patient", patient, 1),))


async def opened(
    warden: RunningWarden, token: str, item: Item, **how: object
) -> Answer:
    asked = Disclose(
        session=token,
        purpose=Purpose.DIRECT_CARE,
        reason="rang about the letter of Tuesday",
        action=Action.READ,
        items=(item,),
    )
    return await warden.door.ask_any(msgspec.structs.replace(asked, **how))


async def invited(
    warden: RunningWarden, who: Colleague, patient: str
) -> tuple[str, SoftwareAuthenticator]:
    """The patient's session by a link that staff gave, and the passkey."""
    links = await confirm(warden, who, InvitePatient(patient), Links)
    assert isinstance(links, Links), links
    key = SoftwareAuthenticator(origin=ORIGIN)
    signed_in = await warden.use_link(links.links[0].secret, key)
    assert isinstance(signed_in, SignedIn), signed_in
    return signed_in.token, key


async def with_patient(warden: RunningWarden) -> tuple[Colleague, Item, str]:
    nurse = await colleague(warden, "ward_nurse")
    item = await record(warden, "anna")
    assert isinstance(await opened(warden, nurse.token, item), Grant)
    token, _ = await invited(warden, nurse, "anna")
    return nurse, item, token


async def test_a_patient_reads_who_opened_the_record_and_no_names(
    warden: RunningWarden,
) -> None:
    nurse, item, token = await with_patient(warden)
    mine = await opened(warden, token, item, purpose=Purpose.PATIENT_REQUEST)
    assert isinstance(mine, Grant)
    assert mine.relationships == ("own record",)
    found = await warden.door.ask(ReadOwnAccess(token), OwnAccess)
    assert isinstance(found, OwnAccess)
    told = [(one.role, one.action, one.is_mine) for one in found.lines]
    assert told == [
        ("patient", "read", True),
        ("ward_nurse", "invite-patient", False),
        ("ward_nurse", "read", False),
        ("importer", "create", False),
    ]
    text = msgspec.json.encode(found)
    assert b"Rowan Ash" not in text
    assert nurse.account.encode() not in text
    told_why = {one.reason for one in found.lines if one.role == "ward_nurse"}
    assert told_why == {"rang about the letter of Tuesday", ""}


async def test_a_patient_opens_no_other_record_and_no_clinical_part(
    warden: RunningWarden,
) -> None:
    _, item, token = await with_patient(warden)
    other = await record(warden, "bert")
    mine = Purpose.PATIENT_REQUEST
    assert (
        code_of(await opened(warden, token, other, purpose=mine)) == "not-your-record"
    )
    both = await opened(warden, token, item, purpose=mine, items=(item, other))
    assert code_of(both) in {"not-your-record", "one-patient-at-a-time"}
    clinical = msgspec.structs.replace(item, tier=Tier.RECORD)
    refused = await opened(warden, token, clinical, purpose=mine)
    assert code_of(refused) in {"not-this-organisation", "role-does-not-reach"}
    for action in (Action.FIND, Action.WRITE, Action.DELETE, Action.SEARCH):
        refused = await opened(warden, token, item, purpose=mine, action=action)
        assert code_of(refused) == "not-your-record"
    for asked in (ComputeTokens(token, (b"x",)), NewPatientKeys(token, ("carl",))):
        assert code_of(await warden.door.ask_any(asked)) == "not-your-work"


@pytest.mark.parametrize(
    "name",
    sorted(name for name, one in QUESTIONS.items() if TOOL["has_session"](one)),
)
async def test_a_patients_session_is_good_for_little_else(
    installation: Installation, name: str
) -> None:
    async with running_warden(installation) as warden:
        warden.home = f"org-{secrets.token_hex(4)}"
        await warden.organisation(warden.home)
        _, _, token = await with_patient(warden)
        asked = msgspec.structs.replace(plausible(QUESTIONS[name]), session=token)
        answer = await warden.door.ask_any(asked)
        assert isinstance(answer, Refusal) is (name not in FOR_PATIENTS), (name, answer)


async def test_who_has_not_opened_the_record_gives_no_link(
    warden: RunningWarden,
) -> None:
    nurse = await colleague(warden, "ward_nurse")
    await record(warden, "anna")
    refused = await confirm(warden, nurse, InvitePatient("anna"), Links)
    assert code_of(refused) == "reason-needed"
    for role in ("administrator", "finance_clerk"):
        other = await colleague(warden, role)
        refused = await confirm(warden, other, InvitePatient("anna"), Links)
        assert code_of(refused) == "not-your-work"
        look = LookAtPatientAccount(other.token, "anna")
        assert code_of(await warden.door.ask_any(look)) == "not-your-work"


async def test_a_new_link_ends_the_passkeys_of_before(warden: RunningWarden) -> None:
    nurse, _, token = await with_patient(warden)
    again, key = await invited(warden, nurse, "anna")
    assert code_of(await warden.door.ask_any(CheckSession(token))) == "not-signed-in"
    view = await warden.door.ask(CheckSession(again), SessionView)
    assert isinstance(view, SessionView)
    assert (view.role, view.own_patient) == ("patient", "anna")
    looked = await warden.door.ask(
        LookAtPatientAccount(nurse.token, "anna"), PatientAccount
    )
    assert isinstance(looked, PatientAccount)
    assert (looked.is_there, looked.passkeys, looked.has_link) == (True, 1, False)
    assert isinstance(await warden.sign_in(key), SignedIn)


async def test_an_ended_account_is_over_at_once_and_can_be_given_anew(
    warden: RunningWarden,
) -> None:
    nurse, _, token = await with_patient(warden)
    ended = EndPatientAccount(nurse.token, "anna")
    assert await warden.door.ask_any(ended) == Done()
    assert code_of(await warden.door.ask_any(ReadOwnAccess(token))) == "not-signed-in"
    assert code_of(await warden.door.ask_any(ended)) == "no-patient-account"
    again, _ = await invited(warden, nurse, "anna")
    assert isinstance(await warden.door.ask_any(ReadOwnAccess(again)), OwnAccess)


async def test_patients_are_nobodys_colleagues(warden: RunningWarden) -> None:
    nurse, _, token = await with_patient(warden)
    officer = await colleague(warden, "administrator")
    found = await warden.door.ask(ListPeople(officer.token), People)
    assert isinstance(found, People)
    assert {one.role for one in found.people} == {"ward_nurse", "administrator"}
    links = await confirm(warden, nurse, InvitePatient("anna"), Links)
    assert isinstance(links, Links)
    view = await warden.door.ask(CheckSession(token), SessionView)
    assert isinstance(view, SessionView)
    assert view.display_name.startswith("Patient of ")


async def test_a_patients_session_survives_a_restart_and_stays_a_patients(
    installation: Installation,
) -> None:
    async with running_warden(installation) as warden:
        warden.home = f"org-{secrets.token_hex(4)}"
        await warden.organisation(warden.home)
        _, item, token = await with_patient(warden)
    async with running_warden(installation) as warden:
        mine = await opened(warden, token, item, purpose=Purpose.PATIENT_REQUEST)
        assert isinstance(mine, Grant)
        other = msgspec.structs.replace(item, patient="bert")
        refused = await opened(warden, token, other, purpose=Purpose.PATIENT_REQUEST)
        assert isinstance(refused, Refusal)


async def test_older_entries_come_page_by_page(warden: RunningWarden) -> None:
    nurse, item, token = await with_patient(warden)
    for _ in range(60):
        assert isinstance(await opened(warden, nurse.token, item), Grant)
    seen: list[int] = []
    before = -1
    while True:
        found = await warden.door.ask(ReadOwnAccess(token, before), OwnAccess)
        assert isinstance(found, OwnAccess)
        seen += [one.entry for one in found.lines]
        before = found.next
        if before < 0:
            break
    assert len(seen) == len(set(seen)) >= 63
    assert seen == sorted(seen, reverse=True)
