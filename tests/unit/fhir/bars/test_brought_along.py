# SPDX-License-Identifier: Apache-2.0
"""What comes along with a message: stored under its sender's name, or refused."""

import copy
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, strategies as st

from support.partners import FERNHILL, NHS_NUMBER, NORTH, SECOND, case, person
from wardkeep.base.clock import microseconds_since_epoch
from wardkeep.fhir.bars.brought_along import MOST, as_received, sender_in
from wardkeep.fhir.bars.building import Content, referral_message
from wardkeep.fhir.bars.codes import CATEGORIES, STATUS
from wardkeep.fhir.bars.message import Message, faults_in, read_message
from wardkeep.fhir.bars.observed import observed_words
from wardkeep.fhir.bars.shown import shown
from wardkeep.fhir.bars.taking import Ground, taken
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.model.resource import Resource, from_content
from wardkeep.fhir.questionnaires.spoken import answers_of
from wardkeep.fhir.urgent.figures.happened import happened_in
from wardkeep.fhir.urgent.flags import is_special_note
from wardkeep.fhir.validation import check
from wardkeep.fhir.work.expects import Moment
from wardkeep.fhir.work.kinds.service_request import WORK
from wardkeep.fhir.work.referral import read_referral
from wardkeep.fhir.work.urgent import OUTCOME_CODE, OUTCOME_SYSTEM, is_outcome

Json = dict[str, Any]
NOW = datetime(2026, 11, 30, 15, tzinfo=UTC)
ORIGIN = {"system": "urn:wardkeep:bars:message", "value": "m-1"}
BARS = "https://fhir.nhs.uk/CodeSystem/flag-categories-bars"
WARNING: Json = {
    "resourceType": "Flag",
    "status": "active",
    "category": [{"coding": [{"system": BARS, "code": "CW"}]}],
    "code": {"text": "Threw a chair at a crew"},
    "author": {"display": "Ann Advice"},
}
PULSE: Json = {
    "resourceType": "Observation",
    "status": "final",
    "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]},
    "valueQuantity": {"value": 130, "unit": "/min"},
    "effectiveDateTime": "2026-11-30T14:50:00Z",
}
ASKED: Json = {
    "resourceType": "QuestionnaireResponse",
    "questionnaire": "urn:wardkeep:questionnaire:palpitations|1.0",
    "status": "completed",
    "authored": "2026-11-30T14:45:00Z",
    "author": {"display": "Tim Taker"},
    "item": [
        {
            "linkId": "breath",
            "text": "Short of breath?",
            "answer": [{"valueBoolean": True}],
        },
        {
            "linkId": "worse",
            "text": "What makes it worse",
            "answer": [
                {
                    "valueCoding": {
                        "system": "urn:wardkeep:answer",
                        "code": "s",
                        "display": "Stairs",
                    }
                }
            ],
        },
    ],
}


def sent(*along: Json) -> Json:
    """A referral with these, as our own program sends it."""
    content = Content(
        request={"resourceType": "ServiceRequest", "status": "active"},
        patient=person(),
        encounter=case(),
        summary="Palpitations since noon.",
        more=along,
        author={"name": [{"text": "Tim Taker"}]},
    )
    return referral_message(content, sender=NORTH, receiver=FERNHILL, now=NOW)


def read(bundle: Json) -> Message:
    message = read_message(bundle)
    assert isinstance(message, Message)
    return message


def refused(bundle: Json) -> tuple[int, str, str]:
    """HTTP status, the standard's code and FHIR's issue type of the first fault."""
    fault = faults_in(read(bundle))[0]
    return int(STATUS[fault.error]), str(fault.error), fault.code


def stored(*along: Json) -> dict[str, Json]:
    ground = Ground(
        patient="p", team=Person("HealthcareService/t"), now=NOW, sender="Larkspur"
    )
    found = taken(read(sent(*along)), ground, skips=frozenset())
    return {one["resourceType"]: one for one in found.resources}


def test_what_goes_along_is_of_the_messages_patient_and_case_and_without_fault() -> (
    None
):
    bundle = sent(WARNING, PULSE, ASKED)
    assert faults_in(read(bundle)) == ()
    by_type = {
        one["resource"]["resourceType"]: (one["fullUrl"], one["resource"])
        for one in bundle["entry"]
    }
    for type_ in ("Flag", "Observation", "QuestionnaireResponse"):
        _, one = by_type[type_]
        assert one["subject"] == {"reference": by_type["Patient"][0]}
        assert one["encounter"] == {"reference": by_type["Encounter"][0]}


def test_whoever_sends_it_reads_it_as_people_say_it() -> None:
    lines = {one.label: one for one in shown(sent(WARNING, PULSE, ASKED))}
    assert (
        "Threw a chair at a crew" in lines["Services passed over, and warnings"].words
    )
    pulse = lines["Observation"]
    assert pulse.words[0] == "8867-4 130 /min"
    assert pulse.times == (("taken", "2026-11-30T14:50:00Z"),)
    said = lines["Questions and answers"].words
    assert {"Short of breath? Yes", "What makes it worse: Stairs"} <= set(said)


def test_it_is_stored_as_received_with_from_whom_and_the_referral_names_it() -> None:
    found = stored(WARNING, PULSE, ASKED)
    for type_ in ("Flag", "Observation", "QuestionnaireResponse"):
        one = found[type_]
        assert sender_in(one) == "Larkspur"
        made = from_content(one)
        assert isinstance(made, Resource)
        assert check(made) == ()
        assert one["encounter"]["reference"] == f"Encounter/{found['Encounter']['id']}"
    assert found["Flag"]["author"] == {"display": "Ann Advice, Larkspur"}
    assert found["Observation"]["performer"] == [{"display": "Larkspur"}]
    assert list(answers_of(found["QuestionnaireResponse"])) == [
        "Short of breath? Yes",
        "What makes it worse: Stairs",
    ]
    request = found["ServiceRequest"]
    named = [one["reference"].partition("/")[0] for one in request["supportingInfo"]]
    assert named == ["Flag", "QuestionnaireResponse", "Observation"]
    referral = read_referral(request)
    assert referral is not None
    assert referral.documents == ()


def test_marks_of_ours_are_nobodys_to_write_from_outside() -> None:
    mha = {"system": "urn:wardkeep:mha", "code": "section-2"}
    posing = {
        **PULSE,
        "code": {"coding": [mha], "text": "Detained"},
        "category": [{"coding": [mha]}],
        "extension": [
            {"url": "urn:wardkeep:received", "valueReference": {"display": "Us"}},
            {"url": "https://fhir.nhs.uk/more", "valueString": "kept"},
        ],
    }
    note = {
        **WARNING,
        "extension": [{"url": "urn:wardkeep:special-note:review", "valueDate": "2030"}],
    }
    found = stored(posing, note)
    one = found["Observation"]
    assert one["code"] == {"text": "Detained"}
    assert "category" not in one
    assert [it["url"] for it in one["extension"]] == [
        "https://fhir.nhs.uk/more",
        "urn:wardkeep:received",
    ]
    assert sender_in(one) == "Larkspur"
    assert not is_special_note(found["Flag"])


def test_a_referral_that_calls_itself_what_a_call_came_to_is_a_teams_all_the_same() -> (
    None
):
    """Else nobody of the team expects the patient, and it is counted as our call's."""
    bundle = sent()
    request = next(
        one["resource"]
        for one in bundle["entry"]
        if one["resource"]["resourceType"] == "ServiceRequest"
    )
    theirs = {"coding": [{"system": CATEGORIES, "code": "referral"}]}
    ours = {"coding": [{"system": OUTCOME_SYSTEM, "code": OUTCOME_CODE}]}
    request["category"] = [ours, theirs]
    request["extension"] = [
        {"url": "urn:wardkeep:referral:received", "valueDate": "1990-01-02"},
        {"url": "https://fhir.nhs.uk/more", "valueString": "kept"},
    ]
    ground = Ground(patient="p", team=Person("HealthcareService/t"), now=NOW)
    made = next(
        one
        for one in taken(read(bundle), ground, skips=frozenset()).resources
        if one["resourceType"] == "ServiceRequest"
    )
    assert not is_outcome(made)
    assert happened_in(made) is None
    moment = Moment(microseconds_since_epoch(NOW), f"ServiceRequest/{made['id']}")
    assert [one.who for one in WORK.ties(made, moment)] == ["HealthcareService/t"]
    assert [one["url"] for one in made["extension"]] == ["https://fhir.nhs.uk/more"]
    assert made["category"] == [theirs]
    said = read_referral(made)
    assert said is not None
    assert said.received == NOW.date()


def test_what_our_own_code_said_stays_as_words() -> None:
    news = {"system": "urn:wardkeep:observation", "code": "news2", "display": "NEWS2"}
    found = stored({**PULSE, "code": {"coding": [news]}})
    assert found["Observation"]["code"] == {"text": "NEWS2"}
    bare = {"system": "urn:wardkeep:observation", "code": "news2"}
    found = stored({**PULSE, "code": {"coding": [bare]}})
    assert found["Observation"]["code"] == {"text": "Observation"}


@given(st.sampled_from([WARNING, PULSE, ASKED]), st.text(min_size=1, max_size=40))
def test_whatever_a_partner_calls_itself_it_stands_beside_what_it_says(
    content: Json, name: str
) -> None:
    made = as_received(copy.deepcopy(content), sender=name, origin=ORIGIN)
    assert sender_in(made) == name
    kept = {one: made.get(one) for one in content if one not in ("author", "item")}
    assert kept == {one: content[one] for one in kept}
    again = as_received(made, sender="Somebody else", origin=ORIGIN)
    assert sender_in(again) == "Somebody else"


def many(type_: str) -> Callable[[], Json]:
    of = {"Flag": WARNING, "Observation": PULSE, "QuestionnaireResponse": ASKED}
    return lambda: sent(*[of[type_]] * (MOST[type_] + 1))


def changed(content: Json, **more: object) -> Callable[[], Json]:
    """As it left, and then changed on the way or by a sender of another make."""

    def make() -> Json:
        bundle = sent(content)
        for entry in bundle["entry"]:
            if entry["resource"]["resourceType"] == content["resourceType"]:
                entry["resource"] |= more
        return bundle

    return make


def other() -> Json:
    number = {"identifier": {"system": NHS_NUMBER, "value": SECOND}}
    return {"url": "https://elsewhere.example/about", "valueReference": number}


BAD, UNFIT = (400, "REC_BAD_REQUEST"), (422, "REC_UNPROCESSABLE_ENTITY")
SCRIPT = "<script>fetch('https://elsewhere.example')</script>"


@pytest.mark.parametrize(
    ("make", "status", "code"),
    [
        (lambda: sent(*[PULSE] * 250), UNFIT, "too-costly"),
        (many("Flag"), UNFIT, "too-costly"),
        (many("Observation"), UNFIT, "too-costly"),
        (many("QuestionnaireResponse"), UNFIT, "too-costly"),
        (changed(WARNING, code={"text": "a" * 1_000_000}), UNFIT, "too-long"),
        (changed(WARNING, code={"text": "a" * 6_001}), UNFIT, "too-long"),
        (changed(WARNING, code={"text": SCRIPT}), BAD, "value"),
        (changed(PULSE, valueString="<img src=x onerror=alert(1)>"), BAD, "value"),
        (changed(ASKED, language="<!-- -->"), BAD, "value"),
        (changed(PULSE, subject={"reference": "urn:uuid:other"}), BAD, "invalid"),
        (changed(PULSE, subject={"reference": "Patient/other"}), BAD, "value"),
        (changed(PULSE, subject={"display": "Somebody"}), BAD, "value"),
        (changed(PULSE, extension=[other()]), BAD, "value"),
        (
            changed(PULSE, contained=[{"resourceType": "Patient"}]),
            UNFIT,
            "not-supported",
        ),
        (changed(PULSE, modifierExtension=[{"url": "x"}]), UNFIT, "not-supported"),
    ],
)
def test_what_is_hostile_is_refused_with_the_standards_code(
    make: Callable[[], Json], status: tuple[int, str], code: str
) -> None:
    assert refused(make()) == (*status, code)


def test_a_thousand_observations_are_not_read_at_all() -> None:
    faults = read_message(sent(*[PULSE] * 1_000))
    assert not isinstance(faults, Message)
    assert (STATUS[faults[0].error], faults[0].code) == (422, "too-costly")


@pytest.mark.parametrize(
    "words",
    [
        "SpO2 <92% on air, pulse >120",
        "Pain for <3 days, <a bit worse> since",
        "Fell from x<y and y>z steps; 5 < 6",
        'Smith & Sons, "quoted", it\'s fine',
    ],
)
def test_what_people_write_is_no_markup(words: str) -> None:
    assert faults_in(read(sent({**WARNING, "code": {"text": words}}))) == ()


def test_a_pressure_is_said_with_its_parts_and_what_was_not_measured_why() -> None:
    parts = [
        {
            "code": {"text": name},
            "valueQuantity": {"value": value, "unit": "mmHg"},
        }
        for name, value in (("systolic", 92), ("diastolic", 0))
    ]
    said = {"code": {"text": "Blood pressure"}, "component": parts}
    assert observed_words(said) == ("Blood pressure systolic 92 mmHg, diastolic 0 mmHg")
    absent = {"code": {"text": "Pulse"}, "dataAbsentReason": {"text": "Refused"}}
    assert observed_words(absent) == "Pulse Refused"
    assert observed_words({}) == "Something measured"
