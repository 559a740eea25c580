# SPDX-License-Identifier: Apache-2.0
"""Words for what was sent to other services, and for what became of it."""

from collections.abc import Mapping

import msgspec

from wardkeep.fhir.bars.attendance import MISSED, NOT_BROUGHT, WORDS
from wardkeep.fhir.bars.outgoing import Sort
from wardkeep.fhir.bars.validation import ENDED, Means

STATES: Mapping[str, tuple[str, str]] = {
    "waiting": ("Being sent", "yellow"),
    "sent": ("There", "green"),
    "answered": ("Answered", "blue"),
    "refused": ("Refused", "red"),
    "unanswered": ("Not answered in time", "red"),
    "taken-back": ("Taken back before it was sent", "grey"),
}
SORTS: Mapping[str, str] = {
    Sort.REFERRAL: "Referral",
    Sort.VALIDATION: "Request to look again",
    Sort.BOOKING: "Booking",
    Sort.WITHDRAWAL: "Referral taken back",
    Sort.CANCELLATION: "Booking given back",
    Sort.AMBULANCE: "Request for an ambulance",
}
FAILURES = {
    "slow": "They did not answer in time.",
    "unreachable": "Their system cannot be reached.",
    "refused": "Their system refused to say.",
    "asked too often": "Times were asked for too often within a minute.",
}
WHYS: Mapping[str, str] = {
    "409 REC_CONFLICT conflict": "The time is taken, or it is over there.",
    "404 REC_NOT_FOUND not-found": "They know no such service, time or referral.",
    "message gone": "The message is no longer in the record.",
}
BOOKINGS: Mapping[str, str] = {
    "booked": "They have the booking. Nobody has come yet.",
    "pending": "They have the booking and have not confirmed it.",
    "arrived": "The patient has arrived there.",
    "checked-in": "The patient has arrived there.",
    "fulfilled": "The patient was seen there.",
    "cancelled": "The booking was cancelled there. Ring the patient.",
    "noshow": "The patient did not come. Ring the patient.",
    "entered-in-error": "They say that the booking was a mistake. Telephone them.",
}


class Meaning(msgspec.Struct, frozen=True, kw_only=True):
    """What an answer to a request to look again means, in words."""

    words: str
    colour: str
    todo: str


MEANINGS: Mapping[str, Meaning] = {
    Means.IN_PROGRESS: Meaning(
        words="They are looking",
        colour="blue",
        todo="The clock runs on: without their last word it is done by itself.",
    ),
    Means.REJECTED: Meaning(
        words="They will not look",
        colour="red",
        todo="It is done as if nobody had been asked. Ring the patient.",
    ),
    Means.UP: Meaning(
        words="More urgent than it was",
        colour="red",
        todo="Ring the patient, and say who comes.",
    ),
    Means.DOWN: Meaning(
        words="Less urgent than it was",
        colour="blue",
        todo="Read what they found, and act on it: the case is still ours.",
    ),
    Means.UNCHANGED: Meaning(
        words="As urgent as it was",
        colour="orange",
        todo="What the call came to holds. Ring the patient.",
    ),
    Means.HEAR_AND_TREAT: Meaning(
        words="Dealt with by telephone",
        colour="green",
        todo="Read what they said, and end the case.",
    ),
    Means.REFERRED_ON: Meaning(
        words="Sent on by them to another service",
        colour="green",
        todo="Read where to, and end the case.",
    ),
    Means.LIFTED: Meaning(
        words="Helped up, and not hurt",
        colour="green",
        todo="Read what they said, and end the case.",
    ),
    Means.CLOSED: Meaning(
        words="Nothing more is to be done",
        colour="green",
        todo="Read what they said, and end the case.",
    ),
}
"""By the code of the answer."""
ABSENT: Mapping[str, Meaning] = {
    MISSED: Meaning(
        words=WORDS[MISSED], colour="orange", todo="Ring the patient, and ask why."
    ),
    NOT_BROUGHT: Meaning(
        words=f"{WORDS[NOT_BROUGHT]}: safeguarding",
        colour="red",
        todo="Ring whoever cares for them. Where nobody can be reached, do what your"
        " safeguarding procedure says, and tell the surgery.",
    ),
}
"""Of whoever was sent there and did not come."""
UNREADABLE = Meaning(
    words="Answered in words alone: read it",
    colour="red",
    todo="What it means could not be read by code, so the clock runs on.",
)
REJECTIONS: Mapping[str, str] = {
    "not-available-in-time": "nobody is free in time",
    "failed-contact": "they could not reach the patient",
    "other": "for another reason",
}
"""By the code of why somebody will not look; others are shown as they are."""


def meaning_of(
    outcome: str, why: str, *, category: str, asked: str, is_full: bool
) -> Meaning | None:
    """What an answer means, with the ambulance; None: there is nothing to read by code.

    `category` is of the ambulance that the answer asks for, `asked` of the one that was
    asked for; both empty where there is none.
    """
    if outcome in ABSENT:
        return ABSENT[outcome]
    found = MEANINGS.get(outcome)
    if found is None:
        return UNREADABLE if is_full else None
    if why:
        reason = REJECTIONS.get(why, why)
        found = msgspec.structs.replace(found, words=f"{found.words}: {reason}")
    if not asked:
        return found
    words = f"{found.words}. An ambulance, category {asked[1:]}, is asked for"
    todo = found.todo
    if category and category < asked:
        number = category[1:]
        todo = f"Ring the ambulance service: it is category {number} now. {todo}"
    elif outcome in ENDING:
        todo = f"An ambulance was asked for meanwhile: call it off by hand. {todo}"
    return msgspec.structs.replace(found, words=words, todo=todo)


ENDING = frozenset(map(str, ENDED))
