# SPDX-License-Identifier: Apache-2.0
"""Which tokens an organisation's searches ask for, and its rows hold, in each phase."""

from pathlib import Path

import pytest

from wardkeep.crypto.aead import Key
from wardkeep.crypto.tokens import TokenKey
from wardkeep.warden.destroyed_keys import NAME, DestroyedKey, DestroyedKeys
from wardkeep.warden.token_keys import KeyState, OrganisationTokens, TokenPhase

HASHING, LAYER, NEWER = (Key(bytes([n] * 32)) for n in (1, 2, 3))
VALUES = (b"a", b"b")


def state(phase: TokenPhase, *, generation: int = 1) -> OrganisationTokens:
    return OrganisationTokens(
        KeyState(
            hashing=HASHING,
            layer=LAYER if generation else None,
            newer_layer=None if phase is TokenPhase.AT_REST else NEWER,
            generation=generation,
            phase=phase,
        )
    )


def test_before_any_rotation_a_token_is_the_hash_itself() -> None:
    keys = state(TokenPhase.AT_REST, generation=0)
    assert keys.searched(VALUES) == tuple(TokenKey(HASHING).tokens(list(VALUES)))
    assert (keys.turn, keys.is_switched) == (0, False)


def test_searches_move_to_the_newer_tokens_while_rows_hold_both() -> None:
    resting, filling, switched, emptying = map(state, TokenPhase)
    older = resting.searched(VALUES)
    newer = emptying.searched(VALUES)
    assert not set(older) & set(newer)
    assert [one.turn for one in (resting, filling, switched, emptying)] == [2, 3, 3, 4]
    assert resting.made(VALUES) == (older, ())
    assert filling.made(VALUES) == switched.made(VALUES) == (older, newer)
    assert emptying.made(VALUES) == (newer, ())
    assert filling.searched(VALUES) == older
    assert switched.searched(VALUES) == newer


@pytest.mark.parametrize("generation", [0, 1])
def test_tokens_of_rows_become_the_newer_ones_without_their_values(
    generation: int,
) -> None:
    keys = state(TokenPhase.FILLING, generation=generation)
    made = keys.made(VALUES)
    assert keys.translated(list(made.tokens)) == list(made.newer)


def test_a_key_under_another_generations_number_is_another_key() -> None:
    one = state(TokenPhase.AT_REST, generation=1)
    other = state(TokenPhase.AT_REST, generation=2)
    assert one.searched(VALUES) != other.searched(VALUES)


def test_a_fingerprint_is_that_of_the_key_in_use_and_shows_no_key() -> None:
    resting, filling, switched, emptying = map(state, TokenPhase)
    assert resting.fingerprint == filling.fingerprint == emptying.older_fingerprint
    assert switched.fingerprint == emptying.fingerprint != resting.fingerprint
    assert len(resting.fingerprint) == 16
    assert repr(filling) == "OrganisationTokens(generation 1, FILLING)"


def test_what_was_destroyed_is_remembered_after_a_start_and_rubbish_is_no_hindrance(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    one, other = DestroyedKey(1, "tokens", "00ff"), DestroyedKey(2, "tokens", "00ff")
    DestroyedKeys(tmp_path).add(one)
    again = DestroyedKeys(tmp_path)
    assert again.has(one)
    assert not again.has(other)
    again.add(other)
    assert DestroyedKeys(tmp_path).has(one)
    (tmp_path / NAME).write_text("rubbish")
    assert not DestroyedKeys(tmp_path).has(one)
    assert "cannot be read" in caplog.text
