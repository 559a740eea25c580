# SPDX-License-Identifier: Apache-2.0
"""The warden's socket: what a hostile, greedy or slow peer gets."""

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from support.waiting import GIVE_UP_SECONDS, until
from wardkeep.disclosure.answers import Answer, Done, Refusal, Tokens, Welcome
from wardkeep.disclosure.message import MAX_FRAME_BYTES, PROTOCOL
from wardkeep.disclosure.questions import AskHealth, CheckSession, Hello, Question
from wardkeep.disclosure.wire import (
    HEADER,
    FrameReader,
    answer_decoder,
    door_decoder,
    frame,
)
from wardkeep.warden.service import socket as warden_socket
from wardkeep.warden.service.socket import MAX_IN_FLIGHT, Listener

Reply = Callable[[Answer], None]
HELLO = frame(1, Hello(PROTOCOL, "test"))


class Desk:
    """Keeps the questions until the test answers them."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "door.sock"
        self.held: list[Reply] = []
        self.answers_at_once: Answer | None = None

    def take(self, _question: Question, reply: Reply) -> None:
        if self.answers_at_once is None:
            self.held.append(reply)
        else:
            reply(self.answers_at_once)

    def answer_all(self) -> None:
        held, self.held = self.held, []
        for reply in held:
            reply(Done())


class Peer:
    """The other side, byte by byte."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._reader, self._writer = reader, writer
        self._frames = FrameReader()
        self._ready: list[tuple[int, bytes]] = []

    def send(self, raw: bytes) -> None:
        self._writer.write(raw)

    async def answer(self) -> tuple[int, Answer]:
        while not self._ready:
            chunk = await self._reader.read(65536)
            assert chunk, "the warden hung up"
            self._ready += self._frames.feed(chunk)
        number, body = self._ready.pop(0)
        return number, answer_decoder.decode(body)

    async def is_hung_up_on(self) -> bool:
        with contextlib.suppress(ConnectionError):
            async with asyncio.timeout(GIVE_UP_SECONDS):
                while await self._reader.read(65536):
                    pass
        return True

    async def leave(self) -> None:
        self._writer.close()
        with contextlib.suppress(ConnectionError):
            await self._writer.wait_closed()


@contextlib.asynccontextmanager
async def listening(
    desk: Desk, *, only_user: int | None = None
) -> AsyncIterator[Listener]:
    listener = Listener(decoder=door_decoder, answerer=desk.take, only_user=only_user)
    await listener.listen(desk.path, mode=0o600)
    try:
        yield listener
    finally:
        await listener.close()
        await asyncio.sleep(0)


@contextlib.asynccontextmanager
async def visiting(desk: Desk, *, greets: bool = True) -> AsyncIterator[Peer]:
    peer = Peer(*await asyncio.open_unix_connection(desk.path))
    try:
        if greets:
            peer.send(HELLO)
            number, welcome = await peer.answer()
            assert number == 1
            assert isinstance(welcome, Welcome)
        yield peer
    finally:
        await peer.leave()


def is_not_understood(answer: Answer) -> bool:
    return isinstance(answer, Refusal) and answer.code == "not-understood"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


async def test_nothing_is_answered_before_a_greeting(desk: Desk) -> None:
    async with listening(desk), visiting(desk, greets=False) as peer:
        peer.send(frame(7, AskHealth()))
        number, answer = await peer.answer()
        assert number == 7
        assert is_not_understood(answer)
        assert desk.held == []


async def test_another_protocol_is_not_greeted_back(desk: Desk) -> None:
    async with listening(desk), visiting(desk, greets=False) as peer:
        peer.send(frame(1, Hello(PROTOCOL + 1, "test")))
        assert is_not_understood((await peer.answer())[1])
        peer.send(frame(2, AskHealth()))
        assert is_not_understood((await peer.answer())[1])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xc1",
        b"\x91\xa4Open",
        b"\x92\xacCheckSession\xa2\xff\xfe",
        b"\x93\xa9AskHealth\x01" + b"\x91" * 100_000 + b"\xc0",
    ],
    ids=["nothing", "no MessagePack", "no such question", "no UTF-8", "deep nesting"],
)
async def test_bytes_that_are_no_question_cost_nobody_the_connection(
    desk: Desk, body: bytes
) -> None:
    async with listening(desk), visiting(desk) as peer:
        peer.send(HEADER.pack(len(body) + 4, 5) + body)
        number, answer = await peer.answer()
        assert number == 5
        assert is_not_understood(answer)
        desk.answers_at_once = Done()
        peer.send(frame(6, AskHealth()))
        assert await peer.answer() == (6, Done())


@pytest.mark.parametrize("length", [0, 3, MAX_FRAME_BYTES + 1, 0xFFFFFFFF])
async def test_a_frame_of_no_possible_length_ends_the_connection(
    desk: Desk, length: int
) -> None:
    async with listening(desk), visiting(desk) as peer, visiting(desk) as other:
        peer.send(HEADER.pack(length, 2))
        assert await peer.is_hung_up_on()
        desk.answers_at_once = Done()
        other.send(frame(3, AskHealth()))
        assert await other.answer() == (3, Done())


async def test_connections_beyond_the_most_are_hung_up_on(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warden_socket, "MAX_CONNECTIONS", 2)
    async with listening(desk) as listener, visiting(desk) as first:
        async with visiting(desk):
            third = Peer(*await asyncio.open_unix_connection(desk.path))
            assert await third.is_hung_up_on()
            await third.leave()
        await until(lambda: len(listener._talks) == 1)
        desk.answers_at_once = Done()
        async with visiting(desk) as next_one:
            for peer in (first, next_one):
                peer.send(frame(2, AskHealth()))
                assert await peer.answer() == (2, Done())


async def test_a_flood_in_one_breath_is_told_busy_and_reading_stops_until_half_left(
    desk: Desk,
) -> None:
    flood = b"".join(frame(n, CheckSession("")) for n in range(2, 5002))
    async with listening(desk) as listener, visiting(desk) as peer:
        [talk] = listener._talks
        talk.data_received(flood)
        assert len(desk.held) == 2 * MAX_IN_FLIGHT
        busy = [await peer.answer() for _ in range(5000 - 2 * MAX_IN_FLIGHT)]
        assert {answer.code for _, answer in busy if isinstance(answer, Refusal)} == {
            "busy"
        }
        peer.send(frame(9000, AskHealth()))
        first, desk.held = desk.held[:3000], desk.held[3000:]
        for reply in first:
            reply(Done())
        done = [await peer.answer() for _ in range(3000)]
        assert all(answer == Done() for _, answer in done)
        assert talk._is_paused
        assert len(desk.held) == 2 * MAX_IN_FLIGHT - 3000
        held = len(desk.held)
        desk.held.pop()(Done())
        for _ in range(held - MAX_IN_FLIGHT // 2):
            desk.held.pop()(Done())
        left = len(desk.held)
        await until(lambda: len(desk.held) == left + 1)
        assert not talk._is_paused


async def test_a_peer_that_reads_no_answers_is_asked_no_more(desk: Desk) -> None:
    """Else its answers would pile up in the warden's memory."""
    desk.answers_at_once = Tokens(tuple(range(2**40, 2**40 + 20_000)))
    async with listening(desk) as listener:
        quiet = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        with quiet:
            quiet.connect(str(desk.path))
            quiet.sendall(HELLO)
            await until(lambda: bool(listener._talks))
            [talk] = listener._talks
            for number in range(2, 7):
                quiet.sendall(frame(number, AskHealth()))
            await until(lambda: talk._is_paused)
            waiting = talk._transport.get_write_buffer_size()
            quiet.sendall(frame(7, AskHealth()) * 100)
            for _ in range(20):
                await asyncio.sleep(0)
            assert talk._transport.get_write_buffer_size() == waiting
            quiet.settimeout(0)
            reader, writer = await asyncio.open_unix_connection(sock=quiet)
            peer = Peer(reader, writer)
            answers = [await peer.answer() for _ in range(106)]
            assert all(answer == desk.answers_at_once for _, answer in answers[1:])
            await peer.leave()


async def test_answers_to_a_peer_that_left_go_nowhere(desk: Desk) -> None:
    troubles: list[object] = []
    asyncio.get_running_loop().set_exception_handler(
        lambda _loop, context: troubles.append(context)
    )
    async with listening(desk) as listener:
        async with visiting(desk) as peer:
            for number in range(MAX_IN_FLIGHT + 1):
                peer.send(frame(number, AskHealth()))
            await until(lambda: len(desk.held) >= MAX_IN_FLIGHT)
            last = desk.held.pop()
            last(Done())
            await listener.close()
            assert await peer.is_hung_up_on()
        desk.answer_all()
        await until(lambda: not listener._talks)
    assert troubles == []


async def test_a_socket_file_of_a_killed_process_is_replaced(desk: Desk) -> None:
    desk.path.write_bytes(b"")
    async with listening(desk), visiting(desk):
        assert desk.path.stat().st_mode & 0o777 == 0o600


async def test_closing_what_never_listened_is_nothing(desk: Desk) -> None:
    listener = Listener(decoder=door_decoder, answerer=desk.take, only_user=None)
    await listener.close()
    assert not desk.path.exists()


async def test_the_operators_socket_takes_its_own_user(desk: Desk) -> None:
    desk.answers_at_once = Done()
    async with listening(desk, only_user=os.geteuid()), visiting(desk) as peer:
        peer.send(frame(2, AskHealth()))
        assert await peer.answer() == (2, Done())


class _Nameless(asyncio.Transport):
    """A connection of which the kernel does not say whose it is."""

    def get_extra_info(self, name: str, default: object = None) -> object:
        del name
        return default


@pytest.mark.parametrize("user", [None, 12345])
async def test_another_user_or_one_unknown_is_not_admitted(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, user: int | None
) -> None:
    """Another user cannot be had in a test; the kernel's word is put in its mouth."""
    if user is None:
        assert warden_socket._peer_user(_Nameless()) is None
    monkeypatch.setattr(warden_socket, "_peer_user", lambda _transport: user)
    async with listening(desk, only_user=os.geteuid()):
        stranger = Peer(*await asyncio.open_unix_connection(desk.path))
        assert await stranger.is_hung_up_on()
        await stranger.leave()
