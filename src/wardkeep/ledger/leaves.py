# SPDX-License-Identifier: Apache-2.0
"""Leaves of the tree as a signed checkpoint vouches for them, read from the tiles.

The right edge of the tree must have the signed root; a full tile must have the hash
that stands for it in the tile above. So an entry is held against the signature by
reading a few tiles, and not the whole ledger.
"""

from pathlib import Path

from wardkeep.ledger.checkpoint import Checkpoint
from wardkeep.ledger.merkle import (
    HASH_BYTES,
    TILE_HEIGHT,
    TILE_WIDTH,
    MerkleTree,
    StoreTile,
    leaf_hash,
    perfect_root,
)
from wardkeep.ledger.tiles import tile_path

Row = list[bytes]


class TilesDifferError(Exception):
    """The tiles are missing, or do not have the signed root; the message says which."""


class LeafDiffersError(Exception):
    """An entry is not the one that the signed checkpoint covers."""


class Leaves:
    """Hashes of all entries that a checkpoint covers."""

    def __init__(self, folder: Path, checkpoint: Checkpoint) -> None:
        """Read the right edge.

        Raises:
            TilesDifferError: it does not have the checkpoint's root.
        """
        self._folder = folder
        self.size = checkpoint.size
        self.edge = _edge(folder, checkpoint.size)
        if self.tree(_keep_nothing).root() != checkpoint.root:
            raise TilesDifferError("the right edge does not have the signed root")
        self._upper: dict[tuple[int, int], Row] = {}
        self._lowest: tuple[int, Row] = (-1, [])

    def tree(self, store: StoreTile) -> MerkleTree:
        """The tree as the checkpoint has it, to grow on."""
        return MerkleTree.grown(store, self.size, self.edge)

    def check(self, position: int, entry: bytes) -> None:
        """Hold an entry against the signed root.

        Raises:
            LeafDiffersError: it is another one.
            TilesDifferError: a tile on the way does not fit.
        """
        tile, place = divmod(position, TILE_WIDTH)
        if self._lowest[0] != tile:
            self._lowest = (tile, self._row(0, tile))
        if self._lowest[1][place] != leaf_hash(entry):
            raise LeafDiffersError

    def _row(self, level: int, tile: int) -> Row:
        """The hashes of one tile, held against the tile above."""
        if tile == self.size >> (TILE_HEIGHT * (level + 1)):
            return self.edge[level]
        known = self._upper.get((level, tile))
        if known is not None:
            return known
        row = _read(self._folder, level, tile, TILE_WIDTH)
        above, place = divmod(tile, TILE_WIDTH)
        if self._row(level + 1, above)[place] != perfect_root(row):
            raise TilesDifferError(f"tile {level}/{tile} does not fit the one above")
        if level:
            self._upper[level, tile] = row
        return row


def _edge(folder: Path, size: int) -> list[Row]:
    rows: list[Row] = []
    rest = size
    while rest or not rows:
        tile, width = divmod(rest, TILE_WIDTH)
        rows.append(_read(folder, len(rows), tile, width) if width else [])
        rest = tile
    return rows


def _read(folder: Path, level: int, tile: int, width: int) -> Row:
    path = tile_path(folder, level, tile, width % TILE_WIDTH)
    try:
        raw = path.read_bytes()
    except OSError as error:
        message = f"tile {level}/{tile}: {error.strerror}"
        raise TilesDifferError(message) from None
    if len(raw) != width * HASH_BYTES:
        raise TilesDifferError(f"tile {level}/{tile} has {len(raw)} bytes")
    return [raw[at : at + HASH_BYTES] for at in range(0, len(raw), HASH_BYTES)]


def _keep_nothing(_level: int, _index: int, _hashes: bytes) -> None:
    """Nothing fills up in a tree that does not grow."""
