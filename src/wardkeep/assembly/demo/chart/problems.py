# SPDX-License-Identifier: Apache-2.0
"""Problems, what is taken for them, and what the patient must not be given."""

from datetime import date, timedelta

from wardkeep.assembly.demo.chart.codes import Json, hl7, snomed, text_only
from wardkeep.assembly.demo.chart.sheet import Sheet
from wardkeep.assembly.demo.diagnoses import PENICILLIN_SUBSTITUTE, Medicine
from wardkeep.assembly.demo.moments import instant, moment
from wardkeep.assembly.demo.story import Diagnosed

_ALLERGY_RECORDED_AFTER_DAYS = 20

_ALLERGENS = (
    ("Latex", "environment", "Itching and weals"),
    ("Peanuts", "food", "Swelling of the lips"),
    ("Shellfish", "food", "Rash"),
    ("Sticking plaster", "environment", "Redness of the skin"),
    ("Trimethoprim", "medication", "Rash"),
    ("Ibuprofen", "medication", "Wheeze"),
    ("Wasp stings", "environment", "Swelling of the throat"),
)
_CONFIRMED = hl7("allergyintolerance-verification", "confirmed", "Confirmed")
_STILL_ALLERGIC = hl7("allergyintolerance-clinical", "active", "Active")
_ON_PROBLEM_LIST = [hl7("condition-category", "problem-list-item", "Problem List Item")]


def write_problems(sheet: Sheet) -> None:
    for diagnosed in sheet.story.diagnosed:
        write_condition(
            sheet,
            diagnosed.diagnosis.key,
            snomed(diagnosed.diagnosis.snomed, diagnosed.diagnosis.name),
            onset=diagnosed.onset,
            ended=diagnosed.ended,
        )


def write_condition(
    sheet: Sheet, key: str, code: Json, *, onset: date, ended: date | None
) -> Json:
    """Written once; medicines and reports refer to it by its key."""
    status = ("active", "Active") if ended is None else ("resolved", "Resolved")
    fields: Json = {
        "clinicalStatus": hl7("condition-clinical", *status),
        "verificationStatus": hl7("condition-ver-status", "confirmed", "Confirmed"),
        "category": _ON_PROBLEM_LIST,
        "code": code,
        "subject": sheet.patient,
        "onsetDateTime": onset.isoformat(),
        "recordedDate": onset.isoformat(),
    }
    if ended is not None:
        fields["abatementDateTime"] = ended.isoformat()
    reference = sheet.write("Condition", fields)
    sheet.conditions[key] = reference
    return reference


def write_medicines(sheet: Sheet) -> None:
    """The same medicine for two problems is prescribed once."""
    taken: set[str] = set()
    for diagnosed in sheet.story.diagnosed:
        for medicine in diagnosed.diagnosis.medicines:
            chosen = chosen_for(sheet, medicine)
            if chosen is not None and chosen.name not in taken:
                taken.add(chosen.name)
                prescribe(
                    sheet,
                    chosen,
                    reason=sheet.conditions[diagnosed.diagnosis.key],
                    on=diagnosed.onset,
                    is_over=_is_over(sheet, chosen, diagnosed),
                    requester=sheet.staff("surgery-doctor"),
                )


def chosen_for(sheet: Sheet, medicine: Medicine) -> Medicine | None:
    """The medicine, its substitute, or none, as other problems and allergies allow."""
    if any(sheet.story.has(key) for key in medicine.not_with):
        return None
    if medicine.is_penicillin and sheet.story.avoids_penicillin:
        return PENICILLIN_SUBSTITUTE
    return medicine


def _is_over(sheet: Sheet, medicine: Medicine, diagnosed: Diagnosed) -> bool:
    if diagnosed.ended is not None:
        return True
    if medicine.days is None:
        return False
    return diagnosed.onset + timedelta(days=medicine.days) < sheet.story.last_day


def prescribe(
    sheet: Sheet,
    medicine: Medicine,
    *,
    reason: Json,
    on: date,
    is_over: bool,
    requester: Json,
) -> Json:
    """A prescription for a problem of the sheet; death stops whatever went on."""
    is_stopped = sheet.person.died is not None
    status = "completed" if is_over else "stopped" if is_stopped else "active"
    return sheet.write(
        "MedicationRequest",
        {
            "status": status,
            "intent": "order",
            "medicationCodeableConcept": text_only(medicine.name),
            "subject": sheet.patient,
            "authoredOn": on.isoformat(),
            "requester": requester,
            "reasonReference": [reason],
            "dosageInstruction": [{"text": medicine.dosage}],
        },
    )


def write_allergies(sheet: Sheet) -> None:
    """Three states that software must tell apart: some, none known, not asked."""
    chance = sheet.chance("allergies")
    found = []
    if sheet.story.avoids_penicillin:
        found.append(("Penicillin", "medication", "Rash"))
    if chance.happens(22):
        found.append(chance.pick(_ALLERGENS))
    for substance, category, reaction in found:
        _write_allergy(sheet, substance, category=category, reaction=reaction)
    if not found and chance.happens(55):
        sheet.write("AllergyIntolerance", _no_known_allergy(sheet))


def _write_allergy(
    sheet: Sheet, substance: str, *, category: str, reaction: str
) -> None:
    is_dangerous = "throat" in reaction or "lips" in reaction
    sheet.write(
        "AllergyIntolerance",
        {
            "clinicalStatus": _STILL_ALLERGIC,
            "verificationStatus": _CONFIRMED,
            "type": "allergy",
            "category": [category],
            "criticality": "high" if is_dangerous else "low",
            "code": text_only(substance),
            "patient": sheet.patient,
            "recordedDate": _recorded(sheet),
            "reaction": [
                {
                    "manifestation": [text_only(reaction)],
                    "severity": "severe" if is_dangerous else "moderate",
                }
            ],
        },
    )


def _no_known_allergy(sheet: Sheet) -> Json:
    return {
        "clinicalStatus": _STILL_ALLERGIC,
        "verificationStatus": _CONFIRMED,
        "code": snomed("716186003", "No known allergies"),
        "patient": sheet.patient,
        "recordedDate": _recorded(sheet),
    }


def _recorded(sheet: Sheet) -> str:
    """Asked at birth or a decade ago, whichever is later."""
    born = sheet.person.born + timedelta(days=_ALLERGY_RECORDED_AFTER_DAYS)
    decade_ago = sheet.story.last_day - timedelta(days=3650)
    return instant(moment(max(born, decade_ago), 10))
