# SPDX-License-Identifier: Apache-2.0
"""Publishing: checkpoints, tiles and entry bundles, written behind the append."""

import contextlib
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from wardkeep.crypto.signing import SigningKey, VerifyKey
from wardkeep.ledger.checkpoint import Checkpoint
from wardkeep.ledger.merkle import TILE_WIDTH, MerkleTree, Prover, leaf_hash
from wardkeep.ledger.notes import last_note
from wardkeep.ledger.opening import CHECKPOINT_NAME, HISTORY_NAME, Opened
from wardkeep.ledger.remaking import ENTRIES, FullTile
from wardkeep.ledger.succession import announce, is_announced
from wardkeep.ledger.tiles import (
    bundle,
    remove_partials,
    tile_path,
    write_all,
    write_file,
)

Sign = Callable[[Checkpoint, SigningKey], str]
Breathe = Callable[[], None]
"""Called between pieces of the work."""
LEAVES_A_BREATH = 64
"""Hashed in some 60 µs, and the tile that they may fill in 150."""


def hold_breath() -> None:
    """Nobody waits: the work is done in one go."""


class Continued(msgspec.Struct, frozen=True, kw_only=True):
    """A checkpoint, and why it continues an earlier one."""

    checkpoint: Checkpoint
    note: str
    proof: list[bytes]
    """RFC 9162 2.1.4."""


class Publisher:
    """Holds what is committed and not yet published."""

    def __init__(
        self,
        folder: Path,
        *,
        origin: str,
        signing_key: SigningKey,
        opened: Opened,
        sign: Sign,
    ) -> None:
        self._folder = folder
        self._origin = origin
        self._key = signing_key
        self._sign = sign
        self._tree: MerkleTree = opened.tree
        self._tiles: list[FullTile] = opened.tiles
        # A deque, because the writer adds while a thread publishes.
        self._unhashed: deque[bytes] = deque()
        self._publishing = threading.Lock()
        self._bundle = opened.unbundled
        self.newest = opened.newest
        covered = opened.newest.size if opened.newest else 0
        self._bundled = covered - covered % TILE_WIDTH
        history = folder / HISTORY_NAME
        self._history_end = history.stat().st_size if history.exists() else 0
        self._unplaced = _left_unplaced(folder, opened.newest)

    def change_key(self, new: SigningKey) -> None:
        """Sign with another key from now on; the old one announces it.

        Raises:
            OSError: the disk refused; the old key goes on.
        """
        with self._publishing:
            after = self.newest.number if self.newest else -1
            try:
                announce(
                    self._folder, self._origin, old=self._key, new=new, after=after
                )
            except OSError:
                # Once it can be read, what the old key signs is not believed any more.
                if not is_announced(self._folder, self._origin, new.verify_key):
                    raise
            self._key = new

    @property
    def verify_key(self) -> VerifyKey:
        """The public half of the key in use."""
        return self._key.verify_key

    def add(self, encoded: Iterable[bytes]) -> None:
        """Entries were committed."""
        self._unhashed.extend(encoded)

    def publish(self, breathe: Breathe = hold_breath) -> None:
        """Tiles first, then the checkpoint that vouches for them.

        May run in a thread of its own beside the writer; one at a time.
        """
        with self._publishing:
            self._publish(breathe)

    def _publish(self, breathe: Breathe) -> None:
        self._grow(breathe)
        size = self._tree.size
        if size != (self.newest.size if self.newest else 0):
            self._write_tiles(breathe)
            self._write_bundles(breathe)
            self._sign_checkpoint(size)
        if self._unplaced:
            write_file(self._folder / CHECKPOINT_NAME, self._unplaced)
            self._unplaced = b""

    def _grow(self, breathe: Breathe) -> None:
        # As many as there are now: the writer adds behind them.
        waiting = len(self._unhashed)
        for begin in range(0, waiting, LEAVES_A_BREATH):
            many = min(LEAVES_A_BREATH, waiting - begin)
            grown = [self._unhashed.popleft() for _ in range(many)]
            self._tree.extend([leaf_hash(encoded) for encoded in grown])
            self._bundle += grown
            breathe()

    def _write_tiles(self, breathe: Breathe) -> None:
        while self._tiles:
            tile = self._tiles[0]
            path = tile_path(self._folder, tile.level, tile.index)
            write_file(path, tile.hashes)
            remove_partials(self._folder, tile.level, tile.index, 0)
            del self._tiles[0]
            breathe()
        for level, index, hashes in self._tree.partial_tiles():
            width = len(hashes) // 32
            write_file(tile_path(self._folder, level, index, width), hashes)
            remove_partials(self._folder, level, index, width)

    def _write_bundles(self, breathe: Breathe) -> None:
        while len(self._bundle) >= TILE_WIDTH:
            index = self._bundled // TILE_WIDTH
            path = tile_path(self._folder, ENTRIES, index)
            write_file(path, bundle(self._bundle[:TILE_WIDTH]))
            remove_partials(self._folder, ENTRIES, index, 0)
            del self._bundle[:TILE_WIDTH]
            self._bundled += TILE_WIDTH
            breathe()
        width = len(self._bundle)
        if width:
            index = self._bundled // TILE_WIDTH
            path = tile_path(self._folder, ENTRIES, index, width)
            write_file(path, bundle(self._bundle))
            remove_partials(self._folder, ENTRIES, index, width)

    def _sign_checkpoint(self, size: int) -> None:
        """Once in the history it is out, and its number is never used again."""
        number = self.newest.number + 1 if self.newest else 0
        checkpoint = Checkpoint(
            origin=self._origin, size=size, root=self._tree.root(), number=number
        )
        note = self._sign(checkpoint, self._key).encode()
        self._append_to_history(note + b"\n")
        self._unplaced = note
        self.newest = checkpoint

    def _append_to_history(self, content: bytes) -> None:
        """Whole or not at all: what a failed attempt left is cut off."""
        path, end = self._folder / HISTORY_NAME, self._history_end
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            os.ftruncate(descriptor, end)
            os.lseek(descriptor, end, os.SEEK_SET)
            try:
                write_all(descriptor, content)
                os.fdatasync(descriptor)
            except OSError:
                with contextlib.suppress(OSError):
                    os.ftruncate(descriptor, end)
                raise
        finally:
            os.close(descriptor)
        self._history_end = end + len(content)

    def continued(self, old: int) -> Continued | None:
        """The newest checkpoint, with the proof from `old` entries to it."""
        with self._publishing:
            newest = self.newest
            if newest is None:
                return None
            proof: list[bytes] = []
            if 0 < old < newest.size:
                proof = Prover(self._tree, self.load_tile).consistency(old, newest.size)
            note = self._sign(newest, self._key)
            return Continued(checkpoint=newest, note=note, proof=proof)

    def load_tile(self, level: int, index: int) -> bytes:
        """A full tile, written or about to be."""
        for tile in self._tiles:
            if (tile.level, tile.index) == (level, index):
                return tile.hashes
        return tile_path(self._folder, level, index).read_bytes()


def _left_unplaced(folder: Path, newest: Checkpoint | None) -> bytes:
    """The newest checkpoint where a kill came between the history and its own file."""
    last = last_note(folder / HISTORY_NAME).note
    if last is None or newest is None:
        return b""
    path = folder / CHECKPOINT_NAME
    placed = path.read_bytes() if path.exists() else b""
    is_newest = last.split(b"\n", 2)[1] == str(newest.size).encode()
    return last if is_newest and placed != last else b""
