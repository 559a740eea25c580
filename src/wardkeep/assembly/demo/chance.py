# SPDX-License-Identifier: Apache-2.0
"""Repeatable chance: a stream of numbers that its labels alone decide.

The demo needs the same people on every machine, so neither the system's entropy
nor a library generator (whose stream may change between releases) will do.
SHA-512 in counter mode is fixed by FIPS 180-4.
"""

import hashlib
import struct
from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")

_BLOCK = struct.Struct("<16I")
_WORD_BITS = 32
_WORDS_IN_A_BELL = 4


def _words(seed: bytes) -> Iterator[int]:
    """Endless 32-bit words, sixteen to a hash."""
    counter = 0
    while True:
        yield from _BLOCK.unpack(hashlib.sha512(b"%s#%d" % (seed, counter)).digest())
        counter += 1


class Chance:
    """Numbers drawn for one purpose, named by its labels."""

    def __init__(self, *labels: str | int) -> None:
        self._next = _words("/".join(map(str, labels)).encode()).__next__

    def below(self, limit: int) -> int:
        """A whole number from 0 to limit - 1."""
        return (self._next() * limit) >> _WORD_BITS

    def between(self, low: int, high: int) -> int:
        """A whole number from low to high, both included."""
        return low + self.below(high - low + 1)

    def happens(self, per_100: int) -> bool:
        return self.below(100) < per_100

    def pick(self, choices: Sequence[T]) -> T:
        return choices[self.below(len(choices))]

    def around(self, middle: float, spread: float) -> float:
        """A measurement's scatter: bell-shaped, never further than the spread."""
        total = sum(self._next() for _ in range(_WORDS_IN_A_BELL))
        share = total / (_WORDS_IN_A_BELL << _WORD_BITS)
        return middle + spread * (2 * share - 1)
