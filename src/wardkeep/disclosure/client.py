# SPDX-License-Identifier: Apache-2.0
"""The asking side of the warden's socket: one connection, many questions in flight."""

import asyncio
from pathlib import Path
from typing import NamedTuple, TypeVar, cast

from wardkeep.disclosure.answers import Answer, Grant, Refusal, Welcome
from wardkeep.disclosure.message import PROTOCOL
from wardkeep.disclosure.purpose import Action, Purpose
from wardkeep.disclosure.questions import (
    Disclose,
    ForWork,
    Hello,
    Item,
    Question,
    SaidTie,
)
from wardkeep.disclosure.sealed import OpenGrant
from wardkeep.disclosure.wire import (
    UNREADABLE,
    FrameReader,
    FrameTooLargeError,
    answer_decoder,
    frame,
)

MAX_IN_FLIGHT = 1024
ANSWER_SECONDS = 10.0

A = TypeVar("A", bound=Answer)


class WardenUnavailableError(Exception):
    """The warden does not answer just now; what was asked may be asked again."""


class WardenBusyError(Exception):
    """Too many questions are waiting already; ask again in a second."""


class UnexpectedAnswerError(Exception):
    """The warden answered with a message of the wrong kind: two versions apart."""


class _Waiting(NamedTuple):
    """Who waits for an answer, and until when (by the loop's clock)."""

    future: asyncio.Future[Answer]
    until: float

    def give_up(self) -> None:
        if not self.future.done():
            self.future.set_exception(WardenUnavailableError())


class _Wire(asyncio.Protocol):
    """Pairs answers with questions on one connection."""

    _transport: asyncio.Transport

    def __init__(self) -> None:
        self._reader = FrameReader()
        self._waiting: dict[int, _Waiting] = {}
        self._next_number = 0
        self._outgoing: list[bytes] = []

    @property
    def is_open(self) -> bool:
        return not self._transport.is_closing()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no instances of asyncio's class, only like it.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        try:
            frames = self._reader.feed(data)
            for number, body in frames:
                # Decoded first: if that fails, its asker is among those who are told.
                answer = answer_decoder.decode(body)
                waiting = self._waiting.pop(number, None)
                if waiting is not None and not waiting.future.done():
                    waiting.future.set_result(answer)
        except (FrameTooLargeError, *UNREADABLE):
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        for waiting in self._waiting.values():
            waiting.give_up()
        self._waiting.clear()

    def ask(self, question: Question) -> asyncio.Future[Answer]:
        if len(self._waiting) >= MAX_IN_FLIGHT:
            raise WardenBusyError
        if not self.is_open:
            raise WardenUnavailableError
        loop = asyncio.get_running_loop()
        number = self._next_number = (self._next_number + 1) & 0xFFFFFFFF
        waiting: asyncio.Future[Answer] = loop.create_future()
        if not self._waiting:
            # One timer for all that wait: one for each costs more than asking.
            loop.call_later(ANSWER_SECONDS, self._give_up_overdue)
        self._waiting[number] = _Waiting(waiting, loop.time() + ANSWER_SECONDS)
        # Questions of one turn of the loop leave in one write: the warden answers
        # them with one flush of the ledger.
        if not self._outgoing:
            loop.call_soon(self._flush)
        self._outgoing.append(frame(number, question))
        return waiting

    def _give_up_overdue(self) -> None:
        """Fail what has waited too long: the dictionary is in the order of asking."""
        loop = asyncio.get_running_loop()
        for number, waiting in list(self._waiting.items()):
            if waiting.until > loop.time():
                loop.call_at(waiting.until, self._give_up_overdue)
                return
            del self._waiting[number]
            waiting.give_up()

    def _flush(self) -> None:
        outgoing, self._outgoing = self._outgoing, []
        if self.is_open:
            self._transport.write(b"".join(outgoing))

    def close(self) -> None:
        self._transport.abort()


class WardenClient:
    """Asks the warden; connects when first needed and again when it was lost."""

    def __init__(self, socket: Path, *, asker: str) -> None:
        self._socket = socket
        self._asker = asker
        self._wire: _Wire | None = None
        self._connecting = asyncio.Lock()

    async def ask(self, question: Question, answer: type[A]) -> A | Refusal:
        """Ask; give the answer of the kind named, or the refusal.

        Raises:
            WardenUnavailableError: no connection, or no answer in ten seconds.
            WardenBusyError: 1,024 questions are waiting already.
            UnexpectedAnswerError: the answer is of another kind.
        """
        given = await self.ask_any(question)
        # One at a time: to make a union of two types costs a microsecond.
        if isinstance(given, answer):
            return given
        if isinstance(given, Refusal):
            return given
        raise UnexpectedAnswerError(type(given).__name__)

    async def ask_any(self, question: Question) -> Answer:
        """Ask; give whatever the answer is. Raises as `ask` does."""
        wire = self._wire
        if wire is None or not wire.is_open:
            wire = await self._connect()
        return await wire.ask(question)

    async def disclose(  # noqa: PLR0913 - what a disclosure is, each part named
        self,
        session: str,
        *,
        purpose: Purpose,
        reason: str,
        action: Action,
        items: tuple[Item, ...],
        request: str = "",
        ties: tuple[SaidTie, ...] | None = None,
        change: str = "",
    ) -> OpenGrant | Refusal:
        """The one door: the keys to exactly these items, once that is in the ledger.

        `ties` are what the items explain once they are written; None where resources
        of their kinds never explain anything. `change` is the name by which they are
        taken back where the write comes to nothing.
        """
        asked = Disclose(session, purpose, reason, action, items, request)
        question = asked if ties is None else ForWork(asked, ties, change)
        given = await self.ask(question, Grant)
        return given if isinstance(given, Refusal) else OpenGrant(given, items)

    async def _connect(self) -> _Wire:
        async with self._connecting:
            if self._wire is not None and self._wire.is_open:
                return self._wire
            loop = asyncio.get_running_loop()
            try:
                _, wire = await loop.create_unix_connection(_Wire, str(self._socket))
            except OSError:
                raise WardenUnavailableError from None
            try:
                await self._greet(wire)
            except BaseException:
                wire.close()
                raise
            self._wire = wire
            return wire

    async def _greet(self, wire: _Wire) -> None:
        welcome = await wire.ask(Hello(PROTOCOL, self._asker))
        if not isinstance(welcome, Welcome):
            raise WardenUnavailableError

    async def close(self) -> None:
        if self._wire is not None:
            self._wire.close()
            self._wire = None
