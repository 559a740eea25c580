# SPDX-License-Identifier: Apache-2.0
"""Time as a thing that is handed over, so that tests can hold it still."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

from wardkeep.base.ids import new_uuid

LONDON = ZoneInfo("Europe/London")
"""The zone in which screens show times; stores hold UTC."""
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Clock(Protocol):
    """Wall time for records, monotonic time for durations."""

    def now(self) -> datetime:
        """The present moment, timezone-aware, in UTC."""
        ...

    def monotonic_seconds(self) -> float:
        """Seconds from an arbitrary start that never run backwards."""
        ...

    def monotonic_at(self, moment: datetime) -> float:
        """Where the monotonic hand stood at a moment of the wall time, or will stand.

        For what was written down by the wall time before a process began, whose
        monotonic hand is another: as far as both run alike, and nobody moved one.
        """
        ...

    def boot(self) -> str:
        """Names what the monotonic hand counts from: of one name it is one hand.

        Empty where nothing names it: then no other process's hand compares with it.
        """
        ...


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        return datetime.now(UTC)  # noqa: TID251 - this is the clock

    def monotonic_seconds(self) -> float:
        return time.monotonic()

    def monotonic_at(self, moment: datetime) -> float:
        return self.monotonic_seconds() + (moment - self.now()).total_seconds()

    def boot(self) -> str:
        try:
            return _BOOT_ID.read_text().strip()
        except OSError:
            return ""


class FrozenClock:
    """A clock that moves only when told; it passes the same tests as the real one."""

    def __init__(self, at: datetime) -> None:
        if at.tzinfo is None:
            message = "FrozenClock needs a timezone-aware datetime"
            raise ValueError(message)
        self._now = at.astimezone(UTC)
        self._monotonic_seconds = 0.0
        self._boot = new_uuid()

    def now(self) -> datetime:
        return self._now

    def monotonic_seconds(self) -> float:
        return self._monotonic_seconds

    def monotonic_at(self, moment: datetime) -> float:
        return self._monotonic_seconds + (moment - self._now).total_seconds()

    def boot(self) -> str:
        return self._boot

    def move(self, by: timedelta) -> None:
        """Let time pass, on both hands."""
        self._now += by
        self._monotonic_seconds += by.total_seconds()

    def step_wall_time(self, by: timedelta) -> None:
        """Correct the wall time only, as NTP or an administrator would."""
        self._now += by


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECONDS_A_DAY = 86_400


def microseconds_since_epoch(moment: datetime) -> int:
    """UTC microseconds since 1970-01-01, exact (no float in between)."""
    since = moment - _EPOCH
    seconds = since.days * _SECONDS_A_DAY + since.seconds
    return seconds * 1_000_000 + since.microseconds


def from_microseconds(value: int) -> datetime:
    return _EPOCH + timedelta(microseconds=value)


Sleep = Callable[[float], None]
