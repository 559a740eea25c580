# SPDX-License-Identifier: Apache-2.0
"""Keys from what people can say: as browsers make them, slow step and secret."""

from cryptography.hazmat.primitives.hashes import SHA256, SHA512
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

from wardkeep.crypto.aead import Key, new_key
from wardkeep.crypto.guessable import ROUNDS, Lock, lock_of, salt_of, stretched

FACT, SALT = b"1950-02-03\x1fapp\x1f", bytes(range(16))
SECRET = Key(bytes(range(32)))


def test_another_implementation_makes_the_same_of_it() -> None:
    kdf = PBKDF2HMAC(algorithm=SHA256(), length=32, salt=SALT, iterations=ROUNDS)
    slow = stretched(FACT, SALT)
    assert slow == kdf.derive(FACT)
    mac = HMAC(SECRET, SHA512())
    mac.update(b"label " + slow)
    made = mac.finalize()
    assert lock_of(slow, SECRET, b"label ") == Lock(made[:16], Key(made[16:48]))


def test_without_the_secret_the_right_fact_finds_and_opens_nothing() -> None:
    slow = stretched(FACT, SALT)
    right = lock_of(slow, SECRET, b"pack 1 ")
    for other in (
        lock_of(slow, new_key(), b"pack 1 "),
        lock_of(slow, SECRET, b"pack 2 "),
        lock_of(stretched(FACT, SALT[::-1]), SECRET, b"pack 1 "),
    ):
        assert other.tag != right.tag
        assert other.key != right.key


def test_a_salt_is_the_same_again_and_another_ones_for_another_day() -> None:
    assert len(salt_of(SECRET, "salt 2026-11-29")) == 16
    assert salt_of(SECRET, "salt 2026-11-29") == salt_of(SECRET, "salt 2026-11-29")
    assert salt_of(SECRET, "salt 2026-11-29") != salt_of(SECRET, "salt 2026-11-30")
    assert salt_of(SECRET, "salt 2026-11-29") != salt_of(new_key(), "salt 2026-11-29")
