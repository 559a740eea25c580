# SPDX-License-Identifier: Apache-2.0
"""What no program may write: the ledger's entries, and acts of clinical leads."""

import re
from typing import NamedTuple

from wardkeep.base.outcome import Problem
from wardkeep.fhir.model.resource import Resource

AUDIT_EVENT = "AuditEvent"
_ID = re.compile(r"ledger-([0-9]{1,15})\.([0-9]{1,4})", re.ASCII)


class LedgerEventId(NamedTuple):
    """`ledger-1234.0`: the first patient of entry 1234."""

    entry: int
    part: int

    def __str__(self) -> str:
        return f"ledger-{self.entry}.{self.part}"


def ledger_event_id(type_: str, id_: str) -> LedgerEventId | None:
    """What an id says; None where it is one that anybody may write."""
    found = _ID.fullmatch(id_) if type_ == AUDIT_EVENT else None
    return LedgerEventId(int(found[1]), int(found[2])) if found else None


_TRIAGE = "urn:wardkeep:triage:"
OF_TRIAGE = Problem(
    place="Library.extension",
    wrong="it says who took triage content into use, reviewed it or held it",
    mend="A clinical lead does that on a page, signed in by a passkey.",
)


def is_of_triage(resource: Resource) -> bool:
    """A Library that a page of triage content wrote, or that pretends to be one."""
    said = resource.content.get("extension")
    listed = said if resource.type == "Library" and isinstance(said, list) else ()
    urls = [one.get("url") for one in listed if isinstance(one, dict)]
    return any(isinstance(one, str) and one.startswith(_TRIAGE) for one in urls)
