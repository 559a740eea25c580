# SPDX-License-Identifier: Apache-2.0
"""How messages are framed on the warden's socket.

A frame is `length (4 bytes, big-endian) | number (4 bytes) | MessagePack`, where the
length counts what follows it and the number pairs an answer with its question.
docs/formats/warden-socket.md has the bytes.
"""

import struct

import msgspec

from wardkeep.disclosure.answers import Answer
from wardkeep.disclosure.message import MAX_FRAME_BYTES
from wardkeep.disclosure.questions import DoorQuestion, OperatorQuestion, Question

HEADER = struct.Struct(">II")
_NUMBER_BYTES = 4

_encoder = msgspec.msgpack.Encoder()
door_decoder = msgspec.msgpack.Decoder(DoorQuestion)
operator_decoder = msgspec.msgpack.Decoder(OperatorQuestion)
answer_decoder: msgspec.msgpack.Decoder[Answer] = msgspec.msgpack.Decoder(Answer)


def frame(number: int, message: Question | Answer) -> bytes:
    """A message ready for the socket."""
    body = _encoder.encode(message)
    return HEADER.pack(len(body) + _NUMBER_BYTES, number) + body


UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What a decoder raises for bytes that are no message, whoever made them."""


class FrameTooLargeError(Exception):
    """The other side announced more bytes than a frame may have."""


class FrameReader:
    """Cuts a stream of bytes into frames; holds at most one unfinished frame."""

    __slots__ = ("_buffer",)

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, chunk: bytes) -> list[tuple[int, bytes]]:
        """Take what arrived; give the whole frames as (number, body).

        Raises:
            FrameTooLargeError: before any of the oversized body is held.
        """
        self._buffer += chunk
        frames: list[tuple[int, bytes]] = []
        start, end = 0, len(self._buffer)
        while end - start >= HEADER.size:
            length, number = HEADER.unpack_from(self._buffer, start)
            if not _NUMBER_BYTES <= length <= MAX_FRAME_BYTES:
                raise FrameTooLargeError
            stop = start + _NUMBER_BYTES + length
            if stop > end:
                break
            frames.append((number, bytes(self._buffer[start + HEADER.size : stop])))
            start = stop
        del self._buffer[:start]
        return frames
