# SPDX-License-Identifier: Apache-2.0
"""The witness process: two addresses and a folder, and nothing of the rest.

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
    """Where checkpoints are added, and where anybody reads the newest one."""

    async def add(request: Request) -> Response:
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                body = await _body(request)
        except (TimeoutError, ClientDisconnect):
            return _answer(Told(408, "the request did not come to its end\n"))
        if body is None:
            return _answer(Told(413, "the request is too large\n"))
        return _answer(await asyncio.to_thread(witness.add_checkpoint, body))

    async def newest(request: Request) -> Response:
        id_ = request.path_params["log"]
        watched = witness.watched(id_) if _is_id(id_) else None
        if watched is None or not watched.note:
            return _answer(Told(404, "nothing is known of this ledger here\n"))
        return _answer(Told(200, watched.note))

    return Starlette(
        routes=[
            Route("/add-checkpoint", add, methods=["POST"]),
            Route("/newest/{log}", newest),
        ]
    )


async def _body(request: Request) -> bytes | None:
    found = bytearray()
    async for piece in request.stream():
        found += piece
        if len(found) > LARGEST_REQUEST:
            return None
    return bytes(found)


def _is_id(text: str) -> bool:
    return len(text) == 64 and set(text) <= set("0123456789abcdef")  # noqa: PLR2004


def _answer(told: Told) -> Response:
    headers = {
        "Content-Type": told.type or TEXT_TYPE,
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(told.body, status_code=told.status, headers=headers)
