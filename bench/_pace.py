# SPDX-License-Identifier: Apache-2.0
"""How fast a simulated clock runs, hour by hour: quiet nights fly, mornings do not.

Pure: seconds of the simulated time for seconds of the real one, and back. Every process
of a benchmark reckons by the same legs, so all of them agree on what time it is.
"""

import bisect
from collections.abc import Iterable
from itertools import accumulate, chain
from typing import NamedTuple

HOUR_SECONDS = 3600.0


class Leg(NamedTuple):
    """A stretch of simulated time, and how many times as fast it passes."""

    seconds: float
    speed: float


class Pace:
    """Legs one after the other; after the last one it goes on at that speed."""

    def __init__(self, legs: Iterable[Leg]) -> None:
        self.legs = tuple(legs)
        self._simulated = [0.0, *accumulate(one.seconds for one in self.legs)]
        self._real = [0.0, *accumulate(one.seconds / one.speed for one in self.legs)]

    def simulated(self, real: float) -> float:
        """Simulated seconds that have passed after so many real ones."""
        leg = self._leg(self._real, real)
        passed = (real - self._real[leg]) * self.legs[leg].speed
        return self._simulated[leg] + passed

    def real(self, simulated: float) -> float:
        """Real seconds until so many simulated ones have passed."""
        leg = self._leg(self._simulated, simulated)
        passed = (simulated - self._simulated[leg]) / self.legs[leg].speed
        return self._real[leg] + passed

    def speed(self, simulated: float) -> float:
        """How fast it runs then."""
        return self.legs[self._leg(self._simulated, simulated)].speed

    def _leg(self, begins: list[float], at: float) -> int:
        found = bisect.bisect_right(begins, at) - 1
        return min(max(found, 0), len(self.legs) - 1)

    def written(self) -> str:
        """In one line, as an environment carries it."""
        return " ".join(f"{one.seconds!r}:{one.speed!r}" for one in self.legs)


def read(written: str) -> Pace:
    """Undo `written`."""
    legs = (one.partition(":") for one in written.split())
    return Pace(Leg(float(seconds), float(speed)) for seconds, _, speed in legs)


def even(speed: float) -> Pace:
    """The same all the time."""
    return Pace([Leg(HOUR_SECONDS, speed)])


def by_load(
    an_hour: Iterable[float], *, a_second: float, slowest: float, fastest: float
) -> Pace:
    """So that each hour's calls come at `a_second`, real ones.

    `an_hour` has the calls of each hour, from the first one on. It runs no faster than
    `fastest`, beyond which holds end before they are used, and no slower than
    `slowest`, which the busiest hour of all may ask for.
    """
    speeds = (a_second * HOUR_SECONDS / max(calls, 1e-9) for calls in an_hour)
    return Pace(Leg(HOUR_SECONDS, min(max(one, slowest), fastest)) for one in speeds)


def before(pace: Pace, seconds: float, *, speed: float) -> Pace:
    """The same after a stretch in which everything is set up."""
    return Pace(chain([Leg(seconds, speed)], pace.legs))
