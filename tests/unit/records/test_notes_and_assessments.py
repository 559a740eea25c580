# SPDX-License-Identifier: Apache-2.0
"""Notes and assessments on the timeline, in a search of one record, and on paper."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from wardkeep.apps.copies.answers import answered_in
from wardkeep.apps.records.inside import stretch_of, text_in
from wardkeep.apps.records.looking import line_of
from wardkeep.care import reading
from wardkeep.care.chart import build_chart
from wardkeep.disclosure.purpose import Tier
from wardkeep.fhir.assessments.assessment import DISPLAY, SCORE
from wardkeep.fhir.notes.words import narrative_of
from wardkeep.fhir.store.outcomes import OpenedResource

NOTE: dict[str, Any] = {
    "resourceType": "Composition",
    "id": "n1",
    "status": "final",
    "title": "Ward round",
    "date": "2026-11-20T09:00:00Z",
    "event": [{"period": {"start": "2026-11-20T08:00:00Z"}}],
    "author": [{"display": "Rowan Ash"}],
    "section": [{"title": "Plan", "text": {"div": narrative_of("Walk <daily>\nRest")}}],
}
ANSWERS: dict[str, Any] = {
    "resourceType": "QuestionnaireResponse",
    "id": "a1",
    "status": "completed",
    "_questionnaire": {"extension": [{"url": DISPLAY, "valueString": "PHQ-9"}]},
    "extension": [{"url": SCORE, "valueString": "9 of 27, Mild"}],
    "authored": "2026-11-21T09:00:00Z",
    "author": {"display": "Ida Wren"},
    "item": [
        {
            "linkId": "1",
            "text": "Interest",
            "answer": [{"valueCoding": {"code": "x", "display": "Several days"}}],
        }
    ],
}


def opened(content: dict[str, Any]) -> OpenedResource:
    return OpenedResource(
        type=content["resourceType"],
        id=content["id"],
        version=1,
        patient="p",
        tier=Tier.RECORD,
        clinical_at=None,
        last_updated=datetime(2026, 11, 21, 9, tzinfo=UTC),
        text=json.dumps(content).encode(),
    )


def test_both_are_on_the_timeline_by_when_they_happened_and_lead_to_themselves() -> (
    None
):
    chart = build_chart(
        (one["resourceType"], one["id"], json.dumps(one).encode())
        for one in (NOTE, ANSWERS)
    )
    first, second = chart.timeline
    assert (first.kind, first.words, first.place) == (
        "Assessment",
        "PHQ-9",
        "assessments/a1",
    )
    assert first.detail == "9 of 27, Mild. Ida Wren"
    assert (second.kind, second.when, second.place) == (
        "Note",
        "2026-11-20T08:00:00Z",
        "notes/n1",
    )


@pytest.mark.parametrize("content", [NOTE, ANSWERS])
def test_what_was_an_error_is_on_no_timeline_and_is_not_found(
    content: dict[str, Any],
) -> None:
    wrong = {**content, "status": "entered-in-error"}
    read = reading.read(wrong["resourceType"], wrong["id"], json.dumps(wrong).encode())
    assert line_of(read) is None
    assert (
        answered_in([opened({**ANSWERS, "status": "entered-in-error"})])[0].rows == ()
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [(NOTE, "walk <daily>"), (NOTE, "rest"), (ANSWERS, "several days")],
)
def test_words_inside_are_found_with_what_stands_around_them(
    content: dict[str, Any], words: str
) -> None:
    one = opened(content)
    text = text_in(reading.read(one.type, one.id, one.text), one.text)
    assert words in stretch_of(text, words).casefold()
    assert stretch_of(text, "not there") == ""


def test_a_long_text_is_shown_around_the_first_place_alone() -> None:
    around = stretch_of(f"{'a ' * 500}here {'b ' * 500}", "here")
    assert around.startswith("…")
    assert around.endswith("…")
    assert "here" in around
    assert len(around) < 200


def test_on_paper_an_assessment_is_a_table_with_its_total_last() -> None:
    [section] = answered_in([opened(ANSWERS), opened(NOTE)])
    assert section.title.startswith("PHQ-9, 21-Nov-2026")
    assert section.rows == (
        ("Interest", "Several days"),
        ("Total", "9 of 27, Mild"),
    )
