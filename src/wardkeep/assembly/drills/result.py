# SPDX-License-Identifier: Apache-2.0
"""What a drill found: how many patients were reached, and what stopped it."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

import msgspec

from wardkeep.assembly.drills.ground import Ground


class DrillResult(msgspec.Struct, frozen=True, kw_only=True):
    """One scenario's outcome."""

    scenario: str
    attacker: str
    """What they hold, in words."""
    reached: int
    """Different patients whose name and address were read in the clear."""
    bound: int
    """What we promise; more is a failure."""
    fields: int = 0
    """Of a copy: planted names, numbers and addresses that could be read in it."""
    ways_in: int | None = None
    """Ways into homes that were read where no visit was; None: nobody tried."""
    tried: int = 0
    seconds: float = 0.0
    """From the first attempt to the last one that gave something, or to the stop."""
    stopped_by: str = ""

    @property
    def holds(self) -> bool:
        is_nothing_else = not self.fields and not self.ways_in
        return self.reached <= self.bound and is_nothing_else


class Scenario(msgspec.Struct, frozen=True):
    """A drill that may be run by its name."""

    name: str
    title: str
    run: Callable[[Ground], Awaitable[DrillResult]]


Scenarios: TypeAlias = tuple[Scenario, ...]
