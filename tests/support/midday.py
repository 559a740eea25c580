# SPDX-License-Identifier: Apache-2.0
"""A clock of the test's own, at which it is always noon when the test begins.

A desk's list is today's, and an appointment of half an hour ago is yesterday's just
after midnight: what tells of a day needs one that is not just beginning or ending.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from wardkeep.base.clock import LONDON, SystemClock

_CLOCK = Path(__file__).parent / "moved_clock"
"""Lets processes live by another clock."""
_NOON = 12


def coming_noon(now: datetime) -> datetime:
    """The next noon in London: ahead, so that what the database dates is past."""
    local = now.astimezone(LONDON)
    noon = local.replace(hour=_NOON, minute=0, second=0, microsecond=0)
    if noon <= local:
        noon = (local + timedelta(days=1)).replace(
            hour=_NOON, minute=0, second=0, microsecond=0
        )
    return noon.astimezone(UTC)


@contextmanager
def noon() -> Iterator[dict[str, str]]:
    """Noon in this process; what it yields is for the processes that it starts."""
    usual = SystemClock.now
    now = usual(SystemClock())
    by = coming_noon(now) - now

    def moved(self: SystemClock) -> datetime:
        return usual(self) + by

    setattr(SystemClock, "now", moved)  # noqa: B010 - in place of the usual
    try:
        yield {
            "MOVED_CLOCK": repr(by.total_seconds()),
            "PYTHONPATH": str(_CLOCK),
        }
    finally:
        setattr(SystemClock, "now", usual)  # noqa: B010 - as it was
