# SPDX-License-Identifier: Apache-2.0
"""Long answers in pieces: whole, or cut off when their session ends."""

import asyncio
from collections.abc import MutableMapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from wardkeep.base.clock import FrozenClock
from wardkeep.disclosure.client import WardenUnavailableError
from wardkeep.web.pieces import (
    ASKED_EVERY_SECONDS,
    PIECE_BYTES,
    AnswerEndedError,
    Pieces,
)
from wardkeep.web.watching import stream_begins

LONG = bytes(range(256)) * 1024


class Line:
    """A slow reader, and a warden that is asked."""

    def __init__(self, *, seconds_a_piece: float, may_go_on: bool = True) -> None:
        self.clock = FrozenClock(datetime(2026, 11, 23, 9, 41, tzinfo=UTC))
        self.seconds = timedelta(seconds=seconds_a_piece)
        self.may_go_on = may_go_on
        self.sent: list[MutableMapping[str, Any]] = []
        self.asked = 0
        self.cuts = 0
        self.is_read = asyncio.Event()
        self.is_read.set()
        self.is_away = False
        self.seconds_of_each = 0.0
        self.pieces = Pieces(
            self.take, clock=self.clock, ask=self.ask, cut=self.cut_off
        )

    async def take(self, message: MutableMapping[str, Any]) -> None:
        await self.is_read.wait()
        await asyncio.sleep(self.seconds_of_each)
        self.sent.append(message)
        self.clock.move(self.seconds)

    async def ask(self) -> bool:
        self.asked += 1
        if self.is_away:
            raise WardenUnavailableError
        return self.may_go_on

    def cut_off(self) -> None:
        self.cuts += 1

    @property
    def body(self) -> bytes:
        return b"".join(one.get("body", b"") for one in self.sent)


def message(body: bytes, **more: object) -> dict[str, object]:
    return {"type": "http.response.body", "body": body, **more}


async def test_a_long_answer_arrives_whole_and_says_where_it_ends() -> None:
    line = Line(seconds_a_piece=0.0)
    await line.pieces.send({"type": "http.response.start", "status": 200})
    await line.pieces.send(message(LONG))
    assert line.body == LONG
    bodies = line.sent[1:]
    assert len(bodies) == len(LONG) // PIECE_BYTES
    assert [one["more_body"] for one in bodies] == [True] * (len(bodies) - 1) + [False]
    assert line.asked == 0


async def test_what_is_to_follow_is_still_to_follow() -> None:
    line = Line(seconds_a_piece=0.0)
    await line.pieces.send(message(LONG, more_body=True))
    assert all(one["more_body"] for one in line.sent)


async def test_a_short_answer_is_sent_as_it_is() -> None:
    line = Line(seconds_a_piece=0.0)
    short = message(LONG[:PIECE_BYTES])
    await line.pieces.send(short)
    assert line.sent == [short]


async def test_the_warden_is_asked_while_a_slow_reader_draws_it_out() -> None:
    line = Line(seconds_a_piece=ASKED_EVERY_SECONDS / 2)
    await line.pieces.send(message(LONG))
    assert line.body == LONG
    # At the third piece half a second in four parts has passed twice.
    assert line.asked == 1


async def test_an_answer_ends_when_its_session_does() -> None:
    line = Line(seconds_a_piece=ASKED_EVERY_SECONDS, may_go_on=False)
    with pytest.raises(AnswerEndedError):
        await line.pieces.send(message(LONG))
    assert line.body == LONG[:PIECE_BYTES]
    assert line.cuts == 1


async def test_a_stream_of_small_messages_ends_as_well() -> None:
    line = Line(seconds_a_piece=ASKED_EVERY_SECONDS)
    await line.pieces.send(message(b"one", more_body=True))
    line.may_go_on = False
    with pytest.raises(AnswerEndedError):
        await line.pieces.send(message(b"two", more_body=True))
    assert line.body == b"one"


async def test_who_reads_nothing_is_cut_off_all_the_same() -> None:
    line = Line(seconds_a_piece=0.0, may_go_on=False)
    line.is_read.clear()
    with pytest.raises(AnswerEndedError):
        await line.pieces.send(message(LONG))
    assert (line.body, line.cuts, line.asked) == (b"", 1, 1)


async def test_who_reads_nothing_for_a_while_may_go_on_when_they_like() -> None:
    line = Line(seconds_a_piece=0.0)
    line.is_read.clear()
    sending = asyncio.create_task(line.pieces.send(message(LONG)))
    await asyncio.sleep(ASKED_EVERY_SECONDS * 2.5)
    assert line.asked == 2
    line.is_read.set()
    await sending
    assert (line.body, line.cuts) == (LONG, 0)
    await asyncio.sleep(ASKED_EVERY_SECONDS * 1.5)
    assert line.asked == 2


async def test_a_piece_that_was_let_go_by_the_cut_ends_the_answer_too() -> None:
    line = Line(seconds_a_piece=0.0, may_go_on=False)
    line.is_read.clear()

    def cut() -> None:
        line.is_read.set()

    pieces = Pieces(line.take, clock=line.clock, ask=line.ask, cut=cut)
    with pytest.raises(AnswerEndedError):
        await pieces.send(message(LONG[:PIECE_BYTES], more_body=True))


async def test_where_the_warden_does_not_say_the_wait_ends_and_nothing_is_cut() -> None:
    line = Line(seconds_a_piece=0.0)
    line.is_read.clear()
    line.is_away = True
    with pytest.raises(AnswerEndedError):
        await line.pieces.send(message(LONG))
    assert (line.body, line.cuts) == (b"", 0)


async def test_what_is_sent_last_of_an_answer_is_waited_for_as_well() -> None:
    line = Line(seconds_a_piece=0.0, may_go_on=False)
    await line.pieces.send(message(b"one", more_body=True))
    line.is_read.clear()
    with pytest.raises(AnswerEndedError):
        await line.pieces.send(message(b"two"))
    assert (line.body, line.cuts) == (b"one", 1)


async def test_while_pieces_are_taken_nobody_is_asked_about_those_that_wait() -> None:
    line = Line(seconds_a_piece=0.0, may_go_on=False)
    line.seconds_of_each = ASKED_EVERY_SECONDS * 0.6
    await line.pieces.send(message(LONG))
    assert (line.body, line.asked) == (LONG, 0)


async def test_a_limit_further_out_is_no_refusal() -> None:
    line = Line(seconds_a_piece=0.0)
    line.is_read.clear()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await line.pieces.send(message(LONG))
    await asyncio.sleep(ASKED_EVERY_SECONDS * 1.5)
    assert (line.asked, line.cuts) == (0, 0)


@pytest.mark.parametrize(
    ("headers", "is_asked"),
    [
        ([(b"content-length", b"%d" % PIECE_BYTES)], False),
        ([(b"content-length", b"%d" % (PIECE_BYTES + 1))], True),
        ([(b"content-type", b"text/csv")], True),
        ([], True),
    ],
)
async def test_a_proxy_is_asked_to_hold_nothing_of_a_long_answer(
    headers: list[tuple[bytes, bytes]], *, is_asked: bool
) -> None:
    line = Line(seconds_a_piece=0.0)
    start = {"type": "http.response.start", "status": 200, "headers": headers}
    await line.pieces.send(start)
    asked = [(b"x-accel-buffering", b"no")] if is_asked else []
    assert line.sent[0]["headers"] == [*headers, *asked]


@pytest.mark.parametrize("kind", ["text/event-stream", "application/x-ndjson"])
async def test_the_end_of_a_live_stream_leaves_its_neighbours_be(kind: str) -> None:
    line = Line(seconds_a_piece=0.0, may_go_on=False)
    start = stream_begins(kind)
    await line.pieces.send(start)
    line.clock.move(timedelta(seconds=ASKED_EVERY_SECONDS))
    with pytest.raises(AnswerEndedError):
        await line.pieces.send(message(b"data: one", more_body=True))
    assert line.sent == [start]
    assert line.cuts == 0
