# SPDX-License-Identifier: Apache-2.0
"""A dose that was given or not, as a FHIR MedicationAdministration, and back.

https://hl7.org/fhir/R4/medicationadministration.html. R4 has batch and expiry at the
medicine alone; they are extensions here, so that the medicine's code stays in the
resource and finds it. `request` names the schedule; its entry has the same id.
"""

from datetime import datetime
from decimal import Decimal

import msgspec

from wardkeep.base.ids import derived_uuid
from wardkeep.fhir.depots.codes import NOT_GIVEN, REASONS, SIDES, SITES, SNOMED, SYSTEM
from wardkeep.fhir.depots.schedule import (
    TYPE as SCHEDULE,
    Schedule,
    code_in,
    medicine_of,
    quantity_in,
    quantity_of,
    route_of,
    text_in,
    written,
)
from wardkeep.fhir.model.moments import moment_in
from wardkeep.fhir.model.person import Person, person_in, reference_to
from wardkeep.fhir.work.expects import Content, listed

TYPE = "MedicationAdministration"
COMPLETED, NOT_DONE, WRONG = "completed", "not-done", "entered-in-error"
_BATCH, _EXPIRES, _WHY = (f"{SYSTEM}:{it}" for it in ("batch", "expires", "why"))
_SITE, _SIDE = f"{SYSTEM}:site", f"{SYSTEM}:side"


class Dose(msgspec.Struct, frozen=True, kw_only=True):
    """One dose; of one that was not given there is a reason instead of a dose."""

    entry: str
    """The id of the schedule's entry about it."""
    at: datetime
    by: Person
    """Who gave it, or tried to."""
    status: str = COMPLETED
    dose: Decimal | None = None
    unit: str = ""
    site: str = ""
    side: str = ""
    batch: str = ""
    expires: str = ""
    """As the pack says it: a year and month, or a day."""
    reason: str = ""
    """Why it was not given: a key of `NOT_GIVEN`."""
    why: str = ""
    """Why dose, day or pack are not as the schedule has them."""
    seen: str = ""
    """What was seen and said."""

    @property
    def is_given(self) -> bool:
        return self.status == COMPLETED

    @property
    def where(self) -> str:
        """As in "left upper arm (deltoid)"; empty where nobody said."""
        site = SITES[self.site].words if self.site in SITES else ""
        side = SIDES.get(self.side, "")
        return f"{side} {site[:1].lower()}{site[1:]}" if side and site else site or side


def dose_id(schedule: str, entry: str) -> str:
    """The same form sent twice is one dose."""
    return derived_uuid("depot-dose", schedule, entry)


def dose_content(one: Dose, schedule: Schedule) -> Content:
    """It as a resource's content."""
    extensions = [
        {"url": url, "valueString": text}
        for url, text in (
            *((_BATCH, one.batch), (_EXPIRES, one.expires), (_WHY, one.why)),
        )
        if text
    ]
    content: Content = {
        "resourceType": TYPE,
        "id": dose_id(schedule.id, one.entry),
        "extension": [
            {"url": f"{SYSTEM}:entry", "valueString": one.entry},
            *extensions,
        ],
        "status": one.status,
        "medicationCodeableConcept": medicine_of(schedule.medicine, schedule.code),
        "subject": {"reference": f"Patient/{schedule.patient}"},
        "effectiveDateTime": written(one.at),
        "performer": [{"actor": reference_to(one.by)}],
        "request": {"reference": f"{SCHEDULE}/{schedule.id}"},
    }
    if one.reason:
        content["statusReason"] = [
            {
                "coding": [{"system": REASONS, "code": one.reason}],
                "text": NOT_GIVEN[one.reason],
            }
        ]
    if one.seen:
        content["note"] = [{"text": one.seen}]
    if one.dose is not None:
        content["dosage"] = _dosage(one, one.dose, schedule)
    return content


def _dosage(one: Dose, dose: Decimal, schedule: Schedule) -> Content:
    found: Content = {
        "route": route_of(schedule.route),
        "dose": quantity_of(dose, one.unit),
    }
    if one.site:
        coding: list[Content] = [{"system": _SITE, "code": one.site}]
        if SITES[one.site].snomed:
            coding.append({"system": SNOMED, "code": SITES[one.site].snomed})
        if one.side:
            coding.append({"system": _SIDE, "code": one.side})
        found["site"] = {"coding": coding, "text": one.where}
    return found


def read_dose(content: Content) -> tuple[str, Dose] | None:
    """Whose schedule it is of, and the dose; None where it is none of ours."""
    said = {
        str(one.get("url")): str(one.get("valueString", ""))
        for one in listed(content, "extension")
    }
    request = person_in(content.get("request")).reference
    at = moment_in(content.get("effectiveDateTime"))
    entry = said.get(f"{SYSTEM}:entry", "")
    if not request.startswith(f"{SCHEDULE}/") or at is None or not entry:
        return None
    dosage = content.get("dosage")
    dosage = dosage if isinstance(dosage, dict) else {}
    dose = quantity_in(dosage.get("dose"))
    actors = [one.get("actor") for one in listed(content, "performer")]
    reasons, notes = listed(content, "statusReason"), listed(content, "note")
    return request.removeprefix(f"{SCHEDULE}/"), Dose(
        entry=entry,
        at=at,
        by=person_in(actors[0]) if actors else Person(),
        status=str(content.get("status", "")),
        dose=None if dose is None else dose[0],
        unit="" if dose is None else dose[1],
        site=code_in(dosage.get("site"), _SITE),
        side=code_in(dosage.get("site"), _SIDE),
        batch=said.get(_BATCH, ""),
        expires=said.get(_EXPIRES, ""),
        reason=code_in(reasons[0], REASONS) if reasons else "",
        why=said.get(_WHY, ""),
        seen=text_in(notes[0]) if notes else "",
    )
