# SPDX-License-Identifier: Apache-2.0
"""A contact as a FHIR Encounter, and back (docs/formats/contact.md).

https://hl7.org/fhir/R4/encounter.html. One that did not take place is an Encounter as
well, `cancelled`: the data set counts it, and whoever reads the record wants to know.
What was written about it is a note of its own, which the Encounter names.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

import msgspec

from wardkeep.base.ids import derived_uuid
from wardkeep.fhir.contacts.codes import (
    ACTIVITIES,
    ATTENDED,
    FACE_TO_FACE,
    HOME,
    MECHANISM,
    PLACES,
    PLACES_SYSTEM,
    SUBJECT,
    TOOK_PLACE,
)
from wardkeep.fhir.model.coded import Coding, Concept
from wardkeep.fhir.model.moments import moment_told
from wardkeep.fhir.model.person import Person, reference_to
from wardkeep.fhir.store.outcomes import OpenedResource
from wardkeep.fhir.tasks.to_do import instant_of
from wardkeep.fhir.work.home import ACT_CODES, HOME_HEALTH

TYPE = "Encounter"
SYSTEM = "urn:wardkeep:contact"
SNOMED = "http://snomed.info/sct"
WRONG = "entered-in-error"
ATTENDED_SYSTEM, MECHANISM_SYSTEM, SUBJECT_SYSTEM = (
    f"{SYSTEM}:{name}"
    for name in (
        "attended-or-did-not-attend-code",
        "consultation-mechanism-mental-health",
        "care-contact-subject",
    )
)
_PLACE, _OTHERS, _WHY, _NOTE, _NEXT, _WAS, _WRONG_WHY, _WRONG_BY = (
    f"{SYSTEM}:{name}"
    for name in (
        *("place", "others", "why", "note", "next", "appointment-was"),
        *("wrong-why", "wrong-by"),
    )
)
_CLASSES = {
    HOME_HEALTH: "home health",
    "AMB": "ambulatory",
    "VR": "virtual",
}
Content = dict[str, object]


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """One contact, as it was recorded."""

    id: str
    patient: str
    attended: str
    mechanism: str
    begins: datetime
    minutes: int = 0
    """How long it was; 0 of one that did not take place."""
    place: str = ""
    subject: str = ""
    others: str = ""
    """Who else was there, in words."""
    activities: tuple[str, ...] = ()
    done: str = ""
    """What else was done, in words."""
    why: str = ""
    """Why it was cancelled."""
    author: Person = Person()
    colleague: Person = Person()
    appointment: str = ""
    was: str = ""
    """What the appointment's status was before."""
    note: str = ""
    """The id of what was written about it; empty: nothing was."""
    next: str = ""
    """The id of the appointment that was made with it."""
    is_wrong: bool = False
    wrong_why: str = ""
    wrong_by: Person = Person()
    version: int = 0

    @property
    def took_place(self) -> bool:
        return self.attended in TOOK_PLACE

    @property
    def title(self) -> str:
        """What lists call it."""
        return title_of(self.mechanism, self.place, self.attended)


def title_of(mechanism: str, place: str, attended: str) -> str:
    """As in "Home visit" or "Contact by telephone: cancelled by us"."""
    if mechanism == FACE_TO_FACE:
        words = "Home visit" if place == HOME else "Contact face to face"
    else:
        words = f"Contact {_lower(MECHANISM.get(mechanism, 'In another way'))}"
    return words if attended in TOOK_PLACE else f"{words}: {_lower(ATTENDED[attended])}"


def _lower(words: str) -> str:
    return words[:1].lower() + words[1:]


def note_id(contact: str) -> str:
    """The id of a contact's note: sent twice, it is written once."""
    return derived_uuid("contact-note", contact)


def next_id(contact: str) -> str:
    """The same of the next appointment."""
    return derived_uuid("contact-next", contact)


def encounter_of(one: Contact) -> Content:
    """It as the content of a resource, to be stored."""
    status = "finished" if one.took_place else "cancelled"
    period = {"start": instant_of(one.begins)}
    content: Content = {
        "resourceType": TYPE,
        "id": one.id,
        "extension": list(_extensions(one)),
        "status": WRONG if one.is_wrong else status,
        "class": _class(one),
        "type": list(_types(one)),
        "subject": {"reference": f"Patient/{one.patient}"},
        "participant": [
            {"individual": reference_to(who)}
            for who in (one.author, one.colleague)
            if who != Person()
        ],
        "period": period,
    }
    if one.minutes:
        period["end"] = instant_of(one.begins + timedelta(minutes=one.minutes))
        content["length"] = {
            "value": one.minutes,
            "unit": "min",
            "system": "http://unitsofmeasure.org",
            "code": "min",
        }
    if one.appointment:
        content["appointment"] = [{"reference": f"Appointment/{one.appointment}"}]
    return content


def _class(one: Contact) -> Content:
    code = "VR"
    if one.mechanism == FACE_TO_FACE:
        code = HOME_HEALTH if one.place == HOME else "AMB"
    return {"system": ACT_CODES, "code": code, "display": _CLASSES[code]}


def _types(one: Contact) -> Iterator[Content]:
    yield {
        "coding": [{"system": MECHANISM_SYSTEM, "code": one.mechanism}],
        "text": one.title,
    }
    for code in one.activities:
        known = ACTIVITIES[code]
        coding = {"system": SNOMED, "code": code, "display": known.display}
        yield {"coding": [coding], "text": known.words}
    if one.done:
        yield {"text": one.done}


def _extensions(one: Contact) -> Iterator[Content]:
    yield _coded(ATTENDED_SYSTEM, ATTENDED_SYSTEM, one.attended, ATTENDED)
    if one.place:
        yield _coded(_PLACE, PLACES_SYSTEM, one.place, PLACES)
    if one.subject:
        yield _coded(SUBJECT_SYSTEM, SUBJECT_SYSTEM, one.subject, SUBJECT)
    for url, words in (
        *((_OTHERS, one.others), (_WHY, one.why), (_WAS, one.was)),
        (_WRONG_WHY, one.wrong_why),
    ):
        if words:
            yield {"url": url, "valueString": words}
    for url, type_, id_ in (
        (_NOTE, "Composition", one.note),
        (_NEXT, "Appointment", one.next),
    ):
        if id_:
            yield {"url": url, "valueReference": {"reference": f"{type_}/{id_}"}}
    if one.wrong_by != Person():
        yield {"url": _WRONG_BY, "valueReference": reference_to(one.wrong_by)}


def _coded(url: str, system: str, code: str, words: dict[str, str]) -> Content:
    said = {"coding": [{"system": system, "code": code}], "text": words[code]}
    return {"url": url, "valueCodeableConcept": said}


class _Extension(msgspec.Struct, frozen=True, rename="camel"):
    url: str = ""
    value_string: str = ""
    value_codeable_concept: Concept = msgspec.field(default_factory=Concept)
    value_reference: Person = Person()


class _Participant(msgspec.Struct, frozen=True):
    individual: Person = Person()


class _Period(msgspec.Struct, frozen=True):
    start: str = ""


class _Length(msgspec.Struct, frozen=True):
    value: float = 0


class _Encounter(msgspec.Struct, frozen=True):
    extension: tuple[_Extension, ...] = ()
    status: str = ""
    type: tuple[Concept, ...] = ()
    participant: tuple[_Participant, ...] = ()
    appointment: tuple[Person, ...] = ()
    period: _Period = _Period()
    length: _Length = _Length()


def read_contact(stored: OpenedResource) -> Contact | None:
    """Undo it; None where it is another Encounter: a stay, or a clinic's visit."""
    try:
        found = msgspec.json.decode(stored.text, type=_Encounter)
        begins = moment_told(found.period.start)
    except (msgspec.DecodeError, ValueError):
        return None
    said = {one.url: one for one in found.extension}
    nothing = _Extension()
    attended = _code(said.get(ATTENDED_SYSTEM, nothing), ATTENDED_SYSTEM)
    mechanism = _among(found.type, MECHANISM_SYSTEM)
    if attended not in ATTENDED or not mechanism:
        return None
    people = [one.individual for one in found.participant]
    return Contact(
        id=stored.id,
        patient=stored.patient,
        attended=attended,
        mechanism=mechanism[0],
        begins=begins,
        minutes=int(found.length.value),
        place=_code(said.get(_PLACE, nothing), PLACES_SYSTEM),
        subject=_code(said.get(SUBJECT_SYSTEM, nothing), SUBJECT_SYSTEM),
        others=said.get(_OTHERS, nothing).value_string,
        activities=tuple(
            one for one in _among(found.type, SNOMED) if one in ACTIVITIES
        ),
        done=next((one.text for one in found.type if not one.coding), ""),
        why=said.get(_WHY, nothing).value_string,
        author=people[0] if people else Person(),
        colleague=people[1] if people[1:] else Person(),
        appointment=_id(found.appointment[0]) if found.appointment else "",
        was=said.get(_WAS, nothing).value_string,
        note=_id(said.get(_NOTE, nothing).value_reference),
        next=_id(said.get(_NEXT, nothing).value_reference),
        is_wrong=found.status == WRONG,
        wrong_why=said.get(_WRONG_WHY, nothing).value_string,
        wrong_by=said.get(_WRONG_BY, nothing).value_reference,
        version=stored.version,
    )


def _code(one: _Extension, system: str) -> str:
    return next(iter(_among((one.value_codeable_concept,), system)), "")


def _among(concepts: tuple[Concept, ...], system: str) -> list[str]:
    codings: list[Coding] = [it for one in concepts for it in one.coding]
    return [one.code for one in codings if one.system == system]


def _id(person: Person) -> str:
    return person.reference.partition("/")[2]
