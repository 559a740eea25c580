# SPDX-License-Identifier: Apache-2.0
"""The index file of a closed segment: where its entries lie, and under which keys.

Beside `segment-N.ledger` lies `segment-N.index`. It is made from the segment alone and
can be made anew at any time; it is no evidence. docs/formats/ledger.md has every byte.
"""

import mmap
import struct
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from wardkeep.ledger.index import GrowingIndex

MAGIC = b"WKINDEX\x02"
_HEAD = struct.Struct("<8sI")
_LONGEST_HEADER = 1 << 24
_WORD = 8
_PLACE_BITS = 32
_NONE: Sequence[int] = array("I")


class IndexHeader(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """What an index says of its segment."""

    first: int
    entries: int
    segment_bytes: int
    sha256: bytes
    """Of the whole segment file."""
    chain_before: bytes
    chain_end: bytes
    latest: int
    """The latest time of an entry, UTC microseconds since 1970."""
    postings: int
    erased: list[tuple[int, str]]


def index_path(segment: Path) -> Path:
    return segment.with_suffix(".index")


class _Views(NamedTuple):
    """The parts of a mapped index file; they keep it mapped."""

    keys: memoryview
    places: memoryview
    offsets: memoryview


class StoredIndex:
    """The index of a closed segment, read where it lies."""

    def __init__(self, path: Path, header: IndexHeader, start: int) -> None:
        """Use `open_index`."""
        self._path = path
        self._start = start
        self._views: _Views | None = None
        self.header = header
        self.erased: Sequence[tuple[int, str]] = header.erased

    def find(self, key: int) -> Sequence[int]:
        """Places within the segment, ascending.

        Raises:
            OSError: the file cannot be read any more.
        """
        views = self._views or self._map()
        low = bisect_left(views.keys, key)
        if low == len(views.keys) or views.keys[low] != key:
            return _NONE
        return views.places[low : bisect_right(views.keys, key, lo=low)]

    def offset(self, place: int) -> int:
        """Where in the segment file the frame of an entry begins."""
        views = self._views or self._map()
        return int(views.offsets[place])

    def _map(self) -> _Views:
        with self._path.open("rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        view = memoryview(mapped)
        places = self._start + self.header.postings * _WORD
        offsets = places + self.header.postings * 4
        self._views = _Views(
            keys=view[self._start : places].cast("Q"),
            places=view[places:offsets].cast("I"),
            offsets=view[offsets : offsets + self.header.entries * 4].cast("I"),
        )
        return self._views


def open_index(path: Path) -> StoredIndex | None:
    """The index in a file; None where there is none that can be used."""
    try:
        with path.open("rb") as file:
            magic, length = _HEAD.unpack(file.read(_HEAD.size))
            if magic != MAGIC or length > _LONGEST_HEADER:
                return None
            header = msgspec.msgpack.decode(file.read(length), type=IndexHeader)
    except (OSError, struct.error, msgspec.DecodeError):
        return None
    start = _padded(_HEAD.size + length)
    size = start + header.postings * (_WORD + 4) + header.entries * 4
    if path.stat().st_size != size:
        return None
    return StoredIndex(path, header, start)


def index_bytes(
    header: IndexHeader, index: GrowingIndex, offsets: Sequence[int]
) -> bytes:
    """The file's content: the same for the same segment."""
    pairs = sorted(
        key << _PLACE_BITS | place
        for key, places in index.postings.items()
        for place in places
    )
    keys = array("Q", [one >> _PLACE_BITS for one in pairs])
    places = array("I", [one & 0xFFFFFFFF for one in pairs])
    encoded = msgspec.msgpack.encode(header)
    head = _HEAD.pack(MAGIC, len(encoded)) + encoded
    pieces = (
        head.ljust(_padded(len(head)), b"\0"),
        keys.tobytes(),
        places.tobytes(),
        array("I", offsets).tobytes(),
    )
    return b"".join(pieces)


def _padded(size: int) -> int:
    return -(-size // _WORD) * _WORD
