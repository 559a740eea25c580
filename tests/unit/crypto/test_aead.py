# SPDX-License-Identifier: Apache-2.0
"""Boxes open with the right key, identity and bytes, and otherwise not."""

import hmac

import pytest
from hypothesis import given, strategies as st

from wardkeep.crypto.aead import (
    OVERHEAD_BYTES,
    BoxCannotBeOpenedError,
    Cipher,
    Key,
    new_key,
)
from wardkeep.crypto.derive import derive

KEY = Key(bytes(range(32)))


@given(st.binary(max_size=2000), st.binary(max_size=100))
def test_what_is_sealed_opens_again(plaintext: bytes, identity: bytes) -> None:
    cipher = Cipher(KEY)
    box = cipher.seal(plaintext, identity)
    assert cipher.open(box, identity) == plaintext
    assert len(box) == len(plaintext) + OVERHEAD_BYTES


@given(st.integers(min_value=0, max_value=OVERHEAD_BYTES + 4), st.integers(1, 255))
def test_one_changed_byte_anywhere_is_found(place: int, flip: int) -> None:
    cipher = Cipher(KEY)
    box = bytearray(cipher.seal(b"hello", b"row 1"))
    box[place] ^= flip
    with pytest.raises(BoxCannotBeOpenedError):
        cipher.open(bytes(box), b"row 1")


def test_a_box_moved_to_another_row_does_not_open() -> None:
    cipher = Cipher(KEY)
    with pytest.raises(BoxCannotBeOpenedError):
        cipher.open(cipher.seal(b"hello", b"row 1"), b"row 2")


def test_another_key_does_not_open_it() -> None:
    with pytest.raises(BoxCannotBeOpenedError):
        Cipher(new_key()).open(Cipher(KEY).seal(b"hello", b""), b"")


def test_a_box_too_short_for_nonce_and_tag_is_refused() -> None:
    with pytest.raises(BoxCannotBeOpenedError):
        Cipher(KEY).open(b"x" * (OVERHEAD_BYTES - 1), b"")


def test_equal_plaintexts_make_different_boxes() -> None:
    cipher = Cipher(KEY)
    assert cipher.seal(b"same", b"") != cipher.seal(b"same", b"")


def test_a_key_of_the_wrong_length_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Cipher(Key(b"short"))


def test_a_key_is_never_shown() -> None:
    assert repr(KEY) not in repr(Cipher(KEY))
    assert "00010203" not in repr(Cipher(KEY))


def test_derived_keys_differ_by_label_and_stay_the_same() -> None:
    assert derive(KEY, "a") != derive(KEY, "b")
    assert derive(KEY, "a") == derive(KEY, "a")


def test_a_derived_key_is_rfc_5869_with_our_label() -> None:
    pseudorandom = hmac.digest(bytes(32), KEY, "sha256")
    expected = hmac.digest(pseudorandom, b"wardkeep/1/a\x01", "sha256")
    assert derive(KEY, "a") == expected
