# SPDX-License-Identifier: Apache-2.0
"""Checkpoints: the ledger's size and root hash, signed.

C2SP tlog-checkpoint (https://c2sp.org/tlog-checkpoint) in a C2SP signed note
(https://c2sp.org/signed-note) with one Ed25519 signature. The extension line
`number N` counts our checkpoints, so that none can be left out of their history.
"""

import base64
import binascii
import hashlib
import sys

import msgspec

from wardkeep.crypto.signing import SIGNATURE_BYTES, SigningKey, VerifyKey

_ED25519 = b"\x01"
_KEY_ID_BYTES = 4
_DASH = "\u2014 "
_LINES = 7


class CheckpointRefusedError(Exception):
    """Not a checkpoint of this ledger under this key; the message says why."""


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """What a checkpoint says."""

    origin: str
    size: int
    root: bytes
    number: int

    def text(self) -> str:
        """The signed part, with its last line feed."""
        root = base64.b64encode(self.root).decode("ascii")
        return f"{self.origin}\n{self.size}\n{root}\nnumber {self.number}\n"


def key_id(origin: str, key: VerifyKey) -> bytes:
    """C2SP signed-note: the first 4 bytes of SHA-256(name, LF, 0x01, public key)."""
    named = origin.encode() + b"\n" + _ED25519 + key.public_bytes
    return hashlib.sha256(named).digest()[:_KEY_ID_BYTES]


def sign(checkpoint: Checkpoint, key: SigningKey) -> str:
    """The signed note."""
    text = checkpoint.text()
    return f"{text}\n{note_signature(text, checkpoint.origin, key)}\n"


def note_signature(text: str, origin: str, key: SigningKey) -> str:
    """The line, without its line feed, by which a key signs a note's text."""
    signature = key_id(origin, key.verify_key) + key.sign(text.encode())
    return f"{_DASH}{origin} {base64.b64encode(signature).decode('ascii')}"


def open_checkpoint(note: str, *, origin: str, key: VerifyKey) -> Checkpoint:
    """Read a signed note.

    Raises:
        CheckpointRefusedError: any byte is not as this ledger signs it.
    """
    lines = note.split("\n")
    if len(lines) != _LINES or lines[4] or lines[6]:
        message = "it does not have a checkpoint's lines"
        raise CheckpointRefusedError(message)
    found = _read(lines, origin=origin)
    key = key.at(found.number)
    prefix = f"{_DASH}{origin} "
    if not lines[5].startswith(prefix):
        message = "the signature line names another ledger"
        raise CheckpointRefusedError(message)
    signature = _decode(lines[5][len(prefix) :])
    is_ours = signature[:_KEY_ID_BYTES] == key_id(origin, key)
    signed = signature[_KEY_ID_BYTES:]
    if not is_ours or len(signed) != SIGNATURE_BYTES:
        message = "it is signed by another key"
        raise CheckpointRefusedError(message)
    if not key.is_valid(signed, found.text().encode()):
        message = "its signature does not fit its text"
        raise CheckpointRefusedError(message)
    return found


def read_unsigned(note: bytes, *, origin: str) -> Checkpoint | None:
    """What a note says, whoever signed it: for whoever has looked at that before."""
    try:
        return _read(note.decode().split("\n"), origin=origin)
    except (IndexError, UnicodeDecodeError, CheckpointRefusedError):
        return None


def checkpoint_number(text: str) -> int:
    """What a checkpoint's number line says; a large number where it is none."""
    number = text.split("\n")[3:4]
    said = number[0].removeprefix("number ") if number else ""
    return int(said) if _is_count(said) else sys.maxsize


def _read(lines: list[str], *, origin: str) -> Checkpoint:
    number = lines[3].removeprefix("number ")
    if lines[0] != origin:
        message = f"it is of the ledger {lines[0]!r}"
        raise CheckpointRefusedError(message)
    if not (_is_count(lines[1]) and _is_count(number)):
        message = "its size or number is no number"
        raise CheckpointRefusedError(message)
    found = Checkpoint(
        origin=origin,
        size=int(lines[1]),
        root=_decode(lines[2]),
        number=int(number),
    )
    if found.text() != "\n".join(lines[:4]) + "\n":
        message = "it is not written as a checkpoint is"
        raise CheckpointRefusedError(message)
    return found


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _decode(text: str) -> bytes:
    """Base64 in its one canonical spelling."""
    try:
        decoded = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        decoded = b""
    if not decoded or base64.b64encode(decoded).decode("ascii") != text:
        message = "its base64 is damaged"
        raise CheckpointRefusedError(message)
    return decoded
