# SPDX-License-Identifier: Apache-2.0
"""What every desk of the warden has: the questions that it answers.

A desk is made in assemble.py and named in one line there; nothing else is edited.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from wardkeep.disclosure.answers import Answer, Refusal
from wardkeep.disclosure.confirming import ActDescription
from wardkeep.warden.sessions import Session

AtOnce: TypeAlias = Callable[[Any], Answer]
Later: TypeAlias = Callable[[Any], Awaitable[Answer]]


Describe: TypeAlias = Callable[[Session, Any], Awaitable[ActDescription | Refusal]]
Perform: TypeAlias = Callable[[Session, Any], Awaitable[Answer]]
RefersTo: TypeAlias = Callable[[Session, Any], Awaitable[bytes]]


class Acting(NamedTuple):
    """A dangerous act: how it is put into words, and how it is done.

    Putting it into words judges it too: a refusal says why this session may not.
    """

    describe: Describe
    perform: Perform
    needs_device_bound: bool = True
    """Whether only a passkey that stays on one device confirms it."""
    is_own: bool = False
    """Whether it concerns one's own account alone: then patients may as well."""
    refers_to: RefersTo | None = None
    """Of an act that names another by its id: that other, which is signed too."""


class Desk(NamedTuple):
    """Handlers by the type of the question."""

    at_once: Mapping[type, AtOnce] = {}
    """Answered without waiting for anything."""
    later: Mapping[type, Later] = {}
    """Those that need the database; each runs as a task."""
    acts: Mapping[type, Acting] = {}
    """Done only with a fresh passkey (confirming.py)."""
    saves: Sequence[Callable[[], Awaitable[None]]] = ()
    """Called now and then: what the database does not know yet."""
    closes: Sequence[Callable[[], Awaitable[None]]] = ()
    """Called when the warden ends: what still runs beside it."""
