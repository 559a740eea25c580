# SPDX-License-Identifier: Apache-2.0
"""Dates that identify a person, searched by prefix without lying in the clear.

A birth date beside a sealed row would name its patient to whoever holds a dump. So it
is indexed as three keyed terms, its year, month and day, and any stretch of time is
asked for as the few years, months and days that make it up: all births before May 1970
are 119 years and 4 months. Kinds of term:

    b  of a date that is a day: year, month and day
    l  of any other date: those of its first day
    h  of any other date: those of its last day
"""

from collections.abc import Iterator
from datetime import date, timedelta

from wardkeep.fhir.model.primitives import Span
from wardkeep.fhir.search.terms import AllOf, AnyTerm, Bound, Match, term

_DAY = 86_400 * 1_000_000
_EPOCH = date(1970, 1, 1).toordinal()
FIRST, LAST = date(1850, 1, 1), date(2149, 12, 31)
"""Nobody alive was born outside; dates beyond count as these ends."""
_FIRST, _LAST = FIRST.toordinal(), LAST.toordinal()
_DECEMBER = 12


def day_terms(element: str, span: Span) -> tuple[bytes, ...]:
    """What a date is found by."""
    first, last = _day_of(span.low), _day_of(span.high)
    if first == last:
        return tuple(term(element, "b", name) for name in _names(first))
    return tuple(
        term(element, kind, name)
        for kind, day in (("l", first), ("h", last))
        for name in _names(day)
    )


def day_term(element: str, day: date) -> bytes:
    """The term of a date that is this day."""
    return term(element, "b", day.isoformat())


def _names(day: date) -> tuple[str, str, str]:
    text = day.isoformat()
    return text[:4], text[:7], text


def _day_of(microseconds: int) -> date:
    ordinal = _EPOCH + microseconds // _DAY
    return date.fromordinal(max(_FIRST, min(_LAST, ordinal)))


def days_within(element: str, bounds: tuple[Bound, ...]) -> tuple[Match, ...]:
    """Alternatives that find the dates which keep all the bounds."""
    lows = _stretch([one for one in bounds if one.end == "low"])
    highs = _stretch([one for one in bounds if one.end == "high"])
    both = (max(lows[0], highs[0]), min(lows[1], highs[1]))
    inside = {(one.end, one.operator[0]) for one in bounds}
    if inside == {("low", ">"), ("high", "<")}:
        # What begins after one end and ends before the other does so with both ends.
        lows = highs = both
    of_days = AnyTerm(_terms(element, "b", both))
    of_others = tuple(
        AnyTerm(_terms(element, kind, stretch))
        for kind, stretch in (("l", lows), ("h", highs))
    )
    return of_days, AllOf(of_others)


def _terms(element: str, kind: str, stretch: tuple[date, date]) -> tuple[bytes, ...]:
    return tuple(term(element, kind, name) for name in _pieces(*stretch))


def _stretch(bounds: list[Bound]) -> tuple[date, date]:
    """The first and the last day whose end keeps every bound; perhaps none."""
    first, last = _FIRST, _LAST
    for bound in bounds:
        value = int(bound.value)
        # A day's low end is its first microsecond, its high end the last.
        reach = 0 if bound.end == "low" else _DAY - 1
        if bound.operator[0] == ">":
            least = value + (bound.operator == ">")
            first = max(first, _EPOCH - (reach - least) // _DAY)
        else:
            most = value - (bound.operator == "<")
            last = min(last, _EPOCH + (most - reach) // _DAY)
    # One day beyond either end says "none" as well as a thousand years do.
    first, last = min(first, _LAST + 1), max(last, _FIRST - 1)
    return date.fromordinal(first), date.fromordinal(last)


def _pieces(first: date, last: date) -> Iterator[str]:
    """The fewest years, months and days that make up a stretch."""
    day = first
    while day <= last:
        year_end = date(day.year, _DECEMBER, 31)
        month_end = _month_end(day)
        if day.month == 1 and day.day == 1 and year_end <= last:
            yield day.isoformat()[:4]
            day = year_end + timedelta(days=1)
        elif day.day == 1 and month_end <= last:
            yield day.isoformat()[:7]
            day = month_end + timedelta(days=1)
        else:
            yield day.isoformat()
            day += timedelta(days=1)


def _month_end(day: date) -> date:
    following = day.replace(day=28) + timedelta(days=4)
    return following.replace(day=1) - timedelta(days=1)
