# SPDX-License-Identifier: Apache-2.0
"""A stranger's answer, piece by piece: so much of it, for so long, and no more.

Whoever asks somebody else's server reads what comes by this, so that nobody is held up
by an answer that drips, or filled up by one that does not end. What is refused is
refused whole: half an answer may say the opposite of the whole.
"""

import time
from collections.abc import Callable, Iterator

PIECE_BYTES = 16 * 1024


class TooLongError(Exception):
    """It has more bytes than anybody reads."""


class TooSlowError(Exception):
    """It was not there in time."""


def pieces(
    read: Callable[[int], bytes],
    *,
    at_most: int,
    until: float,
    now: Callable[[], float] = time.monotonic,
) -> Iterator[bytes]:
    """What `read` gives, until it gives nothing.

    `read` takes a number of bytes and gives at most so many, those that are there;
    `at_most` is in bytes, `until` a moment of `now`, which only ever goes on.

    Raises:
        TooLongError: there are more than `at_most`.
        TooSlowError: it is past `until` and not all is there.
    """
    count = 0
    while piece := read(PIECE_BYTES):
        count += len(piece)
        if count > at_most:
            raise TooLongError
        if now() > until:
            raise TooSlowError
        yield piece
