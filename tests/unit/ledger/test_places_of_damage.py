# SPDX-License-Identifier: Apache-2.0
"""Damage in rarer places: tiles high up, segments behind the start, torn histories."""

import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from support.ledgers import (
    KEY,
    ORIGIN,
    chained_anew,
    entry_about,
    fill,
    full_at,
    open_ledger,
)
from wardkeep.crypto.signing import SigningKey
from wardkeep.ledger import closed, log, segment
from wardkeep.ledger.asking import Question, ask_rows
from wardkeep.ledger.backup import FORMAT, Manifest, back_up, newest_manifest
from wardkeep.ledger.checkpoint import Checkpoint, sign
from wardkeep.ledger.closed import leaves_now
from wardkeep.ledger.compacting import compact
from wardkeep.ledger.depot import DepotError, FolderDepot, ObjectDepot
from wardkeep.ledger.entry import Entry
from wardkeep.ledger.leaves import LeafDiffersError, Leaves, TilesDifferError
from wardkeep.ledger.merkle import EMPTY_ROOT, TILE_WIDTH, MerkleTree, leaf_hash
from wardkeep.ledger.notes import NOTE_LINES, last_note
from wardkeep.ledger.opening import HISTORY_NAME, LedgerDamagedError
from wardkeep.ledger.parquet import FOLDER, write_parquet
from wardkeep.ledger.restoring import Against, restore
from wardkeep.ledger.scope import scope_of
from wardkeep.ledger.segment import Frame, FrameFault, read_frames, segments_in
from wardkeep.ledger.segment_index import index_path
from wardkeep.ledger.tiles import tile_path, write_file
from wardkeep.ledger.verify import verify
from wardkeep.ledger.wanted import Wanted

SMALL = 2_000
ABOVE_ONE_TILE = TILE_WIDTH * TILE_WIDTH + TILE_WIDTH + 3


def filled(folder: Path, entries: int = 60) -> list[Path]:
    """A published ledger; its segments, all but the last of them closed."""
    fill(folder, entries, segment_bytes=SMALL)
    found = [path for _, path in segments_in(folder)]
    assert len(found) > 3
    return found


# Tiles


@pytest.fixture(scope="module")
def tall(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Checkpoint]:
    """A tree so large that a whole tile stands above whole tiles."""
    folder = tmp_path_factory.mktemp("tall")

    def store(level: int, index: int, hashes: bytes) -> None:
        path = tile_path(folder, level, index)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(hashes)

    tree = MerkleTree(store)
    for number in range(ABOVE_ONE_TILE):
        tree.append(leaf_hash(b"%d" % number))
    for level, index, hashes in tree.partial_tiles():
        write_file(tile_path(folder, level, index, len(hashes) // 32), hashes)
    root = tree.root()
    return folder, Checkpoint(origin=ORIGIN, size=tree.size, root=root, number=0)


def test_an_entry_is_held_against_the_root_through_every_tile_above_it(
    tall: tuple[Path, Checkpoint],
) -> None:
    leaves = Leaves(*tall)
    for position in (0, 1, TILE_WIDTH, 40_000, 65_536, ABOVE_ONE_TILE - 1):
        leaves.check(position, b"%d" % position)
        with pytest.raises(LeafDiffersError):
            leaves.check(position, b"%d " % position)


@pytest.mark.parametrize(("level", "index"), [(0, 3), (1, 0)])
def test_a_tile_that_was_changed_vouches_for_nothing(
    tall: tuple[Path, Checkpoint], level: int, index: int
) -> None:
    path = tile_path(tall[0], level, index)
    whole = path.read_bytes()
    try:
        path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        with pytest.raises(TilesDifferError, match=f"tile {level}/{index} does not"):
            Leaves(*tall).check(3 * TILE_WIDTH, b"768")
        path.write_bytes(whole[:-1])
        with pytest.raises(TilesDifferError, match=f"tile {level}/{index} has 8191"):
            Leaves(*tall).check(3 * TILE_WIDTH, b"768")
    finally:
        path.write_bytes(whole)


def test_a_right_edge_with_another_root_vouches_for_nothing(
    tall: tuple[Path, Checkpoint],
) -> None:
    folder, told = tall
    other = Checkpoint(origin=ORIGIN, size=told.size, root=bytes(32), number=0)
    with pytest.raises(TilesDifferError, match="right edge"):
        Leaves(folder, other)


def test_who_reads_beside_the_writer_waits_for_tiles_that_are_being_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(tmp_path)
    partial = next(tmp_path.glob("tile/0/000.p/*"))
    aside = tmp_path / "aside"
    partial.rename(aside)
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            aside.rename(partial)

    monkeypatch.setattr("wardkeep.ledger.closed.time.sleep", wait)
    found = leaves_now(tmp_path, KEY.verify_key, origin=ORIGIN)
    assert found is not None
    assert (found.size, len(waits)) == (60, 3)


def test_tiles_that_never_come_are_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(tmp_path)
    next(tmp_path.glob("tile/0/000.p/*")).unlink()
    monkeypatch.setattr(closed, "PAUSE_SECONDS", 0)
    assert compact(tmp_path, KEY.verify_key, origin=ORIGIN).fault.startswith("tile 0/0")


def test_bundles_that_end_with_the_checkpoint_are_made_anew(tmp_path: Path) -> None:
    fill(tmp_path, TILE_WIDTH)
    for path in tmp_path.rglob("tile/*/000"):
        path.unlink()
    open_ledger(tmp_path).close()
    assert verify(tmp_path, KEY.verify_key, origin=ORIGIN).is_whole


# Segments


def last_frame(path: Path) -> Frame:
    found = list(read_frames(path.read_bytes()))[-1]
    assert not isinstance(found, FrameFault)
    return found


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (lambda _path, raw: b"X" + raw[1:], "it has no segment's header"),
        (lambda _path, raw: raw[:-3], "the file ends inside a frame"),
        (lambda path, raw: raw[: last_frame(path).offset], "entries, not"),
    ],
)
def test_a_closed_segment_that_was_harmed_gets_no_index(
    tmp_path: Path, harm: Callable[[Path, bytes], bytes], told: str
) -> None:
    path = filled(tmp_path)[1]
    path.write_bytes(harm(path, path.read_bytes()))
    found = compact(tmp_path, KEY.verify_key, origin=ORIGIN)
    assert path.name in found.fault
    assert told in found.fault
    assert not index_path(path).exists()


def test_a_disk_that_takes_no_index_costs_speed_alone(tmp_path: Path) -> None:
    paths = filled(tmp_path)
    with full_at(64):
        found = compact(tmp_path, KEY.verify_key, origin=ORIGIN)
        assert (found.fault, found.written) == ("", 0)
        assert found.segments == found.checked == len(paths) - 1
        ledger = open_ledger(tmp_path, segment_bytes=SMALL)
    assert len(ledger.entries_about("p-1", organisation=1)) == 20
    assert ledger.has_unindexed
    ledger.use_indexes()
    assert ledger.has_unindexed, "there are none to use"
    ledger.close()
    assert compact(tmp_path, KEY.verify_key, origin=ORIGIN).written == len(paths) - 1


def test_where_there_is_no_ledger_nothing_is_compacted(tmp_path: Path) -> None:
    found = compact(tmp_path / "none", KEY.verify_key, origin=ORIGIN)
    assert (found.fault, found.segments) == ("", 0)
    assert not (tmp_path / "none").exists()


def test_rows_are_those_of_whole_frames(tmp_path: Path) -> None:
    _, path, *_ = filled(tmp_path)
    many = len(list(read_frames(path.read_bytes())))
    path.write_bytes(path.read_bytes()[:-3])
    (tmp_path / FOLDER).mkdir()
    write_parquet(tmp_path, path, sha256=bytes(32))
    assert len(ask_rows(tmp_path / FOLDER, Question()).rows) == many - 1


def test_a_missing_segment_is_a_fault_of_the_scope(tmp_path: Path) -> None:
    paths = filled(tmp_path)
    paths[1].unlink()
    wanted = Wanted(organisation=1)
    found = scope_of(tmp_path, KEY.verify_key, wanted, origin=ORIGIN)
    assert not found.is_whole
    assert any(paths[2].name in one for one in found.faults)
    assert found.certainly_not == []


def test_a_segment_that_was_only_begun_holds_nothing(tmp_path: Path) -> None:
    paths = filled(tmp_path)
    chain = last_frame(paths[-1]).chain
    header = segment.Header(first_index=60, chain_before=chain)
    segment.segment_path(tmp_path, 60).write_bytes(segment.header_bytes(header))
    wanted = Wanted(organisation=1)
    found = scope_of(tmp_path, KEY.verify_key, wanted, origin=ORIGIN)
    assert (found.is_whole, found.entries_read) == (True, 60)


def test_somebody_twice_in_an_entry_is_one_opening(tmp_path: Path) -> None:
    entry = entry_about("p-1")
    nobody = msgspec.structs.replace(entry.subjects[0], packed_patient=b"")
    ledger = open_ledger(tmp_path)
    ledger.append(
        msgspec.structs.replace(
            entry, subjects=[entry.subjects[0], nobody, entry.subjects[0]]
        )
    )
    ledger.commit()
    ledger.publish()
    ledger.close()
    wanted = Wanted(organisation=1)
    found = scope_of(tmp_path, KEY.verify_key, wanted, origin=ORIGIN)
    [person] = found.people
    assert (person.patient, person.openings, person.entries) == ("p-1", 1, [0])


def test_progress_is_told_every_fifty_thousand_entries(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    entry = entry_about("p-1")
    for _ in range(50_001):
        ledger.append(entry)
    ledger.commit()
    ledger.publish()
    ledger.close()
    told: list[int] = []
    scope_of(
        tmp_path,
        KEY.verify_key,
        Wanted(organisation=2),
        origin=ORIGIN,
        progress=told.append,
    )
    assert told == [50_000]


def test_acts_of_nobody_and_what_is_sealed_are_filed_so(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    entry = entry_about("p-1")
    sealed = msgspec.structs.replace(entry.subjects[0], tier="sealed")
    for one in (
        msgspec.structs.replace(entry, packed_account=b""),
        msgspec.structs.replace(entry, subjects=[sealed]),
    ):
        ledger.append(one)
    ledger.commit()
    assert list(ledger.index.by_account(entry.account)) == [1]
    assert list(ledger.index.sealed(1)) == [1]
    assert list(ledger.index.sealed(2)) == []
    assert ledger.read(1).subjects_about("p-1") == (sealed,)
    assert ledger.read(1).subjects_about("p-2") == ()
    assert ledger.continued(0) is None, "before the first checkpoint"
    ledger.close()


def test_entries_of_the_last_hour_are_read_back_to_the_first_that_is_older(
    tmp_path: Path,
) -> None:
    ledger = open_ledger(tmp_path)
    entries: list[Entry] = [entry_about("p-1", number=n) for n in range(5)]
    for one in entries:
        ledger.append(one)
    ledger.commit()
    assert ledger.since(entries[3].at) == entries[3:]
    assert ledger.since(0) == entries
    ledger.close()


def test_what_was_written_while_the_clock_was_set_back_hides_nothing_before_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = open_ledger(tmp_path)
    dates = (0, 50, 60, 3, 4, 70, 1, 2)
    entries: list[Entry] = [entry_about("p-1", number=n) for n in dates]
    for one in entries:
        ledger.append(one)
    ledger.commit()
    since = entries[1].at
    assert ledger.since(since) == entries[1:]
    # Only so many are looked behind: a year of older ones is not read for nothing
    monkeypatch.setattr(log, "MOST_SET_BACK", 1)
    assert ledger.since(since) == []
    ledger.close()


# Histories and copies


def history_of(notes: int) -> bytes:
    """As many signed checkpoints, one after the other."""
    made = [
        sign(Checkpoint(origin=ORIGIN, size=n, root=bytes(32), number=n), KEY)
        for n in range(notes)
    ]
    return "".join(f"{one}\n" for one in made).encode()


@pytest.mark.parametrize("torn", [0, 1, 40, 100])
def test_the_last_whole_note_of_years_is_read_from_the_end(
    tmp_path: Path, torn: int
) -> None:
    path = tmp_path / HISTORY_NAME
    path.write_bytes(history_of(600))
    assert path.stat().st_size > 100_000
    whole = last_note(path)
    assert whole.note is not None
    assert b"number 599" in whole.note
    assert whole.end == whole.size == path.stat().st_size
    if torn:
        path.write_bytes(path.read_bytes()[:-torn])
        before = last_note(path)
        assert before.note is not None
        assert b"number 598" in before.note
        assert before.end < before.size


def test_a_history_without_a_whole_note_has_none(tmp_path: Path) -> None:
    path = tmp_path / HISTORY_NAME
    path.write_bytes(history_of(1)[:-20])
    assert last_note(path).note is None
    path.write_bytes(b"no note at all\n" * 10_000)
    assert last_note(path).note is None
    assert history_of(1).count(b"\n") == NOTE_LINES


def test_a_checkpoint_that_cannot_be_trusted_is_not_copied(tmp_path: Path) -> None:
    filled(tmp_path / "ledger")
    stranger = SigningKey(bytes(range(1, 33))).verify_key
    with pytest.raises(LedgerDamagedError, match="cannot be trusted"):
        back_up(
            tmp_path / "ledger", FolderDepot(tmp_path / "c"), stranger, origin=ORIGIN
        )


def test_a_folder_takes_a_file_as_it_takes_bytes(tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(b"of the ledger")
    depot = FolderDepot(tmp_path / "copies")
    assert list(depot.names()) == []
    depot.put("first", tmp_path / "one")
    depot.fetch("first", tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == b"of the ledger"


def test_object_storage_without_its_library_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("wardkeep.ledger.depot.find_spec", lambda _name: None)
    with pytest.raises(DepotError, match=r"pip install 'wardkeep\[objects\]'"):
        ObjectDepot("s3://copies")


def test_a_new_story_without_tiles_does_not_fit_its_checkpoint(tmp_path: Path) -> None:
    fill(tmp_path, 20)
    [(_, path)] = segments_in(tmp_path)
    chained_anew(path, lambda raw: raw.replace(b"direct-care", b"direct-carf"))
    shutil.rmtree(tmp_path / "tile")
    with pytest.raises(LedgerDamagedError, match="do not fit the checkpoint"):
        open_ledger(tmp_path)


def empty_but_signed(folder: Path) -> None:
    """A ledger whose one checkpoint is that of no entry."""
    folder.mkdir()
    none = Checkpoint(origin=ORIGIN, size=0, root=EMPTY_ROOT, number=0)
    (folder / HISTORY_NAME).write_text(f"{sign(none, KEY)}\n")
    (folder / "checkpoint").write_text(sign(none, KEY))


def test_a_ledger_of_no_entry_is_copied_and_put_back(tmp_path: Path) -> None:
    empty_but_signed(tmp_path / "ledger")
    depot = FolderDepot(tmp_path / "copies")
    done = back_up(tmp_path / "ledger", depot, KEY.verify_key, origin=ORIGIN)
    assert (done.entries, done.number) == (0, 0)
    against = Against(key=KEY.verify_key, origin=ORIGIN)
    assert restore(tmp_path / "back", depot, against).is_in_place


def test_a_copy_without_a_checkpoint_is_no_ledgers(tmp_path: Path) -> None:
    depot = FolderDepot(tmp_path / "copies")
    nothing = Manifest(format=FORMAT, origin=ORIGIN, entries=0, number=7, pieces=[])
    depot.put_bytes("manifest-0000000007.json", msgspec.json.encode(nothing))
    manifest = newest_manifest(depot)
    assert manifest == nothing
    with pytest.raises(DepotError, match="no checkpoint"):
        restore(tmp_path / "back", depot, Against(key=KEY.verify_key, origin=ORIGIN))
    assert not (tmp_path / "back").exists()
