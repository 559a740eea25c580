# SPDX-License-Identifier: Apache-2.0
"""A ledger's signing keys, one after the other: each is announced by the one before.

The file `keys` in the ledger's folder has one note a change, signed by the old key and
by the new one (docs/formats/ledger.md). Whoever knows one of the keys follows to all:
forwards because the old key names the new one, backwards because the new key says until
which checkpoint the old one was good.
"""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from wardkeep.base.note_keys import LOG, NoteKey, read_note_key
from wardkeep.crypto.signing import SigningKey, VerifyKey
from wardkeep.ledger.checkpoint import CheckpointRefusedError, note_signature
from wardkeep.ledger.cosignature import Head, SignedNote, is_signed_by
from wardkeep.ledger.tiles import sync_folder, write_file

KEYS_NAME = "keys"
_KIND = "key-succession"
_AFTER = "after "
_LINES = 9
"""Five of text, an empty one, two signatures, an empty one."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One change of the key."""

    old: NoteKey
    new: NoteKey
    after: int
    """The number of the last checkpoint that the old key signed; -1: of none."""

    def text(self) -> str:
        """The signed part, with its last line feed."""
        return (
            f"{self.old.name}\n{_KIND}\n{self.old.text}\n{self.new.text}\n"
            f"{_AFTER}{self.after}\n"
        )


class SuccessiveKeys(VerifyKey):
    """The newest of several keys, which knows those before it."""

    __slots__ = ("_steps",)

    def __init__(self, steps: Sequence[Step]) -> None:
        super().__init__(steps[-1].new.public_bytes)
        self._steps = tuple(steps)

    def at(self, number: int) -> VerifyKey:
        for step in self._steps:
            if number <= step.after:
                return VerifyKey(step.old.public_bytes)
        return VerifyKey(self.public_bytes)


def announce(
    folder: Path, origin: str, *, old: SigningKey, new: SigningKey, after: int
) -> None:
    """Have it on the disk that the new key signs what comes after a checkpoint.

    Raises:
        OSError: the disk refused; nothing was announced.
        CheckpointRefusedError: the file of earlier changes is damaged.
    """
    before = read_steps(folder, origin)
    names = [
        NoteKey(name=origin, kind=LOG, public_bytes=key.verify_key.public_bytes)
        for key in (old, new)
    ]
    text = Step(old=names[0], new=names[1], after=after).text()
    signed = "".join(f"{note_signature(text, origin, key)}\n" for key in (old, new))
    path = folder / KEYS_NAME
    kept = path.read_text(encoding="utf-8") if before else ""
    write_file(path, f"{kept}{text}\n{signed}\n".encode())
    sync_folder(folder)


def is_announced(folder: Path, origin: str, key: VerifyKey) -> bool:
    """Whether a key is the newest one that was announced."""
    steps = read_steps(folder, origin)
    return bool(steps) and steps[-1].new.public_bytes == key.public_bytes


def follow(folder: Path, key: VerifyKey, *, origin: str) -> VerifyKey:
    """The ledger's keys, found from one that is trusted; `key` where it never changed.

    Raises:
        CheckpointRefusedError: a change was not announced as it has to be.
    """
    steps = read_steps(folder, origin)
    known = {step.new.public_bytes for step in steps}
    known |= {step.old.public_bytes for step in steps[:1]}
    if key.public_bytes not in known:
        return key
    return SuccessiveKeys(steps)


def read_steps(folder: Path, origin: str) -> list[Step]:
    """All changes, each signed by both keys and continuing the one before.

    Raises:
        CheckpointRefusedError: one of them is not.
    """
    path = folder / KEYS_NAME
    if not path.exists():
        return []
    return steps_of(path.read_bytes().decode(errors="replace"), origin)


def steps_of(text: str, origin: str) -> list[Step]:
    """The same from the file's text, as a witness is handed it.

    Raises:
        CheckpointRefusedError: one of them is not as it has to be.
    """
    lines = text.split("\n")[:-1]
    steps: list[Step] = []
    for start in range(0, len(lines), _LINES):
        step = _step(lines[start : start + _LINES], origin)
        if steps and (steps[-1].new != step.old or steps[-1].after > step.after):
            raise _damaged("a change does not continue the one before")
        steps.append(step)
    return steps


def _step(lines: list[str], origin: str) -> Step:
    if len(lines) != _LINES or lines[0] != origin or lines[1] != _KIND:
        raise _damaged("a change does not have its lines")
    number = lines[4].removeprefix(_AFTER)
    if not number.removeprefix("-").isdecimal():
        raise _damaged("a change's checkpoint is no number")
    try:
        old, new = (read_note_key(line, kind=LOG) for line in lines[2:4])
    except ValueError as error:
        raise _damaged(str(error)) from None
    found = Step(old=old, new=new, after=int(number))
    is_whole = found.text().split("\n")[:5] == lines[:5]
    for line, signer in zip(lines[6:8], (old, new), strict=True):
        is_whole = is_whole and _is_signed(found, line, signer)
    if not is_whole or lines[5] or lines[8]:
        raise _damaged("a change is not signed by its old key and its new one")
    return found


def _is_signed(step: Step, line: str, signer: NoteKey) -> bool:
    if signer.name != step.old.name:
        return False
    text = step.text()
    note = SignedNote(
        text=text,
        lines=(line,),
        head=Head(origin=signer.name, size=0, root=b""),
    )
    return is_signed_by(note, signer)


def _damaged(why: str) -> CheckpointRefusedError:
    return CheckpointRefusedError(f"{KEYS_NAME}: {why}")
