# SPDX-License-Identifier: Apache-2.0
"""The asking side: a warden that is gone, silent, confused or hostile."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from support.scripted_warden import scripted_warden
from support.waiting import until
from wardkeep.disclosure import client as client_module
from wardkeep.disclosure.answers import (
    Answer,
    Done,
    Grant,
    Health,
    Refusal,
    SessionView,
    Tokens,
    Welcome,
)
from wardkeep.disclosure.client import (
    MAX_IN_FLIGHT,
    UnexpectedAnswerError,
    WardenBusyError,
    WardenClient,
    WardenUnavailableError,
)
from wardkeep.disclosure.message import MAX_FRAME_BYTES, PROTOCOL
from wardkeep.disclosure.purpose import Action, Purpose, Tier
from wardkeep.disclosure.questions import (
    AskHealth,
    CheckSession,
    ComputeTokens,
    Hello,
    Item,
)
from wardkeep.disclosure.sealed import OpenGrant
from wardkeep.disclosure.wire import HEADER, FrameReader, door_decoder, frame

NO = Refusal(code="not-understood", why="", mend="")
WELCOME = Welcome(PROTOCOL, "test")
Talk = Callable[["Talker", int, bytes], None]


class Talker(asyncio.Protocol):
    """A warden of the test's own: says at each question what it is told to."""

    def __init__(self, says: Talk) -> None:
        self.says = says
        self.transport = asyncio.Transport()
        self._frames = FrameReader()
        self.is_left = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self.is_left = True

    def data_received(self, data: bytes) -> None:
        for number, body in self._frames.feed(data):
            if isinstance(door_decoder.decode(body), Hello):
                self.answer(number, WELCOME)
            else:
                self.says(self, number, body)

    def answer(self, number: int, answer: Answer) -> None:
        self.transport.write(frame(number, answer))


@contextlib.asynccontextmanager
async def warden_that(
    folder: Path, says: Talk
) -> AsyncIterator[tuple[WardenClient, list[Talker]]]:
    talkers: list[Talker] = []

    def connected() -> Talker:
        talkers.append(Talker(says))
        return talkers[-1]

    path = folder / "door.sock"
    server = await asyncio.get_running_loop().create_unix_server(connected, path)
    client = WardenClient(path, asker="test")
    try:
        yield client, talkers
    finally:
        await client.close()
        for talker in talkers:
            talker.transport.abort()
        server.close()
        await asyncio.sleep(0)


def says_nothing(talker: Talker, number: int, body: bytes) -> None:
    del talker, number, body


def says_done(talker: Talker, number: int, body: bytes) -> None:
    del body
    talker.answer(number, Done())


async def test_a_warden_that_does_not_answer_is_unavailable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "ANSWER_SECONDS", 0.05)
    async with warden_that(tmp_path, says_nothing) as (client, _):
        with pytest.raises(WardenUnavailableError):
            await client.ask(AskHealth(), Health)


async def test_a_warden_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    client = WardenClient(tmp_path / "nobody.sock", asker="test")
    with pytest.raises(WardenUnavailableError):
        await client.ask(AskHealth(), Health)
    await client.close()


async def test_an_answer_that_comes_too_late_is_given_to_nobody_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    late: list[int] = []

    def says(talker: Talker, number: int, body: bytes) -> None:
        del body
        if not late:
            late.append(number)
            return
        talker.answer(late[0], Tokens((1,)))
        talker.answer(late[0], Tokens((2,)))
        talker.answer(0xFFFF, Tokens((3,)))
        talker.answer(number, Tokens((4,)))

    monkeypatch.setattr(client_module, "ANSWER_SECONDS", 0.05)
    async with warden_that(tmp_path, says) as (client, talkers):
        question = ComputeTokens("s", (b"v",))
        with pytest.raises(WardenUnavailableError):
            await client.ask(question, Tokens)
        monkeypatch.setattr(client_module, "ANSWER_SECONDS", 20)
        assert await client.ask(question, Tokens) == Tokens((4,))
        assert len(talkers) == 1


async def test_a_warden_that_never_greets_back_is_unavailable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "ANSWER_SECONDS", 0.05)
    async with warden_that(tmp_path, says_nothing) as (client, talkers):
        monkeypatch.setattr(Talker, "data_received", lambda _self, _data: None)
        with pytest.raises(WardenUnavailableError):
            await client.ask(AskHealth(), Health)
        await until(lambda: talkers[0].is_left)


async def test_a_warden_of_another_protocol_is_unavailable_until_it_is_changed(
    tmp_path: Path,
) -> None:
    async with scripted_warden(tmp_path) as (warden, client):
        warden.when(Hello, NO)
        with pytest.raises(WardenUnavailableError):
            await client.ask(CheckSession("rowan-token"), SessionView)
        warden.when(Hello, WELCOME)
        given = await client.ask(CheckSession("rowan-token"), SessionView)
        assert isinstance(given, SessionView)


async def test_an_answer_of_another_kind_is_not_taken_for_the_one_asked_for(
    tmp_path: Path,
) -> None:
    async with warden_that(tmp_path, says_done) as (client, _):
        with pytest.raises(UnexpectedAnswerError, match="Done"):
            await client.ask(AskHealth(), Health)


@pytest.mark.parametrize(
    "raw",
    [
        HEADER.pack(MAX_FRAME_BYTES + 1, 2),
        HEADER.pack(5, 2) + b"\xc1",
        HEADER.pack(9, 2) + b"\x91\xa3Odd",
        HEADER.pack(15, 2) + b"\x92\xa7Created\xa1\xff",
    ],
    ids=["too large", "no MessagePack", "no answer", "no UTF-8"],
)
async def test_bytes_that_are_no_answer_end_the_connection_and_the_next_is_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, raw: bytes
) -> None:
    """At once: whoever waits for the answer does not wait until it is overdue."""
    monkeypatch.setattr(client_module, "ANSWER_SECONDS", 3600)
    async with (
        asyncio.timeout(20),
        warden_that(
            tmp_path, lambda talker, _number, _body: talker.transport.write(raw)
        ) as (client, talkers),
    ):
        with pytest.raises(WardenUnavailableError):
            await client.ask(AskHealth(), Done)
        for talker in talkers:
            talker.says = says_done
        with pytest.raises(WardenUnavailableError):
            await client.ask(AskHealth(), Done)
        assert len(talkers) == 2


async def test_a_warden_that_hangs_up_is_told_to_everyone_who_waits(
    tmp_path: Path,
) -> None:
    def says(talker: Talker, number: int, body: bytes) -> None:
        del body
        if number > 3:
            talker.transport.abort()

    async with warden_that(tmp_path, says) as (client, _):
        asked = [asyncio.create_task(client.ask(AskHealth(), Done)) for _ in range(4)]
        gone = asked[1]
        await asyncio.sleep(0)
        gone.cancel()
        told = await asyncio.gather(*asked, return_exceptions=True)
        assert isinstance(told.pop(1), asyncio.CancelledError)
        assert {type(one) for one in told} == {WardenUnavailableError}


async def test_someone_who_stopped_waiting_does_not_stop_the_others(
    tmp_path: Path,
) -> None:
    """A lost connection is told to those who still wait, and to nobody twice."""
    async with warden_that(tmp_path, says_nothing) as (client, talkers):
        first = asyncio.create_task(client.ask(AskHealth(), Done))
        second = asyncio.create_task(client.ask(AskHealth(), Done))
        wire = await _connected(client)
        await until(lambda: len(wire._waiting) == 2)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        talkers[0].transport.abort()
        with pytest.raises(WardenUnavailableError):
            await second
        assert wire._waiting == {}


async def _connected(client: WardenClient) -> client_module._Wire:
    await until(lambda: client._wire)
    assert client._wire is not None
    return client._wire


async def test_more_questions_than_may_wait_are_told_to_come_back(
    tmp_path: Path,
) -> None:
    held: list[tuple[Talker, int]] = []
    async with warden_that(
        tmp_path, lambda talker, number, _body: held.append((talker, number))
    ) as (client, _):
        asked = [
            asyncio.create_task(client.ask(AskHealth(), Done))
            for _ in range(MAX_IN_FLIGHT)
        ]
        await until(lambda: len(held) == MAX_IN_FLIGHT)
        with pytest.raises(WardenBusyError):
            await client.ask(AskHealth(), Done)
        for talker, number in held:
            talker.answer(number, Done())
        assert await asyncio.gather(*asked) == [Done()] * MAX_IN_FLIGHT
        held.clear()
        again = asyncio.create_task(client.ask(AskHealth(), Done))
        await until(lambda: held)
        held[0][0].answer(held[0][1], Done())
        assert await again == Done()


async def test_questions_asked_at_once_share_one_connection(tmp_path: Path) -> None:
    async with warden_that(tmp_path, says_done) as (client, talkers):
        given = await asyncio.gather(
            *[client.ask(AskHealth(), Done) for _ in range(20)]
        )
        assert given == [Done()] * 20
        assert len(talkers) == 1


async def test_a_question_on_a_connection_that_closes_is_never_lost_in_silence(
    tmp_path: Path,
) -> None:
    """Closed in the very turn in which it was asked: told, and nothing is sent."""
    heard: list[int] = []
    async with warden_that(
        tmp_path, lambda _talker, number, _body: heard.append(number)
    ) as (client, _):
        asked = asyncio.create_task(client.ask(AskHealth(), Done))
        await until(lambda: heard)
        wire = await _connected(client)
        waiting = wire.ask(AskHealth())
        wire.close()
        with pytest.raises(WardenUnavailableError):
            wire.ask(AskHealth())
        with pytest.raises(WardenUnavailableError):
            await waiting
        with pytest.raises(WardenUnavailableError):
            await asked
        await asyncio.sleep(0.01)
        assert heard == [2]


async def test_a_client_that_never_asked_closes_and_one_that_closed_asks_again(
    tmp_path: Path,
) -> None:
    async with warden_that(tmp_path, says_done) as (client, talkers):
        await client.close()
        assert await client.ask(AskHealth(), Done) == Done()
        await client.close()
        await client.close()
        assert await client.ask(AskHealth(), Done) == Done()
        assert len(talkers) == 2


async def test_a_disclosure_gives_the_grant_ready_to_open_or_the_refusal(
    tmp_path: Path,
) -> None:
    grant = Grant(entry=7, granted_at=1, relationships=("ward",), keys=(bytes(32),))
    answers: list[Answer] = [grant, NO]
    item = Item("p-1", Tier.RECORD, b"w", (("Observation", "o-1", 1),))
    async with warden_that(
        tmp_path, lambda talker, number, _body: talker.answer(number, answers.pop(0))
    ) as (client, _):

        async def ask() -> OpenGrant | Refusal:
            return await client.disclose(
                "s",
                purpose=Purpose.DIRECT_CARE,
                reason="",
                action=Action.READ,
                items=(item,),
            )

        opened = await ask()
        assert isinstance(opened, OpenGrant)
        assert (opened.entry, opened.relationships) == (7, ("ward",))
        assert await ask() == NO
