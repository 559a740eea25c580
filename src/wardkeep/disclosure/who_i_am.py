# SPDX-License-Identifier: Apache-2.0
"""Messages about oneself: who one is in the record, where one works, for whom.

The warden alone knows; what somebody writes names its author by what it says.
"""

from typing import TypeAlias

from wardkeep.disclosure.message import Message


class AskWhoIAm(Message, frozen=True):
    """Who the session's own account is in the record."""

    session: str


class WhoIAm(Message, frozen=True):
    """References of the record, in the order of their letters."""

    practitioners: tuple[str, ...]
    """As in `Practitioner/x`; empty: nobody has said who the account is."""
    places: tuple[str, ...]
    """As in `Location/x`, of the teams that the account is in just now."""


class AskWhomIExpect(Message, frozen=True):
    """Whom the session's own account may expect just now."""

    session: str


class ExpectedPatient(Message, frozen=True):
    """One reason to expect one patient. Times are UTC microseconds since 1970."""

    patient: str
    kind: str
    who: str
    """Whom the work names, as `Location/x`; empty where somebody set it up by hand."""
    source: str
    """What told it, as `Encounter/x`; empty likewise."""
    since: int
    until: int
    """0: it has no end."""
    is_self_made: bool
    """Whether only the account itself wrote it."""


class WhomIExpect(Message, frozen=True):
    """Ids and reasons; who they are is the door's to say."""

    lines: tuple[ExpectedPatient, ...]
    """At most `MOST_LINES`, those that end soonest first."""
    left_out: int
    """How many more there are."""


MOST_LINES = 2_000
"""A clinic's desk expects 900; a line is 100 bytes."""
WhoIAmQuestion: TypeAlias = AskWhoIAm | AskWhomIExpect
WhoIAmAnswer: TypeAlias = WhoIAm | WhomIExpect
