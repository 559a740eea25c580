# SPDX-License-Identifier: Apache-2.0
"""Sees that the wall clock was moved: written down, and told to every organisation."""

from collections.abc import Callable

from wardkeep.base.clock import from_microseconds
from wardkeep.db.connection import Database
from wardkeep.warden.alarms import CLOCK_SET as TOLD, entries_of
from wardkeep.warden.clock_steps import CLOCK_SET, ClockMark, seconds_of, words_of
from wardkeep.warden.recent import LastDay
from wardkeep.warden.service.batch import Written
from wardkeep.warden.service.desk import Desk
from wardkeep.warden.service.trace import Trace

Tell = Callable[[str, int], None]
"""Takes what happened, in words, and the position of its entry."""
_WHAT = (
    "The clock of this system was moved {by}, or it stood still that long: what is"
    " dated before and after in the ledger is that far apart. Counting goes on as if it"
    " had not been. If nobody can say why, ring whoever runs Wardkeep."
)


class ClockWatch:
    """Looks while the warden runs; what was counted at its start knew already."""

    def __init__(
        self,
        mark: ClockMark,
        *,
        trace: Trace,
        tell: Tell,
        written: Written,
    ) -> None:
        self._mark = mark
        self._trace = trace
        self._tell_all = tell
        self._written = written
        # Named before the desk that saves alarms, so that its own are among them.
        self.desk = Desk(saves=(self.look,))

    async def look(self) -> None:
        """Write it down; the mark is moved on when the entry is on the disk."""
        ahead = self._mark.ahead()
        if not ahead:
            return
        entry = self._trace.of_operator(CLOCK_SET, request=self._mark.request(ahead))
        if await self._written():
            self._mark.put()
            self._tell(ahead, entry)

    async def resume(self, database: Database, day: LastDay) -> None:
        """At a start: whatever nobody was told of, because the warden was killed."""
        # Whatever the clock says now: none was raised before those entries were made.
        first = min((one.at for one in day.entries), default=0)
        async with database.connection() as connection:
            since = from_microseconds(first)
            told = await entries_of(connection, (TOLD,), since=since)
        for position, entry in enumerate(day.entries, day.first):
            if entry.action == CLOCK_SET and position not in told:
                self._tell(seconds_of(entry), position)

    def _tell(self, ahead: float, entry: int) -> None:
        self._tell_all(_WHAT.format(by=words_of(ahead)), entry)
