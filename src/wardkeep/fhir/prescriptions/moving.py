# SPDX-License-Identifier: Apache-2.0
"""What may be done with a prescription, by whom and after what: pure, to be read.

One paper or one packet, never both: a prescription that was printed is at a pharmacy,
for all anybody here knows.
"""

from datetime import datetime, timedelta

import msgspec

from wardkeep.fhir.model.person import Person
from wardkeep.fhir.prescriptions.prescription import (
    CANCELLED,
    CHECKED,
    GIVEN,
    PRINTED,
    RETURNING,
    SIGNED,
    UNDONE,
    WRITTEN,
    Prescription,
    Step,
)

UNDO_WITHIN = timedelta(minutes=15)
WITNESSED_WITHIN = timedelta(hours=1)
"""Until a second person has come to look; within one shift."""
CAN_BE_UNDONE = frozenset({CANCELLED, GIVEN})
"""What was printed is paper; a signature is a person's word. Cancelling ends both."""


class Cannot(msgspec.Struct, frozen=True):
    """Why it is not to be done now, and what to do instead."""

    why: str


NOBODY = Cannot("Nobody has said which practitioner you are. An administrator sets it.")
OVER = Cannot("It was cancelled. Write another one.")
NOT_SIGNED = Cannot("It is a controlled drug: its prescriber signs for it first.")
NOT_CHECKED = Cannot("It is a controlled drug: a second person has to check it first.")
NOT_CONTROLLED = Cannot("It is no controlled drug, so nobody signs for it here.")
SIGNED_BEFORE = Cannot("It is signed for already.")
NOT_YOURS = Cannot("Its prescriber signs for it, and nobody else.")
OWN_CHECK = Cannot("You prescribed it. Somebody else has to check it.")
ON_PAPER = Cannot(
    "It was printed, so it may be at a pharmacy. Cancel it, destroy the paper, and"
    " write another one to be given here."
)
HANDED_OUT = Cannot("It was given at base already.")
TOO_LATE = Cannot(
    "It can be taken back for 15 minutes, by whoever did it, and only what was done"
    " last."
)
BY_TWO = Cannot(
    "It is a controlled drug. Whoever gave it says within 15 minutes that it was not"
    " given after all; within an hour after that somebody else looks, and signs that it"
    " is back."
)


def cannot(
    one: Prescription, kind: str, by: Person, now: datetime
) -> Cannot | None:  # the one place that says what follows what
    """Why somebody may not do it; None where they may."""
    if not by.reference:
        return NOBODY
    if kind in (UNDONE, RETURNING):
        return _taking_back(one, kind, by, now)
    if one.is_cancelled:
        return OVER
    if kind == SIGNED:
        return _signing(one, by)
    if kind == CHECKED:
        return _checking(one, by)
    return HANDED_OUT if one.last(GIVEN) else _supplying(one, kind)


def _signing(one: Prescription, by: Person) -> Cannot | None:
    if not one.is_controlled:
        return NOT_CONTROLLED
    if one.signs(SIGNED):
        return SIGNED_BEFORE
    return None if by.reference == one.written.by.reference else NOT_YOURS


def _checking(one: Prescription, by: Person) -> Cannot | None:
    if not one.is_controlled:
        return NOT_CONTROLLED
    signed = one.last(SIGNED)
    if signed is None or not one.signs(SIGNED):
        return NOT_SIGNED
    if one.signs(CHECKED):
        return SIGNED_BEFORE
    own = {one.written.by.reference, signed.by.reference}
    return OWN_CHECK if by.reference in own else None


def _supplying(one: Prescription, kind: str) -> Cannot | None:
    """Of printing, giving and cancelling."""
    if kind == CANCELLED:
        return None
    if not one.is_ready:
        return NOT_CHECKED if one.signs(SIGNED) else NOT_SIGNED
    return ON_PAPER if kind == GIVEN and one.last(PRINTED) else None


def _taking_back(
    one: Prescription, kind: str, by: Person, now: datetime
) -> Cannot | None:
    """Of a controlled drug one person says so, and another one does it."""
    last = one.steps[-1]
    if kind == RETURNING:
        may = last.kind == GIVEN and one.is_controlled and _is_own(last, by, now)
        return None if may else TOO_LATE
    if last.kind == RETURNING:
        is_other = last.by.reference != by.reference
        may = is_other and _is_within(last, now, WITNESSED_WITHIN)
        return None if may else BY_TWO
    if last.kind == GIVEN and one.is_controlled:
        return BY_TWO
    return None if can_take_back(one, by, now) else TOO_LATE


def can_take_back(one: Prescription, by: Person, now: datetime) -> bool:
    """Whether somebody may take back alone what was done last."""
    last = one.steps[-1]
    takes_two = last.kind == GIVEN and one.is_controlled
    return last.kind in CAN_BE_UNDONE and not takes_two and _is_own(last, by, now)


def _is_own(step: Step, by: Person, now: datetime) -> bool:
    is_theirs = bool(by.reference) and step.by.reference == by.reference
    return is_theirs and _is_within(step, now, UNDO_WITHIN)


def _is_within(step: Step, now: datetime, within: timedelta) -> bool:
    return timedelta(0) <= now - step.at <= within


def after(one: Prescription, step: Step) -> Prescription:
    """It with a step more; whether it may be taken is `cannot`'s to say."""
    return msgspec.structs.replace(one, steps=(*one.steps, step))


def begun(one: Prescription, at: datetime, by: Person) -> Prescription:
    """It with its first step."""
    return msgspec.structs.replace(one, steps=(Step(kind=WRITTEN, at=at, by=by),))
