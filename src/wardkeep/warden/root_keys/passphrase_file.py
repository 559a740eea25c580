# SPDX-License-Identifier: Apache-2.0
"""A root key in a file that a passphrase opens: scrypt (RFC 7914), then AES-256-GCM.

The file is one line: `wardkeep-root-key 1 scrypt LOG2N R P SALT BOX`, the last two in
base64. What stands before the box is authenticated with it.
"""

import base64
import binascii
import hashlib
import os
import re
from pathlib import Path

from wardkeep.crypto.aead import BoxCannotBeOpenedError, Cipher, Key, new_key
from wardkeep.warden.root_key import (
    Kind,
    Place,
    RootKeyExistsError,
    RootKeyUnavailableError,
)
from wardkeep.warden.root_keys._bytes import (
    BytesRootKey,
    read_closed_file,
    write_new_file,
)

SCHEME = "passphrase"
FEWEST_CHARACTERS = 16
"""Five random words. Each guess costs 128 MiB for a good part of a second."""
_LOG_N, _R, _P = 17, 8, 1
_MOST_LOG_N, _MOST_R, _MOST_P = 20, 8, 4
_SALT_BYTES = 16
_MAGIC = "wardkeep-root-key 1 scrypt"
_LINE = re.compile(
    rf"(?P<head>{_MAGIC} (?P<n>\d{{1,2}}) (?P<r>\d{{1,2}}) (?P<p>\d)"
    r" (?P<salt>[A-Za-z0-9+/=]{1,64})) (?P<box>[A-Za-z0-9+/=]{1,128})\n"
)


def open_with(path: Path, passphrase: str) -> BytesRootKey:
    """The key in a file.

    Raises:
        RootKeyUnavailableError: the file is damaged, or the passphrase is wrong.
    """
    raw = read_closed_file(path)
    found = _LINE.fullmatch(raw.decode("ascii", errors="replace"))
    cost = (
        (0, 0, 0)
        if found is None
        else (int(found["n"]), int(found["r"]), int(found["p"]))
    )
    if found is None or cost[0] > _MOST_LOG_N or cost[1] > _MOST_R or cost[2] > _MOST_P:
        message = f"{path} is no root key with a passphrase. Restore it from its copy."
        raise RootKeyUnavailableError(message)
    try:
        salt, box = (
            base64.b64decode(found[part], validate=True) for part in ("salt", "box")
        )
        cipher = _cipher(passphrase, salt, cost)
        secret = Key(cipher.open(box, found["head"].encode()))
    except (BoxCannotBeOpenedError, binascii.Error, ValueError):
        message = f"The passphrase does not open {path}."
        raise RootKeyUnavailableError(message) from None
    return BytesRootKey(secret, kind=SCHEME, path=path)


def make_with(path: Path, passphrase: str, secret: Key) -> BytesRootKey:
    """Write a key into a new file.

    Raises:
        RootKeyExistsError: there is one already.
        RootKeyUnavailableError: the passphrase is too short.
    """
    if len(passphrase) < FEWEST_CHARACTERS:
        message = f"A passphrase has {FEWEST_CHARACTERS} characters or more. Take five"
        raise RootKeyUnavailableError(f"{message} random words.")
    salt = os.urandom(_SALT_BYTES)
    head = f"{_MAGIC} {_LOG_N} {_R} {_P} {base64.b64encode(salt).decode()}"
    cipher = _cipher(passphrase, salt, (_LOG_N, _R, _P))
    box = base64.b64encode(cipher.seal(secret, head.encode())).decode()
    write_new_file(path, f"{head} {box}\n".encode())
    return BytesRootKey(secret, kind=SCHEME, path=path)


def _cipher(passphrase: str, salt: bytes, cost: tuple[int, int, int]) -> Cipher:
    log_n, r, p = cost
    n = 1 << log_n
    derived = hashlib.scrypt(
        passphrase.encode(), salt=salt, n=n, r=r, p=p, maxmem=256 * r * n, dklen=32
    )
    return Cipher(Key(derived))


def _open(rest: str, place: Place) -> BytesRootKey:
    path = place.folder / rest
    read_closed_file(path)  # before anybody is asked for a passphrase
    return open_with(path, place.ask(_asks(rest)))


def _make(rest: str, place: Place) -> BytesRootKey:
    path = place.folder / rest
    if path.exists():
        message = f"{path} is there already. A root key is never written over."
        raise RootKeyExistsError(message)
    return make_with(path, place.ask(_asks(rest)), new_key())


def _asks(rest: str) -> str:
    return f"Passphrase of the root key {rest}"


KIND = Kind(scheme=SCHEME, words="passphrase:NAME", open=_open, make=_make, asks=_asks)
