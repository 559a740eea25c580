# SPDX-License-Identifier: Apache-2.0
"""A crew of processes that load sources side by side, each with connections of its own.

What others refer to is loaded first; then every process takes the next source; what
was put off is tried once more at the end. A process that dies takes nothing with it
that was half done: a document is one transaction.
"""

import asyncio
import gc
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import connection, parent_process, resource_tracker
from pathlib import Path

import msgspec
import uvloop

from wardkeep.base.clock import SystemClock
from wardkeep.db.address import DatabaseAddress
from wardkeep.db.connection import Database
from wardkeep.db.errors import DatabaseBusyError, DatabaseUnavailableError
from wardkeep.disclosure.client import (
    WardenBusyError,
    WardenClient,
    WardenUnavailableError,
)
from wardkeep.fhir.loading.course import Course, Results
from wardkeep.fhir.loading.limits import Limits
from wardkeep.fhir.loading.load import Loader
from wardkeep.fhir.loading.report import ImportReport, Show
from wardkeep.fhir.loading.sources import Source
from wardkeep.fhir.store.outcomes import Opener

_CONNECTIONS = 2
_DEAF_TO = (signal.SIGINT,)
_GONE = (
    BrokenProcessPool,
    DatabaseBusyError,
    DatabaseUnavailableError,
    WardenBusyError,
    WardenUnavailableError,
)

Count = Callable[[Source, Results], None]


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What a loading process needs to begin."""

    database: DatabaseAddress
    operator_socket: Path
    opener: Opener
    limits: Limits


class LoadInterruptedError(Exception):
    """A loading process, or what it needs, went away; run again, and it goes on.

    Its text names which.
    """


def load_with_crew(
    sources: Sequence[Source],
    order: Order,
    *,
    processes: int,
    report: ImportReport,
    show: Show,
) -> None:
    """Load every source, counting in the report.

    Raises:
        LoadInterruptedError: what was loaded stays, and is known when asked again.
    """
    course = Course(report, show, total=len(sources))
    pool = ProcessPoolExecutor(
        max_workers=processes,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_begin,
        initargs=(order,),
    )
    try:
        _start(pool, processes)
        for is_first in (True, False):
            part = [source for source in sources if source.is_first is is_first]
            _run(pool, part, course.count, is_last_chance=False)
        _run(
            pool,
            course.take_put_off(),
            lambda _, results: course.count_again(results),
            is_last_chance=True,
        )
    except _GONE as error:
        raise LoadInterruptedError(_who(error)) from None
    finally:
        pool.shutdown(cancel_futures=True)


def _start(pool: ProcessPoolExecutor, processes: int) -> None:
    """Start the processes deaf to Ctrl-C, which reaches the whole group.

    They take over which signals are held back here, from their first moment; the leader
    hears what came meanwhile, and decides.
    """
    resource_tracker.ensure_running()  # or it is begun in between, and lets them in
    signal.pthread_sigmask(signal.SIG_BLOCK, _DEAF_TO)
    try:
        # A piece of work starts one process, as long as none of them is idle: they
        # take half a second to come up, and all are asked for at once.
        for _ in range(processes):
            pool.submit(_nothing)
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _DEAF_TO)


def _nothing() -> None:
    """The first pieces of work: with each the pool starts a process."""


def _who(error: Exception) -> str:
    if isinstance(error, DatabaseBusyError | DatabaseUnavailableError):
        return "the database"
    is_warden = isinstance(error, WardenBusyError | WardenUnavailableError)
    return "the warden" if is_warden else "a loading process"


def _run(
    pool: ProcessPoolExecutor,
    sources: Iterable[Source],
    count: Count,
    *,
    is_last_chance: bool,
) -> None:
    waiting: dict[Future[Results], Source] = {
        pool.submit(_load, source, is_last_chance=is_last_chance): source
        for source in sources
    }
    while waiting:
        done, _ = wait(waiting, return_when=FIRST_COMPLETED)
        for future in done:
            count(waiting.pop(future), future.result())


# In a process of the crew ----------------------------------------------------


class _Hand:
    """One process: an event loop, connections, and a loader that use them."""

    def __init__(self, order: Order) -> None:
        self._runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
        self._loader = Loader(
            Database(order.database, size=_CONNECTIONS),
            WardenClient(order.operator_socket, asker="import"),
            opener=order.opener,
            limits=order.limits,
            clock=SystemClock(),
        )

    def load(self, source: Source, *, is_last_chance: bool) -> Results:
        results = self._runner.run(
            self._loader.load_source(source, is_last_chance=is_last_chance)
        )
        gc.collect()
        return results


_hands: list[_Hand] = []
"""The one hand of this process; empty in the process that leads the crew."""


def _begin(order: Order) -> None:
    threading.Thread(target=_end_with_leader, daemon=True).start()
    # A document is a million small objects without a cycle among them: looking for
    # cycles meanwhile took half of the time of reading it.
    gc.disable()
    gc.freeze()
    _hands.append(_Hand(order))


def _end_with_leader() -> None:
    """A leader that was killed cannot dismiss its crew."""
    leader = parent_process()
    if leader is not None:
        connection.wait([leader.sentinel])
        os._exit(1)


def _load(source: Source, *, is_last_chance: bool) -> Results:
    return _hands[0].load(source, is_last_chance=is_last_chance)
