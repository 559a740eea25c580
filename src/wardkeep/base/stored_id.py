# SPDX-License-Identifier: Apache-2.0
"""A resource's id as its row has it: 16 bytes for a UUID, or its letters.

Nearly every id is a UUID, and stands in the row, in its index and in history: written
as 36 letters it would be a twelfth of the whole database (docs/performance.md).
"""

from wardkeep.base.ids import UUID_BYTES, uuid_bytes, uuid_text

_NO_LETTER = b"\xff"
"""Ends an id of 16 letters, which would look like a UUID otherwise."""


def stored_id(id_: str) -> bytes:
    """The bytes for an id; ids differ if and only if their bytes do."""
    packed = uuid_bytes(id_)
    if packed:
        return packed
    letters = id_.encode()
    return letters + _NO_LETTER if len(letters) == UUID_BYTES else letters


def id_of(stored: bytes) -> str:
    """Undo `stored_id`."""
    if len(stored) == UUID_BYTES:
        return uuid_text(stored)
    return stored.removesuffix(_NO_LETTER).decode()
