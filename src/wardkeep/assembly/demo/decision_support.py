# SPDX-License-Identifier: Apache-2.0
"""Triage content that the demo's hospital has in use, by an invented clinical lead.

Off by default everywhere else; here a call taker is to see questions.
"""

from datetime import date

from wardkeep.assembly.demo.chart.codes import Json
from wardkeep.assembly.demo.chart.sheet import entry_of
from wardkeep.assembly.demo.organisations import DemoOrganisation
from wardkeep.assembly.demo.staff import staff_of
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.triage.in_use import Approval, library_of
from wardkeep.fhir.triage.library import NAMES, shipped

_LEAD, _BY = "advice-doctor", "shift-lead"
_WORDS = "Taken into use for the demonstration alone. Nobody reviewed it."


def contents_in_use(organisation: DemoOrganisation, today: date) -> list[Json]:
    """A Library for each content that comes with Wardkeep."""
    if organisation.kind != "hospital":
        return []
    staff = staff_of(organisation)
    by = staff[_BY].reference
    approval = Approval(
        lead=f"{staff[_LEAD].name}, GMC 0000000",
        day=today.isoformat(),
        words=_WORDS,
        by=Person(by["reference"], by["display"]),
    )
    entries = []
    for name in NAMES:
        fields = library_of(name, shipped(name), approval, is_on=True)
        kind, id_ = str(fields.pop("resourceType")), str(fields.pop("id"))
        entries.append(entry_of(kind, id_, fields))
    return entries
