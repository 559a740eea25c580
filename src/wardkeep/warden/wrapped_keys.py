# SPDX-License-Identifier: Apache-2.0
"""A patient's wrapped key as it lies in its column: docs/formats/warden-socket.md.

One box; or, while the patient's rows move from one key to the next, the newest box with
those before it behind. A box of a key that was given by a rotation begins with the
rotation's generation, which is bound into it too.
"""

import struct

import msgspec

from wardkeep.crypto.aead import KEY_BYTES, OVERHEAD_BYTES

FIRST = 0
"""The generation of keys from before any rotation: their boxes do not name it."""
MOST_BOXES = 2
_GENERATION = struct.Struct(">I")
_BOX_BYTES = KEY_BYTES + OVERHEAD_BYTES
_NUMBERED_BYTES = _GENERATION.size + _BOX_BYTES


class WrappedBox(msgspec.Struct, frozen=True, gc=False):
    """One wrapped key."""

    generation: int
    """In which second the rotation began that gave it, since 1970; or `FIRST`."""
    box: bytes

    @property
    def column(self) -> bytes:
        """As it lies in its column."""
        if self.generation == FIRST:
            return self.box
        return _GENERATION.pack(self.generation) + self.box

    def identity(self, of_key: bytes) -> bytes:
        """What it is bound to; `of_key` says whose key it is and of which tier."""
        if self.generation == FIRST:
            return of_key
        return of_key + b"|%d" % self.generation


def boxes_in(column: bytes) -> tuple[WrappedBox, ...]:
    """The boxes of a column, the newest first; none where it is no wrapped key."""
    if len(column) == _BOX_BYTES:
        return (WrappedBox(FIRST, column),)
    found: list[WrappedBox] = []
    while len(column) >= _NUMBERED_BYTES and len(found) < MOST_BOXES:
        [generation] = _GENERATION.unpack_from(column)
        found.append(WrappedBox(generation, column[_GENERATION.size : _NUMBERED_BYTES]))
        column = column[_NUMBERED_BYTES:]
    if len(column) == _BOX_BYTES and len(found) < MOST_BOXES:
        found.append(WrappedBox(FIRST, column))
    elif column:
        return ()
    return tuple(found)


def column_of(boxes: tuple[WrappedBox, ...]) -> bytes:
    """Undo `boxes_in`."""
    return b"".join(one.column for one in boxes)
