# SPDX-License-Identifier: Apache-2.0
"""What no factor may let pass, tried against the real warden."""

import json
import time
from collections.abc import Awaitable, Callable
from uuid import UUID, uuid5

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from support.acts import Colleague, confirm
from support.authenticator import SoftwareAuthenticator
from support.warden import ORIGIN, Installation, RunningWarden, running_warden
from wardkeep.disclosure.answers import (
    Answer,
    CeremonyOptions,
    Created,
    Done,
    Refusal,
    SignedIn,
)
from wardkeep.disclosure.people import ChangePasskeys
from wardkeep.disclosure.questions import (
    BeginSignIn,
    ClientSignIn,
    CreateOrganisation,
    EndAccount,
    FinishEnrolment,
    FinishSignIn,
    RegisterClient,
)
from wardkeep.disclosure.waking import BeginWake, FallAsleep, FinishWake
from wardkeep.identity.app_grants import CONSENT
from wardkeep.identity.factors.client_key import CLIENT_KEY
from wardkeep.identity.factors.passkey import PASSKEY
from wardkeep.warden.service.federation import STRONG_ELSEWHERE

AUDIENCE = f"{ORIGIN}/oauth/token"
Spoil = Callable[[SoftwareAuthenticator], None]


def test_every_factor_is_phishing_resistant() -> None:
    every = (PASSKEY, CLIENT_KEY, CONSENT, STRONG_ELSEWHERE)
    assert all(factor.is_phishing_resistant for factor in every)


async def enrolled(warden: RunningWarden) -> tuple[str, SoftwareAuthenticator]:
    await warden.operator.ask(CreateOrganisation("fernhill", "Fernhill"), Created)
    account = await warden.account("doctor")
    _, key = await warden.enrol(account)
    return account, key


def refused(answer: SignedIn | Refusal) -> bool:
    return isinstance(answer, Refusal) and answer.code == "sign-in-refused"


def _origin(key: SoftwareAuthenticator) -> None:
    key.origin = "https://wardkeep.example.org"


def _rp(key: SoftwareAuthenticator) -> None:
    key.rp_id = "example.org"


def _unverified(key: SoftwareAuthenticator) -> None:
    key.is_user_verified = False


def _absent(key: SoftwareAuthenticator) -> None:
    key.is_user_present = False


def _signature(key: SoftwareAuthenticator) -> None:
    key.spoils_signature = True


def _cloned(key: SoftwareAuthenticator) -> None:
    key.counter = 0


def _other_account(key: SoftwareAuthenticator) -> None:
    key.user_handle = uuid5(UUID(int=1), "somebody").bytes


def _unknown(key: SoftwareAuthenticator) -> None:
    key.credential_id = b"x" * 32


def _secret(key: SoftwareAuthenticator) -> None:
    key.extensions = {"prf": {"results": {"first": "c2VjcmV0"}}}


SPOILED = [
    _origin,
    _rp,
    _unverified,
    _absent,
    _signature,
    _cloned,
    _other_account,
    _unknown,
    _secret,
]


@pytest.mark.parametrize("spoil", SPOILED, ids=lambda one: one.__name__.strip("_"))
async def test_a_wrong_passkey_answer_signs_nobody_in(
    installation: Installation, spoil: Spoil
) -> None:
    async with running_warden(installation) as warden:
        _, key = await enrolled(warden)
        assert isinstance(await warden.sign_in(key), SignedIn)
        assert isinstance(await warden.sign_in(key), SignedIn)
        spoil(key)
        assert refused(await warden.sign_in(key))


async def _wake(warden: RunningWarden, who: Colleague) -> Answer:
    await warden.door.ask(FallAsleep(who.token), Done)
    options = await warden.door.ask(BeginWake(who.token), CeremonyOptions)
    assert isinstance(options, CeremonyOptions), options
    response = who.key.sign_in(options.options)
    return await warden.door.ask(FinishWake(who.token, response), Done)


async def _confirm(warden: RunningWarden, who: Colleague) -> Answer:
    return await confirm(warden, who, ChangePasskeys(), Done)


@pytest.mark.parametrize("ceremony", [_wake, _confirm], ids=["wake", "confirm"])
@pytest.mark.parametrize("spoil", SPOILED, ids=lambda one: one.__name__.strip("_"))
async def test_a_wrong_passkey_answer_wakes_and_confirms_nothing(
    installation: Installation,
    spoil: Spoil,
    ceremony: Callable[[RunningWarden, Colleague], Awaitable[Answer]],
) -> None:
    async with running_warden(installation) as warden:
        await warden.operator.ask(CreateOrganisation("fernhill", "Fernhill"), Created)
        account = await warden.account("doctor")
        token, key = await warden.enrol(account)
        who = Colleague(account, token, key)
        for _ in range(2):
            assert await ceremony(warden, who) == Done()
        spoil(key)
        answer = await ceremony(warden, who)
        assert isinstance(answer, Refusal)
        assert answer.code in ("not-woken", "not-confirmed")


async def test_a_passkey_answer_works_once(installation: Installation) -> None:
    async with running_warden(installation) as warden:
        _, key = await enrolled(warden)
        options = await warden.door.ask(BeginSignIn(), CeremonyOptions)
        assert isinstance(options, CeremonyOptions)
        response = key.sign_in(options.options)
        first = await warden.door.ask(FinishSignIn(response, "d"), SignedIn)
        assert isinstance(first, SignedIn)
        assert refused(await warden.door.ask(FinishSignIn(response, "d"), SignedIn))


@pytest.mark.parametrize(
    "response", [b"", b"{}", b"[]", b"\xff", b"x" * 70_000, b'{"rawId":1}']
)
async def test_garbage_signs_nobody_in(
    installation: Installation, response: bytes
) -> None:
    async with running_warden(installation) as warden:
        assert refused(await warden.door.ask(FinishSignIn(response, "d"), SignedIn))


async def test_an_ended_account_is_out_at_once(installation: Installation) -> None:
    async with running_warden(installation) as warden:
        account, key = await enrolled(warden)
        assert isinstance(await warden.operator.ask(EndAccount(account), Done), Done)
        assert refused(await warden.sign_in(key))


async def test_an_enrolment_without_user_verification_is_refused(
    installation: Installation,
) -> None:
    async with running_warden(installation) as warden:
        await warden.operator.ask(CreateOrganisation("fernhill", "Fernhill"), Created)
        key = SoftwareAuthenticator(origin=ORIGIN)
        key.is_user_verified = False
        answer = await warden.door.ask(
            FinishEnrolment("no-such-secret", b"{}", "k", "d"), SignedIn
        )
        assert isinstance(answer, Refusal)
        with pytest.raises(AssertionError, match="passkey-refused"):
            await warden.enrol(await warden.account("doctor"), key)


class Client:
    """A service client with a key of its own."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.id = ""

    def jwks(self) -> bytes:
        public = jwt.algorithms.ECAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        return json.dumps({"keys": [{**public, "kid": "k1"}]}).encode()

    def assertion(self, **changed: object) -> str:
        now = int(time.time())
        claims = {
            "iss": self.id,
            "sub": self.id,
            "aud": AUDIENCE,
            "iat": now,
            "exp": now + 240,
            "jti": f"j-{time.monotonic_ns()}",
            **changed,
        }
        return jwt.encode(claims, self.key, algorithm="ES256", headers={"kid": "k1"})


async def registered(warden: RunningWarden) -> Client:
    await warden.operator.ask(CreateOrganisation("fernhill", "Fernhill"), Created)
    client = Client()
    client.id = await warden.tell(
        RegisterClient("fernhill", "Ward board", client.jwks(), "system/*.rs", 60)
    )
    return client


async def ask(warden: RunningWarden, assertion: str) -> SignedIn | Refusal:
    return await warden.door.ask(ClientSignIn(assertion), SignedIn)


async def test_a_client_signs_in_with_its_key_once(installation: Installation) -> None:
    async with running_warden(installation) as warden:
        client = await registered(warden)
        assertion = client.assertion()
        assert isinstance(await ask(warden, assertion), SignedIn)
        assert refused(await ask(warden, assertion))


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": "https://elsewhere.example.org"},
        {"iss": "somebody"},
        {"sub": "0b0b0b0b-0000-4000-8000-000000000001"},
        {"exp": int(time.time()) - 10},
        {"exp": int(time.time()) + 4000},
        {"jti": None},
    ],
)
async def test_a_wrong_assertion_signs_no_client_in(
    installation: Installation, changed: dict[str, object]
) -> None:
    async with running_warden(installation) as warden:
        client = await registered(warden)
        assert refused(await ask(warden, client.assertion(**changed)))


async def test_another_key_signs_no_client_in(installation: Installation) -> None:
    async with running_warden(installation) as warden:
        client = await registered(warden)
        client.key = ec.generate_private_key(ec.SECP256R1())
        assert refused(await ask(warden, client.assertion()))
        assert refused(await ask(warden, "not.a.token"))


@pytest.mark.parametrize(
    "jwks",
    [
        b"",
        b'{"keys":[]}',
        b'{"keys":[{"kty":"oct","k":"c2VjcmV0","kid":"k"}]}',
        b'{"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA","kid":"k"}]}',
        b'{"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}]}',
    ],
)
async def test_an_unfit_key_set_is_not_registered(
    installation: Installation, jwks: bytes
) -> None:
    async with running_warden(installation) as warden:
        await warden.operator.ask(CreateOrganisation("fernhill", "Fernhill"), Created)
        answer = await warden.operator.ask(
            RegisterClient("fernhill", "x", jwks, "system/*.rs", 1), Created
        )
        assert isinstance(answer, Refusal)
