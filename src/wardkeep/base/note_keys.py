# SPDX-License-Identifier: Apache-2.0
"""Public keys of signed notes, as they are handed around: C2SP signed-note vkeys.

`<name>+<key id, 8 hexadecimal digits>+<base64 of the kind and the 32 bytes>`
(https://c2sp.org/signed-note). The id is a check as well: a mistyped letter is found.
"""

import base64
import binascii
import hashlib

import msgspec

LOG, COSIGNER = 0x01, 0x04
"""Kinds: a log's Ed25519 key, and a witness's (tlog-cosignature)."""
KEY_ID_BYTES = 4
_KEY_BYTES = 32
_PARTS = 3


class NoteKey(msgspec.Struct, frozen=True, kw_only=True):
    """Who signs, and with which key."""

    name: str
    kind: int
    public_bytes: bytes

    @property
    def id(self) -> bytes:
        """The first 4 bytes of SHA-256(name, LF, kind, public key)."""
        named = self.name.encode() + b"\n" + bytes([self.kind]) + self.public_bytes
        return hashlib.sha256(named).digest()[:KEY_ID_BYTES]

    @property
    def text(self) -> str:
        """The key as one line."""
        material = base64.b64encode(bytes([self.kind]) + self.public_bytes).decode()
        return f"{self.name}+{self.id.hex()}+{material}"


def read_note_key(text: str, *, kind: int) -> NoteKey:
    """Read a key from its line.

    Raises:
        ValueError: it is none of this kind; the message has the mend.
    """
    parts = text.strip().split("+", _PARTS - 1)
    if len(parts) != _PARTS or not is_note_name(parts[0]):
        message = "Give a key as NAME+ID+KEY, in one line, as it was printed."
        raise ValueError(message)
    name, _, material = parts
    try:
        raw = base64.b64decode(material, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != 1 + _KEY_BYTES or raw[0] != kind:
        message = f"The key of {name} is of another kind, or a part of it is missing."
        raise ValueError(message)
    found = NoteKey(name=name, kind=kind, public_bytes=raw[1:])
    if found.text != text.strip():
        message = f"The key of {name} was mistyped: its id does not fit it."
        raise ValueError(message)
    return found


def is_note_name(name: str) -> bool:
    """Signed notes' names have no space and no plus."""
    return bool(name) and name.isprintable() and not set(name) & set(" +\u00a0")
