# SPDX-License-Identifier: Apache-2.0
"""What a row says of itself is not said again in its body.

A resource begins with its id, version and time, and repeats its own id and its
patient's in full: a hundred characters that no dictionary can foresee, and that the row
holds already. JSON never has a control character as such, so one stands for each
(docs/formats/sealed-row.md); that saves an eighth of what is stored.
"""

from wardkeep.fhir.store.stamping import Stamp

_OWNER = b"\x01"
_OWN_ID = b"\x02"
_HEAD = b"\x03"
SHORTEST = 8
"""Shorter ids are left: they cost nothing, and may be part of any word."""


def abbreviate(text: bytes, stamp: Stamp, *, owner: str) -> bytes:
    """The text with signs for its head, its patient's reference and its own id."""
    head = stamp.head
    if text.startswith(head):
        text = _HEAD + text[len(head) :]
    if len(owner) >= SHORTEST:
        text = text.replace(b"Patient/" + owner.encode(), _OWNER)
    if len(stamp.id) >= SHORTEST:
        text = text.replace(stamp.id.encode(), _OWN_ID)
    return text


def expand(text: bytes, stamp: Stamp, *, owner: str) -> bytes:
    """Undo `abbreviate`."""
    text = text.replace(_OWNER, b"Patient/" + owner.encode())
    if _OWN_ID in text:
        text = text.replace(_OWN_ID, stamp.id.encode())
    if text.startswith(_HEAD):
        return stamp.head + text[len(_HEAD) :]
    return text
