# SPDX-License-Identifier: Apache-2.0
"""What boards of treatment centres and home visits say of times, places and alarms."""

from datetime import UTC, date, datetime, timedelta

import pytest

from wardkeep.apps.bases.today import centre_of
from wardkeep.apps.home_visits.acting import expected_at
from wardkeep.apps.home_visits.board import area_of, lists_of
from wardkeep.apps.home_visits.opening import alarm_of, car_of_visit, line_of
from wardkeep.fhir.clinics.outcomes import Line
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.urgent.queue_rows import EntryRow
from wardkeep.fhir.urgent.steps import State

NOW = datetime(2026, 11, 29, 4, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def row(entry: str, state: State, *, place: str = "", turn: int = 0) -> EntryRow:
    return EntryRow(
        entry=entry,
        case_key="Encounter/x",
        disposition="visit-2h",
        skill="visit",
        urgency=2,
        state=state,
        owner="Practitioner/doc",
        given_at=NOW,
        due_at=NOW + 120 * MINUTE,
        next_at=NOW + 30 * MINUTE,
        comforted_at=None,
        attempts=0,
        is_pinned=False,
        is_escalated=False,
        patient=entry,
        place=place,
        turn=turn,
    )


def test_a_car_drives_where_it_is_then_by_turn_then_what_is_left_to_write() -> None:
    car = "CareTeam/one"
    rows = [
        row("third", State.BOOKED, place=car, turn=9),
        row("first", State.ARRIVED, place=car, turn=12),
        row("second", State.BOOKED, place=car, turn=3),
        row("last", State.AWAITING_ACTION, place=car, turn=1),
        row("nobody", State.NEW),
    ]
    [found] = lists_of([line_of(one, NOW) for one in rows])
    assert [one.entry for one in found.lines] == ["first", "second", "third", "last"]
    assert found.lines[-1].state_words == "Left, outcome to be written"


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (State.BOOKED, "Late: not set off"),
        (State.ON_THE_WAY, "Not arrived in time"),
        (State.ARRIVED, "No word from the home: ring the car now"),
        (State.NEW, ""),
    ],
)
def test_an_alarm_says_what_is_overdue_and_only_then(state: State, words: str) -> None:
    assert alarm_of(state, NOW, NOW) == words
    assert alarm_of(state, NOW + MINUTE, NOW) == ""


def test_a_visit_is_on_the_list_of_its_own_car_and_of_no_other() -> None:
    me = Person("Practitioner/doc", "Doc")
    sent = row("v", State.BOOKED, place="CareTeam/one")
    assert car_of_visit(sent, me, [])
    assert car_of_visit(sent, Person("Practitioner/e"), ["CareTeam/one"])
    assert not car_of_visit(sent, Person("Practitioner/e"), ["CareTeam/two"])
    assert not car_of_visit(sent, Person(), ["CareTeam/two"])
    assert not car_of_visit(row("v", State.NEW), me, [""])


@pytest.mark.parametrize(
    ("typed", "hours"),
    [("04:30", 0.5), ("02:10", -1.833), ("01:00", 21), ("23:59", 19.983)],
)
def test_a_time_of_day_is_todays_or_tomorrows(typed: str, hours: float) -> None:
    found = expected_at(typed, NOW)
    assert found is not None
    assert (found - NOW).total_seconds() / 3600 == pytest.approx(hours, abs=0.01)


@pytest.mark.parametrize(
    ("now", "later"), [("00:10", 20), ("00:50", 40), ("01:10", 20)]
)
def test_of_a_time_that_comes_twice_it_is_the_next(now: str, later: int) -> None:
    """The clocks go back at 01:00 UTC: 01:30 is there half an hour before and after."""
    at = datetime.fromisoformat(f"2026-10-25T{now}:00+00:00")
    assert expected_at("01:30", at) == at + timedelta(minutes=later)


@pytest.mark.parametrize("typed", ["", "soon", "25:00", "04:30:10Z", "4"])
def test_what_is_no_time_of_day_is_none(typed: str) -> None:
    assert expected_at(typed, NOW) is None


def test_an_area_is_the_first_half_of_a_postcode_and_nothing_is_guessed() -> None:
    assert area_of("3 Test Lane, Leeds, ls17 9zz") == "LS17"
    assert area_of("3 Test Lane, Leeds") == ""


def test_who_is_late_is_red_and_who_has_arrived_counts_from_then() -> None:
    def line(id_: str, ago: int, **more: object) -> Line:
        at = NOW - ago * MINUTE
        fields = {"status": "booked", "day": date(2026, 11, 29), **more}
        return Line(
            appointment=id_,
            patient=id_,
            place="moor",
            starts_at=at,
            ends_at=at + 15 * MINUTE,
            **fields,  # type: ignore[arg-type]
        )

    here = {"entry_status": "waiting", "arrived_at": NOW - 5 * MINUTE}
    lines = [
        line("late", 10),
        line("soon", 9),
        line("here", 30, **here),
        line("gone", 60, status="noshow"),
        line("seen", 90, status="fulfilled"),
    ]
    found = centre_of("moor", lines, NOW, late_minutes=10)
    assert (found.late, found.expected, found.here) == (1, 2, 1)
    assert (found.missed, found.seen) == (1, 1)
    rows = {one.id: one for one in found.rows}
    assert (rows["late"].colour, rows["late"].minutes) == ("red", 10)
    assert (rows["soon"].is_late, rows["here"].minutes) == (False, 5)
    assert "seen" not in rows
