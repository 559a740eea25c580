# SPDX-License-Identifier: Apache-2.0
"""Service clients at the entrance: replays, strangers and clients that ended."""

import asyncio
import json
import time
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from support.openings import code_of, opens, records
from support.warden import ORIGIN, Installation, RunningWarden, running_warden
from wardkeep.base.clock import FrozenClock
from wardkeep.disclosure.answers import Created, Done, Grant, Refusal, SignedIn
from wardkeep.disclosure.purpose import Action
from wardkeep.disclosure.questions import (
    ClientSignIn,
    CreateOrganisation,
    EndAccount,
    RegisterClient,
)

AUDIENCE = f"{ORIGIN}/oauth/token"
PAUSE = 1.0
"""Seconds: what was made in the second of a start could have been made in it."""
STRANGER = "0b0b0b0b-0000-4000-8000-0000000000ff"


class Client:
    """A program with a key of its own."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.id = ""

    async def register(self, warden: RunningWarden) -> None:
        await warden.operator.ask(CreateOrganisation("fernhill", "Fernhill"), Created)
        public = ECAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        keys = json.dumps({"keys": [{**public, "kid": "k1"}]}).encode()
        self.id = await warden.tell(
            RegisterClient("fernhill", "Ward board", keys, "system/*.rs", 60)
        )

    def assertion(
        self,
        number: int = 1,
        *,
        account: str = "",
        kid: str = "k1",
        audience: str = AUDIENCE,
    ) -> str:
        now = int(time.time())
        claims = {
            "iss": account or self.id,
            "sub": account or self.id,
            "aud": audience,
            "iat": now,
            "exp": now + 240,
            "jti": f"j-{number}",
        }
        return jwt.encode(claims, self.key, algorithm="ES256", headers={"kid": kid})


async def sign_in(warden: RunningWarden, assertion: str) -> SignedIn | Refusal:
    return await warden.door.ask(ClientSignIn(assertion), SignedIn)


@pytest.mark.parametrize("account", ["nobody", STRANGER])
async def test_a_client_that_nobody_registered_is_refused(
    installation: Installation, account: str
) -> None:
    async with running_warden(installation) as warden:
        client = Client()
        answer = await sign_in(warden, client.assertion(account=account))
        assert isinstance(answer, Refusal)
        assert answer.code == "sign-in-refused"


async def test_a_client_that_ended_or_names_another_key_is_refused(
    installation: Installation,
) -> None:
    async with running_warden(installation) as warden:
        client = Client()
        await client.register(warden)
        answer = await sign_in(warden, client.assertion(kid="k2"))
        assert isinstance(answer, Refusal)
        assert isinstance(await sign_in(warden, client.assertion()), SignedIn)
        await warden.operator.ask(EndAccount(client.id), Done)
        assert isinstance(await sign_in(warden, client.assertion(2)), Refusal)


async def test_an_assertion_is_remembered_for_as_long_as_it_could_come_again(
    installation: Installation,
) -> None:
    clock = FrozenClock(datetime.fromtimestamp(time.time(), tz=UTC))
    async with running_warden(installation, clock=clock) as warden:
        client = Client()
        await client.register(warden)
        first = client.assertion(1)
        assert isinstance(await sign_in(warden, first), SignedIn)
        clock.move(timedelta(minutes=10))
        assert isinstance(await sign_in(warden, first), Refusal)
        clock.move(timedelta(seconds=1))
        assert isinstance(await sign_in(warden, client.assertion(2)), SignedIn)


async def test_an_assertion_is_of_no_use_again_after_a_restart(
    installation: Installation,
) -> None:
    """Who reads one off the wire and brings the warden down has nothing by it."""
    client = Client()
    async with running_warden(installation) as warden:
        await client.register(warden)
        first = client.assertion(1)
        assert isinstance(await sign_in(warden, first), SignedIn)
    await asyncio.sleep(PAUSE)
    async with running_warden(installation) as warden:
        answer = await sign_in(warden, first)
        assert isinstance(answer, Refusal)
        assert isinstance(await sign_in(warden, client.assertion(2)), SignedIn)


@pytest.mark.parametrize(
    ("action", "code"),
    [
        (Action.PRINT, "people-take-out"),
        (Action.COPY, "role-does-not-reach"),
        (Action.CARRY, "list-not-signed"),
    ],
)
async def test_a_program_reads_by_its_contract_and_carries_nothing_away(
    installation: Installation, action: Action, code: str
) -> None:
    """What leaves on paper or a phone is a person's to answer for, and counted."""
    async with running_warden(installation) as warden:
        client = Client()
        await client.register(warden)
        signed_in = await sign_in(warden, client.assertion())
        assert isinstance(signed_in, SignedIn)
        [item] = await records(warden, 1)
        assert isinstance(await opens(warden, signed_in.token, item), Grant)
        refused = await opens(warden, signed_in.token, item, action=action)
        assert code_of(refused) == code


async def test_the_warden_knows_itself_for_whom_an_assertion_is(
    installation: Installation,
) -> None:
    """A web process that is taken over has no say in it."""
    client = Client()
    async with running_warden(installation) as warden:
        await client.register(warden)
        elsewhere = client.assertion(1, audience="https://elsewhere.example.org/token")
        assert isinstance(await sign_in(warden, elsewhere), Refusal)
