# SPDX-License-Identifier: Apache-2.0
"""What may be said of a contact, with the codes of the NHS Data Dictionary.

https://www.datadictionary.nhs.uk/data_elements/attended_or_did_not_attend_code.html,
consultation_mechanism_mental_health.html, activity_location_type_code.html and
care_contact_subject.html. Activities are SNOMED CT, as MHS202 asks for them. The words
are our own; `docs/formats/contact.md` has both.
"""

from typing import NamedTuple

SEEN, SEEN_LATE, TOO_LATE, MISSED, BY_THEM, BY_US = "5", "6", "7", "3", "2", "4"
ATTENDED = {
    SEEN: "Seen",
    SEEN_LATE: "Came late, and was seen",
    TOO_LATE: "Came too late to be seen",
    MISSED: "Did not come, and gave no warning",
    BY_THEM: "Cancelled by them, or for them",
    BY_US: "Cancelled or put off by us",
}
"""ATTENDED OR DID NOT ATTEND CODE."""
TOOK_PLACE = frozenset({SEEN, SEEN_LATE})
CANCELLED = frozenset({BY_THEM, BY_US})
APPOINTMENT_STATUS = {
    SEEN: "fulfilled",
    SEEN_LATE: "fulfilled",
    TOO_LATE: "noshow",
    MISSED: "noshow",
    BY_THEM: "cancelled",
    BY_US: "cancelled",
}
"""What the Appointment says once that is recorded of it."""
FACE_TO_FACE, TELEPHONE, VIDEO, TALK_TYPE, OTHERWISE = "01", "02", "11", "04", "98"
MECHANISM = {
    FACE_TO_FACE: "Face to face",
    TELEPHONE: "By telephone",
    VIDEO: "By video",
    TALK_TYPE: "By talk type, for somebody who cannot speak",
    OTHERWISE: "In another way",
}
"""CONSULTATION MECHANISM (MENTAL HEALTH)."""
HOME = "A01"
PLACES = {
    HOME: "In their home",
    "A02": "In a carer’s home",
    "A04": "Where they stay just now, not their home",
    "B01": "Health centre",
    "C01": "GP surgery",
    "E01": "Out-patient clinic",
    "E02": "Ward",
    "E03": "Day hospital",
    "F01": "Hospice",
    "G01": "Care home without nursing",
    "G02": "Care home with nursing",
    "H01": "Day centre",
    "L01": "School",
    "M01": "Prison",
    "N01": "Street, or another open space",
    "N02": "Another place open to everybody",
    "X01": "Somewhere else",
}
"""ACTIVITY LOCATION TYPE CODE."""
PLACES_SYSTEM = "https://fhir.hl7.org.uk/CodeSystem/UKCore-EncounterLocationTypeEngland"
PATIENT, PROXY = "01", "02"
SUBJECT = {PATIENT: "The patient", PROXY: "Somebody who spoke for them"}
"""CARE CONTACT SUBJECT."""


class Activity(NamedTuple):
    """Something that is done in a contact."""

    code: str
    """SNOMED CT."""
    display: str
    words: str


ACTIVITIES = {
    one.code: one
    for one in (
        Activity("386053000", "Evaluation procedure", "Assessment"),
        Activity("225338004", "Risk assessment", "Risk assessment"),
        Activity("409063005", "Counseling", "Counselling or support"),
        Activity("75516001", "Psychotherapy", "Psychological therapy"),
        Activity("182836005", "Review of medication", "Medicines reviewed"),
        Activity("18629005", "Administration of drug or medicament", "Medicine given"),
        Activity("409073007", "Education", "Advice and information"),
        Activity("386230005", "Case management", "Care coordination"),
    )
}
NEXT_WAYS = {
    "home": "Visit in their home",
    "face": "Face to face, elsewhere",
    "telephone": "By telephone",
    "video": "By video",
}
"""How the next appointment is to be held."""
