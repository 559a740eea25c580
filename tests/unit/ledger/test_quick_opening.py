# SPDX-License-Identifier: Apache-2.0
"""A start reads little, and builds on nothing that the signed tree does not have."""

import os
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings, strategies as st

from support.ledgers import (
    ACCOUNT,
    KEY,
    ORIGIN,
    chained_anew,
    entry_about,
    fill,
    open_ledger,
)
from wardkeep.ledger.compacting import compact
from wardkeep.ledger.entry import Entry
from wardkeep.ledger.index import ERASE, keys_of
from wardkeep.ledger.log import Ledger
from wardkeep.ledger.opening import LedgerDamagedError
from wardkeep.ledger.segment import segments_in
from wardkeep.ledger.segment_index import index_path, open_index
from wardkeep.ledger.tiles import tile_path
from wardkeep.ledger.verify import verify

SMALL = 2_000


def filled(folder: Path, entries: int = 60) -> Path:
    """Several closed segments, each with its index file."""
    fill(folder, entries, segment_bytes=SMALL)
    open_ledger(folder, segment_bytes=SMALL).close()
    assert len(list(folder.glob("*.index"))) == len(segments_in(folder)) - 1 > 3
    return folder


def opened(folder: Path) -> Ledger:
    return open_ledger(folder, segment_bytes=SMALL)


def is_whole(folder: Path) -> bool:
    return verify(folder, KEY.verify_key, origin=ORIGIN).is_whole


def paths(folder: Path) -> Sequence[Path]:
    return [path for _, path in segments_in(folder)]


def test_a_second_start_reads_no_closed_segment(tmp_path: Path) -> None:
    filled(tmp_path)
    first = opened(tmp_path)
    assert first.why_thorough == ""
    assert first._read_from > 50
    wanted = [entry_about(f"p-{n % 3}", number=n) for n in range(60)]
    assert list(first.entries(0, 60)) == wanted
    assert list(first.entries_about("p-1", organisation=1)) == list(range(1, 60, 3))
    assert list(first.index.by_account(ACCOUNT)) == list(range(60))
    first.close()


def test_what_is_appended_after_a_quick_start_continues_the_tree(
    tmp_path: Path,
) -> None:
    filled(tmp_path)
    for _ in range(3):
        ledger = opened(tmp_path)
        for number in range(300):
            ledger.append(entry_about("later", number=number))
        ledger.commit()
        ledger.publish()
        ledger.close()
    assert is_whole(tmp_path)


def test_erased_patients_are_known_without_reading(tmp_path: Path) -> None:
    ledger = opened(tmp_path)
    ledger.append(msgspec.structs.replace(entry_about("gone"), action=ERASE))
    for number in range(60):
        ledger.append(entry_about("p", number=number))
        ledger.commit()
    ledger.publish()
    ledger.close()
    opened(tmp_path).close()
    again = opened(tmp_path)
    assert again._read_from > 0
    assert again.index.erased == {(1, "gone")}
    again.close()


def test_a_new_story_in_the_last_segment_is_refused(tmp_path: Path) -> None:
    """Whoever writes the disk makes the chain anew, but cannot sign."""
    filled(tmp_path)
    last = paths(tmp_path)[-1]
    chained_anew(last, lambda raw: raw.replace(b"direct-care", b"direct-carf"))
    with pytest.raises(
        LedgerDamagedError, match=f"{last.name}.*not fit the checkpoint"
    ):
        opened(tmp_path)


def test_a_new_story_in_a_closed_segment_is_found_behind_the_start(
    tmp_path: Path,
) -> None:
    filled(tmp_path, 600)
    second = paths(tmp_path)[1]
    raw = bytearray(second.read_bytes())
    at = raw.index(b"direct-care")
    raw[at] ^= 1
    second.write_bytes(raw)
    opened(tmp_path).close()
    done = compact(tmp_path, KEY.verify_key, origin=ORIGIN, check_all=True)
    assert second.name in done.fault
    assert not is_whole(tmp_path)


def test_what_budgets_are_counted_from_is_held_against_the_signed_tree(
    tmp_path: Path,
) -> None:
    filled(tmp_path, 600)
    second = paths(tmp_path)[1]
    second.write_bytes(second.read_bytes().replace(b"direct-care", b"direct-carf"))
    ledger = opened(tmp_path)
    with pytest.raises(LedgerDamagedError, match="not fit the checkpoint"):
        ledger.since(0)
    ledger.close()


def test_a_segment_of_another_length_is_read_and_refused(tmp_path: Path) -> None:
    filled(tmp_path)
    second = paths(tmp_path)[1]
    os.truncate(second, second.stat().st_size - 10)
    with pytest.raises(LedgerDamagedError, match=second.name):
        opened(tmp_path)


@pytest.mark.parametrize("harm", ["missing", "short", "magic", "nonsense"])
def test_an_index_that_does_not_serve_is_made_anew(tmp_path: Path, harm: str) -> None:
    filled(tmp_path)
    path = index_path(paths(tmp_path)[1])
    raw = path.read_bytes()
    harmed = {
        "missing": b"",
        "short": raw[:-1],
        "magic": b"X" + raw[1:],
        "nonsense": raw[:12] + b"\xc1" * 40,
    }[harm]
    path.write_bytes(harmed)
    if harm == "missing":
        path.unlink()
    assert open_index(path) is None
    ledger = opened(tmp_path)
    assert list(ledger.entries_about("p-1", organisation=1)) == list(range(1, 60, 3))
    ledger.close()
    assert path.read_bytes() == raw


def test_an_index_of_another_segment_is_not_believed(tmp_path: Path) -> None:
    filled(tmp_path)
    other = index_path(paths(tmp_path)[2]).read_bytes()
    index_path(paths(tmp_path)[1]).write_bytes(other)
    ledger = opened(tmp_path)
    assert ledger.committed_size == 60
    ledger.close()


def test_without_the_tiles_everything_is_read_and_they_are_made_anew(
    tmp_path: Path,
) -> None:
    filled(tmp_path, 700)
    tile_path(tmp_path, 0, 1).unlink()
    tile_path(tmp_path, "entries", 0).unlink()
    for partial in (tmp_path / "tile").rglob("*.p/*"):
        partial.unlink()
    ledger = opened(tmp_path)
    assert "tile 0/2" in ledger.why_thorough
    ledger.close()
    assert is_whole(tmp_path)
    again = opened(tmp_path)
    assert again.why_thorough == ""
    again.close()


def test_a_tile_that_was_changed_makes_the_start_thorough_and_is_not_mended(
    tmp_path: Path,
) -> None:
    fill(tmp_path, 600)
    path = tile_path(tmp_path, 0, 0)
    path.write_bytes(bytes(32) + path.read_bytes()[32:])
    ledger = opened(tmp_path)
    assert "tile 0/0 does not fit" in ledger.why_thorough
    ledger.close()
    assert not is_whole(tmp_path)


def test_a_closed_segment_beyond_the_checkpoint_is_read(tmp_path: Path) -> None:
    ledger = opened(tmp_path)
    ledger.append(entry_about("p"))
    ledger.commit()
    ledger.publish()
    for number in range(60):
        ledger.append(entry_about("p", number=number))
        ledger.commit()
    ledger.close()
    again = opened(tmp_path)
    assert (again.committed_size, again._read_from) == (61, 0)
    assert not list(tmp_path.glob("*.index"))
    again.publish()
    again.close()
    assert is_whole(tmp_path)


def test_a_running_ledger_lets_go_of_what_has_an_index_file(tmp_path: Path) -> None:
    ledger = opened(tmp_path)
    for number in range(60):
        ledger.append(entry_about(f"p-{number % 3}", number=number))
        ledger.commit()
    ledger.publish()
    assert ledger.has_unindexed
    before = list(ledger.entries_about("p-2", organisation=1))
    assert compact(tmp_path, KEY.verify_key, origin=ORIGIN).indexed > 3
    ledger.use_indexes()
    assert not ledger.has_unindexed
    assert list(ledger.entries_about("p-2", organisation=1)) == before
    assert list(ledger.entries(0, 60))[7] == entry_about("p-1", number=7)
    ledger.close()


def test_a_torn_new_segment_behind_indexed_ones_is_begun_again(tmp_path: Path) -> None:
    filled(tmp_path)
    whole = paths(tmp_path)
    entries = opened(tmp_path)
    entries.close()
    last = whole[-1]
    # As if the last segment had just been begun when the power went.
    size = int(last.name[8:28])
    for file in ("checkpoint", "checkpoints"):
        (tmp_path / file).unlink()
    last.write_bytes(b"WARD")
    again = opened(tmp_path)
    assert again.committed_size == size
    again.append(entry_about("p"))
    again.commit()
    again.close()
    assert opened(tmp_path).committed_size == size + 1


def keys(entry: Entry) -> list[int]:
    return sorted(keys_of(entry))


def test_positions_are_a_sequence_like_any_other(tmp_path: Path) -> None:
    ledger = opened(filled(tmp_path))
    positions = ledger.index.by_account(ACCOUNT)
    assert positions[-1] == 59
    assert positions[5:8] == [5, 6, 7]
    assert list(reversed(positions))[:2] == [59, 58]
    assert positions[60:] == []
    with pytest.raises(IndexError):
        positions[60]
    assert len(ledger.index.by_account("nobody")) == 0
    assert len(ledger.index.refused(1)) == 0
    ledger.close()


def test_refusals_are_found_by_their_organisation(tmp_path: Path) -> None:
    ledger = opened(tmp_path)
    refused = msgspec.structs.replace(entry_about("p"), outcome="refusal:frozen")
    ledger.append(entry_about("p"))
    ledger.append(refused)
    ledger.append(msgspec.structs.replace(refused, organisation=2))
    ledger.commit()
    assert list(ledger.index.refused(1)) == [1]
    assert list(ledger.index.refused(2)) == [2]
    ledger.close()
    assert keys(refused) != keys(entry_about("p"))


@settings(max_examples=25, deadline=None)
@given(
    steps=st.lists(
        st.sampled_from(["append", "append", "append", "publish", "reopen", "compact"]),
        max_size=25,
    )
)
def test_however_it_is_used_the_ledger_is_what_was_appended(
    tmp_path_factory: pytest.TempPathFactory, steps: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("steps")
    ledger, written = opened(folder), 0
    for step in steps:
        if step == "append":
            for _ in range(13):
                ledger.append(entry_about(f"p-{written % 5}", number=written))
                ledger.commit()
                written += 1
        elif step == "publish":
            ledger.publish()
        elif step == "reopen":
            ledger.close()
            ledger = opened(folder)
        else:
            assert not compact(folder, KEY.verify_key, origin=ORIGIN).fault
            ledger.use_indexes()
    assert ledger.committed_size == written
    for patient in range(5):
        found = ledger.entries_about(f"p-{patient}", organisation=1)
        assert list(found) == list(range(patient, written, 5))
    ledger.publish()
    ledger.close()
    # Where nothing was appended nothing is signed, and so nothing is proven.
    assert is_whole(folder) is bool(written)
