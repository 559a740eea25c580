# SPDX-License-Identifier: Apache-2.0
"""How late a clinic runs, from what was done in it today."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from wardkeep.fhir.clinics.outcomes import Line
from wardkeep.fhir.clinics.words import Standing

LAST = 3
"""So many of the latest starts say how late it runs: one long visit is no rule."""
BOTTLENECK_MINUTES, BOTTLENECK_WAITING = 30, 6
"""A wait past one's time, or people who wait, from which a board marks a clinic."""


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """How a clinic goes, in minutes and people."""

    late_minutes: int
    waiting: int
    longest_wait_minutes: int
    in_room: int
    seen: int
    expected: int
    missed: int

    @property
    def is_bottleneck(self) -> bool:
        """Whoever came hours before their time, for another clinic, marks none."""
        return (
            self.waiting >= BOTTLENECK_WAITING
            or self.late_minutes >= BOTTLENECK_MINUTES
        )


def estimate(
    lines: Sequence[Line], starts: Sequence[tuple[datetime, datetime]], now: datetime
) -> Estimate:
    """From a clinic's day; `starts` are (planned, begun) of those whom it has seen."""
    waiting = [one for one in lines if one.standing in (_WAITING, _CALLED)]
    waits = [_minutes(one.arrived_at, now) for one in waiting]
    return Estimate(
        late_minutes=late_minutes(lines, starts, now),
        waiting=len(waiting),
        longest_wait_minutes=max(waits, default=0),
        in_room=_count(lines, Standing.IN_ROOM),
        seen=_count(lines, Standing.SEEN),
        expected=_count(lines, Standing.EXPECTED),
        missed=_count(lines, Standing.NO_SHOW),
    )


_WAITING, _CALLED = Standing.WAITING, Standing.CALLED


def late_minutes(
    lines: Sequence[Line], starts: Sequence[tuple[datetime, datetime]], now: datetime
) -> int:
    """The median lateness of the latest starts, or of who should be in by now.

    Whoever waits past their time makes it at least that late, whatever went before;
    who came late themselves, as late as they have waited.
    """
    lateness = sorted(_minutes(planned, begun) for planned, begun in starts[-LAST:])
    by_starts = lateness[len(lateness) // 2] if lateness else 0
    due = [_due(one) for one in lines if one.standing in (_WAITING, _CALLED)]
    by_queue = _minutes(min(due, default=None), now)
    return max(0, by_starts, by_queue)


def waits_before(lines: Sequence[Line], mine: Line) -> int:
    """How many are called before this one."""
    queue = in_order(lines)
    names = [one.appointment for one in queue]
    return names.index(mine.appointment) if mine.appointment in names else 0


def in_order(lines: Sequence[Line]) -> list[Line]:
    """Who waits, in the order of being called.

    Priority, then weight (whoever did not answer goes back a little), then the later of
    the appointment's time and the arrival: who is early does not overtake who is on
    time, and who is late loses their place.
    """
    waiting = [one for one in lines if one.standing is Standing.WAITING]
    return sorted(waiting, key=_place)


def _place(line: Line) -> tuple[int, datetime, int]:
    due = _due(line) + timedelta(minutes=line.weight)
    return -line.priority, due, line.ticket


def _due(line: Line) -> datetime:
    return max(line.starts_at, line.arrived_at or line.starts_at)


def _minutes(since: datetime | None, now: datetime) -> int:
    return 0 if since is None else max(0, int((now - since).total_seconds() // 60))


def _count(lines: Sequence[Line], standing: Standing) -> int:
    return sum(one.standing is standing for one in lines)
