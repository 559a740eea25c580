# SPDX-License-Identifier: Apache-2.0
"""Problems: a FHIR Condition on the problem list (https://hl7.org/fhir/R4/condition.html)."""

from collections.abc import Mapping
from functools import partial

from wardkeep.apps.records.entries.kind import (
    SINCE,
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
from wardkeep.base.clock import LONDON

_CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
_CERTAINTY = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
_CATEGORY = "http://terminology.hl7.org/CodeSystem/condition-category"


def _make(values: Mapping[str, str], act: Act) -> Content:
    made: Content = {
        "resourceType": "Condition",
        "id": act.id,
        "clinicalStatus": coded(_CLINICAL, "active", "Active"),
        "verificationStatus": coded(
            _CERTAINTY, values["certainty"], values["certainty"].capitalize()
        ),
        "category": [coded(_CATEGORY, "problem-list-item")],
        "code": {"text": values["words"]},
        "subject": act.subject,
        "recordedDate": act.instant,
        "recorder": act.author,
    }
    if values["since"]:
        made["onsetDateTime"] = values["since"]
    return made


def _end(content: Content, act: Act) -> None:
    if not any(name.startswith("abatement") for name in content):
        content["abatementDateTime"] = act.now.astimezone(LONDON).date().isoformat()
    no_longer_so(content, clinical=_CLINICAL, act=act, words="Resolved")


KIND = EntryKind(
    name="problem",
    type="Condition",
    noun="a problem",
    section="problems",
    fields=(
        Field(name="words", label="Problem", called="the problem"),
        Field(
            name="certainty",
            label="How certain",
            called="how certain it is",
            options=(("confirmed", "Confirmed"), ("provisional", "Provisional")),
        ),
        SINCE,
    ),
    make=_make,
    end=_end,
    end_words="Resolved",
    ended_words="The problem is resolved.",
    mistake=partial(was_mistaken, certainty=_CERTAINTY),
    is_over=lambda one: (
        has_code(one.get("clinicalStatus"), "inactive", "remission", "resolved")
        or has_code(one.get("verificationStatus"), "entered-in-error")
    ),
    words=lambda one: words_of(one.get("code")),
)
