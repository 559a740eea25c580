# SPDX-License-Identifier: Apache-2.0
"""Messages about sessions that sleep: a passkey of the same account wakes them."""

from typing import TypeAlias

from wardkeep.disclosure.message import Message


class FallAsleep(Message, frozen=True):
    """Lock the screen: the session opens nothing until a passkey wakes it."""

    session: str


class BeginWake(Message, frozen=True):
    """Options of an assertion by the account's own passkeys, for this session."""

    session: str


class FinishWake(Message, frozen=True):
    """The authenticator's answer; the session goes on where it was."""

    session: str
    response: bytes


WakingQuestion: TypeAlias = FallAsleep | BeginWake | FinishWake
