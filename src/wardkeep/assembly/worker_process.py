# SPDX-License-Identifier: Apache-2.0
"""The worker process: takes jobs one by one until it is told to stop."""

import asyncio
import signal

import uvloop

from wardkeep.assembly.database import WORKER, address_for
from wardkeep.assembly.layout import Layout
from wardkeep.assembly.schema import wait_for_schema
from wardkeep.base.clock import SystemClock
from wardkeep.base.settings import Settings
from wardkeep.db.connection import Database
from wardkeep.fhir.urgent.dispatching import NoDispatcher, SyntheticDesk, sending
from wardkeep.jobs.kinds import KINDS
from wardkeep.jobs.worker import run_worker
from wardkeep.web.logs import set_up_logs

_CONNECTIONS = 2


def run_worker_process(settings: Settings, layout: Layout) -> None:
    """Run until SIGTERM or SIGINT; a job under way is finished first."""
    set_up_logs(settings.log_level, process="worker")
    uvloop.run(_run(settings, layout))


async def _run(settings: Settings, layout: Layout) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    database = Database(address_for(settings, layout, WORKER), size=_CONNECTIONS)
    await wait_for_schema(database)
    try:
        clock = SystemClock()
        desk = SyntheticDesk() if settings.demo else NoDispatcher()
        kinds = (sending(desk, clock), *KINDS)
        await run_worker(database, kinds, stop=stop, clock=clock)
    finally:
        await database.close()
