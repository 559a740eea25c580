# SPDX-License-Identifier: Apache-2.0
"""RSA keys for signing to others: RS512, which NHS CIS2 and NHS login ask for."""

from typing import TypeAlias

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from wardkeep.crypto.es256 import base64url, thumbprint

ALGORITHM = "RS512"
BITS = 3072
"""128 bits of strength (NIST SP 800-57, part 1, table 2)."""
_EXPONENT = 65537

RsaKey: TypeAlias = rsa.RSAPrivateKey
"""A private key that is ready to sign."""


def new_rsa_key() -> bytes:
    """A private key in PKCS #8, as PEM."""
    key = rsa.generate_private_key(public_exponent=_EXPONENT, key_size=BITS)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def open_rsa_key(pem: bytes) -> RsaKey:
    """The key of a PEM that is our own: sealed since it was made, so whole as it was.

    Whether its numbers are a key at all is not worked out anew, which takes a tenth of
    a second each: a warden that knows a hundred providers would start for ten.

    Raises:
        TypeError: it is another kind of key.
        ValueError: it is no private key.
    """
    key = serialization.load_pem_private_key(
        pem, password=None, unsafe_skip_rsa_key_validation=True
    )
    if not isinstance(key, rsa.RSAPrivateKey):
        message = "the key is no RSA key"
        raise TypeError(message)
    return key


def public_rsa_jwk(key: RsaKey) -> dict[str, str]:
    """The half that anyone may have, named by its thumbprint (RFC 7638)."""
    numbers = key.public_key().public_numbers()
    found = {"kty": "RSA", "n": _number(numbers.n), "e": _number(numbers.e)}
    return {**found, "kid": thumbprint(found), "alg": ALGORITHM, "use": "sig"}


def _number(value: int) -> str:
    return base64url(value.to_bytes((value.bit_length() + 7) // 8, "big"))
