# SPDX-License-Identifier: Apache-2.0
"""Messages about oneself: who one is in the record, and where one works.

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


WhoIAmQuestion: TypeAlias = AskWhoIAm
WhoIAmAnswer: TypeAlias = WhoIAm
