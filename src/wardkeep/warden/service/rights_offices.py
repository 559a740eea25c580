# SPDX-License-Identifier: Apache-2.0
"""Who else's acts take one or two people, as `rights.py` decides it for its own."""

from collections.abc import Callable
from typing import Any, Protocol

from wardkeep.db.connection import Connection
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.confirming import ActDescription
from wardkeep.warden.sessions import Session


class Office(Protocol):
    """Who else's acts go through the same one or two people: `Any` is its own act."""

    async def describe(
        self, session: Session, act: Any
    ) -> ActDescription | Refusal: ...

    def lines(self, act: Any) -> tuple[tuple[str, str], ...]: ...

    def needs_second(self, session: Session, act: Any) -> bool: ...

    async def grant(
        self, connection: Connection, by: str, session: Session, act: Any
    ) -> Callable[[], None]: ...
