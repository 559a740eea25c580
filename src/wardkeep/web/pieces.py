# SPDX-License-Identifier: Apache-2.0
"""Long answers in pieces: what is under way when a session ends or is frozen stops.

An answer was opened at the door before its first byte left, and whoever reads slowly
could draw it out for minutes. So a long one is sent piece by piece, and while it lasts
the warden is asked whether it may go on. What server and kernel hold already cannot be
called back: 10 to 15 MB on one machine, less over a network.
"""

from collections.abc import Awaitable, Callable

from starlette.types import Message, Scope, Send

from wardkeep.base.clock import Clock
from wardkeep.disclosure.answers import Done, Refusal
from wardkeep.disclosure.client import WardenClient
from wardkeep.disclosure.questions import MayGoOn

PIECE_BYTES = 64 * 1024
ASKED_EVERY_SECONDS = 0.25
"""So that an answer stops well within the second in which a freeze takes effect."""
WHOSE = "wardkeep.whose"
"""Where the scope holds the token for which an answer is made."""


class AnswerEndedError(Exception):
    """The session ended, or was frozen, while its answer was under way."""


class Pieces:
    """Sends one answer; `ask` is asked while it lasts."""

    def __init__(
        self, send: Send, *, clock: Clock, ask: Callable[[], Awaitable[bool]]
    ) -> None:
        self._send = send
        self._clock = clock
        self._ask = ask
        self._asked_at = clock.monotonic_seconds()

    async def send(self, message: Message) -> None:
        """As ASGI's `send`.

        Raises:
            AnswerEndedError: it may not go on; what was sent is no whole answer.
        """
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

    async def _go_on(self, message: Message) -> None:
        now = self._clock.monotonic_seconds()
        if now - self._asked_at >= ASKED_EVERY_SECONDS:
            if not await self._ask():
                raise AnswerEndedError
            self._asked_at = self._clock.monotonic_seconds()
        await self._send(message)


def in_pieces(scope: Scope, send: Send, *, warden: WardenClient, clock: Clock) -> Send:
    """A `send` for an answer whose token the scope gets to know until it begins."""

    async def ask() -> bool:
        token = scope.get(WHOSE, "")
        if not token:
            return True
        answer = await warden.ask(MayGoOn(token), Done)
        return not isinstance(answer, Refusal)

    return Pieces(send, clock=clock, ask=ask).send
