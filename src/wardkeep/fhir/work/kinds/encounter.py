# SPDX-License-Identifier: Apache-2.0
"""Encounters: a ward expects its patients for the stay, others for the contact.

https://hl7.org/fhir/R4/encounter.html. A stay explains from admission (an hour before
it, because clocks and fingers are late) to a week after discharge: the summary, late
results, and in mental health the follow-up within 72 hours; the ward that somebody
left, a day more. A contact explains two weeks after, as an appointment does.
"""

from collections.abc import Iterator

from wardkeep.fhir.model.primitives import EARLIEST, LATEST
from wardkeep.fhir.work.expects import (
    DAY,
    HOUR,
    Content,
    Expects,
    Moment,
    Work,
    listed,
    open_until,
    referred,
    status_of,
    when,
)
from wardkeep.fhir.work.home import VISIT, is_home, window

AFTER_STAY_DAYS, AFTER_TRANSFER_DAYS, AFTER_CONTACT_DAYS = 7, 1, 14
OPEN_CONTACT_DAYS = 7
"""A contact that nobody closed is over by then; a stay may last a year and more."""
_STAYS = frozenset({"IMP", "ACUTE", "NONAC", "OBSENC", "PRENC", "SS"})
_HERE = frozenset({"arrived", "triaged", "in-progress", "onleave"})
_LIVE = _HERE | {"planned", "finished"}


def ties(content: Content, moment: Moment) -> Iterator[Expects]:
    span = when(content.get("period"))
    if status_of(content) not in _LIVE:
        return
    begins = moment.now if span is None or span.low == EARLIEST else span.low
    ended = None if span is None or span.high == LATEST else span.high
    if ended is None and status_of(content) == "finished":
        ended = moment.now
    class_ = content.get("class")
    if is_home(class_):
        since, until = window(begins, ended)
        for who in _people(content):
            yield Expects(who, VISIT, since, until)
    elif isinstance(class_, dict) and class_.get("code") in _STAYS:
        until = open_until(begins, moment) if ended is None else _left(ended)
        yield from _stay(content, begins - HOUR, until)
    else:
        last = (ended or begins + OPEN_CONTACT_DAYS * DAY) + AFTER_CONTACT_DAYS * DAY
        for who in (*_people(content), *_places(content)):
            yield Expects(who, "contact", begins - DAY, last)


def _left(ended: int) -> int:
    return ended + AFTER_STAY_DAYS * DAY


def _stay(content: Content, since: int, until: int) -> Iterator[Expects]:
    """Each ward for its part of the stay, and whoever treats the patient for all."""
    for one in listed(content, "location"):
        part = when(one.get("period"))
        first, last = since, until
        if part is not None and part.low != EARLIEST:
            first = part.low - HOUR
        if part is not None and part.high != LATEST:
            last = min(until, part.high + AFTER_TRANSFER_DAYS * DAY)
        for who in referred(one.get("location")):
            yield Expects(who, "ward", first, last)
    for who in _people(content):
        yield Expects(who, "ward", since, until)
    for who in referred(content.get("serviceProvider")):
        yield Expects(who, "ward", since, until)


def _people(content: Content) -> Iterator[str]:
    for one in listed(content, "participant"):
        yield from referred(one.get("individual"))


def _places(content: Content) -> Iterator[str]:
    for one in listed(content, "location"):
        yield from referred(one.get("location"))
    yield from referred(content.get("serviceProvider"))


WORK = Work("Encounter", ties)
