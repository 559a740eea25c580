# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: INP001 - a folder on the path, and no package
"""Lets every process of a benchmark's installation live by a clock that runs faster.

Only a benchmark puts this folder on the path of what it starts, and says in BENCH_CLOCK
from when, since when and how fast, leg by leg: `bench/_simulated.py`.
"""

import os
import time
from datetime import UTC, datetime

_said = os.environ.get("BENCH_CLOCK")
if _said:
    from bench._pace import read
    from wardkeep.base import clock

    _from, _since, _legs = _said.split(maxsplit=2)
    _begins, _began, _pace = float(_from), float(_since), read(_legs)

    def _now(_self: object) -> datetime:
        """The simulated moment; what is measured by the monotonic clock stays."""
        passed = _pace.simulated(time.time() - _began)
        return datetime.fromtimestamp(_begins + passed, UTC)

    def _monotonic_at(_self: object, moment: datetime) -> float:
        """By the same legs: how long ago a simulated moment was in real seconds."""
        real = _began + _pace.real(moment.timestamp() - _begins)
        return time.monotonic() + real - time.time()

    setattr(clock.SystemClock, "now", _now)  # noqa: B010 - in place of the usual
    setattr(clock.SystemClock, "monotonic_at", _monotonic_at)  # noqa: B010 - likewise
