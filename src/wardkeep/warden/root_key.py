# SPDX-License-Identifier: Apache-2.0
"""The root key: what wraps every organisation's key. Today a file; a device later.

The interface has two verbs, so that a PKCS#11 token or a cloud key service, from
which no key ever comes out, can stand in its place.
"""

import os
import stat
from pathlib import Path
from typing import Protocol

from wardkeep.crypto.aead import KEY_BYTES, Cipher, Key, new_key
from wardkeep.crypto.derive import derive


class RootKey(Protocol):
    """Wraps and unwraps 32-byte keys, bound to an identity."""

    def wrap(self, key: Key, identity: bytes) -> bytes: ...

    def unwrap(self, wrapped: bytes, identity: bytes) -> Key:
        """Undo `wrap`.

        Raises:
            BoxCannotBeOpenedError: another root key, another identity, other bytes.
        """
        ...


class RootKeyFileError(Exception):
    """The root key's file cannot be used; the message says why and the mend."""


class FileRootKey:
    """A root key of 32 random bytes in a file that only its owner may read."""

    __slots__ = ("_cipher",)

    def __init__(self, path: Path) -> None:
        self._cipher = Cipher(derive(_read(path), "wrap-organisation-key"))

    @classmethod
    def create(cls, path: Path) -> "FileRootKey":
        """Make the file with a new key; never over an existing one."""
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(new_key())
            file.flush()
            os.fsync(file.fileno())
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return cls(path)

    @classmethod
    def open_or_create(cls, path: Path) -> "FileRootKey":
        return cls(path) if path.exists() else cls.create(path)

    def wrap(self, key: Key, identity: bytes) -> bytes:
        return self._cipher.seal(key, identity)

    def unwrap(self, wrapped: bytes, identity: bytes) -> Key:
        return Key(self._cipher.open(wrapped, identity))


def _read(path: Path) -> Key:
    try:
        mode = path.stat().st_mode
        raw = path.read_bytes()
    except OSError as error:
        message = f"{path}: {error.strerror}. Restore the root key from its copy."
        raise RootKeyFileError(message) from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        message = f"{path}: others may read it. Run: chmod 600 {path}"
        raise RootKeyFileError(message)
    if len(raw) != KEY_BYTES:
        message = f"{path}: {len(raw)} bytes where a root key has {KEY_BYTES}."
        raise RootKeyFileError(f"{message} Restore it from its copy.")
    return Key(raw)
