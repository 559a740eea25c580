# SPDX-License-Identifier: Apache-2.0
"""Allergies, and that none are known, which is an act of its own.

https://hl7.org/fhir/R4/allergyintolerance.html; SNOMED CT 716186003 |No known allergy|.
"""

from collections.abc import Mapping
from functools import partial

from wardkeep.apps.records.entries.kind import (
    Act,
    Content,
    EntryKind,
    Field,
    coded,
    has_code,
    no_longer_so,
    was_mistaken,
    words_of,
)

_CLINICAL = "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical"
_CERTAINTY = "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification"
_NONE_KNOWN = {"system": "http://snomed.info/sct", "code": "716186003"}


def _base(act: Act) -> Content:
    return {
        "resourceType": "AllergyIntolerance",
        "id": act.id,
        "clinicalStatus": coded(_CLINICAL, "active", "Active"),
        "verificationStatus": coded(_CERTAINTY, "confirmed", "Confirmed"),
        "patient": act.subject,
        "recordedDate": act.instant,
        "recorder": act.author,
    }


def _make(values: Mapping[str, str], act: Act) -> Content:
    made = _base(act)
    made["code"] = {"text": values["words"]}
    made["type"] = values["type"]
    if values["criticality"] != "unknown":
        made["criticality"] = values["criticality"]
    if values["reaction"]:
        made["reaction"] = [{"manifestation": [{"text": values["reaction"]}]}]
    return made


def _none_known(_: Mapping[str, str], act: Act) -> Content:
    code = {"coding": [_NONE_KNOWN], "text": "No known allergies"}
    return {**_base(act), "code": code}


def _end(content: Content, act: Act) -> None:
    no_longer_so(content, clinical=_CLINICAL, act=act, words="No longer so")


_mistake = partial(was_mistaken, certainty=_CERTAINTY)


def _is_over(content: Content) -> bool:
    return has_code(content.get("clinicalStatus"), "inactive", "resolved") or has_code(
        content.get("verificationStatus"), "entered-in-error"
    )


KIND = EntryKind(
    name="allergy",
    type="AllergyIntolerance",
    noun="an allergy",
    section="allergies",
    fields=(
        Field(
            name="words",
            label="Allergic to",
            called="what the person reacts to",
            hint="A medicine, food or other substance",
        ),
        Field(
            name="type",
            label="Kind",
            called="the kind",
            options=(("allergy", "Allergy"), ("intolerance", "Intolerance")),
        ),
        Field(
            name="criticality",
            label="How bad the next reaction may be",
            called="how bad it may be",
            options=(
                ("high", "A danger to life"),
                ("low", "No danger to life"),
                ("unknown", "Not known"),
            ),
        ),
        Field(
            name="reaction",
            label="Reaction",
            called="the reaction",
            hint="May stay empty. For example, rash",
            is_optional=True,
        ),
    ),
    make=_make,
    end=_end,
    end_words="No longer so",
    ended_words="The allergy is marked as no longer so.",
    mistake=_mistake,
    is_over=_is_over,
    words=lambda one: words_of(one.get("code")),
)
NONE_KNOWN = EntryKind(
    name="no-known-allergies",
    type="AllergyIntolerance",
    noun="that no allergies are known",
    section="allergies",
    fields=(
        Field(
            name="asked",
            label="Whom you asked",
            called="whom you asked",
            options=(
                ("patient", "The patient"),
                ("carer", "Somebody who knows the patient"),
                ("records", "Other records"),
            ),
        ),
    ),
    make=lambda values, act: {
        **_none_known(values, act),
        "note": [act.note(f"Asked: {values['asked']}")],
    },
    end=_end,
    end_words="No longer so",
    ended_words="It is no longer said that no allergies are known.",
    mistake=_mistake,
    is_over=_is_over,
    words=lambda one: words_of(one.get("code")),
)
