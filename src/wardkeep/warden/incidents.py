# SPDX-License-Identifier: Apache-2.0
"""The warden's folder of incidents, and the register of them in the ledger."""

import logging
from collections.abc import Sequence
from pathlib import Path

import msgspec

from wardkeep.base.ids import is_uuid
from wardkeep.ledger import incidents
from wardkeep.ledger.incidents import FILE, Incident, IncidentUnknownError, Step
from wardkeep.ledger.log import Ledger
from wardkeep.ledger.whole_files import put

COUNTS = "counts"
PENDING = f"{FILE}.pending"
log = logging.getLogger(__name__)


class Register:
    """What was declared: the files, and what the ledger says of them."""

    def __init__(self, folder: Path, ledger: Ledger) -> None:
        self.folder = folder
        self._ledger = ledger
        self._read: dict[str, tuple[tuple[int, ...], Incident]] = {}
        self._steps: list[Step] = []
        self._steps_of = 0

    def steps(self) -> Sequence[Step]:
        """Every entry of the register, in the order of the ledger."""
        positions = self._ledger.index.incidents()
        for place in range(self._steps_of, len(positions)):
            found = incidents.step_in(
                positions[place], self._ledger.read(positions[place])
            )
            if found is not None:
                self._steps.append(found)
        self._steps_of = len(positions)
        return self._steps

    def steps_about(self, incident: str) -> list[Step]:
        return [one for one in self.steps() if one.incident == incident]

    def find(self, id_: str) -> Incident | None:
        """An incident's file; None where it is not there, or cannot be read."""
        if not is_uuid(id_):
            return None
        try:
            stat = (self.folder / id_ / FILE).stat()
            stamp = (stat.st_mtime_ns, stat.st_ino, stat.st_size)
            known = self._read.get(id_)
            if known is None or known[0] != stamp:
                known = self._read[id_] = (stamp, incidents.read(self.folder, id_))
        except FileNotFoundError:
            return None
        except (OSError, IncidentUnknownError) as error:
            log.warning("an incident cannot be read: %s", type(error).__name__)
            return None
        return known[1]

    def every(self) -> list[Incident]:
        """Those whose files can be read, the newest first."""
        ids = [one.parent.name for one in self.folder.glob(f"*/{FILE}")]
        found = [one for one in map(self.find, ids) if one is not None]
        return sorted(found, key=lambda one: -one.declared_at)

    def touching(self, organisation: int) -> list[Incident]:
        """Those that the organisation declared, or that reached its people."""
        return [
            one
            for one in self.every()
            if organisation in (one.organisation, *one.touched)
        ]

    def lost(self, organisation: int) -> list[str]:
        """Ids of those that the ledger has and no file, of this organisation."""
        named = {
            one.incident for one in self.steps() if one.organisation == organisation
        }
        return sorted(one for one in named if self.find(one) is None)

    def is_written(self, incident: Incident) -> bool:
        """Whether the file says what the newest entries of the ledger say."""
        return incident.is_in(self.steps_about(incident.id))

    # An organisation's own: pending until the ledger has its entry

    def keep_pending(self, incident: Incident) -> None:
        text = msgspec.json.format(msgspec.json.encode(incident), indent=2)
        put(self.folder / incident.id / PENDING, text)

    def stand(self, id_: str) -> None:
        """What was pending is the incident from here on."""
        (self.folder / id_ / PENDING).replace(self.folder / id_ / FILE)

    def drop_pending(self, id_: str) -> None:
        """It was not written down, so it was not said."""
        (self.folder / id_ / PENDING).unlink(missing_ok=True)

    def settle(self) -> None:
        """After a start: what the ledger has stands; what it has not, goes."""
        for path in self.folder.glob(f"*/{PENDING}"):
            id_ = path.parent.name
            try:
                found = msgspec.json.decode(path.read_bytes(), type=Incident)
            except (OSError, msgspec.DecodeError):
                log.warning("an incident that was being written cannot be read")
                continue
            if found.id == id_ and self.is_written(found):
                log.warning("an incident that was being written stands")
                self.stand(id_)
            else:
                self.drop_pending(id_)

    def letters_of(self, incident: Incident, organisation: int) -> Path:
        """Where it is kept who asked for letters to an organisation's people."""
        return self.folder / incident.id / f"letters-{organisation}.json"

    def reach_of(self, incident: Incident, organisation: int) -> Path:
        """Where it is kept whom the newest version reached of an organisation."""
        version = len(incident.findings)
        return self.folder / incident.id / f"reach-{organisation}-{version}"
