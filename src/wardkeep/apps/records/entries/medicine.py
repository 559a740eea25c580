# SPDX-License-Identifier: Apache-2.0
"""Medicines that somebody takes: a FHIR MedicationStatement, which orders nothing.

https://hl7.org/fhir/R4/medicationstatement.html.
"""

from collections.abc import Mapping

from wardkeep.apps.records.entries.kind import (
    SINCE,
    Act,
    Content,
    EntryKind,
    Field,
    add_note,
    words_of,
)
from wardkeep.base.clock import LONDON


def _make(values: Mapping[str, str], act: Act) -> Content:
    made: Content = {
        "resourceType": "MedicationStatement",
        "id": act.id,
        "status": "active",
        "medicationCodeableConcept": {"text": values["words"]},
        "subject": act.subject,
        "dateAsserted": act.instant,
        "informationSource": act.author,
        "dosage": [{"text": values["dosage"]}],
    }
    if values["since"]:
        made["effectivePeriod"] = {"start": values["since"]}
    return made


def _end(content: Content, act: Act) -> None:
    content["status"] = "stopped"
    period = content.get("effectivePeriod")
    if isinstance(period, dict):
        content["effectivePeriod"] = {
            **period,
            "end": act.now.astimezone(LONDON).date().isoformat(),
        }
    add_note(content, act.note("Stopped"))


def _mistake(content: Content) -> None:
    content["status"] = "entered-in-error"


KIND = EntryKind(
    name="medicine",
    type="MedicationStatement",
    noun="a medicine",
    section="medicines",
    fields=(
        Field(
            name="words",
            label="Medicine",
            called="the medicine",
            hint="Name, strength and form. For example, Metformin 500 mg tablets",
        ),
        Field(
            name="dosage",
            label="How it is taken",
            called="how it is taken",
            hint="For example, one tablet twice a day with food",
        ),
        SINCE,
    ),
    make=_make,
    end=_end,
    end_words="Stopped",
    ended_words="The medicine is stopped.",
    mistake=_mistake,
    is_over=lambda one: (
        one.get("status") in ("stopped", "completed", "entered-in-error", "not-taken")
    ),
    words=lambda one: words_of(one.get("medicationCodeableConcept")),
)
