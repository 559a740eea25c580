# SPDX-License-Identifier: Apache-2.0
"""A root key whose bytes the warden holds, and the files that they lie in."""

import hashlib
import os
import stat
from pathlib import Path

from wardkeep.crypto.aead import Cipher, Key
from wardkeep.crypto.derive import derive
from wardkeep.ledger.tiles import sync_folder
from wardkeep.warden.root_key import RootKeyExistsError, RootKeyUnavailableError

_SHOWN = 8
"""Hexadecimal digits of the identity: 32 bits tell a handful of keys apart."""


class BytesRootKey:
    """Wraps under a key derived from 32 bytes; where they come from is a kind's own."""

    __slots__ = ("_cipher", "_path", "_secret", "identity")

    def __init__(self, secret: Key, *, kind: str, path: Path) -> None:
        self._secret = secret
        self._path = path
        self._cipher = Cipher(derive(secret, "wrap-organisation-key"))
        self.identity = f"{kind} {path.name}, {fingerprint(secret)}"

    def wrap(self, key: Key, identity: bytes) -> bytes:
        return self._cipher.seal(key, identity)

    def unwrap(self, wrapped: bytes, identity: bytes) -> Key:
        return Key(self._cipher.open(wrapped, identity))

    def unsafe_secret(self) -> Key:
        return self._secret

    def destroy(self) -> None:
        """Remove the file. Blocks of it may stay on the disk until they are reused."""
        self._path.unlink(missing_ok=True)
        sync_folder(self._path.parent)

    def __repr__(self) -> str:
        return f"BytesRootKey({self.identity})"


def fingerprint(secret: Key) -> str:
    """Tells root keys apart, on paper and on screens, and says nothing of them."""
    return hashlib.sha256(derive(secret, "root-key-identity")).hexdigest()[:_SHOWN]


def read_closed_file(path: Path) -> bytes:
    """What is in a file that only its owner may read.

    Raises:
        RootKeyUnavailableError: it is not there, or others may read it.
    """
    try:
        mode = path.stat().st_mode
        raw = path.read_bytes()
    except OSError as error:
        message = f"{path}: {error.strerror}. Restore the root key from its copy, or"
        message += " from its shares: wardkeep key recover --help"
        raise RootKeyUnavailableError(message) from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        message = f"{path}: others may read it. Run: chmod 600 {path}"
        raise RootKeyUnavailableError(message)
    return raw


def write_new_file(path: Path, content: bytes) -> None:
    """Have the content on the disk, for its owner's eyes; never over a file.

    Whole or not at all: a crash leaves no half of a root key under its name.

    Raises:
        RootKeyExistsError: there is one already.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.{os.getpid()}.new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(beside, path)
    except FileExistsError:
        message = f"{path} is there already. A root key is never written over."
        raise RootKeyExistsError(message) from None
    finally:
        beside.unlink()
    sync_folder(path.parent)
