# SPDX-License-Identifier: Apache-2.0
"""Alerts: a FHIR Flag, shown on the banner (https://hl7.org/fhir/R4/flag.html)."""

from collections.abc import Mapping

from wardkeep.apps.records.entries.kind import (
    NOTE,
    Act,
    Content,
    EntryKind,
    Field,
    coded,
    words_of,
)
from wardkeep.care.warnings import held

_CATEGORY = "http://terminology.hl7.org/CodeSystem/flag-category"
_KINDS = (
    ("safety", "Safety of the patient or of staff"),
    ("clinical", "Clinical"),
    ("contact", "How to reach and speak to the person"),
    ("admin", "Administrative"),
)


def _make(values: Mapping[str, str], act: Act) -> Content:
    kind = values["kind"]
    return {
        "resourceType": "Flag",
        "id": act.id,
        "status": "active",
        "category": [coded(_CATEGORY, kind, dict(_KINDS)[kind])],
        "code": {"text": values["words"]},
        "subject": act.subject,
        "period": {"start": act.instant},
        "author": act.author,
    }


def _end(content: Content, act: Act) -> None:
    content["status"] = "inactive"
    period = content.get("period")
    known = period if isinstance(period, dict) else {}
    content["period"] = {**known, "end": act.instant}
    kept = content.get("extension")
    note = {"url": NOTE, "valueAnnotation": act.note("Ended")}
    content["extension"] = [*(kept if isinstance(kept, list) else ()), note]


def _mistake(content: Content) -> None:
    content["status"] = "entered-in-error"


KIND = EntryKind(
    name="alert",
    type="Flag",
    noun="an alert",
    section="allergies",
    fields=(
        Field(
            name="words",
            label="Alert",
            called="the alert",
            hint="Shown on the banner of every page of this record. Keep it short",
        ),
        Field(name="kind", label="Kind", called="the kind", options=_KINDS),
    ),
    make=_make,
    end=_end,
    end_words="End it",
    ended_words="The alert has ended.",
    mistake=_mistake,
    is_over=lambda one: one.get("status") != "active",
    words=lambda one: words_of(one.get("code")),
    held=held,
)
