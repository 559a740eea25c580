# SPDX-License-Identifier: Apache-2.0
"""Service clients' keys and assertions: read with care, believed when signed."""

import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from wardkeep.identity.factor import FactorRefused
from wardkeep.identity.factors.client_key import (
    LARGEST_ASSERTION_CHARACTERS,
    Claimed,
    PublicKey,
    Signed,
    claim,
    read_key_set,
    verify,
)

AUDIENCE = "https://wardkeep.example.org/token"
ACCOUNT = "0b0b0b0b-0000-4000-8000-000000000001"
P256 = ec.generate_private_key(ec.SECP256R1())
P384 = ec.generate_private_key(ec.SECP384R1())
ED25519 = ed25519.Ed25519PrivateKey.generate()
RSA2048 = rsa.generate_private_key(public_exponent=65537, key_size=2048)
RSA1024 = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505


def jwk_of(key: Any, kid: str = "k1") -> dict[str, Any]:
    if isinstance(key, ec.EllipticCurvePrivateKey):
        public = ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    elif isinstance(key, rsa.RSAPrivateKey):
        public = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    else:
        public = OKPAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return {**public, "kid": kid}


def key_set(*keys: dict[str, Any]) -> bytes:
    return json.dumps({"keys": keys}).encode()


def code_of(found: object) -> str:
    assert isinstance(found, FactorRefused), found
    return found.code


def assertion(key: Any, algorithm: str, **changed: object) -> str:
    now = int(time.time())
    claims = {
        "iss": ACCOUNT,
        "sub": ACCOUNT,
        "aud": AUDIENCE,
        "iat": now,
        "exp": now + 240,
        "jti": "j-1",
        **changed,
    }
    return jwt.encode(claims, key, algorithm=algorithm, headers={"kid": "k1"})


def verified(key: Any, text: str) -> Signed | FactorRefused:
    read = read_key_set(key_set(jwk_of(key)))
    assert isinstance(read, tuple)
    claimed = claim(text)
    assert claimed == Claimed(ACCOUNT, "k1")
    return verify(text, claimed=claimed, jwk=read[0].jwk, audience=AUDIENCE)


def id_of(found: Signed | FactorRefused) -> str:
    assert isinstance(found, Signed), found
    assert abs(found.made_at - time.time()) < 60
    return found.id


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [(P256, "ES256"), (P384, "ES384"), (RSA2048, "RS384"), (ED25519, "EdDSA")],
    ids=["P-256", "P-384", "RSA", "Ed25519"],
)
def test_an_assertion_of_each_kind_of_key_holds(key: Any, algorithm: str) -> None:
    assert id_of(verified(key, assertion(key, algorithm))) == "j-1"


def test_an_assertion_by_another_algorithm_than_its_keys_does_not_hold() -> None:
    weaker = assertion(RSA2048, "RS256")
    assert code_of(verified(RSA2048, weaker)).startswith("assertion-")


@pytest.mark.parametrize(
    "changed",
    [
        {"exp": time.time() + 3600},
        {"exp": float("inf")},
        {"iat": time.time() + 3600, "exp": time.time() + 3700},
        {"exp": "soon"},
        {"iat": None},
    ],
    ids=["too long", "for ever", "not yet", "no number", "no beginning"],
)
def test_an_assertion_that_is_not_for_a_few_minutes_from_now_does_not_hold(
    changed: dict[str, object],
) -> None:
    assert code_of(verified(P256, assertion(P256, "ES256", **changed)))


def test_an_assertion_whose_times_are_text_is_held_to_the_same_limits() -> None:
    now = int(time.time())
    short = assertion(P256, "ES256", exp=str(now + 60))
    assert id_of(verified(P256, short)) == "j-1"
    long = assertion(P256, "ES256", exp=str(now + 3600))
    assert code_of(verified(P256, long)) == "lasts-too-long"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "malformed"),
        ("not.a.token", "malformed"),
        ("x" * (LARGEST_ASSERTION_CHARACTERS + 1), "too-large"),
        (jwt.encode({"sub": ACCOUNT}, P256, algorithm="ES256"), "malformed"),
        (
            jwt.encode({}, P256, algorithm="ES256", headers={"kid": "k1"}),
            "malformed",
        ),
    ],
    ids=["nothing", "no token", "too large", "no key id", "no account"],
)
def test_what_claims_nobody_is_refused_before_any_key_is_fetched(
    text: str, code: str
) -> None:
    assert code_of(claim(text)) == code


def test_a_set_of_distinct_keys_is_read() -> None:
    found = read_key_set(key_set(jwk_of(P256, "a"), jwk_of(ED25519, "b")))
    assert isinstance(found, tuple)
    assert all(isinstance(one, PublicKey) for one in found)
    assert [one.key_id for one in found] == ["a", "b"]


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"\xff", "no-key-set"),
        (b"{}", "no-key-set"),
        (b'{"keys":' + b"[" * 5000, "no-key-set"),
        (key_set(), "number-of-keys"),
        (key_set(*[jwk_of(P256, f"k{n}") for n in range(9)]), "number-of-keys"),
        (key_set(jwk_of(P256), jwk_of(P384)), "key-ids-not-distinct"),
        (key_set({**jwk_of(P256), "d": "AA"}), "not-a-public-key"),
        (key_set({"kty": "oct", "k": "AA", "kid": "k"}), "not-a-public-key"),
        (key_set(jwk_of(P256, "")), "key-without-id"),
        (key_set({**jwk_of(P256), "kid": 7}), "key-without-id"),
        (key_set({**jwk_of(P256), "crv": "P-521"}), "key-damaged"),
        (key_set({**jwk_of(P256), "crv": ["P-256"]}), "key-damaged"),
        (key_set({**jwk_of(P256), "x": "AA"}), "key-damaged"),
        (key_set({**jwk_of(ED25519), "crv": "X25519"}), "key-damaged"),
        (key_set(jwk_of(RSA1024)), "key-too-small"),
    ],
)
def test_an_unfit_set_of_keys_is_refused_with_its_code(raw: bytes, code: str) -> None:
    assert code_of(read_key_set(raw)) == code
