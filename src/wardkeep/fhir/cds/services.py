# SPDX-License-Identifier: Apache-2.0
"""Which services there are: https://cds-hooks.hl7.org/2.0/#discovery."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from wardkeep.fhir.cds.asked import PATIENT_VIEW, TRIAGE_ANSWER
from wardkeep.fhir.triage.content import Content

_PATIENT = "Patient/{{context.patientId}}"
_VITALS = (
    "Observation?patient={{context.patientId}}&category=vital-signs"
    "&_sort=-date&_count=50"
)


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """One service, of the content that stands under a name."""

    id: str
    hook: str
    content: str
    """The name under which the content is in use."""
    title: str
    description: str
    prefetch: Mapping[str, str]


SERVICES = {
    one.id: one
    for one in (
        Service(
            id="adult-vital-signs",
            hook=PATIENT_VIEW,
            content="adult-checklist",
            title="What the vital signs ask for",
            description="Scores and rules of the checklist in use, on the age and the"
            " vital signs of the last 24 hours that the client sends.",
            prefetch={"patient": _PATIENT, "vitals": _VITALS},
        ),
        Service(
            id="adult-checklist",
            hook=TRIAGE_ANSWER,
            content="adult-checklist",
            title="What the ticks of the checklist ask for",
            description="Rules of the checklist in use that hold for the answers so"
            " far, in whatever order they were given.",
            prefetch={"patient": _PATIENT},
        ),
        Service(
            id="adult-danger-signs",
            hook=TRIAGE_ANSWER,
            content="adult-danger-signs",
            title="The next question for a call taker, or where it ends",
            description="Danger signs in a strict order: what is asked next, a red"
            " flag, or the disposition.",
            prefetch={"patient": _PATIENT},
        ),
    )
}


def discovered(in_use: Mapping[str, Content]) -> dict[str, Any]:
    """What a client is told: services whose content its organisation uses."""
    return {"services": list(_described(in_use))}


def _described(in_use: Mapping[str, Content]) -> Iterable[dict[str, Any]]:
    for one in SERVICES.values():
        content = in_use.get(one.content)
        if content is None:
            continue
        yield {
            "hook": one.hook,
            "title": one.title,
            "description": f"{one.description} Content: {content.title},"
            f" {content.canonical}. For clinicians; it supports a decision and makes"
            " none.",
            "id": one.id,
            "prefetch": dict(one.prefetch),
        }
