# SPDX-License-Identifier: Apache-2.0
"""The root keys that are in use: one, and while it is being replaced the one before.

Which they are stands in `root-key.json` in the warden's folder. It names places, never
keys. What is wrapped anew is wrapped by the newest; what is read may still be the older
one's, until a rotation has found nothing of it left.
"""

import logging
from pathlib import Path

import msgspec

from wardkeep.crypto.aead import BoxCannotBeOpenedError, Key
from wardkeep.ledger.tiles import sync_folder, write_file
from wardkeep.warden.root_key import (
    CanBeDestroyed,
    Place,
    RootKey,
    RootKeyExistsError,
    RootKeyUnavailableError,
)
from wardkeep.warden.root_keys import make_root_key, open_root_key

RECORD_NAME = "root-key.json"
USUAL_ADDRESS = "file:root.key"
log = logging.getLogger(__name__)


class RootKeyRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Where the root keys are."""

    current: str
    older: str = ""
    """The one before, while something may still be wrapped by it."""
    keeps_older: bool = False
    """Whether the older one is left where it is when nothing is wrapped by it."""


def read_record(folder: Path, *, usual: str = USUAL_ADDRESS) -> RootKeyRecord:
    """What the folder says; `usual` where nothing was written down yet.

    Raises:
        RootKeyUnavailableError: the file is damaged.
    """
    path = folder / RECORD_NAME
    if not path.exists():
        return RootKeyRecord(current=usual)
    try:
        return msgspec.json.decode(path.read_bytes(), type=RootKeyRecord)
    except (msgspec.DecodeError, OSError) as error:
        message = f"{path} cannot be read: {error}. Restore it from its copy, or write:"
        message += f' {{"current": "{USUAL_ADDRESS}"}}'
        raise RootKeyUnavailableError(message) from None


def write_record(folder: Path, record: RootKeyRecord) -> None:
    """Have it on the disk, whole, before anything is done that it is about."""
    content = msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n"
    write_file(folder / RECORD_NAME, content)
    sync_folder(folder)


class RootKeyRing:
    """The root key to everybody who wraps; during a rotation it is two."""

    def __init__(
        self,
        newest: RootKey,
        older: RootKey | None,
        *,
        record: RootKeyRecord,
        place: Place,
    ) -> None:
        """Use `open_ring`."""
        self._newest = newest
        self._older = older
        self.record = record
        self._place = place

    @property
    def identity(self) -> str:
        return self._newest.identity

    @property
    def folder(self) -> Path:
        """The warden's own."""
        return self._place.folder

    @property
    def older_identity(self) -> str:
        """Empty where there is none."""
        return "" if self._older is None else self._older.identity

    @property
    def lacks_older(self) -> bool:
        """Whether there is an older one, by the record, that could not be opened."""
        return bool(self.record.older) and self._older is None

    def wrap(self, key: Key, identity: bytes) -> bytes:
        return self._newest.wrap(key, identity)

    def unwrap(self, wrapped: bytes, identity: bytes) -> Key:
        try:
            return self._newest.unwrap(wrapped, identity)
        except BoxCannotBeOpenedError:
            if self._older is None:
                raise
            return self._older.unwrap(wrapped, identity)

    def rewrapped(self, wrapped: bytes, identity: bytes) -> bytes | None:
        """The same by the newest key; None where it is so already.

        Raises:
            BoxCannotBeOpenedError: neither key opens it.
        """
        try:
            self._newest.unwrap(wrapped, identity)
        except BoxCannotBeOpenedError:
            return self._newest.wrap(self.unwrap(wrapped, identity), identity)
        return None

    def check(self) -> None:
        """Seal something and open it again.

        Raises:
            RootKeyUnavailableError: the device or service does not answer.
        """
        self._newest.unwrap(self._newest.wrap(Key(bytes(32)), b"check"), b"check")

    def turn_to(self, address: str, *, keeps_older: bool, secret: str) -> None:
        """Make a new root key, and wrap by it from now on.

        The record has both on the disk before anything is wrapped by the new one.

        Raises:
            RootKeyUnavailableError: it cannot be made, or a rotation is under way.
        """
        if self.record.older:
            message = "A rotation of the root key is under way. Wait for its end; where"
            message += " none is shown, begin it again: wardkeep key resume"
            raise RootKeyUnavailableError(message)
        place = self._place._replace(ask=lambda words: secret or self._place.ask(words))
        made = make_root_key(address, place)
        record = RootKeyRecord(
            current=address, older=self.record.current, keeps_older=keeps_older
        )
        write_record(self._place.folder, record)
        self.record, self._older, self._newest = record, self._newest, made

    def forget_older(self, *, is_kept: bool = False) -> None:
        """Let go of the older key, and destroy it unless it is to be kept."""
        older, is_kept = self._older, is_kept or self.record.keeps_older
        if isinstance(older, CanBeDestroyed) and not is_kept:
            older.destroy()
        record = RootKeyRecord(current=self.record.current)
        write_record(self._place.folder, record)
        self.record, self._older = record, None

    def __repr__(self) -> str:
        return f"RootKeyRing({self.identity})"


def open_ring(place: Place, *, usual: str, is_new: bool) -> RootKeyRing:
    """The root keys of an installation; of a new one the first is made.

    Raises:
        RootKeyUnavailableError: the root key is not there, or does not answer.
    """
    record = read_record(place.folder, usual=usual)
    newest = _first(record, place) if is_new else open_root_key(record.current, place)
    older = _older(record, place) if record.older else None
    return RootKeyRing(newest, older, record=record, place=place)


def _first(record: RootKeyRecord, place: Place) -> RootKey:
    try:
        made = make_root_key(record.current, place)
    except RootKeyExistsError:
        return open_root_key(record.current, place)
    write_record(place.folder, record)
    return made


def _older(record: RootKeyRecord, place: Place) -> RootKey | None:
    """None where it is gone: it was destroyed, and only the note of that is missing."""
    try:
        return open_root_key(record.older, place)
    except RootKeyUnavailableError as error:
        log.warning("the older root key is not used any more: %s", error)
        return None
