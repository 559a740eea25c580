# SPDX-License-Identifier: Apache-2.0
"""What a drill found: how many patients were reached, and what stopped it."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

import msgspec

from wardkeep.assembly.drills.ground import Ground

NOBODY = "nobody"
"""What stopped an attacker whom nothing stopped."""
PATIENTS = "patients"
SPOILT = "patients lost or read wrongly"
CHANGES = "changes unnoticed"
IN_COPIES = "fields readable"
WAYS_IN = "ways in"


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that an attacker tried, and what came of it."""

    what: str
    """In words that finish "then they tried to"."""
    then: str = ""
    """What the same gave in August 2022, in words; empty: nobody did it then."""
    then_many: int | None = None
    """The figure in these words; None: none is published."""
    tried: int
    got: int
    """What was had in this run, in `unit`s."""
    unit: str
    bound: int = 0
    """What we promise; more is a failure."""
    stopped_by: str

    @property
    def holds(self) -> bool:
        is_within = self.tried > 0 and self.got <= self.bound
        return is_within and is_stopped(self.stopped_by, self.got)


class DrillResult(msgspec.Struct, frozen=True, kw_only=True):
    """One scenario's outcome."""

    scenario: str
    attacker: str
    """What they hold, in words."""
    reached: int
    """How many of what `counts` names: different patients whose name and address were
    read in the clear, unless it says otherwise."""
    counts: str = PATIENTS
    bound: int
    """What we promise; more is a failure."""
    fields: int | None = None
    """Values of these patients that were read, or whose key was given: name, number,
    address, birth date. None: it was not about reading, or is of many runs."""
    ways_in: int | None = None
    """Ways into homes that were read where no visit was; None: nobody tried."""
    tried: int = 0
    seconds: float = 0.0
    """From the first attempt to the last one that gave something, or to the stop."""
    stopped_by: str = NOBODY
    steps: tuple[Step, ...] = ()
    """What was tried in turn, where it was more than one thing."""

    @property
    def holds(self) -> bool:
        """Within what is promised, tried at all, and stopped by something.

        Whoever runs out of patients was stopped by nobody: that proves nothing.
        """
        is_within = self.reached <= self.bound and not self.ways_in
        is_proof = self.tried > 0 and is_stopped(self.stopped_by, self.reached)
        return is_within and is_proof and all(one.holds for one in self.steps)


def is_stopped(by: str, got: int) -> bool:
    """Whether something stopped an attacker, or there was nothing to stop."""
    return not got or by not in ("", NOBODY)


def unless_any(got: int, words: str) -> str:
    """What stopped somebody who was to get nothing; nobody, if they got something."""
    return NOBODY if got else words


def after(before: str, stop: str) -> str:
    """What began to stop somebody, and what did; nobody stays nobody."""
    return stop if stop in ("", NOBODY) else f"{before}{stop}"


class Scenario(msgspec.Struct, frozen=True):
    """A drill that may be run by its name."""

    name: str
    title: str
    run: Callable[[Ground], Awaitable[DrillResult]]
    least: int = 1
    """Patients of an organisation; with fewer the attacker runs out of them first."""
    runs: int = 1
    """How many attackers its figures are of."""


Scenarios: TypeAlias = tuple[Scenario, ...]
