# SPDX-License-Identifier: Apache-2.0
"""In which order a car drives: numbers with room between them.

Whoever moves one visit writes that one alone, and two who move two do not meet.
"""

from collections.abc import Sequence

STEP = 1 << 20
"""Between two that were put one after the other: twenty can be put between them."""


def last(turns: Sequence[int]) -> int:
    """A number after all of these."""
    return (max(turns, default=0) // STEP + 1) * STEP


def earlier(turns: Sequence[int], nth: int) -> int | None:
    """A number for the one at a place, so that it goes one place sooner.

    `turns` are in order. None: it is the first, or there is no room any more.
    """
    if not 0 < nth < len(turns):
        return None
    before = turns[nth - 2] if nth > 1 else 0
    return _between(before, turns[nth - 1])


def later(turns: Sequence[int], nth: int) -> int | None:
    """The same, one place later; None: it is the last, or there is no room any more."""
    if not 0 <= nth < len(turns) - 1:
        return None
    if nth + 2 == len(turns):
        return last(turns)
    return _between(turns[nth + 1], turns[nth + 2])


def _between(low: int, high: int) -> int | None:
    middle = (low + high) // 2
    return middle if low < middle < high else None
