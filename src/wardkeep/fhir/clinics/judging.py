# SPDX-License-Identifier: Apache-2.0
"""Whether somebody who stands before a desk or kiosk can be checked in now."""

from datetime import datetime, timedelta

from wardkeep.base.clock import LONDON
from wardkeep.fhir.clinics.outcomes import (
    Line,
    NotOn,
    TooEarly,
    TooLate,
    WrongDay,
    WrongSite,
)
from wardkeep.fhir.clinics.words import (
    EARLY_MINUTES,
    LATE_MINUTES,
    Channel,
    Doer,
    Standing,
)

NotNow = TooEarly | TooLate | WrongSite | WrongDay | NotOn


def judge(line: Line, by: Doer, now: datetime) -> NotNow | None:
    """Why not; None: they can. A person at a desk decides about the time themselves."""
    early = timedelta(minutes=EARLY_MINUTES)
    is_desk = by.channel is Channel.DESK
    missed = line.standing in (Standing.NO_SHOW, Standing.LEFT)
    if line.standing.is_over and not (is_desk and missed):
        return NotOn(standing=line.standing, starts_at=line.starts_at)
    if now.astimezone(LONDON).date() != line.day:
        return WrongDay(starts_at=line.starts_at)
    if by.places and line.place not in by.places:
        return WrongSite(place=line.place, starts_at=line.starts_at)
    # Whoever checked in offline sits there already, whatever the time is now.
    if is_desk or by.channel is Channel.OFFLINE:
        return None
    if now < line.starts_at - early:
        return TooEarly(come_back_at=line.starts_at - early, starts_at=line.starts_at)
    if now > line.starts_at + timedelta(minutes=LATE_MINUTES):
        return TooLate(starts_at=line.starts_at)
    return None
