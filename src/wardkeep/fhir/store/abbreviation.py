# SPDX-License-Identifier: Apache-2.0
"""What a row says of itself is not said again in its body.

A resource repeats its own id and its patient's in full: 44 characters that no
dictionary can foresee, and that the row's identity (the associated data of its
encryption) holds already. JSON never has a control character as such, so one stands
for each (docs/formats/sealed-row.md); that saves a tenth of what is stored.
"""

_OWNER = b"\x01"
_OWN_ID = b"\x02"
SHORTEST = 8
"""Shorter ids are left: they cost nothing, and may be part of any word."""


def abbreviate(text: bytes, *, id_: str, owner: str) -> bytes:
    """The text with a sign for its patient's reference, and one for its own id."""
    if len(owner) >= SHORTEST:
        text = text.replace(b"Patient/" + owner.encode(), _OWNER)
    if len(id_) >= SHORTEST:
        text = text.replace(id_.encode(), _OWN_ID)
    return text


def expand(text: bytes, *, id_: str, owner: str) -> bytes:
    """Undo `abbreviate`."""
    text = text.replace(_OWN_ID, id_.encode())
    return text.replace(_OWNER, b"Patient/" + owner.encode())
