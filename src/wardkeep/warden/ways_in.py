# SPDX-License-Identifier: Apache-2.0
"""Whose way in each account was given: different homes in 24 hours.

Counted by the clock that cannot be set, and at a start counted again from the ledger:
a restart forgets nothing.
"""

from collections import OrderedDict
from collections.abc import Iterable

from wardkeep.disclosure.purpose import Action, Tier
from wardkeep.ledger.entry import Entry
from wardkeep.warden.recent import LastDay

WINDOW_SECONDS = 24 * 3600.0
NOTE = "Composition"
"""The one sealed type that is no way into a home: a note that few may read. Whatever
else bears the label is guarded as a way in is."""
_GRANTED = "grant"
Account = tuple[int, str]
"""Organisation and account."""


def are_notes(types: Iterable[str]) -> bool:
    """Whether these are sealed notes and nothing else."""
    return set(types) == {NOTE}


class WaysIn:
    """The homes that every account was let into."""

    def __init__(self) -> None:
        self._given: dict[Account, OrderedDict[str, float]] = {}

    def given(self, account: Account, patient: str, *, now: float) -> None:
        """Count one."""
        homes = self._given.setdefault(account, OrderedDict())
        homes[patient] = now
        homes.move_to_end(patient)

    def left_after(
        self, account: Account, patient: str, *, most: int, now: float
    ) -> int:
        """How many more homes were left, had this one been opened; below 0: none."""
        homes = self._given.get(account, OrderedDict[str, float]())
        oldest = now - WINDOW_SECONDS
        while homes and next(iter(homes.values())) < oldest:
            homes.popitem(last=False)
        return most - len(homes) - (patient not in homes)

    @classmethod
    def recounted(cls, day: LastDay) -> "WaysIn":
        """From the entries of the last 24 hours."""
        found = cls()
        for entry, when in day.within(WINDOW_SECONDS):
            if is_given(entry):
                account = (entry.organisation, entry.account)
                for patient in entry.patients:
                    found.given(account, patient, now=when)
        return found


def is_given(entry: Entry) -> bool:
    """Whether an entry says that a way in was read."""
    return (
        entry.outcome == _GRANTED
        and entry.action == Action.READ
        and any(
            one.tier == Tier.SEALED.word and not are_notes(one.packed_resources)
            for one in entry.subjects
        )
    )
