# SPDX-License-Identifier: Apache-2.0
"""Search tokens of an organisation: a hash of what is searched, under a layer of keys.

The hash never changes. What lies over it is replaced by a rotation, without knowing
what any token was made of; before the first one there is none. While one is under way
rows hold tokens under both keys, and this says by which of them is searched.
"""

from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple

import msgspec

from wardkeep.crypto.aead import Key
from wardkeep.crypto.derive import derive
from wardkeep.crypto.token_layer import TokenLayer
from wardkeep.crypto.tokens import TokenKey

_FINGERPRINT = [b"fingerprint\x1f1"]


class TokenPhase(IntEnum):
    """How far the replacement of an organisation's search-token key is."""

    AT_REST = 0
    """One key: rows hold its tokens."""
    FILLING = 1
    """Rows come to hold both; the older ones are searched by."""
    SWITCHED = 2
    """All rows hold both; the newer ones are searched by."""
    EMPTYING = 3
    """Rows come to hold the newer ones alone."""


class KeyState(msgspec.Struct, frozen=True, kw_only=True):
    """Keys of an organisation's tokens in the clear, and how far a rotation is."""

    hashing: Key
    layer: Key | None = None
    """None: no rotation yet."""
    newer_layer: Key | None = None
    generation: int = 0
    """How many rotations there were: the layer's number."""
    phase: TokenPhase = TokenPhase.AT_REST


class MadeTokens(NamedTuple):
    """Tokens of some values."""

    tokens: tuple[int, ...]
    newer: tuple[int, ...]
    """Under the newer key, in the same order, while rows hold both."""


class OrganisationTokens:
    """Makes the tokens of one organisation."""

    __slots__ = ("_hash", "_layer", "_newer", "generation", "phase")

    def __init__(self, state: KeyState) -> None:
        self._hash = TokenKey(state.hashing)
        self._layer = _layer(state.layer, state.generation)
        self._newer = _layer(state.newer_layer, state.generation + 1)
        self.generation = state.generation
        self.phase = state.phase

    @property
    def turn(self) -> int:
        """What rows that are written now hold: twice the generation; odd: both."""
        return 2 * self.generation + _TURNS[self.phase]

    @property
    def is_switched(self) -> bool:
        """Whether the newer tokens are searched by."""
        return self.phase is TokenPhase.SWITCHED

    def made(self, values: Sequence[bytes]) -> MadeTokens:
        """What a writer puts into a row, and a search asks for."""
        hashes = self._hash.tokens(list(values))
        if self.phase is TokenPhase.EMPTYING:
            return MadeTokens(tuple(_under(self._newer, hashes)), ())
        found = tuple(_under(self._layer, hashes))
        if self.phase is TokenPhase.AT_REST:
            return MadeTokens(found, ())
        return MadeTokens(found, tuple(_under(self._newer, hashes)))

    def searched(self, values: Sequence[bytes]) -> tuple[int, ...]:
        """What a search asks for."""
        made = self.made(values)
        return made.newer if self.is_switched else made.tokens

    def translated(self, tokens: list[int]) -> list[int]:
        """Tokens of rows under the newer key."""
        hashes = tokens if self._layer is None else self._layer.take_off(tokens)
        return _under(self._newer, hashes)

    @property
    def fingerprint(self) -> str:
        """Of the key that is searched by; it tells nothing of any value."""
        found = self.searched(_FINGERPRINT)
        return _name_of(found)

    @property
    def older_fingerprint(self) -> str:
        """Of the key that goes."""
        hashes = self._hash.tokens(_FINGERPRINT)
        return _name_of(_under(self._layer, hashes))

    def __repr__(self) -> str:
        return f"OrganisationTokens(generation {self.generation}, {self.phase.name})"


_TURNS = {
    TokenPhase.AT_REST: 0,
    TokenPhase.FILLING: 1,
    TokenPhase.SWITCHED: 1,
    TokenPhase.EMPTYING: 2,
}


def _layer(key: Key | None, generation: int) -> TokenLayer | None:
    """A key that is put back under another generation's number is another key."""
    if key is None:
        return None
    return TokenLayer(derive(key, f"search-token-layer-{generation}"))


def _under(layer: TokenLayer | None, hashes: list[int]) -> list[int]:
    return hashes if layer is None else layer.put_on(hashes)


def _name_of(tokens: Sequence[int]) -> str:
    return b"".join(one.to_bytes(8, "big", signed=True) for one in tokens).hex()
