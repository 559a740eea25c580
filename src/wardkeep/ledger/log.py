# SPDX-License-Identifier: Apache-2.0
"""The ledger itself: append, commit, publish; one writer.

`append` holds entries back, `commit` puts all of them on the disk with one write and
one fdatasync, and only then may anyone be told of them. `publish` signs a checkpoint
and writes tiles behind that. What was committed survives any kill; what was not is
gone as if it had not been asked.
"""

import contextlib
import fcntl
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from wardkeep.base.clock import Clock
from wardkeep.base.ids import EntryIndex as Position
from wardkeep.crypto.signing import SigningKey, VerifyKey
from wardkeep.ledger import segment
from wardkeep.ledger.checkpoint import Checkpoint, sign
from wardkeep.ledger.entry import Entry, decode, encode
from wardkeep.ledger.index import EntryIndex
from wardkeep.ledger.merkle import Prover
from wardkeep.ledger.opening import (
    COSIGNED_NAME,
    Opened,
    hold_against,
    open_folder,
)
from wardkeep.ledger.parts import GrowingPart, StoredPart
from wardkeep.ledger.publishing import (
    Breathe,
    Continued,
    Publisher,
    hold_breath,
)
from wardkeep.ledger.segment_index import index_path, open_index
from wardkeep.ledger.tiles import sync_folder, write_all, write_file

SEGMENT_BYTES = 64 * 1024 * 1024
LOCK_NAME = "lock"
MOST_SET_BACK = 1_000
"""Entries that were written while the clock was set back, and then put right."""


class LedgerCannotWriteError(Exception):
    """The disk refused. Nothing of this commit is in the ledger; try again later."""


class LedgerInUseError(Exception):
    """Another process has this ledger open; there is one writer."""


class Ledger:
    """One folder of segments, tiles and checkpoints."""

    def __init__(
        self,
        folder: Path,
        opened: Opened,
        *,
        publisher: Publisher,
        lock: int,
        segment_bytes: int,
    ) -> None:
        """Use `Ledger.open`."""
        self._folder = folder
        self._parts = opened.parts
        self._leaves = opened.leaves
        self._read_from = opened.parts.read_from
        self._tree = opened.tree
        self._publisher = publisher
        self._chain = opened.chain
        self._lock = lock
        self._segment_bytes = segment_bytes
        self._pending: list[tuple[bytes, Entry]] = []
        self._next = 0
        """The index of the first that waits."""
        self._file = -1
        self._end = 0
        self._is_end_known = False
        self.torn = opened.torn
        """Files into which torn last writes were moved when the ledger was opened."""
        self.was_unsigned = opened.is_unsigned
        """Whether it had entries, and no checkpoint over any, when it was opened: it is
        a second old, or somebody took away what is signed."""
        self.why_thorough = opened.why_thorough
        """Why everything was read when it was opened; empty: it was not needed."""

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        origin: str,
        signing_key: SigningKey,
        clock: Clock,
        segment_bytes: int = SEGMENT_BYTES,
    ) -> "Ledger":
        """Open a ledger, or begin one.

        Raises:
            LedgerInUseError: another process has it.
            LedgerDamagedError: bytes that were acknowledged are not as written; the
                message names file, offset and entry. Nothing is mended in silence.
        """
        del clock
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = _take_lock(folder / LOCK_NAME)
        try:
            opened = open_folder(folder, origin=origin, key=signing_key.verify_key)
        except BaseException:
            os.close(lock)
            raise
        publisher = Publisher(
            folder, origin=origin, signing_key=signing_key, opened=opened, sign=sign
        )
        return cls(
            folder,
            opened,
            publisher=publisher,
            lock=lock,
            segment_bytes=segment_bytes,
        )

    @property
    def committed_size(self) -> int:
        """Entries on the disk."""
        return self._parts.entries

    @property
    def size(self) -> int:
        """Entries on the disk and those that wait for the next commit."""
        return self._parts.entries + len(self._pending)

    def append(self, entry: Entry) -> Position:
        """Hold an entry for the next commit; the index that it will have.

        Raises:
            EntryTooLargeError: more than 60,000 bytes; nothing is held.
        """
        encoded = encode(entry)
        if not self._pending:
            # None is committed while any waits.
            self._next = self._parts.entries
        position = Position(self._next + len(self._pending))
        self._pending.append((encoded, entry))
        return position

    def commit(self) -> bool:
        """Put everything held on the disk: one write, one fdatasync.

        True when there was something; an empty commit tells nothing of the disk.

        Raises:
            LedgerCannotWriteError: the disk refused; what was held is dropped and
                its indexes will be given again.
        """
        pending, self._pending = self._pending, []
        if not pending:
            return False
        try:
            self._write(pending)
        except OSError as error:
            self._undo()
            raise LedgerCannotWriteError(error.strerror) from None
        return True

    def _write(self, pending: Sequence[tuple[bytes, Entry]]) -> None:
        self._ready_segment()
        chain, offset = self._chain, self._end
        pieces: list[bytes] = []
        offsets: list[int] = []
        for encoded, _ in pending:
            chain = segment.next_chain(chain, encoded)
            pieces.append(segment.frame_bytes(chain, encoded))
            offsets.append(offset)
            offset += len(pieces[-1])
        write_all(self._file, b"".join(pieces))
        os.fdatasync(self._file)
        self._chain, self._end = chain, offset
        part = self._part()
        for at, (_, entry) in zip(offsets, pending, strict=True):
            part.add(at, entry)
        self._publisher.add([encoded for encoded, _ in pending])

    def _part(self) -> GrowingPart:
        """The segment that is written."""
        part = self._parts.last
        if not isinstance(part, GrowingPart):
            raise TypeError("the last segment is closed")
        return part

    def _ready_segment(self) -> None:
        """Have the last segment open at its end; begin a new one when it is full."""
        if self._file < 0:
            if isinstance(self._parts.last, GrowingPart):
                self._reopen_last()
            else:
                self._begin_segment()
        if not self._is_end_known:
            os.ftruncate(self._file, self._end)
            os.lseek(self._file, self._end, os.SEEK_SET)
            self._is_end_known = True
        if self._end >= self._segment_bytes:
            os.close(self._file)
            self._file = -1
            self._begin_segment()

    def _reopen_last(self) -> None:
        self._file = os.open(self._part().path, os.O_WRONLY)
        self._end = os.lseek(self._file, 0, os.SEEK_END)
        self._is_end_known = True

    def _begin_segment(self) -> None:
        first = self._parts.entries
        path = segment.segment_path(self._folder, first)
        header = segment.Header(first_index=first, chain_before=self._chain)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            write_all(descriptor, segment.header_bytes(header))
            os.fsync(descriptor)
            sync_folder(self._folder)
        except BaseException:
            os.close(descriptor)
            with contextlib.suppress(OSError):
                path.unlink()
            raise
        self._file, self._end = descriptor, segment.HEADER_BYTES
        self._is_end_known = True
        self._parts.add(GrowingPart(first, path))

    def _undo(self) -> None:
        """Cut off what a failed write left; if even that fails, before the next."""
        if self._file < 0:
            return
        self._is_end_known = False
        with contextlib.suppress(OSError):
            os.ftruncate(self._file, self._end)
            os.lseek(self._file, self._end, os.SEEK_SET)
            self._is_end_known = True

    def read(self, position: int) -> Entry:
        """The entry at a position that was committed.

        Raises:
            IndexError: there is none.
        """
        if not 0 <= position < self._parts.entries:
            raise IndexError(position)
        return decode(self._read_bytes(position))

    def _read_bytes(self, position: int) -> bytes:
        return self._parts.entry_bytes(position)

    def entries(self, start: int, stop: int) -> Iterator[Entry]:
        """Entries from `start` up to, not including, `stop`."""
        for position in range(start, min(stop, self._parts.entries)):
            yield self.read(position)

    def since(self, moment: int, *, most: int = sys.maxsize) -> list[Entry]:
        """All entries from the first that is not older; the oldest comes first.

        `moment` in UTC microseconds since 1970; of the newest `most` entries alone.
        Read from the end, so that what was counted of the last hour or day is counted
        again without reading everything.
        Where the clock was set back for a while, what was written meanwhile looks older
        than what stands before it: so reading ends behind a thousand older entries, and
        not behind the first. What lies in segments that were not read when the ledger
        was opened is held against the signed tree now.

        Raises:
            LedgerDamagedError: an entry is not as it was written.
        """
        found: list[Entry] = []
        wanted = 0
        for position in range(self.committed_size - 1, -1, -1):
            entry = self.checked(position)
            found.append(entry)
            if entry.at >= moment:
                wanted = len(found)
            elif len(found) - wanted > MOST_SET_BACK:
                break
            if len(found) >= most:
                break
        del found[wanted:]
        found.reverse()
        return found

    def checked(self, position: int) -> Entry:
        """The entry at a position, held against the signed tree.

        Raises:
            LedgerDamagedError: it is not as it was written.
        """
        raw = self._read_bytes(position)
        if position < self._read_from and self._leaves is not None:
            where = f"entry {position}"
            hold_against(self._leaves, position, raw, where=where)
        return decode(raw)

    def entries_about(self, patient: str, *, organisation: int) -> Sequence[int]:
        """Positions of the organisation's entries about a patient, ascending."""
        return self._parts.index.about_patient(patient, organisation=organisation)

    @property
    def index(self) -> EntryIndex:
        return self._parts.index

    @property
    def has_unindexed(self) -> bool:
        """Whether a closed segment waits for its index file."""
        return bool(self._parts.unindexed)

    @property
    def folder(self) -> Path:
        return self._folder

    def use_indexes(self) -> None:
        """Let go of what is in memory of closed segments that have an index file."""
        for part in self._parts.unindexed:
            index = open_index(index_path(part.path))
            if index is not None and index.header.entries == part.entries:
                self._parts.replace(StoredPart(part.path, index))

    def publish(self, breathe: Breathe = hold_breath) -> None:
        """Write tiles and a signed checkpoint of what is committed; cheap if nothing.

        `breathe` is called every fraction of a millisecond of work: a thread beside the
        writer sleeps a moment there, so that the writer is held up by one such fraction
        and not by all of it.

        Raises:
            OSError: the disk refused; the next call tries again.
        """
        self._publisher.publish(breathe)

    def change_key(self, new: SigningKey) -> None:
        """Sign checkpoints with another key from now on; the old one announces it.

        Raises:
            OSError: the disk refused; the old key goes on.
        """
        self._publisher.change_key(new)

    @property
    def verify_key(self) -> VerifyKey:
        """The public half of the key in use."""
        return self._publisher.verify_key

    def prover(self) -> Prover:
        """Proofs about what is published."""
        return Prover(self._tree, self._publisher.load_tile)

    def checkpoint(self) -> Checkpoint | None:
        """The newest checkpoint; None before the first."""
        return self._publisher.newest

    def continued(self, old: int) -> Continued | None:
        """The newest checkpoint, with proof that it continues `old` entries.

        None before the first. No hashes where `old` is 0, or more than there are.
        """
        return self._publisher.continued(old)

    def keep_cosigned(self, note: str) -> None:
        """Keep the newest checkpoint that witnesses signed, beside the others.

        Raises:
            OSError: the disk refused.
        """
        write_file(self._folder / COSIGNED_NAME, note.encode())

    def cosigned(self) -> str:
        """The newest checkpoint that witnesses signed; empty where there is none."""
        path = self._folder / COSIGNED_NAME
        return path.read_bytes().decode(errors="replace") if path.exists() else ""

    def close(self) -> None:
        self._parts.close()
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


def _take_lock(path: Path) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise LedgerInUseError(str(path)) from None
    return descriptor
