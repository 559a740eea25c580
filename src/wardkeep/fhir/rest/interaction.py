# SPDX-License-Identifier: Apache-2.0
"""An interaction: where it answers, which scope it needs, and what does it."""

import pkgutil
from collections.abc import Awaitable, Callable
from types import ModuleType

import msgspec

from wardkeep.fhir.model.definitions import is_resource_type
from wardkeep.fhir.rest.answer import Answer
from wardkeep.fhir.rest.asking import Asking
from wardkeep.fhir.rest.store import Store

TYPE, ID, VERSION, OPERATION = "{type}", "{id}", "{version}", "{operation}"
NOBODY = "public"
"""In the place of a scope: what it answers is the same for everyone."""
Handler = Callable[[Asking, Store], Awaitable[Answer]]


class Interaction(msgspec.Struct, frozen=True, kw_only=True):
    """One of https://hl7.org/fhir/R4/http.html, as a file of `interactions` has it."""

    name: str
    """FHIR's own word: `read`, `history-type`, an operation's `$name`."""
    method: str
    path: tuple[str, ...]
    """Parts behind the base: words, `{type}`, `{id}`, `{version}`."""
    scope: str
    """The SMART letter that it needs for its type, or `public`."""
    handler: Handler

    def __post_init__(self) -> None:
        if self.scope != NOBODY and self.scope not in tuple("cruds"):
            raise InteractionWithoutScopeError(self.name)

    @property
    def pattern(self) -> str:
        """For logs and metrics."""
        return "/fhir/" + "/".join(self.path)

    def fits(self, parts: tuple[str, ...]) -> bool:
        if len(parts) != len(self.path):
            return False
        # A loop: each request is held against several, and `all` costs as much again.
        for wanted, part in zip(self.path, parts, strict=True):
            if not _part_fits(wanted, part):
                return False
        return True


class InteractionWithoutScopeError(Exception):
    """A file of `interactions` declares no scope; it is not served."""


def _part_fits(wanted: str, part: str) -> bool:
    if wanted == TYPE:
        return is_resource_type(part)
    if wanted in (ID, VERSION):
        return bool(part) and part[0] not in "_$"
    return wanted == part


def find_interactions(package: ModuleType) -> tuple[Interaction, ...]:
    """What the files of a package declare as `INTERACTIONS`, by name.

    Raises:
        AttributeError: a file declares none.
    """
    found: list[Interaction] = []
    for module in pkgutil.iter_modules(package.__path__):
        found.extend(
            pkgutil.resolve_name(f"{package.__name__}.{module.name}:INTERACTIONS")
        )
    return tuple(sorted(found, key=lambda one: one.name))
