# SPDX-License-Identifier: Apache-2.0
"""The rules of a queue: who may do what, nobody answers, what is taken back."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from wardkeep.fhir.model.person import Person
from wardkeep.fhir.urgent.disposition import DISPOSITIONS
from wardkeep.fhir.urgent.moving import (
    ALREADY_TAKEN,
    NOT_YOURS,
    TOO_LATE,
    Cannot,
    advance,
    can_take_back,
    next_by,
    take_back,
)
from wardkeep.fhir.urgent.queueing import Did, Entry, entry_in, queued
from wardkeep.fhir.urgent.steps import MOST_ATTEMPTS, State, Step

NOW = datetime(2026, 11, 29, 4, 0, tzinfo=UTC)
ANN, BEN, LEAD = (Person(f"Practitioner/{one}", one) for one in ("ann", "ben", "lead"))
MINUTE = timedelta(minutes=1)


def new() -> Entry:
    made = queued("c", "p", DISPOSITIONS["clinician-1h"], given=NOW, author=BEN)
    found = entry_in(made[1])
    assert found is not None
    return found


def did(step: Step, by: Person = ANN, minutes: int = 1, to: Person = BEN) -> Did:
    return Did(step=step, at=NOW + minutes * MINUTE, by=by, words="why", to=to)


def after(entry: Entry, *steps: Step, by: Person = ANN) -> Entry:
    for nth, step in enumerate(steps, 1):
        found = advance(entry, did(step, by, nth), leads=by == LEAD)
        assert isinstance(found, Entry), (step, found)
        entry = found
    return entry


def test_of_two_who_take_it_the_second_is_told() -> None:
    taken = after(new(), Step.TAKE)
    assert (taken.owner, taken.state) == (ANN, State.RINGING_BACK)
    assert advance(taken, did(Step.TAKE, BEN)) == ALREADY_TAKEN


@pytest.mark.parametrize("step", [Step.HAND_BACK, Step.NO_ANSWER, Step.REACH, Step.END])
def test_nobody_but_the_shift_lead_acts_on_what_somebody_else_has(step: Step) -> None:
    taken = after(new(), Step.TAKE)
    assert advance(taken, did(step, BEN)) == NOT_YOURS
    assert isinstance(advance(taken, did(step, LEAD), leads=True), Entry)


@pytest.mark.parametrize("step", [Step.ASSIGN, Step.PIN, Step.UNPIN])
def test_only_the_shift_lead_gives_cases_to_people_and_pins_them(step: Step) -> None:
    assert advance(new(), did(step)) == NOT_YOURS
    found = advance(new(), did(step, LEAD), leads=True)
    assert isinstance(found, Entry)
    assert found.is_pinned == (step is Step.PIN)


def test_when_nobody_answers_often_enough_the_shift_lead_has_it() -> None:
    entry = after(new(), Step.TAKE, *[Step.NO_ANSWER] * (MOST_ATTEMPTS - 1))
    assert (entry.owner, entry.is_escalated) == (ANN, False)
    last = after(entry, Step.NO_ANSWER)
    assert (last.owner.reference, last.is_escalated) == ("", True)
    assert last.state is State.AWAITING_ACTION
    assert isinstance(advance(last, did(Step.TAKE, BEN)), Cannot)
    given_on = advance(last, did(Step.ASSIGN, LEAD), leads=True)
    assert isinstance(given_on, Entry)
    assert (given_on.owner, given_on.is_escalated) == (BEN, False)


def test_somebody_who_answered_is_counted_anew() -> None:
    entry = after(new(), Step.TAKE, Step.NO_ANSWER, Step.NO_ANSWER, Step.REACH)
    assert entry.attempts == 0
    assert not entry.is_escalated


def test_what_was_done_last_is_taken_back_by_whoever_did_it_for_a_while() -> None:
    before = after(new(), Step.TAKE)
    entry = after(before, Step.NO_ANSWER)
    undo = Did(step=Step.UNDO, at=NOW + 5 * MINUTE, by=ANN)
    back = take_back(entry, before, undo)
    assert isinstance(back, Entry)
    assert (back.attempts, back.state) == (0, State.RINGING_BACK)
    assert [one.step for one in back.did][-2:] == [Step.NO_ANSWER, Step.UNDO]
    by_ben = Did(step=Step.UNDO, at=NOW + 5 * MINUTE, by=BEN)
    assert take_back(entry, before, by_ben) == TOO_LATE
    late = Did(step=Step.UNDO, at=NOW + 17 * MINUTE, by=ANN)
    assert take_back(entry, before, late) == TOO_LATE
    # Nor twice, nor from another version than the one before.
    assert take_back(back, entry, undo) == TOO_LATE
    assert take_back(entry, new(), undo) == TOO_LATE


def test_an_escalation_that_was_a_slip_is_taken_back() -> None:
    before = after(new(), Step.TAKE, *[Step.NO_ANSWER] * (MOST_ATTEMPTS - 1))
    entry = after(before, Step.NO_ANSWER)
    undo = Did(step=Step.UNDO, at=NOW + 5 * MINUTE, by=ANN)
    back = take_back(entry, before, undo)
    assert isinstance(back, Entry)
    assert (back.owner, back.is_escalated) == (ANN, False)
    assert back.attempts == MOST_ATTEMPTS - 1


def test_what_was_taken_or_ended_is_not_taken_back() -> None:
    taken = after(new(), Step.TAKE)
    assert not can_take_back(taken, ANN, NOW + MINUTE)
    ended = after(taken, Step.END)
    assert not can_take_back(ended, ANN, NOW + MINUTE)
    assert next_by(ended) is None


def test_the_next_step_is_due_by_the_deadline_then_by_what_was_done_last() -> None:
    entry = new()
    assert next_by(entry) == entry.due
    rung = after(entry, Step.TAKE, Step.NO_ANSWER)
    assert next_by(rung) == rung.changed + 10 * MINUTE


_BY = st.sampled_from([ANN, BEN, LEAD])
_STEPS = st.lists(st.tuples(st.sampled_from(list(Step)), _BY), max_size=25)


@given(_STEPS)
def test_whatever_is_pressed_a_case_is_somewhere_and_somebody_can_act(
    pressed: list[tuple[Step, Person]],
) -> None:
    entry = new()
    for nth, (step, by) in enumerate(pressed):
        found = advance(entry, did(step, by, nth), leads=by == LEAD)
        if isinstance(found, Entry):
            assert entry.is_open, "nothing follows an end"
            entry = found
        has_owner = bool(entry.owner.reference)
        if entry.state is State.NEW:
            assert not has_owner
            assert not entry.is_escalated
        elif entry.is_open:
            assert has_owner or entry.is_escalated
        if entry.is_open:
            assert next_by(entry) is not None
            lead = advance(entry, did(Step.ASSIGN, LEAD, nth), leads=True)
            assert isinstance(lead, Entry), "the shift lead can always give it on"


def test_what_is_sent_from_the_call_waits_where_it_waited() -> None:
    """Whatever dies, somebody here rings: it is nobody's, and due as it was."""
    entry = new()
    sent = after(entry, Step.SEND_ON, Step.NO_WORD)
    assert (sent.state, sent.owner.reference) == (State.NEW, "")
    assert next_by(sent) == next_by(entry) == entry.due
    assert isinstance(advance(sent, did(Step.TAKE, ANN)), Entry)
    # And what a clinician has is sent by nobody else
    taken = after(new(), Step.TAKE)
    assert isinstance(advance(taken, did(Step.SEND_ON, BEN)), Cannot)
    assert not can_take_back(sent, ANN, NOW + 2 * MINUTE)


def test_what_was_taken_back_waits_for_nothing_any_more() -> None:
    sent = after(new(), Step.TAKE, Step.REACH, Step.REFER)
    assert sent.state is State.AWAITING_ACTION
    back = after(sent, Step.WITHDRAW)
    assert (back.state, back.owner) == (State.IN_CONSULT, ANN)
    assert isinstance(advance(back, did(Step.END)), Entry)
    assert isinstance(advance(back, did(Step.REFER)), Entry)
