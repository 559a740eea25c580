# SPDX-License-Identifier: Apache-2.0
"""The Merkle tree of RFC 9162 section 2.1, kept as C2SP tiles of 256 hashes.

In memory stands only the right edge: for each tile level the hashes that do not yet
fill a tile. Full tiles are handed to whoever stores them.
"""

import hashlib
from collections.abc import Callable, Sequence

HASH_BYTES = 32
TILE_WIDTH = 256
TILE_HEIGHT = 8
_sha256 = hashlib.sha256

EMPTY_ROOT = _sha256(b"").digest()

StoreTile = Callable[[int, int, bytes], None]
"""Takes a full tile: (tile level, index in its level, 256 hashes)."""
LoadTile = Callable[[int, int], bytes]
"""Gives a full tile back."""


def leaf_hash(entry: bytes) -> bytes:
    return _sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return _sha256(b"\x01" + left + right).digest()


def perfect_root(hashes: Sequence[bytes]) -> bytes:
    """The root over 1, 2, 4 … 256 hashes."""
    row = hashes
    while len(row) > 1:
        row = [node_hash(row[i], row[i + 1]) for i in range(0, len(row), 2)]
    return row[0]


class MerkleTree:
    """Grows leaf by leaf; knows its root at every size it has just reached."""

    def __init__(self, store: StoreTile) -> None:
        self._store = store
        self._levels: list[list[bytes]] = [[]]
        self.size = 0

    @classmethod
    def grown(
        cls, store: StoreTile, size: int, rows: Sequence[Sequence[bytes]]
    ) -> "MerkleTree":
        """A tree of which only the right edge is known: one row for each tile level."""
        tree = cls(store)
        tree._levels = [list(row) for row in rows]
        tree.size = size
        return tree

    def append(self, leaf: bytes) -> None:
        """Add a leaf's hash."""
        self.size += 1
        self._push(0, leaf)

    def extend(self, leaves: Sequence[bytes]) -> None:
        """Add the hashes of several leaves: a tile at a time, not one by one."""
        start = 0
        while start < len(leaves):
            row = self._levels[0]
            # One less than would fill the tile; the one that does is pushed.
            fits = leaves[start : start + TILE_WIDTH - 1 - len(row)]
            row += fits
            self.size += len(fits)
            start += len(fits)
            if start < len(leaves):
                self.append(leaves[start])
                start += 1

    def _push(self, level: int, hash_: bytes) -> None:
        if level == len(self._levels):
            self._levels.append([])
        row = self._levels[level]
        row.append(hash_)
        if len(row) == TILE_WIDTH:
            index = (self.size >> (TILE_HEIGHT * (level + 1))) - 1
            self._store(level, index, b"".join(row))
            self._levels[level] = []
            self._push(level + 1, perfect_root(row))

    def partial_tiles(self) -> list[tuple[int, int, bytes]]:
        """The tiles of the right edge: (tile level, index, fewer than 256 hashes)."""
        return [
            (level, self.size >> (TILE_HEIGHT * (level + 1)), b"".join(row))
            for level, row in enumerate(self._levels)
            if row
        ]

    def root(self) -> bytes:
        """RFC 9162's MTH of all leaves so far."""
        if self.size == 0:
            return EMPTY_ROOT
        nodes: list[bytes] = []
        for row in reversed(self._levels):
            start = 0
            for bit in range(TILE_HEIGHT - 1, -1, -1):
                width = 1 << bit
                if len(row) & width:
                    nodes.append(perfect_root(row[start : start + width]))
                    start += width
        root = nodes[-1]
        for node in reversed(nodes[:-1]):
            root = node_hash(node, root)
        return root

    def edge(self) -> dict[tuple[int, int], bytes]:
        """The right edge by (tile level, index), for proofs."""
        return {(level, index): hashes for level, index, hashes in self.partial_tiles()}


class Prover:
    """Inclusion and consistency proofs over stored tiles and the right edge."""

    def __init__(self, tree: MerkleTree, load: LoadTile) -> None:
        self._edge = tree.edge()
        self._load = load
        self._size = tree.size
        self._known: dict[tuple[int, int], bytes] = {}
        """Roots of whole tiles and above: many proofs share them."""

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """RFC 9162 2.1.3: the path of leaf `index` in the tree of `size` leaves."""
        if not 0 <= index < size <= self._size:
            message = f"no leaf {index} in a tree of {size} out of {self._size}"
            raise ValueError(message)
        return self._path(index, 0, size)

    def consistency(self, old: int, new: int) -> list[bytes]:
        """RFC 9162 2.1.4: that the tree of `new` leaves continues that of `old`."""
        if not 0 < old <= new <= self._size:
            message = f"no proof from {old} to {new} in a tree of {self._size}"
            raise ValueError(message)
        if old == new:
            return []
        return self._subproof(old, 0, new, is_whole=True)

    def _path(self, index: int, start: int, end: int) -> list[bytes]:
        if end - start == 1:
            return []
        middle = start + _split(end - start)
        if index < middle:
            return [*self._path(index, start, middle), self._root(middle, end)]
        return [*self._path(index, middle, end), self._root(start, middle)]

    def _subproof(
        self, old: int, start: int, end: int, *, is_whole: bool
    ) -> list[bytes]:
        if old == end - start:
            return [] if is_whole else [self._root(start, end)]
        split = _split(end - start)
        middle = start + split
        if old <= split:
            left = self._subproof(old, start, middle, is_whole=is_whole)
            return [*left, self._root(middle, end)]
        right = self._subproof(old - split, middle, end, is_whole=False)
        return [*right, self._root(start, middle)]

    def _root(self, start: int, end: int) -> bytes:
        width = end - start
        if width & (width - 1) == 0 and start % width == 0:
            return self._node(width.bit_length() - 1, start // width)
        middle = start + _split(width)
        return node_hash(self._root(start, middle), self._root(middle, end))

    def _node(self, height: int, index: int) -> bytes:
        """The root of a perfect subtree of 2^height leaves."""
        if height < TILE_HEIGHT:
            return self._computed(height, index)
        known = self._known.get((height, index))
        if known is None:
            known = self._known[height, index] = self._computed(height, index)
        return known

    def _computed(self, height: int, index: int) -> bytes:
        level, within = divmod(height, TILE_HEIGHT)
        count = 1 << within
        tile, offset = divmod(index * count, TILE_WIDTH)
        key = (level, tile)
        hashes = self._edge[key] if key in self._edge else self._load(level, tile)
        begin = offset * HASH_BYTES
        return perfect_root(
            [
                hashes[at : at + HASH_BYTES]
                for at in range(begin, begin + count * HASH_BYTES, HASH_BYTES)
            ]
        )


def _split(width: int) -> int:
    """The largest power of two below `width` (RFC 9162's k)."""
    return 1 << ((width - 1).bit_length() - 1)


def is_included(
    leaf: bytes, *, index: int, size: int, path: Sequence[bytes], root: bytes
) -> bool:
    """RFC 9162 2.1.3.2: whether the path leads from the leaf to the root."""
    if not 0 <= index < size:
        return False
    node, last, found = index, size - 1, leaf
    for step in path:
        if last == 0:
            return False
        if node & 1 or node == last:
            found = node_hash(step, found)
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            found = node_hash(found, step)
        node, last = node >> 1, last >> 1
    return last == 0 and found == root


def is_consistent(
    *, old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> bool:
    """RFC 9162 2.1.4.2: whether the larger tree continues the smaller."""
    if not 0 < old <= new or (old == new) != (not proof):
        return False
    if old == new:
        return old_root == new_root
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    node, last = old - 1, new - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    left = right = path[0]
    for step in path[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            left, right = node_hash(step, left), node_hash(step, right)
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            right = node_hash(right, step)
        node, last = node >> 1, last >> 1
    return last == 0 and left == old_root and right == new_root
