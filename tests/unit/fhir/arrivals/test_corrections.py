# SPDX-License-Identifier: Apache-2.0
"""A correction says what a person wrote; accepted, it changes that alone."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from wardkeep.disclosure.purpose import Tier
from wardkeep.fhir.arrivals.corrections import (
    corrected,
    correction,
    is_the_same,
    restored,
    said_in,
    with_state,
)
from wardkeep.fhir.model.resource import Resource
from wardkeep.fhir.store.draft import draft_of
from wardkeep.fhir.validation import check

NOW = datetime(2026, 11, 28, 9, 0, tzinfo=UTC)
PATIENT = {
    "resourceType": "Patient",
    "id": "p1",
    "meta": {"versionId": "3", "lastUpdated": "2026-01-01T00:00:00Z"},
    "birthDate": "1950-02-03",
    "telecom": [
        {"system": "phone", "value": "07700 900456", "use": "home"},
        {"system": "phone", "value": "07700 900457", "use": "work"},
    ],
    "address": [
        {"use": "home", "line": ["2 Reed Lane"]},
        {"use": "temp", "line": ["Ward 3"]},
    ],
}
TEXT = msgspec.json.encode(PATIENT)


def content_of(made: Resource) -> dict[str, Any]:
    assert check(made) == ()
    content: dict[str, Any] = msgspec.json.decode(made.compact)
    return content


def test_a_correction_lies_where_a_desk_may_read_it_and_says_what_was_written() -> None:
    said = {"phone": "07700 900999", "address": "9 Hill Road"}
    made = correction(said, patient="p1", id_="t1", at=NOW)
    draft = draft_of(made, "t1")
    assert (draft.tier, draft.owner) == (Tier.BANNER, "p1")
    assert said_in(made.compact) == said
    done = with_state(made.compact, "accepted")
    assert content_of(done)["extension"][0]["valueCode"] == "accepted"
    assert said_in(done.compact) == said


def test_any_other_basic_stays_in_the_record() -> None:
    made = correction({"phone": "1"}, patient="p1", id_="t1", at=NOW)
    content = content_of(made)
    content["code"] = {"coding": [{"system": "urn:x", "code": "correction"}]}
    other = Resource("Basic", "t1", content, msgspec.json.encode(content))
    assert draft_of(other, "t1").tier is Tier.RECORD


def test_only_what_was_said_is_changed() -> None:
    made = content_of(corrected(TEXT, {"phone": "07700 900999"}))
    assert made["telecom"] == [
        {"system": "phone", "value": "07700 900999", "use": "home"},
        {"system": "phone", "value": "07700 900457", "use": "work"},
    ]
    assert made["address"] == PATIENT["address"]
    assert "meta" not in made
    made = content_of(corrected(TEXT, {"email": "a@example.org"}))
    assert made["telecom"][-1] == {"system": "email", "value": "a@example.org"}
    made = content_of(corrected(TEXT, {"address": "9 Hill Road"}))
    assert made["address"] == [
        {"use": "home", "text": "9 Hill Road"},
        {"use": "temp", "line": ["Ward 3"]},
    ]


def test_taking_it_back_leaves_what_changed_meanwhile_elsewhere() -> None:
    accepted = corrected(TEXT, {"phone": "07700 900999", "address": "9 Hill Road"})
    later = {**content_of(accepted), "gender": "female"}
    back = content_of(restored(msgspec.json.encode(later), TEXT))
    assert back["telecom"] == PATIENT["telecom"]
    assert back["address"] == PATIENT["address"]
    assert back["gender"] == "female"
    assert is_the_same(TEXT, msgspec.json.encode(back))
    assert not is_the_same(TEXT, accepted.compact)


def test_a_practice_and_whom_to_call_are_changed_by_name_and_nothing_else() -> None:
    kin = {
        "relationship": [{"text": "Sister"}],
        "name": {"family": "Quince", "given": ["Robin"]},
        "telecom": [{"system": "phone", "value": "07700 900321"}],
    }
    other = {"name": {"text": "Sam Ash"}}
    known = {
        **PATIENT,
        "contact": [kin, other],
        "generalPractitioner": [{"reference": "Organization/a", "display": "A"}],
    }
    text = msgspec.json.encode(known)
    made = content_of(corrected(text, {"gp": "Larkspur Road", "contact": "Alex"}))
    assert made["generalPractitioner"] == [{"display": "Larkspur Road"}]
    # Of another person neither the kinship nor the number of the one before is said
    assert made["contact"] == [{"name": {"text": "Alex"}}, other]
    made = content_of(corrected(text, {"contact_phone": "07700 900999"}))
    assert made["contact"][0]["telecom"][0]["value"] == "07700 900999"
    assert made["contact"][0]["relationship"] == kin["relationship"]
    assert made["telecom"] == PATIENT["telecom"]
    back = corrected(text, {"contact": "Alex", "gp": "B"})
    assert not is_the_same(back.compact, text)
    assert is_the_same(restored(back.compact, text).compact, text)


def test_whom_to_call_is_added_where_nobody_was_known() -> None:
    made = content_of(corrected(TEXT, {"contact_phone": "07700 900999"}))
    assert made["contact"] == [
        {"telecom": [{"system": "phone", "value": "07700 900999"}]}
    ]
    assert "contact" not in content_of(restored(corrected(TEXT, {}).compact, TEXT))
