# SPDX-License-Identifier: Apache-2.0
"""Appointments: whoever takes part expects the patient around the day.

https://hl7.org/fhir/R4/appointment.html. Three days before, because clinics prepare
their lists (notes, results, interpreters); two weeks after: a clinic's letter is due in
one, and whoever missed it is rung and booked anew within two. One that is cancelled
explains for a day more, for whoever rings about it, or takes the cancelling back; then
nothing. A visit to a home that is cancelled explains nothing at once.
"""

from collections.abc import Iterator

from wardkeep.fhir.work.expects import (
    DAY,
    MINUTE,
    Content,
    Expects,
    Moment,
    Work,
    listed,
    referred,
    status_of,
    when,
)
from wardkeep.fhir.work.home import VISIT, any_is_home, window

PREPARED_DAYS, FOLLOWED_DAYS, CANCELLED_DAYS = 3, 14, 1
_FIRM = frozenset({"booked", "arrived", "checked-in", "fulfilled"})
_LIVE = _FIRM | {"proposed", "pending", "waitlist", "noshow"}


def ties(content: Content, moment: Moment) -> Iterator[Expects]:
    span = when(content.get("start"))
    if span is None:
        return
    begins, ends, status = span.low, _end(content, span.low), status_of(content)
    is_visit = any_is_home(content, "serviceCategory", "serviceType", "appointmentType")
    if status not in (_FIRM if is_visit else _LIVE | {"cancelled"}):
        return
    if is_visit:
        kind, (since, until) = VISIT, window(begins, ends)
    else:
        kind, since = "appointment", begins - PREPARED_DAYS * DAY
        until = (ends or begins) + FOLLOWED_DAYS * DAY
    if status == "cancelled":
        until = min(until, moment.now + CANCELLED_DAYS * DAY)
    for one in listed(content, "participant"):
        if one.get("status") != "declined":
            for who in referred(one.get("actor")):
                yield Expects(who, kind, since, until)


def _end(content: Content, begins: int) -> int | None:
    said = when(content.get("end"))
    if said is not None:
        return said.low
    minutes = content.get("minutesDuration")
    return begins + minutes * MINUTE if isinstance(minutes, int) else None


WORK = Work("Appointment", ties)
