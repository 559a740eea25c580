# SPDX-License-Identifier: Apache-2.0
"""Messages about copies of a record: signed for as an act, then made within minutes."""

from typing import TypeAlias

import msgspec

from wardkeep.disclosure.message import Message
from wardkeep.disclosure.purpose import Purpose

LONGEST_ASKER = 120
GROUNDS = {
    "access": "The person asks for their data (UK GDPR, Article 15)",
    "portability": "The person takes their data along (UK GDPR, Article 20)",
    "transfer": "Their care goes on elsewhere",
}
PURPOSES = {
    "access": Purpose.PATIENT_REQUEST,
    "portability": Purpose.PATIENT_REQUEST,
    "transfer": Purpose.DIRECT_CARE,
}
"""For each ground the purpose for which the record is opened."""


class Part(msgspec.Struct, frozen=True):
    """A part of a record that may be asked for by itself."""

    title: str
    types: tuple[str, ...]
    """FHIR types."""


PERSON = Part("Who the person is", ("Patient",))
"""In every copy."""
PARTS = {
    "problems": Part(
        "Problems, allergies and alerts",
        ("Condition", "AllergyIntolerance", "Flag", "FamilyMemberHistory"),
    ),
    "medicines": Part(
        "Medicines and vaccinations",
        (
            *("MedicationRequest", "MedicationStatement", "MedicationAdministration"),
            *("MedicationDispense", "Immunization"),
        ),
    ),
    "results": Part(
        "Observations and results",
        ("Observation", "DiagnosticReport", "ImagingStudy", "Specimen"),
    ),
    "visits": Part(
        "Visits, stays and procedures",
        ("Encounter", "EpisodeOfCare", "Procedure", "Appointment"),
    ),
    "documents": Part(
        "Documents, notes and answers",
        ("DocumentReference", "Composition", "QuestionnaireResponse", "Communication"),
    ),
    "plans": Part(
        "Plans and referrals",
        (
            *("CarePlan", "CareTeam", "Goal", "RiskAssessment", "ServiceRequest"),
            "ClinicalImpression",
        ),
    ),
}


class MakeCopy(Message, frozen=True, kw_only=True):
    """An act: make a copy of this patient's record, once, within a quarter of an hour.

    The signature is over who asked, why, and what goes into it.
    """

    patient: str
    ground: str
    """One of `GROUNDS`."""
    asked_by: str
    """Who asked, and how it is known that they may."""
    reason: str
    parts: tuple[str, ...]
    """Of `PARTS`."""
    since: str = ""
    until: str = ""
    """Days as in 2026-11-28, both within; empty: no bound. Of what has a date."""

    @property
    def types(self) -> frozenset[str]:
        """The FHIR types that go into it."""
        named = (PARTS[one].types for one in self.parts if one in PARTS)
        return frozenset(PERSON.types).union(*named)


CopyAct: TypeAlias = MakeCopy


class ReadSignedCopy(Message, frozen=True):
    """What this session signed for, of this patient, as long as it holds."""

    session: str
    patient: str


CopyQuestion: TypeAlias = ReadSignedCopy


class SignedCopyView(Message, frozen=True, kw_only=True):
    """The act as it was signed."""

    act: MakeCopy
    entry: int
    left: int
    """How many more copies the account makes today after this one."""


CopyAnswer: TypeAlias = SignedCopyView
