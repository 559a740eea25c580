# SPDX-License-Identifier: Apache-2.0
"""A unix socket that takes framed questions and gives framed answers.

Limits: a frame's size, the connections, the questions that one connection may have
in flight (reading stops until answers leave, and while the peer does not read them),
and a greeting before anything else.
"""

import asyncio
import os
import socket
import struct
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import cast

import msgspec

from wardkeep import __version__
from wardkeep.disclosure.answers import Answer, Welcome
from wardkeep.disclosure.message import PROTOCOL
from wardkeep.disclosure.questions import Hello, Question
from wardkeep.disclosure.wire import (
    UNREADABLE,
    FrameReader,
    FrameTooLargeError,
    frame,
)
from wardkeep.warden.service.said import BUSY, NOT_UNDERSTOOD

MAX_CONNECTIONS = 256
MAX_IN_FLIGHT = 2048
_PEER_CREDENTIALS = struct.Struct("3i")

Answerer = Callable[[Question, Callable[[Answer], None]], None]
Decoder = msgspec.msgpack.Decoder[Question]


class _Talk(asyncio.Protocol):
    """One connection."""

    _transport: asyncio.Transport

    def __init__(self, listener: "Listener") -> None:
        self._listener = listener
        self._reader = FrameReader()
        self._is_greeted = False
        self._is_paused = False
        self._is_peer_slow = False
        self._in_flight = 0
        self._outgoing: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no instances of asyncio's class, only like it.
        self._transport = cast("asyncio.Transport", transport)
        if not self._listener.admit(self, self._transport):
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._listener.leave(self)

    def pause_writing(self) -> None:
        """The peer does not read its answers: take no more questions from it."""
        self._is_peer_slow = True
        self._regulate()

    def resume_writing(self) -> None:
        self._is_peer_slow = False
        self._regulate()

    def data_received(self, data: bytes) -> None:
        try:
            frames = self._reader.feed(data)
        except FrameTooLargeError:
            self.hang_up()
            return
        for number, body in frames:
            self._take(number, body)

    def _take(self, number: int, body: bytes) -> None:
        try:
            question = self._listener.decoder.decode(body)
        except UNREADABLE:
            self._send(number, NOT_UNDERSTOOD)
            return
        if isinstance(question, Hello):
            self._greet(number, question)
        elif not self._is_greeted:
            self._send(number, NOT_UNDERSTOOD)
        elif self._in_flight >= MAX_IN_FLIGHT * 2:
            self._send(number, BUSY)
        else:
            self._ask(number, question)

    def _ask(self, number: int, question: Question) -> None:
        self._in_flight += 1
        if self._in_flight >= MAX_IN_FLIGHT:
            self._regulate()
        self._listener.answerer(question, partial(self._reply, number))

    def _reply(self, number: int, answer: Answer) -> None:
        self._in_flight -= 1
        self._send(number, answer)
        if self._is_paused:
            self._regulate()

    def _regulate(self) -> None:
        """Stop reading, or read on: not before half of what is in flight has left."""
        most = MAX_IN_FLIGHT // 2 if self._is_paused else MAX_IN_FLIGHT
        is_full = self._is_peer_slow or self._in_flight >= most
        if is_full is self._is_paused or self._transport.is_closing():
            return
        self._is_paused = is_full
        if is_full:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    def _greet(self, number: int, hello: Hello) -> None:
        if hello.protocol != PROTOCOL:
            self._send(number, NOT_UNDERSTOOD)
            return
        self._is_greeted = True
        self._send(number, Welcome(protocol=PROTOCOL, software=__version__))

    def _send(self, number: int, answer: Answer) -> None:
        if self._transport.is_closing():
            return
        if not self._outgoing:
            asyncio.get_running_loop().call_soon(self._flush)
        self._outgoing.append(frame(number, answer))

    def _flush(self) -> None:
        outgoing, self._outgoing = self._outgoing, []
        if not self._transport.is_closing():
            self._transport.write(b"".join(outgoing))

    def hang_up(self) -> None:
        self._transport.abort()


class Listener:
    """A listening socket and its connections."""

    def __init__(
        self, *, decoder: Decoder, answerer: Answerer, only_user: int | None
    ) -> None:
        """`only_user`: the OS user id that may connect (root always may)."""
        self.decoder = decoder
        self.answerer = answerer
        self._only_user = only_user
        self._talks: set[_Talk] = set()
        self._server: asyncio.Server | None = None

    async def listen(self, path: Path, *, mode: int) -> None:
        """Take questions at `path`; a stale socket file there is replaced."""
        loop = asyncio.get_running_loop()
        _remove_stale(path)
        self._server = await loop.create_unix_server(lambda: _Talk(self), str(path))
        _set_mode(path, mode)

    def admit(self, talk: _Talk, transport: asyncio.Transport) -> bool:
        if len(self._talks) >= MAX_CONNECTIONS:
            return False
        if self._only_user is not None:
            user = _peer_user(transport)
            if user not in (0, self._only_user):
                return False
        self._talks.add(talk)
        return True

    def leave(self, talk: _Talk) -> None:
        self._talks.discard(talk)

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        for talk in list(self._talks):
            talk.hang_up()


def _remove_stale(path: Path) -> None:
    """A socket file outlives a process that was killed."""
    path.unlink(missing_ok=True)


def _set_mode(path: Path, mode: int) -> None:
    path.chmod(mode)


def _peer_user(transport: asyncio.Transport) -> int | None:
    """The other side's OS user id, as the kernel knows it; None where it cannot say."""
    peer = transport.get_extra_info("socket")
    if peer is None or not hasattr(socket, "SO_PEERCRED"):
        return None
    # uvloop hands out a socket that cannot be asked: a duplicate of it can.
    with socket.socket(fileno=os.dup(peer.fileno())) as twin:
        raw = twin.getsockopt(
            socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER_CREDENTIALS.size
        )
    user: int = _PEER_CREDENTIALS.unpack(raw)[1]
    return user
