# SPDX-License-Identifier: Apache-2.0
"""Messages about a car's list that lies on a phone: signed for, then sealed there.

The passkey that signs for the list opens it too, by an output that no server sees. What
lies on the phone is known by a voucher: whoever has it is told whether it is to stay.
"""

from typing import TypeAlias

from wardkeep.disclosure.message import Message

LONGEST_NAME = 60
MOST_PEOPLE = 14
"""On one phone in 24 hours; held equal to how many homes a role visits by a test."""
LONGEST_HOURS = 12
"""As long as a session at most: nothing lies on a phone for longer."""


class TakeList(Message, frozen=True, kw_only=True):
    """An act: these people's entries of a car's list go onto this phone until then."""

    car: str
    """What it is called: to be read."""
    patients: tuple[str, ...]
    """Ids, each once."""
    until: int
    """UTC microseconds since 1970."""


CarListAct: TypeAlias = TakeList


class ReadSignedList(Message, frozen=True):
    """What this session signed for, as long as it holds."""

    session: str


class AskList(Message, frozen=True):
    """Whether what lies on a phone is to stay there; it has no session any more."""

    voucher: bytes


CarListQuestion: TypeAlias = ReadSignedList | AskList


class SignedListView(Message, frozen=True, kw_only=True):
    """The act as it was signed, and what the phone asks by."""

    act: TakeList
    voucher: bytes
    """Sealed: the warden alone reads it."""


class ListStanding(Message, frozen=True):
    """Whether it is to stay.

    Its time runs, nobody froze or ended whose it is, nor revoked the passkey of the
    session that took it.
    """

    stays: bool


CarListAnswer: TypeAlias = SignedListView | ListStanding
