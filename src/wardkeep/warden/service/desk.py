# SPDX-License-Identifier: Apache-2.0
"""What every desk of the warden has: the questions that it answers.

A desk is made in assemble.py and named in one line there; nothing else is edited.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple, TypeAlias

from wardkeep.disclosure.answers import Answer

AtOnce: TypeAlias = Callable[[Any], Answer]
Later: TypeAlias = Callable[[Any], Awaitable[Answer]]


class Desk(NamedTuple):
    """Handlers by the type of the question."""

    at_once: Mapping[type, AtOnce] = {}
    """Answered without waiting for anything."""
    later: Mapping[type, Later] = {}
    """Those that need the database; each runs as a task."""
