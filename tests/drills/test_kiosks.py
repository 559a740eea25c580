# SPDX-License-Identifier: Apache-2.0
"""Kiosks: paired by somebody who stands before them, good for nothing but asking."""

import asyncio
import json
import secrets
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import jwt
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from drills.test_sign_in_paths import QUESTIONS, WITH_SESSION
from support.acts import Colleague, colleague, confirm
from support.owner import owner_of, until_waited_for
from support.plausible import plausible
from support.smart import Key
from support.warden import (
    ORIGIN,
    Installation,
    RunningWarden,
    warden_at_home,
)
from wardkeep.base.clock import FrozenClock
from wardkeep.base.ids import new_uuid
from wardkeep.disclosure.answers import Done, Refusal, SessionView, SignedIn
from wardkeep.disclosure.check_in import AskCheckIn, CheckInAnswer
from wardkeep.disclosure.kiosks import (
    AddKiosk,
    BeginPairing,
    EndKiosk,
    Kiosks,
    ListKiosks,
    Paired,
    PairingBegun,
    PollPairing,
)
from wardkeep.disclosure.questions import ClientSignIn, ComputeTokens
from wardkeep.disclosure.smart import CheckToken, KeyProof

AUDIENCE = f"{ORIGIN}/oauth/token"


class Device(NamedTuple):
    """A shared device with its key."""

    key: ec.EllipticCurvePrivateKey
    code: str
    secret: str

    def assertion(self, client_id: str, now: datetime, **changed: object) -> str:
        seconds = int(now.timestamp())
        claims = {
            "iss": client_id,
            "sub": client_id,
            "aud": AUDIENCE,
            "iat": seconds,
            "exp": seconds + 60,
            "jti": new_uuid(),
            **changed,
        }
        headers = {"kid": "kiosk"}
        return jwt.encode(claims, self.key, algorithm="ES256", headers=headers)


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(datetime.fromtimestamp(int(time.time()), UTC))


@pytest.fixture
async def warden(
    installation: Installation, clock: FrozenClock
) -> AsyncIterator[RunningWarden]:
    async with warden_at_home(installation, clock=clock) as running:
        yield running


@pytest.fixture
async def ada(warden: RunningWarden) -> Colleague:
    return await colleague(warden, "administrator", name="Ada Holt")


async def device(warden: RunningWarden) -> Device:
    key = ec.generate_private_key(ec.SECP256R1())
    jwk = {**ECAlgorithm.to_jwk(key.public_key(), as_dict=True), "kid": "kiosk"}
    begun = await warden.door.ask(BeginPairing(json.dumps(jwk).encode()), PairingBegun)
    assert isinstance(begun, PairingBegun), begun
    return Device(key, begun.code, begun.secret)


async def paired(
    warden: RunningWarden, ada: Colleague, one: Device, *, team: str = ""
) -> str:
    """Let in by the administrator; its client id."""
    act = AddKiosk(f" {one.code[:4].lower()} {one.code[4:]}", "Waiting room", team)
    assert await confirm(warden, ada, act, Done) == Done()
    found = await warden.door.ask(PollPairing(one.secret), Paired)
    assert isinstance(found, Paired)
    return found.client_id


async def token_of(
    warden: RunningWarden, one: Device, client_id: str, clock: FrozenClock
) -> SignedIn | Refusal:
    proof = one.assertion(client_id, clock.now())
    return await warden.door.ask(ClientSignIn(proof), SignedIn)


async def session_of(
    warden: RunningWarden, ada: Colleague, clock: FrozenClock
) -> tuple[str, str]:
    """A kiosk's client id and token."""
    one = await device(warden)
    client_id = await paired(warden, ada, one)
    signed_in = await token_of(warden, one, client_id, clock)
    assert isinstance(signed_in, SignedIn), signed_in
    return client_id, signed_in.token


def code_of(answer: object) -> str:
    assert isinstance(answer, Refusal), answer
    return answer.code


async def test_a_device_is_let_in_by_its_code_and_asks_its_question(
    warden: RunningWarden, ada: Colleague, clock: FrozenClock
) -> None:
    client_id, token = await session_of(warden, ada, clock)
    answer = await warden.door.ask(
        AskCheckIn(token, "1950-02-03", "App"), CheckInAnswer
    )
    assert answer == CheckInAnswer("go-to-the-desk")
    listed = await warden.door.ask(ListKiosks(ada.token), Kiosks)
    assert isinstance(listed, Kiosks)
    assert [(one.id, one.name) for one in listed.kiosks] == [
        (client_id, "Waiting room")
    ]
    assert "add-kiosk" in [one.action for one in warden.entries()]


async def test_a_code_is_good_once_for_ten_minutes_and_for_its_own_device(
    warden: RunningWarden, ada: Colleague, clock: FrozenClock
) -> None:
    one, other = await device(warden), await device(warden)
    waiting = await warden.door.ask(PollPairing(one.secret), Paired)
    assert waiting == Paired("")
    client_id = await paired(warden, ada, one)
    again = AddKiosk(one.code, "Once more")
    assert code_of(await confirm(warden, ada, again, Done)) == "bad-rights"
    gone = await warden.door.ask(PollPairing(one.secret), Paired)
    assert code_of(gone) == "pairing-over", "its number is told once"
    # Another device's key does not sign in as this one.
    thief = await token_of(warden, other, client_id, clock)
    assert code_of(thief) == "sign-in-refused"
    clock.move(timedelta(minutes=10, seconds=1))
    late = AddKiosk(other.code, "Late")
    fresh = await warden.sign_in(ada.key)
    assert isinstance(fresh, SignedIn)
    ada = ada._replace(token=fresh.token)
    assert code_of(await confirm(warden, ada, late, Done)) == "bad-rights"
    over = await warden.door.ask(PollPairing(other.secret), Paired)
    assert code_of(over) == "pairing-over"


async def test_a_device_that_asks_while_it_is_let_in_is_told_to_ask_again(
    warden: RunningWarden, ada: Colleague, installation: Installation
) -> None:
    one = await device(warden)
    act = AddKiosk(one.code, "Waiting room")
    async with owner_of(installation) as owner:
        async with owner.transaction():
            await owner.execute("lock table warden.account in share mode")
            letting_in = asyncio.create_task(confirm(warden, ada, act, Done))
            await until_waited_for(owner)
            meanwhile = await warden.door.ask(PollPairing(one.secret), Paired)
            assert meanwhile == Paired("")
        assert await letting_in == Done()
    found = await warden.door.ask(PollPairing(one.secret), Paired)
    assert isinstance(found, Paired)
    assert len(found.client_id) > len("-")


async def test_a_code_is_as_good_as_before_where_the_database_refuses(
    warden: RunningWarden, ada: Colleague, installation: Installation
) -> None:
    one = await device(warden)
    act = AddKiosk(one.code, "Waiting room")
    async with owner_of(installation) as owner:
        await owner.execute("revoke insert on warden.client from wardkeep_warden")
        try:
            assert code_of(await confirm(warden, ada, act, Done)) == "failed"
        finally:
            await owner.execute("grant insert on warden.client to wardkeep_warden")
    assert await paired(warden, ada, one)


async def test_of_two_who_type_a_code_at_once_one_pairs_the_device(
    warden: RunningWarden, ada: Colleague, installation: Installation
) -> None:
    one, bea = await device(warden), await colleague(warden, "administrator")
    acts = AddKiosk(one.code, "Waiting room"), AddKiosk(one.code, "Main entrance")
    async with owner_of(installation) as owner, owner.transaction():
        await owner.execute("lock table warden.signed_act in exclusive mode")
        typing = [
            asyncio.create_task(confirm(warden, who, act, Done))
            for who, act in zip((ada, bea), acts, strict=True)
        ]
        await until_waited_for(owner, many=2)
    answers = [await each for each in typing]
    assert sorted(isinstance(answer, Refusal) for answer in answers) == [False, True]
    found = await warden.door.ask(PollPairing(one.secret), Paired)
    listed = await warden.door.ask(ListKiosks(ada.token), Kiosks)
    assert isinstance(found, Paired)
    assert isinstance(listed, Kiosks)
    assert [kiosk.id for kiosk in listed.kiosks] == [found.client_id]


@pytest.mark.parametrize("code", ["", "AAAAAAAA", "ÄÖÜ", "x" * 300])
async def test_a_guessed_code_lets_nothing_in(
    warden: RunningWarden, ada: Colleague, code: str
) -> None:
    await device(warden)
    refused = await confirm(warden, ada, AddKiosk(code, "X"), Done)
    assert code_of(refused) == "bad-rights"


async def test_only_who_manages_people_lets_a_device_in(
    warden: RunningWarden,
) -> None:
    one = await device(warden)
    nurse = await colleague(warden, "ward_nurse", name="Nell")
    refused = await confirm(warden, nurse, AddKiosk(one.code, "X"), Done)
    assert code_of(refused) == "not-your-work"
    listed = await warden.door.ask(ListKiosks(nurse.token), Kiosks)
    assert code_of(listed) == "not-your-work"


@pytest.mark.parametrize("jwk", [b"", b"{}", b"[]", b'{"kty":"oct","k":"AA"}', b"\xff"])
async def test_a_key_that_is_none_begins_nothing(
    warden: RunningWarden, jwk: bytes
) -> None:
    assert code_of(await warden.door.ask(BeginPairing(jwk), PairingBegun)) == (
        "pairing-over"
    )


@pytest.mark.parametrize("name", WITH_SESSION)
async def test_a_kiosk_gets_nothing_by_any_other_question(
    warden: RunningWarden, ada: Colleague, clock: FrozenClock, name: str
) -> None:
    _, token = await session_of(warden, ada, clock)
    asked = msgspec.structs.replace(plausible(QUESTIONS[name]), session=token)
    before = len(warden.entries())
    answer = await warden.door.ask_any(asked)
    if name == "AskKioskPack":
        # The token is not enough: the device's own key has to sign.
        assert code_of(answer) == "not-its-key"
    elif name == "MergeCapture":
        # Nor is it without what an entry held that facts opened.
        assert answer == CheckInAnswer("go-to-the-desk")
    elif name == "OpenSharedKey":
        # Names of places, for its pack; this key is none of the organisation's.
        assert code_of(answer) == "not-this-organisation"
    elif name not in ("AskCheckIn", "AskKiosk", "EndSession"):
        assert code_of(answer) in ("not-signed-in", "not-your-work"), answer
    assert [one for one in warden.entries()[before:] if one.subjects] == []


async def test_a_kiosks_token_lasts_minutes_and_its_proof_is_good_once(
    warden: RunningWarden, ada: Colleague, clock: FrozenClock
) -> None:
    one = await device(warden)
    client_id = await paired(warden, ada, one)
    proof = one.assertion(client_id, clock.now())
    signed_in = await warden.door.ask(ClientSignIn(proof), SignedIn)
    assert isinstance(signed_in, SignedIn)
    replay = await warden.door.ask(ClientSignIn(proof), SignedIn)
    assert code_of(replay) == "sign-in-refused"
    wider = ClientSignIn(one.assertion(client_id, clock.now()), "system/*.rs")
    assert isinstance(await warden.door.ask(wider, SignedIn), Refusal)
    clock.move(timedelta(minutes=5, seconds=1))
    late = AskCheckIn(signed_in.token, "1950-02-03", "App")
    assert code_of(await warden.door.ask(late, CheckInAnswer)) == "not-signed-in"


async def test_a_kiosk_that_ended_is_out_at_once(
    warden: RunningWarden, ada: Colleague, clock: FrozenClock
) -> None:
    one = await device(warden)
    client_id = await paired(warden, ada, one)
    signed_in = await token_of(warden, one, client_id, clock)
    assert isinstance(signed_in, SignedIn)
    home = warden.home
    warden.home = f"org-{secrets.token_hex(4)}"
    await warden.organisation(warden.home)
    stranger = await colleague(warden, "administrator", name="Zed")
    warden.home = home
    refused = await warden.door.ask(EndKiosk(stranger.token, client_id), Done)
    assert code_of(refused) == "no-such-kiosk"
    assert await warden.door.ask(EndKiosk(ada.token, client_id), Done) == Done()
    late = AskCheckIn(signed_in.token, "1950-02-03", "App")
    assert code_of(await warden.door.ask(late, CheckInAnswer)) == "not-signed-in"
    again = await token_of(warden, one, client_id, clock)
    assert code_of(again) == "sign-in-refused"


async def test_birthdays_are_not_guessed_by_the_thousand(
    warden: RunningWarden, ada: Colleague, clock: FrozenClock
) -> None:
    _, token = await session_of(warden, ada, clock)
    outcomes = []
    for day in range(20):
        asked = AskCheckIn(token, f"1950-02-{day:02}", "App")
        answer = await warden.door.ask(asked, CheckInAnswer)
        assert isinstance(answer, CheckInAnswer)
        outcomes.append(answer.outcome)
    assert outcomes == ["go-to-the-desk"] * 12 + ["wait"] * 8


async def test_a_persons_session_asks_no_kiosks_question(warden: RunningWarden) -> None:
    nurse = await colleague(warden, "ward_nurse", name="Nell")
    asked = AskCheckIn(nurse.token, "1950-02-03", "App")
    assert code_of(await warden.door.ask(asked, CheckInAnswer)) == "not-your-work"


async def test_a_kiosk_that_proves_its_key_gets_no_further(
    warden: RunningWarden, ada: Colleague, clock: FrozenClock
) -> None:
    """A bound token is used by a handle: that is no way around what it is good for."""
    one, key = await device(warden), Key()
    client_id = await paired(warden, ada, one)
    proof = KeyProof(key.proof("POST", AUDIENCE), "POST", AUDIENCE)
    asked = ClientSignIn(one.assertion(client_id, clock.now()), "", proof)
    signed_in = await warden.door.ask(asked, SignedIn)
    assert isinstance(signed_in, SignedIn), signed_in
    url = f"{ORIGIN}/fhir/Patient"
    shown = KeyProof(key.proof("GET", url, signed_in.token), "GET", url)
    view = await warden.door.ask(CheckToken(signed_in.token, shown), SessionView)
    assert isinstance(view, SessionView), view
    assert view.scope == "kiosk"
    tokens = ComputeTokens(view.handle, (b"a",))
    assert code_of(await warden.door.ask_any(tokens)) == "not-signed-in"
