# SPDX-License-Identifier: Apache-2.0
"""Order and lateness of a clinic, from what stands in its lines alone."""

from datetime import UTC, datetime, timedelta

import pytest

from wardkeep.fhir.clinics.judging import judge
from wardkeep.fhir.clinics.outcomes import Line, NotOn, TooEarly, TooLate, WrongDay
from wardkeep.fhir.clinics.screens import label_of
from wardkeep.fhir.clinics.waits import estimate, in_order, waits_before
from wardkeep.fhir.clinics.words import Channel, Doer, ShownAs, Standing

NINE = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)
KIOSK, DESK = Doer("k", Channel.KIOSK), Doer("d", Channel.DESK)


def at(minutes: int) -> datetime:
    return NINE + timedelta(minutes=minutes)


def line(  # noqa: PLR0913 - what tells appointments apart, each named
    id_: str,
    starts: int = 0,
    *,
    came: int | None = None,
    entry: str = "",
    status: str = "booked",
    priority: int = 0,
    weight: int = 0,
) -> Line:
    here = came is not None
    return Line(
        appointment=id_,
        patient=f"{id_}-p",
        place="heart",
        day=NINE.date(),
        starts_at=at(starts),
        ends_at=at(starts + 15),
        status="checked-in" if here else status,
        entry=1 if here else 0,
        entry_status=entry or ("waiting" if here else ""),
        arrived_at=None if came is None else at(came),
        priority=priority,
        weight=weight,
    )


def test_who_is_early_does_not_overtake_who_is_on_time() -> None:
    early, on_time = line("early", 30, came=-30), line("time", 0, came=-5)
    late = line("late", -30, came=5)
    assert in_order([late, early, on_time]) == [on_time, late, early]


def test_who_cannot_wait_goes_first_and_who_did_not_answer_later() -> None:
    first, unwell = line("a", 0, came=0), line("b", 10, came=0, priority=2)
    absent = line("c", -20, came=-20, weight=25)
    assert in_order([first, absent, unwell]) == [unwell, first, absent]
    assert waits_before([first, absent, unwell], absent) == 2


def test_a_clinic_is_as_late_as_its_latest_starts_say() -> None:
    starts = [(at(0), at(40)), (at(15), at(20)), (at(30), at(45)), (at(45), at(50))]
    assert estimate([], starts, at(60)).late_minutes == 5


def test_one_long_visit_is_no_rule() -> None:
    starts = [(at(0), at(5)), (at(15), at(60)), (at(30), at(35))]
    assert estimate([], starts, at(60)).late_minutes == 5


def test_who_waits_past_their_time_makes_it_late() -> None:
    goes = estimate([line("a", 0, came=-10)], [], at(35))
    assert (goes.late_minutes, goes.longest_wait_minutes, goes.waiting) == (35, 45, 1)
    assert goes.is_bottleneck


def test_who_comes_before_or_after_their_time_jams_no_clinic() -> None:
    hours_before = estimate([line("a", 360, came=0)], [], at(60))
    assert (hours_before.late_minutes, hours_before.longest_wait_minutes) == (0, 60)
    assert not hours_before.is_bottleneck
    late = estimate([line("b", 0, came=40)], [], at(45))
    assert late.late_minutes == 5
    assert not late.is_bottleneck


def test_nobody_waits_and_nothing_is_late() -> None:
    goes = estimate([line("a", 0)], [], at(0))
    assert (goes.late_minutes, goes.waiting, goes.expected) == (0, 0, 1)
    assert not goes.is_bottleneck


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (at(-61), TooEarly),
        (at(-60), None),
        (at(20), None),
        (at(21), TooLate),
        (at(24 * 60), WrongDay),
    ],
)
def test_a_kiosk_lets_in_an_hour_before_and_twenty_minutes_after(
    now: datetime, expected: type | None
) -> None:
    told = judge(line("a"), KIOSK, now)
    assert (told is None) if expected is None else isinstance(told, expected)


def test_a_desk_decides_about_the_time_itself() -> None:
    assert judge(line("a"), DESK, at(-240)) is None
    assert judge(line("a", status="noshow"), DESK, at(90)) is None


@pytest.mark.parametrize("status", ["cancelled", "fulfilled"])
def test_what_is_over_is_over_at_a_desk_too(status: str) -> None:
    assert isinstance(judge(line("a", status=status), DESK, at(0)), NotOn)


def test_the_queue_knows_better_than_the_appointment_who_is_here() -> None:
    assert line("a", came=0, entry="in-room").standing is Standing.IN_ROOM
    assert line("a", status="noshow").standing is Standing.NO_SHOW


def test_a_screen_reads_out_what_was_chosen_and_no_surname() -> None:
    named = {"given": "Ada Rose", "family": "Ashdown"}
    assert label_of(ShownAs.NUMBER, **named) == ""
    assert label_of(ShownAs.INITIALS, **named) == "A. A."
    assert label_of(ShownAs.FIRST_NAME, **named) == "Ada"
    assert label_of(ShownAs.FIRST_NAME, given="", family="Ashdown") == ""
