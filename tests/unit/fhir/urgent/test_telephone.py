# SPDX-License-Identifier: Apache-2.0
"""What a telephone tells is read strictly, and counted in any order."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings, strategies as st
from msgspec.structs import replace

from support.urgent_figures import MINUTE, call
from wardkeep.fhir.urgent.figures.counting import Units, figures_of, units_of
from wardkeep.fhir.urgent.figures.happened import Happened, happened_in
from wardkeep.fhir.urgent.figures.items import ITEMS
from wardkeep.fhir.urgent.figures.on_the_telephone import happened_on_the_telephone
from wardkeep.fhir.urgent.figures.spans import span_of_days
from wardkeep.fhir.urgent.figures.sums import Figure
from wardkeep.fhir.urgent.telephone.events import (
    AHEAD,
    NO_DEVICE,
    NUMBER_IS_NEW,
    OLDEST,
    Event,
    Kind,
    Refused,
    Sent,
    read_event,
)
from wardkeep.fhir.urgent.telephone.rows import (
    Begun,
    Held,
    PhoneCall,
    linked,
    ringing_of,
)

NOW = datetime(2026, 11, 29, 4, 0, tzinfo=UTC)
SATURDAY, SUNDAY = date(2026, 11, 28), date(2026, 11, 29)
LATE = datetime(2026, 11, 28, 23, 59, 50, tzinfo=UTC)
SENT = Sent(id="1", call="c", event="Established", at=NOW.isoformat(), device="4001")
SYSTEM = "5e5510f0-0000-4000-8000-000000000001"


def row(
    name: int,
    began: datetime,
    *,
    answered: float | None = None,
    over: float | None = None,
    queued: float | None = 0,
    case: str = "",
) -> PhoneCall:
    def after(seconds: float | None) -> datetime | None:
        return None if seconds is None else began + timedelta(seconds=seconds)

    return PhoneCall(
        call=UUID(int=name),
        taker="",
        first_at=began,
        offered_at=began,
        queued_at=after(queued),
        delivered_at=None,
        established_at=after(answered),
        cleared_at=after(over),
        case=case,
    )


def told(*rows: PhoneCall) -> list[Happened]:
    found = [happened_on_the_telephone(one) for one in rows]
    return [one for one in found if one is not None]


def count(
    units: Units, first: date = SUNDAY, last: date | None = None
) -> dict[str, Figure]:
    span = span_of_days(first, last or first)
    return figures_of(ITEMS.item, units, span, now=NOW + timedelta(days=9))


def test_an_event_is_kept_without_what_the_exchange_calls_it() -> None:
    sent = Sent(
        id="07700900123-1",
        call="07700900123",
        event="Established",
        at="2026-11-29T04:00:00+01:00",
        device="4001",
        caller="+44 7700 900123",
    )
    event = read_event(sent, system=SYSTEM, now=NOW - timedelta(hours=1))
    assert isinstance(event, Event)
    assert (event.kind, event.device) == (Kind.ESTABLISHED, "4001")
    assert event.at == datetime(2026, 11, 29, 3, tzinfo=UTC)
    assert event.number == "+447700900123"
    assert "0770" not in event.id + event.call
    again = read_event(sent, system=SYSTEM, now=NOW - timedelta(hours=1))
    assert again == event
    other = read_event(sent, system="another", now=NOW - timedelta(hours=1))
    assert isinstance(other, Event)
    assert other.call != event.call


@pytest.mark.parametrize(
    ("sent", "after", "number"),
    [
        ({"caller": "07700900123"}, timedelta(), "07700900123"),
        ({"caller": "07700900123"}, NUMBER_IS_NEW + MINUTE, ""),
        ({"caller": "07700900123", "event": "Offered"}, timedelta(), ""),
        ({"caller": "anonymous"}, timedelta(), ""),
        ({"caller": "1" * 30}, timedelta(), ""),
    ],
)
def test_a_number_is_told_of_an_answer_that_is_new_and_of_nothing_else(
    sent: dict[str, str], after: timedelta, number: str
) -> None:
    one = Sent(**{"id": "1", "call": "c", "event": "Established"} | sent, at=SENT.at)
    event = read_event(one, system=SYSTEM, now=NOW + after)
    assert isinstance(event, Event)
    assert event.number == number


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"id": ""}, "An event has an id"),
        ({"call": "c" * 201}, "An event has an id"),
        ({"event": "Abandoned"}, "one of Offered, Queued"),
        ({"at": "2026-11-29T04:00:00"}, "with its offset"),
        ({"at": "0001-01-01T00:00:00+23:59"}, "with its offset"),
        ({"at": (NOW + AHEAD + MINUTE).isoformat()}, "in the future"),
        ({"at": (NOW - OLDEST - MINUTE).isoformat()}, "seven days"),
        ({"device": "07700900123"}, NO_DEVICE),
        ({"device": "40 01"}, NO_DEVICE),
    ],
)
def test_an_event_that_cannot_be_is_refused_with_why(
    wrong: dict[str, str], why: str
) -> None:
    fine = {"id": "1", "call": "c", "event": "Offered", "at": NOW.isoformat()}
    found = read_event(Sent(**fine | wrong), system=SYSTEM, now=NOW)
    assert isinstance(found, Refused)
    assert why in found.why


def test_calls_are_counted_as_the_telephone_has_them() -> None:
    rows = [
        row(1, NOW, answered=20, over=300),
        row(2, NOW, answered=70, over=300, queued=5),
        row(3, NOW, over=45),
        # Waits yet, though nothing more will come of it
        row(4, NOW),
    ]
    found = count(units_of(told(*rows)))
    assert found["calls-offered"] == Figure(4, 4)
    assert found["phone-answered"] == Figure(2, 3, 1)
    assert found["calls-abandoned"] == Figure(1, 3, 1)
    assert found["answered-60"] == Figure(1, 2)
    assert found["speed-to-answer"] == Figure(2, 2, 0, 85)
    centile = found["speed-to-answer-95"]
    assert (centile.waits, centile.centile) == (((20, 1), (65, 1)), 65)
    # A call of which the end alone is known is none yet, and nobody gave up
    end = replace(row(5, NOW, over=9), offered_at=None, queued_at=None)
    assert told(end) == []


def test_answered_is_the_telephones_moment_where_it_knows_the_case() -> None:
    """Also over midnight: the call is yesterday's, though it was typed today."""
    typed = LATE + timedelta(seconds=25)
    case = [happened_in(one) for one in call("self-care", typed, id_="x")]
    rang = row(1, LATE - timedelta(seconds=8), answered=8, over=600, case="x")
    stream = [*[one for one in case if one is not None], *told(rang)]
    for order in (stream, stream[::-1]):
        units = units_of(order)
        found = count(units, SATURDAY)
        assert found["calls-answered"] == Figure(1, 1)
        # From the answer: nine minutes after it was typed, 25 seconds more
        assert found["call-length"].seconds == 9 * 60 + 25
        assert count(units)["calls-answered"] == Figure()
    alone = [one for one in case if one is not None]
    assert count(units_of(alone))["calls-answered"] == Figure(1, 1)


@st.composite
def rung(draw: st.DrawFn) -> list[Happened]:
    begin = datetime(2026, 10, 23, tzinfo=UTC)
    rows = []
    for name in range(draw(st.integers(0, 12))):
        began = begin + draw(st.integers(0, 5 * 24 * 3600)) * timedelta(seconds=1)
        answered = draw(st.one_of(st.none(), st.integers(0, 400)))
        over = draw(st.one_of(st.none(), st.integers(400, 900)))
        rows.append(row(name, began, answered=answered, over=over))
    return told(*rows)


@settings(max_examples=60, deadline=None)
@given(rung(), st.data())
def test_days_add_up_and_order_does_not_matter_also_for_the_centile(
    stream: list[Happened], data: st.DataObject
) -> None:
    first = date(2026, 10, 22)
    days = [first + timedelta(days=one) for one in range(9)]
    whole = count(units_of(stream), days[0], days[-1])
    other = units_of(data.draw(st.permutations([*stream, *stream[:3]])))
    assert count(other, days[0], days[-1]) == whole
    for name, figure in whole.items():
        summed = sum((count(other, one)[name] for one in days), Figure())
        assert summed == figure, name
    waits = sorted(
        round((one.moments[2] - one.moments[1]).total_seconds())
        for one in stream
        if "phone-answered" in one.kinds
    )
    centile = whole["speed-to-answer-95"].centile
    if waits:
        assert sum(one <= centile for one in waits) * 100 >= 95 * len(waits)
        assert sum(one < centile for one in waits) * 100 < 95 * len(waits)
    else:
        assert centile == 0


def test_who_waits_and_whether_it_speaks() -> None:
    since = [NOW - timedelta(seconds=200), NOW - timedelta(seconds=4)]
    found = ringing_of(since, gave_up=2, heard=NOW - MINUTE, clocks=[3, -29], now=NOW)
    assert (found.waiting, found.longest.seconds, found.gave_up) == (2, 200, 2)
    assert (found.silent_for, found.clock_off) == (None, timedelta())
    found = ringing_of([], gave_up=0, heard=NOW - 11 * MINUTE, clocks=[-90], now=NOW)
    assert found.silent_for == 11 * MINUTE
    assert found.clock_off == timedelta(seconds=-90)


def test_calls_at_nobodys_extension_are_explained_by_no_more_cases_than_there_are() -> (
    None
):
    held = Held(answered=100, with_case=40, nobodys=50, cases=60)
    assert held.without_case == 10 + 30
    assert Held(answered=100, nobodys=100, cases=100).without_case == 0
    assert (held + held).answered == 200


def of(taker: str, one: PhoneCall) -> PhoneCall:
    return replace(one, taker=taker)


def test_a_call_is_linked_to_the_case_that_its_taker_began_while_it_went_on() -> None:
    calls = [
        of("tim", row(1, NOW, answered=10, over=600)),
        of("tim", row(2, NOW + 11 * MINUTE, answered=10, over=300)),
        of("uma", row(3, NOW, answered=10)),
        of("", row(4, NOW, answered=10, over=600)),
        of("tim", row(5, NOW, over=30)),
    ]
    cases = [
        Begun("second", "tim", NOW + 12 * MINUTE),
        Begun("first", "tim", NOW + MINUTE),
        Begun("again", "tim", NOW + 4 * MINUTE),
        Begun("late", "uma", NOW + 70 * MINUTE),
        Begun("elses", "zoe", NOW + MINUTE),
    ]
    want = {1: "first", 2: "second", 3: "", 4: "", 5: ""}
    for order in (calls, calls[::-1]):
        found = {one.call.int: one.case for one in linked(order, cases[::-1])}
        assert found == want
    # Nobody's case is two calls', though one rings on while the next is answered
    both = [
        of("tim", row(1, NOW, answered=10, over=900)),
        of("tim", row(2, NOW + 5 * MINUTE, answered=10)),
    ]
    case = [Begun("x", "tim", NOW + 6 * MINUTE)]
    assert [one.case for one in linked(both, case)] == ["", "x"]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_case_is_linked_twice(data: st.DataObject) -> None:
    seconds = st.integers(0, 7200)
    calls = [
        of(
            data.draw(st.sampled_from(["tim", "uma"])),
            row(
                name,
                NOW + timedelta(seconds=data.draw(seconds)),
                answered=data.draw(st.integers(0, 300)),
                over=data.draw(st.one_of(st.none(), st.integers(300, 3000))),
            ),
        )
        for name in range(data.draw(st.integers(0, 12)))
    ]
    cases = [
        Begun(
            f"c{name}",
            data.draw(st.sampled_from(["tim", "uma"])),
            NOW + timedelta(seconds=data.draw(seconds)),
        )
        for name in range(data.draw(st.integers(0, 12)))
    ]
    found = [one.case for one in linked(calls, cases) if one.case]
    assert len(found) == len(set(found))
    takers = {one.case_id: one.taker for one in cases}
    assert all(
        takers[one.case] == one.taker for one in linked(calls, cases) if one.case
    )
