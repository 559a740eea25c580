# SPDX-License-Identifier: Apache-2.0
"""How a request for an ambulance stands, in words and a colour."""

from datetime import datetime

import msgspec

from wardkeep.care.message_words import WHYS
from wardkeep.fhir.urgent.queue_rows import EntryRow

SKILL = "ambulance"
_REFUSED = {
    "400": "They could not read the message",
    "403": "They take no messages from us",
    "404": "They know no such service",
    "409": "They say that it is over there",
    "422": "They say that something in the message is wrong",
    "501": "They do not take such messages",
}
"""By the status of a refusal, whose own words may name a person and are not kept."""


class Ambulance(msgspec.Struct, frozen=True):
    """How a request for an ambulance stands."""

    words: str
    colour: str
    can_stop: bool = False
    why: str = ""
    """Why they will not take it."""


def ambulance_of(row: EntryRow, now: datetime) -> Ambulance | None:
    """Red until somebody acknowledged it; None: it is no request for one."""
    if row.skill != SKILL and row.send_at is None:
        return None
    if row.acknowledged_at is not None:
        return Ambulance(f"Acknowledged: {row.reference}", "green")
    if row.called_off_at is not None:
        return Ambulance("Called off, not sent: say what comes of it", "red")
    is_early = row.send_at is not None and row.begun_at is None and row.send_at > now
    # What nobody answered in time is not anybody's to stop.
    is_early = is_early and row.skill == SKILL
    why = refusal_words(row.refusal)
    return Ambulance(_not_acknowledged(row), "red", can_stop=is_early, why=why)


def refusal_words(code: str) -> str:
    """Why they will not take it, with what to tell whoever runs the system."""
    if not code:
        return ""
    status, _, _ = code.partition(" ")
    words = _REFUSED.get(status, "Their system would not take it")
    return WHYS.get(code, f"{words} ({code}).")


def _not_acknowledged(row: EntryRow) -> str:
    if row.send_at is None:
        return "Not sent from here: ring the ambulance service"
    if row.refusal:
        return "Refused: ring the ambulance service now"
    if row.escalated_at is not None:
        if row.sent_at is not None or row.begun_at is not None:
            return "Not acknowledged: ring the ambulance service now"
        return "Could not be sent: ring the ambulance service now"
    if row.sent_at is not None:
        return "Sent, not acknowledged yet"
    return "Is being sent"
