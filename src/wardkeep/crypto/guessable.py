# SPDX-License-Identifier: Apache-2.0
"""Keys from what a person can say: a slow step first, then a secret beside it.

PBKDF2-HMAC-SHA256 (RFC 8018, 5.2) and HMAC-SHA512 (RFC 2104), because every browser
has both (https://www.w3.org/TR/WebCryptoAPI/). A birth date and three letters have
about 24 bits, so the slow step alone is a delay and no wall: the secret is the wall.
"""

import hmac
from hashlib import pbkdf2_hmac, sha256
from typing import NamedTuple

from wardkeep.crypto.aead import KEY_BYTES, Key

ROUNDS = 100_000
SALT_BYTES = 16
TAG_BYTES = 16


class Lock(NamedTuple):
    """What is found by a fact, and what opens it."""

    tag: bytes
    key: Key


def salt_of(key: Key, label: str) -> bytes:
    """A salt that is the same whenever it is made, and nobody else's."""
    return sha256(key + label.encode()).digest()[:SALT_BYTES]


def stretched(fact: bytes, salt: bytes) -> Key:
    """The slow step: some hundredths of a second, without the interpreter's lock."""
    return Key(pbkdf2_hmac("sha256", fact, salt, ROUNDS, KEY_BYTES))


def lock_of(slow: Key, secret: Key, label: bytes) -> Lock:
    """The fast step with the secret: the tag first, then the key."""
    made = hmac.digest(secret, label + slow, "sha512")
    return Lock(made[:TAG_BYTES], Key(made[TAG_BYTES : TAG_BYTES + KEY_BYTES]))
