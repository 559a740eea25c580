# SPDX-License-Identifier: Apache-2.0
"""The warden: every question it takes, and what happens to each.

Questions about patients are answered without waiting (door.py); those about identity
need the database and run as tasks (entrance.py, office.py). Each desk names its own
questions. All answers leave through the batch, so that none overtakes its entry.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Sequence

from wardkeep.db.connection import Database
from wardkeep.db.errors import DatabaseBusyError, DatabaseUnavailableError
from wardkeep.disclosure.answers import Answer, Health
from wardkeep.disclosure.questions import AskHealth, Question
from wardkeep.ledger.log import Ledger
from wardkeep.ledger.publishing import Breathe, hold_breath
from wardkeep.warden.keystore import KeyStore
from wardkeep.warden.service.admission import Admission
from wardkeep.warden.service.batch import Batch, Reply
from wardkeep.warden.service.compacting import Compaction
from wardkeep.warden.service.desk import AtOnce, Desk, Later
from wardkeep.warden.service.erasing import Eraser
from wardkeep.warden.service.rotating import Rotator
from wardkeep.warden.service.said import (
    BUSY,
    DATABASE_UNAVAILABLE,
    FAILED,
    LEDGER_CANNOT_WRITE,
    NOT_UNDERSTOOD,
)
from wardkeep.warden.service.trace import Trace
from wardkeep.warden.service.witnessing import Witnessing
from wardkeep.warden.sessions import Sessions

MAX_TASKS = 256
PUBLISH_SECONDS = 1.0
BREATH_SECONDS = 0.001
"""How long the thread that publishes leaves the loop alone, again and again."""
SAVE_SESSIONS_SECONDS = 15.0

log = logging.getLogger(__name__)
# The type alone: a message may quote what somebody sent.
_FAILED_LINE = "a question failed: %s"

LEDGER_BACK = "ledger-written-again"


class WardenService:
    """Answers on the door's socket and on the operator's."""

    def __init__(  # noqa: PLR0913 - the warden is made of these parts, each named
        self,
        *,
        database: Database,
        ledger: Ledger,
        keystore: KeyStore,
        sessions: Sessions,
        admission: Admission,
        batch: Batch,
        eraser: Eraser,
        rotator: Rotator,
        witnessing: Witnessing,
        compaction: Compaction,
        at_the_door: Sequence[Desk],
        for_the_operator: Sequence[Desk],
        trace: Trace,
        origin: str,
    ) -> None:
        self._database = database
        self._ledger = ledger
        self._keystore = keystore
        self._sessions = sessions
        self._admission = admission
        self._trace = trace
        self._origin = origin
        self._batch = batch
        self._eraser = eraser
        self.rotator = rotator
        """Replaces keys, beside everything else."""
        self.witnessing = witnessing
        """Runs beside the housekeeping: `keep_witnessed`."""
        self.compaction = compaction
        """Runs beside the housekeeping as well: `keep_compacted`."""
        eraser.write_with(batch.written)
        self._tasks: set[asyncio.Task[None]] = set()
        self._door_at_once, self._door_later = self._questions(at_the_door)
        desks = (*at_the_door, *for_the_operator)
        self._saves = dict.fromkeys(save for desk in desks for save in desk.saves)
        self._closes = [close for desk in desks for close in desk.closes]
        self._operator_at_once, self._operator_later = self._questions(for_the_operator)

    @property
    def ledger(self) -> Ledger:
        """To be read: drills look at it as a verifier would."""
        return self._ledger

    def _questions(
        self, desks: Sequence[Desk]
    ) -> tuple[dict[type, AtOnce], dict[type, Later]]:
        at_once: dict[type, AtOnce] = {}
        later: dict[type, Later] = {AskHealth: self._health}
        for desk in desks:
            at_once.update(desk.at_once)
            later.update(desk.later)
        return at_once, later

    def answer_door(self, question: Question, reply: Reply) -> None:
        self._answer(question, reply, self._door_at_once, self._door_later)

    def answer_operator(self, question: Question, reply: Reply) -> None:
        self._answer(question, reply, self._operator_at_once, self._operator_later)

    def _answer(
        self,
        question: Question,
        reply: Reply,
        at_once: dict[type, AtOnce],
        later: dict[type, Later],
    ) -> None:
        handler = at_once.get(type(question))
        if handler is not None:
            self._batch.send_when_written(reply, _at_once(handler, question))
            return
        slow = later.get(type(question))
        if slow is None:
            reply(NOT_UNDERSTOOD)
        elif len(self._tasks) >= MAX_TASKS:
            reply(BUSY)
        else:
            self._start(slow(question), reply)

    def _start(self, work: Awaitable[Answer], reply: Reply) -> None:
        async def run() -> None:
            before = self._batch.failures
            answer = await _in_words(work)
            if self._batch.failures != before:
                # What this wrote down before it waited may have gone with a flush that
                # was another's: nobody is let in without the entry that says so.
                answer = LEDGER_CANNOT_WRITE
            self._batch.send_when_written(reply, answer)

        task = asyncio.get_running_loop().create_task(run())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _health(self, _question: AskHealth) -> Answer:
        if not self._batch.is_ledger_writable:
            # Whoever asks is told no once more, and the entry tells whether that still
            # holds: an installation that looks unready is sent nobody who would try.
            self._trace.of_operator(LEDGER_BACK)
        return Health(
            is_ledger_writable=self._batch.is_ledger_writable,
            is_database_reachable=await self._database.is_ready(),
            ledger_size=self._ledger.committed_size,
            live_sessions=len(self._sessions),
            organisations=len(self._keystore),
            verify_key=self._ledger.verify_key.public_bytes,
            origin=self._origin,
            witnesses=self.witnessing.views,
        )

    async def keep_house(self) -> None:
        """Publish checkpoints, save what sessions did, forget those that ran out."""
        seconds = 0.0
        while True:
            await asyncio.sleep(PUBLISH_SECONDS)
            seconds += PUBLISH_SECONDS
            # In a thread: its fsyncs must not hold up the answers of the loop.
            await asyncio.to_thread(self._publish, _breathe)
            if seconds >= SAVE_SESSIONS_SECONDS:
                seconds = 0.0
                await self._save_sessions()

    def _publish(self, breathe: Breathe = hold_breath) -> None:
        # Whatever went wrong: the housekeeping goes on, and the next turn tries again.
        try:
            self._ledger.publish(breathe)
        except Exception as error:
            log.exception(
                "the ledger's checkpoint cannot be written: %s", type(error).__name__
            )

    async def _save_sessions(self) -> None:
        # Each by itself: what one desk cannot save keeps no other from it.
        for save in (self._admission.save, *self._saves):
            try:
                await save()
            except Exception as error:  # noqa: BLE001 - as above
                log.warning("sessions cannot be saved: %s", type(error).__name__)

    async def close(self) -> None:
        """Finish what was begun, write what is known, close the ledger."""
        self.witnessing.close()
        await self._eraser.close()
        await self.rotator.close()
        for close in self._closes:
            await close()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=5)
        await self._save_sessions()
        self._publish()
        self._ledger.close()


def _breathe() -> None:
    time.sleep(BREATH_SECONDS)


def _at_once(handler: AtOnce, question: Question) -> Answer:
    """As below: one question that fails must not end the connection of all others."""
    try:
        return handler(question)
    except Exception as error:
        log.exception(_FAILED_LINE, type(error).__name__)
        return FAILED


async def _in_words(work: Awaitable[Answer]) -> Answer:
    """An answer whatever happens; an error becomes a refusal, and a line in the log."""
    try:
        return await work
    except (DatabaseUnavailableError, DatabaseBusyError):
        return DATABASE_UNAVAILABLE
    except Exception as error:
        log.exception(_FAILED_LINE, type(error).__name__)
        return FAILED
