# SPDX-License-Identifier: Apache-2.0
"""Days that are over are kept for minutes; one that goes on is counted anew."""

import asyncio
from datetime import UTC, date, datetime, timedelta

from support.urgent_figures import call
from wardkeep.base.clock import FrozenClock
from wardkeep.base.ids import OrganisationId
from wardkeep.fhir.urgent.figures.days import KEPT_SECONDS, DayFigures, total_of
from wardkeep.fhir.urgent.figures.happened import Happened, happened_in
from wardkeep.fhir.urgent.figures.rows import FigureRows
from wardkeep.fhir.urgent.figures.spans import Span, day_of

NOW = datetime(2026, 11, 29, 4, 0, tzinfo=UTC)
HERE, ELSEWHERE = OrganisationId(1), OrganisationId(2)
FRIDAY, SUNDAY = date(2026, 11, 27), date(2026, 11, 29)


class Rows(FigureRows):
    """Calls of each day, and which days were asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, date]] = []
        self.calls = [
            call("self-care", NOW - timedelta(hours=hours), id_=f"c{hours}")
            for hours in (1, 20, 21, 40)
        ]

    async def happened(
        self, organisation: OrganisationId, span: Span
    ) -> list[Happened]:
        self.asked.append((organisation, day_of(span.since)))
        found = [happened_in(content) for one in self.calls for content in one]
        return [one for one in found if one is not None]


async def test_days_that_are_over_are_asked_for_once_in_ten_minutes() -> None:
    rows, clock = Rows(), FrozenClock(NOW)
    days = DayFigures(rows, clock=clock)
    found = await days.of_days(HERE, FRIDAY, SUNDAY)
    assert [one["calls-answered"].met for _, one in found] == [1, 2, 1]
    assert total_of(found)["calls-answered"].met == 4
    rows.asked.clear()
    assert await days.of_days(HERE, FRIDAY, SUNDAY) == found
    assert rows.asked == [(HERE, SUNDAY)], "today goes on"
    # Another organisation's are its own
    await days.of_days(ELSEWHERE, FRIDAY, FRIDAY)
    assert rows.asked[-1] == (ELSEWHERE, FRIDAY)
    rows.asked.clear()
    clock.move(timedelta(seconds=KEPT_SECONDS))
    await days.of_days(HERE, FRIDAY, SUNDAY)
    assert len(rows.asked) == 3


async def test_a_day_that_has_not_begun_asks_for_nothing() -> None:
    rows = Rows()
    days = DayFigures(rows, clock=FrozenClock(NOW))
    monday = SUNDAY + timedelta(days=1)
    [(_, figures)] = await days.of_days(HERE, monday, monday)
    assert rows.asked == []
    assert figures["calls-answered"].of == 0


async def test_a_month_that_takes_long_is_counted_piece_by_piece() -> None:
    rows, clock = Rows(), FrozenClock(NOW)
    days = DayFigures(rows, clock=clock)
    first = SUNDAY - timedelta(days=9)
    # Each time somebody waits no longer than they will, and one day at least is done
    found = await days.of_days(HERE, first, SUNDAY, seconds=0)
    assert [day for day, _ in found] == [first]
    for nth in range(2, 11):
        found = await days.of_days(HERE, first, SUNDAY, seconds=0)
        assert len(found) == nth
    whole = await days.of_days(HERE, first, SUNDAY)
    assert len(whole) == 10
    over = [day for _, day in rows.asked if day < SUNDAY]
    assert len(over) == len(set(over)), "no day is counted twice"


async def test_two_who_ask_at_once_are_one_question() -> None:
    rows = Rows()
    days = DayFigures(rows, clock=FrozenClock(NOW))
    one, other = await asyncio.gather(
        days.of_days(HERE, FRIDAY, SUNDAY), days.of_days(HERE, FRIDAY, SUNDAY)
    )
    assert one == other
    assert len(rows.asked) == 3
