# SPDX-License-Identifier: Apache-2.0
"""The timeline: everything that happened to a patient, in one order."""

from collections.abc import Callable
from typing import Any

import msgspec

from wardkeep.care import reading
from wardkeep.fhir.depots.codes import CODE

_WRONG, _NOT_DONE = "entered-in-error", "not-done"


class Happening(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened, and when: a FHIR date or dateTime as written."""

    when: str
    kind: str
    words: str
    detail: str
    place: str = ""
    """Where it is read, below the patient's own address; empty: nowhere else."""


def _encounter(one: reading.Encounter) -> tuple[str, str, str, str]:
    words = one.type[0].words if one.type else one.class_.display
    reasons = ", ".join(reason.words for reason in one.reason_code)
    return one.period.start, "Visit or stay", words, reasons


def _condition(one: reading.Condition) -> tuple[str, str, str, str]:
    when = one.onset_date_time or one.onset_period.start or one.recorded_date
    return when, "Problem", one.code.words, ""


def _procedure(one: reading.Procedure) -> tuple[str, str, str, str]:
    when = one.performed_date_time or one.performed_period.start
    return when, "Procedure", one.code.words, _unless_done(one.status)


def _unless_done(status: str) -> str:
    """What was not done, or was an error, must not read as if it had been done."""
    return "" if status in ("", "completed") else status.replace("-", " ").capitalize()


def _document(one: reading.DocumentReference) -> tuple[str, str, str, str]:
    return one.date, "Document", one.description or one.type.words, ""


def _medicine(one: reading.MedicationRequest) -> tuple[str, str, str, str]:
    words = one.medication_codeable_concept.words
    dosage = "; ".join(line.text for line in one.dosage_instruction if line.text)
    return (
        one.authored_on,
        "Medicine",
        words or one.medication_reference.display,
        dosage,
    )


def _given(one: reading.MedicationAdministration) -> tuple[str, str, str, str]:
    """What was given; what was not, and why: a dose that was missed is told too."""
    words = one.medication_codeable_concept.words or one.medication_reference.display
    dosage = one.dosage
    said = [dosage.text or dosage.dose.words, dosage.site.words]
    kind = "Medicine given"
    if one.status == _NOT_DONE:
        kind, said = "Medicine not given", [it.words for it in one.status_reason]
    when = one.effective_date_time or one.effective_period.start
    return when, kind, words, ", ".join(filter(None, said))


def _handed_out(one: reading.MedicationDispense) -> tuple[str, str, str, str]:
    words = one.medication_codeable_concept.words or one.medication_reference.display
    return one.when_handed_over, "Medicine handed out", words, one.quantity.words


def _report(one: reading.DiagnosticReport) -> tuple[str, str, str, str]:
    when = one.effective_date_time or one.issued
    return when, "Report", one.code.words, one.conclusion


def _vaccine(one: reading.Immunization) -> tuple[str, str, str, str]:
    when, words = one.occurrence_date_time, one.vaccine_code.words
    return when, "Vaccination", words, _unless_done(one.status)


def _appointment(one: reading.Appointment) -> tuple[str, str, str, str]:
    services = ", ".join(service.words for service in one.service_type)
    return one.start, "Appointment", one.description or services, one.status


TOLD_KINDS = (
    *("Visit or stay", "Problem", "Procedure", "Document", "Medicine", "Report"),
    *("Vaccination", "Appointment", "Note", "Assessment"),
    *("Medicine given", "Medicine not given", "Medicine handed out"),
)
"""Every kind that a happening calls itself."""


def _note(one: reading.Composition) -> tuple[str, str, str, str]:
    started = one.event[0].period.start if one.event else ""
    authors = ", ".join(who.display for who in one.author if who.display)
    return started or one.date, "Note", one.title or one.type.words, authors


def _assessment(one: reading.QuestionnaireResponse) -> tuple[str, str, str, str]:
    words = one.title or "Answers to a questionnaire"
    said = ". ".join(part for part in (one.score, one.author.display) if part)
    return one.authored, "Assessment", words, said


_PLACES: dict[type, str] = {
    reading.Composition: "notes",
    reading.QuestionnaireResponse: "assessments",
    reading.DocumentReference: "documents",
}
_TELL: dict[type, Callable[[Any], tuple[str, str, str, str]]] = {
    reading.Encounter: _encounter,
    reading.Condition: _condition,
    reading.Procedure: _procedure,
    reading.DocumentReference: _document,
    reading.MedicationRequest: _medicine,
    reading.MedicationAdministration: _given,
    reading.MedicationDispense: _handed_out,
    reading.DiagnosticReport: _report,
    reading.Immunization: _vaccine,
    reading.Appointment: _appointment,
    reading.Composition: _note,
    reading.QuestionnaireResponse: _assessment,
}


def happening_of(part: object) -> Happening | None:
    """What a resource adds to the timeline; None for one that is no happening.

    What was entered in error did not happen, and a vaccination that was not given has
    the same type as one that was. A dose that was not given is told as such.
    """
    tell = _TELL.get(type(part))
    if tell is None or is_wrong(part):
        return None
    if getattr(part, "status", "") == _NOT_DONE and tell is not _given:
        return None
    when, kind, words, detail = tell(part)
    return Happening(
        when=when, kind=kind, words=words, detail=detail, place=_place_of(part)
    )


def _place_of(part: object) -> str:
    if isinstance(part, reading.MedicationAdministration):
        # Doses that a record's pages show are those of depots, whose page this is.
        schedule = part.request.reference.partition("MedicationRequest/")[2]
        is_depot = part.medication_codeable_concept.has_code(CODE)
        return f"depots/{schedule}" if schedule and is_depot else ""
    if isinstance(part, reading.MedicationDispense):
        orders = [one.reference for one in part.authorizing_prescription]
        order = next(iter(orders), "").partition("MedicationRequest/")[2]
        return f"prescriptions/{order}" if order else ""
    folder, id_ = _PLACES.get(type(part), ""), getattr(part, "id", "")
    return f"{folder}/{id_}" if folder and id_ else ""


def is_wrong(part: object) -> bool:
    """Whether somebody marked it as entered in error."""
    certainty = getattr(part, "verification_status", None)
    is_mistaken = isinstance(certainty, reading.Concept) and certainty.has_code(_WRONG)
    return is_mistaken or getattr(part, "status", "") == _WRONG
