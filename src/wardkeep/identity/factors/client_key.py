# SPDX-License-Identifier: Apache-2.0
"""A service client's key: a signed assertion, RFC 7523 with private_key_jwt.

No shared secrets. The signature is asymmetric, made for our audience, good once and
for five minutes at most (SMART Backend Services 2.2, "client authentication").
"""

from collections.abc import Mapping
from typing import Any

import jwt
import msgspec

from wardkeep.identity.factor import Factor, FactorRefused

CLIENT_KEY = Factor(name="client-key", is_phishing_resistant=True)
LARGEST_ASSERTION_CHARACTERS = 8192
LONGEST_SECONDS = 300
MOST_KEYS = 8
_ALGORITHMS = ("ES256", "ES384", "RS384", "EdDSA")
_KEY_TYPES = ("EC", "RSA", "OKP")
_SMALLEST_RSA_BITS = 2048


class Claimed(msgspec.Struct, frozen=True):
    """What an assertion claims before its signature is checked."""

    account: str
    key_id: str


class Signed(msgspec.Struct, frozen=True):
    """An assertion that holds; its id must not come again until it runs out."""

    id: str
    made_at: int
    """Seconds since 1970, as the client's clock says, and not after ours."""


class PublicKey(msgspec.Struct, frozen=True):
    """One public key of a client, as a JWK (RFC 7517)."""

    key_id: str
    jwk: str


def read_key_set(raw: bytes) -> tuple[PublicKey, ...] | FactorRefused:
    """The public keys of a JSON Web Key Set; refused if any is unfit or secret."""
    try:
        keys = msgspec.json.decode(raw, type=dict[str, list[dict[str, Any]]])["keys"]
    except (msgspec.MsgspecError, UnicodeDecodeError, KeyError):
        return FactorRefused(code="no-key-set")
    if not 1 <= len(keys) <= MOST_KEYS:
        return FactorRefused(code="number-of-keys")
    found = [_read_key(key) for key in keys]
    for one in found:
        if isinstance(one, FactorRefused):
            return one
    good = [one for one in found if isinstance(one, PublicKey)]
    if len({one.key_id for one in good}) != len(good):
        return FactorRefused(code="key-ids-not-distinct")
    return tuple(good)


def _read_key(key: Mapping[str, Any]) -> PublicKey | FactorRefused:
    if key.get("kty") not in _KEY_TYPES or "d" in key or "k" in key:
        return FactorRefused(code="not-a-public-key")
    key_id = key.get("kid")
    if not isinstance(key_id, str) or not key_id:
        return FactorRefused(code="key-without-id")
    try:
        parsed = jwt.PyJWK(dict(key), algorithm=algorithm_for(key)).key
    except (jwt.PyJWTError, ValueError, TypeError, KeyError):
        return FactorRefused(code="key-damaged")
    if key["kty"] == "RSA" and getattr(parsed, "key_size", 0) < _SMALLEST_RSA_BITS:
        return FactorRefused(code="key-too-small")
    return PublicKey(key_id, msgspec.json.encode(key).decode())


def algorithm_for(key: Mapping[str, Any]) -> str:
    by_curve = {"P-256": "ES256", "P-384": "ES384"}
    if key["kty"] == "EC":
        return by_curve[key["crv"]]
    return "RS384" if key["kty"] == "RSA" else "EdDSA"


def claim(assertion: str) -> Claimed | FactorRefused:
    """Whose assertion it says it is; nothing of it is believed yet."""
    if len(assertion) > LARGEST_ASSERTION_CHARACTERS:
        return FactorRefused(code="too-large")
    try:
        header = jwt.get_unverified_header(assertion)
        claims = jwt.decode(assertion, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError, RecursionError):
        return FactorRefused(code="malformed")
    account, key_id = claims.get("sub"), header.get("kid")
    if not isinstance(account, str) or not isinstance(key_id, str):
        return FactorRefused(code="malformed")
    return Claimed(account, key_id)


def verify(
    assertion: str, *, claimed: Claimed, jwk: str, audience: str
) -> Signed | FactorRefused:
    """Whether the key signed it, for us, not long ago and for not long."""
    try:
        key = msgspec.json.decode(jwk, type=dict[str, Any])
        algorithm = algorithm_for(key)
        claims = jwt.decode(
            assertion,
            jwt.PyJWK(key, algorithm=algorithm).key,
            algorithms=[algorithm],
            audience=audience,
            issuer=claimed.account,
            options={"require": ["exp", "iat", "aud", "iss", "sub", "jti"]},
        )
        # PyJWT takes a number written as text, and infinity, too.
        lasts = int(claims["exp"]) - int(claims["iat"])
    except (jwt.PyJWTError, ValueError, TypeError, OverflowError) as error:
        return FactorRefused(code=f"assertion-{type(error).__name__}")
    if not 0 < lasts <= LONGEST_SECONDS or claims["sub"] != claimed.account:
        return FactorRefused(code="lasts-too-long")
    return Signed(str(claims["jti"]), int(claims["iat"]))
