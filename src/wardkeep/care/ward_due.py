# SPDX-License-Identifier: Apache-2.0
"""What a ward owes somebody soon or late, as lists of people show it: by times alone.

A check that nobody made is on the ward's board. Whoever looks at their own patients is
told too, and who is not back from leave: at night the board is in another room.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from wardkeep.care.late import DueLine
from wardkeep.fhir.tasks.to_do import instant_of
from wardkeep.fhir.wards.rows import StayRow

SOON = timedelta(minutes=15)
CHECK, LEAVE = "Observation check", "Back from leave"


def ward_lines(stay: StayRow | None, now: datetime) -> tuple[DueLine, ...]:
    """Nothing where nobody stays, or nothing is near."""
    if stay is None:
        return ()
    pairs = [(CHECK, stay.due_at)]
    if stay.is_out:
        pairs.append((LEAVE, stay.until_at))
    return tuple(
        DueLine(words, instant_of(at), is_late=now > at)
        for words, at in pairs
        if at is not None and at - now <= SOON
    )


def overdue_in(stays: Iterable[StayRow], now: datetime) -> int:
    """How many checks are overdue among some who stay."""
    due = (one.due_at for one in stays if not one.is_sealed)
    return sum(at is not None and now > at for at in due)
