# SPDX-License-Identifier: Apache-2.0
"""What taking the next case is made of, each step by itself: no HTTP, no page.

The parts are those that the page calls, one after the other, on the real warden and
database. Each step that the ledger or the database makes durable waits for a disk.
"""

import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import UUID

from bench._stack import Stack
from wardkeep.assembly.database import WEB, address_for
from wardkeep.base.clock import SystemClock
from wardkeep.base.ids import OrganisationId
from wardkeep.care.writing import content_of, drafted_anew
from wardkeep.db.connection import Database
from wardkeep.disclosure.answers import SessionView
from wardkeep.disclosure.client import WardenClient
from wardkeep.disclosure.purpose import Purpose
from wardkeep.disclosure.questions import CheckSession
from wardkeep.disclosure.who_i_am import AskWhoIAm, WhoIAm
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.store.change import Beside, Change
from wardkeep.fhir.store.outcomes import Opened, Opener, Written
from wardkeep.fhir.store.reading import Reader
from wardkeep.fhir.store.writing import Writer
from wardkeep.fhir.urgent.moving import advance
from wardkeep.fhir.urgent.queue_rows import TAKE_HELD, QueueRows
from wardkeep.fhir.urgent.queueing import TYPE, Did, Entry, entry_content, entry_in
from wardkeep.fhir.urgent.steps import Step

TIMES = 30
"""With the twenty that were taken over HTTP fewer than the sixty that work explains."""
SKILLS = ("clinician", "dental", "base")
T = TypeVar("T")


class _Steps:
    """Steps of taking, and how long each took."""

    def __init__(
        self, database: Database, warden: WardenClient, token: str, home: OrganisationId
    ) -> None:
        self._warden, self._token, self._home = warden, token, home
        self._clock = SystemClock()
        self._rows = QueueRows(database)
        self._reader = Reader(database, warden)
        self._writer = Writer(database, warden, clock=self._clock)
        self._opener = Opener(
            session=token, organisation=home, purpose=Purpose.DIRECT_CARE
        )
        self.took: dict[str, list[float]] = defaultdict(list)

    async def _timed(self, step: str, ask: Callable[[], Awaitable[T]]) -> T:
        began = time.perf_counter()
        answer = await ask()
        self.took[step].append((time.perf_counter() - began) * 1000)
        return answer

    async def take(self) -> None:
        seen = await self._timed(
            "the session",
            lambda: self._warden.ask(CheckSession(self._token), SessionView),
        )
        said = await self._timed(
            "who one is and where one works",
            lambda: self._warden.ask(AskWhoIAm(self._token), WhoIAm),
        )
        if not isinstance(seen, SessionView) or not isinstance(said, WhoIAm):
            raise TypeError(seen, said)
        me = Person(said.practitioners[0], "Bench")
        await self._timed(
            "whether one has a case", lambda: self._rows.own(self._home, me.reference)
        )
        row = await self._timed(
            "the hold, a transaction",
            lambda: self._rows.hold_next(
                self._home, SKILLS, account=seen.account, now=self._clock.now()
            ),
        )
        if row is None:
            raise LookupError
        opened = await self._timed(
            "the opening at the door, an entry of the ledger",
            lambda: self._reader.one(TYPE, row.entry, opener=self._opener),
        )
        if not isinstance(opened, Opened):
            raise TypeError(opened)
        [one] = opened.resources
        content = content_of(one.text)
        change = Change(
            drafts=[drafted_anew(_taken(content, me, self._clock))],
            expected=[one.version],
            beside=[
                Beside(
                    sql=TAKE_HELD,
                    values=(self._home, row.entry, UUID(seen.account)),
                ),
            ],
        )
        written = await self._timed(
            "the write: an entry, and a transaction",
            lambda: self._writer.write(change, opener=self._opener),
        )
        if not isinstance(written, Written):
            raise TypeError(written)


def _taken(
    content: dict[str, object], me: Person, clock: SystemClock
) -> dict[str, object]:
    entry = entry_in(content)
    after = entry and advance(entry, Did(step=Step.TAKE, at=clock.now(), by=me))
    if not isinstance(after, Entry):
        raise TypeError(after)
    return entry_content(after, content)


async def steps_of_taking(
    made: Stack, token: str, home: OrganisationId
) -> dict[str, float]:
    """Medians and 95th percentiles of each step, in milliseconds."""
    database = Database(address_for(made.settings, made.layout, WEB), size=1)
    warden = WardenClient(made.layout.door_socket, asker="bench")
    steps = _Steps(database, warden, token, home)
    try:
        for _ in range(TIMES + 1):
            await steps.take()
    finally:
        await warden.close()
        await database.close()
    figures: dict[str, float] = {}
    for step, took in steps.took.items():
        ordered = sorted(took[1:])  # the first one warms everything
        figures[f"of it {step}, p50 ms"] = ordered[TIMES // 2]
        figures[f"of it {step}, p95 ms"] = ordered[TIMES * 95 // 100]
    return figures
