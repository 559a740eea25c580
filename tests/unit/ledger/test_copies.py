# SPDX-License-Identifier: Apache-2.0
"""Copies of the ledger: nothing twice, nothing damaged, whole after any kill."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from support.ledgers import (
    KEY,
    ORIGIN,
    entry_about,
    open_ledger,
)
from support.object_storage import object_storage
from wardkeep.base.clock import SystemClock
from wardkeep.base.note_keys import LOG, NoteKey
from wardkeep.crypto.signing import SigningKey
from wardkeep.ledger.backup import BackedUp, back_up, newest_manifest
from wardkeep.ledger.depot import DepotError, FolderDepot, ObjectDepot, open_depot
from wardkeep.ledger.log import Ledger
from wardkeep.ledger.opening import LedgerDamagedError
from wardkeep.ledger.restoring import Against, Restored, restore
from wardkeep.ledger.segment import segments_in
from wardkeep.ledger.verify import verify
from wardkeep.ledger.witness import Witness, request

SMALL = 2_000
AGAINST = Against(key=KEY.verify_key, origin=ORIGIN)


def grown(folder: Path, entries: int) -> None:
    ledger = open_ledger(folder, segment_bytes=SMALL)
    for _ in range(entries):
        size = ledger.committed_size
        ledger.append(entry_about(f"p-{size % 3}", number=size))
        ledger.commit()
        if size % 17 == 0:
            ledger.publish()
    ledger.publish()
    ledger.close()


def copied(folder: Path, place: Path) -> BackedUp:
    return back_up(folder, FolderDepot(place), KEY.verify_key, origin=ORIGIN)


def put_back(folder: Path, place: Path, against: Against = AGAINST) -> Restored:
    return restore(folder, FolderDepot(place), against)


def entries_of(folder: Path) -> list[int]:
    ledger = open_ledger(folder, segment_bytes=SMALL)
    found = [one.at for one in ledger.entries(0, ledger.committed_size)]
    ledger.close()
    return found


def test_a_copy_put_back_is_the_ledger_and_goes_on(tmp_path: Path) -> None:
    old, new, place = tmp_path / "old", tmp_path / "new", tmp_path / "copies"
    grown(old, 700)
    done = copied(old, place)
    assert done.entries == 700
    found = put_back(new, place)
    assert (found.is_in_place, found.report.faults) == (True, [])
    assert entries_of(new) == entries_of(old)
    for name in ("checkpoint", "checkpoints"):
        assert (new / name).read_bytes() == (old / name).read_bytes()
    grown(new, 30)
    assert verify(new, KEY.verify_key, origin=ORIGIN).is_whole
    assert len(entries_of(new)) == 730


def test_the_second_time_only_what_is_new_is_copied(tmp_path: Path) -> None:
    grown(tmp_path / "old", 300)
    first = copied(tmp_path / "old", tmp_path / "copies")
    grown(tmp_path / "old", 10)
    second = copied(tmp_path / "old", tmp_path / "copies")
    assert second.copied <= 5 < first.copied
    assert second.entries == 310
    third = copied(tmp_path / "old", tmp_path / "copies")
    assert third.copied == 0
    assert put_back(tmp_path / "new", tmp_path / "copies").is_in_place
    assert entries_of(tmp_path / "new") == entries_of(tmp_path / "old")


def test_a_copy_is_made_beside_a_ledger_that_is_written(tmp_path: Path) -> None:
    folder = tmp_path / "old"
    grown(folder, 200)
    ledger = open_ledger(folder, segment_bytes=SMALL)
    for number in range(50):
        ledger.append(entry_about("later", number=number))
        ledger.commit()
        if number % 10 == 0:
            copied(folder, tmp_path / "copies")
            ledger.publish()
    found = put_back(tmp_path / "new", tmp_path / "copies")
    assert found.is_in_place
    assert entries_of(tmp_path / "new") == [
        one.at for one in ledger.entries(0, len(entries_of(tmp_path / "new")))
    ]
    ledger.close()


def test_nothing_is_copied_of_a_segment_that_was_changed(tmp_path: Path) -> None:
    folder = tmp_path / "old"
    grown(folder, 300)
    _, path = segments_in(folder)[2]
    path.write_bytes(path.read_bytes().replace(b"direct-care", b"direct-carf", 1))
    with pytest.raises(LedgerDamagedError, match=path.name):
        copied(folder, tmp_path / "copies")
    assert newest_manifest(FolderDepot(tmp_path / "copies")) is None
    with pytest.raises(DepotError, match="no manifest"):
        put_back(tmp_path / "new", tmp_path / "copies")


def test_a_changed_segment_takes_nobodys_place_in_older_copies(tmp_path: Path) -> None:
    folder, place = tmp_path / "old", tmp_path / "copies"
    grown(folder, 300)
    copied(folder, place)
    before = {one.name: one.read_bytes() for one in place.iterdir()}
    _, path = segments_in(folder)[2]
    path.with_suffix(".index").unlink(missing_ok=True)
    path.write_bytes(path.read_bytes().replace(b"direct-care", b"direct-carf", 1))
    with pytest.raises(LedgerDamagedError):
        copied(folder, place)
    for name, content in before.items():
        assert (place / name).read_bytes() == content
    assert put_back(tmp_path / "new", place).is_in_place


def test_a_copy_that_was_changed_is_not_put_back(tmp_path: Path) -> None:
    grown(tmp_path / "old", 300)
    copied(tmp_path / "old", tmp_path / "copies")
    one = sorted((tmp_path / "copies").glob("segment-*"))[1]
    one.write_bytes(one.read_bytes()[:-1] + b"?")
    with pytest.raises(DepotError, match="not what its manifest says"):
        put_back(tmp_path / "new", tmp_path / "copies")
    assert not (tmp_path / "new").exists()


def test_a_manifest_names_no_file_elsewhere(tmp_path: Path) -> None:
    grown(tmp_path / "old", 30)
    place = tmp_path / "copies"
    copied(tmp_path / "old", place)
    [path] = place.glob("manifest-*")
    path.write_bytes(
        path.read_bytes().replace(b'"file":"checkpoints"', b'"file":"../outside"')
    )
    with pytest.raises(DepotError, match="no file of a ledger"):
        put_back(tmp_path / "new", place)
    path.write_bytes(b"{")
    with pytest.raises(DepotError, match="is damaged"):
        put_back(tmp_path / "new", place)
    path.write_bytes(
        msgspec.json.encode(
            {"format": 2, "origin": ORIGIN, "entries": 0, "number": 0, "pieces": []}
        )
    )
    with pytest.raises(DepotError, match="another version"):
        put_back(tmp_path / "new", place)


def test_a_ledger_that_is_there_is_never_overwritten(tmp_path: Path) -> None:
    grown(tmp_path / "old", 30)
    copied(tmp_path / "old", tmp_path / "copies")
    with pytest.raises(FileExistsError, match="never overwritten"):
        put_back(tmp_path / "old", tmp_path / "copies")
    (tmp_path / "empty").mkdir()
    assert put_back(tmp_path / "empty", tmp_path / "copies").is_in_place


def test_an_empty_ledger_has_nothing_to_copy(tmp_path: Path) -> None:
    open_ledger(tmp_path / "old").close()
    with pytest.raises(LedgerDamagedError, match="no checkpoint yet"):
        copied(tmp_path / "old", tmp_path / "copies")


def test_a_copy_under_another_key_is_refused(tmp_path: Path) -> None:
    grown(tmp_path / "old", 30)
    copied(tmp_path / "old", tmp_path / "copies")
    other = Against(key=SigningKey(bytes(32)).verify_key, origin=ORIGIN)
    with pytest.raises(LedgerDamagedError, match="cannot be trusted"):
        put_back(tmp_path / "new", tmp_path / "copies", other)
    assert not (tmp_path / "new").exists()


def test_a_copy_older_than_what_a_witness_saw_stays_beside(tmp_path: Path) -> None:
    """Entries between the copy and the loss are gone, and it is said."""
    folder = tmp_path / "old"
    grown(folder, 300)
    copied(folder, tmp_path / "copies")
    grown(folder, 40)
    witness = Witness.begin(tmp_path / "w", "witness.example.net/w1", SystemClock())
    log = NoteKey(name=ORIGIN, kind=LOG, public_bytes=KEY.verify_key.public_bytes)
    witness.watch(log)
    ledger = open_ledger(folder, segment_bytes=SMALL)
    continued = ledger.continued(0)
    assert continued is not None
    told = witness.add_checkpoint(request(0, continued.proof, continued.note))
    assert told.status == 200
    ledger.close()
    seen = continued.note + told.body
    against = Against(
        key=KEY.verify_key, origin=ORIGIN, witnesses=[witness.key], seen=seen
    )
    found = put_back(tmp_path / "new", tmp_path / "copies", against)
    assert not found.is_in_place
    assert any("covers 340 entries" in str(one) for one in found.report.faults)
    assert not (tmp_path / "new").exists()
    accepted = msgspec.structs.replace(against, is_loss_accepted=True)
    assert put_back(tmp_path / "new", tmp_path / "copies", accepted).is_in_place
    assert len(entries_of(tmp_path / "new")) == 300


def test_a_ledger_that_was_put_back_to_an_older_state_does_not_hide_its_copies(
    tmp_path: Path,
) -> None:
    folder, place = tmp_path / "old", tmp_path / "copies"
    grown(folder, 100)
    shutil.copytree(folder, tmp_path / "snapshot")
    grown(folder, 100)
    copied(folder, place)
    for entries in (10, 400):  # fewer checkpoints than the copies have, and more
        grown(tmp_path / "snapshot", entries)
        with pytest.raises(LedgerDamagedError, match="not of its past"):
            copied(tmp_path / "snapshot", place)
    assert put_back(tmp_path / "new", place).is_in_place
    assert entries_of(tmp_path / "new") == entries_of(folder)
    grown(tmp_path / "new", 10)
    assert copied(tmp_path / "new", place).entries == 210, "what was put back goes on"


def test_copies_of_another_ledger_are_not_mixed_with(tmp_path: Path) -> None:
    grown(tmp_path / "old", 30)
    copied(tmp_path / "old", tmp_path / "copies")
    [path] = (tmp_path / "copies").glob("manifest-*")
    other = b"other.example.net/wardkeep-ledger"
    path.write_bytes(path.read_bytes().replace(ORIGIN.encode(), other))
    with pytest.raises(DepotError, match=other.decode()):
        copied(tmp_path / "old", tmp_path / "copies")


def test_copies_every_few_minutes_take_no_more_than_what_is_new_needs(
    tmp_path: Path,
) -> None:
    folder, place, runs = tmp_path / "old", tmp_path / "copies", 128
    sizes, most = [], 0
    for _ in range(runs):
        grown_by_one(folder)
        sizes.append(copied(folder, place).copied_bytes)
        manifest = newest_manifest(FolderDepot(place))
        assert manifest is not None
        most = max(most, len(manifest.pieces))
    whole = sum(one.stat().st_size for one in folder.glob("segment-*.ledger"))
    history = (folder / "checkpoints").stat().st_size
    assert most <= 2 * 8 + 2, "the stretches of a file are few"
    assert sum(sizes) < 9 * (whole + history), "each byte some seven times, not 128"
    assert put_back(tmp_path / "new", place).is_in_place
    assert entries_of(tmp_path / "new") == list(range(128))


def grown_by_one(folder: Path) -> None:
    ledger = open_ledger(folder)
    size = ledger.committed_size
    ledger.append(msgspec.structs.replace(entry_about("p-1", number=size), at=size))
    ledger.commit()
    ledger.publish()
    ledger.close()


def test_what_was_torn_when_it_was_copied_is_not_gone_on_with(tmp_path: Path) -> None:
    folder, place = tmp_path / "old", tmp_path / "copies"
    grown(folder, 30)
    copied(folder, place)
    _, last = segments_in(folder)[-1]
    with last.open("ab") as file:
        file.write(bytes(20))
    copied(folder, place)
    grown(folder, 5)  # the start cuts off what was torn, and writes other bytes there
    assert copied(folder, place).entries == 35
    assert put_back(tmp_path / "new", place).is_in_place
    assert entries_of(tmp_path / "new") == entries_of(folder)


COPYING = """
import sys, time
from pathlib import Path
from support.ledgers import KEY, ORIGIN
from wardkeep.ledger.backup import back_up
from wardkeep.ledger.depot import FolderDepot
class Slow(FolderDepot):
    def put_bytes(self, name, content):
        print(name, flush=True)
        time.sleep(0.02)
        super().put_bytes(name, content)
back_up(Path(sys.argv[1]), Slow(Path(sys.argv[2])), KEY.verify_key, origin=ORIGIN)
"""
RESTORING = """
import sys, time
from pathlib import Path
from support.ledgers import KEY, ORIGIN
from wardkeep.ledger.depot import FolderDepot
from wardkeep.ledger.restoring import Against, restore
class Slow(FolderDepot):
    def fetch(self, name, into):
        print(name, flush=True)
        time.sleep(0.02)
        super().fetch(name, into)
restore(Path(sys.argv[1]), Slow(Path(sys.argv[2])),
        Against(key=KEY.verify_key, origin=ORIGIN))
"""


def killed_after(code: str, folder: Path, place: Path, *, lines: int) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(folder), str(place)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert process.stdout is not None
    for _ in range(lines):
        process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()


@pytest.mark.parametrize("lines", [1, 4, 9])
def test_a_kill_leaves_the_older_copy_whole_and_the_next_run_goes_on(
    tmp_path: Path, lines: int
) -> None:
    folder, place = tmp_path / "old", tmp_path / "copies"
    grown(folder, 40)
    copied(folder, place)
    grown(folder, 160)
    killed_after(COPYING, folder, place, lines=lines)
    before = put_back(tmp_path / "before", place)
    assert before.is_in_place
    assert len(entries_of(tmp_path / "before")) == 40
    copied(folder, place)
    killed_after(RESTORING, tmp_path / "new", place, lines=lines)
    assert not (tmp_path / "new").exists()
    assert put_back(tmp_path / "new", place).is_in_place
    assert entries_of(tmp_path / "new") == entries_of(folder)


def test_a_place_without_a_scheme_is_a_folder(tmp_path: Path) -> None:
    """As an operator types it; what another scheme begins would be one too."""
    grown(tmp_path / "old", 12)
    place = tmp_path / "a share" / "s3:copies"
    depot = open_depot(str(place))
    assert isinstance(depot, FolderDepot)
    back_up(tmp_path / "old", depot, KEY.verify_key, origin=ORIGIN)
    assert sorted(one.name for one in place.iterdir()) == depot.names()
    assert put_back(tmp_path / "new", place).is_in_place


def test_object_storage_serves_as_a_folder_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with object_storage() as address:
        for name, value in (
            ("AWS_ACCESS_KEY_ID", "nobody"),
            ("AWS_SECRET_ACCESS_KEY", "nothing"),
            ("AWS_REGION", "eu-west-2"),
            ("AWS_ENDPOINT_URL", address),
        ):
            monkeypatch.setenv(name, value)
        depot = open_depot("s3://copies/ledger")
        assert isinstance(depot, ObjectDepot)
        grown(tmp_path / "old", 120)
        first = back_up(tmp_path / "old", depot, KEY.verify_key, origin=ORIGIN)
        again = back_up(tmp_path / "old", depot, KEY.verify_key, origin=ORIGIN)
        assert (first.copied > 5, again.copied) == (True, 0)
        assert restore(tmp_path / "new", depot, AGAINST).is_in_place
        assert entries_of(tmp_path / "new") == entries_of(tmp_path / "old")
        depot.put("one", tmp_path / "old" / "checkpoint")
        with pytest.raises(DepotError, match="nothing-there"):
            depot.fetch("nothing-there", tmp_path / "fetched")
    started = time.monotonic()
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(DepotError):
        open_depot("s3://copies/ledger").names()
    assert time.monotonic() - started < 60


def test_a_copy_goes_on_over_a_change_of_the_signing_key(tmp_path: Path) -> None:
    folder, place, new = tmp_path / "old", tmp_path / "copies", SigningKey(bytes(32))
    grown(folder, 120)
    ledger = open_ledger(folder, segment_bytes=SMALL)
    ledger.change_key(new)
    for number in range(60):
        ledger.append(entry_about("later", number=number))
        ledger.commit()
    ledger.publish()
    ledger.close()
    for key in (KEY.verify_key, new.verify_key):
        done = back_up(folder, FolderDepot(place), key, origin=ORIGIN)
        assert done.entries == 180
        against = Against(key=key, origin=ORIGIN)
        at = tmp_path / key.public_bytes.hex()[:8]
        assert put_back(at, place, against).is_in_place


def test_no_stretch_is_longer_than_fits_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wardkeep.ledger.backup.MOST_JOINED", 1_000)
    folder, place = tmp_path / "old", tmp_path / "copies"
    for _ in range(40):
        grown_by_one(folder)
        copied(folder, place)
    manifest = newest_manifest(FolderDepot(place))
    assert manifest is not None
    lengths = [one.length for one in manifest.pieces if one.file == "checkpoints"]
    assert len(lengths) > 3
    assert max(lengths) <= 1_000
    assert put_back(tmp_path / "new", place).is_in_place


class Slow(FolderDepot):
    """A line so slow that the ledger grows by minutes while a copy is made."""

    def __init__(self, folder: Path, ledger: Ledger) -> None:
        super().__init__(folder)
        self._ledger = ledger

    def put(self, name: str, content: Path) -> None:
        super().put(name, content)
        self._goes_on()

    def put_bytes(self, name: str, content: bytes) -> None:
        super().put_bytes(name, content)
        self._goes_on()

    def _goes_on(self) -> None:
        size = self._ledger.committed_size
        minute = 60_000_000
        self._ledger.append(entry_about("p", number=size * minute))
        self._ledger.commit()
        self._ledger.publish()


def test_a_copy_that_took_an_hour_is_put_back_without_a_word_of_loss(
    tmp_path: Path,
) -> None:
    old, place = tmp_path / "old", tmp_path / "copies"
    grown(old, 300)
    ledger = open_ledger(old, segment_bytes=SMALL)
    back_up(old, Slow(place, ledger), KEY.verify_key, origin=ORIGIN)
    ledger.close()
    found = put_back(tmp_path / "new", place)
    assert (found.is_in_place, found.report.faults) == (True, [])


def test_what_is_written_beside_a_check_has_no_checkpoint_yet(tmp_path: Path) -> None:
    grown(tmp_path, 20)
    ledger = open_ledger(tmp_path, segment_bytes=10 * SMALL)

    def goes_on(_done: int, _total: int | None) -> None:
        for minute in range(5):
            size = ledger.committed_size
            ledger.append(entry_about("p", number=minute * 60_000_000 + size))
        ledger.commit()

    report = verify(tmp_path, KEY.verify_key, origin=ORIGIN, progress=goes_on)
    ledger.close()
    assert report.faults == []
