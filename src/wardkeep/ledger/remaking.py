# SPDX-License-Identifier: Apache-2.0
"""Making tiles and bundles anew from the entries, where they are missing on the disk.

A copy of the segments and checkpoints alone is a whole ledger: the rest follows.
"""

from pathlib import Path

import msgspec

from wardkeep.ledger.merkle import HASH_BYTES, TILE_HEIGHT, TILE_WIDTH, MerkleTree
from wardkeep.ledger.tiles import bundle, tile_path, write_file

ENTRIES = "entries"


class FullTile(msgspec.Struct, frozen=True):
    """A tile that filled up while reading."""

    level: int
    index: int
    hashes: bytes


class Remaker:
    """Takes tiles and entries in order, up to the newest checkpoint."""

    def __init__(self, folder: Path, *, covered: int) -> None:
        self._folder = folder
        self._covered = covered
        self._entries: list[bytes] = []
        self._bundled = 0
        self.tiles: list[FullTile] = []
        """Beyond the checkpoint: whoever publishes the next one writes them first."""

    def store(self, level: int, index: int, hashes: bytes) -> None:
        """Take a tile that filled up."""
        if (index + 1) << (TILE_HEIGHT * (level + 1)) <= self._covered:
            self._write(level, index, 0, hashes)
        else:
            self.tiles.append(FullTile(level, index, hashes))

    def bundle(self, raw: bytes) -> None:
        """Take an entry that the checkpoint covers."""
        self._entries.append(raw)
        if len(self._entries) == TILE_WIDTH:
            self._write(ENTRIES, self._bundled, 0, bundle(self._entries))
            self._entries.clear()
            self._bundled += 1

    def close_edge(self, tree: MerkleTree) -> None:
        """Write what stands beside the checkpoint: its partial tiles and bundle."""
        for level, index, hashes in tree.partial_tiles():
            self._write(level, index, len(hashes) // HASH_BYTES, hashes)
        if self._entries:
            width = len(self._entries)
            self._write(ENTRIES, self._bundled, width, bundle(self._entries))

    def _write(self, level: int | str, index: int, width: int, content: bytes) -> None:
        # What is there and differs stays: `wardkeep ledger verify` tells of it.
        path = tile_path(self._folder, level, index, width)
        if not path.exists():
            write_file(path, content)
