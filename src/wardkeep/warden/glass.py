# SPDX-License-Identifier: Apache-2.0
"""For how many different people an account broke the glass lately.

Broken glass is never refused, so nothing here stops anybody. Whoever stands at a bed
breaks it for one person, hardly ever for two; whoever goes on is told of apart, while
they are few, and is no faster than a hand is: a passkey that is a file signs as often
as a program likes. Counted by the clock that cannot be set, and from the ledger at a
start.
"""

from collections import OrderedDict

from wardkeep.warden.budgets import Account
from wardkeep.warden.recent import LastDay

BREAK_GLASS = "break-glass"
"""The action of the entry that says: somebody broke the glass for a patient."""
HOUR_SECONDS, DAY_SECONDS = 3600.0, 24 * 3600.0
MANY_IN_AN_HOUR, MANY_IN_A_DAY = 3, 6
"""Different people from whom on it is told of: a quick one, and one with patience."""
APART_SECONDS = 20.0
"""Beyond so many in an hour, from one to the next: a page, a ground and a touch take a
hand about that."""
_GRANTED = "grant"


class BrokenGlass:
    """Whose glass every account broke in the last 24 hours, and from when it holds."""

    def __init__(self) -> None:
        self._broken: dict[Account, OrderedDict[str, float]] = {}

    def broken(self, account: Account, patient: str, now: float) -> float:
        """Count a patient, and say from when on the glass is open for that one."""
        holds = self.would_hold(account, patient, now)
        found = self._broken.setdefault(account, OrderedDict())
        found[patient] = holds
        found.move_to_end(patient)
        while next(iter(found.values())) < now - DAY_SECONDS:
            found.popitem(last=False)
        return holds

    def would_hold(self, account: Account, patient: str, now: float) -> float:
        """From when on, were it broken now: the same one again is the same one."""
        found = self._broken.get(account, OrderedDict[str, float]())
        before = found.get(patient)
        if before is not None and before >= now - HOUR_SECONDS:
            return max(before, now)
        hour, _ = self.counts(account, now)
        if hour < MANY_IN_AN_HOUR:
            return now
        return max(now, max(found.values()) + APART_SECONDS)

    def counts(self, account: Account, now: float) -> tuple[int, int]:
        """Different people of the last hour, and of the last 24 hours."""
        times = self._broken.get(account, OrderedDict[str, float]()).values()
        hour = sum(one >= now - HOUR_SECONDS for one in times)
        return hour, sum(one >= now - DAY_SECONDS for one in times)

    @classmethod
    def recounted(cls, day: LastDay) -> "BrokenGlass":
        """From the entries of the last 24 hours."""
        found = cls()
        for entry, when in day.within(DAY_SECONDS):
            if entry.action == BREAK_GLASS and entry.outcome == _GRANTED:
                for patient in entry.patients:
                    account = (entry.organisation, entry.account)
                    found.broken(account, patient, when)
        return found


def are_many(hour: int, day: int) -> bool:
    """Whether somebody should look now."""
    return hour >= MANY_IN_AN_HOUR or day >= MANY_IN_A_DAY
