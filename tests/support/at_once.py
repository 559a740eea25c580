# SPDX-License-Identifier: Apache-2.0
"""Acts that begin in the same moment, as those of two people who press at once."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

T = TypeVar("T")


def at_once(acts: Sequence[Callable[[], T]]) -> list[T]:
    """What each came to, in their order; the first that failed is raised."""
    begins = threading.Barrier(len(acts))

    def run(act: Callable[[], T]) -> T:
        begins.wait()
        return act()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def many_at_once(many: int, act: Callable[[int], T]) -> list[T]:
    """The same act by so many, each with its number from 0."""
    return at_once([partial(act, nth) for nth in range(many)])
