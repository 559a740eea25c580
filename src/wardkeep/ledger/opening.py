# SPDX-License-Identifier: Apache-2.0
"""Opening a ledger: every segment is read and checked; only a torn end is mended."""

from array import array
from pathlib import Path

import msgspec

from wardkeep.crypto.signing import VerifyKey
from wardkeep.ledger import segment
from wardkeep.ledger.checkpoint import (
    Checkpoint,
    CheckpointRefusedError,
    open_checkpoint,
)
from wardkeep.ledger.entry import EntryDamagedError, decode
from wardkeep.ledger.index import EntryIndex
from wardkeep.ledger.merkle import MerkleTree, leaf_hash
from wardkeep.ledger.segment import Frame, FrameFault
from wardkeep.ledger.succession import follow

CHECKPOINT_NAME = "checkpoint"
HISTORY_NAME = "checkpoints"
COSIGNED_NAME = "cosigned"
NOTE_LINES = 7
"""A note's six lines and the empty one behind it."""
_LINE_FEED = 10


class LedgerDamagedError(Exception):
    """What was acknowledged is not as it was written; the message names the place.

    `wardkeep ledger verify` tells every place.
    """


class FullTile(msgspec.Struct, frozen=True):
    """A tile that filled up while reading."""

    level: int
    index: int
    hashes: bytes


class Opened(msgspec.Struct, kw_only=True):
    """What a folder held."""

    segments: list[tuple[int, Path]]
    offsets: "array[int]"
    index: EntryIndex
    tree: MerkleTree
    tiles: list[FullTile]
    """Full tiles in the order they filled up."""
    unbundled: list[bytes]
    """Entries since the last full bundle that the newest checkpoint covers."""
    chain: bytes
    torn: list[Path]
    newest: Checkpoint | None


def open_folder(folder: Path, *, origin: str, key: VerifyKey) -> Opened:
    """Read a ledger's folder.

    Raises:
        LedgerDamagedError: with the first place that is not as written.
    """
    newest = _newest_checkpoint(folder, origin=origin, key=key)
    tiles: list[FullTile] = []
    opened = Opened(
        segments=[],
        offsets=array("Q"),
        index=EntryIndex(),
        tree=MerkleTree(lambda *tile: tiles.append(FullTile(*tile))),
        tiles=tiles,
        unbundled=[],
        chain=segment.FIRST_CHAIN,
        torn=[],
        newest=newest,
    )
    reader = _Reader(opened)
    found = segment.segments_in(folder)
    for place, (first, path) in enumerate(found):
        reader.read_segment(path, first=first, is_last=place == len(found) - 1)
    _refuse_rollback(opened)
    return opened


class _Reader:
    """Reads segments one after the other into `Opened`."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened
        newest = opened.newest
        self._expected = newest
        covered = newest.size if newest else 0
        self._unbundled_from = covered - covered % 256

    def read_segment(self, path: Path, *, first: int, is_last: bool) -> None:
        raw = path.read_bytes()
        header = segment.read_header(raw)
        if header is None:
            if is_last and len(raw) < segment.HEADER_BYTES:
                self._set_aside(path, raw, 0)
                return
            raise LedgerDamagedError(f"{path.name}: it has no segment's header")
        opened = self._opened
        if header.first_index != first or first != len(opened.offsets):
            message = f"{path.name}: entry {len(opened.offsets)} should come next"
            raise LedgerDamagedError(message)
        if header.chain_before != opened.chain:
            message = f"{path.name}: it does not continue the segment before"
            raise LedgerDamagedError(message)
        opened.segments.append((first, path))
        for found in segment.read_frames(raw):
            if isinstance(found, FrameFault):
                self._fault(path, raw, found, is_last=is_last)
            else:
                self._take(path, found)

    def _fault(
        self, path: Path, raw: bytes, fault: FrameFault, *, is_last: bool
    ) -> None:
        if is_last and fault.is_torn:
            self._set_aside(path, raw, fault.offset)
            return
        message = f"{path.name}: offset {fault.offset}: {fault.wrong}"
        raise LedgerDamagedError(message)

    def _set_aside(self, path: Path, raw: bytes, offset: int) -> None:
        """Move a torn write, which nobody was told of, out of the segment."""
        torn = path.with_name(f"{path.stem}-{offset}.torn")
        torn.write_bytes(raw[offset:])
        torn.chmod(0o600)
        if offset:
            with path.open("r+b") as file:
                file.truncate(offset)
        else:
            path.unlink()
        self._opened.torn.append(torn)

    def _take(self, path: Path, frame: Frame) -> None:
        opened = self._opened
        position = len(opened.offsets)
        chain = segment.next_chain(opened.chain, frame.entry)
        where = f"{path.name}: offset {frame.offset}: entry {position}"
        if chain != frame.chain:
            raise LedgerDamagedError(f"{where} is not as it was written")
        try:
            entry = decode(frame.entry)
        except EntryDamagedError:
            raise LedgerDamagedError(f"{where} is no entry") from None
        opened.chain = chain
        opened.offsets.append(frame.offset)
        opened.index.add(position, entry)
        opened.tree.append(leaf_hash(frame.entry))
        if position >= self._unbundled_from:
            opened.unbundled.append(frame.entry)
        expected = self._expected
        is_covered = expected is not None and position + 1 == expected.size
        if is_covered and expected and opened.tree.root() != expected.root:
            message = f"the entries up to {position} do not fit the checkpoint"
            raise LedgerDamagedError(message)


def _newest_checkpoint(
    folder: Path, *, origin: str, key: VerifyKey
) -> Checkpoint | None:
    """The newest of the two places: a kill may come between writing them."""
    try:
        key = follow(folder, key, origin=origin)
    except CheckpointRefusedError as error:
        raise LedgerDamagedError(str(error)) from None
    notes = [_last_of_history(folder / HISTORY_NAME)]
    path = folder / CHECKPOINT_NAME
    if path.exists():
        notes.append(path.read_bytes())
    found = [
        _open_note(note, origin=origin, key=key) for note in notes if note is not None
    ]
    return max(found, key=lambda one: one.number, default=None)


def _open_note(note: bytes, *, origin: str, key: VerifyKey) -> Checkpoint:
    try:
        return open_checkpoint(note.decode(), origin=origin, key=key)
    except (UnicodeDecodeError, CheckpointRefusedError) as error:
        message = f"the newest checkpoint cannot be trusted: {error}"
        raise LedgerDamagedError(message) from None


def _last_of_history(path: Path) -> bytes | None:
    """The last whole note; a torn one behind it is cut off."""
    if not path.exists():
        return None
    raw = path.read_bytes()
    end = whole_notes_end(raw)
    if end < len(raw):
        with path.open("r+b") as file:
            file.truncate(end)
    notes = notes_of(raw[:end])
    return notes[-1] if notes else None


def notes_of(raw: bytes) -> list[bytes]:
    """The notes of a history file: seven lines each, the last one empty."""
    lines = raw.split(b"\n")[:-1]
    return [
        b"\n".join(lines[at : at + NOTE_LINES - 1]) + b"\n"
        for at in range(0, len(lines), NOTE_LINES)
    ]


def whole_notes_end(raw: bytes) -> int:
    """Where the last whole note ends."""
    ends = [place for place, byte in enumerate(raw) if byte == _LINE_FEED]
    whole = len(ends) - len(ends) % NOTE_LINES
    return ends[whole - 1] + 1 if whole else 0


def _refuse_rollback(opened: Opened) -> None:
    newest = opened.newest
    if newest is not None and newest.size > len(opened.offsets):
        message = (
            f"the newest checkpoint covers {newest.size} entries and there are"
            f" {len(opened.offsets)}: the end was cut off, or an older copy put back"
        )
        raise LedgerDamagedError(message)
