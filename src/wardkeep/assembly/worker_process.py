# SPDX-License-Identifier: Apache-2.0
"""The worker process: takes jobs one by one until it is told to stop.

Messages to other services are sent beside them, by workers of their own, and so are
requests for an ambulance: what is slow holds up none of the others.
"""

import asyncio
import signal

import uvloop

from wardkeep.assembly.database import WORKER, address_for
from wardkeep.assembly.layout import Layout
from wardkeep.assembly.partners import KeyFolder, ask_partner
from wardkeep.assembly.schema import wait_for_schema
from wardkeep.base.clock import SystemClock
from wardkeep.base.settings import Settings
from wardkeep.db.connection import Database
from wardkeep.disclosure.client import WardenClient
from wardkeep.fhir.bars.ambulance_sending import ByMessage
from wardkeep.fhir.bars.fetching import Fetching
from wardkeep.fhir.bars.sending import Sending
from wardkeep.fhir.urgent import dispatching
from wardkeep.jobs.kinds import KINDS
from wardkeep.jobs.worker import run_worker
from wardkeep.web.logs import set_up_logs

_CONNECTIONS = 2
_SENDERS = 3
_FETCHERS = 2
_SOMEBODY_WAITS = 0.25
"""Seconds between looks for a question: its page waits for the answer."""
_SENDING_CONNECTIONS = 16
"""Each sender has a job's transaction, opens at the door, and keeps its claim; whoever
asks partners takes two each."""
_DISPATCHERS = 4
"""For ambulances alone, with connections of their own: a job's transaction, the door or
the mark that one begins, and the claim."""
_AMBULANCE_CONNECTIONS = _DISPATCHERS * 3
CONNECTIONS = _CONNECTIONS + _SENDING_CONNECTIONS + _AMBULANCE_CONNECTIONS
"""All of them: the database lets its role have so many, and a command beside it."""


def run_worker_process(settings: Settings, layout: Layout) -> None:
    """Run until SIGTERM or SIGINT; a job under way is finished first."""
    set_up_logs(settings.log_level, process="worker")
    uvloop.run(_run(settings, layout))


async def _run(settings: Settings, layout: Layout) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    address, clock = address_for(settings, layout, WORKER), SystemClock()
    database = Database(address, size=_CONNECTIONS)
    outward = Database(address, size=_SENDING_CONNECTIONS)
    warden = WardenClient(layout.door_socket, asker="worker")
    keys = KeyFolder(layout, origin=settings.public_origin)
    sending = Sending(
        outward,
        warden,
        keys=keys,
        ask=ask_partner,
        clock=clock,
        repeat_callers=settings.repeat_callers,
    )
    fetching = Fetching(keys=keys, ask=ask_partner, clock=clock)
    desk = dispatching.SyntheticDesk() if settings.demo else dispatching.NoDispatcher()
    ambulances = Database(address, size=_AMBULANCE_CONNECTIONS)
    by_message = ByMessage(
        ambulances,
        warden,
        keys=keys,
        ask=ask_partner,
        at_once=_DISPATCHERS,
        otherwise=desk,
    )
    dispatched = (dispatching.sending(by_message, clock, ambulances),)
    await wait_for_schema(database)
    try:
        await asyncio.gather(
            run_worker(database, KINDS, stop=stop, clock=clock),
            *(
                run_worker(ambulances, dispatched, stop=stop, clock=clock)
                for _ in range(_DISPATCHERS)
            ),
            *(
                run_worker(outward, sending.kinds, stop=stop, clock=clock)
                for _ in range(_SENDERS)
            ),
            *(
                run_worker(
                    outward,
                    (fetching.kind,),
                    stop=stop,
                    clock=clock,
                    idle_seconds=_SOMEBODY_WAITS,
                )
                for _ in range(_FETCHERS)
            ),
        )
    finally:
        await warden.close()
        await ambulances.close()
        await outward.close()
        await database.close()
