# SPDX-License-Identifier: Apache-2.0
"""Long answers in pieces: whole, or cut off when their session ends."""

from collections.abc import MutableMapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from wardkeep.base.clock import FrozenClock
from wardkeep.web.pieces import (
    ASKED_EVERY_SECONDS,
    PIECE_BYTES,
    AnswerEndedError,
    Pieces,
)

LONG = bytes(range(256)) * 1024


class Line:
    """A slow reader, and a warden that is asked."""

    def __init__(self, *, seconds_a_piece: float, may_go_on: bool = True) -> None:
        self.clock = FrozenClock(datetime(2026, 11, 23, 9, 41, tzinfo=UTC))
        self.seconds = timedelta(seconds=seconds_a_piece)
        self.may_go_on = may_go_on
        self.sent: list[MutableMapping[str, Any]] = []
        self.asked = 0
        self.pieces = Pieces(self.take, clock=self.clock, ask=self.ask)

    async def take(self, message: MutableMapping[str, Any]) -> None:
        self.sent.append(message)
        self.clock.move(self.seconds)

    async def ask(self) -> bool:
        self.asked += 1
        return self.may_go_on

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


async def test_a_stream_of_small_messages_ends_as_well() -> None:
    line = Line(seconds_a_piece=ASKED_EVERY_SECONDS)
    await line.pieces.send(message(b"one", more_body=True))
    line.may_go_on = False
    with pytest.raises(AnswerEndedError):
        await line.pieces.send(message(b"two", more_body=True))
    assert line.body == b"one"
