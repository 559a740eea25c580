# SPDX-License-Identifier: Apache-2.0
"""Challenges: 256 random bits, good once, for five minutes, for one ceremony.

In memory: a warden that starts anew has none, and the person tries again. Bounded: a
flood pushes out the oldest of its own kind and never another ceremony's.
"""

import hashlib
import secrets
from collections import OrderedDict

from wardkeep.base.clock import Clock

GOOD_FOR_SECONDS = 300.0
MOST_OF_A_KIND = 4096
_BYTES = 32


def carrying(nonce: bytes, content: bytes) -> bytes:
    """A challenge that stands for a content: whoever has both can make it again."""
    return nonce + hashlib.sha256(nonce + content).digest()


class Challenges:
    """Challenges that were given out, by what they are for."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._by_kind: dict[str, OrderedDict[bytes, tuple[str, float]]] = {}

    def give(self, kind: str, bound_to: str = "", *, content: bytes = b"") -> bytes:
        """A new challenge for a kind of ceremony, bound to an account or secret.

        Where there is content, the challenge carries it: 32 random bytes, then the
        SHA-256 of those and the content. Who signs the challenge signs the content.
        """
        given = self._by_kind.setdefault(kind, OrderedDict())
        while len(given) >= MOST_OF_A_KIND:
            given.popitem(last=False)
        challenge = secrets.token_bytes(_BYTES)
        if content:
            challenge = carrying(challenge, content)
        given[challenge] = (bound_to, self._clock.monotonic_seconds())
        return challenge

    def take(self, kind: str, challenge: bytes, bound_to: str = "") -> bool:
        """Whether it was given for this, is fresh, and was not taken before."""
        given = self._by_kind.get(kind)
        found = None if given is None else given.pop(challenge, None)
        if found is None:
            return False
        bound, given_at = found
        age = self._clock.monotonic_seconds() - given_at
        return bound == bound_to and age <= GOOD_FOR_SECONDS
