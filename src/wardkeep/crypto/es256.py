# SPDX-License-Identifier: Apache-2.0
"""ES256 keys (RFC 7518, 3.4) as the 32 bytes of their private number, and as JWKs."""

import base64
from hashlib import sha256
from typing import TypeAlias

from cryptography.hazmat.primitives.asymmetric import ec

from wardkeep.crypto.aead import Key

_BYTES = 32
_CURVE = ec.SECP256R1()
Jwk: TypeAlias = dict[str, str]


def new_es256_key() -> Key:
    """A new private key: the big-endian bytes of its number."""
    number = ec.generate_private_key(_CURVE).private_numbers().private_value
    return Key(number.to_bytes(_BYTES, "big"))


def private_jwk(key: Key) -> Jwk:
    """The whole pair as a JWK (RFC 7517)."""
    private = ec.derive_private_key(int.from_bytes(key, "big"), _CURVE)
    public = private.public_key().public_numbers()
    found = {
        "kty": "EC",
        "crv": "P-256",
        "x": base64url(public.x.to_bytes(_BYTES, "big")),
        "y": base64url(public.y.to_bytes(_BYTES, "big")),
        "d": base64url(key),
    }
    return {**found, "kid": thumbprint(found)}


def public_jwk(key: Key) -> Jwk:
    """The half that anyone may have, as a key set shows it."""
    found = private_jwk(key)
    del found["d"]
    return {**found, "alg": "ES256", "use": "sig"}


_MEMBERS = {"EC": ("crv", "kty", "x", "y"), "RSA": ("e", "kty", "n")}
_OF_OKP = ("crv", "kty", "x")


def thumbprint(jwk: Jwk) -> str:
    """RFC 7638: SHA-256 over the members that make the key, in their order.

    Raises:
        KeyError: a member is missing.
    """
    members = _MEMBERS.get(jwk["kty"], _OF_OKP)
    text = ",".join(f'"{name}":"{jwk[name]}"' for name in members)
    return base64url(sha256(f"{{{text}}}".encode()).digest())


def base64url(raw: bytes) -> str:
    """Without padding (RFC 7515, 2)."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
