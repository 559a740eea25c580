# SPDX-License-Identifier: Apache-2.0
"""The verifier: needs the files and a public key, and nothing of the server.

It reads every segment, rebuilds the tree, and holds every checkpoint, tile and bundle
against it. Each difference is named with its file, place and entry. Where nothing is
signed, nothing is proven: who owns the machine can write segments, and no checkpoint.
"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import msgspec

from wardkeep.base.note_keys import LOG, NoteKey
from wardkeep.crypto.signing import VerifyKey
from wardkeep.ledger import segment
from wardkeep.ledger.checkpoint import (
    Checkpoint,
    CheckpointRefusedError,
    checkpoint_number,
    open_checkpoint,
)
from wardkeep.ledger.cosignature import (
    NoteRefusedError,
    cosigned_at,
    is_signed_by,
    read_signed_note,
)
from wardkeep.ledger.entry import EntryDamagedError, decode
from wardkeep.ledger.history import History, Placed
from wardkeep.ledger.merkle import HASH_BYTES, TILE_WIDTH, MerkleTree, leaf_hash
from wardkeep.ledger.opening import (
    CHECKPOINT_NAME,
    COSIGNED_NAME,
    HISTORY_NAME,
)
from wardkeep.ledger.segment import Frame, FrameFault
from wardkeep.ledger.succession import KEYS_NAME, follow
from wardkeep.ledger.tiles import bundle, tile_path, unbundle

Progress = Callable[[int, int | None], None]
_EACH = 10_000
LONGEST_UNSIGNED = 60.0
"""Seconds of entries without a checkpoint, of which there is one a second. More, and a
disk refused them, or somebody took some away to change what they cover."""
SEEN = "the witness's checkpoint"
"""What faults call the one that was given beside the folder."""


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One difference: where, and what is wrong there."""

    file: str
    place: str
    wrong: str

    def __str__(self) -> str:
        place = f", {self.place}" if self.place else ""
        return f"{self.file}{place}: {self.wrong}"


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What a witness saw."""

    witness: str
    entries: int
    at: int
    """POSIX seconds."""


class _Vouched(NamedTuple):
    """A root that somebody signed, and where that is written."""

    file: str
    place: str
    size: int
    root: bytes


class VerifyReport(msgspec.Struct, kw_only=True):
    """What the verifier found."""

    entries: int = 0
    checkpoints: int = 0
    covered: int = 0
    """Entries that the newest checkpoint covers."""
    root: str = ""
    seen: list[Seen] = msgspec.field(default_factory=list)
    faults: list[Fault] = msgspec.field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        return not self.faults

    @property
    def summary(self) -> str:
        """One line for people."""
        counted = f"{self.entries:,} entries, {self.checkpoints:,} checkpoints"
        if self.faults:
            return f"NOT WHOLE: {len(self.faults)} faults in {counted}."
        rest = self.entries - self.covered
        tail = f"; {rest:,} entries wait for their first checkpoint" if rest else ""
        seen = "".join(
            f" {one.witness} saw the first {one.entries:,} at"
            f" {datetime.fromtimestamp(one.at, UTC):%Y-%m-%d %H:%M:%S} UTC."
            for one in self.seen
        )
        return f"Whole: {counted}{tail}. Root {self.root}.{seen}"


def verify(
    folder: Path,
    key: VerifyKey,
    *,
    origin: str,
    witnesses: Sequence[NoteKey] = (),
    seen: str = "",
    progress: Progress = lambda _done, _total: None,
) -> VerifyReport:
    """Check a ledger's folder; every fault is in the report.

    `seen` is a checkpoint as a witness has it. Without it a folder that was put back
    as a whole cannot be told from the newest: its own files agree with each other.
    """
    check = _Check(folder, key, origin=origin, progress=progress)
    check.note_ends()
    return _checked(check, witnesses, seen)


def verify_copy(
    folder: Path,
    key: VerifyKey,
    *,
    origin: str,
    witnesses: Sequence[NoteKey] = (),
    seen: str = "",
) -> VerifyReport:
    """The same of what was copied beside a running warden.

    Its end may be minutes without a checkpoint: those that the copying took.
    """
    check = _Check(folder, key, origin=origin, progress=lambda _done, _total: None)
    return _checked(check, witnesses, seen)


def _checked(check: "_Check", witnesses: Sequence[NoteKey], seen: str) -> VerifyReport:
    check.follow_keys()
    check.read_checkpoints()
    check.read_cosigned(witnesses, seen)
    check.read_segments()
    check.compare_ends()
    return check.report


class _Check:
    def __init__(
        self, folder: Path, key: VerifyKey, *, origin: str, progress: Progress
    ) -> None:
        self._folder = folder
        self._key = key
        self._origin = origin
        self._progress = progress
        self._tree = MerkleTree(self._compare_tile)
        self._by_size: dict[int, list[_Vouched]] = {}
        self._bundle: list[bytes] = []
        self._largest = 0
        self._history = History(folder / HISTORY_NAME, origin=origin)
        self._beside = self._history.again()
        self._next: Placed | None = None
        self._is_signed = False
        self._ends: dict[Path, int] = {}
        """How long each segment was before a checkpoint was read: what a warden that
        runs writes beside a check has none yet."""
        self._unsigned: tuple[float, float] | None = None
        """Seconds since 1970 of the first and last entry that no checkpoint covers."""
        self.report = VerifyReport()

    def _fault(self, file: Path | str, place: str, wrong: str) -> None:
        name = file if isinstance(file, str) else str(file.relative_to(self._folder))
        self.report.faults.append(Fault(file=name, place=place, wrong=wrong))

    # Checkpoints

    def note_ends(self) -> None:
        """How far there should be a checkpoint."""
        found = segment.segments_in(self._folder)
        self._ends = {path: path.stat().st_size for _, path in found}

    def follow_keys(self) -> None:
        """Know every key that the ledger ever signed with."""
        try:
            self._key = follow(self._folder, self._key, origin=self._origin)
        except CheckpointRefusedError as error:
            self._fault(KEYS_NAME, "", str(error))

    def read_checkpoints(self) -> None:
        """Read the history once: whoever signed each, and how far the newest reaches.

        What is in order is held against the entries when it is read again beside them,
        so that a history of millions takes no more memory than one of ten.
        """
        path = self._history.path
        if self._history.is_cut_short:
            self._fault(path, "its end", "the last checkpoint is cut short")
        count, is_in_order = 0, True
        for place, note in self._history.notes():
            found = self._read_note(path, f"checkpoint {place}", note)
            if found is None or found.size < self._largest:
                self._history.leave_out(place)
            if found is None:
                continue
            if found.size < self._largest:
                self._vouch(_vouched(place, found))
            is_in_order = is_in_order and found.number == count
            count += 1
            self._largest = max(self._largest, found.size)
        if not is_in_order:
            self._fault(path, "", "a checkpoint was dropped, added or moved")
        self._beside = self._history.again()
        self._next = next(self._beside, None)
        self._compare_newest(count)
        self.report.checkpoints = count

    def _compare_newest(self, count: int) -> None:
        newest = self._folder / CHECKPOINT_NAME
        if not newest.exists():
            if count:
                self._fault(newest, "", "the newest checkpoint is missing")
            return
        found = self._read_note(newest, "", newest.read_bytes())
        if found is None:
            return
        if found.number != count - 1:
            self._fault(newest, "", "it is not the last checkpoint of the history")
        self._vouch(_Vouched(CHECKPOINT_NAME, "", found.size, found.root))
        self._largest = max(self._largest, found.size)

    def _read_note(self, file: Path, place: str, note: bytes) -> Checkpoint | None:
        try:
            found = open_checkpoint(note.decode(), origin=self._origin, key=self._key)
        except UnicodeDecodeError:
            self._fault(file, place, "it is not UTF-8")
            return None
        except CheckpointRefusedError as error:
            self._fault(file, place, str(error))
            return None
        self._is_signed = True
        return found

    def _vouch(self, found: _Vouched) -> None:
        self._by_size.setdefault(found.size, []).append(found)

    # Witnesses

    def read_cosigned(self, witnesses: Sequence[NoteKey], seen: str) -> None:
        """Hold the ledger against what the witnesses signed."""
        kept = self._folder / COSIGNED_NAME
        own = kept.read_bytes().decode(errors="replace") if kept.exists() else ""
        for file, note in ((COSIGNED_NAME, own), (SEEN, seen)):
            if note:
                self._read_cosigned(file, note, witnesses)
        missing = [
            one
            for one in witnesses
            if one.name not in {found.witness for found in self.report.seen}
        ]
        for one in missing:
            self._fault(COSIGNED_NAME, "", f"{one.name} signed no checkpoint here")

    def _read_cosigned(
        self, file: str, note: str, witnesses: Sequence[NoteKey]
    ) -> None:
        try:
            found = read_signed_note(note)
        except NoteRefusedError as error:
            self._fault(file, "", str(error))
            return
        key = self._key.at(checkpoint_number(found.text))
        log = NoteKey(name=self._origin, kind=LOG, public_bytes=key.public_bytes)
        if not is_signed_by(found, log):
            self._fault(file, "", "this ledger's key did not sign it")
            return
        by = [(one.name, cosigned_at(found, one)) for one in witnesses]
        if file == SEEN and not any(at is not None for _, at in by):
            self._fault(file, "", "no witness that you named signed it")
        size = found.head.size
        for name, at in by:
            saw = Seen(witness=name, entries=size, at=at or 0)
            if at is not None and saw not in self.report.seen:
                self.report.seen.append(saw)
        self._vouch(_Vouched(file, "", size, found.head.root))

    # Segments

    def read_segments(self) -> None:
        chain = segment.FIRST_CHAIN
        segments = segment.segments_in(self._folder)
        for place, (first, path) in enumerate(segments):
            is_last = place == len(segments) - 1
            chain = self._read_segment(path, first, chain, is_last=is_last)
        self.report.entries = self._tree.size
        self.report.root = self._tree.root().hex()
        self._progress(self._tree.size, self._tree.size)

    def _read_segment(
        self, path: Path, first: int, chain: bytes, *, is_last: bool
    ) -> bytes:
        raw = path.read_bytes()
        header = segment.read_header(raw)
        if header is None:
            self._fault(path, "offset 0", "it has no segment's header")
            return chain
        if header.first_index != first or first != self._tree.size:
            wrong = f"it begins at entry {header.first_index}, not {self._tree.size}"
            self._fault(path, "offset 0", wrong)
        if header.chain_before != chain:
            self._fault(path, "offset 0", "it does not continue the one before")
            chain = header.chain_before
        for found in segment.read_frames(raw):
            if isinstance(found, FrameFault):
                self._frame_fault(path, found, is_last=is_last)
            else:
                chain = self._read_frame(path, found, chain)
        return chain

    def _frame_fault(self, path: Path, found: FrameFault, *, is_last: bool) -> None:
        torn = " (a write cut short, if nobody was told)" if is_last else ""
        place = f"offset {found.offset}, entry {self._tree.size}"
        self._fault(path, place, found.wrong + (torn if found.is_torn else ""))

    def _read_frame(self, path: Path, frame: Frame, chain: bytes) -> bytes:
        position = self._tree.size
        place = f"offset {frame.offset}, entry {position}"
        if segment.next_chain(chain, frame.entry) != frame.chain:
            wrong = "the entry was changed, dropped, added or moved here"
            self._fault(path, place, wrong)
        try:
            entry = decode(frame.entry)
        except EntryDamagedError:
            self._fault(path, place, "it is no entry")
        else:
            is_old = frame.offset < self._ends.get(path, 0)
            if is_old and position >= self._largest:
                self._note_unsigned(entry.at / 1e6)
        self._tree.append(leaf_hash(frame.entry))
        self._bundle.append(frame.entry)
        if len(self._bundle) == TILE_WIDTH:
            self._compare_bundle(position // TILE_WIDTH, 0)
            self._bundle = []
        self._compare_root()
        if self._tree.size == self._largest:
            self._compare_edge()
        if position % _EACH == 0:
            self._progress(position, None)
        return frame.chain

    def _note_unsigned(self, at: float) -> None:
        first, last = self._unsigned or (at, at)
        self._unsigned = min(first, at), max(last, at)

    def _compare_root(self) -> None:
        size = self._tree.size
        covered = self._by_size.pop(size, ())
        for one in itertools.chain(covered, self._covering(up_to=size)):
            if one.size and one.root != self._tree.root():
                wrong = f"the first {one.size} entries do not have its root"
                self._fault(one.file, one.place, wrong)

    def _covering(self, *, up_to: int | None = None) -> Iterator[_Vouched]:
        """The next checkpoints of the history, of so many entries or of any more."""
        while self._next and (up_to is None or self._next.found.size <= up_to):
            found, self._next = self._next, next(self._beside, None)
            yield _vouched(found.place, found.found)

    # Tiles and bundles

    def _compare_tile(self, level: int, index: int, hashes: bytes) -> None:
        if ((index + 1) << (8 * (level + 1))) <= self._largest:
            self._compare_hashes(level, index, hashes, width=0)

    def _compare_hashes(
        self, level: int, index: int, hashes: bytes, *, width: int
    ) -> None:
        path = tile_path(self._folder, level, index, width)
        if not path.exists():
            self._fault(path, "", "the tile is missing")
            return
        stored = path.read_bytes()
        if stored == hashes:
            return
        at = next(
            at
            for at in range(0, max(len(hashes), len(stored)), HASH_BYTES)
            if stored[at : at + HASH_BYTES] != hashes[at : at + HASH_BYTES]
        )
        first = (index * TILE_WIDTH + at // HASH_BYTES) << (8 * level)
        wrong = f"its hash of entry {first} on differs from the segments"
        self._fault(path, f"offset {at}", wrong)

    def _compare_bundle(self, index: int, width: int) -> None:
        if index * TILE_WIDTH + (width or TILE_WIDTH) > self._largest:
            return
        path = tile_path(self._folder, "entries", index, width)
        if not path.exists():
            self._fault(path, "", "the bundle is missing")
            return
        stored, entries = path.read_bytes(), self._bundle[: width or TILE_WIDTH]
        if stored == bundle(entries):
            return
        first = _first_difference(unbundle(stored), entries)
        place = f"entry {index * TILE_WIDTH + first}"
        self._fault(path, place, "it differs from the segments")

    # The ends

    def compare_ends(self) -> None:
        """What the newest checkpoint vouches for must be there, whole."""
        size = self._tree.size
        self.report.covered = min(self._largest, size)
        self._look_for_a_signature()
        for one in itertools.chain(self._covering(), *self._by_size.values()):
            if one.size == 0:
                continue
            wrong = (
                f"it covers {one.size} entries and there are {size}:"
                " the end was cut off, or an older copy put back"
            )
            self._fault(one.file, one.place, wrong)
        if not self._history.is_the_same:
            self._fault(self._history.path, "", "it was changed while it was read")
        if size < self._largest:
            self._compare_lost_edge()

    def _look_for_a_signature(self) -> None:
        """The first one comes a second after the first entry; without it, all is said.

        So it is with what follows the newest: a warden signs what it has each second.
        """
        if not self._is_signed:
            wrong = "no checkpoint here is signed by this key, so nothing is proven"
            self._fault(CHECKPOINT_NAME, "", wrong)
        elif self._unsigned is not None:
            first, last = self._unsigned
            if last - first > LONGEST_UNSIGNED:
                many = self._tree.size - self._largest
                wrong = f"the last {many} entries have none, over {last - first:.0f} s"
                self._fault(HISTORY_NAME, "its end", wrong)

    def _compare_lost_edge(self) -> None:
        """Entries are missing: the first tile that differs tells from where on."""
        index, width = divmod(self._largest, TILE_WIDTH)
        for level, at, hashes in self._tree.partial_tiles():
            if (level, at) == (0, index):
                self._compare_hashes(level, index, hashes, width=width)

    def _compare_edge(self) -> None:
        """The partial tiles and bundle that stand beside the newest checkpoint."""
        for level, index, hashes in self._tree.partial_tiles():
            width = len(hashes) // HASH_BYTES
            self._compare_hashes(level, index, hashes, width=width)
        if self._bundle:
            self._compare_bundle(self._tree.size // TILE_WIDTH, len(self._bundle))


def _vouched(place: int, found: Checkpoint) -> _Vouched:
    return _Vouched(HISTORY_NAME, f"checkpoint {place}", found.size, found.root)


def _first_difference(stored: Iterator[bytes], entries: list[bytes]) -> int:
    for place, entry in enumerate(entries):
        if next(stored, None) != entry:
            return place
    return len(entries)
