# SPDX-License-Identifier: Apache-2.0
"""What a telephone system sends: a batch of events, in the words of CSTA.

The names are those of ECMA-269's call control events (CSTA Phase III): Offered, Queued,
Delivered, Established, Connection Cleared, as ECMA-323 writes them in XML. Nobody says
"abandoned": that is a call that was cleared and never established, so it follows from
the others in whatever order they come (docs/decisions/0076-the-telephone.md).
"""

import re
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from wardkeep.base.ids import derived_uuid
from wardkeep.fhir.model.moments import moment_in
from wardkeep.fhir.urgent.case import number_in

MOST_EVENTS = 1_000
MOST_BYTES = 512 * 1024
OLDEST = timedelta(days=7)
"""What an outage may hold back. What is older would change reports that were sent."""
AHEAD = timedelta(minutes=2)
"""How far a clock may be ahead of ours; nothing has happened that is to come."""
CLOCK_MAY_BE_OFF = timedelta(seconds=30)
NUMBER_IS_NEW = timedelta(minutes=15)
"""A number that is told later is not offered to anybody: they have the next call."""
_LONGEST_ID = 200
_DEVICE = re.compile(r"[A-Za-z0-9*#-]{1,8}")
"""An extension. Longer is a telephone number, which is not kept."""
_FEWEST_DIGITS, _MOST_DIGITS = 7, 16


class Kind(StrEnum):
    """What happened to a call."""

    OFFERED = "offered"
    QUEUED = "queued"
    DELIVERED = "delivered"
    ESTABLISHED = "established"
    CLEARED = "cleared"


_KINDS = {
    "Offered": Kind.OFFERED,
    "Queued": Kind.QUEUED,
    "Delivered": Kind.DELIVERED,
    "Established": Kind.ESTABLISHED,
    "ConnectionCleared": Kind.CLEARED,
}


class Sent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One event as it comes over the wire (docs/formats/telephone.md)."""

    id: str
    call: str
    event: str
    at: str
    device: str = ""
    caller: str = ""


class Batch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is sent at once. `sent_at` is the sender's clock just now."""

    sent_at: str
    events: tuple[Sent, ...]


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One event as it is kept, and the number, which is not."""

    id: str
    """A UUID that follows from the system's id: a caller's number may be in that."""
    call: str
    kind: Kind
    at: datetime
    device: str = ""
    number: str = ""


class Refused(msgspec.Struct, frozen=True):
    """One that is not taken, by the sender's id."""

    id: str
    why: str


NO_ID = "An event has an id and a call, each of 1 to 200 characters."
NO_SUCH_KIND = f"The event is one of {', '.join(_KINDS)}."
NO_MOMENT = "`at` is an instant with its offset, as in 2026-11-29T04:00:00.000Z."
AHEAD_OF_US = "It is said to happen in the future: set the telephone system’s clock."
TOO_OLD = "It is older than seven days."
NO_DEVICE = "`device` is an extension of 1 to 8 letters or digits."


def read_event(sent: Sent, *, system: str, now: datetime) -> Event | Refused:
    """One event of a telephone system, by its account."""
    why, at = _fault(sent), moment_in(sent.at)
    if not why and at is None:
        why = NO_MOMENT
    if why or at is None:
        return Refused(sent.id[:_LONGEST_ID], why)
    if at > now + AHEAD or at < now - OLDEST:
        return Refused(sent.id, AHEAD_OF_US if at > now else TOO_OLD)
    kind = _KINDS[sent.event]
    number = number_in(sent.caller) if kind is Kind.ESTABLISHED else ""
    is_number = _FEWEST_DIGITS <= len(number.lstrip("+")) <= _MOST_DIGITS
    is_new = now - at <= NUMBER_IS_NEW
    return Event(
        id=derived_uuid("telephone-event", system, sent.id),
        call=derived_uuid("telephone-call", system, sent.call),
        kind=kind,
        at=at,
        device=sent.device,
        number=number if is_number and is_new else "",
    )


def _fault(sent: Sent) -> str:
    if not all(0 < len(one) <= _LONGEST_ID for one in (sent.id, sent.call)):
        return NO_ID
    if sent.event not in _KINDS:
        return NO_SUCH_KIND
    return NO_DEVICE if sent.device and not _DEVICE.fullmatch(sent.device) else ""
