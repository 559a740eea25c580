# SPDX-License-Identifier: Apache-2.0
"""Which keys a rotation destroyed, in a file of the warden's own: fingerprints.

Who owns the database and knows an old key can put its wrapped form back, and so can a
restored backup: it opens, because a restore must work. This tells.
"""

import logging
from pathlib import Path
from typing import NamedTuple

import msgspec

from wardkeep.ledger.tiles import sync_folder, write_file

NAME = "destroyed-keys.json"
log = logging.getLogger(__name__)


class DestroyedKey(NamedTuple):
    """One that was in use once."""

    organisation: int
    level: str
    fingerprint: str
    """16 hexadecimal digits; the entry that ends its rotation has them too."""


class DestroyedKeys:
    """What was destroyed, as this machine remembers it."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        self._keys: set[DestroyedKey] = set()
        if self._path.exists():
            self._read()

    def _read(self) -> None:
        try:
            found = msgspec.json.decode(
                self._path.read_bytes(), type=list[DestroyedKey]
            )
        except (msgspec.DecodeError, OSError) as error:
            # It opens nothing and closes nothing: no reason not to start.
            log.warning("%s cannot be read, and is begun anew: %s", self._path, error)
            return
        self._keys = set(found)

    def add(self, key: DestroyedKey) -> None:
        """Have it on the disk."""
        self._keys.add(key)
        content = msgspec.json.format(msgspec.json.encode(sorted(self._keys)), indent=1)
        write_file(self._path, content + b"\n")
        sync_folder(self._path.parent)

    def has(self, key: DestroyedKey) -> bool:
        """Whether it was destroyed once."""
        return key in self._keys
