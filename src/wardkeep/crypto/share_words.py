# SPDX-License-Identifier: Apache-2.0
"""A share on paper: SLIP-0039 mnemonics, 33 words for a key of 256 bits.

https://github.com/satoshilabs/slips/blob/master/slip-0039.md. Four letters tell every
word of the list from every other, and the last three words are a checksum that finds
up to three misread ones. What is split is the secret behind the standard's own
cipher (`sealed_secret`), so any tool that speaks SLIP-0039 joins our shares.
"""

import difflib
import hashlib
import os
from collections.abc import Iterable, Sequence
from importlib.resources import files

import msgspec

from wardkeep.crypto.secret_sharing import (
    SharesDoNotFitError,
    join_shares,
    split_secret,
)

_WORDS = (files("wardkeep.crypto") / "share_words.txt").read_text("ascii").split()
_PLACES = {word: place for place, word in enumerate(_WORDS)}
_WORD_BITS = 10
_FIELDS = (15, 1, 4, 4, 4, 4, 4, 4)
"""Identifier, extendable, exponent, group, groups needed, groups, index, threshold."""
_HEAD_WORDS, _CHECK_WORDS = 4, 3
_FEWEST_BYTES = 16
_MOST_PADDING = 8
_ITERATIONS, _ROUNDS = 10_000, 4
_CUSTOMISATION = (b"shamir", b"shamir_extendable")
_CHECK_GENERATORS = (
    0xE0E040,
    0x1C1C080,
    0x3838100,
    0x7070200,
    0xE0E0009,
    0x1C0C2412,
    0x38086C24,
    0x3090FC48,
    0x21B1F890,
    0x3F3F120,
)


class ShareRefusedError(Exception):
    """A share, or a set of them, cannot be used; the message has the mend."""


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """One share, as its words say it."""

    identifier: int
    """The same in all shares of one splitting: 15 random bits."""
    is_extendable: int
    exponent: int
    group: int
    groups_needed: int
    groups: int
    index: int
    threshold: int
    value: bytes

    @property
    def family(self) -> tuple[int, ...]:
        """What all shares of one splitting have in common."""
        return (
            self.identifier,
            self.is_extendable,
            self.exponent,
            self.groups_needed,
            self.groups,
            len(self.value),
        )

    def __repr__(self) -> str:
        return f"Share({self.identifier}, {self.index}, <value not shown>)"


def split_into_words(secret: bytes, *, shares: int, threshold: int) -> list[str]:
    """A secret as that many shares, each a line of words.

    Raises:
        ValueError: not 1 <= threshold <= shares <= 16.
    """
    identifier = int.from_bytes(os.urandom(2), "big") >> 1
    sealed = _turned(secret, b"", exponent=0, salt=b"", rounds=range(_ROUNDS))
    return [
        words_of(
            Share(
                identifier=identifier,
                is_extendable=1,
                exponent=0,
                group=0,
                groups_needed=1,
                groups=1,
                index=index,
                threshold=threshold,
                value=value,
            )
        )
        for index, value in enumerate(
            split_secret(sealed, shares=shares, threshold=threshold)
        )
    ]


def words_of(share: Share) -> str:
    """The line of words."""
    fields = (
        share.identifier,
        share.is_extendable,
        share.exponent,
        share.group,
        share.groups_needed - 1,
        share.groups - 1,
        share.index,
        share.threshold - 1,
    )
    head = 0
    for value, bits in zip(fields, _FIELDS, strict=True):
        head = head << bits | value
    long = -(-len(share.value) * 8 // _WORD_BITS)
    places = _places(head, _HEAD_WORDS)
    places += _places(int.from_bytes(share.value, "big"), long)
    customisation = _CUSTOMISATION[share.is_extendable]
    check = _checksum([*customisation, *places, 0, 0, 0]) ^ 1
    return " ".join(_WORDS[place] for place in (*places, *_places(check, _CHECK_WORDS)))


def read_share(text: str) -> Share:
    """A share from its words, in any case and spacing; their first 4 letters will do.

    Raises:
        ShareRefusedError: it is none, or was misread; the message says where.
    """
    places = [_place(word, at) for at, word in enumerate(text.lower().split(), 1)]
    long = len(places) - _HEAD_WORDS - _CHECK_WORDS
    size, padding = divmod(long * _WORD_BITS, 8)
    padding += 8 * (size % 2)
    size -= size % 2
    if size < _FEWEST_BYTES or padding > _MOST_PADDING:
        message = f"It has {len(places)} words. A share of a root key has 33."
        raise ShareRefusedError(message)
    head = _fields(places[:_HEAD_WORDS])
    value = _number(places[_HEAD_WORDS:-_CHECK_WORDS])
    customisation = _CUSTOMISATION[head[1]]
    if _checksum([*customisation, *places]) != 1 or value >> size * 8:
        message = (
            "Its check does not fit: a word was misread or left out. Read it anew."
        )
        raise ShareRefusedError(message)
    identifier, extendable, exponent, group, needed, groups, index, threshold = head
    if needed > groups:
        message = "It says that more groups are needed than there are."
        raise ShareRefusedError(message)
    return Share(
        identifier=identifier,
        is_extendable=extendable,
        exponent=exponent,
        group=group,
        groups_needed=needed + 1,
        groups=groups + 1,
        index=index,
        threshold=threshold + 1,
        value=value.to_bytes(size, "big"),
    )


def join_words(shares: Sequence[Share], *, passphrase: bytes = b"") -> bytes:
    """The secret, from as many shares as are needed.

    A passphrase is a thing of the standard; ours have none.

    Raises:
        ShareRefusedError: they are too few, too many, or not of one splitting.
    """
    if len({share.family for share in shares}) != 1:
        message = "They are not of one splitting. Bring shares of the same ceremony."
        raise ShareRefusedError(message)
    first = shares[0]
    groups = {share.group for share in shares}
    if len(groups) != first.groups_needed:
        raise _too_few(f"{first.groups_needed} groups are needed, not {len(groups)}.")
    found = {
        group: _joined([one for one in shares if one.group == group])
        for group in groups
    }
    try:
        sealed = join_shares(found, threshold=first.groups_needed)
    except SharesDoNotFitError:
        raise _unfit() from None
    salt = b"" if first.is_extendable else b"shamir" + first.identifier.to_bytes(2)
    return _turned(
        sealed,
        passphrase,
        exponent=first.exponent,
        salt=salt,
        rounds=reversed(range(_ROUNDS)),
    )


def _joined(shares: Sequence[Share]) -> bytes:
    """One group's value."""
    threshold = shares[0].threshold
    if any(share.threshold != threshold for share in shares):
        raise _unfit()
    by_index = {share.index: share.value for share in shares}
    if len(by_index) != len(shares):
        message = "One share was given twice. Each keeper gives their own."
        raise ShareRefusedError(message)
    if len(shares) != threshold:
        raise _too_few(f"{threshold} shares are needed, not {len(shares)}.")
    try:
        return join_shares(by_index, threshold=threshold)
    except SharesDoNotFitError:
        raise _unfit() from None


def _too_few(words: str) -> ShareRefusedError:
    return ShareRefusedError(f"{words} Fewer tell nothing of the key.")


def _unfit() -> ShareRefusedError:
    return ShareRefusedError("They do not fit together. Read each one anew.")


def _turned(
    secret: bytes,
    passphrase: bytes,
    *,
    exponent: int,
    salt: bytes,
    rounds: Iterable[int],
) -> bytes:
    """The standard's four Feistel rounds, forwards or backwards."""
    half = len(secret) // 2
    left, right = secret[:half], secret[half:]
    iterations = (_ITERATIONS << exponent) // _ROUNDS
    for each in rounds:
        key = bytes([each]) + passphrase
        mask = hashlib.pbkdf2_hmac("sha256", key, salt + right, iterations, half)
        left, right = right, bytes(a ^ b for a, b in zip(left, mask, strict=True))
    return right + left


def _place(word: str, at: int) -> int:
    if word in _PLACES:
        return _PLACES[word]
    if len(word) == 4:  # noqa: PLR2004 - four letters tell words apart
        for place, known in enumerate(_WORDS):
            if known.startswith(word):
                return place
    near = difflib.get_close_matches(word, _WORDS, n=2)
    meant = f" Perhaps {' or '.join(near)}." if near else ""
    message = f"Word {at}, {word[:20]!r}, is not in the list.{meant}"
    raise ShareRefusedError(message)


def _places(number: int, count: int) -> list[int]:
    last = len(_WORDS) - 1
    return [number >> _WORD_BITS * (count - 1 - at) & last for at in range(count)]


def _number(places: Iterable[int]) -> int:
    number = 0
    for place in places:
        number = number << _WORD_BITS | place
    return number


def _fields(places: Iterable[int]) -> list[int]:
    number, found = _number(places), []
    for bits in reversed(_FIELDS):
        found.append(number & (1 << bits) - 1)
        number >>= bits
    return found[::-1]


def _checksum(values: Iterable[int]) -> int:
    """RS1024: a Reed-Solomon code over words."""
    check = 1
    for value in values:
        top = check >> 20
        check = (check & 0xFFFFF) << _WORD_BITS ^ value
        for bit, generator in enumerate(_CHECK_GENERATORS):
            check ^= generator if top >> bit & 1 else 0
    return check
