# SPDX-License-Identifier: Apache-2.0
"""The verifier finds any change and names its place."""

import shutil
import tracemalloc
from pathlib import Path

import pytest

from support.ledgers import KEY, ORIGIN, entry_about, fill, open_ledger
from wardkeep.crypto.signing import SigningKey
from wardkeep.ledger import segment
from wardkeep.ledger.checkpoint import Checkpoint, sign
from wardkeep.ledger.merkle import EMPTY_ROOT, MerkleTree, leaf_hash
from wardkeep.ledger.segment import Frame, read_frames
from wardkeep.ledger.verify import VerifyReport, _Check, verify

SEGMENT = "segment-00000000000000000000.ledger"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three checkpoints over 12 entries."""
    folder = tmp_path_factory.mktemp("whole")
    for entries in (5, 4, 3):
        fill(folder, entries)
    return folder


def checked(folder: Path) -> VerifyReport:
    return verify(folder, KEY.verify_key, origin=ORIGIN)


def test_an_untouched_ledger_is_whole(whole: Path) -> None:
    report = checked(whole)
    assert report.is_whole
    assert (report.entries, report.checkpoints, report.covered) == (12, 3, 12)
    assert report.summary.startswith("Whole: 12 entries, 3 checkpoints. Root ")


def test_in_an_empty_folder_nothing_is_proven(tmp_path: Path) -> None:
    [fault] = checked(tmp_path).faults
    assert str(fault) == (
        "checkpoint: no checkpoint here is signed by this key, so nothing is proven"
    )


def files_of(folder: Path) -> list[Path]:
    return [
        path.relative_to(folder)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "lock"
    ]


def test_every_flipped_byte_is_found_and_its_file_named(
    whole: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(whole, copy)
    for name in files_of(whole):
        raw = (whole / name).read_bytes()
        for place in range(len(raw)):
            flipped = bytearray(raw)
            flipped[place] ^= 0x01
            (copy / name).write_bytes(flipped)
            report = checked(copy)
            assert not report.is_whole, f"{name}, byte {place}"
        (copy / name).write_bytes(raw)
    assert checked(copy).is_whole


def test_every_missing_file_is_found(whole: Path, tmp_path: Path) -> None:
    for number, name in enumerate(files_of(whole)):
        copy = tmp_path / str(number)
        shutil.copytree(whole, copy)
        (copy / name).unlink()
        assert not checked(copy).is_whole, name


@pytest.mark.parametrize("length", range(0, 3000, 111))
def test_every_truncation_is_found(whole: Path, tmp_path: Path, length: int) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(whole, copy)
    raw = (copy / SEGMENT).read_bytes()
    if length >= len(raw):
        return
    (copy / SEGMENT).write_bytes(raw[:length])
    faults = checked(copy).faults
    assert any("cut" in fault.wrong or "header" in fault.wrong for fault in faults)


def frames(folder: Path) -> list[Frame]:
    raw = (folder / SEGMENT).read_bytes()
    return [one for one in read_frames(raw) if isinstance(one, Frame)]


def rewrite(folder: Path, kept: list[Frame], *, chained: bool) -> None:
    """Write frames back, as they were or with a chain made to fit."""
    raw = (folder / SEGMENT).read_bytes()[: segment.HEADER_BYTES]
    chain = segment.FIRST_CHAIN
    for frame in kept:
        chain = segment.next_chain(chain, frame.entry)
        raw += segment.frame_bytes(chain if chained else frame.chain, frame.entry)
    (folder / SEGMENT).write_bytes(raw)


@pytest.mark.parametrize("chained", [False, True])
def test_a_dropped_entry_is_found(
    whole: Path, tmp_path: Path, *, chained: bool
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(whole, copy)
    kept = frames(copy)
    del kept[6]
    rewrite(copy, kept, chained=chained)
    report = checked(copy)
    assert any("entry 6" in str(fault) for fault in report.faults)


@pytest.mark.parametrize("chained", [False, True])
def test_exchanged_entries_are_found(
    whole: Path, tmp_path: Path, *, chained: bool
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(whole, copy)
    kept = frames(copy)
    kept[3], kept[4] = kept[4], kept[3]
    rewrite(copy, kept, chained=chained)
    report = checked(copy)
    assert any("entry 3" in str(fault) for fault in report.faults)


def test_a_ledger_made_anew_by_someone_without_the_key_is_found(
    whole: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(whole, copy)
    kept = frames(copy)[:-1]
    rewrite(copy, kept, chained=True)
    shutil.rmtree(copy / "tile")
    tree = MerkleTree(lambda *_: None)
    assert tree.size == 0
    assert any("cut off" in fault.wrong for fault in checked(copy).faults)


def test_another_key_vouches_for_nothing(whole: Path) -> None:
    report = verify(whole, SigningKey.generate().verify_key, origin=ORIGIN)
    assert report.summary.startswith("NOT WHOLE")
    assert all("another key" in fault.wrong for fault in report.faults[:3])


def test_a_dropped_checkpoint_is_found(whole: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(whole, copy)
    history = copy / "checkpoints"
    lines = history.read_bytes().split(b"\n")
    history.write_bytes(b"\n".join(lines[:7] + lines[14:]))
    faults = checked(copy).faults
    assert any("dropped" in fault.wrong for fault in faults)


def test_full_tiles_and_bundles_are_checked_too(tmp_path: Path) -> None:
    fill(tmp_path, 600)
    assert checked(tmp_path).is_whole
    for name in ("tile/0/001", "tile/entries/001", "tile/1/000.p/2"):
        path = tmp_path / name
        raw = path.read_bytes()
        path.write_bytes(raw[:40] + b"\xff" + raw[41:])
        [fault] = checked(tmp_path).faults
        assert fault.file == name
        path.write_bytes(raw)


def test_entries_that_wait_for_a_checkpoint_are_told(tmp_path: Path) -> None:
    fill(tmp_path, 3)
    ledger = open_ledger(tmp_path)
    ledger.append(entry_about("p"))
    ledger.commit()
    ledger.close()
    assert "1 entries wait for their first checkpoint" in checked(tmp_path).summary


def test_tiles_that_wait_for_their_checkpoint_are_not_missed(tmp_path: Path) -> None:
    fill(tmp_path, 1)
    ledger = open_ledger(tmp_path)
    for number in range(300):
        ledger.append(entry_about("p", number=number))
    ledger.commit()
    ledger.close()
    assert "300 entries wait for their first checkpoint" in checked(tmp_path).summary


def test_where_the_end_was_cut_off_is_named_by_the_tile_that_knew_it(
    tmp_path: Path,
) -> None:
    fill(tmp_path, 600)
    rewrite(tmp_path, frames(tmp_path)[:590], chained=True)
    faults = [str(fault) for fault in checked(tmp_path).faults]
    assert any("covers 600 entries and there are 590" in fault for fault in faults)
    tile = "tile/0/002.p/88, offset 2496: its hash of entry 590 on differs"
    assert any(fault.startswith(tile) for fault in faults)


def test_a_checkpoint_that_is_no_text_is_named(whole: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(whole, copy)
    (copy / "checkpoint").write_bytes(b"\xff\xfe")
    assert [str(fault) for fault in checked(copy).faults] == [
        "checkpoint: it is not UTF-8"
    ]


def test_a_checkpoint_of_the_empty_ledger_is_in_order(tmp_path: Path) -> None:
    empty = Checkpoint(origin=ORIGIN, size=0, root=EMPTY_ROOT, number=0)
    note = sign(empty, KEY)
    (tmp_path / "checkpoints").write_text(note + "\n")
    (tmp_path / "checkpoint").write_text(note)
    assert checked(tmp_path).is_whole


def history_of(folder: Path, checkpoints: int) -> Path:
    """A ledger with the same root signed so many times."""
    fill(folder, 5)
    tree = MerkleTree(lambda *_: None)
    for one in entries_in(folder):
        tree.append(leaf_hash(one))
    notes = [
        sign(Checkpoint(origin=ORIGIN, size=5, root=tree.root(), number=number), KEY)
        for number in range(checkpoints)
    ]
    (folder / "checkpoints").write_text("".join(f"{one}\n" for one in notes))
    (folder / "checkpoint").write_text(notes[-1])
    return folder


def entries_in(folder: Path) -> list[bytes]:
    frames = read_frames((folder / SEGMENT).read_bytes())
    return [one.entry for one in frames if isinstance(one, Frame)]


def test_a_long_history_of_checkpoints_takes_no_more_memory_than_a_short_one(
    tmp_path: Path,
) -> None:
    """One a second were 26 MB a day when all of them were held."""
    peaks = []
    for checkpoints in (10, 4_000):
        folder = history_of(tmp_path / str(checkpoints), checkpoints)
        tracemalloc.start()
        report = checked(folder)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert report.is_whole, report.faults
        assert report.checkpoints == checkpoints
    assert peaks[1] < peaks[0] + 100_000, peaks


def test_a_history_that_changes_between_its_two_readings_is_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = history_of(tmp_path, 400)  # more than is read at once
    history = folder / "checkpoints"
    good = history.read_bytes()
    read_cosigned = _Check.read_cosigned
    for changed in (good[: len(good) // 2], b"", good.replace(b"\n5\n", b"\n4\n")):

        def meanwhile(check: _Check, *given: object, changed: bytes = changed) -> None:
            history.write_bytes(changed)
            read_cosigned(check, *given)  # type: ignore[arg-type]

        history.write_bytes(good)
        monkeypatch.setattr(_Check, "read_cosigned", meanwhile)
        told = [str(one) for one in checked(folder).faults]
        assert any("changed while it was read" in one for one in told), told


def test_what_is_added_to_a_history_meanwhile_is_no_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = history_of(tmp_path, 6)
    history = folder / "checkpoints"
    read_cosigned = _Check.read_cosigned

    def meanwhile(check: _Check, *given: object) -> None:
        history.write_bytes(history.read_bytes() * 2)
        read_cosigned(check, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(_Check, "read_cosigned", meanwhile)
    assert checked(folder).is_whole


def test_a_checkpoint_of_fewer_entries_behind_one_of_more_is_held_against_them(
    tmp_path: Path,
) -> None:
    folder = history_of(tmp_path, 2)
    false = Checkpoint(origin=ORIGIN, size=3, root=b"x" * 32, number=2)
    with (folder / "checkpoints").open("a") as file:
        file.write(f"{sign(false, KEY)}\n")
    (folder / "checkpoint").write_text(sign(false, KEY))
    told = [str(one) for one in checked(folder).faults]
    assert any("first 3 entries do not have its root" in one for one in told), told
    assert any("checkpoint 2" in one for one in told), told
