# SPDX-License-Identifier: Apache-2.0
"""What no program may write: the ledger's entries, and acts that people sign."""

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


class _People(NamedTuple):
    """What people sign on pages, in resources of one type."""

    type: str
    begins: str
    """The URLs of its extensions, and the systems of its identifiers."""
    problem: Problem


_OF_PEOPLE = (
    _People(
        "Library",
        "urn:wardkeep:triage:",
        Problem(
            place="Library.extension",
            wrong="it says who took triage content into use, reviewed it or held it",
            mend="A clinical lead does that on a page, signed in by a passkey.",
        ),
    ),
    _People(
        "Basic",
        "urn:wardkeep:queue-times:",
        Problem(
            place="Basic.extension",
            wrong="it says within what urgent care takes the next step",
            mend="A shift lead sets that on a page.",
        ),
    ),
    *(
        _People(
            type_,
            "urn:wardkeep:stock",
            Problem(
                place=f"{type_}.extension",
                wrong="it says what an entry of a stock register is about",
                mend="Stock is received, moved and counted on its pages.",
            ),
        )
        for type_ in ("SupplyDelivery", "Basic")
    ),
    _People(
        "MedicationDispense",
        "urn:wardkeep:stock",
        Problem(
            place="MedicationDispense.identifier",
            wrong="it says which entry of a stock register gave it",
            mend="Stock is given, and taken back, on the page of its prescription.",
        ),
    ),
    _People(
        "MedicationRequest",
        "urn:wardkeep:prescription:",
        Problem(
            place="MedicationRequest.extension",
            wrong="it says who signed, checked, printed or gave it",
            mend="That is done on a prescription's pages, each by a passkey of theirs.",
        ),
    ),
)


def forged(resource: Resource) -> Problem | None:
    """Why no program may write it: it says what people signed, or pretends to."""
    names = (
        *_said(resource, "extension", "url"),
        *_said(resource, "identifier", "system"),
    )
    for one in _OF_PEOPLE:
        is_it = any(name.startswith(one.begins) for name in names)
        if resource.type == one.type and is_it:
            return one.problem
    return None


def _said(resource: Resource, element: str, name: str) -> list[str]:
    said = resource.content.get(element)
    listed = said if isinstance(said, list) else ()
    return [str(one.get(name)) for one in listed if isinstance(one, dict)]
