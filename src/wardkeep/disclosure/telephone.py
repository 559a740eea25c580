# SPDX-License-Identifier: Apache-2.0
"""Messages about the telephone: who tells of calls, and the number of who rang.

A number is held in the warden's memory for whoever answered, and nowhere else: not on a
disk, not in figures, and a start of the warden forgets it. The number is then typed.
"""

from typing import TypeAlias

from wardkeep.disclosure.message import Message

HELD_SECONDS = 30 * 60.0
"""From the moment at which it was told. A case is begun in the first minute."""


class CheckTelephone(Message, frozen=True):
    """Which telephone system this is; by a token of the scope `telephone`."""

    session: str


class HeldNumber(Message, frozen=True, kw_only=True):
    """A call that one account's telephone answered, and who rang."""

    account: str
    call: str
    """Ours, a UUID: not what the telephone system calls it."""
    number: str
    """Its digits, with + before them or not."""
    answered_at: int
    """UTC microseconds since 1970, by the telephone system's clock."""


class HoldNumbers(Message, frozen=True):
    """Hold them for whoever answered: the newest of an account. `Done`."""

    session: str
    numbers: tuple[HeldNumber, ...]


class AskNumber(Message, frozen=True):
    """Who rang whom this session's account answered last: in the ledger."""

    session: str


TelephoneQuestion: TypeAlias = CheckTelephone | HoldNumbers | AskNumber


class TelephoneSystem(Message, frozen=True):
    """The program that tells of calls."""

    organisation: int
    account: str


class CallerNumber(Message, frozen=True):
    """Empty where nothing is held."""

    number: str = ""
    call: str = ""
    answered_at: int = 0


TelephoneAnswer: TypeAlias = TelephoneSystem | CallerNumber
