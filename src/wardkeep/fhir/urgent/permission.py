# SPDX-License-Identifier: Apache-2.0
"""Permission to view shared records, asked once in a call, as a FHIR Consent, and back.

https://hl7.org/fhir/R4/consent.html. It is asked once and goes with the case, so that
nobody asks again (Repeat Caller Service and permission to view, NHS 111). What the
caller says opens nothing and closes nothing here: the door decides, and the clinician
reads it before they look at what others hold.
"""

from datetime import datetime
from enum import StrEnum

import msgspec

from wardkeep.base.ids import derived_uuid
from wardkeep.fhir.model.moments import moment_in
from wardkeep.fhir.model.person import Person, person_in, reference_to
from wardkeep.fhir.urgent.saying import concept, id_in, instant
from wardkeep.fhir.work.expects import Content, listed

TYPE = "Consent"
SYSTEM = "urn:wardkeep:permission-to-view"
_BY, _CASE, _WHY = f"{SYSTEM}:by", f"{SYSTEM}:case", f"{SYSTEM}:why"


class Said(StrEnum):
    """What came of asking."""

    GIVEN = "given"
    REFUSED = "refused"
    NOT_ASKED = "could-not-be-asked"


WORDS = {
    Said.GIVEN: "Given",
    Said.REFUSED: "Refused",
    Said.NOT_ASKED: "Could not be asked",
}
_STATUS = {
    Said.GIVEN: "active",
    Said.REFUSED: "active",
    Said.NOT_ASKED: "proposed",
}
_PROVISION = {Said.GIVEN: "permit", Said.REFUSED: "deny"}


class Permission(msgspec.Struct, frozen=True, kw_only=True):
    """Of one case."""

    case: str
    patient: str
    said: Said
    at: datetime
    by: Person
    """Who asked, or could not."""
    why: str = ""
    """Why it could not be asked, or a word with the answer."""


def permission_id(case: str) -> str:
    """Of one case there is one; asked again, it is another version."""
    return derived_uuid("permission-to-view", case)


def permission_content(one: Permission) -> Content:
    """It as a resource's content."""
    content: Content = {
        "resourceType": TYPE,
        "id": permission_id(one.case),
        "extension": [
            {"url": _CASE, "valueReference": {"reference": f"Encounter/{one.case}"}},
            {"url": _BY, "valueReference": reference_to(one.by)},
        ],
        "status": _STATUS[one.said],
        "scope": concept(
            "http://terminology.hl7.org/CodeSystem/consentscope", "patient-privacy"
        ),
        "category": [concept(SYSTEM, str(one.said), WORDS[one.said])],
        "patient": {"reference": f"Patient/{one.patient}"},
        "dateTime": instant(one.at),
        # FHIR asks for a policy or a rule where there is a provision (ppc-1).
        "policyRule": {"text": "Permission to view shared records, as asked in a call"},
    }
    if one.why:
        content["extension"].append({"url": _WHY, "valueString": one.why})
    if one.said in _PROVISION:
        content["provision"] = {"type": _PROVISION[one.said]}
    return content


def permission_in(content: Content) -> Permission | None:
    """Undo it; None where it is another consent."""
    said = {str(one.get("url")): one for one in listed(content, "extension")}
    at = moment_in(content.get("dateTime"))
    case = id_in(said.get(_CASE, {}).get("valueReference"), "Encounter")
    codes = [
        coding.get("code")
        for kind in listed(content, "category")
        for coding in listed(kind, "coding")
        if coding.get("system") == SYSTEM
    ]
    found = next((one for one in Said if one in codes), None)
    if at is None or not case or found is None:
        return None
    return Permission(
        case=case,
        patient=id_in(content.get("patient"), "Patient"),
        said=found,
        at=at,
        by=person_in(said.get(_BY, {}).get("valueReference")),
        why=str(said.get(_WHY, {}).get("valueString", "")),
    )
