# SPDX-License-Identifier: Apache-2.0
"""Ties that a newer version made shorter, and who had told the longer ones.

An end is taken back within minutes: what it made shorter explains as long as before
again, and by the word of whoever told it then. Whoever takes back an end has made no
work for themselves. A tie that is told no more is not shortened but over: whoever tells
it again has told it.
"""

from collections.abc import Iterator
from typing import NamedTuple

from wardkeep.teams.ties import Source, Tie, Told

KEPT_SECONDS = 20 * 60.0
"""Pages take an end back for a quarter of an hour."""


class _Longer(NamedTuple):
    at: float
    tie: Tie


class Shortened:
    """What stood a moment ago and was longer, by the resource that told it.

    Kept in memory alone: after a start of the warden an end that is taken back is the
    work of whoever does, as it is later.
    """

    def __init__(self) -> None:
        self._longer: dict[Source, tuple[_Longer, ...]] = {}

    def of(self, source: Source, *, now: float) -> Iterator[Tie]:
        """By the monotonic clock."""
        for one in self._longer.get(source, ()):
            if one.at > now - KEPT_SECONDS:
                yield one.tie

    def note(self, told: Told, before: Told, *, now: float) -> None:
        """Remember what is told shorter now than it was before."""
        for source, ties in told.items():
            until = {(one.who, one.kind): one.until for one in ties}
            known = self._longer.get(source, ())
            stood = (*known, *(_Longer(now, one) for one in before[source]))
            longer = tuple(
                one
                for one in stood
                if one.tie.until > until.get((one.tie.who, one.tie.kind), one.tie.until)
            )
            self._longer.pop(source, None)
            if longer:
                self._longer[source] = longer

    def forget_old(self, *, now: float) -> None:
        for source in list(self._longer):
            left = tuple(
                one for one in self._longer[source] if one.at > now - KEPT_SECONDS
            )
            if left:
                self._longer[source] = left
            else:
                del self._longer[source]
