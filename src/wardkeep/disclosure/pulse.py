# SPDX-License-Identifier: Apache-2.0
"""Messages about the day: openings by the hour, the breaker, unusual days."""

from typing import TypeAlias

import msgspec

from wardkeep.disclosure.message import Message


class ReadPulse(Message, frozen=True):
    """How the session's organisation opens records now."""

    session: str


PulseQuestion: TypeAlias = ReadPulse


class HourView(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """Patients opened within an hour, each time that they were; refusals."""

    at: int
    """Its beginning, in UTC microseconds since 1970."""
    explained: int
    reasoned: int
    glass: int
    listed: int
    refused: int
    printed: int = 0
    copied: int = 0
    sent: int = 0
    """Of those opened, whose record went out on paper, as files or by message."""


class UnusualView(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """Somebody's today beside their usual day, in different patients."""

    account: str
    who: str
    role: str
    today: int
    usual: int


class PulseRead(Message, frozen=True, kw_only=True):
    """The last 24 hours, the newest first."""

    at: int
    hours: tuple[HourView, ...]
    unusual: tuple[UnusualView, ...]
    others: int
    """Different patients whom nothing explained, in the last hour."""
    breaker: int
    """How many of them trip the breaker."""
    at_work: int
    """People who opened anything in that hour."""
    is_tripped: bool
    is_behind: bool
    """Whether older entries are still being read, as after a start."""


PulseAnswer: TypeAlias = PulseRead
