# SPDX-License-Identifier: Apache-2.0
"""For how many different people an account broke the glass lately.

Broken glass is never refused, so nothing here stops anybody. Whoever stands at a bed
breaks it for one person, hardly ever for two; whoever goes on is told of apart, while
they are few. Counted by the clock that cannot be set, and from the ledger at a start.
"""

from collections import OrderedDict

from wardkeep.ledger.log import Ledger
from wardkeep.warden.budgets import Account
from wardkeep.warden.recent import recent

BREAK_GLASS = "break-glass"
"""The action of the entry that says: somebody broke the glass for a patient."""
HOUR_SECONDS, DAY_SECONDS = 3600.0, 24 * 3600.0
MANY_IN_AN_HOUR, MANY_IN_A_DAY = 3, 6
"""Different people from whom on it is told of: a quick one, and one with patience."""
_GRANTED = "grant"


class BrokenGlass:
    """Whose glass every account broke in the last 24 hours, the longest ago first."""

    def __init__(self) -> None:
        self._broken: dict[Account, OrderedDict[str, float]] = {}

    def broken(self, account: Account, patient: str, now: float) -> None:
        """Count a patient; the same one again is the same one."""
        found = self._broken.setdefault(account, OrderedDict())
        found[patient] = now
        found.move_to_end(patient)
        while next(iter(found.values())) < now - DAY_SECONDS:
            found.popitem(last=False)

    def counts(self, account: Account, now: float) -> tuple[int, int]:
        """Different people of the last hour, and of the last 24 hours."""
        times = self._broken.get(account, OrderedDict[str, float]()).values()
        hour = sum(one >= now - HOUR_SECONDS for one in times)
        return hour, sum(one >= now - DAY_SECONDS for one in times)

    @classmethod
    def recounted(
        cls, ledger: Ledger, *, now: float, monotonic: float
    ) -> "BrokenGlass":
        """From the entries; times as for `Budgets.recounted`."""
        found = cls()
        for entry, age in recent(ledger, now=now, seconds=DAY_SECONDS):
            if entry.action == BREAK_GLASS and entry.outcome == _GRANTED:
                for patient in entry.patients:
                    account = (entry.organisation, entry.account)
                    found.broken(account, patient, monotonic - age)
        return found


def are_many(hour: int, day: int) -> bool:
    """Whether somebody should look now."""
    return hour >= MANY_IN_AN_HOUR or day >= MANY_IN_A_DAY
