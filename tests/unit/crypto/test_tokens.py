# SPDX-License-Identifier: Apache-2.0
"""Tokens and signatures."""

import hashlib

from hypothesis import given, strategies as st

from wardkeep.crypto.aead import Key
from wardkeep.crypto.signing import SigningKey, VerifyKey
from wardkeep.crypto.tokens import TokenKey

KEY = Key(bytes(range(32)))


@given(st.binary(max_size=200))
def test_a_token_is_keyed_blake2b_of_64_bits(value: bytes) -> None:
    digest = hashlib.blake2b(value, digest_size=8, key=KEY).digest()
    assert TokenKey(KEY).token(value) == int.from_bytes(digest, "big", signed=True)


def test_tokens_of_one_value_differ_between_keys() -> None:
    assert TokenKey(KEY).token(b"x") != TokenKey(Key(bytes(32))).token(b"x")


def test_many_tokens_come_in_order() -> None:
    key = TokenKey(KEY)
    assert key.tokens([b"a", b"b"]) == [key.token(b"a"), key.token(b"b")]
    assert "0001" not in repr(key)


def test_rfc_8032_first_vector_signs_the_empty_message() -> None:
    seed = bytes.fromhex(
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
    )
    key = SigningKey(seed)
    assert key.verify_key.public_bytes.hex() == (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    )
    assert key.sign(b"").hex().startswith("e5564300c360ac729086e2cc806e828a")
    assert key.seed() == seed
    assert seed.hex() not in repr(key)


def test_a_signature_fits_its_message_and_key_only() -> None:
    key, other = SigningKey.generate(), SigningKey.generate()
    signature = key.sign(b"checkpoint 7")
    verify = VerifyKey(key.verify_key.public_bytes)
    assert verify.is_valid(signature, b"checkpoint 7")
    assert not verify.is_valid(signature, b"checkpoint 8")
    assert not other.verify_key.is_valid(signature, b"checkpoint 7")
