# SPDX-License-Identifier: Apache-2.0
"""The outermost shell: opens what the process needs, then serves, then closes it."""

import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack

from starlette.types import ASGIApp, Receive, Scope, Send

from wardkeep.base.garbage import settle

log = logging.getLogger("wardkeep.web")

Opening = Callable[[], AbstractAsyncContextManager[ASGIApp]]
"""Opens connections, gives the application, and closes them when it is left."""


class NotOpenError(Exception):
    """A request came before the server said that it starts."""


class Lifespan:
    """An ASGI application that is put together when its server starts."""

    def __init__(self, opening: Opening) -> None:
        self._opening = opening
        self._inside: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif self._inside is None:
            raise NotOpenError
        else:
            await self._inside(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        async with AsyncExitStack() as stack:
            try:
                self._inside = await stack.enter_async_context(self._opening())
            except Exception as error:
                log.exception("the web process cannot start")
                kind = type(error).__name__
                await send({"type": "lifespan.startup.failed", "message": kind})
                raise
            settle()
            await send({"type": "lifespan.startup.complete"})
            await receive()
        self._inside = None
        await send({"type": "lifespan.shutdown.complete"})
