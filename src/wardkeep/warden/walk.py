# SPDX-License-Identifier: Apache-2.0
"""A walk behind the openings: the ledger's entries in order, a portion at a time.

What shows only over hours or weeks is counted by those who walk along, so that nobody
who opens a record waits for it. After a start it begins four weeks ago.
"""

import asyncio
from collections.abc import Sequence
from typing import Protocol

from wardkeep.ledger.entry import Entry
from wardkeep.ledger.log import Ledger

WINDOW_SECONDS = 28 * 24 * 3600
A_PORTION = 250
"""Entries read in one turn of the loop: about 5 ms."""
MOST_PORTIONS = 400
"""In one walk, so that it keeps up with 6,000 entries a second and ends by itself."""
_MICROSECONDS = 1_000_000


class Walker(Protocol):
    """Somebody who counts what passes."""

    def passes(self, position: int, entry: Entry) -> None: ...


class Walk:
    """Where the walk is, and who walks along."""

    def __init__(self, ledger: Ledger, walkers: Sequence[Walker]) -> None:
        self._ledger = ledger
        self._walkers = walkers
        self._position = -1
        self._in_turn = asyncio.Lock()
        """One walk at a time: many who ask make no turn of the loop longer."""

    @property
    def is_behind(self) -> bool:
        return self._position < self._ledger.committed_size

    async def go_on(self, now: int) -> None:
        """Walk to the end, or for as long as one walk lasts.

        `now` in UTC microseconds since 1970. Others have their turns in between.
        """
        async with self._in_turn:
            for _ in range(MOST_PORTIONS):
                self.step(now)
                if not self.is_behind:
                    return
                await asyncio.sleep(0)

    def step(self, now: int) -> None:
        """The next portion."""
        if self._position < 0:
            self._position = self._first_after(now - WINDOW_SECONDS * _MICROSECONDS)
        # Moved on before the entry is looked at: none is counted twice, whatever fails.
        last = min(self._position + A_PORTION, self._ledger.committed_size)
        while self._position < last:
            position = self._position
            self._position += 1
            entry = self._ledger.read(position)
            for one in self._walkers:
                one.passes(position, entry)

    def _first_after(self, moment: int) -> int:
        low, high = 0, self._ledger.committed_size
        while low < high:
            middle = (low + high) // 2
            if self._ledger.read(middle).at < moment:
                low = middle + 1
            else:
                high = middle
        return low
