# SPDX-License-Identifier: Apache-2.0
"""Moments that pass faster than real ones, the same in every process.

The product takes the time from its clock; the clock's wall time is what is replaced, in
the processes that `environment` is given to. Durations that the product measures by the
monotonic clock stay real: how long a session sleeps, how long a write may take.
"""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from wardkeep.base.clock import SystemClock

_SATURDAY = 5


class Simulated:
    """A clock that runs so many times as fast, from a moment on."""

    def __init__(self, begins: datetime, *, speed: float) -> None:
        self.speed = speed
        self._from, self._since = begins.timestamp(), time.time()

    @property
    def environment(self) -> dict[str, str]:
        """For the processes that are to live by it."""
        return {
            "BENCH_CLOCK": f"{self._from!r} {self._since!r} {self.speed!r}",
            "PYTHONPATH": str(Path(__file__).parent / "_faster_clock"),
        }

    def now(self) -> datetime:
        passed = (time.time() - self._since) * self.speed
        return datetime.fromtimestamp(self._from + passed, UTC)

    def real_seconds(self, simulated: timedelta) -> float:
        return simulated.total_seconds() / self.speed

    def real_seconds_until(self, moment: datetime) -> float:
        return max(0.0, self.real_seconds(moment - self.now()))


def coming_saturday() -> datetime:
    """Midnight of the next Saturday that is more than a day away.

    It lies ahead, so that what the database dates by its own clock is past already.
    """
    day = SystemClock().now().replace(hour=0, minute=0, second=0, microsecond=0)
    day += timedelta(days=2)
    return day + timedelta(days=(_SATURDAY - day.weekday()) % 7)
