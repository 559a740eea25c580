# SPDX-License-Identifier: Apache-2.0
"""Opening a ledger: quickly by its signed tree, or thoroughly by reading everything.

Quickly: the tree's right edge must have the root of the newest checkpoint; closed
segments are known by their index files, and must follow one another; the last segment
is read whole, and each entry held against the chain and the signed tree. Where the
tiles do not serve that, everything is read, and what is missing beside the segments is
made anew. Only a torn end is mended; docs/formats/ledger.md says what a start checks.
"""

import hashlib
from pathlib import Path

import msgspec

from wardkeep.crypto.signing import VerifyKey
from wardkeep.ledger import segment
from wardkeep.ledger.checkpoint import (
    Checkpoint,
    CheckpointRefusedError,
    open_checkpoint,
)
from wardkeep.ledger.entry import Entry, EntryDamagedError, decode
from wardkeep.ledger.leaves import LeafDiffersError, Leaves, TilesDifferError
from wardkeep.ledger.merkle import TILE_WIDTH, MerkleTree, leaf_hash
from wardkeep.ledger.notes import last_note
from wardkeep.ledger.parts import GrowingPart, Parts, StoredPart
from wardkeep.ledger.remaking import FullTile, Remaker
from wardkeep.ledger.segment import Frame, FrameFault
from wardkeep.ledger.segment_index import (
    IndexHeader,
    StoredIndex,
    index_bytes,
    index_path,
    open_index,
)
from wardkeep.ledger.succession import follow
from wardkeep.ledger.tiles import write_file

CHECKPOINT_NAME = "checkpoint"
HISTORY_NAME = "checkpoints"
COSIGNED_NAME = "cosigned"


class LedgerDamagedError(Exception):
    """What was acknowledged is not as it was written; the message names the place.

    `wardkeep ledger verify` tells every place.
    """


class Opened(msgspec.Struct, kw_only=True):
    """What a folder held."""

    parts: Parts
    tree: MerkleTree
    tiles: list[FullTile]
    """Full tiles that are not on the disk, in the order they filled up."""
    unbundled: list[bytes]
    """Entries since the last full bundle that the newest checkpoint covers."""
    chain: bytes
    torn: list[Path]
    newest: Checkpoint | None
    leaves: Leaves | None
    """What entries of segments that were not read are held against."""
    is_unsigned: bool = False
    """There are entries, and no checkpoint that covers one."""
    why_thorough: str = ""
    """Why everything was read; empty where that was not needed."""


def open_folder(folder: Path, *, origin: str, key: VerifyKey) -> Opened:
    """Open a ledger's folder.

    Raises:
        LedgerDamagedError: with the first place that is not as written.
    """
    _cut_back_history(folder / HISTORY_NAME)
    newest = newest_checkpoint(folder, origin=origin, key=key)
    if newest is None or newest.size == 0:
        begun = _Reader(folder, newest, None).read()
        begun.is_unsigned = bool(begun.parts.entries)
        return begun
    torn: list[Path] = []
    try:
        quick = _Reader(folder, newest, Leaves(folder, newest))
        torn = quick.torn
        return quick.read()
    except TilesDifferError as error:
        opened = _Reader(folder, newest, None).read()
        opened.torn[:0] = torn
        opened.why_thorough = str(error)
        return opened


class _Reader:
    """Reads segments one after the other into `Opened`."""

    def __init__(
        self, folder: Path, newest: Checkpoint | None, leaves: Leaves | None
    ) -> None:
        self._folder = folder
        self._leaves = leaves
        self._covered = newest.size if newest else 0
        self._remaker = Remaker(folder, covered=self._covered)
        store = self._remaker.store
        self._opened = Opened(
            parts=Parts(),
            tree=MerkleTree(store) if leaves is None else leaves.tree(store),
            tiles=self._remaker.tiles,
            unbundled=[],
            chain=segment.FIRST_CHAIN,
            torn=[],
            newest=newest,
            leaves=leaves,
        )

        self.torn = self._opened.torn

    def read(self) -> Opened:
        opened = self._opened
        found = segment.segments_in(self._folder)
        for place, (first, path) in enumerate(found):
            if place == len(found) - 1:
                self._read_segment(path, first, is_last=True)
            elif not self._take_indexed(path, first):
                self._read_segment(path, first, is_last=False)
        _refuse_rollback(opened)
        self._read_unbundled()
        return opened

    def _take_indexed(self, path: Path, first: int) -> bool:
        """Pass a closed segment over, if its index fits it and what came before."""
        index = None if self._leaves is None else open_index(index_path(path))
        if index is None or not self._fits(index, path, first):
            return False
        self._opened.parts.add(StoredPart(path, index))
        self._opened.chain = index.header.chain_end
        return True

    def _fits(self, index: StoredIndex, path: Path, first: int) -> bool:
        told = index.header
        with path.open("rb") as file:
            header = segment.read_header(file.read(segment.HEADER_BYTES))
        return (
            header is not None
            and told.first == first == header.first_index == self._opened.parts.entries
            and told.chain_before == header.chain_before == self._opened.chain
            and told.segment_bytes == path.stat().st_size
            and first + told.entries <= self._covered
        )

    def _read_segment(self, path: Path, first: int, *, is_last: bool) -> None:
        raw = path.read_bytes()
        header = segment.read_header(raw)
        if header is None:
            if is_last and len(raw) < segment.HEADER_BYTES:
                self._set_aside(path, raw, 0)
                return
            raise LedgerDamagedError(f"{path.name}: it has no segment's header")
        opened = self._opened
        if header.first_index != first or first != opened.parts.entries:
            message = f"{path.name}: entry {opened.parts.entries} should come next"
            raise LedgerDamagedError(message)
        if header.chain_before != opened.chain:
            message = f"{path.name}: it does not continue the segment before"
            raise LedgerDamagedError(message)
        part = GrowingPart(first, path)
        opened.parts.add(part)
        for found in segment.read_frames(raw):
            if isinstance(found, FrameFault):
                self._fault(path, raw, found, is_last=is_last)
            else:
                self._take(part, found)
        if not is_last and part.first + part.entries <= self._covered:
            keep_index(part, raw, header.chain_before, opened.chain)
            _use_index(opened.parts, part)

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

    def _take(self, part: GrowingPart, frame: Frame) -> None:
        opened = self._opened
        position = part.first + part.entries
        where = f"{part.path.name}: offset {frame.offset}: entry {position}"
        opened.chain, entry = checked_entry(frame, opened.chain, where=where)
        part.add(frame.offset, entry)
        if self._leaves is not None and position < self._covered:
            hold_against(self._leaves, position, frame.entry, where=where)
        else:
            self._grow(position, frame.entry)

    def _grow(self, position: int, raw: bytes) -> None:
        opened = self._opened
        opened.tree.append(leaf_hash(raw))
        if position >= self._covered:
            return
        self._remaker.bundle(raw)
        if position + 1 != self._covered or opened.newest is None:
            return
        if opened.tree.root() != opened.newest.root:
            message = f"the entries up to {position} do not fit the checkpoint"
            raise LedgerDamagedError(message)
        self._remaker.close_edge(opened.tree)

    def _read_unbundled(self) -> None:
        """The entries that go into the next bundle; some may lie in closed segments."""
        opened = self._opened
        for position in range(
            self._covered - self._covered % TILE_WIDTH, opened.parts.entries
        ):
            raw = opened.parts.entry_bytes(position)
            if self._leaves is not None and position < self._covered:
                where = f"entry {position}"
                hold_against(self._leaves, position, raw, where=where)
            opened.unbundled.append(raw)


def checked_entry(frame: Frame, before: bytes, *, where: str) -> tuple[bytes, Entry]:
    """The chain up to a frame, and its entry.

    Raises:
        LedgerDamagedError: it does not continue the chain `before`, or is no entry.
    """
    chain = segment.next_chain(before, frame.entry)
    if chain != frame.chain:
        raise LedgerDamagedError(f"{where} is not as it was written")
    try:
        return chain, decode(frame.entry)
    except EntryDamagedError:
        raise LedgerDamagedError(f"{where} is no entry") from None


def hold_against(leaves: Leaves, position: int, raw: bytes, *, where: str) -> None:
    """Refuse an entry that the signed tree does not have at its place.

    Raises:
        LedgerDamagedError: it has another one there.
    """
    try:
        leaves.check(position, raw)
    except LeafDiffersError:
        message = f"{where} does not fit the checkpoint"
        raise LedgerDamagedError(message) from None


def keep_index(
    part: GrowingPart, raw: bytes, chain_before: bytes, chain_end: bytes
) -> None:
    """Write the index of a closed segment that was read and fits."""
    made = made_index(part, raw, chain_before, chain_end)
    # The index is a help: a disk that refuses it costs speed and nothing else.
    try:
        write_file(index_path(part.path), made)
    except OSError:
        return


def made_index(
    part: GrowingPart, raw: bytes, chain_before: bytes, chain_end: bytes
) -> bytes:
    """What the index of a segment that was read has to be."""
    header = IndexHeader(
        first=part.first,
        entries=part.entries,
        segment_bytes=len(raw),
        sha256=hashlib.sha256(raw).digest(),
        chain_before=chain_before,
        chain_end=chain_end,
        latest=part.index.latest,
        postings=sum(map(len, part.index.postings.values())),
        erased=part.index.erased,
    )
    return index_bytes(header, part.index, part.offsets)


def _use_index(parts: Parts, part: GrowingPart) -> None:
    index = open_index(index_path(part.path))
    if index is not None:
        parts.replace(StoredPart(part.path, index))


def _cut_back_history(path: Path) -> None:
    """Cut a torn note off; the one that writes is we."""
    last = last_note(path)
    if last.end < last.size:
        with path.open("r+b") as file:
            file.truncate(last.end)


def newest_checkpoint(
    folder: Path, *, origin: str, key: VerifyKey
) -> Checkpoint | None:
    """The newest of the two places: a kill may come between writing them.

    Raises:
        LedgerDamagedError: one of them is not signed by this key.
    """
    try:
        key = follow(folder, key, origin=origin)
    except CheckpointRefusedError as error:
        raise LedgerDamagedError(str(error)) from None
    notes = [last_note(folder / HISTORY_NAME).note]
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


def _refuse_rollback(opened: Opened) -> None:
    newest, entries = opened.newest, opened.parts.entries
    if newest is not None and newest.size > entries:
        message = (
            f"the newest checkpoint covers {newest.size} entries and there are"
            f" {entries}: the end was cut off, or an older copy put back"
        )
        raise LedgerDamagedError(message)
