# SPDX-License-Identifier: Apache-2.0
"""The ledger's name and keys in this installation."""

import os
from pathlib import Path

from wardkeep.assembly.layout import Layout
from wardkeep.base.settings import Settings
from wardkeep.crypto.signing import SEED_BYTES, SigningKey, VerifyKey
from wardkeep.ledger.succession import KEYS_NAME, steps_of
from wardkeep.ledger.tiles import sync_folder
from wardkeep.ledger.verifier import given_key


def ledger_name(settings: Settings) -> str:
    """The checkpoint's origin line (C2SP tlog-checkpoint): a name without a scheme."""
    host = settings.public_origin.split("://", 1)[1]
    return f"{host}/wardkeep-ledger"


class SigningKeyFileError(Exception):
    """The ledger's signing key cannot be used; the message has the mend."""


class SigningKeyFile:
    """Where the ledger's signing key lies, and a new one until it is announced."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._next = path.with_suffix(".next")

    def prepare(self, key: SigningKey) -> None:
        """Have a new key on the disk, beside the one in use."""
        self._next.unlink(missing_ok=True)
        _write_closed(self._next, key.seed())
        sync_folder(self._path.parent)

    def adopt(self) -> None:
        """The new key is the one in use; the old one is gone."""
        key = SigningKey(self._next.read_bytes())
        self._next.replace(self._path)
        sync_folder(self._path.parent)
        _write_public(self._path, key)

    def settle(self, ledger: Path) -> None:
        """After a crash: the new key is in use if the old one had announced it."""
        if not self._next.exists():
            return
        raw = self._next.read_bytes()
        if len(raw) == SEED_BYTES and _is_announced(ledger, SigningKey(raw)):
            self.adopt()
        else:
            self._next.unlink()


def _is_announced(ledger: Path, key: SigningKey) -> bool:
    path = ledger / KEYS_NAME
    if not path.exists():
        return False
    text = path.read_text(encoding="utf-8")
    steps = steps_of(text, text.split("\n", 1)[0])
    return bool(steps) and steps[-1].new.public_bytes == key.verify_key.public_bytes


def _write_closed(path: Path, seed: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(seed)
        file.flush()
        os.fsync(file.fileno())


def _write_public(path: Path, key: SigningKey) -> None:
    public = path.with_suffix(".pub")
    public.write_text(key.verify_key.public_bytes.hex() + "\n", encoding="ascii")


def _told(path: Path) -> str:
    public = path.with_suffix(".pub")
    return public.read_text(encoding="ascii").strip() if public.exists() else ""


def signing_key(layout: Layout) -> SigningKey:
    """The warden's signing key; made when the installation is new."""
    path = layout.signing_key
    SigningKeyFile(path).settle(layout.ledger)
    if path.exists():
        seed = path.read_bytes()
        if len(seed) != SEED_BYTES:
            message = f"{path} is damaged. Restore it from its copy."
            raise SigningKeyFileError(message)
        key = SigningKey(seed)
        # A kill may have come between the two files.
        if _told(path) != key.verify_key.public_bytes.hex():
            _write_public(path, key)
        return key
    key = SigningKey.generate()
    _write_closed(path, key.seed())
    _write_public(path, key)
    return key


def verify_key_from(layout: Layout, given: str | None) -> VerifyKey | None:
    """The public key as given, else this installation's own; None: it has none yet.

    Raises:
        ValueError: what was given is no key; the message has the mend.
    """
    if given is not None:
        return given_key(given, "")[1]
    public = layout.signing_key.with_suffix(".pub")
    if not public.exists():
        return None
    try:
        return given_key(public.read_text(encoding="ascii"), "")[1]
    except ValueError:
        return None


def name_from(settings: Settings, given: str | None) -> str:
    """The ledger's name: in the key that was given, else this installation's own.

    Raises:
        ValueError: as for `verify_key_from`.
    """
    own = ledger_name(settings)
    return own if given is None else given_key(given, own)[0]
