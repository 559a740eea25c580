# SPDX-License-Identifier: Apache-2.0
"""What becomes of a place in a queue with each step: pure, so that rules can be read.

Expected outcomes are values: the entry as it is then, or why the step cannot be taken.
"""

from datetime import datetime, timedelta
from typing import Any

import msgspec

from wardkeep.fhir.model.person import Person
from wardkeep.fhir.urgent.booked import NOT_BOOKED, Booked
from wardkeep.fhir.urgent.queueing import Did, Entry
from wardkeep.fhir.urgent.steps import (
    LEADS_TO,
    POSSIBLE,
    UNDO_WITHIN,
    UNDONE,
    State,
    Step,
)

NOBODY = Person()
_NEEDS_OWNER = frozenset(
    {
        *(Step.HAND_BACK, Step.NO_ANSWER, Step.REACH, Step.AWAIT, Step.END),
        *(Step.SET_OFF, Step.ARRIVE, Step.SAFE, Step.LEAVE, Step.NOTE),
        *(Step.REFER, Step.WITHDRAW),
    }
)
_OF_CREW = frozenset(
    {
        *(Step.SET_OFF, Step.ARRIVE, Step.SAFE, Step.LEAVE),
        *(Step.NOTE, Step.END),
    }
)
"""What anybody in the car does, whoever of them is named first."""
_OF_LEADS = frozenset(
    {Step.ASSIGN, Step.PIN, Step.UNPIN, Step.SEND, Step.RECALL, Step.TURN}
)
_AT_BASES = frozenset({Step.BOOK, Step.UNBOOK, Step.SEE})
_BY_CAR = frozenset(
    {
        *(Step.SEND, Step.RECALL, Step.TURN),
        *(Step.SET_OFF, Step.ARRIVE, Step.SAFE, Step.LEAVE, Step.NOTE),
    }
)
_DRIVING = frozenset({State.ON_THE_WAY, State.ARRIVED})
BASE, VISIT = "base", "visit"
"""Skills whose cases are booked into a treatment centre, or visited at home."""


class Cannot(msgspec.Struct, frozen=True):
    """A step that is not to be taken now, and what to do instead."""

    why: str


NOT_NOW = Cannot("It is not where that can be done any more. Read it as it is now.")
NOT_YOURS = Cannot("Somebody else has this case. Ask them, or the shift lead.")
ALREADY_TAKEN = Cannot("A colleague took this case just before you.")
TOO_LATE = Cannot(
    "It can be taken back for 15 minutes, by whoever did it, and only what was done"
    " last."
)


def advance(
    entry: Entry,
    did: Did,
    *,
    leads: bool = False,
    is_crew: bool = False,
    booked: Booked = NOT_BOOKED,
) -> Entry | Cannot:
    """The entry after a step, or why it cannot be taken.

    `leads` is true for the shift lead, who may act on what others have; `is_crew` for
    whoever is in the car that has it. Of `END`, the
    words say what came of it; of a step that books or sends, `booked` says what.
    """
    step = did.step
    if not _is_of_its_kind(entry, step):
        return NOT_NOW
    if step is Step.SEND and entry.state is State.ARRIVED and not _same(entry, booked):
        return NOT_NOW
    found = _may(entry, did, leads=leads, is_crew=is_crew)
    return _after(entry, did, booked) if found is None else found


def _same(entry: Entry, booked: Booked) -> bool:
    """Whether it is the car that has it already, and another time alone."""
    is_booked = bool(booked.appointment)
    return is_booked and booked.where.reference == entry.booked.where.reference


def _is_of_its_kind(entry: Entry, step: Step) -> bool:
    """Whether such a case is booked, or visited, at all."""
    if step in _AT_BASES:
        return entry.skill == BASE
    return step not in _BY_CAR or entry.skill == VISIT


def _may(entry: Entry, did: Did, *, leads: bool, is_crew: bool) -> Cannot | None:
    step = did.step
    if step is Step.TAKE and entry.owner.reference:
        return ALREADY_TAKEN
    if entry.state not in POSSIBLE.get(step, ()):
        return NOT_NOW
    is_own = bool(did.by.reference) and entry.owner.reference == did.by.reference
    is_mine = is_own or (is_crew and entry.booked.is_by_car and step in _OF_CREW)
    if step in _NEEDS_OWNER and not (is_mine or leads):
        return NOT_YOURS
    if step in _OF_LEADS and not leads:
        return NOT_YOURS
    if step is Step.BOOK and entry.owner.reference and not (is_mine or leads):
        return NOT_YOURS
    is_leads_own = step is Step.TAKE and entry.is_escalated and not leads
    return NOT_YOURS if is_leads_own else None


def _after(entry: Entry, did: Did, booked: Booked) -> Entry:
    step = did.step
    is_escalation = step is Step.NO_ANSWER and entry.is_last_attempt
    after = msgspec.structs.replace(
        entry, state=LEADS_TO.get(step, entry.state), did=(*entry.did, did)
    )
    if is_escalation:
        return msgspec.structs.replace(
            after, state=State.AWAITING_ACTION, owner=NOBODY, is_escalated=True
        )
    return msgspec.structs.replace(after, **_changes(entry, did, booked))


def _changes(entry: Entry, did: Did, booked: Booked) -> dict[str, Any]:
    """What is another thing then, besides where it is."""
    match did.step:
        case Step.TAKE | Step.SEE:
            return {"owner": did.by}
        case Step.ASSIGN:
            return {"owner": did.to, "is_escalated": False}
        case Step.REACH:
            return {"is_escalated": False}
        case Step.PIN | Step.UNPIN:
            return {"is_pinned": did.step is Step.PIN}
        case Step.HAND_BACK | Step.UNBOOK | Step.RECALL:
            return {"owner": NOBODY, "booked": NOT_BOOKED}
        case _:
            return _booking(entry, did, booked)


def _booking(entry: Entry, did: Did, booked: Booked) -> dict[str, Any]:
    """A car's visit is its clinician's; a treatment centre's is nobody's yet."""
    if did.step in (Step.BOOK, Step.SEND):
        owner = did.to if did.step is Step.SEND else NOBODY
        is_there = entry.state in _DRIVING and _same(entry, booked)
        state = {"state": entry.state} if is_there else {}
        return {"booked": booked, "owner": owner, "is_escalated": False, **state}
    if did.step is Step.TURN:
        return {"booked": msgspec.structs.replace(entry.booked, turn=booked.turn)}
    return {}


def can_take_back(
    entry: Entry,
    by: Person,
    now: datetime,
    *,
    among: frozenset[Step] = UNDONE,
) -> bool:
    """Whether somebody may take back what was done last; notes after it stay."""
    last = entry.last_done
    if last is None or not by.reference:
        return False
    is_recent = timedelta(0) <= now - last.at <= UNDO_WITHIN
    return last.step in among and last.by.reference == by.reference and is_recent


def take_back(
    entry: Entry,
    before: Entry,
    did: Did,
    *,
    among: frozenset[Step] = UNDONE,
) -> Entry | Cannot:
    """The entry as it was before the last step; both steps stay in its history.

    `before` is its version before that step.
    """
    is_next = len(before.did) + 1 + entry.noted_since == len(entry.did)
    if not is_next or not can_take_back(entry, did.by, did.at, among=among):
        return TOO_LATE
    return msgspec.structs.replace(before, did=(*entry.did, did))


def ended_unseen(
    entry: Entry, *, by: Person, at: datetime, words: str
) -> Entry | Cannot:
    """It taken and ended by one, because what put it there was taken back."""
    taken = advance(entry, Did(step=Step.TAKE, at=at, by=by))
    if isinstance(taken, Cannot):
        return taken
    return advance(taken, Did(step=Step.END, at=at, by=by, words=words))


def next_by(entry: Entry) -> datetime | None:
    """By when somebody has to do something again; None: it is over."""
    if not entry.is_open:
        return None
    if entry.state is State.BOOKED:
        return (entry.booked.at or entry.due) + entry.times.minutes("late")
    within = entry.times.within(entry.state)
    if within is None:
        return entry.due
    since = entry.well_at if entry.state is State.ARRIVED else entry.moved
    return since + within
