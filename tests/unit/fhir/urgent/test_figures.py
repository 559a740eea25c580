# SPDX-License-Identifier: Apache-2.0
"""Figures are a function of what happened: of nothing else, and in any order."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings, strategies as st

from support.urgent_figures import ANN, MINUTE, call
from wardkeep.base.clock import LONDON
from wardkeep.fhir.urgent.case import MISTAKE
from wardkeep.fhir.urgent.disposition import DISPOSITIONS
from wardkeep.fhir.urgent.figures.counting import (
    Units,
    figures_of,
    late_by,
    profile_of,
    units_of,
)
from wardkeep.fhir.urgent.figures.happened import Happened, happened_in
from wardkeep.fhir.urgent.figures.items import ITEMS, Unit, read_items
from wardkeep.fhir.urgent.figures.spans import (
    Span,
    day_of,
    hours_of,
    month_of,
    shift_at,
    span_of_days,
    week_of,
)
from wardkeep.fhir.urgent.figures.sums import Figure
from wardkeep.fhir.urgent.outcome import TYPE as REQUEST
from wardkeep.fhir.urgent.queueing import Did, entry_content, entry_in
from wardkeep.fhir.urgent.steps import Step

SATURDAY = date(2026, 11, 28)
LATE = datetime(2026, 11, 28, 23, 50, tzinfo=UTC)
DAY = timedelta(days=1)
LONG_AFTER = datetime(2027, 6, 1, tzinfo=UTC)
Json = dict[str, Any]


def told(*contents: Json) -> list[Happened]:
    return [one for one in map(happened_in, contents) if one is not None]


def count(
    units: Units, first: date = SATURDAY, last: date | None = None
) -> dict[str, Figure]:
    span = span_of_days(first, last or first)
    return figures_of(ITEMS.item, units, span, now=LONG_AFTER)


REACHED = ((Step.TAKE, 5), (Step.REACH, 10), (Step.END, 20))


def test_what_lies_beside_the_record_has_no_word_and_nobody() -> None:
    rows = told(*call("clinician-1h", LATE, *REACHED, to="self-care"))
    assert [one.source for one in rows] == [
        *("Encounter/c", f"{REQUEST}/c-request", "Task/c-place", f"{REQUEST}/c-again")
    ]
    text = msgspec.json.encode(rows).decode()
    assert not any(one in text for one in ("Secret", "tess", "ann", "0163", "Patient"))


def test_a_call_counts_where_it_was_answered_though_all_else_was_after_midnight() -> (
    None
):
    rows = told(*call("clinician-now", LATE, *REACHED, to="self-care"))
    found = count(units_of(rows))
    assert found["calls-answered"] == Figure(1, 1)
    assert found["calls-ended"] == Figure(1, 1)
    assert found["call-length"] == Figure(1, 1, 0, 540)
    assert found["clinician"] == Figure(1, 1)
    assert found["self-care"] == Figure(1, 1)
    # The place in the queue was given at 23:59, and its day is that one
    assert found["call-back-now"] == Figure(1, 1)
    assert found["closed"] == Figure(1, 1, 0, 69 * 60)
    sunday = count(units_of(rows), SATURDAY + timedelta(days=1))
    assert {one.of + one.pending for one in sunday.values()} == {0}


def test_in_time_is_when_somebody_was_reached_before_it_was_due() -> None:
    for minutes, met in ((19, 1), (21, 0)):
        steps = ((Step.TAKE, 2), (Step.NO_ANSWER, 3), (Step.REACH, minutes))
        found = count(units_of(told(*call("clinician-now", LATE, *steps))))
        assert found["call-back-now"] == Figure(met, 1)
    # Closed without anybody reached, it is missed
    ended = ((Step.TAKE, 2), (Step.NO_ANSWER, 3), (Step.END, 5))
    found = count(units_of(told(*call("clinician-now", LATE, *ended))))
    assert found["call-back-now"] == Figure(0, 1)


def test_what_another_service_has_is_theirs_to_meet_unless_it_was_taken_back() -> None:
    sent, taken = (Step.SEND_ON, 2), (Step.TAKE, 3)
    back, ended = (Step.WITHDRAW, 4), (Step.END, 9)
    for steps, figure in (
        ((sent, taken, ended), Figure()),
        # Not ended yet, it waits here as well
        ((sent,), Figure(0, 1)),
        # Taken back there, and ended without a word to the caller
        ((sent, taken, back, ended), Figure(0, 1)),
        # Reached all the same, it was met here
        ((sent, taken, (Step.REACH, 5), ended), Figure(1, 1)),
    ):
        found = count(units_of(told(*call("clinician-now", LATE, *steps))))
        assert found["call-back-now"] == figure, steps


def test_what_has_its_time_yet_is_in_neither() -> None:
    units = units_of(told(*call("clinician-1h", LATE)))
    span = span_of_days(SATURDAY, SATURDAY)
    for minutes, figure in ((60, Figure(pending=1)), (70, Figure(of=1))):
        now = LATE + minutes * MINUTE
        found = figures_of(ITEMS.item, units, span, now=now)
        assert found["call-back-later"] == figure
        assert found["clinician"] == Figure(pending=1)


def test_a_step_that_was_taken_back_has_not_happened() -> None:
    made = call("clinician-1h", LATE, (Step.TAKE, 5), (Step.REACH, 10))
    entry = entry_in(made[2])
    assert entry is not None
    undone = Did(step=Step.UNDO, at=LATE + 21 * MINUTE, by=ANN)
    back = entry_content(msgspec.structs.replace(entry, did=(*entry.did, undone)))
    found = count(units_of(told(made[0], made[1], back)))
    assert found["call-back-later"] == Figure(0, 1)
    assert found["clinician"] == Figure(pending=1)
    # And an end of a call that was taken back leaves no place in any queue
    gone = {**back, "status": "cancelled"}
    assert told(gone) == []


def test_a_case_that_was_begun_by_mistake_was_none() -> None:
    case = call("clinician-1h", LATE)[0]
    assert told({**case, "status": MISTAKE}) == []
    assert told({"resourceType": "Encounter", "status": "finished"}) == []


def test_validation_counts_what_went_straight_there_as_missed() -> None:
    rows = told(
        *call("ambulance-3-validate", LATE, *REACHED, id_="a"),
        *call("ambulance-4", LATE, id_="b"),
        *call("ambulance-3-validate", LATE, (Step.TAKE, 9), (Step.REACH, 31), id_="d"),
        *call("ambulance-1", LATE, id_="e"),
    )
    assert count(units_of(rows))["ambulance-validated"] == Figure(1, 3)


def test_a_booking_counts_for_the_call_that_it_is_based_on() -> None:
    booking = {
        "resourceType": "Appointment",
        "id": "b",
        "status": "booked",
        "created": (LATE + 12 * MINUTE).isoformat(),
        "start": (LATE + 90 * MINUTE).isoformat(),
        "basedOn": [{"reference": "ServiceRequest/c-request"}],
    }
    rows = told(*call("base-2h", LATE), booking)
    assert count(units_of(rows))["booked"] == Figure(1, 1)
    rows = told(*call("base-2h", LATE), {**booking, "status": "cancelled"})
    assert count(units_of(rows))["booked"] == Figure(pending=1)


@st.composite
def streams(draw: st.DrawFn) -> list[Happened]:
    """Calls of some days around the night on which clocks go back."""
    begin = datetime(2026, 10, 23, tzinfo=UTC)
    made: list[Happened] = []
    for number in range(draw(st.integers(0, 8))):
        code = draw(st.sampled_from(list(DISPOSITIONS)))
        began = begin + draw(st.integers(0, 5 * 24 * 60)) * MINUTE
        steps: list[tuple[Step, int]] = []
        if DISPOSITIONS[code].waits and draw(st.booleans()):
            at = draw(st.integers(1, 400))
            steps = [(Step.TAKE, at), (Step.REACH, at + draw(st.integers(0, 90)))]
        to = draw(st.sampled_from(["", "self-care", "base-6h"])) if steps else ""
        made += told(*call(code, began, *steps, id_=f"c{number}", to=to))
    return made


@settings(max_examples=60, deadline=None)
@given(streams(), st.lists(st.integers(0, 30), max_size=9), st.data())
def test_shuffled_and_doubled_a_stream_gives_the_same(
    stream: list[Happened], again: list[int], data: st.DataObject
) -> None:
    days = (date(2026, 10, 22), date(2026, 10, 30))
    whole = count(units_of(stream), *days)
    doubled = [*stream, *(stream[one] for one in again if one < len(stream))]
    other = data.draw(st.permutations(doubled))
    assert count(units_of(other), *days) == whole


@settings(max_examples=60, deadline=None)
@given(streams())
def test_days_add_up_to_their_week_when_clocks_change_too(
    stream: list[Happened],
) -> None:
    units = units_of(stream)
    first = date(2026, 10, 22)
    days = [first + timedelta(days=one) for one in range(9)]
    whole = count(units, days[0], days[-1])
    for name, figure in whole.items():
        summed = sum((count(units, one)[name] for one in days), Figure())
        assert summed == figure, name
    # And hours to their day, of which that Sunday has 25
    for day in days:
        span = span_of_days(day, day)
        hours = profile_of(units, span, now=LONG_AFTER)
        assert (
            sum(one.answered for one in hours)
            == count(units, day)["calls-answered"].met
        )
        missed = sum(
            late_by(one, now=LONG_AFTER) is not None
            for one in units.within(Unit.PLACE, span)
        )
        assert sum(one.missed for one in hours) == missed


@settings(max_examples=60, deadline=None)
@given(streams(), st.integers(0, 6 * 24 * 60))
def test_what_is_worked_out_once_for_an_order_holds_for_each_unit_with_it(
    stream: list[Happened], after: int
) -> None:
    """Each unit counted by itself, none after another of its order, adds up to all."""
    first, last = date(2026, 10, 22), date(2026, 10, 30)
    span, now = span_of_days(first, last), LATE - 36 * DAY + after * MINUTE
    units = units_of(stream)
    summed = dict.fromkeys((one.id for one in ITEMS.item if not one.cannot), Figure())
    for unit in Unit:
        for source, group in units.of[unit].items():
            alone = Units({one: {} for one in Unit} | {unit: {source: group}})
            for name, figure in figures_of(ITEMS.item, alone, span, now=now).items():
                summed[name] += figure
    assert figures_of(ITEMS.item, units, span, now=now) == summed


def test_an_order_tells_apart_what_happened_at_one_moment() -> None:
    """Booked in the moment in which the call ended is met; before it is not."""
    rows = []
    for nth, booked in enumerate((9, 8, 9, 8)):
        case, request = f"Encounter/{nth}", f"{REQUEST}/{nth}"
        answered, ended = LATE, LATE + 9 * MINUTE
        kinds = ("call-answered", "call-ended", "case-closed")
        moments = (answered, ended, ended + MINUTE)
        rows += [
            Happened(case, case, "base-2h", None, kinds, moments),
            Happened(request, case, "base-2h", None, ("outcome-given",), (ended,)),
            Happened(
                *(f"Appointment/{nth}", request, "", None, ("booked",)),
                (LATE + booked * MINUTE,),
            ),
        ]
    assert count(units_of(rows))["booked"] == Figure(2, 4)


@given(st.dates(date(2020, 1, 2), date(2039, 12, 30)))
def test_days_follow_each_other_without_a_gap(day: date) -> None:
    span, after = span_of_days(day, day), span_of_days(day + timedelta(days=1), day)
    assert span.until == after.since
    assert day_of(span.since) == day == day_of(span.until - timedelta(seconds=1))
    assert len(list(hours_of(span))) in (23, 24, 25)
    first, last = week_of(day)
    assert (first.weekday(), last.weekday()) == (0, 6)
    assert first <= day <= last
    first, last = month_of(day)
    assert (first.day, (last + timedelta(days=1)).day) == (1, 1)


def test_the_day_on_which_clocks_change_has_its_hours() -> None:
    spring, autumn = date(2027, 3, 28), date(2026, 10, 25)
    assert len(list(hours_of(span_of_days(spring, spring)))) == 23
    assert len(list(hours_of(span_of_days(autumn, autumn)))) == 25


@pytest.mark.parametrize(
    ("now", "since", "until"),
    [
        ("2026-11-28T07:59", "2026-11-27T20:00", "2026-11-28T08:00"),
        ("2026-11-28T08:00", "2026-11-28T08:00", "2026-11-28T20:00"),
        ("2026-11-28T23:10", "2026-11-28T20:00", "2026-11-29T08:00"),
        # The night on which clocks go back is an hour longer
        ("2026-10-25T01:30", "2026-10-24T20:00", "2026-10-25T08:00"),
    ],
)
def test_a_shift_may_have_begun_the_day_before(
    now: str, since: str, until: str
) -> None:
    def at(text: str) -> datetime:
        return datetime.fromisoformat(text).replace(tzinfo=LONDON).astimezone(UTC)

    assert shift_at(at(now), ITEMS.begins) == Span(at(since), at(until))
    assert ITEMS.begins == (time(8), time(20))


def test_the_list_says_of_each_item_how_it_is_counted_or_why_it_is_not() -> None:
    for one in ITEMS.item:
        assert bool(one.cannot) is not bool(one.begins), one.id
        assert bool(one.silent) is (one.unit is Unit.RINGING), one.id
        assert one.holds_on(SATURDAY)
        assert not one.holds_on(date(2020, 1, 1))
        if one.standard:
            assert one.states, f"{one.id} says not where its standard is from"


BROKEN = (
    ('begins = "ended"', "a: nothing is called ended"),
    ('begins = "queue"\nmet = ["reach"]\nwhere = { codes = ["x"] }', "called x"),
    ('cannot = "No."\nbegins = "queue"', "either counted, or says why not"),
    ('begins = "queue"', "a count has nothing that is met"),
    ('begins = "queue"\nmeasure = "sum"', "Invalid enum value"),
)


@pytest.mark.parametrize(("said", "words"), BROKEN)
def test_a_list_that_names_what_there_is_not_is_refused(said: str, words: str) -> None:
    head = 'title = ""\nversion = ""\nsource = ""\nshifts = []\n'
    with pytest.raises(ValueError, match=words):
        read_items(f'{head}[[item]]\nid = "a"\ngroup = ""\nwords = ""\n{said}')
