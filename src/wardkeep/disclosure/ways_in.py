# SPDX-License-Identifier: Apache-2.0
"""Messages about ways into homes: when one opens, and which ones should be changed.

No message carries what is sealed: that comes through the one door alone.
"""

from typing import TypeAlias

import msgspec

from wardkeep.disclosure.message import Message

LEFT, FROZEN, OLD = "left", "frozen", "old"
"""Why one should be changed: who had it left, was frozen; or it is a year old."""


class AskWayIn(Message, frozen=True):
    """When one's own visits open a patient's way in, and whether one may set it."""

    session: str
    patient: str


class WayInStanding(Message, frozen=True):
    """Times are UTC microseconds since 1970; 0: there is no such visit."""

    is_open: bool
    closes_at: int
    """Of the visit that is open now."""
    opens_next: int
    """Of the next visit to this home."""
    is_visitor: bool
    """Whether the role visits at all."""
    may_set: bool


class ListDueWaysIn(Message, frozen=True):
    """Which ways into homes should be changed, and why."""

    session: str


class DueWayIn(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """One that should be changed; times are UTC microseconds since 1970."""

    patient: str
    type: str
    id: str
    why: str
    who: str
    """Whose having it is the reason; empty: it is old."""
    set_at: int
    since: int
    """When the reason arose."""


class DueWaysIn(Message, frozen=True):
    """Those to change first come first."""

    lines: tuple[DueWayIn, ...]
    left_out: int
    """More than are listed."""


WayInQuestion: TypeAlias = AskWayIn | ListDueWaysIn
WayInAnswer: TypeAlias = WayInStanding | DueWaysIn
