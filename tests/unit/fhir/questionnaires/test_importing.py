# SPDX-License-Identifier: Apache-2.0
"""A Questionnaire from a file is a draft, or its faults with their places and mends."""

import json
from typing import Any

import pytest

from wardkeep.fhir.questionnaires.editing import resource_of
from wardkeep.fhir.questionnaires.importing import (
    MOST_BYTES,
    MOST_TOLD,
    read_file,
    twin_of,
)
from wardkeep.fhir.questionnaires.questionnaire import read_questionnaire
from wardkeep.fhir.questionnaires.shelf import Kept, is_assessment, is_offered
from wardkeep.fhir.validation import check

ITEM = {"linkId": "1", "type": "string", "text": "How are you?"}
WELL: dict[str, Any] = {
    "resourceType": "Questionnaire",
    "id": "theirs",
    "meta": {"versionId": "9"},
    "url": "https://scales.example/w",
    "version": "2.1",
    "status": "active",
    "title": "How it is",
    "code": [{"system": "urn:x", "code": "y"}],
    "item": [ITEM],
}


def read(**changed: Any) -> Any:
    content = {k: v for k, v in {**WELL, **changed}.items() if v is not None}
    return read_file(json.dumps(content).encode())


def test_what_is_well_becomes_a_draft_of_ours_that_nobody_is_asked_yet() -> None:
    made = read()
    assert isinstance(made, dict)
    assert made["id"] != "theirs"
    assert "meta" not in made
    assert (made["status"], made["version"], made["url"]) == (
        "draft",
        "2.1",
        "https://scales.example/w",
    )
    assert check(resource_of(made)) == ()
    one = read_questionnaire(resource_of(made).compact)
    assert one is not None
    assert is_assessment(one)
    assert not is_offered(one)
    assert made["code"][0] == {"system": "urn:x", "code": "y"}


@pytest.mark.parametrize(
    ("changed", "place", "wrong"),
    [
        ({"resourceType": "Patient"}, "resourceType", "no Questionnaire"),
        ({"resourceType": None}, "resourceType", "type of FHIR"),
        ({"title": None}, "Questionnaire.title", "no title"),
        ({"item": None}, "Questionnaire.item", "asks nothing"),
        ({"item": [{**ITEM, "type": "x"}]}, "Questionnaire.item", ""),
        ({"item": [ITEM, ITEM]}, "Questionnaire.item", "Two items have the linkId"),
        (
            {"item": [{**ITEM, "type": "attachment"}]},
            "Questionnaire.item",
            "“attachment”, which is not asked here",
        ),
        (
            {"item": [{"linkId": "1", "type": "choice", "text": "?"}]},
            "Questionnaire.item",
            "no answers of its own",
        ),
        (
            {"contained": [{"resourceType": "ValueSet", "id": "v", "status": "draft"}]},
            "Questionnaire.contained",
            "holds other resources",
        ),
        ({"status": 7}, "Questionnaire.status", ""),
    ],
)
def test_what_is_wrong_is_told_with_its_place_and_its_mend(
    changed: dict[str, Any], place: str, wrong: str
) -> None:
    problems = read(**changed)
    assert isinstance(problems, tuple)
    found = [one for one in problems if one.place.startswith(place)]
    assert found, problems
    assert any(wrong in one.wrong for one in found), problems
    assert all(one.mend for one in problems)


@pytest.mark.parametrize("text", [b"", b"{", b"\xff", b"[1]", b'{"a":1}' * 2])
def test_what_is_no_json_is_told_and_never_raises(text: bytes) -> None:
    problems = read_file(text)
    assert isinstance(problems, tuple)
    assert problems


def test_a_file_without_end_and_faults_without_end_are_bounded() -> None:
    long = read(description="x" * MOST_BYTES)
    assert isinstance(long, tuple)
    many = read(item=[{**ITEM, "linkId": f"l{n}", "type": "open"} for n in range(200)])
    assert isinstance(many, tuple)
    assert len(many) <= MOST_TOLD


def test_the_same_one_is_found_by_its_url_at_whatever_version() -> None:
    one = read_questionnaire(json.dumps({**WELL, "version": "1"}).encode())
    assert one is not None
    kept = Kept(id="k", stored_version=3, questionnaire=one, text=b"")
    assert twin_of(WELL, (kept,)) is kept
    assert twin_of({**WELL, "url": "urn:x"}, (kept,)) is None
