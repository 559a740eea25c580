# SPDX-License-Identifier: Apache-2.0
"""How a request for an ambulance stands, in words and a colour."""

from datetime import datetime

import msgspec

from wardkeep.care.message_words import WHYS
from wardkeep.fhir.urgent.queue_rows import EntryRow

SKILL = "ambulance"


class Ambulance(msgspec.Struct, frozen=True):
    """How a request for an ambulance stands."""

    words: str
    colour: str
    can_stop: bool = False


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
    return Ambulance(_not_acknowledged(row), "red", can_stop=is_early)


def _not_acknowledged(row: EntryRow) -> str:
    if row.send_at is None:
        return "Not sent from here: ring the ambulance service"
    if row.refusal:
        why = WHYS.get(row.refusal, f"Their system would not take it ({row.refusal}).")
        return f"Refused: ring the ambulance service now. {why}"
    if row.escalated_at is not None:
        if row.sent_at is not None or row.begun_at is not None:
            return "Not acknowledged: ring the ambulance service now"
        return "Could not be sent: ring the ambulance service now"
    if row.sent_at is not None:
        return "Sent, not acknowledged yet"
    return "Is being sent"
