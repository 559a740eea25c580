# SPDX-License-Identifier: Apache-2.0
"""Numbers that figures are made of, and that add up."""

from collections import Counter

import msgspec

from wardkeep.fhir.urgent.figures.items import Item

CENTILE = 95


class Figure(msgspec.Struct, frozen=True):
    """What one item came to. Figures add up."""

    met: int = 0
    of: int = 0
    pending: int = 0
    """Of which it is not known yet: they are in neither."""
    seconds: int = 0
    """Of a mean: all of them together."""
    waits: tuple[tuple[int, int], ...] = ()
    """Of a centile: how many took so many seconds, shortest first."""

    def __add__(self, other: "Figure") -> "Figure":
        return Figure(
            self.met + other.met,
            self.of + other.of,
            self.pending + other.pending,
            self.seconds + other.seconds,
            _together(self.waits, other.waits),
        )

    @property
    def centile(self) -> int:
        """The fewest seconds within which 95 in 100 were; 0 where there is none."""
        needed, so_far = -(-CENTILE * sum(many for _, many in self.waits) // 100), 0
        for seconds, many in self.waits:
            so_far += many
            if so_far >= needed:
                return seconds
        return 0


Waits = tuple[tuple[int, int], ...]


def _together(one: Waits, other: Waits) -> Waits:
    if not one or not other:
        return one or other
    found = Counter(dict(one))
    found.update(dict(other))
    return tuple(sorted(found.items()))


class Sum:
    """An item, and what was counted of it so far."""

    def __init__(self, item: Item) -> None:
        self.item = item
        self._met = self._of = self._pending = self._seconds = 0
        self._waits: Counter[int] = Counter()

    @property
    def figure(self) -> Figure:
        waits = tuple(sorted(self._waits.items()))
        return Figure(self._met, self._of, self._pending, self._seconds, waits)

    def note(self, is_met: bool | None, many: int = 1) -> None:  # noqa: FBT001 - or None
        """So many are met, or are not; None: it is not known yet."""
        if is_met is None:
            self._pending += many
            return
        self._of += many
        if is_met:
            self._met += many

    def took(self, seconds: int, *, is_kept: bool) -> None:
        """How long one took; of a centile each is kept."""
        self._seconds += seconds
        if is_kept:
            self._waits[seconds] += 1
