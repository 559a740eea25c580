# SPDX-License-Identifier: Apache-2.0
"""Reading a closed segment, each entry held against its chain and the signed tree.

Used behind the appending, by a process of its own, so that no answer waits for it.
"""

import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import msgspec

from wardkeep.crypto.signing import VerifyKey
from wardkeep.ledger import segment
from wardkeep.ledger.leaves import Leaves, TilesDifferError
from wardkeep.ledger.opening import (
    LedgerDamagedError,
    checked_entry,
    hold_against,
    keep_index,
    made_index,
    newest_checkpoint,
)
from wardkeep.ledger.parts import GrowingPart
from wardkeep.ledger.segment import FrameFault
from wardkeep.ledger.segment_index import IndexHeader, index_path, open_index

TURNS, PAUSE_SECONDS = 8, 0.3


class Closed(msgspec.Struct, frozen=True):
    """A segment that is written no more, and is covered by a checkpoint."""

    first: int
    path: Path
    entries: int


def closed_segments(folder: Path, *, covered: int) -> Iterator[Closed]:
    """All but the last, as far as a checkpoint covers the whole of them."""
    found = segment.segments_in(folder)
    for (first, path), (after, _) in pairwise(found):
        if after <= covered:
            yield Closed(first, path, after - first)


def leaves_now(folder: Path, key: VerifyKey, *, origin: str) -> Leaves | None:
    """The signed tree of a ledger that may be written meanwhile; None: it has none.

    Raises:
        LedgerDamagedError: the newest checkpoint is not signed by this key.
        TilesDifferError: its tiles do not have its root.
    """
    for _ in range(TURNS - 1):
        try:
            return _leaves(folder, key, origin)
        except TilesDifferError:
            # The next checkpoint took the place of this one's partial tiles.
            time.sleep(PAUSE_SECONDS)
    return _leaves(folder, key, origin)


def _leaves(folder: Path, key: VerifyKey, origin: str) -> Leaves | None:
    newest = newest_checkpoint(folder, origin=origin, key=key)
    if newest is None or newest.size == 0:
        return None
    return Leaves(folder, newest)


def check_segment(
    one: Closed, leaves: Leaves, *, with_index: bool = False
) -> GrowingPart:
    """Read and check a segment, and see that its index is there and fits.

    With `with_index` also that it is the one that the segment makes, byte by byte.

    Raises:
        LedgerDamagedError: an entry, or the index, is not as it was written; the place
            is named.
        TilesDifferError: the tiles do not serve to say so.
    """
    raw = one.path.read_bytes()
    header = segment.read_header(raw)
    if header is None or header.first_index != one.first:
        raise LedgerDamagedError(f"{one.path.name}: it has no segment's header")
    part = GrowingPart(one.first, one.path)
    chain = header.chain_before
    for frame in segment.read_frames(raw):
        if isinstance(frame, FrameFault):
            message = f"{one.path.name}: offset {frame.offset}: {frame.wrong}"
            raise LedgerDamagedError(message)
        position = one.first + part.entries
        where = f"{one.path.name}: offset {frame.offset}: entry {position}"
        chain, entry = checked_entry(frame, chain, where=where)
        hold_against(leaves, position, frame.entry, where=where)
        part.add(frame.offset, entry)
    if part.entries != one.entries:
        message = f"{one.path.name}: {part.entries} entries, not {one.entries}"
        raise LedgerDamagedError(message)
    chains = header.chain_before, chain
    if index_of(one) is None:
        keep_index(part, raw, *chains)
    elif with_index and index_path(one.path).read_bytes() != made_index(
        part, raw, *chains
    ):
        message = f"{index_path(one.path).name}: it is not the index of its segment."
        raise LedgerDamagedError(f"{message} Remove it, and start the warden again")
    return part


def index_of(one: Closed) -> IndexHeader | None:
    """What the segment's index says; None where it has none that fits."""
    index = open_index(index_path(one.path))
    if index is None:
        return None
    told = index.header
    is_its = (told.first, told.entries) == (one.first, one.entries)
    is_its = is_its and told.segment_bytes == one.path.stat().st_size
    return told if is_its else None
