# SPDX-License-Identifier: Apache-2.0
"""What pages of home visits share: cars, lists in order, and what is said after."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from wardkeep.care.opening import opener_of
from wardkeep.care.queue_case import CHANGED, organisation_of, rows
from wardkeep.care.queue_words import COLOURS, left_words, number_of
from wardkeep.care.writing import content_of
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.notes.reading import NoteReader
from wardkeep.fhir.urgent.clocks import WORDS as PACES, pace_of
from wardkeep.fhir.urgent.disposition import DISPOSITIONS
from wardkeep.fhir.urgent.moving import VISIT
from wardkeep.fhir.urgent.queue_rows import EntryRow
from wardkeep.fhir.urgent.steps import WORDS as STATES, State, Step
from wardkeep.fhir.visits import cars
from wardkeep.fhir.visits.cars import Car, car_in
from wardkeep.web.visit import Visit

HOME = "/home-visits"
MOST_VISITS = 200
"""Open at once; a provider of two million people has some sixty."""
SAID = {
    Step.SEND: ("It is on the car's list.", True),
    Step.RECALL: ("It is off the car's list and waits in its old place.", True),
    Step.TURN: ("The order is changed.", True),
    Step.SET_OFF: ("You are on the way.", True),
    Step.ARRIVE: (
        (
            "You have arrived. Say before the next step is due that all is well, or"
            " that you left."
        ),
        True,
    ),
    Step.SAFE: (
        "Good. Say so again before the next step is due, or that you left.",
        True,
    ),
    Step.LEAVE: (
        "You have left. Write what came of it before the next step is due.",
        True,
    ),
    Step.UNDO: ("It is as it was before.", True),
    CHANGED: (
        (
            "Somebody changed it just before you pressed, so nothing was done. This is"
            " how it stands now."
        ),
        False,
    ),
    "not-yours": (
        (
            "This is another car's visit, or is not on a list any more, so nothing was"
            " done."
        ),
        False,
    ),
    "no-car": ("That car's shift is over, or nobody is in it. Choose another.", False),
    "no-time": ("Say when the car is expected there, as 14:20.", False),
    "no-room": (
        "It is the first or the last already, so nothing was moved.",
        False,
    ),
    "too-late": (
        (
            "It can be taken back for 15 minutes, by whoever did it, and only what was"
            " done last. Nothing was done."
        ),
        False,
    ),
    "kept": ("The car is kept.", True),
    "ended": ("The car's shift is over.", True),
    "has-visits": (
        "There are visits on its list. Give them to another car first.",
        False,
    ),
}


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One visit, as a list shows it; who it is stands apart."""

    entry: str
    patient: str
    number: str
    words: str
    pace: str
    pace_words: str
    colour: str
    left: str
    due: datetime
    state: State
    state_words: str
    car: str
    """As `CareTeam/x`; empty: no car has it."""
    owner: str
    planned: datetime | None
    turn: int
    alarm: str
    """Why somebody has to look at it now; empty: nobody has to."""


def line_of(row: EntryRow, now: datetime) -> Line:
    pace = pace_of(given=row.given_at, due=row.due_at, now=now)
    known = DISPOSITIONS.get(row.disposition)
    state = State(row.state)
    return Line(
        entry=row.entry,
        patient=row.patient,
        number=number_of(row.entry),
        words=known.words if known else row.disposition or "Not said",
        pace=pace,
        pace_words=PACES[pace],
        colour=COLOURS[pace],
        left=left_words(row.due_at, now),
        due=row.due_at,
        state=state,
        state_words=_state_words(row, state),
        car=row.place,
        owner=row.owner,
        planned=row.planned_at,
        turn=row.turn,
        alarm=alarm_of(state, row.next_at, now),
    )


def _state_words(row: EntryRow, state: State) -> str:
    if state is State.BOOKED:
        return "On the list"
    is_left = state is State.AWAITING_ACTION and bool(row.place)
    return "Left, outcome to be written" if is_left else STATES[state]


def alarm_of(state: State, next_at: datetime, now: datetime) -> str:
    """What is overdue, in words for whoever rings the car."""
    if next_at > now:
        return ""
    return {
        State.BOOKED: "Late: not set off",
        State.ON_THE_WAY: "Not arrived after an hour",
        State.ARRIVED: "No word from the home: ring the car now",
        State.AWAITING_ACTION: "No outcome is written",
    }.get(state, "")


def in_turn(lines: Iterable[Line]) -> list[Line]:
    """As a car drives: whoever is there or on the way, then by turn."""
    going = {State.ARRIVED: 0, State.ON_THE_WAY: 1, State.BOOKED: 2}
    return sorted(lines, key=lambda one: (going.get(one.state, 3), one.turn, one.entry))


async def visits_now(visit: Visit) -> list[EntryRow]:
    """Every open visit, in the order of the queue."""
    return await rows(visit).listed(
        organisation_of(visit), [VISIT], at_most=MOST_VISITS
    )


async def cars_of(visit: Visit) -> list[tuple[Car, int]] | Refusal:
    """Cars by name, with their versions; those whose shift was ended too."""
    reader = visit.services[NoteReader]
    found = await reader.shared(cars.TYPE, opener=opener_of(visit))
    if isinstance(found, Refusal):
        return found
    read = [(car_in(content_of(one.text)), one.version) for one in found]
    known = {car.id: version for car, version in read if car is not None}
    there = cars.in_order([car for car, _ in read if car is not None])
    return [(car, known[car.id]) for car in there]


def on_shift(known: Sequence[tuple[Car, int]], now: datetime) -> list[Car]:
    return [car for car, _ in known if car.is_on_shift(now)]
