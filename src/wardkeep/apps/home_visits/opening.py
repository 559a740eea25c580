# SPDX-License-Identifier: Apache-2.0
"""What pages of home visits share: cars, lists in order, and what is said after."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from wardkeep.care.crews import cars_of
from wardkeep.care.queue_case import CHANGED, organisation_of, rows
from wardkeep.care.queue_words import COLOURS, left_words, number_of
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.urgent.clocks import WORDS as PACES, pace_of
from wardkeep.fhir.urgent.disposition import DISPOSITIONS
from wardkeep.fhir.urgent.moving import VISIT
from wardkeep.fhir.urgent.queue_rows import EntryRow
from wardkeep.fhir.urgent.steps import WORDS as STATES, State, Step
from wardkeep.fhir.visits.cars import Car
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
    Step.NOTE: ("It is written down with the case.", True),
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
    "no-words": ("Nothing was written, so nothing was kept.", False),
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
    "followed": ("The car is kept, and its visits are the new crew's.", True),
    "crew-busy": (
        (
            "Somebody of the crew is in a home, or a visit changed just before you"
            " pressed. Neither the car nor any visit was changed. What you typed is"
            " still here: press again."
        ),
        False,
    ),
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
    case: str
    """The id of the Encounter; empty: it is not known."""
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
        case=row.case,
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
        State.ON_THE_WAY: "Not arrived in time",
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


def on_shift(known: Sequence[tuple[Car, int]], now: datetime) -> list[Car]:
    return [car for car, _ in known if car.is_on_shift(now)]


class Own(msgspec.Struct, frozen=True):
    """What somebody drives, and the visits on their list in its order."""

    cars: tuple[Car, ...]
    """On shift just now."""
    lines: tuple[Line, ...]


async def own_lines(visit: Visit, me: Person) -> Own | Refusal:
    """Of the cars that somebody is in, and of visits that are theirs."""
    known, now = await cars_of(visit), visit.clock.now()
    if isinstance(known, Refusal):
        return known
    own = [car for car, _ in known if car.has(me)]
    driven = [car.reference for car in own]
    lines = in_turn(
        line_of(one, now)
        for one in await visits_now(visit)
        if car_of_visit(one, me, driven)
    )
    return Own(tuple(car for car in own if car.is_on_shift(now)), tuple(lines))


async def is_anothers(visit: Visit, entry: str, me: Person) -> bool:
    """Whether an open visit is on the list of a car that somebody is not in."""
    own = await own_lines(visit, me)
    if isinstance(own, Refusal) or any(one.entry == entry for one in own.lines):
        return False
    return any(one.entry == entry and one.place for one in await visits_now(visit))


def car_of_visit(row: EntryRow, me: Person, own: Sequence[str]) -> bool:
    """Whether a visit is on the list of a car that somebody is in, or is theirs."""
    is_own = bool(me.reference) and row.owner == me.reference
    return bool(row.place) and (is_own or row.place in own)
