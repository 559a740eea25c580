# SPDX-License-Identifier: Apache-2.0
"""Cosignatures: somebody else saw this checkpoint, at this time.

C2SP tlog-cosignature (https://c2sp.org/tlog-cosignature), the Ed25519 kind: a line of
a signed note whose signature is 8 bytes of POSIX time and 64 of Ed25519 over
`cosignature/v1`, `time <seconds>` and the note's text.
"""

import base64
import binascii

import msgspec

from wardkeep.base.note_keys import COSIGNER, KEY_ID_BYTES, LOG, NoteKey
from wardkeep.crypto.signing import SIGNATURE_BYTES, SigningKey, VerifyKey

_DASH = "\u2014 "
_TIME_BYTES = 8
_HEAD_LINES = 3
_LONGEST_SIZE = 19
HASH_BYTES = 32


class NoteRefusedError(Exception):
    """Not a note of a log's checkpoint, or not signed by it; the message says why."""


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """What the first three lines of any log's checkpoint say."""

    origin: str
    size: int
    root: bytes


class SignedNote(msgspec.Struct, frozen=True, kw_only=True):
    """A checkpoint's text, and the lines that sign it."""

    text: str
    """The signed part, with its last line feed."""
    lines: tuple[str, ...]
    head: Head

    @property
    def whole(self) -> str:
        return self.text + "\n" + "".join(f"{line}\n" for line in self.lines)


def read_signed_note(note: str) -> SignedNote:
    """Split a note; nothing is verified yet.

    Raises:
        NoteRefusedError: it is no checkpoint (C2SP tlog-checkpoint).
    """
    text, found, signatures = note.rpartition("\n\n")
    lines = tuple(signatures.split("\n"))
    if not found or lines[-1] or len(lines) == 1:
        message = "it has no signatures behind an empty line"
        raise NoteRefusedError(message)
    if not all(line.startswith(_DASH) for line in lines[:-1]):
        message = "a line behind the empty one is no signature"
        raise NoteRefusedError(message)
    return SignedNote(text=text + "\n", lines=lines[:-1], head=_head(text))


def _head(text: str) -> Head:
    lines = text.split("\n")
    if len(lines) < _HEAD_LINES or not all(lines):
        message = "it does not have a checkpoint's lines"
        raise NoteRefusedError(message)
    size = read_size(lines[1])
    root = read_hash(lines[2])
    if size is None or root is None:
        message = "its size or root cannot be read"
        raise NoteRefusedError(message)
    return Head(origin=lines[0], size=size, root=root)


def read_size(text: str) -> int | None:
    """A count in ASCII decimal without leading zeroes; None where it is none."""
    is_count = text.isascii() and text.isdigit() and len(text) <= _LONGEST_SIZE
    if not is_count or str(int(text)) != text:
        return None
    return int(text)


def read_hash(text: str) -> bytes | None:
    """32 bytes in the one canonical base64; None where they are not."""
    raw = _decode(text)
    return raw if len(raw) == HASH_BYTES else None


def is_signed_by(note: SignedNote, log: NoteKey) -> bool:
    """Whether a line is the log's own signature."""
    if log.kind != LOG or note.head.origin != log.name:
        return False
    key = VerifyKey(log.public_bytes)
    return any(
        len(signature) == SIGNATURE_BYTES
        and key.is_valid(signature, note.text.encode())
        for signature in _by(note, log)
    )


def cosign(text: str, *, name: str, key: SigningKey, at: int) -> str:
    """The line, without its line feed, that says: seen at this POSIX second."""
    signed = at.to_bytes(_TIME_BYTES, "big") + key.sign(_message(text, at))
    own = NoteKey(name=name, kind=COSIGNER, public_bytes=key.verify_key.public_bytes)
    return f"{_DASH}{name} {base64.b64encode(own.id + signed).decode('ascii')}"


def cosigned_at(note: SignedNote, witness: NoteKey) -> int | None:
    """When the witness saw the note, in POSIX seconds; None where no line says so."""
    if witness.kind != COSIGNER:
        return None
    key = VerifyKey(witness.public_bytes)
    for signature in _by(note, witness):
        at = int.from_bytes(signature[:_TIME_BYTES], "big")
        rest = signature[_TIME_BYTES:]
        if len(rest) == SIGNATURE_BYTES and key.is_valid(rest, _message(note.text, at)):
            return at
    return None


def only_by(note: SignedNote, witness: NoteKey) -> SignedNote:
    """The note with its first line, which is the log's, and the witness's alone.

    Whatever else an answer brought along is nobody's whom we know.
    """
    first, *others = note.lines
    own = [
        line
        for line in others
        if cosigned_at(msgspec.structs.replace(note, lines=(line,)), witness)
    ]
    return msgspec.structs.replace(note, lines=(first, *own[:1]))


def _message(text: str, at: int) -> bytes:
    return f"cosignature/v1\ntime {at}\n{text}".encode()


def _by(note: SignedNote, signer: NoteKey) -> list[bytes]:
    """What the lines under a signer's name and key id hold behind the id."""
    prefix = f"{_DASH}{signer.name} "
    held = [
        _decode(line.removeprefix(prefix))
        for line in note.lines
        if line.startswith(prefix)
    ]
    return [one[KEY_ID_BYTES:] for one in held if one[:KEY_ID_BYTES] == signer.id]


def _decode(text: str) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
    return raw if base64.b64encode(raw).decode("ascii") == text else b""
