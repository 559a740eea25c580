# SPDX-License-Identifier: Apache-2.0
"""A root key of 32 random bytes in a file that only its owner may read."""

from pathlib import Path

from wardkeep.crypto.aead import KEY_BYTES, Key, new_key
from wardkeep.warden.root_key import Kind, Place, RootKeyUnavailableError
from wardkeep.warden.root_keys._bytes import (
    BytesRootKey,
    read_closed_file,
    write_new_file,
)

SCHEME = "file"


def open_file(path: Path) -> BytesRootKey:
    """The key in a file.

    Raises:
        RootKeyUnavailableError: it is not there, is open to others, or damaged.
    """
    raw = read_closed_file(path)
    if len(raw) != KEY_BYTES:
        message = f"{path}: {len(raw)} bytes where a root key has {KEY_BYTES}."
        raise RootKeyUnavailableError(f"{message} Restore it from its copy.")
    return BytesRootKey(Key(raw), kind=SCHEME, path=path)


def make_file(path: Path, secret: Key) -> BytesRootKey:
    """Write a key into a new file.

    Raises:
        RootKeyExistsError: there is one already.
    """
    write_new_file(path, secret)
    return open_file(path)


def _open(rest: str, place: Place) -> BytesRootKey:
    return open_file(place.folder / rest)


def _make(rest: str, place: Place) -> BytesRootKey:
    return make_file(place.folder / rest, new_key())


KIND = Kind(scheme=SCHEME, words="file:NAME", open=_open, make=_make)
