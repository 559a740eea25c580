# SPDX-License-Identifier: Apache-2.0
"""The Merkle tree against RFC 9162's own definition, and against known roots."""

import hashlib
from itertools import accumulate

import pytest
from hypothesis import given, settings, strategies as st

from wardkeep.ledger.merkle import (
    EMPTY_ROOT,
    MerkleTree,
    Prover,
    is_consistent,
    is_included,
    leaf_hash,
    node_hash,
)

# The leaves and roots of the RFC 6962 reference implementation's test data.
LEAVES = [
    bytes.fromhex(leaf)
    for leaf in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


class Grown:
    """A tree with its tiles in memory."""

    def __init__(self, leaves: list[bytes]) -> None:
        self.tiles: dict[tuple[int, int], bytes] = {}
        self.tree = MerkleTree(self.store)
        self.roots = [EMPTY_ROOT]
        for leaf in leaves:
            self.tree.append(leaf)
            self.roots.append(self.tree.root())

    def store(self, level: int, index: int, hashes: bytes) -> None:
        self.tiles[level, index] = hashes

    def prover(self) -> Prover:
        return Prover(self.tree, lambda level, index: self.tiles[level, index])


def mth(leaves: list[bytes]) -> bytes:
    """RFC 9162 2.1.1, word for word."""
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return node_hash(mth(leaves[:k]), mth(leaves[k:]))


def hashes(count: int) -> list[bytes]:
    return [leaf_hash(number.to_bytes(4, "big")) for number in range(count)]


def test_the_empty_tree_has_the_hash_of_nothing() -> None:
    assert MerkleTree(lambda *_: None).root() == hashlib.sha256(b"").digest()


def test_published_roots_come_out() -> None:
    grown = Grown([leaf_hash(leaf) for leaf in LEAVES])
    assert [root.hex() for root in grown.roots[1:]] == ROOTS


@pytest.mark.parametrize("size", [1, 2, 3, 255, 256, 257, 511, 513, 1000])
def test_roots_are_as_the_definition_says(size: int) -> None:
    leaves = hashes(size)
    assert Grown(leaves).roots[size] == mth(leaves)


@given(st.lists(st.integers(0, 600), max_size=6))
@settings(max_examples=30, deadline=None)
def test_leaves_that_come_together_grow_the_same_tree(together: list[int]) -> None:
    leaves, at_once = hashes(sum(together)), Grown([])
    for start, many in zip(accumulate(together, initial=0), together, strict=False):
        at_once.tree.extend(leaves[start : start + many])
    one_by_one = Grown([])
    for leaf in leaves:
        one_by_one.tree.append(leaf)
    assert at_once.tree.size == len(leaves)
    assert at_once.tree.root() == one_by_one.tree.root()
    assert at_once.tiles == one_by_one.tiles
    assert at_once.tree.partial_tiles() == one_by_one.tree.partial_tiles()


BIG = Grown(hashes(1500))
SMALLER_ROOTS = BIG.roots


@settings(max_examples=200)
@given(st.data())
def test_every_leaf_proves_itself_and_no_other(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 1500))
    index = data.draw(st.integers(0, size - 1))
    path = BIG.prover().inclusion(index, size)
    leaf, root = hashes(size)[index], SMALLER_ROOTS[size]
    assert is_included(leaf, index=index, size=size, path=path, root=root)
    assert not is_included(b"x" * 32, index=index, size=size, path=path, root=root)
    assert not is_included(leaf, index=index, size=size, path=[*path, leaf], root=root)
    assert not is_included(leaf, index=size, size=size, path=path, root=root)
    if path:
        assert not is_included(leaf, index=index, size=size, path=path[:-1], root=root)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_larger_tree_proves_that_it_continues_a_smaller(data: st.DataObject) -> None:
    new = data.draw(st.integers(1, 1500))
    old = data.draw(st.integers(1, new))
    proof = BIG.prover().consistency(old, new)
    roots = {"old_root": SMALLER_ROOTS[old], "new_root": SMALLER_ROOTS[new]}
    assert is_consistent(old=old, new=new, proof=proof, **roots)
    forged = {**roots, "old_root": b"x" * 32}
    assert not is_consistent(old=old, new=new, proof=proof, **forged)
    longer = [*proof, b"x" * 32]
    assert not is_consistent(old=old, new=new, proof=longer, **roots)
    if proof:
        shorter = proof[:-1]
        assert not is_consistent(old=old, new=new, proof=shorter, **roots)


def test_proofs_of_what_is_not_there_are_refused() -> None:
    prover = BIG.prover()
    with pytest.raises(ValueError, match="no leaf"):
        prover.inclusion(5, 5)
    with pytest.raises(ValueError, match="no proof"):
        prover.consistency(0, 5)
    assert not is_consistent(
        old=0, new=1, proof=[], old_root=EMPTY_ROOT, new_root=EMPTY_ROOT
    )
