# SPDX-License-Identifier: Apache-2.0
"""Figures of whole days, one after the other: what weeks and months are made of.

A day that is over is kept for some minutes, so that a month of a large provider, which
takes longer than a page may, is there when it is asked for again.
"""

import asyncio
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

    async def of_days(
        self, organisation: OrganisationId, first: date, last: date
    ) -> list[tuple[date, Figures]]:
        """Each day by itself, as known now; what has not begun has nothing."""
        return [
            (day, await self._of(organisation, day)) for day in days_of(first, last)
        ]

    async def _of(self, organisation: OrganisationId, day: date) -> Figures:
        now, at = self._clock.now(), self._clock.monotonic_seconds()
        key, span = (organisation, day), span_of_days(day, day)
        kept = self._kept.get(key)
        if kept is not None and at - kept[0] < KEPT_SECONDS:
            return kept[1]
        told = (
            await self._rows.happened(organisation, span) if span.since <= now else []
        )
        found = await asyncio.to_thread(_counted, told, span, now)
        if span.until <= now:
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            self._kept[key] = (at, found)
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
