# SPDX-License-Identifier: Apache-2.0
"""ID tokens and logout tokens: each claim wrong, each confusion of keys."""

import json
import time
from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from jwt.warnings import InsecureKeyLengthWarning

from wardkeep.identity.factor import FactorRefused
from wardkeep.identity.oidc import (
    Discovery,
    Expected,
    read_discovery,
    read_keys,
    verify_id_token,
    verify_logout_token,
)

ISSUER, CLIENT, NONCE = "https://issuer.example", "wardkeep", "n-1"
NOW = int(time.time())
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
SMALL_KEY = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505
EC_KEY = ec.generate_private_key(ec.SECP256R1())
EXPECTED = Expected(
    issuer=ISSUER, client_id=CLIENT, now=datetime.fromtimestamp(NOW, UTC)
)
SIGN_IN: dict[str, Any] = {
    "iss": ISSUER,
    "aud": CLIENT,
    "sub": "somebody",
    "nonce": NONCE,
    "iat": NOW,
    "exp": NOW + 300,
    "auth_time": NOW - 5,
}
EVENT = "http://schemas.openid.net/event/backchannel-logout"
LOGOUT: dict[str, Any] = {
    "iss": ISSUER,
    "aud": CLIENT,
    "sub": "somebody",
    "sid": "s-1",
    "iat": NOW,
    "exp": NOW + 60,
    "jti": "once",
    "events": {EVENT: {}},
}


def jwk(key: Any, kid: str, **more: str) -> dict[str, Any]:
    kind = ECAlgorithm if isinstance(key, ec.EllipticCurvePrivateKey) else RSAAlgorithm
    return {**kind.to_jwk(key.public_key(), as_dict=True), "kid": kid, **more}


KEYS = [jwk(RSA_KEY, "rsa", use="sig"), jwk(EC_KEY, "ec", alg="ES256")]


def made(claims: dict[str, Any], **changed: Any) -> str:
    told = {**claims, **changed}
    told = {name: value for name, value in told.items() if value is not None}
    return jwt.encode(told, RSA_KEY, algorithm="RS256", headers={"kid": "rsa"})


def code(token: str, keys: list[dict[str, Any]] | None = None) -> str:
    found = verify_id_token(token, keys or KEYS, EXPECTED, nonce=NONCE)
    return found.code if isinstance(found, FactorRefused) else ""


def test_a_token_in_which_nothing_is_wrong_gives_its_claims() -> None:
    for token in (
        made(SIGN_IN),
        made(SIGN_IN, aud=[CLIENT]),
        made(SIGN_IN, aud=[CLIENT, "other"], azp=CLIENT),
        made(SIGN_IN, exp=NOW - 30, iat=NOW + 30, nbf=NOW + 30),
        jwt.encode(SIGN_IN, EC_KEY, algorithm="ES256", headers={"kid": "ec"}),
        jwt.encode(SIGN_IN, RSA_KEY, algorithm="PS256", headers={"kid": "rsa"}),
    ):
        found = verify_id_token(token, KEYS, EXPECTED, nonce=NONCE)
        assert not isinstance(found, FactorRefused), found
        assert found["sub"] == "somebody"


@pytest.mark.parametrize(
    ("changed", "wrong"),
    [
        ({"iss": "https://evil.example"}, "another-issuer"),
        ({"iss": f"{ISSUER}/"}, "another-issuer"),
        ({"iss": None}, "another-issuer"),
        ({"aud": "another"}, "another-audience"),
        ({"aud": ["another", "third"]}, "another-audience"),
        ({"aud": [CLIENT, "other"]}, "another-audience"),
        ({"azp": "another"}, "another-audience"),
        ({"aud": None}, "another-audience"),
        ({"nonce": "n-2"}, "nonce"),
        ({"nonce": None}, "nonce"),
        ({"nonce": 1}, "nonce"),
        ({"exp": NOW - 61}, "over"),
        ({"exp": None}, "over"),
        ({"iat": NOW + 61}, "not-yet"),
        ({"iat": None}, "not-yet"),
        ({"iat": True}, "not-yet"),
        ({"iat": float("nan")}, "not-yet"),
        ({"iat": 10**400}, "not-yet"),
        ({"nbf": NOW + 61}, "not-yet"),
        ({"nbf": float("nan")}, "not-yet"),
        ({"exp": float("nan")}, "over"),
        ({"exp": 10**400}, "over"),
        ({"auth_time": float("nan")}, "stale"),
        ({"auth_time": NOW - 361}, "stale"),
        ({"auth_time": None}, "stale"),
        ({"auth_time": "now"}, "stale"),
        ({"sub": None}, "subject"),
        ({"sub": ""}, "subject"),
        ({"sub": "x" * 256}, "subject"),
    ],
)
def test_each_claim_that_is_wrong_is_refused(
    changed: dict[str, Any], wrong: str
) -> None:
    assert code(made(SIGN_IN, **changed)) == wrong


def unsigned(header: dict[str, str], signature: bytes = b"") -> str:
    parts = (json.dumps(header).encode(), json.dumps(SIGN_IN).encode(), signature)
    return ".".join(urlsafe_b64encode(one).rstrip(b"=").decode() for one in parts)


def test_who_has_only_the_public_key_signs_nothing() -> None:
    public = RSA_KEY.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    thief = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    for token in (
        unsigned({"alg": "none"}),
        unsigned({"alg": "NONE", "kid": "rsa"}),
        unsigned({"alg": "HS256", "kid": "rsa"}, public[:32]),
        unsigned({"alg": "RS256", "kid": "rsa"}, b"x" * 256),
        jwt.encode(SIGN_IN, public[27:60], algorithm="HS256", headers={"kid": "rsa"}),
        jwt.encode(SIGN_IN, thief, algorithm="RS256", headers={"kid": "rsa"}),
        jwt.encode(SIGN_IN, thief, algorithm="RS256", headers={"kid": "new"}),
        jwt.encode(SIGN_IN, thief, algorithm="RS256"),
        jwt.encode(SIGN_IN, EC_KEY, algorithm="ES256", headers={"kid": "rsa"}),
        "",
        "a.b.c",
        "x" * 40_000,
    ):
        assert code(token).startswith("token-"), token[:60]


def test_keys_for_other_uses_and_small_ones_verify_nothing() -> None:
    token = made(SIGN_IN)
    assert code(token, [jwk(RSA_KEY, "rsa", use="enc")]) == "token-key"
    assert code(token, [jwk(RSA_KEY, "rsa", alg="PS256")]) == "token-key"
    headers = {"kid": "rsa"}
    with pytest.warns(InsecureKeyLengthWarning):
        small = jwt.encode(SIGN_IN, SMALL_KEY, algorithm="RS256", headers=headers)
    assert code(small, [jwk(SMALL_KEY, "rsa")]) == "token-signature"
    assert code(token, [{"kty": "RSA", "kid": "rsa"}]) == "token-signature"


def logout_code(**changed: Any) -> str:
    found = verify_logout_token(made(LOGOUT, **changed), KEYS, EXPECTED)
    return found.code if isinstance(found, FactorRefused) else ""


@pytest.mark.parametrize(
    ("changed", "wrong"),
    [
        ({}, ""),
        ({"sid": None}, ""),
        ({"sub": None}, ""),
        ({"exp": None}, ""),
        ({"sid": None, "sub": None}, "subject"),
        ({"events": None}, "no-logout"),
        ({"events": {"other": {}}}, "no-logout"),
        ({"events": [EVENT]}, "no-logout"),
        ({"nonce": NONCE}, "no-logout"),
        ({"jti": None}, "no-logout"),
        ({"aud": "another"}, "another-audience"),
        ({"iss": "https://evil.example"}, "another-issuer"),
        ({"exp": NOW - 61}, "over"),
        ({"exp": float("nan")}, "over"),
    ],
)
def test_a_logout_token_is_one_and_nothing_else(
    changed: dict[str, Any], wrong: str
) -> None:
    assert logout_code(**changed) == wrong


def test_an_id_token_is_no_logout_token_and_no_logout_token_signs_in() -> None:
    assert verify_logout_token(made(SIGN_IN), KEYS, EXPECTED) == FactorRefused(
        code="no-logout"
    )
    assert code(made(LOGOUT)) == "nonce"


def test_a_discovery_document_is_of_its_issuer_and_names_safe_addresses() -> None:
    whole = {
        "issuer": ISSUER,
        "authorization_endpoint": f"{ISSUER}/authorize",
        "token_endpoint": f"{ISSUER}/token",
        "jwks_uri": f"{ISSUER}/keys",
    }

    def read(**changed: object) -> Discovery | FactorRefused:
        return read_discovery(json.dumps({**whole, **changed}).encode(), issuer=ISSUER)

    assert isinstance(read(), Discovery)
    for address, kept in (
        (f"{ISSUER}/end", f"{ISSUER}/end"),
        ("javascript:alert(1)", ""),
        ("data:text/html,x", ""),
    ):
        found = read(end_session_endpoint=address)
        assert isinstance(found, Discovery)
        assert found.end_session_endpoint == kept
    for changed in (
        {"issuer": f"{ISSUER}/"},
        {"jwks_uri": "http://issuer.example/keys"},
        {"token_endpoint": "https://user@issuer.example/"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"token_endpoint": 7},
    ):
        assert isinstance(read(**changed), FactorRefused), changed
    assert isinstance(read_discovery(b"<html>", issuer=ISSUER), FactorRefused)
    assert read_keys(b"[]") == read_keys(b'{"keys": 1}') == read_keys(b"\xff") == ()
