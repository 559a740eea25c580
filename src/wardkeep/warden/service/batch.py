# SPDX-License-Identifier: Apache-2.0
"""Answers that wait for their entries: one flush of the ledger for a turn's questions.

Every answer of one turn of the loop goes out after one `fdatasync`. A lone caller
waits for its own; 64 callers share one (docs/performance.md). If the flush fails,
every answer of the turn becomes a refusal, whatever it was.
"""

import asyncio
from collections.abc import Awaitable, Callable

from wardkeep.disclosure.answers import Answer, Done
from wardkeep.ledger.log import Ledger, LedgerCannotWriteError
from wardkeep.warden.service.said import LEDGER_CANNOT_WRITE

Reply = Callable[[Answer], None]
Written = Callable[[], Awaitable[bool]]
"""Waits until what was appended is on the disk; False where it cannot be written."""


class Batch:
    """Holds back the answers of a turn until the ledger has their entries."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._held: list[tuple[Reply, Answer]] = []
        self.is_ledger_writable = True
        self.failures = 0
        """Flushes that failed: each took along whatever had been appended by then."""

    def send_when_written(self, reply: Reply, answer: Answer) -> None:
        """Answer once everything appended up to now is on disk."""
        if not self._held:
            asyncio.get_running_loop().call_soon(self._flush)
        self._held.append((reply, answer))

    async def written(self) -> bool:
        """Wait until all that was appended is on disk; False: it cannot be written."""
        told: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.send_when_written(
            lambda answer: told.set_result(isinstance(answer, Done)), Done()
        )
        return await told

    def _flush(self) -> None:
        held, self._held = self._held, []
        try:
            if self._ledger.commit():
                self.is_ledger_writable = True
        except LedgerCannotWriteError:
            self.is_ledger_writable = False
            self.failures += 1
            held = [(reply, LEDGER_CANNOT_WRITE) for reply, _ in held]
        for reply, answer in held:
            reply(answer)
