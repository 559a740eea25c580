# SPDX-License-Identifier: Apache-2.0
"""Cars of a shift, the order in which they drive, and what is done without a signal."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given, strategies as st

from wardkeep.fhir.clinics.outcomes import FreeSlot
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.model.primitives import span_of
from wardkeep.fhir.urgent.booked import Booked
from wardkeep.fhir.urgent.disposition import DISPOSITIONS
from wardkeep.fhir.urgent.moving import Cannot, advance
from wardkeep.fhir.urgent.queueing import (
    Did,
    Entry,
    entry_content,
    entry_in,
    queued,
)
from wardkeep.fhir.urgent.steps import State, Step
from wardkeep.fhir.visits import turns
from wardkeep.fhir.visits.appointments import at_centre, at_home, moved, sent_anew
from wardkeep.fhir.visits.cars import Car, car_content, car_in
from wardkeep.fhir.visits.without_signal import OLDEST, Act, InBefore, brought_in
from wardkeep.fhir.work.expects import Moment
from wardkeep.fhir.work.kinds import appointment as kind

NOW = datetime(2026, 11, 29, 4, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DOC, DRIVER, LEE = (Person(f"Practitioner/{one}", one) for one in ("d", "e", "lee"))
CAR = Car(
    id="one", name="Car 1", area="LS8", crew=(DOC, DRIVER), until=NOW + 60 * MINUTE
)
ACTS = (Step.SET_OFF, Step.ARRIVE, Step.SAFE, Step.LEAVE)


def waiting(code: str = "visit-2h") -> Entry:
    made = queued("c", "p", DISPOSITIONS[code], given=NOW, author=LEE)
    found = entry_in(made[1])
    assert found is not None
    return found


def on_list() -> Entry:
    booked = Booked(
        appointment="a",
        where=Person(CAR.reference, CAR.name),
        at=NOW + 30 * MINUTE,
        turn=turns.STEP,
    )
    did = Did(step=Step.SEND, at=NOW, by=LEE, to=DOC)
    found = advance(waiting(), did, leads=True, booked=booked)
    assert isinstance(found, Entry)
    return found


def pressed(step: Step, minutes: int, id_: str = "") -> Act:
    return Act(id=id_ or str(step), entry="e", step=step, at=NOW + minutes * MINUTE)


def test_a_car_is_read_as_it_was_written_and_takes_visits_only_on_its_shift() -> None:
    assert car_in(car_content(CAR)) == CAR
    assert CAR.is_on_shift(NOW)
    assert not CAR.is_on_shift(NOW + 60 * MINUTE)
    assert not msgspec.structs.replace(CAR, crew=()).is_on_shift(NOW)
    assert not msgspec.structs.replace(CAR, is_active=False).is_on_shift(NOW)
    # A patient's own team is no car, whatever it is called.
    assert car_in({"resourceType": "CareTeam", "id": "x", "name": "Car 1"}) is None
    assert CAR.has(DRIVER)
    assert not CAR.has(LEE)
    assert not CAR.has(Person("", "somebody"))


@given(
    size=st.integers(2, 12),
    presses=st.lists(st.tuples(st.integers(0, 11), st.booleans()), max_size=18),
)
def test_moving_one_visit_swaps_it_with_its_neighbour_and_touches_no_other(
    size: int, presses: list[tuple[int, bool]]
) -> None:
    numbers: dict[str, int] = {}
    for nth in range(size):
        numbers[str(nth)] = turns.last(list(numbers.values()))
    names = [str(nth) for nth in range(size)]
    assert names == sorted(names, key=lambda one: numbers[one])
    for nth, is_earlier in presses:
        order = [numbers[one] for one in names]
        found = (turns.earlier if is_earlier else turns.later)(order, nth)
        other = nth - 1 if is_earlier else nth + 1
        if found is None:
            # No more than eighteen presses: there is always room between two.
            assert nth >= size or not 0 <= other < size
            continue
        numbers[names[nth]] = found
        names[nth], names[other] = names[other], names[nth]
        assert names == sorted(names, key=lambda one: numbers[one])
        assert len(set(numbers.values())) == size


def test_where_there_is_no_room_between_two_it_is_said() -> None:
    assert turns.earlier([5, 6, 7], 2) is None
    assert turns.later([5, 6, 7], 0) is None
    assert turns.earlier([5, 6], 0) is None
    assert turns.later([], 0) is None


def test_a_visit_gives_the_crew_its_own_hours_and_nobody_at_a_desk_anything() -> None:
    entry = on_list()
    starts = NOW + 30 * MINUTE
    content = at_home(entry, CAR, id_="a", starts=starts, made=NOW)
    low = int(NOW.timestamp() * 1_000_000)
    ties = list(kind.ties(content, Moment(low, "Appointment/a")))
    assert {(one.who, one.kind) for one in ties} == {
        (DOC.reference, "visit"),
        (DRIVER.reference, "visit"),
    }
    begins = span_of(content["start"])
    assert begins is not None
    hours = {(one.since - begins.low, one.until - begins.low) for one in ties}
    assert hours == {(-30 * 60 * 1_000_000, 120 * 60 * 1_000_000)}
    other = Car(id="two", name="Car 2", crew=(LEE,))
    again = sent_anew(content, other, starts=starts + 60 * MINUTE)
    assert [one.who for one in kind.ties(again, Moment(low, "Appointment/a"))] == [
        LEE.reference
    ]
    assert again["basedOn"] == [{"reference": f"ServiceRequest/{entry.outcome}"}]


def test_a_time_at_a_centre_says_nothing_clinical_and_moves_as_one_appointment() -> (
    None
):
    entry = waiting("base-2h")
    slot = FreeSlot(
        id="s", schedule="x", starts_at=NOW + 20 * MINUTE, ends_at=NOW + 35 * MINUTE
    )
    content = at_centre(entry, slot, id_="a", place="moor", made=NOW)
    assert "treatment" not in str(content["basedOn"])
    assert entry.words not in str(content)
    later = msgspec.structs.replace(slot, id="t", starts_at=NOW + 40 * MINUTE)
    again = moved(content, later, place="vale")
    assert again["slot"] == [{"reference": "Slot/t"}]
    actors = [one["actor"]["reference"] for one in again["participant"]]
    assert actors == ["Patient/p", "Location/vale"]


def test_what_is_done_without_a_signal_has_its_own_time_and_comes_in_once() -> None:
    entry = on_list()
    now = NOW + 90 * MINUTE
    for nth, step in enumerate(ACTS):
        act = pressed(step, 20 + 10 * nth)
        after = brought_in(entry, act, by=DOC, now=now)
        assert isinstance(after, Entry)
        assert after.did[-1].at == act.at
        assert "Without a signal" in after.did[-1].words
        # The same again, whether its answer was lost or a page was loaded twice
        entry = entry_in(entry_content(after)) or after
        assert brought_in(entry, act, by=DOC, now=now) == InBefore()
    assert entry.state is State.AWAITING_ACTION
    assert [one.act for one in entry.did[-4:]] == [str(one) for one in ACTS]


def test_nobody_else_brings_anything_in_and_nothing_out_of_its_order() -> None:
    entry, now = on_list(), NOW + 60 * MINUTE
    for who in (LEE, DRIVER, Person("", "")):
        assert isinstance(
            brought_in(entry, pressed(Step.ARRIVE, 5), by=who, now=now), Cannot
        )
    assert isinstance(
        brought_in(entry, pressed(Step.LEAVE, 5), by=DOC, now=now), Cannot
    )
    late = pressed(Step.ARRIVE, 5).at + OLDEST + MINUTE
    assert isinstance(
        brought_in(entry, pressed(Step.ARRIVE, 5), by=DOC, now=late), Cannot
    )


@given(minutes=st.integers(-600, 600))
def test_a_device_whose_clock_is_wrong_writes_no_time_outside_the_case(
    minutes: int,
) -> None:
    entry, now = on_list(), NOW + 60 * MINUTE
    after = brought_in(entry, pressed(Step.ARRIVE, minutes), by=DOC, now=now)
    assert isinstance(after, Entry)
    [sent] = [one.at for one in entry.did if one.step is Step.SEND]
    assert entry.given <= sent <= after.did[-1].at <= now


@pytest.mark.parametrize("step", ACTS)
def test_each_press_of_a_crew_is_possible_by_the_one_whose_visit_it_is(
    step: Step,
) -> None:
    entry = on_list()
    for one in ACTS[: ACTS.index(step)]:
        found = advance(entry, Did(step=one, at=NOW, by=DOC))
        assert isinstance(found, Entry)
        entry = found
    assert isinstance(advance(entry, Did(step=step, at=NOW, by=LEE)), Cannot)
    assert isinstance(advance(entry, Did(step=step, at=NOW, by=DOC)), Entry)


def test_whoever_is_in_the_car_does_what_a_crew_does_and_nothing_else() -> None:
    entry, now = on_list(), NOW + 60 * MINUTE
    for step in (Step.SET_OFF, Step.ARRIVE, Step.NOTE, Step.LEAVE, Step.END):
        did = Did(step=step, at=now, by=DRIVER, words="why")
        assert isinstance(advance(entry, did), Cannot)
        found = advance(entry, did, is_crew=True)
        assert isinstance(found, Entry), step
        assert found.owner == DOC, "the visit stays its clinician's"
        entry = found
    for step in (Step.SEND, Step.RECALL, Step.HAND_BACK, Step.REFER):
        did = Did(step=step, at=now, by=DRIVER)
        assert isinstance(advance(on_list(), did, is_crew=True), Cannot), step
    # A case that no car has makes nobody its crew
    taken = advance(waiting(), Did(step=Step.TAKE, at=NOW, by=DOC))
    assert isinstance(taken, Entry)
    did = Did(step=Step.END, at=now, by=DRIVER)
    assert isinstance(advance(taken, did, is_crew=True), Cannot)


def test_words_from_a_valley_come_in_with_when_they_were_written() -> None:
    entry, now = on_list(), NOW + 60 * MINUTE
    act = pressed(Step.NOTE, 20)
    after = brought_in(entry, act, by=DOC, now=now, words="Stairs are dark.")
    assert isinstance(after, Entry)
    assert after.state is entry.state
    last = after.did[-1]
    assert (last.at, last.act) == (act.at, act.id)
    assert last.words.startswith("Stairs are dark. (Without a signal; came in at ")
    soon = brought_in(entry, act, by=DOC, now=act.at + MINUTE, words="Stairs.")
    assert isinstance(soon, Entry)
    assert soon.did[-1].words == "Stairs."
