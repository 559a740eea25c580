# SPDX-License-Identifier: Apache-2.0
"""A stranger's answer is read so far and no further, whoever reads it."""

from collections.abc import Callable
from io import BytesIO

import pytest

from wardkeep.base.strangers import PIECE_BYTES, TooLongError, TooSlowError, pieces


def dripping(step: float) -> tuple[Callable[[int], bytes], Callable[[], float]]:
    """A server that gives a byte at a time, each after `step` seconds."""
    past = [0.0]

    def read(_: int) -> bytes:
        past[0] += step
        return b"x"

    return read, lambda: past[0]


def test_all_of_it_comes_in_its_order() -> None:
    said = bytes(range(256)) * 200
    found = b"".join(pieces(BytesIO(said).read, at_most=len(said), until=1, now=float))
    assert found == said


def test_one_byte_too_many_is_refused_and_not_cut() -> None:
    said = b"x" * (PIECE_BYTES + 1)
    with pytest.raises(TooLongError):
        list(pieces(BytesIO(said).read, at_most=PIECE_BYTES, until=1, now=float))


def test_one_that_drips_is_left_alone_after_its_time() -> None:
    read, now = dripping(0.5)
    coming = pieces(read, at_most=1_000_000, until=3.0, now=now)
    assert [next(coming) for _ in range(6)] == [b"x"] * 6
    with pytest.raises(TooSlowError):
        next(coming)


def test_nothing_is_an_answer_too() -> None:
    assert list(pieces(BytesIO(b"").read, at_most=0, until=0, now=float)) == []
