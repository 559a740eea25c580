# SPDX-License-Identifier: Apache-2.0
"""Puts together what runs beside the ledger, and whom it tells of what it finds."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import NamedTuple

from wardkeep.base.clock import Clock
from wardkeep.ledger.log import Ledger
from wardkeep.warden.alarms import CLOCK_SET, LEDGER_CHANGED, TWO_STORIES, Alarms
from wardkeep.warden.clock_steps import ClockMark
from wardkeep.warden.recent import LastDay, last_day
from wardkeep.warden.service.batch import Written
from wardkeep.warden.service.clock_watch import ClockWatch
from wardkeep.warden.service.compacting import Compaction
from wardkeep.warden.service.trace import Trace
from wardkeep.warden.service.warden_parts import WardenParts
from wardkeep.warden.service.witnessing import Witnessing


class LedgerAlarms(NamedTuple):
    """Alarms, and every organisation, which a fault of the ledger concerns."""

    alarms: Alarms
    organisations: Callable[[], Iterable[int]]
    """Asked when there is something to tell: some may be new by then."""

    def tell(self, kind: str, detail: str, entry: int = -1) -> None:
        self.alarms.raise_to_all(kind, self.organisations(), detail=detail, entry=entry)


class Beside(NamedTuple):
    """What looks at the ledger itself while the warden answers."""

    witnessing: Witnessing
    compaction: Compaction
    clock_watch: ClockWatch


def make_beside(
    parts: WardenParts, about: LedgerAlarms, trace: Trace, written: Written
) -> Beside:
    """Each tells everybody of what it finds."""
    return Beside(
        Witnessing(
            parts.ledger,
            parts.witnesses,
            clock=parts.clock,
            tell=partial(about.tell, TWO_STORIES),
            tell_apart=partial(about.tell, CLOCK_SET),
        ),
        Compaction(
            parts.ledger,
            origin=parts.ledger_name,
            tell=partial(about.tell, LEDGER_CHANGED),
        ),
        ClockWatch(
            parts.clock_mark,
            trace=trace,
            tell=partial(about.tell, CLOCK_SET),
            written=written,
        ),
    )


def read_last_day(ledger: Ledger, clock: Clock, mark: ClockMark) -> LastDay:
    """Before the mark is moved on, as far back as it says."""
    unseen, monotonic = mark.ahead(), clock.monotonic_seconds()
    now = clock.now().timestamp() - unseen
    return last_day(ledger, now=now, monotonic=monotonic, unseen=unseen)
