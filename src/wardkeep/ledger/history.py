# SPDX-License-Identifier: Apache-2.0
"""A ledger's checkpoints, read twice: for their signatures, then beside its entries.

A ledger of one checkpoint a second has 31 million after a year, so none is kept between
the two; a digest holds that the second reading was of the same bytes.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from wardkeep.ledger.checkpoint import Checkpoint, read_unsigned
from wardkeep.ledger.notes import notes_in

_END = b"\n\n"


class Placed(NamedTuple):
    """A checkpoint of the history, and the place that it has there."""

    place: int
    found: Checkpoint


class History:
    """One file of checkpoints; whoever reads it says which of them are good."""

    def __init__(self, path: Path, *, origin: str) -> None:
        self.path = path
        self._origin = origin
        self._bad: set[int] = set()
        self._notes = 0
        self._digest = b""
        self.is_the_same = True
        """Whether the second reading found what the first did."""

    @property
    def is_cut_short(self) -> bool:
        if not self.path.exists():
            return False
        with self.path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - len(_END)))
            return size > 0 and file.read() != _END

    def notes(self) -> Iterator[tuple[int, bytes]]:
        """Each with its place, as it lies there."""
        digest = hashlib.sha256()
        self._notes = 0
        for note in self._read():
            digest.update(note)
            self._notes += 1
            yield self._notes - 1, note
        self._digest = digest.digest()

    def leave_out(self, place: int) -> None:
        """It is no checkpoint of ours, or is looked at elsewhere."""
        self._bad.add(place)

    def again(self) -> Iterator[Placed]:
        """Those that were good, in their order; their signatures are known by now."""
        digest, count = hashlib.sha256(), 0
        for place, note in enumerate(self._read()):
            if place == self._notes:
                break  # the ledger grows meanwhile
            digest.update(note)
            count += 1
            if place not in self._bad:
                found = read_unsigned(note, origin=self._origin)
                if found is None:
                    break
                yield Placed(place, found)
        self.is_the_same = (count, digest.digest()) == (self._notes, self._digest)

    def _read(self) -> Iterator[bytes]:
        if self.path.exists():
            with self.path.open("rb") as file:
                yield from notes_in(file)
