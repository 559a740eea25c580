# SPDX-License-Identifier: Apache-2.0
"""A plan as a FHIR resource: sections of text, who agreed, and when to look again.

https://hl7.org/fhir/R4/careplan.html has a section as the description of an activity,
https://hl7.org/fhir/R4/riskassessment.html as the rationale of a prediction. There is
one plan of a kind for a patient, with an id that follows from both, so that two who
begin one at once meet; every change is a version of it.
"""

import uuid
from datetime import date

import msgspec

from wardkeep.fhir.model.coded import Concept
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.model.resource import Resource, parse
from wardkeep.fhir.plans.kinds import Kind

SYSTEM = "urn:wardkeep:plan"
_REVIEW, _AGREED, _CHANGE = (
    f"{SYSTEM}:{name}" for name in ("review", "agreed", "change")
)
_NAMESPACE = uuid.UUID("b1f0c9de-3f0f-5d5e-9a53-5c0b1c8b1a10")
CARE_PLAN = "CarePlan"


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a plan."""

    sections: dict[str, str]
    """By code; those with no words are left out."""
    agreed: str
    """With whom it was made, or why not with the person."""
    review: date
    change: str = ""
    """What was changed and why; empty of the first version."""
    author: Person = Person()
    written: str = ""
    """An instant, as FHIR writes it."""
    is_withdrawn: bool = False


class PlanBrokenError(Exception):
    """What was made here is no resource; our own fault."""


def id_of(kind: Kind, patient: str) -> str:
    """The id of the patient's plan of this kind."""
    return str(uuid.uuid5(_NAMESPACE, f"{kind.code}/{patient}"))


def plan_resource(plan: Plan, kind: Kind, *, patient: str) -> Resource:
    """It as a resource, to be stored."""
    content: dict[str, object] = {
        "resourceType": kind.type,
        "id": id_of(kind, patient),
        "extension": _extensions(plan),
        "subject": {"reference": f"Patient/{patient}"},
    }
    content |= _of_care(plan, kind) if kind.type == CARE_PLAN else _of_risk(plan, kind)
    made = parse(msgspec.json.encode(content))
    if not isinstance(made, Resource):
        raise PlanBrokenError
    return made


def _extensions(plan: Plan) -> list[dict[str, str]]:
    said = [
        {"url": _REVIEW, "valueDate": plan.review.isoformat()},
        {"url": _AGREED, "valueString": plan.agreed},
    ]
    if plan.change:
        said.append({"url": _CHANGE, "valueString": plan.change})
    return said


def _concept(code: str, text: str) -> dict[str, object]:
    return {"coding": [{"system": SYSTEM, "code": code}], "text": text}


def _of_care(plan: Plan, kind: Kind) -> dict[str, object]:
    activities = [
        {
            "detail": {
                "code": _concept(one.code, one.title),
                "status": "in-progress",
                "description": plan.sections[one.code],
            }
        }
        for one in kind.sections
        if one.code in plan.sections
    ]
    content: dict[str, object] = {
        "status": "entered-in-error" if plan.is_withdrawn else "active",
        "intent": "plan",
        "category": [_concept(kind.code, kind.title)],
        "title": kind.title,
        "created": plan.written,
        "author": plan.author,
    }
    return content | ({"activity": activities} if activities else {})


def _of_risk(plan: Plan, kind: Kind) -> dict[str, object]:
    predictions = [
        {
            "outcome": _concept(one.code, one.title),
            "rationale": plan.sections[one.code],
        }
        for one in kind.sections
        if one.code in plan.sections
    ]
    content: dict[str, object] = {
        "status": "entered-in-error" if plan.is_withdrawn else "final",
        "code": _concept(kind.code, kind.title),
        "occurrenceDateTime": plan.written,
        "performer": plan.author,
    }
    return content | ({"prediction": predictions} if predictions else {})


class _Extension(msgspec.Struct, rename="camel"):
    url: str = ""
    value_string: str = ""
    value_date: str = ""


class _Detail(msgspec.Struct):
    code: Concept = msgspec.field(default_factory=Concept)
    description: str = ""


class _Activity(msgspec.Struct):
    detail: _Detail = msgspec.field(default_factory=_Detail)


class _Prediction(msgspec.Struct):
    outcome: Concept = msgspec.field(default_factory=Concept)
    rationale: str = ""


class _Stored(msgspec.Struct, rename="camel"):
    extension: list[_Extension] = []
    status: str = ""
    created: str = ""
    occurrence_date_time: str = ""
    author: Person = Person()
    performer: Person = Person()
    activity: list[_Activity] = []
    prediction: list[_Prediction] = []


def read_plan(text: bytes) -> Plan | None:
    """Undo it; None where it was written in another way."""
    try:
        found = msgspec.json.decode(text, type=_Stored)
        said = {one.url: one for one in found.extension}
        review = date.fromisoformat(said[_REVIEW].value_date)
    except (msgspec.DecodeError, KeyError, ValueError):
        return None
    nothing = _Extension()
    parts = [(one.detail.code, one.detail.description) for one in found.activity]
    parts += [(one.outcome, one.rationale) for one in found.prediction]
    is_risk = bool(found.occurrence_date_time)
    return Plan(
        sections={_code(concept): text for concept, text in parts if _code(concept)},
        agreed=said.get(_AGREED, nothing).value_string,
        review=review,
        change=said.get(_CHANGE, nothing).value_string,
        author=found.performer if is_risk else found.author,
        written=found.occurrence_date_time or found.created,
        is_withdrawn=found.status == "entered-in-error",
    )


def _code(concept: Concept) -> str:
    return next((one.code for one in concept.coding if one.system == SYSTEM), "")
