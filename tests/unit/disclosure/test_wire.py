# SPDX-License-Identifier: Apache-2.0
"""Frames and messages on the warden's socket."""

import msgspec
import pytest
from hypothesis import example, given, strategies as st

from wardkeep.disclosure.answers import Done, Refusal
from wardkeep.disclosure.message import MAX_FRAME_BYTES
from wardkeep.disclosure.purpose import Action, Purpose, Tier
from wardkeep.disclosure.questions import (
    BeginImport,
    CheckSession,
    CreateAccount,
    Disclose,
    Item,
)
from wardkeep.disclosure.wire import (
    HEADER,
    UNREADABLE,
    FrameReader,
    FrameTooLargeError,
    answer_decoder,
    door_decoder,
    frame,
    operator_decoder,
)

ASKED = Disclose(
    session="s",
    purpose=Purpose.DIRECT_CARE,
    reason="rang about results",
    action=Action.READ,
    items=(
        Item(
            patient="p-1",
            tier=Tier.RECORD,
            wrapped_key=b"\x00" * 60,
            resources=(("Observation", "o-1", 3),),
        ),
    ),
)


def test_a_question_comes_back_equal() -> None:
    [(number, body)] = FrameReader().feed(frame(7, ASKED))
    assert number == 7
    assert door_decoder.decode(body) == ASKED


@given(st.lists(st.binary(max_size=50), max_size=8), st.integers(1, 40))
def test_frames_survive_any_cutting_of_the_stream(
    tokens: list[bytes], piece: int
) -> None:
    questions = [CheckSession(session=token.hex()) for token in tokens]
    stream = b"".join(frame(n, q) for n, q in enumerate(questions))
    reader = FrameReader()
    found = [
        whole
        for start in range(0, len(stream), piece)
        for whole in reader.feed(stream[start : start + piece])
    ]
    assert [door_decoder.decode(body) for _, body in found] == questions
    assert [number for number, _ in found] == list(range(len(questions)))


@pytest.mark.parametrize("length", [0, 3, MAX_FRAME_BYTES + 1, 2**32 - 1])
def test_a_frame_outside_the_bounds_is_refused_before_its_body(length: int) -> None:
    with pytest.raises(FrameTooLargeError):
        FrameReader().feed(HEADER.pack(length, 1))


@given(st.binary(max_size=300))
@example(b"\x91\xa1\x80")
def test_garbage_is_unreadable_and_nothing_else(body: bytes) -> None:
    for decoder in (door_decoder, operator_decoder, answer_decoder):
        try:
            decoder.decode(body)
        except UNREADABLE:
            continue


@pytest.mark.parametrize(
    "question",
    [
        CreateAccount(organisation="fernhill", display_name="x", role="doctor"),
        BeginImport(organisation="fernhill"),
    ],
)
def test_the_operators_questions_are_unknown_at_the_door(
    question: CreateAccount | BeginImport,
) -> None:
    [(_, body)] = FrameReader().feed(frame(1, question))
    with pytest.raises(msgspec.ValidationError):
        door_decoder.decode(body)
    assert operator_decoder.decode(body) == question


def test_opening_records_is_unknown_on_the_operators_socket() -> None:
    [(_, body)] = FrameReader().feed(frame(1, ASKED))
    with pytest.raises(msgspec.ValidationError):
        operator_decoder.decode(body)


def test_answers_tell_a_refusal_from_the_rest() -> None:
    refusal = Refusal(code="busy", why="w", mend="m")
    for answer in (refusal, Done()):
        [(_, body)] = FrameReader().feed(frame(1, answer))
        assert answer_decoder.decode(body) == answer


def test_tiers_keep_their_numbers() -> None:
    assert [(tier.word, int(tier)) for tier in Tier] == [
        ("shared", 0),
        ("banner", 1),
        ("record", 2),
        ("sealed", 3),
    ]
