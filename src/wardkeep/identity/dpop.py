# SPDX-License-Identifier: Apache-2.0
"""Proofs that whoever uses a token has its key: DPoP, RFC 9449.

A proof names the method and address of one request and the token used with it, is
fresh, and comes once. The caller keeps what was seen (`once.py`).
"""

import base64
import hmac
from datetime import datetime
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

import jwt
import msgspec

from wardkeep.crypto.es256 import base64url, thumbprint
from wardkeep.identity.factors.client_key import algorithm_for

OLDEST_SECONDS = 60
NEWEST_SECONDS = 10
"""How far a client's clock may be ahead."""
LARGEST = 4_096
LONGEST_ID = 200
ALGORITHMS = ("ES256", "ES384", "RS384", "EdDSA")
_SMALLEST_RSA_BITS = 2048
# What its key, an address that is none, or a number beyond all clocks may raise.
_UNREADABLE = (
    jwt.PyJWTError,
    ValueError,
    TypeError,
    KeyError,
    OverflowError,
    RecursionError,
)


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A proof as it came, and the request that it came with."""

    proof: str
    method: str
    url: str
    token: str = ""
    """The access token used; empty at the token endpoint."""


class Held(msgspec.Struct, frozen=True):
    """Who showed it has the key with this thumbprint."""

    thumbprint: str
    id: str
    """Must not come again from this key."""
    made_at: float
    """Seconds since 1970, by the client's clock."""


class BadProof(msgspec.Struct, frozen=True):
    """It proves nothing; the code is for the log."""

    code: str


def verify(shown: Shown, *, now: datetime) -> Held | BadProof:
    """Check everything of RFC 9449, 4.3, but whether it came before."""
    if len(shown.proof) > LARGEST:
        return BadProof("too-large")
    try:
        header = jwt.get_unverified_header(shown.proof)
        key = _key_in(header)
        claims = jwt.decode(
            shown.proof,
            jwt.PyJWK(key, algorithm=header["alg"]),
            algorithms=[header["alg"]],
            options={
                "require": ["iat", "jti", "htm", "htu"],
                "verify_iat": False,
                "verify_exp": False,
                "verify_nbf": False,
                "verify_aud": False,
            },
        )
        made_by = thumbprint(key)
        fault = _fault_in(claims, shown, now)
    except _UNREADABLE as error:
        return BadProof(f"proof-{type(error).__name__}")
    if fault:
        return BadProof(fault)
    return Held(made_by, str(claims["jti"]), float(claims["iat"]))


def _key_in(header: dict[str, Any]) -> dict[str, Any]:
    """The public key that the proof carries.

    Raises:
        ValueError: it is secret, too small, or not of the algorithm that is named.
    """
    key = header.get("jwk")
    is_fit = header.get("typ") == "dpop+jwt" and isinstance(key, dict)
    if not is_fit or not isinstance(key, dict) or {"d", "k"} & key.keys():
        raise ValueError
    if not all(isinstance(value, str) for value in key.values()):
        raise ValueError
    if header.get("alg") not in ALGORITHMS or algorithm_for(key) != header["alg"]:
        raise ValueError
    if key["kty"] == "RSA" and len(_bytes(key["n"])) * 8 < _SMALLEST_RSA_BITS:
        raise ValueError
    return key


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _fault_in(claims: dict[str, Any], shown: Shown, now: datetime) -> str:
    id_, made = claims["jti"], claims["iat"]
    if not isinstance(id_, str) or not 0 < len(id_) <= LONGEST_ID:
        return "jti"
    if isinstance(made, bool) or not isinstance(made, int | float):
        return "iat"
    age = now.timestamp() - made
    if not -NEWEST_SECONDS <= age <= OLDEST_SECONDS:
        return "stale"
    if claims["htm"] != shown.method or _address(claims["htu"]) != _address(shown.url):
        return "another-request"
    if not shown.token:
        return ""
    wanted = base64url(sha256(shown.token.encode()).digest())
    given = claims.get("ath")
    is_this = isinstance(given, str) and hmac.compare_digest(
        given.encode("utf-8", "replace"), wanted.encode()
    )
    return "" if is_this else "another-token"


def _address(url: object) -> tuple[str, str, str]:
    """Without query and fragment (RFC 9449, 4.3, 9)."""
    parts = urlsplit(str(url))
    return parts.scheme.lower(), parts.netloc.lower(), parts.path
