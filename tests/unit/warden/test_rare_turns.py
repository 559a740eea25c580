# SPDX-License-Identifier: Apache-2.0
"""Turns that are rarely taken: the second of its kind, and what is gone meanwhile."""

import asyncio
import json
import secrets
import time
from typing import TypeVar

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from support.acts import colleague, confirm
from support.authenticator import SoftwareAuthenticator
from support.clinics import clinic_town
from support.desks import desk_of
from support.openings import code_of
from support.owner import owner_of, until_waited_for
from support.registered_app import fresh, registered
from support.rotations import keys_of, rotate, settle_at_once, until_finished
from support.smart import Key, assertion
from support.warden import (
    ORIGIN,
    Installation,
    RunningWarden,
)
from wardkeep.db.connection import Connection
from wardkeep.db.errors import DatabaseUnavailableError
from wardkeep.disclosure.answers import (
    Created,
    Done,
    Grant,
    LedgerLine,
    NewKeys,
    Refusal,
    SignedIn,
)
from wardkeep.disclosure.check_in import AskByLink, NewCheckInLink
from wardkeep.disclosure.confirming import BeginConfirm, FinishConfirm
from wardkeep.disclosure.keys import RotateKey
from wardkeep.disclosure.limits import SetBudget
from wardkeep.disclosure.people import (
    AcceptInvitation,
    EndPerson,
    IssueLinks,
    Links,
    SwitchOrganisation,
)
from wardkeep.disclosure.purpose import Action, Purpose, Tier
from wardkeep.disclosure.questions import (
    Disclose,
    ForWork,
    Invite,
    Item,
    NewPatientKeys,
    NewSeals,
    SaidTie,
)
from wardkeep.disclosure.smart import (
    ClientProof,
    ExchangeCode,
    IntrospectToken,
    KeyProof,
    RegisterApp,
    TokenFacts,
)
from wardkeep.identity.roles import Role
from wardkeep.teams.relationships import Why
from wardkeep.warden.root_key import RootKeyUnavailableError
from wardkeep.warden.rotations import Rotation
from wardkeep.warden.service import rotating
from wardkeep.warden.service.audit import _portions
from wardkeep.warden.service.looking import Looking
from wardkeep.warden.service.rotating import Progress
from wardkeep.warden.service.rotation_levels import Passed
from wardkeep.warden.service.weighed import RESOURCES_AN_ENTRY
from wardkeep.warden.service.writers import Writers

D = TypeVar("D")
TOKEN_URL = f"{ORIGIN}/oauth/token"


# Apps


async def test_a_resource_server_is_told_whose_a_token_is(
    warden: RunningWarden,
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    public = {**ECAlgorithm.to_jwk(key.public_key(), as_dict=True), "kid": "k1"}
    server = await registered_server(warden, json.dumps({"keys": [public]}).encode())
    app = await registered(warden, scope="online_access fhirUser user/Patient.rs")
    doctor = await colleague(warden, "doctor")
    bound = Key()
    given = await app.allow(doctor.token, "online_access fhirUser user/Patient.rs")
    proof = KeyProof(bound.proof("POST", TOKEN_URL), "POST", TOKEN_URL)
    question = ExchangeCode(
        given.code,  # type: ignore[union-attr]
        "http://localhost:9/back",
        app.verifier,
        ClientProof(app.id),
        proof,
    )
    access = fresh(await warden.door.ask_any(question))
    plain = await registered(warden, scope="online_access user/Patient.rs")
    other = await plain.exchange(
        await plain.allow(doctor.token, "online_access user/Patient.rs")
    )
    for token, is_bound in ((access.access_token, True), (other.access_token, False)):
        asked = IntrospectToken(
            token, ClientProof("", assertion(key, server, TOKEN_URL))
        )
        facts = await warden.door.ask_any(asked)
        assert isinstance(facts, TokenFacts), facts
        said = json.loads(facts.body)
        assert (said["active"], "cnf" in said) == (True, is_bound)
        assert ("fhirUser" in said) is is_bound


async def registered_server(warden: RunningWarden, jwks: bytes) -> str:
    question = RegisterApp(
        organisation=warden.home,
        name="Images",
        redirect_uris=("http://localhost:9/back",),
        scope="user/Patient.rs",
        patients_per_hour=1,
        jwks=jwks,
        is_resource_server=True,
    )
    made = await warden.operator.ask(question, Created)
    assert isinstance(made, Created), made
    return made.id


async def test_a_role_that_changes_while_a_code_is_used_is_asked_anew(
    warden: RunningWarden, owner: Connection
) -> None:
    app = await registered(warden, scope="user/Patient.rs")
    doctor = await colleague(warden, "doctor")
    given = await app.allow(doctor.token, "user/Patient.rs")
    async with owner.transaction():
        await owner.execute("lock table warden.membership in access exclusive mode")
        question = ExchangeCode(
            given.code,  # type: ignore[union-attr]
            "http://localhost:9/back",
            app.verifier,
            ClientProof(app.id),
        )
        asking = asyncio.create_task(warden.door.ask_any(question))
        await until_waited_for(owner)
        await owner.execute(
            "update warden.membership set role = 'ward_nurse'"
            " where account = $1::text::uuid",
            doctor.account,
        )
    answer = await asking
    assert not hasattr(answer, "access_token"), answer


# People


async def test_links_for_two_are_made_at_once(warden: RunningWarden) -> None:
    ada = await colleague(warden, "administrator")
    both = tuple([await warden.account("ward_nurse") for _ in range(2)])
    links = await confirm(warden, ada, IssueLinks(both), Links)
    assert isinstance(links, Links), links
    assert len(links.links) == 2


async def test_of_two_who_end_somebody_at_once_one_does(
    warden: RunningWarden, owner: Connection
) -> None:
    admins = [await colleague(warden, "administrator") for _ in range(2)]
    nurse = await colleague(warden, "ward_nurse")
    act, asked = EndPerson(nurse.account), []
    async with owner.transaction():
        await owner.execute("lock table warden.signed_act in exclusive mode")
        for one in admins:
            options = await warden.door.ask_any(BeginConfirm(one.token, act))
            response = one.key.sign_in(options.options)  # type: ignore[union-attr]
            question = FinishConfirm(one.token, act, response)
            asked.append(asyncio.create_task(warden.door.ask_any(question)))
        await until_waited_for(owner, many=2)
    answers = [await one for one in asked]
    assert sorted(isinstance(one, Refusal) for one in answers) == [False, True]


async def test_what_a_role_may_open_already_is_set_no_second_time(
    warden: RunningWarden,
) -> None:
    ada, usual = await colleague(warden, "administrator"), Role.WARD_NURSE.budget
    for said in (msgspec.structs.asdict(usual), {"hard": usual.hard}, {}):
        act = SetBudget(role="ward_nurse", **said)
        assert isinstance(await confirm(warden, ada, act, Done), Refusal)


async def test_a_copied_passkey_goes_to_no_guarded_work_elsewhere(
    warden: RunningWarden, owner: Connection
) -> None:
    key = SoftwareAuthenticator(origin=ORIGIN)
    key.is_backup_eligible = key.is_backed_up = True
    account = await warden.account("ward_nurse")
    made = await warden.use_link(await warden.tell(Invite(account, 1.0)), key)
    assert isinstance(made, SignedIn), made
    slug = f"org-{secrets.token_hex(4)}"
    number = await warden.organisation(slug)
    there = await warden.account("ward_nurse", organisation=slug)
    secret = await warden.tell(Invite(there, 1.0))
    taken = AcceptInvitation(made.token, secret)
    assert await warden.door.ask_any(taken) == Done()
    await owner.execute(
        "update warden.membership set role = 'administrator' where organisation = $1",
        number,
    )
    going = await warden.door.ask_any(SwitchOrganisation(made.token, number))
    assert code_of(going) == "device-bound"


async def test_a_link_that_was_used_is_no_way_to_take_on_its_work(
    warden: RunningWarden,
) -> None:
    secret = await warden.tell(Invite(await warden.account("ward_nurse"), 1.0))
    nurse = await colleague(warden, "ward_nurse")
    own = await warden.tell(Invite(await warden.account("ward_nurse"), 1.0))
    assert isinstance(
        await warden.use_link(own, SoftwareAuthenticator(origin=ORIGIN)), SignedIn
    )
    for link in (own, "nonsense"):
        answer = await warden.door.ask_any(AcceptInvitation(nurse.token, link))
        assert code_of(answer) == "invitation-over"
    fresh_one = AcceptInvitation(nurse.token, secret)
    assert await warden.door.ask_any(fresh_one) == Done()


async def test_the_operator_ties_nobody_to_a_patient_that_is_here(
    warden: RunningWarden,
) -> None:
    token = await warden.import_session(warden.home)
    item = Item("p-1", Tier.RECORD, b"x" * 60, (("Observation", "o-1", 1),))
    asked = Disclose(token, Purpose.IMPORT, "", Action.WRITE, (item,))
    tie = SaidTie("Observation", "o-1", "Location/ward-7", "ward", 1, 2)
    answer = await warden.operator.ask_any(ForWork(asked, (tie,)))
    assert code_of(answer) == "not-understood"


# Check-in


async def test_a_second_link_is_of_the_same_phones_and_ends_in_a_day_at_most(
    warden: RunningWarden,
) -> None:
    desk = await colleague(warden, "receptionist")
    session = await warden.import_session(warden.home)
    made = await warden.door.ask_any(NewPatientKeys(session, ("anna",)))
    assert isinstance(made, NewKeys)
    await warden.relate(desk.account, "anna", kind="clinic", organisation=warden.home)
    for until in (2**63 - 1, 0, int(time.time() + 3600) * 1_000_000):
        asked = NewCheckInLink(desk.token, "anna", "a-1", until)
        assert isinstance(await warden.door.ask_any(asked), Created)
    over = await warden.door.ask_any(AskByLink("nonsense", "1950-02-03", "App"))
    assert isinstance(over, Refusal)


# The ledger's side


def test_what_an_audit_was_about_fills_as_many_entries_as_it_takes() -> None:
    lines = [line(f"p-{n}") for n in range(RESOURCES_AN_ENTRY)]
    portions = list(_portions(lines))
    named = [one.patient for subjects in portions for one in subjects]
    assert named == [one.patient for one in lines]
    assert len(portions) == 2


def line(patient: str) -> LedgerLine:
    return LedgerLine(
        entry=1,
        part=0,
        at=0,
        account="",
        display_name="",
        role="",
        role_title="",
        purpose="",
        reason="",
        relationship="",
        action="read",
        request="",
        patient=patient,
        resources=(),
        outcome="grant",
        software="test",
    )


async def test_a_check_that_is_not_due_runs_for_what_has_no_index(
    warden: RunningWarden, monkeypatch: pytest.MonkeyPatch
) -> None:
    compaction = warden.service.compaction
    ran = []

    async def turn(*, check_all: bool) -> None:
        ran.append(check_all)

    monkeypatch.setattr(compaction, "turn", turn)
    monkeypatch.setattr(type(warden.service.ledger), "has_unindexed", True)
    for when in (0.0, 1.0):
        await compaction._look(when)
    assert ran == [True, False]


# Keys


async def test_a_rotation_takes_what_belongs_to_no_patient_along(
    installation: Installation,
) -> None:
    home = f"org-{secrets.token_hex(4)}"
    async with clinic_town(installation, home=home) as town:
        settle_at_once(town.warden)
        await rotate(town.warden, RotateKey("organisation", home))
        done = await until_finished(town.warden)
        assert (done.is_finished, done.unreadable) == (True, 0)
        async with owner_of(installation) as owner:
            await owner.execute(
                "select set_config('wardkeep.organisation', $1, false)",
                str(town.organisation),
            )
            await owner.execute("update record.shared_key set wrapped_key = 'damaged'")
        await rotate(town.warden, RotateKey("organisation", home))
        damaged = await until_finished(town.warden)
        assert (damaged.is_finished, damaged.unreadable) == (True, 1)


async def test_a_root_key_that_is_away_is_told_to_the_operator(
    warden: RunningWarden, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        raise RootKeyUnavailableError("the token is not in its slot")

    monkeypatch.setattr(warden.service.rotator._ring, "check", away)
    keys = await keys_of(warden)
    assert "not in its slot" in keys.fault


async def test_a_rotation_that_fails_in_some_other_way_tries_again(
    warden: RunningWarden, monkeypatch: pytest.MonkeyPatch
) -> None:
    rotator = warden.service.rotator
    turn, tries = rotator._turn, []

    async def once_amiss(progress: Progress) -> None:
        tries.append(progress.state)
        if len(tries) == 1:
            raise ArithmeticError
        await turn(progress)

    monkeypatch.setattr(rotator, "_turn", once_amiss)
    monkeypatch.setattr(rotating, "AGAIN_SECONDS", 0.01)
    settle_at_once(warden)
    await rotate(warden, RotateKey("organisation", warden.home))
    assert (await until_finished(warden)).is_finished
    assert tries[1:] == ["waits and tries again: ArithmeticError"]


@pytest.mark.parametrize("is_forgotten", [False, True])
@pytest.mark.parametrize("level", ["organisation", "tokens"])
async def test_the_end_of_a_rotation_is_one_entry_whatever_fails_behind_it(
    warden: RunningWarden,
    monkeypatch: pytest.MonkeyPatch,
    level: str,
    *,
    is_forgotten: bool,
) -> None:
    """Also where the old key is gone by then, and only the row does not say so."""
    rotator, tries = warden.service.rotator, list[str]()
    of = rotator.of_tokens if level == "tokens" else rotator.of_organisation
    retire = of.retire

    async def away_once(rotation: Rotation, last: Passed) -> None:
        tries.append(rotation.id)
        if is_forgotten or len(tries) > 1:
            await retire(rotation, last)
        if len(tries) == 1:
            raise DatabaseUnavailableError

    monkeypatch.setattr(of, "retire", away_once)
    monkeypatch.setattr(rotating, "AGAIN_SECONDS", 0.01)
    settle_at_once(warden)
    id_ = await rotate(warden, RotateKey(level, organisation=warden.home))
    await until_finished(warden)
    assert tries == [id_] * 2
    ends = [one for one in warden.entries() if one.request == f"rotation {id_}"]
    assert [one.action for one in ends] == ["end-key-rotation"]


# Sealed rows and relationships


class OpensNothing:
    """A keystore whose keys were replaced in the very moment."""

    def unwrap(self, *_: object) -> None:
        return None


async def test_no_seal_is_made_under_a_key_that_does_not_open(
    warden: RunningWarden, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The door opened it a moment before; should it not open now, nothing leaves."""
    nurse = await colleague(warden, "ward_nurse")
    session = await warden.import_session(warden.home)
    made = await warden.door.ask_any(NewPatientKeys(session, ("anna",)))
    assert isinstance(made, NewKeys)
    writers = desk_of(warden, Writers)
    asked = NewSeals(
        session=nurse.token,
        purpose=Purpose.DIRECT_CARE,
        reason="rang about results from Tuesday",
        patient="anna",
        wrapped_key=made.patients[0].wrapped[2],
        resources=(("Composition", "c-1", 1),),
    )
    granted = Grant(1, 0, ("",), (b"",))
    monkeypatch.setattr(writers._door, "disclose", lambda _: granted)
    monkeypatch.setattr(writers, "_keystore", OpensNothing())
    assert code_of(writers.new_seals(asked)) == "nothing-asked"


async def test_what_a_program_expects_counts_against_no_budget_of_people(
    warden: RunningWarden,
) -> None:
    token = await warden.import_session(warden.home)
    session = warden.service._sessions.use_any(token)
    assert session is not None
    desk = desk_of(warden, Looking)
    assert desk._watch.still_explains(session, "p-1", Why("ward"), 0.0)
