# SPDX-License-Identifier: Apache-2.0
"""What was told of work that may still come to nothing, and what stood before it.

Ties are told before a change is committed, so that they explain the next click. Each
change tells them under a name of its own; whoever could not commit it takes them back
by that name, and what stood before explains again.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from wardkeep.teams.ties import Source, Tie, Told

MOST_CHANGES = 4096
"""How many of the latest changes can be taken back: each is decided within seconds."""


class _Said(NamedTuple):
    change: str
    """Empty: it stands."""
    ties: Sequence[Tie]


class Tellings:
    """The latest changes that told ties, and what their sources told before."""

    def __init__(self, most: int = MOST_CHANGES) -> None:
        self._most = most
        self._sources: dict[str, list[Source]] = {}
        """By change, the oldest first."""
        self._said: dict[Source, list[_Said]] = {}
        """What stands, then what may come to nothing, as it was told."""
        self._over: dict[str, None] = {}
        """Changes that were taken back, the oldest first."""

    def is_over(self, change: str) -> bool:
        """Whether it was taken back: then it tells nothing any more."""
        return change in self._over

    def organisation_of(self, change: str) -> int | None:
        """Whose work it tells of; None where nothing is known of it."""
        sources = self._sources.get(change)
        return sources[0].organisation if sources else None

    def tell(
        self, change: str, told: Told, before: Mapping[Source, Sequence[Tie]]
    ) -> None:
        """Remember what a change tells; without a name it stands at once."""
        for source, ties in told.items():
            if not change:
                self._said.pop(source, None)
                continue
            said = self._said.setdefault(source, [_Said("", before[source])])
            said.append(_Said(change, ties))
            self._sources.setdefault(change, []).append(source)
        while len(self._sources) > self._most:
            self._let_stand(next(iter(self._sources)))

    def end(self, change: str) -> None:
        """Whatever comes of it later tells nothing: questions may overtake each other.

        What it told is taken back by `take_back`.
        """
        self._over[change] = None
        if len(self._over) > self._most:
            del self._over[next(iter(self._over))]

    def take_back(self, change: str) -> dict[Source, Sequence[Tie]]:
        """What its sources tell without it; those that tell something newer do so."""
        now: dict[Source, Sequence[Tie]] = {}
        for source in self._sources.pop(change, ()):
            said = self._said.get(source, [])
            left = [one for one in said if one.change != change]
            if len(left) == len(said):
                continue
            if said[-1].change == change:
                now[source] = left[-1].ties
            self._keep(source, left)
        return now

    def _let_stand(self, change: str) -> None:
        """It is too long ago to come to nothing."""
        for source in self._sources.pop(change):
            said = self._said.get(source, [])
            places = [n for n, one in enumerate(said) if one.change == change]
            if places:
                stands = _Said("", said[places[-1]].ties)
                self._keep(source, [stands, *said[places[-1] + 1 :]])

    def _keep(self, source: Source, said: list[_Said]) -> None:
        if len(said) > 1:
            self._said[source] = said
        else:
            del self._said[source]
