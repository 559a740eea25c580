# SPDX-License-Identifier: Apache-2.0
"""Where no relationship explains an opening, the person says why.

Most openings explain themselves: 94% and more from appointments, orders and
departments (Fabbri & LeFevre, PMC3555324). Finding a patient needs no reason, because
the person who looks has given two facts about them; and the banner that a list has
shown is shown again without one: a desk books people whom no work names yet. It counts
against the budget like any other.
"""

from wardkeep.disclosure.purpose import BANNER, FIND, READ, SHARED
from wardkeep.warden.rules.opening import Explained, Opening, Refused

SHORTEST_REASON = 8
FEWEST_LETTERS = 4

ASK = Refused(
    code="reason-needed",
    why="Nothing in today's work explains this opening.",
    mend="Say why you are opening this record.",
    needs_reason=True,
)
TOO_THIN = Refused(
    code="reason-too-thin",
    why="That reason is too short for anyone to understand later.",
    mend="Write a few words, as in: 'rang about results from Tuesday'.",
    needs_reason=True,
)
EXPLAINS = (
    Explained(
        code="reason-needed",
        because="No relationship explained the opening, and no reason was typed.",
        would_allow="A reason in a few words, or a relationship with the patient.",
    ),
    Explained(
        code="reason-too-thin",
        because="A reason was typed that nobody would understand later.",
        would_allow="A reason in a few words.",
    ),
)


def reason_is_given(opening: Opening) -> Refused | None:
    if opening.relationship or opening.action is FIND:
        return None
    if opening.tier is SHARED or _was_shown(opening):
        return None
    reason = opening.reason.strip()
    if not reason:
        return ASK
    return TOO_THIN if is_too_thin(reason) else None


def _was_shown(opening: Opening) -> bool:
    is_banner = opening.tier is BANNER and opening.action is READ
    return is_banner and opening.is_found


def is_too_thin(reason: str) -> bool:
    """Whether nobody would understand it later."""
    return len(reason) < SHORTEST_REASON or len(set(reason)) < FEWEST_LETTERS
