# SPDX-License-Identifier: Apache-2.0
"""Whose key a token is bound to, and which app asks: each proof once, and fresh."""

import time
from datetime import timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from support.smart import Key
from wardkeep.base.clock import FrozenClock, SystemClock
from wardkeep.base.ids import new_uuid
from wardkeep.disclosure.smart import AccessRefused, ClientProof, KeyProof
from wardkeep.identity.apps import Apps, RegisteredApp
from wardkeep.warden.service.key_proofs import AppClients, KeyProofs

ORIGIN = "https://records.example.org"
TOKEN_URL = f"{ORIGIN}/oauth/token"
APP, PUBLIC = new_uuid(), new_uuid()


def shown(key: Key, url: str = TOKEN_URL, **changed: object) -> KeyProof:
    return KeyProof(key.proof("POST", url, "", **changed), "POST", url)


@pytest.fixture
def proofs() -> KeyProofs:
    return KeyProofs(SystemClock(), origin=ORIGIN)


def test_a_proof_is_good_once(proofs: KeyProofs) -> None:
    proof = shown(Key())
    assert proofs.thumbprint(proof)
    assert proofs.thumbprint(proof) is None
    assert proofs.thumbprint(None) == ""


def test_a_proof_that_is_none_proves_nothing(proofs: KeyProofs) -> None:
    assert proofs.thumbprint(KeyProof("nonsense", "POST", TOKEN_URL)) is None
    other = Key().proof("GET", TOKEN_URL)
    assert proofs.thumbprint(KeyProof(other, "POST", TOKEN_URL)) is None


def test_a_proof_for_another_server_proves_nothing_here(proofs: KeyProofs) -> None:
    """Whoever was sent it there brings it here: the address is in what was signed."""
    elsewhere = "https://records.example.org.thief.example/oauth/token"
    assert proofs.thumbprint(shown(Key(), elsewhere)) is None


def test_a_proof_from_before_the_start_may_have_been_used() -> None:
    clock = FrozenClock(SystemClock().now())
    proofs = KeyProofs(clock, origin=ORIGIN)
    assert proofs.thumbprint(shown(Key(), iat=int(time.time()) - 30)) is None


class Confidential:
    """A registered app with a key of its own."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        jwk = ECAlgorithm.to_jwk(self.key.public_key())
        assert isinstance(jwk, str)
        self.apps = Apps()
        for id_, keys in ((APP, {"k1": jwk}), (PUBLIC, {})):
            self.apps.add(
                RegisteredApp(
                    id=id_,
                    organisation=1,
                    name="Growth charts",
                    redirect_uris=(),
                    launch_url="",
                    scope="user/Patient.rs",
                    patients_per_hour=1,
                    is_resource_server=False,
                    keys=keys,
                )
            )

    def says(self, *, kid: str = "k1", **changed: object) -> str:
        now = int(time.time())
        claims: dict[str, object] = {
            "iss": APP,
            "sub": APP,
            "aud": TOKEN_URL,
            "iat": now,
            "exp": now + 240,
            "jti": new_uuid(),
        }
        return jwt.encode(
            {**claims, **changed}, self.key, algorithm="ES256", headers={"kid": kid}
        )


@pytest.fixture
def app() -> Confidential:
    return Confidential()


def asks(app: Confidential, shown: ClientProof) -> RegisteredApp | AccessRefused:
    return AppClients(app.apps, SystemClock(), origin=ORIGIN).prove(shown)


def test_who_has_a_key_proves_it_once(app: Confidential) -> None:
    clients = AppClients(app.apps, SystemClock(), origin=ORIGIN)
    proof = ClientProof(APP, app.says())
    assert clients.prove(proof) == app.apps.get(APP)
    assert isinstance(clients.prove(proof), AccessRefused)
    assert asks(app, ClientProof(PUBLIC)) == app.apps.get(PUBLIC)


@pytest.mark.parametrize(
    "wrong",
    [
        {"client_id": APP},
        {"client_id": new_uuid()},
        {"client_id": APP, "assertion": "nonsense"},
        {"client_id": PUBLIC, "assertion": "itself"},
    ],
)
def test_who_only_says_so_is_nobody(app: Confidential, wrong: dict[str, str]) -> None:
    if wrong.get("assertion") == "itself":
        wrong = {**wrong, "assertion": app.says()}
    assert isinstance(asks(app, ClientProof(**wrong)), AccessRefused)


@pytest.mark.parametrize(
    "changed",
    [
        {"kid": "k2"},
        {"aud": "https://elsewhere.example/oauth/token"},
        {"exp": int(time.time()) - 5},
        {"iss": new_uuid(), "sub": new_uuid()},
    ],
    ids=lambda one: next(iter(one)),
)
def test_another_key_audience_time_or_name_proves_nothing(
    app: Confidential, changed: dict[str, object]
) -> None:
    kid = str(changed.pop("kid", "k1"))
    shown = ClientProof("", app.says(kid=kid, **changed))
    assert isinstance(asks(app, shown), AccessRefused)


def test_an_assertion_from_before_the_start_may_have_been_used(
    app: Confidential,
) -> None:
    clock = FrozenClock(SystemClock().now() + timedelta(seconds=2))
    clients = AppClients(app.apps, clock, origin=ORIGIN)
    now = int(time.time())
    made = app.says(iat=now - 60, exp=now + 120)
    assert isinstance(clients.prove(ClientProof("", made)), AccessRefused)
