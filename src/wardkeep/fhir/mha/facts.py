# SPDX-License-Identifier: Apache-2.0
"""What a section comes to, in codes and times alone: what dates are worked out from.

The page of a section has them from the record, a list has them from rows beside it;
both work out the same, by `due.py`.
"""

from datetime import datetime

import msgspec

from wardkeep.fhir.mha.entry_kinds import ENDING, IN_ERROR


class Fact(msgspec.Struct, frozen=True, array_like=True):
    """One entry that holds."""

    kind: str
    at: datetime
    until: datetime | None = None
    outcome: str = ""
    form: str = ""

    def is_one_of(self, wanted: tuple[str, ...]) -> bool:
        """By its kind, or by kind and outcome as in `report:nursing`."""
        return self.kind in wanted or f"{self.kind}:{self.outcome}" in wanted


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """One section of one patient."""

    section: str
    """The id of the resource."""
    code: str
    """As rules name it: `3`, `5(2)`, `37/41`."""
    began: datetime
    facts: tuple[Fact, ...] = ()
    """In the order in which they were written."""

    @property
    def ended(self) -> Fact | None:
        return next((one for one in self.facts if one.kind in ENDING), None)

    @property
    def is_mistake(self) -> bool:
        return any(one.kind == IN_ERROR for one in self.facts)

    def last(self, *wanted: str) -> Fact | None:
        """The latest by its own time; of several at one moment the last written."""
        found = [one for one in self.facts if one.is_one_of(wanted)]
        return max(reversed(found), key=lambda one: one.at, default=None)
