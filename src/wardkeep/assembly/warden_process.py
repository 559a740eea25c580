# SPDX-License-Identifier: Apache-2.0
"""The warden process: opens keys and ledger, takes questions, ends in order."""

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import uvloop

from wardkeep.assembly.asking import ask_nobody
from wardkeep.assembly.database import WARDEN, address_for
from wardkeep.assembly.layout import Layout
from wardkeep.assembly.proof import SigningKeyFile, ledger_name, signing_key
from wardkeep.assembly.schema import wait_for_schema
from wardkeep.base.clock import Clock, SystemClock
from wardkeep.base.garbage import settle
from wardkeep.base.settings import Settings
from wardkeep.db.connection import Database
from wardkeep.disclosure.wire import door_decoder, operator_decoder
from wardkeep.fhir.model.type_codes import type_name
from wardkeep.ledger.log import Ledger
from wardkeep.warden.clock_steps import ClockMark
from wardkeep.warden.root_key import Ask, Place
from wardkeep.warden.root_key_ring import RootKeyRing, open_ring
from wardkeep.warden.service.assemble import make_service
from wardkeep.warden.service.service import WardenService
from wardkeep.warden.service.socket import Listener
from wardkeep.warden.service.warden_parts import WardenParts
from wardkeep.web.logs import set_up_logs

log = logging.getLogger(__name__)
_DOOR_MODE, _OPERATOR_MODE = 0o660, 0o600
_CONNECTIONS = 8
_TURN_SECONDS = 0.0005
"""For how long a thread may keep Python's lock while the loop waits for it. With the
usual 5 ms, each flush of the ledger that falls into the publishing of a checkpoint
costs all who wait for it 5 ms more: the lock is let go while the disk works."""
_IS_NEW = (
    "select not exists (select from warden.organisation)"
    " and not exists (select from warden.signing_key)"
)


def run_warden(settings: Settings, layout: Layout, *, ask: Ask) -> None:
    """Run until SIGTERM or SIGINT; `ask` gives what the root key asks for."""
    set_up_logs(settings.log_level, process="warden")
    os.umask(0o077)
    layout.make()
    uvloop.run(_run(settings, layout, ask))


async def _run(settings: Settings, layout: Layout, ask: Ask) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with warden_running(settings, layout, clock=SystemClock(), ask=ask):
        settle()
        sys.setswitchinterval(_TURN_SECONDS)
        log.info("the warden takes questions")
        await stop.wait()
    log.info("the warden has stopped")


@contextlib.asynccontextmanager
async def warden_running(
    settings: Settings, layout: Layout, *, clock: Clock, ask: Ask = ask_nobody
) -> AsyncIterator[WardenService]:
    """A warden that listens on both sockets while the block lasts."""
    database = Database(address_for(settings, layout, WARDEN), size=_CONNECTIONS)
    async with contextlib.AsyncExitStack() as unless_begun:
        unless_begun.push_async_callback(database.close)
        await wait_for_schema(database)
        root_key = await _open_root_key(settings, layout, database, ask)
        parts = _open_parts(settings, layout, root_key, clock=clock)
        unless_begun.callback(parts.ledger.close)
        service = await make_service(database, parts)
        unless_begun.pop_all()
    door = Listener(decoder=door_decoder, answerer=service.answer_door, only_user=None)
    operator = Listener(
        decoder=operator_decoder,
        answerer=service.answer_operator,
        only_user=os.geteuid(),
    )
    await door.listen(layout.door_socket, mode=_DOOR_MODE)
    await operator.listen(layout.operator_socket, mode=_OPERATOR_MODE)
    beside = (
        asyncio.create_task(service.keep_house()),
        asyncio.create_task(service.witnessing.keep_witnessed()),
        asyncio.create_task(service.compaction.keep_compacted()),
    )
    try:
        yield service
    finally:
        for task in beside:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await door.close()
        await operator.close()
        await service.close()
        await database.close()
        _remove((layout.door_socket, layout.operator_socket))


async def _open_root_key(
    settings: Settings, layout: Layout, database: Database, ask: Ask
) -> RootKeyRing:
    """Made only where the database has nothing that another one wrapped."""
    async with database.connection() as connection:
        is_new = await connection.fetch_value(_IS_NEW)
    place = Place(layout.warden, ask)
    return open_ring(place, usual=settings.root_key, is_new=is_new)


def _open_parts(
    settings: Settings, layout: Layout, root_key: RootKeyRing, *, clock: Clock
) -> WardenParts:
    key = signing_key(layout)
    name = ledger_name(settings)
    ledger = Ledger.open(layout.ledger, origin=name, signing_key=key, clock=clock)
    if ledger.why_thorough:
        log.warning("the whole ledger was read at this start: %s", ledger.why_thorough)
    return WardenParts(
        root_key=root_key,
        ledger=ledger,
        signing_key_file=SigningKeyFile(layout.signing_key),
        ledger_name=name,
        type_name=type_name,
        origin=settings.public_origin,
        clock=clock,
        clock_mark=ClockMark(layout.warden / "clock.json", clock),
        incidents_folder=layout.warden / "incidents",
        witnesses=settings.witnesses,
    )


def _remove(sockets: tuple[Path, ...]) -> None:
    for socket in sockets:
        socket.unlink(missing_ok=True)
