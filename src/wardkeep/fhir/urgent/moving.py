# SPDX-License-Identifier: Apache-2.0
"""What becomes of a place in a queue with each step: pure, so that rules can be read.

Expected outcomes are values: the entry as it is then, or why the step cannot be taken.
"""

from datetime import datetime, timedelta

import msgspec

from wardkeep.fhir.model.person import Person
from wardkeep.fhir.urgent.queueing import Did, Entry
from wardkeep.fhir.urgent.steps import (
    LEADS_TO,
    NEXT_WITHIN,
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
        *(Step.REFER, Step.RECALL),
    }
)


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


def advance(entry: Entry, did: Did, *, leads: bool = False) -> Entry | Cannot:
    """The entry after a step, or why it cannot be taken.

    `leads` is true for the shift lead, who may act on what others have. Of `END`, the
    words say what came of it.
    """
    step = did.step
    if step is Step.TAKE and entry.owner.reference:
        return ALREADY_TAKEN
    if entry.state not in POSSIBLE.get(step, ()):
        return NOT_NOW
    is_mine = bool(did.by.reference) and entry.owner.reference == did.by.reference
    if step in _NEEDS_OWNER and not (is_mine or leads):
        return NOT_YOURS
    if step in (Step.ASSIGN, Step.PIN, Step.UNPIN) and not leads:
        return NOT_YOURS
    if step is Step.TAKE and entry.is_escalated and not leads:
        return NOT_YOURS
    return _after(entry, did)


def _after(entry: Entry, did: Did) -> Entry:
    step = did.step
    is_escalation = step is Step.NO_ANSWER and entry.is_last_attempt
    after = msgspec.structs.replace(
        entry, state=LEADS_TO.get(step, entry.state), did=(*entry.did, did)
    )
    if is_escalation:
        return msgspec.structs.replace(
            after, state=State.AWAITING_ACTION, owner=NOBODY, is_escalated=True
        )
    match step:
        case Step.TAKE:
            return msgspec.structs.replace(after, owner=did.by)
        case Step.ASSIGN:
            return msgspec.structs.replace(after, owner=did.to, is_escalated=False)
        case Step.HAND_BACK:
            return msgspec.structs.replace(after, owner=NOBODY)
        case Step.REACH:
            return msgspec.structs.replace(after, is_escalated=False)
        case Step.PIN | Step.UNPIN:
            return msgspec.structs.replace(after, is_pinned=step is Step.PIN)
        case _:
            return after


def can_take_back(entry: Entry, by: Person, now: datetime) -> bool:
    """Whether somebody may take back what was done last."""
    if not entry.did or not by.reference:
        return False
    last = entry.did[-1]
    is_recent = timedelta(0) <= now - last.at <= UNDO_WITHIN
    return last.step in UNDONE and last.by.reference == by.reference and is_recent


def take_back(entry: Entry, before: Entry, did: Did) -> Entry | Cannot:
    """The entry as it was before the last step; both steps stay in its history.

    `before` is its version before the last.
    """
    is_next = len(before.did) + 1 == len(entry.did)
    if not is_next or not can_take_back(entry, did.by, did.at):
        return TOO_LATE
    return msgspec.structs.replace(before, did=(*entry.did, did))


def next_by(entry: Entry) -> datetime | None:
    """By when somebody has to do something again; None: it is over."""
    if not entry.is_open:
        return None
    within = NEXT_WITHIN.get(entry.state)
    return entry.due if within is None else entry.changed + within
