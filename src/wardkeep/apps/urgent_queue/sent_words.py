# SPDX-License-Identifier: Apache-2.0
"""Words for what was sent to other services, and for what became of it."""

from collections.abc import Mapping

from wardkeep.fhir.bars.outgoing import Sort

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
