# SPDX-License-Identifier: Apache-2.0
"""The desk of the telephone: a number is one account's, for half an hour, an entry."""

import json
import secrets

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from support.desks import desk_of
from support.smart import assertion
from support.warden import ORIGIN, RunningWarden
from wardkeep.disclosure.answers import Created, Done, Refusal, SessionView, SignedIn
from wardkeep.disclosure.questions import CheckSession, ClientSignIn, RegisterClient
from wardkeep.disclosure.telephone import (
    HELD_SECONDS,
    AskNumber,
    CallerNumber,
    CheckTelephone,
    HeldNumber,
    HoldNumbers,
    TelephoneSystem,
)
from wardkeep.warden import freezes
from wardkeep.warden.service import telephone
from wardkeep.warden.service.telephone import TelephoneDesk

TOKEN_URL = f"{ORIGIN}/oauth/token"
NUMBER = "07700900123"


async def system(warden: RunningWarden) -> str:
    """The token of a telephone system of this organisation."""
    key = ec.generate_private_key(ec.SECP256R1())
    public = {**ECAlgorithm.to_jwk(key.public_key(), as_dict=True), "kid": "k1"}
    keys = json.dumps({"keys": [public]}).encode()
    made = RegisterClient(warden.home, "Exchange", keys, "telephone", 0)
    client = await warden.operator.ask(made, Created)
    assert isinstance(client, Created), client
    signed = await warden.door.ask_any(
        ClientSignIn(assertion(key, client.id, TOKEN_URL))
    )
    assert isinstance(signed, SignedIn), signed
    known = await warden.door.ask_any(CheckTelephone(signed.token))
    assert isinstance(known, TelephoneSystem), known
    assert known.account == client.id
    return signed.token


async def taker(warden: RunningWarden) -> tuple[str, str]:
    """A call taker's token and account."""
    token = await warden.session("health_advisor")
    seen = await warden.door.ask_any(CheckSession(token))
    assert isinstance(seen, SessionView)
    return token, seen.account


def held(account: str, number: str = NUMBER, at: int = 5) -> HeldNumber:
    return HeldNumber(account=account, call="c", number=number, answered_at=at)


async def test_a_number_is_given_to_whoever_answered_and_each_time_is_an_entry(
    warden: RunningWarden,
) -> None:
    exchange, (mine, account) = await system(warden), await taker(warden)
    other, _ = await taker(warden)
    assert await warden.door.ask_any(AskNumber(mine)) == CallerNumber()
    told = HoldNumbers(exchange, (held(account),))
    assert await warden.door.ask_any(told) == Done()
    for _ in range(2):
        given = await warden.door.ask_any(AskNumber(mine))
        assert given == CallerNumber(NUMBER, "c", 5)
    assert await warden.door.ask_any(AskNumber(other)) == CallerNumber()
    named = [one for one in warden.entries() if one.action == "caller-number"]
    assert [one.account for one in named][-2:] == [account, account]
    assert NUMBER not in str(named)
    # What is older than that changes nothing; what is newer takes its place
    for number, at, want in (("07700900001", 4, NUMBER), ("07700900002", 6, None)):
        newer = HoldNumbers(exchange, (held(account, number, at),))
        assert await warden.door.ask_any(newer) == Done()
        given = await warden.door.ask_any(AskNumber(mine))
        assert isinstance(given, CallerNumber)
        assert given.number == (want or number)


async def test_to_whom_no_record_opens_no_number_is_given(
    warden: RunningWarden,
) -> None:
    exchange, (mine, account) = await system(warden), await taker(warden)
    await warden.door.ask_any(HoldNumbers(exchange, (held(account),)))
    desk = desk_of(warden, TelephoneDesk)
    session = desk._sessions.use_any(mine)
    assert session is not None
    # As a canary closes them: the session lives, and begins calls by hand
    desk._watch.freeze_account(session, freezes.CANARY, "opened a canary")
    assert await warden.door.ask_any(AskNumber(mine)) == CallerNumber()
    assert isinstance(await warden.door.ask_any(CheckSession(mine)), SessionView)
    named = [one for one in warden.entries() if one.action == "caller-number"]
    assert account not in {one.account for one in named}


async def test_after_half_an_hour_nobody_has_it(
    warden: RunningWarden, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange, (mine, account) = await system(warden), await taker(warden)
    await warden.door.ask_any(HoldNumbers(exchange, (held(account),)))
    desk = desk_of(warden, TelephoneDesk)
    [(key, kept)] = [one for one in desk._held.items() if one[0][1] == account]
    over = msgspec.structs.replace(kept, until=kept.until - HELD_SECONDS - 1)
    desk._held[key] = over
    assert await warden.door.ask_any(AskNumber(mine)) == CallerNumber()
    assert key not in desk._held
    # And no more are held than are useful: the oldest goes
    monkeypatch.setattr(telephone, "MOST_HELD", 1)
    both = (held(account), held((await taker(warden))[1]))
    assert await warden.door.ask_any(HoldNumbers(exchange, both)) == Done()
    assert len(desk._held) == 1
    assert await warden.door.ask_any(AskNumber(mine)) == CallerNumber()


async def test_what_is_no_number_or_nobodys_here_is_not_held(
    warden: RunningWarden,
) -> None:
    exchange, (mine, account) = await system(warden), await taker(warden)
    elsewhere = f"org-{secrets.token_hex(4)}"
    await warden.organisation(elsewhere)
    stranger = await warden.account("health_advisor", organisation=elsewhere)
    desk = desk_of(warden, TelephoneDesk)
    odd = (
        *(held(account, one) for one in ("", "☎", "07700 900123", "1" * 18)),
        held(stranger),
    )
    assert await warden.door.ask_any(HoldNumbers(exchange, odd)) == Done()
    assert await warden.door.ask_any(AskNumber(mine)) == CallerNumber()
    assert not any(key[1] in (account, stranger) for key in desk._held)


async def test_nobody_else_asks_or_tells(warden: RunningWarden) -> None:
    exchange, (mine, account) = await system(warden), await taker(warden)
    nurse = await warden.session("ward_nurse")
    for question, code in (
        (AskNumber(nurse), "not-your-work"),
        (AskNumber(exchange), "not-signed-in"),
        (AskNumber("nobody"), "not-signed-in"),
        (CheckTelephone(mine), "not-your-work"),
        (CheckTelephone("nobody"), "not-signed-in"),
        (HoldNumbers(mine, (held(account),)), "not-your-work"),
        (HoldNumbers("nobody", (held(account),)), "not-signed-in"),
    ):
        answer = await warden.door.ask_any(question)
        assert isinstance(answer, Refusal)
        assert answer.code == code, question
