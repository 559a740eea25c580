# SPDX-License-Identifier: Apache-2.0
"""Figures of whole days, one after the other: what weeks and months are made of.

A day that is over is kept for some minutes, so that a month of a large provider, which
takes longer than a page may, is there when it is asked for again.
"""

import asyncio
import math
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta

from wardkeep.base.clock import Clock
from wardkeep.base.ids import OrganisationId
from wardkeep.fhir.urgent.figures.counting import Figure, figures_of, units_of
from wardkeep.fhir.urgent.figures.happened import Happened
from wardkeep.fhir.urgent.figures.items import ITEMS
from wardkeep.fhir.urgent.figures.rows import FigureRows
from wardkeep.fhir.urgent.figures.spans import Span, span_of_days

KEPT_SECONDS = 600.0
"""How old figures of a day that is over may be."""
_MOST_KEPT = 4_000
"""Days of organisations: some megabytes."""
Figures = Mapping[str, Figure]


class DayFigures:
    """Counts whole days."""

    def __init__(self, rows: FigureRows, *, clock: Clock) -> None:
        self._rows = rows
        self._clock = clock
        self._kept: dict[tuple[int, date], tuple[float, Figures]] = {}
        self._under_way: dict[tuple[int, date], asyncio.Future[Figures]] = {}

    async def of_days(
        self,
        organisation: OrganisationId,
        first: date,
        last: date,
        *,
        seconds: float = math.inf,
    ) -> list[tuple[date, Figures]]:
        """Each day by itself, as known now; what has not begun has nothing.

        After so many seconds those that are counted by then: whoever asks again goes
        on from there. One at least is counted each time.
        """
        until = self._clock.monotonic_seconds() + seconds
        found: list[tuple[date, Figures]] = []
        has_counted = False
        for day in days_of(first, last):
            figures = self._kept_of((organisation, day))
            if figures is None:
                if has_counted and self._clock.monotonic_seconds() >= until:
                    break
                figures, has_counted = await self._of(organisation, day), True
            found.append((day, figures))
        return found

    async def _of(self, organisation: OrganisationId, day: date) -> Figures:
        """Whoever asks for a day that is just being counted waits for that."""
        key = (organisation, day)
        under_way = self._under_way.get(key)
        if under_way is None:
            under_way = asyncio.ensure_future(self._count(organisation, day))
            self._under_way[key] = under_way
            under_way.add_done_callback(lambda _: self._under_way.pop(key, None))
        # Whoever leaves takes nobody else's figures away.
        return await asyncio.shield(under_way)

    def _kept_of(self, key: tuple[int, date]) -> Figures | None:
        kept = self._kept.get(key)
        if kept is None:
            return None
        is_fresh = self._clock.monotonic_seconds() - kept[0] < KEPT_SECONDS
        return kept[1] if is_fresh else None

    async def _count(self, organisation: OrganisationId, day: date) -> Figures:
        now, at = self._clock.now(), self._clock.monotonic_seconds()
        span = span_of_days(day, day)
        told = (
            await self._rows.happened(organisation, span) if span.since <= now else []
        )
        found = await asyncio.to_thread(_counted, told, span, now)
        if span.until <= now:
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            self._kept[(organisation, day)] = (at, found)
        return found


def days_of(first: date, last: date) -> Iterator[date]:
    """Each of them, both ends within."""
    return (first + timedelta(days=one) for one in range((last - first).days + 1))


def total_of(days: list[tuple[date, Figures]]) -> Figures:
    """All of them together."""
    total: dict[str, Figure] = {}
    for _, figures in days:
        for name, figure in figures.items():
            total[name] = total.get(name, Figure()) + figure
    return total


def _counted(told: list[Happened], span: Span, now: datetime) -> Figures:
    return figures_of(ITEMS.item, units_of(told), span, now=now)
