# SPDX-License-Identifier: Apache-2.0
"""Shares of a secret: SLIP-0039's own vectors, another implementation, properties."""

import itertools
import json
from pathlib import Path

import pytest
import shamir_mnemonic
from hypothesis import given, settings, strategies as st

from wardkeep.crypto.secret_sharing import (
    SharesDoNotFitError,
    interpolate,
    join_shares,
    split_secret,
)
from wardkeep.crypto.share_words import (
    ShareRefusedError,
    join_words,
    read_share,
    split_into_words,
    words_of,
)

VECTORS = json.loads(
    (Path(__file__).parent / "slip39_vectors.json").read_text(encoding="utf-8")
)
PASSPHRASE = b"TREZOR"
SECRETS = st.binary(min_size=32, max_size=32)


@pytest.mark.parametrize("vector", VECTORS, ids=[one[0] for one in VECTORS])
def test_the_standards_vectors_give_their_secret_or_are_refused(
    vector: tuple[str, list[str], str],
) -> None:
    _, mnemonics, secret = vector
    if secret:
        shares = [read_share(one) for one in mnemonics]
        assert join_words(shares, passphrase=PASSPHRASE).hex() == secret
        assert [words_of(one) for one in shares] == mnemonics
        return
    with pytest.raises(ShareRefusedError):
        join_words([read_share(one) for one in mnemonics], passphrase=PASSPHRASE)


@settings(max_examples=10, deadline=None)
@given(SECRETS, st.integers(2, 5), st.integers(0, 3))
def test_another_implementation_joins_our_shares_and_we_join_its(
    secret: bytes, threshold: int, more: int
) -> None:
    shares = threshold + more
    ours = split_into_words(secret, shares=shares, threshold=threshold)
    assert shamir_mnemonic.combine_mnemonics(ours[-threshold:]) == secret
    [theirs] = shamir_mnemonic.generate_mnemonics(1, [(threshold, shares)], secret)
    assert join_words([read_share(one) for one in theirs[:threshold]]) == secret


@settings(max_examples=50, deadline=None)
@given(SECRETS, st.data())
def test_any_threshold_of_the_shares_gives_the_secret(
    secret: bytes, data: st.DataObject
) -> None:
    shares = data.draw(st.integers(1, 16))
    threshold = data.draw(st.integers(1, shares))
    made = dict(enumerate(split_secret(secret, shares=shares, threshold=threshold)))
    chosen = data.draw(st.permutations(sorted(made)))[:threshold]
    found = join_shares({one: made[one] for one in chosen}, threshold=threshold)
    assert found == secret


@settings(max_examples=25, deadline=None)
@given(SECRETS, SECRETS)
def test_one_share_fewer_fits_every_secret_equally_well(
    secret: bytes, other: bytes
) -> None:
    # With two shares of three, a third one can be found for any secret whatever: the
    # curve through both and that secret. So the two say nothing.
    made = split_secret(secret, shares=3, threshold=3)
    two = {0: made[0], 1: made[1]}
    third = interpolate({**two, 255: other}, 2)
    assert interpolate({**two, 2: third}, 255) == other


def test_a_changed_share_is_found_by_the_digest() -> None:
    made = split_secret(bytes(range(32)), shares=3, threshold=2)
    spoilt = bytes([made[1][0] ^ 1]) + made[1][1:]
    with pytest.raises(SharesDoNotFitError):
        join_shares({0: made[0], 1: spoilt}, threshold=2)
    with pytest.raises(SharesDoNotFitError):
        join_shares({0: made[0]}, threshold=2)


@pytest.mark.parametrize(("shares", "threshold"), [(3, 4), (17, 2), (3, 0)])
def test_a_splitting_that_makes_no_sense_is_refused(
    shares: int, threshold: int
) -> None:
    with pytest.raises(ValueError, match="from 1 to 16 shares"):
        split_secret(bytes(32), shares=shares, threshold=threshold)


WORDS = split_into_words(bytes(range(32)), shares=3, threshold=2)


def test_a_share_is_read_in_capitals_and_by_four_letters_a_word() -> None:
    short = "  ".join(word[:4].upper() for word in WORDS[0].split())
    assert words_of(read_share(short)) == WORDS[0]
    assert "not shown" in repr(read_share(short))


@pytest.mark.parametrize("at", range(33))
def test_one_misread_word_is_found_wherever_it_is(at: int) -> None:
    words = WORDS[0].split()
    words[at] = "zero" if words[at] != "zero" else "academic"
    with pytest.raises(ShareRefusedError, match="misread"):
        read_share(" ".join(words))


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (WORDS[0] + " academic", "It has 34 words"),
        ("academic acid", "It has 2 words"),
        (WORDS[0].replace(WORDS[0].split()[5], "wardkeep", 1), "is not in the list"),
        (f"akademic {WORDS[0]}", "Perhaps academic"),
        (f"qqqq {WORDS[0]}", "Word 1, 'qqqq', is not in the list"),
    ],
)
def test_what_is_no_share_is_refused_with_the_place(words: str, why: str) -> None:
    with pytest.raises(ShareRefusedError, match=why):
        read_share(words)


def test_shares_that_do_not_go_together_are_refused_in_words() -> None:
    first, second, third = (read_share(one) for one in WORDS)
    other = read_share(split_into_words(bytes(32), shares=2, threshold=2)[0])
    for shares, why in (
        ((first,), "2 shares are needed, not 1"),
        ((first, second, third), "2 shares are needed, not 3"),
        ((first, first), "given twice"),
        ((first, other), "not of one splitting"),
    ):
        with pytest.raises(ShareRefusedError, match=why):
            join_words(shares)
    for pair in itertools.combinations((first, second, third), 2):
        assert join_words(pair) == bytes(range(32))
