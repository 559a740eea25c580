# SPDX-License-Identifier: Apache-2.0
"""Live pages: what a page hears of, and the part of it that is brought up to date.

    def hears(visit: Visit) -> Signal:
        return Signal((Topic("clinic", visit.path("clinic")),))

    @page("/clinics/{clinic}/live", gate=DESK, hears=hears)
    async def show_part(visit: Visit) -> Response: ...

The whole example stands in docs/where-things-go.md.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol, TypeAlias

import msgspec
from markupsafe import Markup

from wardkeep.base.clock import Clock
from wardkeep.db.changes import Topic
from wardkeep.web.rendering import Rendering
from wardkeep.web.services import Services


class Ground:
    """What a shared part is made from: organisation and address, nobody's session.

    So it can hold no more than what everybody behind the page's gate may see.
    """

    def __init__(
        self,
        *,
        organisation: int,
        path_parts: dict[str, str],
        query: Mapping[str, str],
        services: Services,
        rendering: Rendering,
    ) -> None:
        self.organisation = organisation
        self.services = services
        self._path_parts = path_parts
        self._query = query
        self._rendering = rendering

    @property
    def clock(self) -> Clock:
        return self._rendering.clock

    def path(self, name: str) -> str:
        """A part of the page's address."""
        return self._path_parts[name]

    def query(self, name: str) -> str:
        """What its address asks for beside; empty where it does not."""
        return self._query.get(name, "")

    def fill(self, template: str, **context: object) -> Markup:
        """A template without anything around it."""
        return self._rendering.part(template, context)


class Signal(msgspec.Struct, frozen=True):
    """The page is told that something changed, and asks for its part at the door.

    Each account's own disclosure, in the ledger: the choice where rows have names.
    """

    topics: tuple[Topic, ...] = ()
    every_seconds: float = 0.0
    """Told also after so long, for what tells nobody that it changed; 0: never."""


class Shared(msgspec.Struct, frozen=True):
    """The part itself is sent, made once a change for all who may see the same."""

    topics: tuple[Topic, ...]
    show: Callable[[Ground], Awaitable[Markup]]
    """A function of a module: whoever has the same one gets the same part."""
    every_seconds: float = 0.0
    """Made anew also after so long, for what changes with the time; 0: never."""


Hears: TypeAlias = Signal | Shared


class LivePart(Protocol):
    """A page that says what it hears of."""

    @property
    def path(self) -> str: ...

    @property
    def hears(self) -> Callable[[Any], Hears] | None: ...


class Region(msgspec.Struct, frozen=True, kw_only=True):
    """What a page's template needs to make a part of it live."""

    path: str
    """Where the part is asked for."""
    seen: str
    """What was known when the page was made."""
    whose: str
    """The session that it was made for: another's part is never put into it."""
    at: str
    """When it was made, as people read it: 12:20:31."""
