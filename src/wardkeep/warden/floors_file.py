# SPDX-License-Identifier: Apache-2.0
"""Which generations of data keys were destroyed, in a file of the warden's own.

The database has the same, and the door goes by that. Who owns the database can put it
back with everything else; the file then tells. So does a backup that was restored.
"""

import logging
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from wardkeep.ledger.tiles import sync_folder, write_file

NAME = "key-floors.json"
log = logging.getLogger(__name__)
Floor = tuple[int, str, int]
"""(organisation, patient or nobody's name, oldest generation that opens)."""


class FloorsFile:
    """What was destroyed, as this machine remembers it."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        self._floors: dict[tuple[int, str], int] = {}
        if self._path.exists():
            self._read()

    def _read(self) -> None:
        try:
            found = msgspec.json.decode(self._path.read_bytes(), type=list[Floor])
        except (msgspec.DecodeError, OSError) as error:
            # It opens nothing and closes nothing: no reason not to start.
            log.warning("%s cannot be read, and is begun anew: %s", self._path, error)
            return
        self._floors = {(number, who): least for number, who, least in found}

    def raise_to(self, floor: Floor) -> None:
        """Have it on the disk."""
        organisation, patient, generation = floor
        self._floors[organisation, patient] = generation
        rows = [(*whose, least) for whose, least in sorted(self._floors.items())]
        content = msgspec.json.format(msgspec.json.encode(rows), indent=1) + b"\n"
        write_file(self._path, content)
        sync_folder(self._path.parent)

    def behind(self, known: Iterable[Floor]) -> Sequence[int]:
        """Organisations of which a database knows less than was destroyed."""
        there = {(number, who): least for number, who, least in known}
        return sorted(
            {
                organisation
                for (organisation, patient), least in self._floors.items()
                if least
                > max(
                    there.get((organisation, patient), 0),
                    there.get((organisation, ""), 0),
                )
            }
        )
