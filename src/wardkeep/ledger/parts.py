# SPDX-License-Identifier: Apache-2.0
"""One segment as an open ledger knows it: where each entry lies, and its index."""

import os
from array import array
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

from wardkeep.ledger import segment
from wardkeep.ledger.entry import Entry
from wardkeep.ledger.index import EntryIndex, GrowingIndex, SegmentPositions
from wardkeep.ledger.segment_index import StoredIndex

MOST_OPEN_FILES = 16


class GrowingPart:
    """A segment that is written, or was read and has no index file yet."""

    def __init__(self, first: int, path: Path) -> None:
        self.first = first
        self.path = path
        self.offsets = array("I")
        self.index = GrowingIndex()

    @property
    def entries(self) -> int:
        return len(self.offsets)

    def add(self, offset: int, entry: Entry) -> None:
        self.index.add(len(self.offsets), entry)
        self.offsets.append(offset)

    def offset(self, place: int) -> int:
        return self.offsets[place]

    @property
    def positions(self) -> SegmentPositions:
        return self.index


class StoredPart:
    """A closed segment with its index file."""

    def __init__(self, path: Path, index: StoredIndex) -> None:
        self.first = index.header.first
        self.path = path
        self.entries = index.header.entries
        self._index = index

    def offset(self, place: int) -> int:
        return self._index.offset(place)

    @property
    def positions(self) -> SegmentPositions:
        return self._index


Part = GrowingPart | StoredPart


class Parts:
    """All segments, in order, and every committed entry by its position."""

    def __init__(self) -> None:
        self._firsts: list[int] = []
        self._parts: list[Part] = []
        self._open: OrderedDict[Path, int] = OrderedDict()
        self.index = EntryIndex()

    def add(self, part: Part) -> None:
        self._firsts.append(part.first)
        self._parts.append(part)
        self.index.add_segment(part.first, part.positions)

    def replace(self, part: StoredPart) -> None:
        """A closed segment has its index file by now."""
        place = self._firsts.index(part.first)
        self._parts[place] = part
        self.index.replace(place, part.positions)

    @property
    def entries(self) -> int:
        """How many there are in all."""
        return self._firsts[-1] + self._parts[-1].entries if self._parts else 0

    @property
    def last(self) -> Part | None:
        return self._parts[-1] if self._parts else None

    @property
    def unindexed(self) -> Sequence[GrowingPart]:
        """Closed segments that have no index file yet."""
        return [one for one in self._parts[:-1] if isinstance(one, GrowingPart)]

    @property
    def read_from(self) -> int:
        """The first entry of those segments that were read when the ledger opened."""
        for part in self._parts:
            if isinstance(part, GrowingPart):
                return part.first
        return self.entries

    def entry_bytes(self, position: int) -> bytes:
        """What was written at a position.

        Raises:
            OSError: the file cannot be read any more.
        """
        part = self._parts[bisect_right(self._firsts, position) - 1]
        file = self._file(part.path)
        offset = part.offset(position - part.first)
        head = os.pread(file, segment.FRAME_OVERHEAD_BYTES, offset)
        length = int.from_bytes(head[:4], "big")
        return os.pread(file, length, offset + segment.FRAME_OVERHEAD_BYTES)

    def _file(self, path: Path) -> int:
        file = self._open.get(path)
        if file is None:
            while len(self._open) >= MOST_OPEN_FILES:
                os.close(self._open.popitem(last=False)[1])
            file = self._open[path] = os.open(path, os.O_RDONLY)
        else:
            self._open.move_to_end(path)
        return file

    def close(self) -> None:
        while self._open:
            os.close(self._open.popitem()[1])
