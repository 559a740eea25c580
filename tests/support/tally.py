# SPDX-License-Identifier: Apache-2.0
"""A plain count of what went out of a door, and which of it no bound allows.

It is told of answers alone, and shares no code with what the door counts.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from wardkeep.disclosure.purpose import Action
from wardkeep.identity.roles import Budget, Role
from wardkeep.warden.clock_steps import LEAST_SECONDS
from wardkeep.warden.rules.opening import GLASS

DAY = 24 * 3600.0
SCREENS, BY_APP = ("desk", "stolen"), "app"
HOUR = 3600.0


class Kind(NamedTuple):
    """An account's role, what its organisation lets it open, and its work."""

    role: Role
    budget: Budget
    work: int
    """Patients whom the work explains: the first so many."""


HURRIED = Kind(
    Role.DOCTOR,
    Budget(
        soft=8,
        hard=12,
        expected=6,
        reach=25,
        prints=3,
        copies=1,
        others_work=6,
    ),
    9,
)
"""The day ends before the reach does."""
WATCHED = Kind(
    Role.DOCTOR,
    Budget(
        soft=20,
        hard=45,
        expected=6,
        reach=5,
        prints=9,
        copies=2,
        others_work=6,
    ),
    9,
)
"""The passkey is due after every few."""
REFERRING = Kind(
    Role.URGENT_CARE_CLINICIAN,
    Budget(
        soft=20,
        hard=30,
        expected=50,
        reach=25,
        prints=2,
        sendings=30,
        sheets=4,
        others_work=50,
    ),
    54,
)
"""Sends something along for most of a long list of work."""


class Deed(NamedTuple):
    """What somebody does with a record, as the page asks for it."""

    action: Action
    types: tuple[str, ...]


DEEDS = {
    "read": Deed(Action.READ, ("Observation",)),
    "list": Deed(Action.FIND, ("Patient",)),
    "print": Deed(Action.PRINT, ("Observation",)),
    "sheet": Deed(Action.PRINT, ("Patient", "AllergyIntolerance")),
    "copy": Deed(Action.COPY, ("Patient", "Observation")),
    "send": Deed(Action.SEND, ("Encounter", "Observation")),
    "refer": Deed(Action.SEND, ("Patient", "Encounter")),
}


class Run(NamedTuple):
    """Somebody works through patients, one after the other or as one list."""

    who: str
    deed: str
    first: int
    many: int


class Given(NamedTuple):
    """One patient's data that went out."""

    at: float
    """By the clock that nobody sets."""
    who: str
    deed: str
    patient: int
    why: str


@dataclass
class Tally:
    """All that went out, and what of it no bound allows."""

    kind: Kind
    given: list[Given] = field(default_factory=list)
    met: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    """By screen or app, whom it met since the passkey was used there."""
    together: set[int] = field(default_factory=set)
    """Whom all of them met since it was used anywhere."""

    def touched(self, who: str) -> None:
        for one in (self.met[who], self.met[BY_APP], self.together):
            one.clear()

    def released(self) -> None:
        self.given.clear()
        for who in SCREENS:
            self.touched(who)

    def add(self, one: Given) -> None:
        self.given.append(one)
        if one.why:
            return
        self.together.add(one.patient)
        self.met[one.who].add(one.patient)
        # An app acts for whoever has a session, and has no passkey of its own.
        with_app = self.met[one.who] | self.met[BY_APP]
        reach = self.together if one.who == BY_APP else with_app
        assert len(reach) <= self.kind.budget.reach

    def holds(self, now: float) -> None:
        # Less than a minute is no step of the clock.
        since, budget = now - DAY + LEAST_SECONDS, self.kind.budget
        today = [one for one in self.given if one.at > since]
        others = [one for one in today if not one.why]
        assert self.weight(others) <= budget.hard
        listed = {one.patient for one in others if one.deed == "list"}
        assert len(listed) <= budget.hard * 5
        expected = {
            one.patient for one in today if one.why == "ward" and one.deed != "list"
        }
        assert len(expected) <= budget.expected
        out = {deed: self.out(today, deed) for deed in DEEDS}
        assert len(out["print"]) <= budget.prints
        sheets = (
            self.kind.role.budget.sheets * budget.prints // self.kind.role.budget.prints
        )
        assert len(out["print"] | out["sheet"]) <= budget.prints + sheets
        assert len(out["copy"]) <= budget.copies
        assert len(out["send"]) <= self.kind.role.budget.sendings

    @staticmethod
    def weight(others: Sequence[Given]) -> int:
        weights: dict[int, int] = {}
        for one in others:
            if one.deed != "list":
                weight = {"copy": 10, "print": 3, "sheet": 3}.get(one.deed, 1)
                weights[one.patient] = max(weight, weights.get(one.patient, 0))
        return sum(weights.values())

    @staticmethod
    def out(today: Sequence[Given], deed: str) -> set[int]:
        """Whose record left; for broken glass it does whatever the number is."""
        return {
            one.patient
            for one in today
            if one.deed == deed and (one.why != GLASS or deed == "copy")
        }
