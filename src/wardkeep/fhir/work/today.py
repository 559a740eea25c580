# SPDX-License-Identifier: Apache-2.0
"""Which of those whom somebody may expect are today's work, and when it begins.

A tie explains more than today: clinics prepare three days before, letters follow for
two weeks. Whoever lists everybody whom ties explain lists strangers. The windows are
undone here with the numbers that made them. Times are UTC microseconds since 1970.
"""

from datetime import date

from wardkeep.base.clock import LONDON, from_microseconds
from wardkeep.fhir.work.expects import DAY
from wardkeep.fhir.work.home import BEFORE, VISIT
from wardkeep.fhir.work.kinds.appointment import FOLLOWED_DAYS, PREPARED_DAYS
from wardkeep.fhir.work.kinds.encounter import AFTER_STAY_DAYS
from wardkeep.fhir.work.kinds.episode_of_care import CLOSING_DAYS

_BOOKED = "appointment"
_BEGINS = {
    _BOOKED: PREPARED_DAYS * DAY,
    "contact": DAY,
    VISIT: BEFORE,
}
"""Of what happens at a time: how long before it the tie begins."""
_GRACE = {"ward": AFTER_STAY_DAYS * DAY, "caseload": CLOSING_DAYS * DAY}
"""Of what lasts: how long after its end the tie still explains."""
_ALWAYS = frozenset({"queue", "result", "clinic"})
"""Work that lies there until it is done. Orders are none: their results are."""


def begins_at(kind: str, since: int) -> int | None:
    """When it begins; None for what lasts or lies waiting."""
    before = _BEGINS.get(kind)
    return None if before is None else since + before


def is_for_today(kind: str, *, since: int, until: int, now: int) -> bool:
    """Whether it is work of today; `until` of 0 is no end."""
    begins = begins_at(kind, since)
    if begins is not None:
        # One that was cancelled explains for a few days yet, and is no work any more.
        is_cancelled = kind == _BOOKED and until < begins + FOLLOWED_DAYS * DAY
        return _day(begins) == _day(now) and not is_cancelled
    if kind in _GRACE:
        return until == 0 or until - now > _GRACE[kind]
    return kind in _ALWAYS


def _day(at: int) -> date:
    return from_microseconds(at).astimezone(LONDON).date()
