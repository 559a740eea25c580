# SPDX-License-Identifier: Apache-2.0
"""An incident as it is kept: declared once, found larger or smaller, never deleted.

Kept as one file in a folder of its own. The ledger is the register: an entry for each
step has the digest of what was said, so that a file that was changed afterwards, or put
back to what it was, is told from the one that was declared.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import msgspec

from wardkeep.base.ids import is_uuid
from wardkeep.ledger.entry import Entry
from wardkeep.ledger.index import INCIDENT_STEPS
from wardkeep.ledger.wanted import Wanted
from wardkeep.ledger.whole_files import put

FILE = "incident.json"
DECLARED, REVISED, WITHDRAWN = INCIDENT_STEPS
"""Actions of the entries that are the register."""
_STEP = re.compile(r"incident ([0-9a-f-]{36}) ([0-9]{1,9}) ([0-9a-f]{64})")
_MICROSECOND = timedelta(microseconds=1)
TO_REGULATOR = timedelta(hours=72)
"""UK GDPR, article 33(1), from when it was found out."""
EARLY_NOTICE = timedelta(hours=24)
"""Cyber Security and Resilience Bill: a light notice."""


class IncidentUnknownError(Exception):
    """There is no such incident, or its file cannot be read."""


class Finding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One version of what is known."""

    at: int
    """When it was written down. UTC microseconds since 1970, as all times here."""
    why: str
    """What is new, in a sentence."""
    selectors: tuple[Wanted, ...]
    """Whose openings were not rightful; whatever any of them names."""
    is_whole: bool
    """Whether the whole ledger was read and agrees with its signed root."""
    people: tuple[tuple[int, int], ...]
    """How many were reached, by the number of their organisation."""
    sessions: tuple[tuple[str, ...], ...] = ()
    """For each selector the sessions that a passkey or an address was followed to."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What an organisation says to its own patients of it."""

    doing: str
    """What is being done."""
    ask: str
    """Whom to ask, and how."""


class Step(NamedTuple):
    """One entry of the register."""

    incident: str
    action: str
    version: int
    digest: str
    organisation: int
    entry: int
    """The entry's position."""


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """What happened, when it was found, and each version of what is known."""

    id: str
    found_at: int
    declared_at: int
    what: str
    findings: tuple[Finding, ...]
    """The newest comes last."""
    names: tuple[tuple[int, str], ...] = ()
    """The touched organisations' names, once the warden has written it down."""
    written: str = ""
    """The digest that was sent to the ledger last; whether it is there, it says."""
    withdrawn_at: int = 0
    withdrawn_why: str = ""
    organisation: int = 0
    """Which declared it itself, of its own people alone; 0: the operator did."""
    declared_by: str = ""
    """The account that declared it; empty: the operator did."""
    told: Told | None = None

    @property
    def newest(self) -> Finding:
        return self.findings[-1]

    @property
    def people(self) -> int:
        return sum(many for _, many in self.newest.people)

    @property
    def report_due_at(self) -> int:
        return self.found_at + TO_REGULATOR // _MICROSECOND

    @property
    def early_notice_due_at(self) -> int:
        return self.found_at + EARLY_NOTICE // _MICROSECOND

    @property
    def digest(self) -> str:
        """SHA-256 of what was said, without what the warden answered to it."""
        said = msgspec.to_builtins(self)
        said |= {"names": (), "written": ""}
        # What came with later versions of this format, and was not said then.
        for name, unsaid in _CAME_LATER:
            if said[name] == unsaid:
                del said[name]
        return hashlib.sha256(msgspec.json.encode(said)).hexdigest()

    @property
    def step(self) -> str:
        """The action of the entry that the newest thing said of it has."""
        if self.withdrawn_at:
            return WITHDRAWN
        return DECLARED if len(self.findings) == 1 else REVISED

    @property
    def touched(self) -> tuple[int, ...]:
        """Organisations that have an entry; 0 where nobody's was reached."""
        return tuple(number for number, _ in self.newest.people) or (0,)

    def is_in(self, steps: Iterable[Step]) -> bool:
        """Whether the newest entry that each touched organisation has is about this.

        `steps` in the order of the ledger. A file that was put back to an older version
        differs as well: the newer one has an entry.
        """
        newest = {
            one.organisation: (one.action, one.version, one.digest)
            for one in steps
            if one.incident == self.id
        }
        said = (self.step, len(self.findings), self.digest)
        return all(newest.get(number) == said for number in self.touched)

    def name_of(self, organisation: int) -> str:
        return dict(self.names).get(organisation, f"Organisation {organisation}")


_CAME_LATER: Sequence[tuple[str, object]] = (
    ("organisation", 0),
    ("declared_by", ""),
    ("told", None),
)


def request_of(incident: Incident) -> str:
    """How an entry of the register names an incident's newest version."""
    return said_of(incident.id, len(incident.findings), incident.digest)


def said_of(incident: str, version: int, digest: str) -> str:
    return f"incident {incident} {version} {digest}"


def step_in(position: int, entry: Entry) -> Step | None:
    """The step that an entry is about; None of any other entry."""
    found = _STEP.fullmatch(entry.request)
    if entry.action not in INCIDENT_STEPS or found is None:
        return None
    incident, version, digest = found.groups()
    return Step(
        incident, entry.action, int(version), digest, entry.organisation, position
    )


def keep(folder: Path, incident: Incident) -> None:
    """Write it to the disk, whole or not at all."""
    text = msgspec.json.format(msgspec.json.encode(incident), indent=2)
    put(folder / incident.id / FILE, text)


def read(folder: Path, id_: str) -> Incident:
    """An incident by its id.

    Raises:
        IncidentUnknownError: there is none, or its file is damaged.
    """
    if not is_uuid(id_):
        raise IncidentUnknownError(f"{id_[:40]!r} is no incident's id.")
    try:
        return msgspec.json.decode((folder / id_ / FILE).read_bytes(), type=Incident)
    except OSError:
        raise IncidentUnknownError(f"There is no incident {id_} here.") from None
    except msgspec.DecodeError as error:
        raise IncidentUnknownError(f"{folder / id_ / FILE}: {error}") from None


def all_in(folder: Path) -> list[Incident]:
    """All of them, the newest first, withdrawn ones too."""
    found = [read(folder, one.parent.name) for one in sorted(folder.glob(f"*/{FILE}"))]
    return sorted(found, key=lambda one: -one.declared_at)
