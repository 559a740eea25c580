# SPDX-License-Identifier: Apache-2.0
"""Appending, committing, opening again, and what a kill may cost: nothing told."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from support.ledgers import ACCOUNT, KEY, ORIGIN, entry_about, fill, open_ledger
from wardkeep.ledger.entry import (
    Entry,
    EntryDamagedError,
    EntryTooLargeError,
    Subject,
    decode,
)
from wardkeep.ledger.log import LedgerCannotWriteError, LedgerInUseError
from wardkeep.ledger.merkle import is_included, leaf_hash
from wardkeep.ledger.opening import LedgerDamagedError
from wardkeep.ledger.segment import HEADER_BYTES, segments_in
from wardkeep.ledger.verify import verify


def test_entries_come_back_equal_and_in_order(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    given_ = [entry_about(f"p-{n}", number=n) for n in range(5)]
    assert [ledger.append(entry) for entry in given_] == [0, 1, 2, 3, 4]
    assert (ledger.size, ledger.committed_size) == (5, 0)
    ledger.commit()
    assert list(ledger.entries(0, 99)) == given_
    assert list(ledger.entries_about("p-3", organisation=1)) == [3]
    assert list(ledger.index.by_account(ACCOUNT)) == [0, 1, 2, 3, 4]
    assert list(ledger.index.by_session("nobody")) == []
    ledger.close()
    again = open_ledger(tmp_path)
    assert list(again.entries(0, 5)) == given_
    assert list(again.entries_about("p-3", organisation=1)) == [3]
    again.close()


@given(st.text(max_size=70), st.lists(st.uuids().map(str), max_size=5))
def test_ids_of_any_shape_survive_packing(id_: str, uuids: list[str]) -> None:
    refs = [("Observation", one, 2) for one in [id_, *uuids]]
    entry = Entry.about(
        at=1,
        organisation=1,
        account=id_,
        session="",
        role="",
        purpose="",
        reason="",
        action="",
        subjects=[
            Subject.about(patient=id_.upper(), tier="", relationship="", resources=refs)
        ],
        outcome="",
        software="",
    )
    assert entry.account == id_
    assert entry.patients == ((id_.upper(),) if id_ else ())
    assert list(entry.resources()) == refs
    assert entry.resource_count == len(refs)


def test_an_entry_too_large_for_a_bundle_is_refused_whole(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    with pytest.raises(EntryTooLargeError):
        ledger.append(entry_about("p", resources=20_000))
    assert ledger.size == 0
    ledger.close()


@given(st.binary(max_size=200))
def test_garbage_is_no_entry(raw: bytes) -> None:
    with pytest.raises(EntryDamagedError):
        decode(raw)


def test_there_is_one_writer(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    with pytest.raises(LedgerInUseError):
        open_ledger(tmp_path)
    ledger.close()
    open_ledger(tmp_path).close()


def test_positions_that_do_not_exist_are_an_error(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    ledger.commit()
    with pytest.raises(IndexError):
        ledger.read(0)
    ledger.close()


def test_segments_follow_one_another(tmp_path: Path) -> None:
    fill(tmp_path, 40, segment_bytes=1000)
    assert len(segments_in(tmp_path)) > 5
    ledger = open_ledger(tmp_path, segment_bytes=1000)
    assert ledger.committed_size == 40
    assert [entry.at % 100 for entry in ledger.entries(0, 40)] == [
        entry_about("p", number=n).at % 100 for n in range(40)
    ]
    ledger.append(entry_about("p"))
    ledger.commit()
    ledger.publish()
    ledger.close()
    assert verify(tmp_path, KEY.verify_key, origin=ORIGIN).is_whole


def test_files_are_closed_to_others(tmp_path: Path) -> None:
    folder = tmp_path / "ledger"
    fill(folder, 3)
    files = [path for path in folder.rglob("*") if path.is_file()]
    for path in [folder, *files]:
        assert path.stat().st_mode & 0o077 == 0, path


def test_publishing_nothing_new_writes_nothing(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    ledger.publish()
    assert ledger.checkpoint() is None
    ledger.append(entry_about("p"))
    ledger.commit()
    ledger.publish()
    first = ledger.checkpoint()
    ledger.publish()
    assert ledger.checkpoint() is first
    ledger.close()


def test_a_published_entry_proves_itself(tmp_path: Path) -> None:
    fill(tmp_path, 600)
    ledger = open_ledger(tmp_path)
    checkpoint = ledger.checkpoint()
    assert checkpoint is not None
    path = ledger.prover().inclusion(300, 600)
    leaf = leaf_hash(ledger._read_bytes(300))
    assert is_included(leaf, index=300, size=600, path=path, root=checkpoint.root)
    ledger.close()


@settings(max_examples=40, deadline=None)
@given(cut=st.integers(min_value=1, max_value=400))
def test_a_torn_last_write_costs_nothing_that_was_told(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    folder = tmp_path_factory.mktemp("torn")
    fill(folder, 5)
    told = (folder / "segment-00000000000000000000.ledger").stat().st_size
    ledger = open_ledger(folder)
    ledger.append(entry_about("p", resources=20))
    ledger.commit()
    ledger.close()
    path = folder / "segment-00000000000000000000.ledger"
    whole = path.stat().st_size
    os.truncate(path, max(told, whole - cut))
    again = open_ledger(folder)
    assert again.committed_size == 5
    assert len(again.torn) == (0 if whole - cut <= told else 1)
    again.append(entry_about("p"))
    again.commit()
    again.publish()
    again.close()
    assert verify(folder, KEY.verify_key, origin=ORIGIN).is_whole


def test_a_torn_header_of_a_new_segment_is_set_aside(tmp_path: Path) -> None:
    fill(tmp_path, 3)
    torn = tmp_path / "segment-00000000000000000003.ledger"
    torn.write_bytes(b"WARD")
    ledger = open_ledger(tmp_path)
    assert ledger.committed_size == 3
    assert [path.name for path in ledger.torn] == [
        "segment-00000000000000000003-0.torn"
    ]
    ledger.close()


def test_a_torn_checkpoint_history_is_cut_back(tmp_path: Path) -> None:
    fill(tmp_path, 3)
    with (tmp_path / "checkpoints").open("ab") as file:
        file.write(b"localhost:8111/wardk")
    fill(tmp_path, 2)
    assert verify(tmp_path, KEY.verify_key, origin=ORIGIN).is_whole


def test_a_kill_between_history_and_checkpoint_is_made_good(tmp_path: Path) -> None:
    fill(tmp_path, 3)
    older = (tmp_path / "checkpoint").read_bytes()
    fill(tmp_path, 2)
    (tmp_path / "checkpoint").write_bytes(older)
    fill(tmp_path, 1)
    assert verify(tmp_path, KEY.verify_key, origin=ORIGIN).is_whole


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (3, "no segment's header"),
        (17, "should come next"),
        (30, "does not continue"),
        (HEADER_BYTES + 1, "a frame of"),
        (HEADER_BYTES + 60, "not as it was written"),
    ],
)
def test_a_damaged_ledger_is_not_opened_and_the_place_is_named(
    tmp_path: Path, place: int, words: str
) -> None:
    fill(tmp_path, 5)
    path = tmp_path / "segment-00000000000000000000.ledger"
    raw = bytearray(path.read_bytes())
    raw[place] ^= 0xFF
    path.write_bytes(raw)
    with pytest.raises(LedgerDamagedError, match=words):
        open_ledger(tmp_path)


def test_an_older_copy_put_back_is_not_opened(tmp_path: Path) -> None:
    fill(tmp_path, 3)
    path = tmp_path / "segment-00000000000000000000.ledger"
    older = path.read_bytes()
    fill(tmp_path, 3)
    path.write_bytes(older)
    with pytest.raises(LedgerDamagedError, match="older copy"):
        open_ledger(tmp_path)


def test_a_forged_checkpoint_is_not_trusted(tmp_path: Path) -> None:
    fill(tmp_path, 3)
    note = (tmp_path / "checkpoint").read_text()
    (tmp_path / "checkpoint").write_text(note.replace("\n3\n", "\n2\n"))
    with pytest.raises(LedgerDamagedError, match="cannot be trusted"):
        open_ledger(tmp_path)


WRITER = """
import sys
from pathlib import Path
from support.ledgers import entry_about, open_ledger
ledger = open_ledger(Path(sys.argv[1]), segment_bytes=20_000)
while True:
    positions = [ledger.append(entry_about("p", number=n)) for n in range(3)]
    ledger.commit()
    print(positions[-1], flush=True)
    ledger.publish()
"""


def writer(folder: Path, code: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-c", code, str(folder)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )


def test_a_checkpoint_that_a_kill_left_in_the_history_alone_is_placed(
    tmp_path: Path,
) -> None:
    ledger = open_ledger(tmp_path)
    ledger.append(entry_about("p"))
    ledger.commit()
    ledger.publish()
    ledger.close()
    (tmp_path / "checkpoint").unlink()
    again = open_ledger(tmp_path)
    again.publish()
    again.close()
    assert verify(tmp_path, KEY.verify_key, origin=ORIGIN).is_whole


@pytest.mark.parametrize("after", [1, 30, 200])
def test_what_was_told_survives_a_kill_at_any_moment(
    tmp_path: Path, after: int
) -> None:
    process = writer(tmp_path, WRITER)
    assert process.stdout is not None
    for _ in range(after):
        process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    rest = process.stdout.read().split(b"\n")
    process.wait()
    process.stdout.close()
    told = max((int(line) for line in rest[:-1]), default=(after * 3) - 1)
    ledger = open_ledger(tmp_path, segment_bytes=20_000)
    assert ledger.committed_size >= told + 1
    ledger.publish()
    ledger.close()
    assert verify(tmp_path, KEY.verify_key, origin=ORIGIN).is_whole


FULL = """
import resource, signal, sys
from pathlib import Path
from support.ledgers import entry_about, open_ledger
from wardkeep.ledger.log import LedgerCannotWriteError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
ledger = open_ledger(Path(sys.argv[1]))
ledger.append(entry_about("p")); ledger.commit()
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, hard))
refused = 0
for n in range(50):
    ledger.append(entry_about("p", number=n))
    try:
        ledger.commit()
    except LedgerCannotWriteError:
        refused += 1
kept = ledger.committed_size
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
ledger.append(entry_about("q")); ledger.commit(); ledger.publish()
print(refused, kept, ledger.committed_size)
ledger.close()
"""


def test_a_full_disk_refuses_and_leaves_nothing_behind(tmp_path: Path) -> None:
    process = writer(tmp_path, FULL)
    out, _ = process.communicate(timeout=60)
    refused, kept, after = map(int, out.split())
    assert process.returncode == 0
    assert refused > 30
    assert kept + refused == 51
    assert after == kept + 1
    ledger = open_ledger(tmp_path)
    assert ledger.committed_size == after
    ledger.close()
    assert verify(tmp_path, KEY.verify_key, origin=ORIGIN).is_whole


def test_a_folder_that_cannot_be_written_refuses(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    ledger.append(entry_about("p"))
    ledger.commit()
    os.close(ledger._file)
    ledger._file = os.open(os.devnull, os.O_RDONLY)
    ledger.append(entry_about("p"))
    with pytest.raises(LedgerCannotWriteError):
        ledger.commit()
    assert ledger.size == 1
    ledger.close()
