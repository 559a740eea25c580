# SPDX-License-Identifier: Apache-2.0
"""The words of a clinic's day: where somebody stands, and who did what to it."""

import enum
from typing import NamedTuple


class Standing(enum.StrEnum):
    """Where an appointment stands on its day."""

    EXPECTED = "expected"
    WAITING = "waiting"
    CALLED = "called"
    IN_ROOM = "in-room"
    SEEN = "seen"
    LEFT = "left"
    NO_SHOW = "no-show"
    CANCELLED = "cancelled"

    @property
    def is_open(self) -> bool:
        """Whether they are here and not seen yet."""
        return self in _OPEN

    @property
    def is_over(self) -> bool:
        return self in _OVER


_OPEN = frozenset({Standing.WAITING, Standing.CALLED, Standing.IN_ROOM})
_OVER = frozenset({Standing.SEEN, Standing.LEFT, Standing.NO_SHOW, Standing.CANCELLED})
UNDONE = "undone"
"""Of an entry: somebody was checked in by mistake."""

APPOINTMENT_STATUS = {
    Standing.EXPECTED: "booked",
    Standing.WAITING: "checked-in",
    Standing.SEEN: "fulfilled",
    Standing.LEFT: "cancelled",
    Standing.NO_SHOW: "noshow",
    Standing.CANCELLED: "cancelled",
}
"""What the Appointment says once it has come to that."""


class Channel(enum.StrEnum):
    """Where it was done."""

    DESK = "desk"
    KIOSK = "kiosk"
    PHONE = "phone"
    ROOM = "room"
    OFFLINE = "kiosk-offline"
    """At a kiosk that was without us, and told of it later."""

    @property
    def words(self) -> str:
        return {
            Channel.DESK: "at the desk",
            Channel.KIOSK: "at the kiosk",
            Channel.PHONE: "by phone",
            Channel.ROOM: "in the room",
            Channel.OFFLINE: "at a kiosk that was offline",
        }[self]


class ShownAs(enum.StrEnum):
    """How the waiting room's screen calls somebody: their own choice."""

    NUMBER = "number"
    INITIALS = "initials"
    FIRST_NAME = "first-name"


class Note(enum.StrEnum):
    """What a desk marks beside somebody who waits; nothing clinical."""

    NONE = ""
    INTERPRETER = "interpreter"
    WHEELCHAIR = "wheelchair"
    UNWELL = "unwell"
    LATE = "late"
    TRANSPORT = "transport"
    WALKED_IN = "walked-in"


class Doer(NamedTuple):
    """Who does something, and where."""

    account: str
    """The account of the session; the door has asked for it."""
    channel: Channel
    places: frozenset[str] = frozenset()
    """Locations that a kiosk or desk serves; empty: all of them."""


EARLY_MINUTES, LATE_MINUTES = 60, 20
"""Before and after which a kiosk or phone sends somebody away or to the desk."""
UNDO_MINUTES = 15
"""How long the last thing done to an appointment can be undone."""
