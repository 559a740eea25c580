# SPDX-License-Identifier: Apache-2.0
"""Publishing on a disk that refuses: what is told stays true, and it goes on later."""

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from support.ledgers import KEY, ORIGIN, entry_about, fill, full_at, open_ledger
from wardkeep.ledger import segment
from wardkeep.ledger.entry import (
    Entry,
    EntryDamagedError,
    decode,
    encode,
    pack_id,
    unpack_id,
)
from wardkeep.ledger.index import EntryIndex, GrowingIndex
from wardkeep.ledger.log import Ledger, LedgerCannotWriteError
from wardkeep.ledger.merkle import MerkleTree
from wardkeep.ledger.notes import notes_of
from wardkeep.ledger.opening import LedgerDamagedError
from wardkeep.ledger.tiles import index_path, tile_path, unbundle, write_file
from wardkeep.ledger.verify import verify


def grow(ledger: Ledger, entries: int) -> None:
    for _ in range(entries):
        ledger.append(entry_about("p", number=ledger.size))
    ledger.commit()


def is_whole(folder: Path) -> bool:
    return verify(folder, KEY.verify_key, origin=ORIGIN).is_whole


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = open_ledger(tmp_path)
    yield opened
    opened.close()


def test_a_checkpoint_cut_short_by_a_full_disk_is_written_again_whole(
    tmp_path: Path, ledger: Ledger
) -> None:
    for _ in range(12):
        grow(ledger, 1)
        ledger.publish()
    history = tmp_path / "checkpoints"
    before = history.read_bytes()
    grow(ledger, 1)
    with full_at(len(before) + 50), pytest.raises(OSError, match="too large"):
        ledger.publish()
    assert history.read_bytes() == before
    newest = ledger.checkpoint()
    assert newest is not None
    assert newest.size == 12
    ledger.publish()
    assert is_whole(tmp_path)
    assert len(notes_of(history.read_bytes())) == 13


def test_a_torn_note_that_could_not_be_cut_off_is_cut_off_by_the_next(
    tmp_path: Path, ledger: Ledger
) -> None:
    grow(ledger, 1)
    ledger.publish()
    with (tmp_path / "checkpoints").open("ab") as file:
        file.write(b"localhost:8111/wardkeep-ledger\n2\nhalf a no")
    grow(ledger, 1)
    ledger.publish()
    assert is_whole(tmp_path)


def test_a_checkpoint_in_the_history_that_could_not_be_put_in_its_place_is_later(
    tmp_path: Path, ledger: Ledger
) -> None:
    """It is out: signing another under its number would be equivocation."""
    grow(ledger, 3)
    in_the_way = tmp_path / ".checkpoint.new"
    in_the_way.mkdir()
    for _ in range(3):
        with pytest.raises(IsADirectoryError):
            ledger.publish()
    assert len(notes_of((tmp_path / "checkpoints").read_bytes())) == 1
    in_the_way.rmdir()
    ledger.publish()
    assert (tmp_path / "checkpoint").exists()
    assert is_whole(tmp_path)
    grow(ledger, 1)
    ledger.publish()
    assert is_whole(tmp_path)


def test_tiles_that_could_not_be_written_are_written_before_their_checkpoint(
    tmp_path: Path, ledger: Ledger
) -> None:
    grow(ledger, 300)
    (tmp_path / "tile").write_bytes(b"")
    with pytest.raises(NotADirectoryError):
        ledger.publish()
    assert not (tmp_path / "checkpoint").exists()
    (tmp_path / "tile").unlink()
    grow(ledger, 300)
    ledger.publish()
    assert is_whole(tmp_path)


def test_a_tile_cut_short_by_a_full_disk_takes_nobodys_place(tmp_path: Path) -> None:
    path = tmp_path / "tile" / "0" / "000"
    write_file(path, b"old")
    with full_at(40), pytest.raises(OSError, match="too large"):
        write_file(path, bytes(64))
    assert path.read_bytes() == b"old"


def test_a_bundle_that_fills_exactly_leaves_no_partial_one(
    tmp_path: Path, ledger: Ledger
) -> None:
    grow(ledger, 200)
    ledger.publish()
    grow(ledger, 56)
    ledger.publish()
    assert not tile_path(tmp_path, "entries", 0, 1).parent.exists()
    assert not tile_path(tmp_path, 0, 0, 1).parent.exists()
    assert is_whole(tmp_path)


def test_a_proof_needs_no_tile_that_is_still_to_be_written(
    tmp_path: Path, ledger: Ledger
) -> None:
    grow(ledger, 600)
    (tmp_path / "tile").write_bytes(b"")
    with pytest.raises(NotADirectoryError):
        ledger.publish()
    publisher = ledger._publisher
    second = publisher.load_tile(0, 1)
    assert second != publisher.load_tile(0, 0)
    (tmp_path / "tile").unlink()
    ledger.publish()
    assert publisher.load_tile(0, 1) == second


def test_indexes_have_the_paths_of_the_standard(tmp_path: Path) -> None:
    assert index_path(67) == "067"
    assert index_path(1_234_067) == "x001/x234/067"
    partial = tile_path(tmp_path, 0, 1_234_067, 8)
    assert partial == tmp_path / "tile/0/x001/x234/067.p/8"


def test_a_damaged_bundle_ends_early() -> None:
    assert list(unbundle(b"\x00\x01a\x00\x02b")) == [b"a", b"b"]
    assert list(unbundle(b"\x00\x01a\x00")) == [b"a"]
    assert list(unbundle(b"")) == []


def test_a_segment_that_cannot_be_begun_leaves_no_trace_and_is_begun_later(
    tmp_path: Path,
) -> None:
    ledger = open_ledger(tmp_path, segment_bytes=1)
    grow(ledger, 1)
    ledger.append(entry_about("p"))
    with full_at(10), pytest.raises(LedgerCannotWriteError):
        ledger.commit()
    assert len(list(tmp_path.glob("segment-*"))) == 1
    ledger.append(entry_about("p"))
    with full_at(10), pytest.raises(LedgerCannotWriteError):
        ledger.commit()
    grow(ledger, 1)
    ledger.publish()
    ledger.close()
    assert is_whole(tmp_path)
    assert len(list(tmp_path.glob("segment-*"))) == 2


def test_a_write_cut_short_by_a_full_disk_is_cut_off_at_once(
    tmp_path: Path, ledger: Ledger
) -> None:
    grow(ledger, 3)
    [path] = tmp_path.glob("segment-*")
    size = path.stat().st_size
    ledger.append(entry_about("p"))
    with full_at(size + 20), pytest.raises(LedgerCannotWriteError):
        ledger.commit()
    assert path.stat().st_size == size
    grow(ledger, 1)
    ledger.publish()
    assert is_whole(tmp_path)


def test_a_write_cut_short_is_cut_off_before_the_next_if_not_at_once(
    tmp_path: Path, ledger: Ledger
) -> None:
    grow(ledger, 1)
    good, ledger._file = ledger._file, os.open(os.devnull, os.O_RDONLY)
    ledger.append(entry_about("p"))
    with pytest.raises(LedgerCannotWriteError):
        ledger.commit()
    os.close(ledger._file)
    ledger._file = good
    os.write(good, b"half an entry")
    assert not ledger._is_end_known
    grow(ledger, 2)
    ledger.publish()
    assert is_whole(tmp_path)


def test_entries_are_read_in_order_and_what_is_not_there_is_an_error(
    ledger: Ledger,
) -> None:
    grow(ledger, 5)
    ats = [entry.at for entry in ledger.entries(1, 4)]
    assert ats == [ledger.read(position).at for position in (1, 2, 3)]
    assert len(list(ledger.entries(3, 99))) == 2
    for position in (-1, 5):
        with pytest.raises(IndexError):
            ledger.read(position)


def test_closing_twice_is_nothing_more(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    ledger.close()
    ledger.close()
    open_ledger(tmp_path).close()


def index_of(*entries: Entry) -> EntryIndex:
    growing, index = GrowingIndex(), EntryIndex()
    for place, entry in enumerate(entries):
        growing.add(place, entry)
    index.add_segment(0, growing)
    return index


def test_entries_are_found_by_patient_within_their_organisation_only() -> None:
    ours, theirs, nobodys = entry_about("p-1"), entry_about("p-1"), entry_about("")
    theirs = msgspec.structs.replace(theirs, organisation=2)
    index = index_of(ours, theirs, nobodys)
    assert list(index.about_patient("p-1", organisation=1)) == [0]
    assert list(index.about_patient("p-1", organisation=2)) == [1]
    assert list(index.about_patient("", organisation=1)) == []


def test_acts_without_a_session_are_filed_under_no_session() -> None:
    entry = entry_about("p-1")
    operators = msgspec.structs.replace(entry, packed_session=b"")
    index = index_of(entry, operators)
    assert operators.session == ""
    assert list(index.by_session(entry.session)) == [0]
    assert list(index.by_session("")) == []
    assert list(index.by_account(entry.account)) == [0, 1]
    assert list(index.by_account("nobody")) == []


@pytest.mark.parametrize(
    "id_",
    [
        "0B0B0B0B-0000-4000-8000-000000000001",
        "x" * 36,
        "0b0b0b0b-0000-4000-8000-000000000001",
    ],
)
def test_an_id_comes_back_letter_by_letter_however_it_is_packed(id_: str) -> None:
    assert unpack_id(pack_id(id_)) == id_


@pytest.mark.parametrize("packed", [b"\x01short", b"\x00\xff\xfe"])
def test_bytes_that_are_no_packed_id_are_damage(packed: bytes) -> None:
    with pytest.raises(EntryDamagedError):
        unpack_id(packed)


def test_an_entry_of_a_later_format_is_not_guessed_at() -> None:
    later = msgspec.structs.replace(entry_about("p-1"), format=2)
    with pytest.raises(EntryDamagedError):
        decode(encode(later))


def test_an_entry_chained_well_that_is_no_entry_is_not_opened(tmp_path: Path) -> None:
    fill(tmp_path, 1)
    path = segment.segment_path(tmp_path, 0)
    [frame] = segment.read_frames(path.read_bytes())
    assert isinstance(frame, segment.Frame)
    chain = segment.next_chain(frame.chain, b"no entry")
    with path.open("ab") as file:
        file.write(segment.frame_bytes(chain, b"no entry"))
    with pytest.raises(LedgerDamagedError, match="entry 1 is no entry"):
        open_ledger(tmp_path)
    report = verify(tmp_path, KEY.verify_key, origin=ORIGIN)
    assert [fault.wrong for fault in report.faults] == ["it is no entry"]


def test_entries_that_do_not_fit_their_checkpoint_are_not_opened(
    tmp_path: Path,
) -> None:
    """Someone without the key who makes a segment anew, chain and all."""
    fill(tmp_path / "one", 3)
    other = open_ledger(tmp_path / "two")
    for number in range(3):
        other.append(entry_about("somebody-else", number=number))
    other.commit()
    other.close()
    [forged] = (tmp_path / "two").glob("segment-*")
    forged.rename(tmp_path / "one" / forged.name)
    with pytest.raises(LedgerDamagedError, match="not fit the checkpoint"):
        open_ledger(tmp_path / "one")


def test_an_empty_ledger_publishes_nothing(tmp_path: Path, ledger: Ledger) -> None:
    ledger.publish()
    assert ledger.checkpoint() is None
    assert not (tmp_path / "checkpoints").exists()
    assert MerkleTree(lambda *_: None).size == 0
