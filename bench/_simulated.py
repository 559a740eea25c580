# SPDX-License-Identifier: Apache-2.0
"""Moments that pass faster than real ones, the same in every process.

The product takes the time from its clock; the clock's wall time is what is replaced, in
the processes that `environment` is given to. Durations that the product measures by the
monotonic clock stay real: how long a session sleeps, how long a write may take. And
where a process begins anew and asks when on its monotonic clock a moment was that it
wrote down by the wall time, that is answered by the same legs.
"""

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench._pace import Pace, even
from wardkeep.base.clock import SystemClock

_SATURDAY = 5
_HERE = Path(__file__).parent


class Simulated:
    """A clock that runs so many times as fast, from a moment on."""

    def __init__(self, begins: datetime, *, pace: Pace | None = None) -> None:
        self._pace = pace or even(1.0)
        self._from, self._since = begins.timestamp(), time.time()

    @property
    def environment(self) -> dict[str, str]:
        """For the processes that are to live by it."""
        folders = (_HERE / "_faster_clock", _HERE.parent)
        return {
            "BENCH_CLOCK": f"{self._from!r} {self._since!r} {self._pace.written()}",
            "PYTHONPATH": os.pathsep.join(map(str, folders)),
        }

    @property
    def speed(self) -> float:
        """How many times as fast it runs just now."""
        return self._pace.speed(self._passed())

    def _passed(self) -> float:
        return self._pace.simulated(time.time() - self._since)

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._from + self._passed(), UTC)

    def real_seconds(self, simulated: timedelta) -> float:
        """How long it will be, from now on, until so much has passed."""
        return self.real_seconds_until(self.now() + simulated)

    def real_seconds_until(self, moment: datetime) -> float:
        due = self._pace.real(moment.timestamp() - self._from)
        return max(0.0, self._since + due - time.time())


def coming_saturday() -> datetime:
    """Midnight of the next Saturday that is more than a day away.

    It lies ahead, so that what the database dates by its own clock is past already.
    """
    day = SystemClock().now().replace(hour=0, minute=0, second=0, microsecond=0)
    day += timedelta(days=2)
    return day + timedelta(days=(_SATURDAY - day.weekday()) % 7)
