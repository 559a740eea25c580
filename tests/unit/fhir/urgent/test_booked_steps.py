# SPDX-License-Identifier: Apache-2.0
"""Being booked and being visited, as the rules of a queue have it."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given, strategies as st

from wardkeep.fhir.model.person import Person
from wardkeep.fhir.urgent.booked import NOT_BOOKED, Booked
from wardkeep.fhir.urgent.disposition import DISPOSITIONS
from wardkeep.fhir.urgent.moving import (
    NOT_NOW,
    NOT_YOURS,
    TOO_LATE,
    Cannot,
    advance,
    next_by,
    take_back,
)
from wardkeep.fhir.urgent.queueing import (
    Did,
    Entry,
    entry_content,
    entry_in,
    queued,
)
from wardkeep.fhir.urgent.steps import TIMED, UNDONE, State, Step

NOW = datetime(2026, 11, 29, 4, 0, tzinfo=UTC)
ANN, LEE = (Person(f"Practitioner/{one}", one) for one in ("ann", "lee"))
MINUTE = timedelta(minutes=1)
BASE = Booked(
    appointment="a", where=Person("Location/moor", "Moor"), at=NOW + 40 * MINUTE
)
CAR = Booked(
    appointment="b",
    where=Person("CareTeam/one", "Car 1"),
    at=NOW + 30 * MINUTE,
    turn=7,
)


def new(code: str) -> Entry:
    made = queued("c", "p", DISPOSITIONS[code], given=NOW, author=LEE)
    found = entry_in(made[1])
    assert found is not None
    return found


def go(entry: Entry, step: Step, minutes: int = 1, by: Person = ANN) -> Entry:
    booked = CAR if step is Step.SEND else BASE
    did = Did(step=step, at=NOW + minutes * MINUTE, by=by, to=ANN, words="w")
    found = advance(entry, did, leads=by == LEE, booked=booked)
    assert isinstance(found, Entry), (step, found)
    return found


def test_a_time_is_booked_moved_and_cancelled_and_the_place_follows() -> None:
    taken = go(go(new("base-2h"), Step.TAKE), Step.REACH)
    booked = go(taken, Step.BOOK)
    assert (booked.state, booked.owner.reference) == (State.BOOKED, "")
    assert booked.booked == BASE
    assert next_by(booked) == NOW + 60 * MINUTE
    back = go(booked, Step.UNBOOK)
    assert (back.state, back.booked, back.due) == (State.NEW, NOT_BOOKED, booked.due)
    seen = go(booked, Step.SEE)
    assert (seen.state, seen.owner) == (State.IN_CONSULT, ANN)


@pytest.mark.parametrize("step", [Step.END, Step.HAND_BACK, Step.ASSIGN, Step.TAKE])
def test_what_has_a_time_is_not_ended_or_given_on_with_the_time_left_behind(
    step: Step,
) -> None:
    for entry in (
        go(new("base-2h"), Step.BOOK),
        go(new("visit-2h"), Step.SEND, by=LEE),
    ):
        did = Did(step=step, at=NOW, by=LEE, to=ANN)
        assert isinstance(advance(entry, did, leads=True), Cannot)


def test_nobody_books_what_a_colleague_has_and_only_the_lead_sends_cars() -> None:
    taken = go(new("base-2h"), Step.TAKE, by=LEE)
    did = Did(step=Step.BOOK, at=NOW, by=ANN)
    assert advance(taken, did, booked=BASE) == NOT_YOURS
    sent = Did(step=Step.SEND, at=NOW, by=ANN, to=ANN)
    assert advance(new("visit-2h"), sent, booked=CAR) == NOT_YOURS


def test_a_case_of_another_kind_is_neither_booked_nor_visited() -> None:
    for code, step in (("visit-2h", Step.BOOK), ("base-2h", Step.SEND)):
        did = Did(step=step, at=NOW, by=LEE, to=ANN)
        assert advance(new(code), did, leads=True, booked=CAR) == NOT_NOW


def test_whoever_is_in_a_home_is_overdue_from_their_own_last_word() -> None:
    home = go(go(new("visit-2h"), Step.SEND, by=LEE), Step.ARRIVE, 10)
    assert next_by(home) == NOW + 55 * MINUTE
    # What others do with the case says nothing of how they are.
    for step in (Step.COMFORT, Step.PIN):
        assert next_by(go(home, step, 40, by=LEE)) == NOW + 55 * MINUTE
    well = go(home, Step.SAFE, 50)
    assert next_by(well) == NOW + 95 * MINUTE
    left = go(well, Step.LEAVE, 60)
    assert (left.state, left.owner) == (State.AWAITING_ACTION, ANN)
    assert next_by(left) == NOW + 90 * MINUTE
    assert go(left, Step.END).state is State.DONE


def test_a_car_that_is_late_gets_another_time_where_it_is_and_no_other_car() -> None:
    home = go(go(new("visit-2h"), Step.SEND, by=LEE), Step.ARRIVE, 10)
    late = msgspec.structs.replace(CAR, at=NOW + 90 * MINUTE)
    did = Did(step=Step.SEND, at=NOW + 20 * MINUTE, by=LEE, to=ANN)
    again = advance(home, did, leads=True, booked=late)
    assert isinstance(again, Entry)
    assert (again.state, again.booked, again.owner) == (State.ARRIVED, late, ANN)
    # What counts for whoever is inside is their own word all the same.
    assert next_by(again) == next_by(home)
    other = msgspec.structs.replace(late, where=Person("CareTeam/two", "Car 2"))
    assert advance(home, did, leads=True, booked=other) == NOT_NOW
    on_the_way = go(go(new("visit-2h"), Step.SEND, by=LEE), Step.SET_OFF)
    moved = advance(on_the_way, did, leads=True, booked=other)
    assert isinstance(moved, Entry)
    assert moved.state is State.BOOKED


def test_a_step_with_an_appointment_is_not_taken_back_without_it() -> None:
    before = new("visit-2h")
    sent = go(before, Step.SEND, by=LEE)
    undo = Did(step=Step.UNDO, at=NOW + 2 * MINUTE, by=LEE)
    assert take_back(sent, before, undo) == TOO_LATE
    back = take_back(sent, before, undo, among=UNDONE | TIMED)
    assert isinstance(back, Entry)
    assert (back.state, back.booked) == (State.NEW, NOT_BOOKED)


def test_a_note_moves_nothing_on_and_holds_up_no_undo() -> None:
    before = go(new("visit-2h"), Step.SEND, by=LEE)
    there = go(before, Step.ARRIVE, minutes=5)
    left = go(there, Step.LEAVE, minutes=20)
    # Whoever left owes an outcome from then, however often they write something down
    due = next_by(left)
    noted = go(go(left, Step.NOTE, minutes=25), Step.NOTE, minutes=26)
    assert next_by(noted) == due
    # What was done before the notes is taken back; they stay
    undo = Did(step=Step.UNDO, at=NOW + 30 * MINUTE, by=ANN)
    back = take_back(noted, there, undo, among=UNDONE | TIMED)
    assert isinstance(back, Entry)
    assert back.state is State.ARRIVED
    assert back.well_at == there.well_at
    steps = [one.step for one in back.standing]
    assert steps[1:] == [Step.SEND, Step.ARRIVE, Step.NOTE, Step.NOTE]
    assert next_by(back) == next_by(there)
    # Of the version that a note was written on, it is not
    assert take_back(noted, left, undo, among=UNDONE | TIMED) == TOO_LATE


@given(
    at=st.none() | st.integers(-600, 600).map(lambda late: NOW + late * MINUTE),
    turn=st.integers(0, 2**30),
    act=st.uuids().map(str),
)
def test_what_is_booked_and_who_did_it_are_read_as_they_were_written(
    at: datetime | None, turn: int, act: str
) -> None:
    booked = msgspec.structs.replace(CAR, at=at, turn=turn)
    did = Did(step=Step.SEND, at=NOW, by=LEE, to=ANN, act=act)
    entry = advance(new("visit-2h"), did, leads=True, booked=booked)
    assert isinstance(entry, Entry)
    assert entry_in(entry_content(entry)) == entry
    half = entry_content(entry)
    half["output"] = half["output"][:1]
    found = entry_in(half)
    assert found is not None
    assert found.booked == NOT_BOOKED
