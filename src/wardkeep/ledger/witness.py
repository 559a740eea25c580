# SPDX-License-Identifier: Apache-2.0
"""A witness: remembers the newest checkpoint of each ledger, and signs what follows.

C2SP tlog-witness (https://c2sp.org/tlog-witness). It signs a checkpoint only where a
proof shows that it continues the last one that it signed, and it has that on the disk
before it answers. So nobody, not even whoever holds the ledger's own signing key, can
put an older copy back or tell two stories: the witness refuses the second.

Done means: one small process on a machine that the ledger's operator does not run,
`wardkeep witness serve`, which needs no care. Rejected: sending checkpoints by e-mail
(nobody compares them), and a public ledger (it would tell how busy a hospital is).
"""

import base64
import contextlib
import fcntl
import hashlib
import os
import threading
from pathlib import Path

import msgspec

from wardkeep.base.clock import Clock
from wardkeep.base.note_keys import COSIGNER, LOG, NoteKey, read_note_key
from wardkeep.crypto.signing import SEED_BYTES, SigningKey
from wardkeep.ledger.checkpoint import CheckpointRefusedError
from wardkeep.ledger.cosignature import (
    NoteRefusedError,
    SignedNote,
    cosign,
    is_signed_by,
    read_hash,
    read_signed_note,
    read_size,
)
from wardkeep.ledger.merkle import is_consistent
from wardkeep.ledger.succession import steps_of
from wardkeep.ledger.tiles import sync_folder, write_file

LARGEST_REQUEST = 64 * 1024
"""Bytes of one request: 63 hashes and a note are far less."""
MOST_HASHES = 63
SIZE_TYPE, TEXT_TYPE = "text/x.tlog.size", "text/plain; charset=utf-8"
_KEY_NAME, _NAME_NAME, _LOGS, _LOCK = "witness.key", "name", "logs", "lock"
_REFUSED = "refused"


class WitnessFolderError(Exception):
    """The witness's folder cannot be used; the message has the mend."""


class Told(msgspec.Struct, frozen=True):
    """What the witness answers: an HTTP status, a body, and the body's type."""

    status: int
    body: str
    type: str = TEXT_TYPE


class _Asked(msgspec.Struct, frozen=True):
    old: int
    proof: list[bytes]
    note: SignedNote


class Watched(msgspec.Struct):
    """One ledger that is watched."""

    vkey: str
    note: str = ""
    """The newest checkpoint that was signed here, with both signatures."""

    @property
    def newest(self) -> SignedNote | None:
        return read_signed_note(self.note) if self.note else None


def log_id(origin: str) -> str:
    """What a ledger is called in addresses and file names."""
    return hashlib.sha256(origin.encode()).hexdigest()


class Witness:
    """One folder of a key and of what was signed by it."""

    def __init__(self, folder: Path, name: str, key: SigningKey, clock: Clock) -> None:
        """Use `Witness.open`."""
        self._folder = folder
        self._key = key
        self._clock = clock
        self._one_at_a_time = threading.Lock()
        public = key.verify_key.public_bytes
        self.key = NoteKey(name=name, kind=COSIGNER, public_bytes=public)

    @classmethod
    def begin(cls, folder: Path, name: str, clock: Clock) -> "Witness":
        """Make the folder and the key of a new witness; one that is there is kept.

        Raises:
            WitnessFolderError: the folder has a witness of another name.
        """
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / _LOGS).mkdir(mode=0o700, exist_ok=True)
        path = folder / _KEY_NAME
        if not path.exists():
            write_file(folder / _NAME_NAME, name.encode())
            _write_closed(path, SigningKey.generate().seed())
        found = cls.open(folder, clock)
        if name != found.key.name:
            message = f"{folder} has the witness {found.key.name}, not {name}."
            raise WitnessFolderError(message)
        return found

    @classmethod
    def open(cls, folder: Path, clock: Clock) -> "Witness":
        """The witness of a folder.

        Raises:
            WitnessFolderError: there is none, or its key is damaged.
        """
        path = folder / _KEY_NAME
        if not path.exists():
            message = f"{folder} has no witness; begin with: wardkeep witness watch"
            raise WitnessFolderError(message)
        seed = path.read_bytes()
        if len(seed) != SEED_BYTES:
            message = f"{path} is damaged. A witness whose key is lost is retired."
            raise WitnessFolderError(message)
        name = (folder / _NAME_NAME).read_text(encoding="utf-8")
        return cls(folder, name, SigningKey(seed), clock)

    def watch(self, log: NoteKey) -> None:
        """Sign this ledger's checkpoints from now on.

        Raises:
            WitnessFolderError: its name is watched with another key.
        """
        with self._alone():
            known = self.watched(log_id(log.name))
            if known is not None and known.vkey != log.text:
                message = (
                    f"{log.name} is watched with another key. Where that one announced"
                    " the new one: wardkeep witness follow --help. Else it is a new"
                    " ledger: give it another name."
                )
                raise WitnessFolderError(message)
            if known is None:
                self._save(log.name, Watched(vkey=log.text))

    def follow(self, origin: str, changes: str) -> NoteKey:
        """Know a ledger by its newest key, which the one that is known here announced.

        `changes` is the file `keys` of the ledger's folder.

        Raises:
            WitnessFolderError: it is not watched, or the known key announced none.
        """
        with self._alone():
            known = self.watched(log_id(origin))
            if known is None:
                message = f"{origin} is not watched here."
                raise WitnessFolderError(message)
            try:
                steps = steps_of(changes, origin)
            except CheckpointRefusedError as error:
                message = f"The changes cannot be followed: {error}"
                raise WitnessFolderError(message) from None
            if known.vkey not in [step.old.text for step in steps]:
                message = f"The key of {origin} that is known here announced no other."
                raise WitnessFolderError(message)
            known.vkey = steps[-1].new.text
            self._save(origin, known)
            return steps[-1].new

    def watched(self, id_: str) -> Watched | None:
        """What is known of a ledger by its id (`log_id`)."""
        path = self._path(id_)
        if not path.exists():
            return None
        return msgspec.json.decode(path.read_bytes(), type=Watched)

    def all_watched(self) -> list[Watched]:
        found = sorted((self._folder / _LOGS).glob("*.json"))
        return [msgspec.json.decode(one.read_bytes(), type=Watched) for one in found]

    def add_checkpoint(self, body: bytes) -> Told:
        """Answer one request as tlog-witness says; what was refused changes nothing."""
        asked = _read_request(body)
        if isinstance(asked, str):
            return Told(400, f"{asked}\n")
        with self._alone():
            return self._answer(asked)

    def _answer(self, asked: _Asked) -> Told:
        head = asked.note.head
        watched = self.watched(log_id(head.origin))
        if watched is None:
            return Told(404, "this ledger is not watched here\n")
        if not is_signed_by(asked.note, read_note_key(watched.vkey, kind=LOG)):
            return Told(403, "it is not signed with the key that is known here\n")
        if asked.old > head.size:
            return Told(400, "the old size is larger than the checkpoint's\n")
        newest = watched.newest
        known = newest.head.size if newest else 0
        if asked.old != known:
            return Told(409, f"{known}\n", SIZE_TYPE)
        if newest and known == head.size and newest.head.root != head.root:
            self._keep_refused(asked.note)
            return Told(409, f"{known}\n", SIZE_TYPE)
        if not _continues(newest, asked):
            self._keep_refused(asked.note)
            return Told(422, "it does not continue what was signed here\n")
        return self._sign(watched, asked.note)

    def _sign(self, watched: Watched, note: SignedNote) -> Told:
        at = int(self._clock.now().timestamp())
        line = cosign(note.text, name=self.key.name, key=self._key, at=at)
        log = read_note_key(watched.vkey, kind=LOG)
        own = [one for one in note.lines if is_signed_by(_with((one,), note), log)]
        watched.note = _with((*own[:1], line), note).whole
        self._save(note.head.origin, watched)
        return Told(200, f"{line}\n")

    def _keep_refused(self, note: SignedNote) -> None:
        """A checkpoint that the ledger signed and that cannot be true is evidence."""
        path = self._folder / _LOGS / f"{log_id(note.head.origin)}.{_REFUSED}"
        if not path.exists():
            write_file(path, note.whole.encode())

    def refused(self, origin: str) -> str:
        """The first refused checkpoint of a ledger; empty where there is none."""
        path = self._folder / _LOGS / f"{log_id(origin)}.{_REFUSED}"
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def _save(self, origin: str, watched: Watched) -> None:
        write_file(self._path(log_id(origin)), msgspec.json.encode(watched))
        sync_folder(self._folder / _LOGS)

    def _path(self, id_: str) -> Path:
        return self._folder / _LOGS / f"{id_}.json"

    def _alone(self) -> contextlib.ExitStack:
        """No second thread and no second process between the check and the saving."""
        stack = contextlib.ExitStack()
        stack.enter_context(self._one_at_a_time)
        lock = stack.enter_context((self._folder / _LOCK).open("w"))
        fcntl.flock(lock, fcntl.LOCK_EX)
        return stack


def _with(lines: tuple[str, ...], note: SignedNote) -> SignedNote:
    return msgspec.structs.replace(note, lines=lines)


def _continues(newest: SignedNote | None, asked: _Asked) -> bool:
    if newest is None or newest.head.size == 0:
        return not asked.proof
    return is_consistent(
        old=asked.old,
        new=asked.note.head.size,
        old_root=newest.head.root,
        new_root=asked.note.head.root,
        proof=asked.proof,
    )


def _read_request(body: bytes) -> _Asked | str:
    """A request, or what is wrong with it."""
    if len(body) > LARGEST_REQUEST:
        return "the request is too large"
    try:
        head, found, note = body.decode().partition("\n\n")
        signed = read_signed_note(note)
    except UnicodeDecodeError:
        return "the request is not UTF-8"
    except NoteRefusedError as error:
        return f"the checkpoint cannot be read: {error}"
    lines = head.split("\n")
    old = read_size(lines[0].removeprefix("old "))
    proof = [read_hash(line) for line in lines[1:]]
    hashes = [one for one in proof if one is not None]
    if not found or not lines[0].startswith("old ") or old is None:
        return "the first line is to be `old` and a size"
    if len(hashes) != len(proof) or len(hashes) > MOST_HASHES:
        return "the proof is to be 63 hashes at most, each in base64"
    return _Asked(old, hashes, signed)


def request(old: int, proof: list[bytes], note: str) -> bytes:
    """What a ledger asks of a witness."""
    hashes = "".join(f"{base64.b64encode(one).decode('ascii')}\n" for one in proof)
    return f"old {old}\n{hashes}\n{note}".encode()


def _write_closed(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
