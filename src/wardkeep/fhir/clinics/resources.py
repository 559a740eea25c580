# SPDX-License-Identifier: Apache-2.0
"""The FHIR resources that a clinic's day writes: Appointments and Encounters.

https://hl7.org/fhir/R4/appointment.html, https://hl7.org/fhir/R4/encounter.html; what
came of an attendance is UK Core's extension OutcomeOfAttendance.
"""

import enum
from collections.abc import Mapping
from datetime import UTC, datetime

from wardkeep.fhir.model.resource import Resource, from_content, parse
from wardkeep.fhir.store.draft import Draft, draft_of

OUTCOME_URL = (
    "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-OutcomeOfAttendance"
)
OUTCOMES = "urn:wardkeep:clinic-outcome"
SHOWN_AS_URL = "urn:wardkeep:shown-as"
_AMBULATORY = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode",
    "code": "AMB",
    "display": "ambulatory",
}
Content = dict[str, object]
Author = Mapping[str, str]
"""Who does it, as a FHIR Reference."""


class Outcome(enum.StrEnum):
    """What comes after a clinic visit, in the words of the ward."""

    DISCHARGED = "discharged"
    FOLLOW_UP = "follow-up"
    INVESTIGATIONS = "investigations"

    @property
    def words(self) -> str:
        return {
            Outcome.DISCHARGED: "Discharged: no more visits",
            Outcome.FOLLOW_UP: "To come again: book a visit",
            Outcome.INVESTIGATIONS: "Tests first, then a decision",
        }[self]


class ResourceBrokenError(Exception):
    """What was made here is no resource; our own fault."""


def instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def draft(content: Content, id_: str) -> Draft:
    made = from_content(content)
    if not isinstance(made, Resource):
        raise ResourceBrokenError
    return draft_of(made, id_)


def content_of(text: bytes) -> Content:
    """A stored resource to be changed; what it says is kept word for word."""
    found = parse(text)
    if not isinstance(found, Resource):
        raise ResourceBrokenError
    return dict(found.content)


def with_status(text: bytes, status: str, *, why: str = "") -> Content:
    """An Appointment that says something else."""
    content = content_of(text)
    content["status"] = status
    if why:
        content["cancelationReason"] = {"text": why}
    else:
        content.pop("cancelationReason", None)
    return content


def appointment(  # noqa: PLR0913 - what an appointment says
    *,
    id_: str,
    patient: str,
    place: str,
    starts: datetime,
    ends: datetime,
    words: str,
    status: str = "booked",
    slot: str = "",
    practitioner: str = "",
    made: datetime,
) -> Content:
    """An appointment in a clinic."""
    actors = [f"Patient/{patient}", f"Location/{place}"]
    actors += [practitioner] if practitioner else []
    content: Content = {
        "resourceType": "Appointment",
        "id": id_,
        "status": status,
        "description": words,
        "start": instant(starts),
        "end": instant(ends),
        "created": instant(made),
        "participant": [
            {"actor": {"reference": one}, "status": "accepted"} for one in actors
        ],
    }
    if slot:
        content["slot"] = [{"reference": f"Slot/{slot}"}]
    return content


def encounter(
    booked: Content, *, id_: str, patient: str, author: Author, begun: datetime
) -> Content:
    """A visit that begins now, of what an Appointment planned."""
    planned = _actors(booked, "Practitioner/")
    seen_by = [one for one in planned if one["reference"] != author.get("reference")]
    return {
        "resourceType": "Encounter",
        "id": id_,
        "status": "in-progress",
        "class": _AMBULATORY,
        "subject": {"reference": f"Patient/{patient}"},
        "appointment": [{"reference": f"Appointment/{booked['id']}"}],
        "participant": [
            {"individual": dict(author)},
            *[{"individual": one} for one in seen_by],
        ],
        "location": [{"location": one} for one in _actors(booked, "Location/")],
        "period": {"start": instant(begun)},
    }


def finished(text: bytes, outcome: Outcome, ended: datetime) -> Content:
    """The same visit once it is over, and what came of it."""
    content = content_of(text)
    period = content.get("period")
    content["status"] = "finished"
    content["period"] = {
        **(period if isinstance(period, dict) else {}),
        "end": instant(ended),
    }
    coding = {"system": OUTCOMES, "code": outcome.value, "display": outcome.words}
    content["extension"] = [
        *_without(content.get("extension"), OUTCOME_URL),
        {
            "url": OUTCOME_URL,
            "valueCodeableConcept": {"coding": [coding], "text": outcome.words},
        },
    ]
    return content


def _without(extensions: object, url: str) -> list[Content]:
    found = extensions if isinstance(extensions, list) else []
    return [one for one in found if isinstance(one, dict) and one.get("url") != url]


def _actors(booked: Content, prefix: str) -> list[Content]:
    participants = booked.get("participant")
    return [
        {"reference": one["actor"]["reference"]}
        for one in (participants if isinstance(participants, list) else [])
        if isinstance(one, dict)
        and isinstance(one.get("actor"), dict)
        and str(one["actor"].get("reference", "")).startswith(prefix)
    ]
