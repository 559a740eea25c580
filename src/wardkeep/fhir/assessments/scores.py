# SPDX-License-Identifier: Apache-2.0
"""What an assessment adds up to as an Observation, and what it alarms about as a Flag.

https://hl7.org/fhir/R4/observation.html with `derivedFrom` the response: so a score has
a trend like any other result. A Flag stands on the banner of every page of the record
until somebody ends it. There is one for each patient, scale and question, so that three
answers in a year are one line; it says which assessment it tells of.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from wardkeep.base.ids import derived_uuid
from wardkeep.fhir.assessments.assessment import AMENDED, TYPE, WRONG, Act
from wardkeep.fhir.questionnaires.questionnaire import Questionnaire
from wardkeep.fhir.questionnaires.scale import Alarm, Result, scale_of

Content = dict[str, object]
ALERT = "urn:wardkeep:assessment:alert"
_SURVEY = {
    "system": "http://terminology.hl7.org/CodeSystem/observation-category",
    "code": "survey",
    "display": "Survey",
}
_SAFETY = {
    "system": "http://terminology.hl7.org/CodeSystem/flag-category",
    "code": "safety",
    "display": "Safety",
}
_ABSENT = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
_UCUM = "http://unitsofmeasure.org"


def score_id(assessment: str) -> str:
    return derived_uuid("assessment-score", assessment)


def flag_id(patient: str, questionnaire: Questionnaire, link: str) -> str:
    """The same for every version of the Questionnaire."""
    scale = questionnaire.url or questionnaire.id
    return derived_uuid("assessment-alert", patient, scale, link)


def observation_of(
    act: Act, questionnaire: Questionnaire, result: Result, *, now: datetime
) -> Content:
    """The sum as a result; without one, that there is none."""
    scale = scale_of(questionnaire)
    coding = {
        "system": scale.code.system,
        "code": scale.code.code,
        "display": scale.code.words(),
    }
    content: Content = {
        "resourceType": "Observation",
        "id": score_id(act.id),
        "status": "amended" if act.status == AMENDED else "final",
        "category": [{"coding": [_SURVEY]}],
        "code": {"coding": [coding], "text": scale.code.words()},
        "subject": {"reference": f"Patient/{act.patient}"},
        "effectiveDateTime": act.answered.isoformat(timespec="seconds"),
        "issued": now.isoformat(timespec="seconds"),
        "performer": [act.author],
        "derivedFrom": [{"reference": f"{TYPE}/{act.id}"}],
    }
    if act.encounter:
        content["encounter"] = {"reference": f"Encounter/{act.encounter}"}
    return content | _value(result, scale.source)


def _value(result: Result, source: str) -> Content:
    if result.total is None:
        coding = {"system": _ABSENT, "code": "not-performed"}
        return {
            "status": WRONG,
            "dataAbsentReason": {
                "coding": [coding],
                "text": "Questions were left unanswered, so there is no total",
            },
        }
    value: Content = {
        "value": result.total,
        "unit": f"of {result.most}",
        "system": _UCUM,
        "code": "{score}",
    }
    said: Content = {"valueQuantity": value}
    others = [one for one in result.means[1:] if one.value is not None]
    if others:
        said["component"] = [
            {
                "code": {"text": one.words.capitalize()},
                "valueQuantity": {
                    **value,
                    "value": one.value,
                    "unit": f"of {one.most}",
                },
            }
            for one in others
        ]
    if result.band is None:
        if source:
            said["note"] = [{"text": source}]
        return said
    band = result.band
    words = f"{band.words} ({band.least} to {band.most}). {source}".strip()
    said["note"] = [{"text": words}]
    if not band.is_usual:
        # What is usual is not marked: an interpretation marks a result everywhere.
        said["interpretation"] = [{"text": band.words}]
    return said


def flag_of(
    act: Act, questionnaire: Questionnaire, alarm: Alarm, *, when: str
) -> Content:
    """The alert on the banner; `when` is the day as people read it."""
    title = questionnaire.words()
    return {
        "resourceType": "Flag",
        "id": flag_id(act.patient, questionnaire, alarm.link),
        "extension": [
            {"url": ALERT, "valueReference": {"reference": f"{TYPE}/{act.id}"}}
        ],
        "status": "active",
        "category": [{"coding": [_SAFETY], "text": _SAFETY["display"]}],
        "code": {"text": f"{alarm.words}: answered “{alarm.answer}” ({title}, {when})"},
        "subject": {"reference": f"Patient/{act.patient}"},
        "period": {"start": act.answered.isoformat(timespec="seconds")},
        "author": act.by,
    }


class _Told(msgspec.Struct, frozen=True, rename="camel"):
    reference: str = ""


class _Extension(msgspec.Struct, frozen=True, rename="camel"):
    url: str = ""
    value_reference: _Told = _Told()


class _Period(msgspec.Struct, frozen=True):
    start: str = ""


class _Flag(msgspec.Struct, frozen=True):
    status: str = ""
    extension: tuple[_Extension, ...] = ()
    period: _Period = _Period()


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """A Flag of ours as it stands in the record."""

    is_active: bool
    is_wrong: bool
    """Whether what set it was an error; one that people ended is over, and was so."""
    assessment: str
    """Whose answers it tells of."""
    since: str


def standing_of(text: bytes) -> Standing | None:
    """None where somebody else wrote it."""
    try:
        found = msgspec.json.decode(text, type=_Flag)
    except msgspec.DecodeError:
        return None
    told: Sequence[str] = [
        one.value_reference.reference for one in found.extension if one.url == ALERT
    ]
    if not told:
        return None
    return Standing(
        is_active=found.status == "active",
        is_wrong=found.status == WRONG,
        assessment=told[0].partition("/")[2],
        since=found.period.start,
    )
