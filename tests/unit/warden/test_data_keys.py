# SPDX-License-Identifier: Apache-2.0
"""Wrapped keys in a column, keys in a row, rows from one key to the next."""

from pathlib import Path

import pytest

from wardkeep.base.stored_id import stored_id
from wardkeep.crypto.aead import (
    KEY_BYTES,
    BoxCannotBeOpenedError,
    Cipher,
    TurningCipher,
    cipher_of,
    new_key,
)
from wardkeep.disclosure.purpose import Tier
from wardkeep.disclosure.sealed import key_identity, row_identity
from wardkeep.warden.data_keys import Body, VersionName
from wardkeep.warden.floors_file import NAME, FloorsFile
from wardkeep.warden.keystore import KeyStore
from wardkeep.warden.resealing import SealedRows
from wardkeep.warden.root_keys.plain_file import make_file
from wardkeep.warden.wrapped_keys import WrappedBox, boxes_in, column_of

NUMBERED = WrappedBox(7, b"n" * 60)
FIRST = WrappedBox(0, b"f" * 60)
OF_P = key_identity(organisation=1, patient="p", tier=Tier.RECORD)
OF_Q = key_identity(organisation=1, patient="q", tier=Tier.RECORD)
SHARED = key_identity(organisation=1, patient="", tier=Tier.SHARED)


@pytest.fixture
def store(tmp_path: Path) -> KeyStore:
    made = KeyStore(make_file(tmp_path / "root.key", new_key()))
    made.admit(1, made.make_organisation_key(1))
    return made


@pytest.mark.parametrize(
    "boxes", [(FIRST,), (NUMBERED,), (NUMBERED, FIRST), (NUMBERED, NUMBERED)]
)
def test_a_column_is_read_as_it_was_written(boxes: tuple[WrappedBox, ...]) -> None:
    assert boxes_in(column_of(boxes)) == boxes


@pytest.mark.parametrize(
    "column",
    [
        b"",
        b"x",
        b"x" * 59,
        b"x" * 63,
        b"x" * 65,
        column_of((NUMBERED, NUMBERED, FIRST)),
        column_of((NUMBERED, NUMBERED, NUMBERED)),
        column_of((FIRST, NUMBERED)) + b"x",
    ],
)
def test_what_is_no_wrapped_key_has_no_boxes(column: bytes) -> None:
    assert boxes_in(column) == ()


def test_a_generation_is_bound_into_its_box(store: KeyStore) -> None:
    store.begin_generation(1, 7)
    column, key = store.make_key(1, OF_P)
    [box] = boxes_in(column)
    assert store.unwrap(1, column, OF_P) == key
    assert store.unwrap(1, WrappedBox(8, box.box).column, OF_P) is None
    assert store.unwrap(1, box.box, OF_P) is None
    store.begin_generation(1, 6)
    assert boxes_in(store.make_key(1, OF_P)[0])[0].generation == 7, "never back"


def test_a_new_key_lies_before_the_old_one_and_both_open(store: KeyStore) -> None:
    column, old = store.make_key(1, OF_P)
    turned = store.turned(1, column, OF_P, 7)
    assert turned is not None
    newest, before = store.unwrap_all(1, turned, OF_P)
    assert before == old != newest
    assert store.unwrap(1, turned, OF_P) == newest
    assert store.turned(1, turned, OF_P, 7) is None, "it is of this generation"
    # The old one alone still opens: whoever read it before has it in hand.
    assert store.unwrap(1, column, OF_P) == old
    damaged = bytes([turned[0], *turned[1:10], turned[10] ^ 1, *turned[11:]])
    assert store.unwrap_all(1, damaged, OF_P) == (), "nothing is sealed by the old"
    half = turned[:-1] + bytes([turned[-1] ^ 1])
    assert store.unwrap_all(1, half, OF_P) == (newest,)
    with pytest.raises(BoxCannotBeOpenedError):
        store.turned(1, b"rubbish", OF_P, 7)
    with pytest.raises(BoxCannotBeOpenedError):
        store.rewrapped(1, b"rubbish", OF_P)


def test_what_was_replaced_opens_from_no_copy_and_is_not_turned(
    store: KeyStore,
) -> None:
    mine, _ = store.make_key(1, OF_P)
    others, other = store.make_key(1, OF_Q)
    shared, _ = store.make_key(1, SHARED)
    turned = store.turned(1, mine, OF_P, 7)
    assert turned is not None
    store.retire(1, "p", 7)
    assert store.unwrap(1, mine, OF_P) is None
    assert len(store.unwrap_all(1, turned, OF_P)) == 1
    with pytest.raises(BoxCannotBeOpenedError):
        store.turned(1, mine, OF_P, 8)
    assert store.unwrap(1, others, OF_Q) == other, "of another patient"
    store.retire(1, "p", 3)
    assert store.unwrap(1, mine, OF_P) is None, "a floor never sinks"
    store.retire(1, "", 7)
    assert store.unwrap(1, others, OF_Q) is None, "everybody's"
    assert store.unwrap(1, shared, SHARED) is None, "and what nobody owns"


def test_several_keys_open_what_any_of_them_sealed_and_the_newest_seals() -> None:
    newest, before = new_key(), new_key()
    both = cipher_of(newest + before)
    assert isinstance(both, TurningCipher)
    for key in (newest, before):
        assert both.open(Cipher(key).seal(b"words", b"id"), b"id") == b"words"
    assert Cipher(newest).open(both.seal(b"words", b"id"), b"id") == b"words"
    with pytest.raises(BoxCannotBeOpenedError):
        both.open(Cipher(new_key()).seal(b"words", b"id"), b"id")
    assert type(cipher_of(newest)) is Cipher
    assert newest.hex() not in repr(both)


@pytest.mark.parametrize(
    "size", [0, 1, KEY_BYTES - 1, KEY_BYTES + 1, 2 * KEY_BYTES - 1]
)
def test_what_is_no_whole_number_of_keys_is_none(size: int) -> None:
    with pytest.raises(ValueError, match="a key has 32 bytes"):
        cipher_of(bytes(size))


def _row(tier: int, body: bytes, *, type_: int = 5, id_: bytes = b"x-1") -> Body:
    return Body(VersionName(type_, id_, 1), tier, body)


@pytest.mark.parametrize(
    "row",
    [
        _row(Tier.RECORD, b"short"),
        _row(Tier.RECORD, bytes(100)),
        _row(Tier.SEALED, bytes(200)),
        _row(Tier.BANNER, bytes(100)),  # of a tier without a key
        _row(9, bytes(100)),
        _row(Tier.RECORD, bytes(100), type_=6),
        _row(Tier.RECORD, bytes(100), id_=b"\xff\xfe"),
    ],
)
def test_a_row_that_nobody_of_ours_sealed_is_named_as_one_that_opens_by_none(
    row: Body,
) -> None:
    rows = SealedRows(
        1,
        "p",
        {Tier.RECORD: (new_key(),), Tier.SEALED: (new_key(),)},
        type_name={5: "Observation"}.__getitem__,
    )
    with pytest.raises(BoxCannotBeOpenedError):
        rows.resealed(row)


def test_a_row_moves_to_the_newest_key_once_and_a_deletion_has_nothing_to_move() -> (
    None
):
    newest, before = new_key(), new_key()
    rows = SealedRows(
        1,
        "p",
        {Tier.RECORD: (newest, before)},
        type_name={5: "Observation"}.__getitem__,
    )
    bound = row_identity(1, "Observation", "x-1", 1, patient="p", tier=Tier.RECORD)
    body = Cipher(before).seal(b"packed", bound)
    moved = rows.resealed(_row(Tier.RECORD, body, id_=stored_id("x-1")))
    assert moved is not None
    assert Cipher(newest).open(moved, bound) == b"packed"
    assert rows.resealed(_row(Tier.RECORD, moved, id_=stored_id("x-1"))) is None
    assert rows.resealed(_row(Tier.RECORD, b"")) is None


def test_the_wardens_own_file_tells_of_keys_that_came_back(tmp_path: Path) -> None:
    FloorsFile(tmp_path).raise_to((1, "", 7))
    FloorsFile(tmp_path).raise_to((2, "p", 8))
    kept = FloorsFile(tmp_path)
    assert kept.behind([(1, "", 7), (2, "p", 8)]) == []
    assert kept.behind([(1, "", 6), (2, "q", 9)]) == [1, 2]
    assert kept.behind([(1, "", 7), (2, "", 9)]) == [], "everybody's came later"
    (tmp_path / NAME).write_bytes(b"{")
    assert FloorsFile(tmp_path).behind([]) == []
