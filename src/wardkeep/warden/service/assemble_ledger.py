# SPDX-License-Identifier: Apache-2.0
"""Puts together what runs beside the ledger, and whom it tells of what it finds."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from wardkeep.base.clock import Clock
from wardkeep.base.note_keys import NoteKey
from wardkeep.ledger.log import Ledger
from wardkeep.warden.alarms import LEDGER_CHANGED, TWO_STORIES, Alarms
from wardkeep.warden.service.compacting import Compaction
from wardkeep.warden.service.witnessing import Witnessing


class LedgerAlarms(NamedTuple):
    """Alarms, and every organisation, which a fault of the ledger concerns."""

    alarms: Alarms
    organisations: Callable[[], Iterable[int]]
    """Asked when there is something to tell: some may be new by then."""

    def tell(self, kind: str, detail: str) -> None:
        self.alarms.raise_to_all(kind, self.organisations(), detail=detail)


def make_witnessing(
    ledger: Ledger,
    witnesses: Sequence[tuple[NoteKey, str]],
    about: LedgerAlarms,
    clock: Clock,
) -> Witnessing:
    def tell(detail: str) -> None:
        about.tell(TWO_STORIES, detail)

    return Witnessing(ledger, witnesses, clock=clock, tell=tell)


def make_compaction(ledger: Ledger, origin: str, about: LedgerAlarms) -> Compaction:
    def tell(detail: str) -> None:
        about.tell(LEDGER_CHANGED, detail)

    return Compaction(ledger, origin=origin, tell=tell)
