# SPDX-License-Identifier: Apache-2.0
"""The outermost shell opens before it serves, and closes what it opened."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message

from support.asgi import call
from wardkeep.web.lifespan import Lifespan, NotOpenError


class Server:
    """The server's side of the lifespan protocol."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._to_app: asyncio.Queue[Message] = asyncio.Queue()
        self.said: asyncio.Queue[Message] = asyncio.Queue()

    async def run(self) -> None:
        await self._app({"type": "lifespan"}, self._to_app.get, self.said.put)

    async def tell(self, kind: str) -> Message:
        await self._to_app.put({"type": kind})
        return await asyncio.wait_for(self.said.get(), 1)


async def test_what_is_opened_at_the_start_is_closed_at_the_end() -> None:
    happened: list[str] = []

    @asynccontextmanager
    async def opening() -> AsyncIterator[ASGIApp]:
        happened.append("opened")
        yield PlainTextResponse("served")
        happened.append("closed")

    app = Lifespan(opening)
    with pytest.raises(NotOpenError):
        await call(app, "GET", "/")
    server = Server(app)
    running = asyncio.create_task(server.run())
    assert (await server.tell("lifespan.startup"))[
        "type"
    ] == "lifespan.startup.complete"
    assert (await call(app, "GET", "/")).text == "served"
    ended = await server.tell("lifespan.shutdown")
    assert ended["type"] == "lifespan.shutdown.complete"
    await running
    assert happened == ["opened", "closed"]


async def test_a_failed_start_is_told_without_the_text_of_the_error() -> None:
    @asynccontextmanager
    async def opening() -> AsyncIterator[ASGIApp]:
        message = "password=hunter2"
        raise ConnectionError(message)
        yield PlainTextResponse("never")

    server = Server(Lifespan(opening))
    running = asyncio.create_task(server.run())
    failed = await server.tell("lifespan.startup")
    assert failed == {"type": "lifespan.startup.failed", "message": "ConnectionError"}
    with pytest.raises(ConnectionError):
        await running
