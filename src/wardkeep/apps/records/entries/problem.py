# SPDX-License-Identifier: Apache-2.0
"""Problems: a FHIR Condition on the problem list (https://hl7.org/fhir/R4/condition.html)."""

from collections.abc import Mapping

from wardkeep.apps.records.entries.kind import (
    Act,
    Content,
    EntryKind,
    Field,
    add_note,
    coded,
    has_code,
    words_of,
)

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
    content["clinicalStatus"] = coded(_CLINICAL, "resolved", "Resolved")
    if not any(name.startswith("abatement") for name in content):
        content["abatementDateTime"] = act.now.date().isoformat()
    add_note(content, act.note("Resolved"))


def _mistake(content: Content) -> None:
    # FHIR: an entry in error has no clinical status (con-5).
    content.pop("clinicalStatus", None)
    content["verificationStatus"] = coded(_CERTAINTY, "entered-in-error")


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
        Field(
            name="since",
            label="Since",
            called="the day",
            hint="May stay empty. For example, 17 4 2021",
            is_day=True,
            is_optional=True,
        ),
    ),
    make=_make,
    end=_end,
    end_words="Resolved",
    ended_words="The problem is resolved.",
    mistake=_mistake,
    is_over=lambda one: (
        has_code(one.get("clinicalStatus"), "inactive", "remission", "resolved")
        or has_code(one.get("verificationStatus"), "entered-in-error")
    ),
    words=lambda one: words_of(one.get("code")),
)
