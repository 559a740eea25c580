# SPDX-License-Identifier: Apache-2.0
"""A resource's id as its row has it: 16 bytes for a UUID, or its letters.

Nearly every id is a UUID, and stands in the row, in its index and in history: written
as 36 letters it would be a twelfth of the whole database (docs/performance.md).
"""

import re
from binascii import hexlify, unhexlify

_UUID = re.compile(
    "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
).fullmatch
_UUID_BYTES = 16
_NO_LETTER = b"\xff"
"""Ends an id of 16 letters, which would look like a UUID otherwise."""


def stored_id(id_: str) -> bytes:
    """The bytes for an id; ids differ if and only if their bytes do."""
    if _UUID(id_):
        return unhexlify(id_.replace("-", ""))
    letters = id_.encode()
    return letters + _NO_LETTER if len(letters) == _UUID_BYTES else letters


def id_of(stored: bytes) -> str:
    """Undo `stored_id`."""
    if len(stored) == _UUID_BYTES:
        h = hexlify(stored).decode()
        return f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}"
    return stored.removesuffix(_NO_LETTER).decode()
