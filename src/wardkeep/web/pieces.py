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
from collections.abc import Awaitable, Callable, Iterable, Iterator

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
        self._is_live = self._is_long = False

    async def send(self, message: Message) -> None:
        """As ASGI's `send`.

        Raises:
            AnswerEndedError: it may not go on; what was sent is no whole answer.
        """
        if message["type"] == "http.response.start":
            await self._go_on(self._begin(message))
        elif self._is_live or (_is_alone(message) and not self._is_long):
            # Nothing of it waits for a reader.
            await self._go_on(message)
        else:
            self._is_long = True
            await self._watched(message)

    async def _watched(self, message: Message) -> None:
        watch = _Watch(self._ask, self._cut)
        try:
            async with watch.limit:
                for piece in _pieces_of(message):
                    await self._go_on(piece)
                    watch.moves()
        except TimeoutError:
            if not watch.has_ended:
                raise
        finally:
            watch.leave()
        if watch.has_ended:
            raise AnswerEndedError

    def _begin(self, start: Message) -> Message:
        """The answer's start, once it is known what kind of answer it is."""
        headers: list[tuple[bytes, bytes]] = list(start.get("headers", ()))
        self._is_live = _NO_BUFFERING in headers
        if self._is_live:
            return start
        if _length_in(headers) <= PIECE_BYTES:
            return start
        return {**start, "headers": [*headers, _NO_BUFFERING]}

    async def _go_on(self, message: Message) -> None:
        now = self._clock.monotonic_seconds()
        if now - self._asked_at >= ASKED_EVERY_SECONDS:
            if not await self._ask():
                # A live page's stream holds next to nothing, and over HTTP/2 answers
                # of other pages leave beside it.
                if not self._is_live:
                    self._cut()
                raise AnswerEndedError
            self._asked_at = self._clock.monotonic_seconds()
        await self._send(message)


class _Watch:
    """Asks while a piece waits for its reader, and ends the wait."""

    def __init__(
        self, ask: Callable[[], Awaitable[bool]], cut: Callable[[], object]
    ) -> None:
        self.limit = asyncio.timeout(None)
        self.has_ended = False
        self._ask = ask
        self._cut = cut
        self._loop = asyncio.get_running_loop()
        self._moved_at = self._loop.time()
        self._timer = self._loop.call_later(ASKED_EVERY_SECONDS, self._look)
        self._asking: asyncio.Task[None] | None = None

    def moves(self) -> None:
        """A piece was taken."""
        self._moved_at = self._loop.time()

    def leave(self) -> None:
        """Nothing waits any more."""
        self._timer.cancel()
        if self._asking is not None:
            self._asking.cancel()

    def _look(self) -> None:
        waits = self._loop.time() - self._moved_at
        if waits >= ASKED_EVERY_SECONDS:
            self._asking = self._loop.create_task(self._ask_once())
        else:
            rest = ASKED_EVERY_SECONDS - waits
            self._timer = self._loop.call_later(rest, self._look)

    async def _ask_once(self) -> None:
        try:
            if await self._ask():
                self._timer = self._loop.call_later(ASKED_EVERY_SECONDS, self._look)
                return
        except (UnexpectedAnswerError, WardenBusyError, WardenUnavailableError):
            # Where the warden does not say, nothing goes on; it did not refuse either.
            log.info("an answer ends, for the warden does not say that it may go on")
        else:
            self._cut()
        self._end()

    def _end(self) -> None:
        self.has_ended = True
        self.limit.reschedule(self._loop.time())


def _is_alone(message: Message) -> bool:
    """Whether it may be the whole of a short answer."""
    is_last = not message.get("more_body", False)
    return is_last and len(message.get("body", b"")) <= PIECE_BYTES


def _pieces_of(message: Message) -> Iterator[Message]:
    body = message.get("body", b"")
    if len(body) <= PIECE_BYTES:
        yield message
        return
    is_more = message.get("more_body", False)
    for start in range(0, len(body), PIECE_BYTES):
        piece = body[start : start + PIECE_BYTES]
        is_last = start + PIECE_BYTES >= len(body)
        yield {**message, "body": piece, "more_body": is_more or not is_last}


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
