# SPDX-License-Identifier: Apache-2.0
"""The message of whoever asked for keys to write with, and then could not write."""

from typing import TypeAlias

from wardkeep.disclosure.message import Message

LONGEST_CHANGE = 64
"""Characters of a change's name."""


class NotWritten(Message, frozen=True):
    """A change came to nothing: what it told as work is taken back."""

    change: str
    """As each `ForWork` of it named it; only whoever made the name knows it."""


NotWrittenQuestion: TypeAlias = NotWritten
