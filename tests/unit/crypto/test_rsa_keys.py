# SPDX-License-Identifier: Apache-2.0
"""RSA keys that sign to providers of identity."""

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from wardkeep.crypto.rsa_keys import (
    ALGORITHM,
    BITS,
    new_rsa_key,
    open_rsa_key,
    public_rsa_jwk,
)


def test_what_our_key_signs_is_verified_by_the_half_that_is_published() -> None:
    key = open_rsa_key(new_rsa_key())
    assert key.key_size == BITS
    published = public_rsa_jwk(key)
    assert published["alg"] == ALGORITHM
    assert not {"d", "p", "q"} & published.keys()
    token = jwt.encode({"iss": "here"}, key, algorithm=ALGORITHM)
    by_them = jwt.PyJWK(published).key
    assert jwt.decode(token, by_them, algorithms=[ALGORITHM]) == {"iss": "here"}


def test_another_kind_of_key_is_refused() -> None:
    other = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    with pytest.raises(TypeError):
        open_rsa_key(other)
    with pytest.raises(ValueError, match="PEM"):
        open_rsa_key(b"no key")
