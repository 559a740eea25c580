# SPDX-License-Identifier: Apache-2.0
"""Long answers in pieces: what is under way when a session ends or is frozen stops.

An answer was opened at the door before its first byte left, and whoever reads slowly
could draw it out for minutes. So a long one is sent piece by piece, and while it lasts
the warden is asked whether it may go on, also while somebody reads nothing. Where it
may not, its connection is reset, and what server and kernel hold of it goes nowhere. A
proxy in front would hold it all, so it is asked to hold nothing.
"""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Iterable

from starlette.types import Message, Scope, Send

from wardkeep.base.clock import Clock
from wardkeep.disclosure.answers import Done, Refusal
from wardkeep.disclosure.client import (
    UnexpectedAnswerError,
    WardenBusyError,
    WardenClient,
    WardenUnavailableError,
)
from wardkeep.disclosure.questions import MayGoOn
from wardkeep.web.connection import cut_off

PIECE_BYTES = 64 * 1024
ASKED_EVERY_SECONDS = 0.25
"""So that an answer stops well within the second in which a freeze takes effect."""
WHOSE = "wardkeep.whose"
"""Where the scope holds the token for which an answer is made."""
_NO_BUFFERING = (b"x-accel-buffering", b"no")
"""nginx then reads from us no faster than its reader does; others hold little."""

log = logging.getLogger("wardkeep.web")


class AnswerEndedError(Exception):
    """The session ended, or was frozen, while its answer was under way."""


class Pieces:
    """Sends one answer; `ask` is asked while it lasts, `cut` ends its connection."""

    def __init__(
        self,
        send: Send,
        *,
        clock: Clock,
        ask: Callable[[], Awaitable[bool]],
        cut: Callable[[], object],
    ) -> None:
        self._send = send
        self._clock = clock
        self._ask = ask
        self._cut = cut
        self._asked_at = clock.monotonic_seconds()

    async def send(self, message: Message) -> None:
        """As ASGI's `send`.

        Raises:
            AnswerEndedError: it may not go on; what was sent is no whole answer.
        """
        if message["type"] == "http.response.start":
            message = self._begin(message)
        body = message.get("body", b"")
        if len(body) <= PIECE_BYTES:
            await self._go_on(message)
            return
        is_more = message.get("more_body", False)
        for start in range(0, len(body), PIECE_BYTES):
            piece = body[start : start + PIECE_BYTES]
            is_last = start + PIECE_BYTES >= len(body)
            await self._go_on(
                {**message, "body": piece, "more_body": is_more or not is_last}
            )

    def _begin(self, start: Message) -> Message:
        """The answer's start, once it is known what kind of answer it is."""
        headers: list[tuple[bytes, bytes]] = list(start.get("headers", ()))
        if _NO_BUFFERING in headers:
            # A live page's: it holds next to nothing, and over HTTP/2 the answers of
            # other pages leave beside it.
            self._cut = _leave_be
            return start
        if _length_in(headers) <= PIECE_BYTES:
            return start
        return {**start, "headers": [*headers, _NO_BUFFERING]}

    async def _go_on(self, message: Message) -> None:
        now = self._clock.monotonic_seconds()
        if now - self._asked_at >= ASKED_EVERY_SECONDS:
            if not await self._ask():
                self._cut()
                raise AnswerEndedError
            self._asked_at = self._clock.monotonic_seconds()
        watch = _Watch(self._ask, self._cut)
        try:
            async with watch.limit:
                await self._send(message)
        except TimeoutError:
            if not watch.has_ended:
                raise
        finally:
            watch.leave()
        if watch.has_ended:
            raise AnswerEndedError


class _Watch:
    """Asks on while one piece waits for its reader, and ends the wait."""

    def __init__(
        self, ask: Callable[[], Awaitable[bool]], cut: Callable[[], object]
    ) -> None:
        self.limit = asyncio.timeout(None)
        self.has_ended = False
        self._ask = ask
        self._cut = cut
        self._loop = asyncio.get_running_loop()
        self._asking: asyncio.Task[None] | None = None
        # Nearly every piece is gone before; the task is made for one that is not.
        self._begins = self._loop.call_later(ASKED_EVERY_SECONDS, self._begin)

    def leave(self) -> None:
        """The piece is gone, or nobody waits for it any more."""
        self._begins.cancel()
        if self._asking is not None:
            self._asking.cancel()

    def _begin(self) -> None:
        self._asking = self._loop.create_task(self._keep_asking())

    async def _until_refused(self) -> None:
        while True:
            if not await self._ask():
                return
            await asyncio.sleep(ASKED_EVERY_SECONDS)

    async def _keep_asking(self) -> None:
        try:
            await self._until_refused()
        except (UnexpectedAnswerError, WardenBusyError, WardenUnavailableError):
            # Where the warden does not say, nothing goes on; it did not refuse either.
            log.info("an answer ends, for the warden does not say that it may go on")
        else:
            self._cut()
        self.has_ended = True
        self.limit.reschedule(self._loop.time())


def _leave_be() -> None:
    """What the end of a live page's stream does to its connection."""


def _length_in(headers: Iterable[tuple[bytes, bytes]]) -> float:
    """How long the answer will be; endless where its start does not say."""
    said = [int(value) for name, value in headers if name == b"content-length"]
    return said[0] if said else math.inf


def in_pieces(scope: Scope, send: Send, *, warden: WardenClient, clock: Clock) -> Send:
    """A `send` for an answer whose token the scope gets to know until it begins."""

    async def ask() -> bool:
        token = scope.get(WHOSE, "")
        if not token:
            return True
        answer = await warden.ask(MayGoOn(token), Done)
        return not isinstance(answer, Refusal)

    def cut() -> None:
        if not cut_off(scope):
            log.info("the connection of an ended answer was gone")

    return Pieces(send, clock=clock, ask=ask, cut=cut).send
