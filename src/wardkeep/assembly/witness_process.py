# SPDX-License-Identifier: Apache-2.0
"""The witness process: one address and a folder, and nothing of the rest.

It belongs on a machine that the ledger's operator does not run. Its answers are text;
it has no pages, no accounts and no database, and never sees an entry.
"""

import asyncio
import os
from pathlib import Path

from granian.constants import Interfaces, Loops
from granian.server import Server
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from wardkeep.assembly.parent import end_with_parent
from wardkeep.base.clock import SystemClock
from wardkeep.ledger.witness import LARGEST_REQUEST, TEXT_TYPE, Told, Witness

_FOLDER, _PARENT = "_WARDKEEP_WITNESS_FOLDER", "_WARDKEEP_WITNESS_PARENT"
_BODY_SECONDS = 10.0


def run_witness(folder: Path, *, host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT."""
    os.environ[_FOLDER] = str(folder.absolute())
    os.environ[_PARENT] = str(os.getpid())
    Server(
        "wardkeep.assembly.witness_process:make_witness",
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        loop=Loops.uvloop,
        factory=True,
        websockets=False,
        log_enabled=False,
        log_access=False,
        respawn_failed_workers=True,
    ).serve()


def make_witness() -> Starlette:
    """The application, put together when its server starts."""
    end_with_parent(int(os.environ[_PARENT]))
    return application_of(Witness.open(Path(os.environ[_FOLDER]), SystemClock()))


def application_of(witness: Witness) -> Starlette:
    """The one address, where checkpoints are added.

    What was signed last is told to whoever shows a checkpoint that the ledger signed,
    and to nobody else: it would tell by the minute how busy a hospital is.
    """

    async def add(request: Request) -> Response:
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                body = await _body(request)
        except (TimeoutError, ClientDisconnect):
            return _answer(Told(408, "the request did not come to its end\n"))
        if body is None:
            return _answer(Told(413, "the request is too large\n"))
        return _answer(await asyncio.to_thread(witness.add_checkpoint, body))

    return Starlette(routes=[Route("/add-checkpoint", add, methods=["POST"])])


async def _body(request: Request) -> bytes | None:
    found = bytearray()
    async for piece in request.stream():
        found += piece
        if len(found) > LARGEST_REQUEST:
            return None
    return bytes(found)


def _answer(told: Told) -> Response:
    headers = {
        "Content-Type": told.type or TEXT_TYPE,
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(told.body, status_code=told.status, headers=headers)
