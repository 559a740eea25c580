# SPDX-License-Identifier: Apache-2.0
"""What items make of an order of events: worked out once, and then only counted.

Which event begins, which one meets it and whether another service has it follows from
the order in which things happened and from their dispositions alone. A day of a large
provider has some ten thousand units, and far fewer orders. What depends on the moments
themselves, a limit or how long it took, is reckoned for each unit.
"""

from collections.abc import Container, Sequence
from datetime import datetime, timedelta

import msgspec

from wardkeep.fhir.urgent.figures.items import Item, Measure, admitted
from wardkeep.fhir.urgent.figures.sums import Sum

_WITHDRAWN = "withdraw"


class Event(msgspec.Struct, frozen=True, gc=False):
    """One thing that happened."""

    at: datetime
    kind: str
    code: str
    due: datetime | None


Group = Sequence[Event]
"""Of one unit, in the order of time."""


def order_of(group: Group) -> tuple[object, ...]:
    """What happened, after what, and what at the same moment."""
    found: list[object] = []
    before = None
    for event in group:
        at = event.at
        found += event.kind, event.code, at == before
        before = at
    return tuple(found)


class Plan:
    """What some items make of all units with one order."""

    def __init__(self, sums: Sequence[Sum], group: Group) -> None:
        self._many = 0
        self._sure: list[tuple[Sum, bool | None]] = []
        """What is so for each of them."""
        self._timed: list[_Timed] = []
        for one in sums:
            self._read(one, group)

    def _read(self, to: Sum, group: Group) -> None:
        item, kinds = to.item, {one.kind for one in group}
        began = _first(group, (item.begins,), admitted(item.where))
        if began is None or any(one not in kinds for one in item.also):
            return
        if item.measure is Measure.COUNT:
            self._sure.append((to, True))
            return
        since = group[began].at
        met = _first(group, item.met, admitted(item.met_where), since)
        is_settled = any(one in kinds for one in item.settles)
        if met is None and is_settled and _is_elsewhere(item, group):
            return
        if met is None and (is_settled or not _has_limit(item)):
            self._sure.append((to, False if is_settled else None))
        elif item.measure is Measure.SHARE and not _has_limit(item):
            self._sure.append((to, True))
        else:
            self._timed.append(_Timed(to, began, met))

    def count(self, group: Group, now: datetime) -> None:
        """Count one more unit with this order."""
        self._many += 1
        for one in self._timed:
            one.count(group, now)

    def close(self) -> None:
        """Note what is the same for each unit, when all were counted."""
        for to, is_met in self._sure:
            to.note(is_met, self._many)


class _Timed:
    """An item for which the moments count: by their places in the order."""

    __slots__ = ("_began", "_by_due", "_is_kept", "_lasts", "_met", "_takes", "_to")

    def __init__(self, to: Sum, began: int, met: int | None) -> None:
        item = to.item
        self._to, self._began, self._met = to, began, met
        self._lasts = timedelta(minutes=item.within, seconds=item.within_seconds)
        self._by_due = item.by_due
        self._is_kept = item.measure is Measure.CENTILE
        self._takes = self._is_kept or item.measure is Measure.MEAN

    def count(self, group: Group, now: datetime) -> None:
        began = group[self._began]
        limit = self._limit(began)
        if self._met is None:
            self._to.note(False if limit is not None and now > limit else None)
            return
        at = group[self._met].at
        if self._takes:
            took = round((at - began.at).total_seconds())
            self._to.took(took, is_kept=self._is_kept)
        self._to.note(limit is None or at <= limit)

    def _limit(self, began: Event) -> datetime | None:
        """Until when it can be met; None: as long as it takes."""
        if self._lasts:
            return began.at + self._lasts
        return began.due if self._by_due else None


def _has_limit(item: Item) -> bool:
    return bool(item.within or item.within_seconds or item.by_due)


def _is_elsewhere(item: Item, group: Group) -> bool:
    """Whether another service has it: it was sent, and not taken back."""
    sent = [one.at for one in group if one.kind in item.elsewhere]
    back = [one.at for one in group if one.kind == _WITHDRAWN]
    return bool(sent) and (not back or max(sent) > max(back))


def _first(
    group: Group,
    kinds: Container[str],
    codes: Container[str],
    since: datetime | None = None,
) -> int | None:
    """The place of the first of a kind and a disposition that are admitted."""
    for place, one in enumerate(group):
        is_meant = one.kind in kinds and one.code in codes
        if is_meant and (since is None or one.at >= since):
            return place
    return None
