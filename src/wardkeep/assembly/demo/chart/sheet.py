# SPDX-License-Identifier: Apache-2.0
"""The sheet a record is written on: the transaction Bundle of one patient."""

from collections import Counter
from datetime import datetime

import msgspec

from wardkeep.assembly.demo.chance import Chance
from wardkeep.assembly.demo.chart.codes import Json
from wardkeep.assembly.demo.moments import instant
from wardkeep.assembly.demo.organisations import DemoOrganisation
from wardkeep.assembly.demo.stable_ids import stable_id
from wardkeep.assembly.demo.staff import staff_of
from wardkeep.assembly.demo.story import Story
from wardkeep.fhir.model.resource import Resource


def entry_of(kind: str, resource_id: str, fields: Json) -> Json:
    """An entry as Synthea writes it; the importer keeps the id."""
    return {
        "fullUrl": f"urn:uuid:{resource_id}",
        "resource": {"resourceType": kind, "id": resource_id, **fields},
        "request": {"method": "POST", "url": kind},
    }


def transaction(entries: list[Json]) -> Json:
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


class Sheet:
    """Collects the entries of one patient; ids follow from their order by type."""

    def __init__(self, organisation: DemoOrganisation, story: Story) -> None:
        self.organisation = organisation
        self.story = story
        self.person = story.person
        self.entries: list[Json] = []
        self.patient = {"reference": f"urn:uuid:{story.person.patient_id}"}
        self.conditions: dict[str, Json] = {}
        self._counts: Counter[str] = Counter()

    def write(self, kind: str, fields: Json) -> Json:
        """Adds a resource and answers a reference to it."""
        person = self.person
        number = self._counts[kind]
        self._counts[kind] += 1
        is_patient = kind == "Patient"
        resource_id = (
            str(person.patient_id)
            if is_patient
            else stable_id(person.organisation, person.position, kind, number)
        )
        self.entries.append(entry_of(kind, resource_id, fields))
        return {"reference": f"urn:uuid:{resource_id}"}

    def put(self, made: Resource) -> None:
        """Adds a resource under the id that it has, which a page finds it by."""
        fields: Json = msgspec.json.decode(made.compact)
        kind, id_ = fields.pop("resourceType"), fields.pop("id")
        fields["subject"] = self.patient
        self.entries.append(entry_of(kind, id_, fields))

    def chance(self, purpose: str) -> Chance:
        return Chance(self.person.organisation, self.person.position, purpose)

    def staff(self, key: str) -> Json:
        """A reference to a practitioner of the organisation."""
        return dict(staff_of(self.organisation)[key].reference)

    def place(self, key: str) -> Json:
        """A reference to a ward, clinic or area."""
        names = {place.key: place.name for place in self.organisation.places}
        return {
            "reference": f"Location/{self.organisation.place_id(key)}",
            "display": names[key],
        }

    @property
    def owner(self) -> Json:
        """A reference to the organisation that keeps the record."""
        return {
            "reference": f"Organization/{self.organisation.resource_id}",
            "display": self.organisation.name,
        }

    def encounter(
        self,
        class_code: str,
        words: str,
        *,
        starts: datetime,
        ends: datetime | None,
        fields: Json,
    ) -> Json:
        """A contact or stay; class codes are those of v3-ActCode."""
        period = {"start": instant(starts)}
        if ends is not None:
            period["end"] = instant(ends)
        return self.write(
            "Encounter",
            {
                "status": "in-progress" if ends is None else "finished",
                "class": _CLASSES[class_code],
                "type": [{"text": words}],
                "subject": self.patient,
                "period": period,
                "serviceProvider": self.owner,
                **fields,
            },
        )


_CLASSES = {
    code: {
        "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode",
        "code": code,
        "display": words,
    }
    for code, words in (
        ("AMB", "ambulatory"),
        ("IMP", "inpatient encounter"),
        ("HH", "home health"),
    )
}


def as_class(code: str, words: str) -> Json:
    """A concept that says of which class a contact is to be, in these words."""
    return {"coding": [_CLASSES[code]], "text": words}


def led_by(practitioner: Json) -> list[Json]:
    """The participant list of an encounter with one person in charge."""
    return [{"type": [_PERFORMER], "individual": practitioner}]


_PERFORMER = {
    "coding": [
        {
            "system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType",
            "code": "PPRF",
            "display": "primary performer",
        }
    ]
}
