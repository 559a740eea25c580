# SPDX-License-Identifier: Apache-2.0
"""What events come to: a pure function of a stream, in any order and however doubled.

One counts on the day, or in the shift, in which its first event lies, whatever happens
to it after midnight. So figures of days add up to those of their week.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from wardkeep.fhir.urgent.figures.happened import Happened
from wardkeep.fhir.urgent.figures.items import Item, Measure, Unit, Where, admits
from wardkeep.fhir.urgent.figures.spans import Span, hours_of

_SOURCES = {
    "Task": Unit.PLACE,
    "ambulance": Unit.AMBULANCE,
    "message": Unit.MESSAGE,
}
"""Which sources are units by themselves; a call is all that has its case."""


class Event(NamedTuple):
    """One thing that happened."""

    at: datetime
    kind: str
    code: str
    due: datetime | None


class Figure(msgspec.Struct, frozen=True):
    """What one item came to. Figures add up."""

    met: int = 0
    of: int = 0
    pending: int = 0
    """Of which it is not known yet: they are in neither."""
    seconds: int = 0
    """Of a mean: all of them together."""

    def __add__(self, other: "Figure") -> "Figure":
        return Figure(
            self.met + other.met,
            self.of + other.of,
            self.pending + other.pending,
            self.seconds + other.seconds,
        )


Group = Sequence[Event]


class Units(NamedTuple):
    """Everything that happened, by what is counted: in the order of time."""

    of: Mapping[Unit, Mapping[str, Group]]

    def within(self, unit: Unit, span: Span) -> Iterator[Group]:
        """Those whose first event lies there."""
        found = self.of[unit].values()
        return (one for one in found if span.has(one[0].at))


def units_of(told: Iterable[Happened]) -> Units:
    """Put together what belongs together; what was told twice is told once."""
    rows = set(told)
    cases = {one.source: one.case for one in rows}
    groups: dict[Unit, dict[str, set[Event]]] = {one: defaultdict(set) for one in Unit}
    for row in rows:
        events = [
            Event(at, kind, row.code, row.due)
            for kind, at in zip(row.kinds, row.moments, strict=True)
        ]
        unit = _SOURCES.get(row.source.partition("/")[0])
        if unit is not None:
            groups[unit][row.source].update(events)
        if unit is not Unit.MESSAGE:
            groups[Unit.CALL][cases.get(row.case, row.case)].update(events)
    return Units(
        {
            unit: {key: sorted(found, key=_order) for key, found in of.items()}
            for unit, of in groups.items()
        }
    )


def _order(event: Event) -> tuple[datetime, str, str]:
    return event.at, event.kind, event.code


def figure_of(item: Item, units: Units, span: Span, *, now: datetime) -> Figure:
    """What an item comes to of all that began in a span, as known at a moment."""
    total = Figure()
    for group in units.within(item.unit, span):
        found = _one(item, group, now)
        if found is not None:
            total = total + found
    return total


def figures_of(
    items: Iterable[Item], units: Units, span: Span, *, now: datetime
) -> dict[str, Figure]:
    """By the item's id; of those that are counted."""
    return {
        one.id: figure_of(one, units, span, now=now) for one in items if not one.cannot
    }


_PENDING = Figure(pending=1)
_MET, _MISSED = Figure(met=1, of=1), Figure(of=1)


def _one(item: Item, group: Group, now: datetime) -> Figure | None:
    """Of one; None: it does not count here."""
    began = _first(group, (item.begins,), item.where)
    kinds = {one.kind for one in group}
    if began is None or not kinds.issuperset(item.also):
        return None
    later = [one for one in group if one.at >= began.at]
    met = _first(later, item.met, item.met_where)
    match item.measure:
        case Measure.COUNT:
            return _MET
        case Measure.MEAN:
            return _PENDING if met is None else _took(began, met)
        case Measure.SHARE:
            return _share(item, began, met, now=now, kinds=kinds)


def _first(group: Group, kinds: Sequence[str], where: Where) -> Event | None:
    """The first event of a kind, of a disposition that is admitted."""
    found = (one for one in group if one.kind in kinds and admits(where, one.code))
    return next(found, None)


def _took(began: Event, met: Event) -> Figure:
    return Figure(1, 1, 0, round((met.at - began.at).total_seconds()))


def _share(
    item: Item,
    began: Event,
    met: Event | None,
    *,
    now: datetime,
    kinds: Collection[str],
) -> Figure:
    limit = _limit(item, began)
    if met is not None:
        return _MISSED if limit is not None and met.at > limit else _MET
    is_over = limit is not None and now > limit
    return _MISSED if is_over or any(one in kinds for one in item.settles) else _PENDING


def _limit(item: Item, began: Event) -> datetime | None:
    """Until when it can be met; None: as long as it takes."""
    if item.within:
        return began.at + timedelta(minutes=item.within)
    return began.due if item.by_due else None


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


def late_by(place: Group, *, now: datetime) -> timedelta | None:
    """By how much a place in a queue missed its time, or does; None: it did not."""
    due = next((one.due for one in place if one.kind == "queue"), None)
    if due is None:
        return None
    reached = next((one.at for one in place if one.kind in ("reach", "end")), now)
    return reached - due if reached > due else None
