# SPDX-License-Identifier: Apache-2.0
"""Destroying what a rule has kept for long enough, portion by portion.

The ledger names every item and whom it was about before the item goes. A warden that
is stopped in between goes on at its start: what is due is found again.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence

from wardkeep import __version__
from wardkeep.base.clock import Clock, microseconds_since_epoch
from wardkeep.db.connection import Database
from wardkeep.db.errors import DatabaseBusyError, DatabaseUnavailableError
from wardkeep.disclosure.retention import RULES
from wardkeep.ledger.entry import Entry, Subject
from wardkeep.ledger.log import Ledger
from wardkeep.warden import erasures, retention
from wardkeep.warden.erasures import Destroyed, Erasure
from wardkeep.warden.retention import DueRow
from wardkeep.warden.service.batch import Written
from wardkeep.warden.service.trace import GRANTED

log = logging.getLogger(__name__)

AGAIN_SECONDS = 5.0
PORTION = 400
"""An entry holds that many names with room to spare."""
DISPOSE = "dispose"
"""The action of an entry that names what was destroyed."""


class NotWrittenError(Exception):
    """The ledger cannot be written just now: what was not named is not destroyed."""


_PASSING = (DatabaseUnavailableError, DatabaseBusyError, NotWrittenError)


class Disposer:
    """Has what is due destroyed."""

    def __init__(self, *, database: Database, ledger: Ledger, clock: Clock) -> None:
        self._database = database
        self._ledger = ledger
        self._clock = clock

    async def destroy(self, erasure: Erasure, *, written: Written) -> None:
        """All that the approved erasure's rule has kept until its moment.

        Goes on when the database or the ledger's disk is back.

        Raises:
            WrongRuleError: the rule is about whole records.
        """
        while True:
            try:
                await self._destroy(erasure, written)
            except _PASSING as error:
                log.warning("a disposal waits: %s", type(error).__name__)
                await asyncio.sleep(AGAIN_SECONDS)
            else:
                return

    async def _destroy(self, erasure: Erasure, written: Written) -> None:
        rule, before = RULES[erasure.rule], erasure.before
        if before is None or not rule.types:
            raise WrongRuleError(erasure.rule)
        people: set[str] = set()
        so_far = Destroyed(erasure.resources, erasure.versions)
        is_done = False
        while not is_done:
            async with self._database.transaction() as connection:
                rows = await retention.due(
                    connection,
                    rule,
                    organisation=erasure.organisation,
                    before=before,
                    at_most=PORTION,
                )
                is_done = not rows
                if rows:
                    await self._name(rows, rule.types, erasure, written)
                    gone = await retention.dispose(
                        connection,
                        rows,
                        organisation=erasure.organisation,
                        before=before,
                    )
                    so_far = so_far.plus(gone)
                    people.update(one for row in rows for one in row.patients if one)
                at = None if rows else self._clock.now()
                await erasures.note_progress(
                    connection, erasure, so_far, people=len(people), at=at
                )

    async def _name(
        self,
        rows: Sequence[DueRow],
        names: Mapping[int, str],
        erasure: Erasure,
        written: Written,
    ) -> None:
        """Write down what goes, before it goes, in the name of who approved it."""
        self._ledger.append(
            Entry.about(
                at=microseconds_since_epoch(self._clock.now()),
                organisation=erasure.organisation,
                account=erasure.approved_by,
                session="",
                role="",
                purpose="",
                reason=f"{erasure.ground}: {erasure.reason}",
                action=DISPOSE,
                request=f"erasure {erasure.id}",
                subjects=_subjects(rows, names),
                outcome=GRANTED,
                software=__version__,
            )
        )
        if not await written():
            raise NotWrittenError


class WrongRuleError(Exception):
    """The rule is about whole records: those go one by one."""


def _subjects(rows: Sequence[DueRow], names: Mapping[int, str]) -> list[Subject]:
    """The people whom some rows are about, each with the rows' names."""
    about: dict[str, list[tuple[str, str, int]]] = {}
    for row in rows:
        for patient in row.patients:
            named = (names[row.type_code], row.id, row.version)
            about.setdefault(patient, []).append(named)
    return [
        Subject.about(patient=patient, tier="", relationship="", resources=named)
        for patient, named in about.items()
    ]
