# SPDX-License-Identifier: Apache-2.0
"""What service clients have used of their contracts: different patients in an hour.

Counted in memory, and at a start counted again from the ledger's last hour: a restart
forgets nothing. Many requests for one patient count once.
"""

from collections import OrderedDict
from collections.abc import Iterable

from wardkeep.ledger.entry import Entry
from wardkeep.warden.recent import LastDay

WINDOW_SECONDS = 3600.0
SERVICE_ROLE = "service"
GRANTED = "grant"
PACKED = "pack"
"""What a kiosk took along sealed is opened by nobody's key: its contract is for what it
opens, and that is counted when it is brought back."""
APP = "app "
"""How the request of an entry begins that an app made for a person."""


class Contracts:
    """The patients whom each account opened within the last hour."""

    def __init__(self) -> None:
        self._seen: dict[str, OrderedDict[str, float]] = {}

    def opened(self, account: str, patients: Iterable[str], *, now: float) -> None:
        """Count openings; `now` by the clock that nobody sets, in seconds."""
        seen = self._seen.setdefault(account, OrderedDict())
        for patient in patients:
            seen[patient] = now
            seen.move_to_end(patient)

    def left_after(
        self, account: str, patients: Iterable[str], *, most: int, now: float
    ) -> int:
        """How many more different patients were left, had these been opened."""
        seen = self._current(account, now)
        return most - len(seen) - sum(1 for one in patients if one not in seen)

    def _current(self, account: str, now: float) -> OrderedDict[str, float]:
        seen = self._seen.setdefault(account, OrderedDict())
        oldest = now - WINDOW_SECONDS
        while seen and next(iter(seen.values())) < oldest:
            seen.popitem(last=False)
        return seen

    @classmethod
    def recounted(cls, day: LastDay) -> "Contracts":
        """From the entries of the last hour."""
        found = cls()
        for entry, when in day.within(WINDOW_SECONDS):
            if entry.outcome == GRANTED and _counts_for(entry):
                found.opened(_counts_for(entry), entry.patients, now=when)
        return found


def _counts_for(entry: Entry) -> str:
    """The account or app whose contract an opening counts for; empty: nobody's."""
    if entry.action == PACKED:
        return ""
    if entry.role == SERVICE_ROLE:
        return entry.account
    if entry.purpose and entry.request.startswith(APP):
        return entry.request.removeprefix(APP).partition(":")[0]
    return ""
