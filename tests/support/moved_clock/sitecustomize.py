# SPDX-License-Identifier: Apache-2.0

"""Lets every process that a test starts live by a clock that was moved.

Only a test puts this folder on the path of what it starts, and says in MOVED_CLOCK by
how many seconds: `tests/support/midday.py`.
"""

import os
import time
from datetime import UTC, datetime, timedelta

_said = os.environ.get("MOVED_CLOCK")
if _said:
    from jwt import api_jwt

    from wardkeep.base import clock

    _by = timedelta(seconds=float(_said))

    class _Moved(datetime):
        """For the library that asks the machine itself how old an assertion is."""

        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            del tz
            return datetime.fromtimestamp(time.time(), UTC) + _by

    def _now(_self: object) -> datetime:
        return datetime.fromtimestamp(time.time(), UTC) + _by

    setattr(clock.SystemClock, "now", _now)  # noqa: B010 - in place of the usual
    setattr(api_jwt, "datetime", _Moved)  # noqa: B010 - in place of the usual
