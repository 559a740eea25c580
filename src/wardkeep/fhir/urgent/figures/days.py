# SPDX-License-Identifier: Apache-2.0
"""Figures of whole days, one after the other: what weeks and months are made of.

A month of a large provider takes longer than a page may. It is counted in the
background, whether somebody waits before the page or not, and a day that is over is
kept for some minutes: whoever left the page finds it when they come back.
"""

import asyncio
import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from wardkeep.base.clock import Clock
from wardkeep.base.ids import OrganisationId
from wardkeep.fhir.urgent.figures.counting import (
    Hour,
    Units,
    figures_of,
    profile_of,
    units_of,
)
from wardkeep.fhir.urgent.figures.happened import Happened
from wardkeep.fhir.urgent.figures.items import ITEMS
from wardkeep.fhir.urgent.figures.rows import FigureRows
from wardkeep.fhir.urgent.figures.spans import Span, span_of_days
from wardkeep.fhir.urgent.figures.sums import Figure

KEPT_SECONDS = 600.0
"""How old figures of a day that is over may be, in a week or a month."""
_MOST_KEPT = 4_000
"""Days of organisations: some megabytes."""
_AT_ONCE = 2
"""Days: while one is counted, the rows of the next one come."""
MOST_OF_ONE = 4
"""Weeks and months that one organisation has counted at the same time."""
Figures = Mapping[str, Figure]
Key = tuple[OrganisationId, date]


class Day(NamedTuple):
    """What one day came to, as it was known at a moment."""

    at: datetime
    figures: Figures
    hours: Sequence[Hour]


Days = list[tuple[date, Day]]


class Progress(NamedTuple):
    """How far the counting of a week or month is."""

    counted: int
    days: int
    """Those that are over: of the others each time is the first."""
    is_under_way: bool

    @property
    def is_ready(self) -> bool:
        """Whether all of it is there as soon as somebody asks."""
        return not self.is_under_way and self.counted == self.days


class DayFigures:
    """Counts whole days."""

    def __init__(self, rows: FigureRows, *, clock: Clock) -> None:
        self._rows = rows
        self._clock = clock
        self._kept: dict[Key, tuple[float, Day]] = {}
        self._under_way: dict[Key, asyncio.Future[Day]] = {}
        self._runs: dict[tuple[OrganisationId, date, date], asyncio.Task[Days]] = {}
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def of_day(self, organisation: OrganisationId, day: date) -> Day:
        """One day as it is known now, whatever was kept, and whoever else counts."""
        return await self._of((organisation, day))

    async def of_days(
        self,
        organisation: OrganisationId,
        first: date,
        last: date,
        *,
        seconds: float = math.inf,
    ) -> Days:
        """Each day by itself; what has not begun has nothing.

        After so many seconds those that are counted by then. The others go on being
        counted, and whoever asks again is told of more. Where the organisation has too
        much under way, those that are counted already.
        """
        wanted = days_of(first, last)
        run = self._begun(organisation, first, last)
        if run is not None:
            limit = None if seconds == math.inf else seconds
            done, _ = await asyncio.wait({run}, timeout=limit)
            if done:
                return run.result()
        found = [(one, self._kept_of((organisation, one))) for one in wanted]
        return [(one, day) for one, day in found if day is not None]

    def progress(
        self, organisation: OrganisationId, first: date, last: date
    ) -> Progress:
        """How far it is; a page that is left open by itself begins nothing."""
        now = self._clock.now()
        over = [one for one in days_of(first, last) if _span(one).until <= now]
        kept = [one for one in over if self._kept_of((organisation, one)) is not None]
        is_under_way = (organisation, first, last) in self._runs
        return Progress(len(kept), len(over), is_under_way)

    def _begun(
        self, organisation: OrganisationId, first: date, last: date
    ) -> asyncio.Task[Days] | None:
        """The counting of them, begun now or before; None: too much is under way."""
        key = (organisation, first, last)
        run = self._runs.get(key)
        if run is None:
            if sum(one[0] == organisation for one in self._runs) >= MOST_OF_ONE:
                return None
            run = asyncio.ensure_future(self._count_all(organisation, first, last))
            self._runs[key] = run
            run.add_done_callback(lambda done: self._forget(key, done))
        return run

    def _forget(
        self, key: tuple[OrganisationId, date, date], run: asyncio.Task[Days]
    ) -> None:
        self._runs.pop(key, None)
        if not run.cancelled():
            run.exception()  # who waits is told; where nobody does, the next one begins

    async def _count_all(
        self, organisation: OrganisationId, first: date, last: date
    ) -> Days:
        days = list(days_of(first, last))
        tasks = [
            asyncio.ensure_future(self._in_turn((organisation, one))) for one in days
        ]
        try:
            return list(zip(days, await asyncio.gather(*tasks), strict=True))
        finally:
            for one in tasks:
                one.cancel()

    async def _in_turn(self, key: Key) -> Day:
        async with self._turns:
            return self._kept_of(key) or await self._of(key)

    async def _of(self, key: Key) -> Day:
        """Whoever asks for a day that is just being counted waits for that."""
        under_way = self._under_way.get(key)
        if under_way is None:
            under_way = asyncio.ensure_future(self._count(key))
            self._under_way[key] = under_way
            under_way.add_done_callback(lambda _: self._under_way.pop(key, None))
        # Whoever leaves takes nobody else's figures away.
        return await asyncio.shield(under_way)

    def _kept_of(self, key: Key) -> Day | None:
        kept = self._kept.get(key)
        if kept is None:
            return None
        is_fresh = self._clock.monotonic_seconds() - kept[0] < KEPT_SECONDS
        return kept[1] if is_fresh else None

    async def _count(self, key: Key) -> Day:
        organisation, day = key
        now, at = self._clock.now(), self._clock.monotonic_seconds()
        span = _span(day)
        told = (
            await self._rows.happened(organisation, span) if span.since <= now else []
        )
        # Beside the loop: a day of a large provider takes a tenth of a second.
        found = await asyncio.to_thread(_counted, told, span, now)
        if span.until <= now:
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            self._kept[key] = (at, found)
        return found


def _span(day: date) -> Span:
    return span_of_days(day, day)


def days_of(first: date, last: date) -> Iterator[date]:
    """Each of them, both ends within."""
    return (first + timedelta(days=one) for one in range((last - first).days + 1))


def total_of(days: Sequence[tuple[date, Day]]) -> Figures:
    """All of them together."""
    total: dict[str, Figure] = {}
    for _, day in days:
        for name, figure in day.figures.items():
            total[name] = total.get(name, Figure()) + figure
    return total


def counted(units: Units, span: Span, *, now: datetime) -> Day:
    """What the units of a day come to."""
    return Day(
        at=now,
        figures=figures_of(ITEMS.item, units, span, now=now),
        hours=profile_of(units, span, now=now),
    )


def _counted(told: Sequence[Happened], span: Span, now: datetime) -> Day:
    return counted(units_of(told), span, now=now)
