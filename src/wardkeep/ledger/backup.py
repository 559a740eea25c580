# SPDX-License-Identifier: Apache-2.0
"""Copies of the ledger, made beside a running warden; restoring.py puts them back.

Only what cannot be made anew is copied: segments, the history of checkpoints, what
witnesses signed, the changes of the key. Names carry the content's SHA-256, so nothing
is copied twice or overwritten. A copy exists when its manifest does, which is written
last: a kill at any moment leaves the copies before it whole, and the next run goes on.
"""

import hashlib
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from wardkeep.crypto.signing import VerifyKey
from wardkeep.ledger import segment
from wardkeep.ledger.checkpoint import (
    Checkpoint,
    CheckpointRefusedError,
    open_checkpoint,
)
from wardkeep.ledger.closed import (
    Closed,
    check_segment,
    closed_segments,
    index_of,
    leaves_now,
)
from wardkeep.ledger.depot import Depot, DepotError
from wardkeep.ledger.leaves import Leaves
from wardkeep.ledger.notes import last_note
from wardkeep.ledger.opening import (
    COSIGNED_NAME,
    HISTORY_NAME,
    LedgerDamagedError,
)
from wardkeep.ledger.succession import KEYS_NAME, follow

FORMAT = 1
_MANIFEST, _SUFFIX = "manifest-", ".json"
_DIGITS = 20
MOST_JOINED = 64 * 1024 * 1024
"""Bytes: no stretch is longer, so that none fills the memory."""
Progress = Callable[[str], None]


class Piece(msgspec.Struct, frozen=True):
    """A file of the ledger, or a stretch of one, and where it lies."""

    file: str
    start: int
    length: int
    name: str
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What one copy is made of; `manifest-<number of its checkpoint>.json`."""

    format: int
    origin: str
    entries: int
    """That its checkpoint covers; a few later ones may be there as well."""
    number: int
    pieces: list[Piece]


class BackedUp(msgspec.Struct, frozen=True, kw_only=True):
    """What a run did."""

    entries: int
    number: int
    copied: int
    """Files that were not there yet."""
    copied_bytes: int


def back_up(
    folder: Path,
    depot: Depot,
    key: VerifyKey,
    *,
    origin: str,
    progress: Progress = lambda _name: None,
) -> BackedUp:
    """Copy what is new since the last time, each closed segment checked first.

    Raises:
        LedgerDamagedError: the ledger is not as it was written; nothing is made of it.
        DepotError: the copies' place cannot be used.
        OSError: the same of a folder.
    """
    return _BackUp(folder, depot, key, origin, progress).run()


_NO_CHECKPOINT = (
    "it has no checkpoint yet; its warden signs the first a moment after it starts:"
    " start it, or try again"
)


class _BackUp:
    """One run, from the newest checkpoint on."""

    def __init__(
        self,
        folder: Path,
        depot: Depot,
        key: VerifyKey,
        origin: str,
        progress: Progress,
    ) -> None:
        self._folder = folder
        self._depot = depot
        self._key = key
        self._origin = origin
        self._progress = progress
        self._there = set(depot.names())
        self._before = newest_manifest(depot, names=sorted(self._there))
        self._pieces: list[Piece] = []
        self._copied = 0
        self._bytes = 0

    def run(self) -> BackedUp:
        # The checkpoint first: what is read after it has all that it covers.
        last = last_note(self._folder / HISTORY_NAME)
        if last.note is None:
            raise LedgerDamagedError(_NO_CHECKPOINT)
        newest = self._opened(last.note)
        self._refuse_others()
        self._copy_segments()
        self._copy_growing(self._folder / HISTORY_NAME, last.end)
        self._copy_whole(COSIGNED_NAME)
        self._copy_whole(KEYS_NAME)
        manifest = Manifest(
            format=FORMAT,
            origin=self._origin,
            entries=newest.size,
            number=newest.number,
            pieces=self._pieces,
        )
        self._depot.put_bytes(_name_of(newest.number), msgspec.json.encode(manifest))
        return BackedUp(
            entries=newest.size,
            number=newest.number,
            copied=self._copied,
            copied_bytes=self._bytes,
        )

    def _opened(self, note: bytes) -> Checkpoint:
        try:
            keys = follow(self._folder, self._key, origin=self._origin)
            return open_checkpoint(note.decode(), origin=self._origin, key=keys)
        except (UnicodeDecodeError, CheckpointRefusedError) as error:
            message = f"the newest checkpoint cannot be trusted: {error}"
            raise LedgerDamagedError(message) from None

    def _refuse_others(self) -> None:
        """Go on with copies of this very ledger alone; others would hide each other."""
        before = self._before
        if before is None:
            return
        if before.origin != self._origin:
            raise DepotError(f"there are copies of {before.origin}; name another place")
        path = self._folder / HISTORY_NAME
        history = [one for one in before.pieces if one.file == HISTORY_NAME]
        if history and not _is_still(path, history[-1]):
            raise LedgerDamagedError(
                f"the copies there, up to checkpoint {before.number}, are not of its"
                " past: an older ledger was put in its place. Restore from them, or"
                " copy to another place"
            )

    def _copy_segments(self) -> None:
        leaves = leaves_now(self._folder, self._key, origin=self._origin)
        if leaves is None:
            return
        closed = {
            one.path: one for one in closed_segments(self._folder, covered=leaves.size)
        }
        paths = [path for _, path in segment.segments_in(self._folder)]
        # What grows comes first: however long the rest takes, the copy's end is of the
        # second after the checkpoint that it has.
        for path in paths:
            if path not in closed:
                self._copy_growing(path, path.stat().st_size)
        for path in paths:
            if path in closed:
                self._copy_closed(closed[path], leaves)

    def _copy_closed(self, one: Closed, leaves: Leaves) -> None:
        """What was copied already is not read again."""
        known = index_of(one)
        if known is not None and self._note_known(one.path, known.sha256.hex()):
            return
        check_segment(one, leaves)
        self._keep(one.path.name, 0, one.path.read_bytes())

    def _note_known(self, path: Path, sha256: str) -> bool:
        name = _content_name(path.name, 0, sha256)
        if name not in self._there:
            return False
        length = path.stat().st_size
        self._pieces.append(Piece(path.name, 0, length, name, sha256))
        return True

    def _copy_growing(self, path: Path, end: int) -> None:
        """Of a file that only grows: what was copied before, and a stretch more.

        Stretches that are no longer than what is new are copied again as one with it,
        so that a file has few of them however often it is copied.
        """
        kept = self._stretches(path, end)
        start = kept[-1].start + kept[-1].length if kept else 0
        while kept and kept[-1].length <= end - start <= MOST_JOINED:
            start = kept.pop().start
        self._pieces += kept
        for at in range(start, end, MOST_JOINED):
            length = min(MOST_JOINED, end - at)
            self._keep(path.name, at, _read(path, at, length))

    def _stretches(self, path: Path, end: int) -> list[Piece]:
        """Those that were copied and are still so; a torn write is cut off later."""
        found: list[Piece] = []
        place = 0
        for one in self._before.pieces if self._before is not None else ():
            if one.file != path.name:
                continue
            is_next = one.start == place and one.start + one.length <= end
            # The history was looked at before, and may be far longer than a segment.
            if not is_next or (path.name != HISTORY_NAME and not _is_still(path, one)):
                break
            found.append(one)
            place += one.length
        return found

    def _copy_whole(self, name: str) -> None:
        path = self._folder / name
        if path.exists():
            self._keep(name, 0, path.read_bytes())

    def _keep(self, file: str, start: int, raw: bytes) -> None:
        sha256 = hashlib.sha256(raw).hexdigest()
        name = _content_name(file, start, sha256)
        if name not in self._there:
            self._depot.put_bytes(name, raw)
            self._copied += 1
            self._bytes += len(raw)
            self._progress(name)
        self._pieces.append(Piece(file, start, len(raw), name, sha256))


def manifests(names: Sequence[str]) -> list[str]:
    """Names of manifests, the newest first."""
    found = [one for one in names if one.startswith(_MANIFEST)]
    return sorted(found, reverse=True)


def newest_manifest(
    depot: Depot, *, names: Sequence[str] | None = None
) -> Manifest | None:
    """What the newest whole copy is made of; None where there is none.

    Raises:
        DepotError: it cannot be read.
    """
    for name in manifests(depot.names() if names is None else names):
        with tempfile.TemporaryDirectory() as beside:
            into = Path(beside) / name
            depot.fetch(name, into)
            return _read_manifest(name, into.read_bytes())
    return None


def _read_manifest(name: str, raw: bytes) -> Manifest:
    try:
        found = msgspec.json.decode(raw, type=Manifest)
    except msgspec.DecodeError as error:
        raise DepotError(f"{name} is damaged: {error}") from None
    if found.format != FORMAT:
        raise DepotError(f"{name} was made by another version of Wardkeep")
    return found


def _read(path: Path, start: int, length: int) -> bytes:
    with path.open("rb") as file:
        file.seek(start)
        return file.read(length)


def _is_still(path: Path, piece: Piece) -> bool:
    """Whether the file has there what was copied."""
    raw = _read(path, piece.start, piece.length)
    return hashlib.sha256(raw).hexdigest() == piece.sha256


def _name_of(number: int) -> str:
    return f"{_MANIFEST}{number:0{_DIGITS}d}{_SUFFIX}"


def _content_name(file: str, start: int, sha256: str) -> str:
    return f"{file}.{start}.{sha256[:32]}"
