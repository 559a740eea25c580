# SPDX-License-Identifier: Apache-2.0
"""What events come to: a pure function of a stream, in any order and however doubled.

One counts on the day, or in the shift, in which its first event lies, whatever happens
to it after midnight. So figures of days add up to those of their week.
"""

from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from wardkeep.fhir.urgent.figures.happened import Happened
from wardkeep.fhir.urgent.figures.items import Item, Measure, Unit, admitted
from wardkeep.fhir.urgent.figures.spans import Span, hours_of

_SOURCES = {
    "Task": Unit.PLACE,
    "ambulance": Unit.AMBULANCE,
    "message": Unit.MESSAGE,
    "telephone": Unit.RINGING,
}
"""Which sources are units by themselves; a call is all that has its case."""
_OF_NO_CALL = (Unit.MESSAGE, Unit.RINGING)
_ANSWERED, _BY_TELEPHONE = "call-answered", "phone-answered"
_WITHDRAWN = "withdraw"
CENTILE = 95


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
    waits: tuple[tuple[int, int], ...] = ()
    """Of a centile: how many took so many seconds, shortest first."""

    def __add__(self, other: "Figure") -> "Figure":
        return Figure(
            self.met + other.met,
            self.of + other.of,
            self.pending + other.pending,
            self.seconds + other.seconds,
            _together(self.waits, other.waits),
        )

    @property
    def centile(self) -> int:
        """The fewest seconds within which 95 in 100 were; 0 where there is none."""
        needed, so_far = -(-CENTILE * sum(many for _, many in self.waits) // 100), 0
        for seconds, many in self.waits:
            so_far += many
            if so_far >= needed:
                return seconds
        return 0


Waits = tuple[tuple[int, int], ...]


def _together(one: Waits, other: Waits) -> Waits:
    if not one or not other:
        return one or other
    found = Counter(dict(one))
    found.update(dict(other))
    return tuple(sorted(found.items()))


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
    rows = {one.source: one for one in told}
    groups: dict[Unit, dict[str, list[Event]]] = {
        one: defaultdict(list) for one in Unit
    }
    calls = groups[Unit.CALL]
    for source, row in rows.items():
        events = [
            Event(at, kind, row.code, row.due)
            for kind, at in zip(row.kinds, row.moments, strict=True)
        ]
        unit = _SOURCES.get(source.partition("/")[0])
        if unit is not None:
            groups[unit][source] = sorted(events, key=_order)
        if unit not in _OF_NO_CALL:
            based_on = rows.get(row.case)
            calls[based_on.case if based_on else row.case] += events
    _say_when_answered(calls, groups[Unit.RINGING], rows)
    for found in calls.values():
        found.sort(key=_order)
    return Units(groups)


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
        at = next((one.at for one in events if one.kind == _BY_TELEPHONE), None)
        if case is not None and at is not None:
            case[:] = [
                one._replace(at=at) if one.kind == _ANSWERED else one for one in case
            ]


def _order(event: Event) -> tuple[datetime, str, str]:
    return event.at, event.kind, event.code


def figures_of(
    items: Iterable[Item], units: Units, span: Span, *, now: datetime
) -> dict[str, Figure]:
    """By its id, what each item comes to of all that began in a span.

    Of those that are counted; as known at a moment.
    """
    rules = [_Rule(one) for one in items if not one.cannot]
    for unit in Unit:
        here = [one for one in rules if one.item.unit is unit]
        for group in units.within(unit, span) if here else ():
            kinds: dict[str, list[Event]] = {}
            for event in group:
                kinds.setdefault(event.kind, []).append(event)
            for one in here:
                one.count(kinds, now)
    return {one.item.id: one.figure for one in rules}


Kinds = Mapping[str, Sequence[Event]]
"""Events of one unit by their kind, each in the order of time."""


class _Rule:
    """An item, and what was counted of it so far."""

    def __init__(self, item: Item) -> None:
        self.item = item
        self._where, self._met_where = admitted(item.where), admitted(item.met_where)
        self._met = self._of = self._pending = self._seconds = 0
        self._waits: Counter[int] = Counter()

    @property
    def figure(self) -> Figure:
        waits = tuple(sorted(self._waits.items()))
        return Figure(self._met, self._of, self._pending, self._seconds, waits)

    def count(self, kinds: Kinds, now: datetime) -> None:
        """Count one unit, if it counts here."""
        item = self.item
        began = _first(kinds.get(item.begins, ()), self._where)
        if began is None or any(one not in kinds for one in item.also):
            return
        if item.measure is Measure.COUNT:
            self._met += 1
            self._of += 1
            return
        found = [
            first
            for kind in item.met
            if (first := _first(kinds.get(kind, ()), self._met_where, began.at))
        ]
        met = min(found, key=_order, default=None)
        if met is None and _is_elsewhere(item, kinds):
            return
        if item.measure in (Measure.MEAN, Measure.CENTILE) and met is not None:
            took = round((met.at - began.at).total_seconds())
            self._seconds += took
            if item.measure is Measure.CENTILE:
                self._waits[took] += 1
        self._note(_share(item, began, met, now=now, kinds=kinds))

    def _note(self, is_met: bool | None) -> None:  # noqa: FBT001 - what _share says
        if is_met is None:
            self._pending += 1
            return
        self._of += 1
        self._met += is_met


def _is_elsewhere(item: Item, kinds: Kinds) -> bool:
    """Whether another service has it: it was sent, not taken back, and ended here."""
    sent = [one.at for kind in item.elsewhere for one in kinds.get(kind, ())]
    back = [one.at for one in kinds.get(_WITHDRAWN, ())]
    is_theirs = bool(sent) and (not back or max(sent) > max(back))
    return is_theirs and any(one in kinds for one in item.settles)


def _first(
    events: Sequence[Event], codes: Container[str], since: datetime | None = None
) -> Event | None:
    """The first of a disposition that is admitted."""
    for one in events:
        if one.code in codes and (since is None or one.at >= since):
            return one
    return None


def _share(
    item: Item, began: Event, met: Event | None, *, now: datetime, kinds: Kinds
) -> bool | None:
    """Whether one is met; None: it is not known yet."""
    limit = _limit(item, began)
    if met is not None:
        return limit is None or met.at <= limit
    is_over = limit is not None and now > limit
    return False if is_over or any(one in kinds for one in item.settles) else None


def _limit(item: Item, began: Event) -> datetime | None:
    """Until when it can be met; None: as long as it takes."""
    if item.within or item.within_seconds:
        lasts = timedelta(minutes=item.within, seconds=item.within_seconds)
        return began.at + lasts
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
