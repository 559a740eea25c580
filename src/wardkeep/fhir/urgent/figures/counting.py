# SPDX-License-Identifier: Apache-2.0
"""What events come to: a pure function of a stream, in any order and however doubled.

One counts on the day, or in the shift, in which its first event lies, whatever happens
to it after midnight. So figures of days add up to those of their week.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from operator import attrgetter
from typing import NamedTuple

from wardkeep.fhir.urgent.figures.happened import Happened
from wardkeep.fhir.urgent.figures.items import Item, Unit
from wardkeep.fhir.urgent.figures.orders import Event, Group, Plan, order_of
from wardkeep.fhir.urgent.figures.spans import Span, hours_of
from wardkeep.fhir.urgent.figures.sums import Figure, Sum

_SOURCES = {
    "Task": Unit.PLACE,
    "ambulance": Unit.AMBULANCE,
    "message": Unit.MESSAGE,
    "telephone": Unit.RINGING,
}
"""Which sources are units by themselves; a call is all that has its case."""
_OF_NO_CALL = (Unit.MESSAGE, Unit.RINGING)
_ANSWERED, _BY_TELEPHONE = "call-answered", "phone-answered"
_ORDER = attrgetter("at", "kind", "code")


class Units(NamedTuple):
    """Everything that happened, by what is counted: in the order of time."""

    of: Mapping[Unit, Mapping[str, Group]]

    def within(self, unit: Unit, span: Span) -> Iterator[Group]:
        """Those whose first event lies there."""
        found = self.of[unit].values()
        return (one for one in found if span.has(one[0].at))


def units_of(told: Iterable[Happened]) -> Units:
    """Put together what belongs together; what was told twice is told once."""
    rows = {one.source: one for one in told}
    groups: dict[Unit, dict[str, list[Event]]] = {one: {} for one in Unit}
    calls: dict[str, list[Event]] = defaultdict(list)
    for source, row in rows.items():
        events = events_of(row)
        unit = _SOURCES.get(source.partition("/")[0])
        if unit is not None:
            groups[unit][source] = events
        if unit not in _OF_NO_CALL:
            based_on = rows.get(row.case)
            calls[based_on.case if based_on else row.case] += events
    groups[Unit.CALL] = calls
    _say_when_answered(calls, groups[Unit.RINGING], rows)
    for found in calls.values():
        found.sort(key=_ORDER)
    return Units(groups)


def events_of(row: Happened) -> list[Event]:
    """In the order of time."""
    named = zip(row.moments, row.kinds, strict=True)
    found = [Event(at, kind, row.code, row.due) for at, kind in named]
    if len(found) > 1:
        found.sort(key=_ORDER)
    return found


def _say_when_answered(
    calls: dict[str, list[Event]],
    rung: Mapping[str, Sequence[Event]],
    rows: Mapping[str, Happened],
) -> None:
    """Where the telephone knows when a case's call was answered, it was then.

    And not when the number was typed.
    """
    for source, events in rung.items():
        case = calls.get(rows[source].case)
        if case is None:
            continue
        at = next((one.at for one in events if one.kind == _BY_TELEPHONE), None)
        if at is not None:
            case[:] = [_at(one, at) if one.kind == _ANSWERED else one for one in case]


def _at(event: Event, at: datetime) -> Event:
    return Event(at, event.kind, event.code, event.due)


def figures_of(
    items: Iterable[Item], units: Units, span: Span, *, now: datetime
) -> dict[str, Figure]:
    """By its id, what each item comes to of all that began in a span.

    Of those that are counted; as known at a moment.
    """
    sums = [Sum(one) for one in items if not one.cannot]
    for unit in Unit:
        here = [one for one in sums if one.item.unit is unit]
        plans: dict[tuple[object, ...], Plan] = {}
        for group in units.within(unit, span) if here else ():
            order = order_of(group)
            plan = plans.get(order)
            if plan is None:
                plans[order] = plan = Plan(here, group)
            plan.count(group, now)
        for plan in plans.values():
            plan.close()
    return {one.item.id: one.figure for one in sums}


class Hour(NamedTuple):
    """One hour of a day."""

    since: datetime
    answered: int
    missed: int
    """Places in a queue that were given in it, and missed their time."""


def profile_of(units: Units, span: Span, *, now: datetime) -> list[Hour]:
    """Hour by hour, elapsed: the 25th of a long day too."""
    answered = Counter(
        _hour(group, span)
        for group in units.within(Unit.CALL, span)
        if any(one.kind == "call-answered" for one in group)
    )
    missed = Counter(
        _hour(group, span)
        for group in units.within(Unit.PLACE, span)
        if late_by(group, now=now) is not None
    )
    return [
        Hour(hour.since, answered[place], missed[place])
        for place, hour in enumerate(hours_of(span))
    ]


def _hour(group: Group, span: Span) -> int:
    return (group[0].at - span.since) // timedelta(hours=1)


REACHED = ("reach", "see", "arrive")
"""Somebody spoke to them, or sees them."""
SEEN_BY = (*REACHED, "end")
"""With one of these nobody waits any more."""


def late_by(place: Group, *, now: datetime) -> timedelta | None:
    """By how much a place in a queue missed its time, or does; None: it did not."""
    due = next((one.due for one in place if one.kind == "queue"), None)
    if due is None:
        return None
    reached = next((one.at for one in place if one.kind in SEEN_BY), now)
    return reached - due if reached > due else None
