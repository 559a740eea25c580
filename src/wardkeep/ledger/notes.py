# SPDX-License-Identifier: Apache-2.0
"""The history of checkpoints as it lies on the disk: signed notes, one after the other.

A ledger that is busy for a year has millions of them, so the last is read from the end.
"""

import os
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, NamedTuple

NOTE_LINES = 7
"""A note's six lines and the empty one behind it."""
_LINE_FEED = 10
_END = b"\n\n"
_SIGNATURE = "\n\u2014 ".encode()
_LONGEST_TAIL = 64 * 1024


class Last(NamedTuple):
    """The last whole note of a history, and where it ends."""

    note: bytes | None
    end: int
    size: int
    """Of the file; more than `end` where a note behind it is torn, or being written."""


def last_note(path: Path) -> Last:
    """The last whole note, read from the end; nothing is mended."""
    if not path.exists():
        return Last(None, 0, 0)
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        start = max(0, size - _LONGEST_TAIL)
        file.seek(start)
        tail = file.read(size - start)
    end = _whole_end(tail) if start else whole_notes_end(tail)
    lines = tail[:end].split(b"\n")
    if len(lines) <= NOTE_LINES:
        return Last(None, start + end, size)
    note = b"\n".join(lines[-NOTE_LINES - 1 : -2]) + b"\n"
    return Last(note, start + end, size)


def _whole_end(tail: bytes) -> int:
    """Where the last whole note ends: behind a signature's line and an empty one."""
    at = len(tail)
    while True:
        at = tail.rfind(_SIGNATURE, 0, at)
        if at < 0:
            return 0
        end = tail.find(b"\n", at + len(_SIGNATURE))
        if end >= 0 and tail[end : end + 2] == _END:
            return end + 2


def notes_in(file: BinaryIO) -> Iterator[bytes]:
    """The notes of a history, one at a time: seven lines each, the last one empty."""
    lines: list[bytes] = []
    for line in file:
        if not line.endswith(b"\n"):
            break
        lines.append(line)
        if len(lines) == NOTE_LINES:
            yield b"".join(lines[:-1])
            lines = []
    if lines:
        yield b"".join(lines[: NOTE_LINES - 1])


def notes_of(raw: bytes) -> list[bytes]:
    """The same of what is in memory."""
    return list(notes_in(BytesIO(raw)))


def whole_notes_end(raw: bytes) -> int:
    """Where the last whole note ends."""
    ends = [place for place, byte in enumerate(raw) if byte == _LINE_FEED]
    whole = len(ends) - len(ends) % NOTE_LINES
    return ends[whole - 1] + 1 if whole else 0
