# SPDX-License-Identifier: Apache-2.0
"""The layer over search tokens: FF1, held against the standard written down again."""

from functools import reduce

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from hypothesis import given, strategies as st

from wardkeep.crypto.aead import Key
from wardkeep.crypto.token_layer import TokenLayer

KEY = Key(bytes(range(32)))
SAMPLES = (
    ("2B7E151628AED2A6ABF7158809CF4F3C", "", "0123456789", "2433477484"),
    (
        "2B7E151628AED2A6ABF7158809CF4F3C",
        "39383736353433323130",
        "0123456789",
        "6124200773",
    ),
    (
        "2B7E151628AED2A6ABF7158809CF4F3CEF4359D8D580AA4F7F036D6F04FC6A94",
        "",
        "0123456789",
        "6657667009",
    ),
    (
        "2B7E151628AED2A6ABF7158809CF4F3CEF4359D8D580AA4F7F036D6F04FC6A94",
        "39383736353433323130",
        "0123456789",
        "1001623463",
    ),
)
"""NIST's samples 1, 2, 7 and 8 for FF1: key, tweak, plaintext, ciphertext."""


def ff1(key: bytes, radix: int, tweak: bytes, plain: list[int]) -> list[int]:
    """SP 800-38G, algorithm 7, step by step and for any radix."""
    u, v = len(plain) // 2, len(plain) - len(plain) // 2
    a, b = plain[:u], plain[u:]
    size = -(-(radix**v - 1).bit_length() // 8)
    d = 4 * -(-size // 4) + 4
    p = bytes([1, 2, 1]) + radix.to_bytes(3, "big") + bytes([10, u % 256])
    p += len(plain).to_bytes(4, "big") + len(tweak).to_bytes(4, "big")
    for i in range(10):
        q = tweak + bytes((-len(tweak) - size - 1) % 16) + bytes([i])
        q += _number(b, radix).to_bytes(size, "big")
        mac = Cipher(AES(key), CBC(bytes(16))).encryptor().update(p + q)[-16:]
        assert d <= 16
        m = u if i % 2 == 0 else v
        c = (_number(a, radix) + int.from_bytes(mac[:d], "big")) % radix**m
        a, b = b, _digits(c, radix, m)
    return a + b


def _number(digits: list[int], radix: int) -> int:
    return reduce(lambda so_far, one: so_far * radix + one, digits, 0)


def _digits(number: int, radix: int, count: int) -> list[int]:
    found = []
    for _ in range(count):
        number, digit = divmod(number, radix)
        found.append(digit)
    return found[::-1]


@pytest.mark.parametrize(("key", "tweak", "plain", "sealed"), SAMPLES)
def test_the_standard_written_down_again_gives_its_published_samples(
    key: str, tweak: str, plain: str, sealed: str
) -> None:
    digits = [int(one) for one in plain]
    found = ff1(bytes.fromhex(key), 10, bytes.fromhex(tweak), digits)
    assert "".join(map(str, found)) == sealed


tokens = st.lists(st.integers(-(2**63), 2**63 - 1), max_size=40)


@given(tokens)
def test_each_token_is_turned_as_the_standard_turns_its_64_bits(
    some: list[int],
) -> None:
    def turned(token: int) -> int:
        bits = [int(bit) for bit in f"{token % 2**64:064b}"]
        number = _number(ff1(KEY, 2, b"", bits), 2)
        return number if number < 2**63 else number - 2**64

    assert TokenLayer(KEY).put_on(some) == [turned(one) for one in some]


@given(tokens)
def test_what_was_put_on_comes_off_and_no_two_tokens_become_one(
    some: list[int],
) -> None:
    layer = TokenLayer(KEY)
    put_on = layer.put_on(some)
    assert layer.take_off(put_on) == some
    assert len(set(put_on)) == len(set(some))


def test_another_key_turns_into_something_else_and_no_key_is_shown() -> None:
    some = [0, 1, -1]
    layer, other = TokenLayer(KEY), TokenLayer(Key(bytes(32)))
    assert not set(layer.put_on(some)) & set(other.put_on(some))
    assert other.take_off(layer.put_on(some)) != some
    assert repr(layer) == "TokenLayer(<key not shown>)"
