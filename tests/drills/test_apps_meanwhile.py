# SPDX-License-Identifier: Apache-2.0
"""Codes, tokens and consents of apps while something else happens to them.

The database is really stopped at a statement, by a lock that somebody else holds.
"""

import asyncio
import secrets
from typing import Any

import jwt
import pytest

from support.acts import Colleague, colleague, confirm
from support.openings import opens, records
from support.owner import until_waited_for
from support.registered_app import OFFLINE, ONLINE, Registered, fresh, registered
from support.smart import Key
from support.warden import (
    ORIGIN,
    RunningWarden,
)
from wardkeep.db.connection import Connection
from wardkeep.disclosure.answers import Answer, Done, Refusal, SessionView
from wardkeep.disclosure.people import ChangeRole
from wardkeep.disclosure.questions import EndSession
from wardkeep.disclosure.smart import (
    AccessGiven,
    AccessRefused,
    AuthorizationGiven,
    CheckToken,
    ClientProof,
    Consents,
    ConsentView,
    ExchangeCode,
    KeyProof,
    ListConsents,
    RefreshAccess,
    RevokeToken,
    WithdrawConsent,
)

TOKEN_URL = f"{ORIGIN}/oauth/token"


@pytest.fixture
async def app(warden: RunningWarden) -> Registered:
    return await registered(warden)


@pytest.fixture
async def doctor(warden: RunningWarden) -> Colleague:
    return await colleague(warden, "doctor")


def is_over(answer: Answer) -> bool:
    return isinstance(answer, AccessRefused) and answer.error == "invalid_grant"


def ask_for(app: Registered, given: Answer, proof: KeyProof | None = None) -> Any:
    assert isinstance(given, AuthorizationGiven), given
    client = ClientProof(app.id)
    return ExchangeCode(given.code, given.redirect_uri, app.verifier, client, proof)


async def consents(warden: RunningWarden, who: Colleague) -> tuple[ConsentView, ...]:
    found = await warden.door.ask(ListConsents(who.token), Consents)
    assert isinstance(found, Consents), found
    return found.consents


async def test_of_two_who_bring_a_code_at_once_neither_has_a_token(
    warden: RunningWarden, app: Registered, doctor: Colleague, owner: Connection
) -> None:
    given = await app.allow(doctor.token, OFFLINE)
    question = ask_for(app, given)
    async with owner.transaction():
        await owner.execute("select from warden.app_grant for update")
        both = [asyncio.create_task(warden.door.ask_any(question)) for _ in range(2)]
        await until_waited_for(owner, many=2)
    answers = [await one for one in both]
    assert any(is_over(one) for one in answers)
    # The first may have been the thief: the consent is over, whatever it was given.
    assert await consents(warden, doctor) == ()
    for one in answers:
        if isinstance(one, AccessGiven):
            assert is_over(await app.refresh(one))


async def test_of_two_who_bring_a_refresh_token_at_once_neither_goes_on(
    app: Registered, doctor: Colleague, owner: Connection
) -> None:
    access = await app.exchange(await app.allow(doctor.token, OFFLINE))
    async with owner.transaction():
        await owner.execute("select from warden.refresh_token for update")
        both = [asyncio.create_task(app.refresh(access)) for _ in range(2)]
        await until_waited_for(owner, many=2)
    answers = [await one for one in both]
    assert any(is_over(one) for one in answers)
    for one in answers:
        if isinstance(one, AccessGiven):
            assert is_over(await app.refresh(one))


async def test_a_refresh_token_that_comes_again_ends_what_it_gave(
    warden: RunningWarden, app: Registered, doctor: Colleague
) -> None:
    """Somebody else has it: nobody can tell the thief from the app (RFC 9700, 4.14)."""
    first = await app.exchange(await app.allow(doctor.token, OFFLINE))
    second = fresh(await app.refresh(first))
    used = CheckToken(second.access_token)
    assert isinstance(await warden.door.ask_any(used), SessionView)
    assert is_over(await app.refresh(first))
    assert isinstance(await warden.door.ask_any(used), Refusal)
    assert is_over(await app.refresh(second)), "the newest goes with it"
    assert await consents(warden, doctor) == ()
    told = [one for one in warden.entries() if one.account == doctor.account]
    assert "refusal:refresh-token-used-twice" in {one.outcome for one in told}


async def test_a_consent_withdrawn_while_its_code_is_used_gives_nothing(
    warden: RunningWarden, app: Registered, doctor: Colleague, owner: Connection
) -> None:
    question = ask_for(app, await app.allow(doctor.token, OFFLINE))
    async with owner.transaction():
        await owner.execute("lock table warden.refresh_token in exclusive mode")
        asking = asyncio.create_task(warden.door.ask_any(question))
        await until_waited_for(owner)
        [mine] = await consents(warden, doctor)
        withdrawn = WithdrawConsent(doctor.token, mine.consent)
        assert await warden.door.ask_any(withdrawn) == Done()
    assert is_over(await asking)


async def test_a_session_that_ends_while_its_code_is_used_gives_nothing(
    warden: RunningWarden, app: Registered, doctor: Colleague, owner: Connection
) -> None:
    question = ask_for(app, await app.allow(doctor.token, ONLINE))
    async with owner.transaction():
        await owner.execute("lock table warden.refresh_token in exclusive mode")
        asking = asyncio.create_task(warden.door.ask_any(question))
        await until_waited_for(owner)
        assert await warden.door.ask_any(EndSession(doctor.token)) == Done()
    assert is_over(await asking)


async def test_another_role_is_asked_anew(
    warden: RunningWarden, app: Registered, doctor: Colleague
) -> None:
    ada = await colleague(warden, "administrator")
    access = await app.exchange(await app.allow(doctor.token, OFFLINE))
    changed = await confirm(
        warden, ada, ChangeRole(doctor.account, "ward_nurse", 0), Done
    )
    assert changed == Done(), changed
    assert is_over(await app.refresh(access))


async def test_what_a_token_says_of_whom_it_is(
    warden: RunningWarden, doctor: Colleague
) -> None:
    """Who asked for a nonce finds it again, and the person by their Practitioner."""
    scope = "openid fhirUser online_access user/Patient.rs"
    made = await registered(warden, scope=scope)
    given = await made.allow(doctor.token, scope, nonce="n-0S6_WzA2Mj")
    access = await made.exchange(given)
    said = jwt.decode(access.id_token, options={"verify_signature": False})
    assert said["nonce"] == "n-0S6_WzA2Mj"
    assert said["fhirUser"].endswith(f"Practitioner/{doctor.account}")
    narrower = RefreshAccess(access.refresh_token, "nonsense/x", ClientProof(made.id))
    assert isinstance(await warden.door.ask_any(narrower), AccessRefused)
    assert isinstance(await warden.door.ask_any(CheckToken(doctor.token)), SessionView)


async def test_nobody_revokes_in_the_name_of_an_app_that_is_none(
    warden: RunningWarden, app: Registered, doctor: Colleague
) -> None:
    access = await app.exchange(await app.allow(doctor.token, OFFLINE))
    stranger = RevokeToken(access.refresh_token, ClientProof(secrets.token_hex(8)))
    assert isinstance(await warden.door.ask_any(stranger), AccessRefused)
    other = await registered(warden)
    theirs = RevokeToken(access.refresh_token, ClientProof(other.id))
    assert await warden.door.ask_any(theirs) == Done()
    fresh(await app.refresh(access))


async def test_a_token_that_is_bound_to_a_key_says_so(
    warden: RunningWarden, app: Registered, doctor: Colleague
) -> None:
    key = Key()
    proof = KeyProof(key.proof("POST", TOKEN_URL), "POST", TOKEN_URL)
    given = await app.allow(doctor.token, OFFLINE)
    access = fresh(await warden.door.ask_any(ask_for(app, given, proof)))
    assert access.is_bound
    unproven = CheckToken(access.access_token)
    assert not isinstance(await warden.door.ask_any(unproven), SessionView)
    where = f"{ORIGIN}/fhir/Patient"
    shown = KeyProof(key.proof("GET", where, access.access_token), "GET", where)
    proven = CheckToken(access.access_token, shown)
    assert isinstance(await warden.door.ask_any(proven), SessionView)
    # Without the key it opens nothing at the door itself either.
    [item] = await records(warden, 1)
    stolen = await opens(warden, access.access_token, item)
    assert isinstance(stolen, Refusal)
    assert stolen.code == "not-signed-in"
