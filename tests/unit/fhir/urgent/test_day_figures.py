# SPDX-License-Identifier: Apache-2.0
"""Days that are over are kept for minutes; one that goes on is counted anew."""

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest

from support.urgent_figures import call
from wardkeep.base.clock import FrozenClock
from wardkeep.base.ids import OrganisationId
from wardkeep.db.errors import DatabaseUnavailableError
from wardkeep.fhir.urgent.figures.days import (
    KEPT_SECONDS,
    MOST_OF_ONE,
    DayFigures,
    Progress,
    total_of,
)
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
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.asked_for_ten = asyncio.Event()
        self.is_away = False
        self.calls = [
            call("self-care", NOW - timedelta(hours=hours), id_=f"c{hours}")
            for hours in (1, 20, 21, 40)
        ]

    async def happened(
        self, organisation: OrganisationId, span: Span
    ) -> list[Happened]:
        self.asked.append((organisation, day_of(span.since)))
        if len(self.asked) == 10:
            self.asked_for_ten.set()
        await self.may_answer.wait()
        if self.is_away:
            raise DatabaseUnavailableError("away")
        found = [happened_in(content) for one in self.calls for content in one]
        return [one for one in found if one is not None]


async def all_that_can_be_done() -> None:
    """Until everybody waits for the database."""
    for _ in range(50):
        await asyncio.sleep(0)


async def test_days_that_are_over_are_asked_for_once_in_ten_minutes() -> None:
    rows, clock = Rows(), FrozenClock(NOW)
    days = DayFigures(rows, clock=clock)
    found = await days.of_days(HERE, FRIDAY, SUNDAY)
    assert [one.figures["calls-answered"].met for _, one in found] == [1, 2, 1]
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
    [(_, found)] = await days.of_days(HERE, monday, monday)
    assert rows.asked == []
    assert found.figures["calls-answered"].of == 0


async def test_a_month_is_counted_on_when_nobody_waits_for_it() -> None:
    rows = Rows()
    days = DayFigures(rows, clock=FrozenClock(NOW))
    first = SUNDAY - timedelta(days=9)
    rows.may_answer.clear()
    assert await days.of_days(HERE, first, SUNDAY, seconds=0) == []
    # Whoever asked has left the page
    rows.may_answer.set()
    await rows.asked_for_ten.wait()
    whole = await days.of_days(HERE, first, SUNDAY, seconds=30)
    assert [day for day, _ in whole] == [first + timedelta(days=n) for n in range(10)]
    over = [day for _, day in rows.asked if day < SUNDAY]
    assert len(over) == len(set(over)), "no day is counted twice"


async def test_how_far_a_month_is_can_be_asked_and_nothing_is_begun_by_it() -> None:
    rows, clock = Rows(), FrozenClock(NOW)
    days = DayFigures(rows, clock=clock)
    first = SUNDAY - timedelta(days=9)
    assert days.progress(HERE, first, SUNDAY) == Progress(0, 9, is_under_way=False)
    assert rows.asked == []
    rows.may_answer.clear()
    await days.of_days(HERE, first, SUNDAY, seconds=0)
    begun = days.progress(HERE, first, SUNDAY)
    assert begun == Progress(0, 9, is_under_way=True)
    assert not begun.is_ready
    rows.may_answer.set()
    await days.of_days(HERE, first, SUNDAY)
    assert days.progress(HERE, first, SUNDAY).is_ready, "but for today, which goes on"
    assert not days.progress(ELSEWHERE, first, SUNDAY).is_ready
    clock.move(timedelta(seconds=KEPT_SECONDS))
    rows.asked.clear()
    assert days.progress(HERE, first, SUNDAY) == Progress(0, 9, is_under_way=False)
    assert rows.asked == []


async def test_while_a_month_is_counted_a_day_by_itself_waits_for_none_of_it() -> None:
    rows = Rows()
    days = DayFigures(rows, clock=FrozenClock(NOW))
    first = SUNDAY - timedelta(days=9)
    rows.may_answer.clear()
    await days.of_days(HERE, first, SUNDAY, seconds=0)
    await all_that_can_be_done()
    alone = asyncio.ensure_future(days.of_day(HERE, FRIDAY))
    await all_that_can_be_done()
    assert rows.asked[-1] == (HERE, FRIDAY)
    assert len(rows.asked) == 3, "two of the month, and it"
    rows.may_answer.set()
    assert (await alone).figures["calls-answered"].met == 1


async def test_a_day_by_itself_is_as_it_is_now() -> None:
    rows = Rows()
    days = DayFigures(rows, clock=FrozenClock(NOW))
    await days.of_days(HERE, FRIDAY, FRIDAY)
    rows.calls.append(call("self-care", NOW - timedelta(hours=39), id_="late"))
    assert (await days.of_day(HERE, FRIDAY)).figures["calls-answered"].met == 2
    # And what a week has of it is as new
    [(_, friday)] = await days.of_days(HERE, FRIDAY, FRIDAY)
    assert friday.figures["calls-answered"].met == 2


async def test_one_organisation_has_so_many_months_counted_and_no_more() -> None:
    rows = Rows()
    days = DayFigures(rows, clock=FrozenClock(NOW))
    rows.may_answer.clear()
    for many in range(MOST_OF_ONE + 3):
        first = SUNDAY - timedelta(days=20 + many)
        assert await days.of_days(HERE, first, SUNDAY, seconds=0) == []
    await all_that_can_be_done()
    assert len(rows.asked) == 2, "two days at once, whoever asks for how much"
    assert await days.of_days(ELSEWHERE, FRIDAY, FRIDAY, seconds=0) == []
    rows.may_answer.set()
    [(_, friday)] = await days.of_days(ELSEWHERE, FRIDAY, FRIDAY)
    assert friday.figures["calls-answered"].met == 1
    assert len(await days.of_days(HERE, FRIDAY, SUNDAY)) == 3


async def test_where_the_database_goes_away_whoever_waits_is_told() -> None:
    rows = Rows()
    days = DayFigures(rows, clock=FrozenClock(NOW))
    rows.is_away = True
    with pytest.raises(DatabaseUnavailableError):
        await days.of_days(HERE, FRIDAY, SUNDAY)
    rows.is_away = False
    assert len(await days.of_days(HERE, FRIDAY, SUNDAY)) == 3


async def test_two_who_ask_at_once_are_one_question() -> None:
    rows = Rows()
    days = DayFigures(rows, clock=FrozenClock(NOW))
    one, other = await asyncio.gather(
        days.of_days(HERE, FRIDAY, SUNDAY), days.of_days(HERE, FRIDAY, SUNDAY)
    )
    assert one == other
    assert len(rows.asked) == 3
