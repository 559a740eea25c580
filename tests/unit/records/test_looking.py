# SPDX-License-Identifier: Apache-2.0
"""Search inside a record: what is passed over unread has none of the words."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from wardkeep.apps.records.looking import KINDS, found_in, line_of
from wardkeep.care import reading
from wardkeep.disclosure.purpose import Tier
from wardkeep.fhir.store.outcomes import OpenedResource

AT = "2026-11-01T08:00:00Z"
RESOURCES: dict[str, dict[str, Any]] = {
    "Observation": {
        "code": {"text": "Pulse", "coding": [{"code": "8867-4"}]},
        "effectiveDateTime": AT,
        "valueQuantity": {"value": 1e3, "unit": "µmol/L"},
    },
    "Condition": {"code": {"text": "Straße \u212aelvin \ufb01ne"}},
    "Procedure": {"status": "not-done", "code": {"text": "Not this"}},
    "Immunization": {"status": "on-hold", "vaccineCode": {"text": "MMR"}},
    "MedicationStatement": {
        "medicationCodeableConcept": {"text": 'Gel "forte"\nAmber'},
        "dosage": [{"text": "ONCE daily"}],
    },
    "DiagnosticReport": {"code": {"text": "Blood count"}, "conclusion": "Normal"},
    "Encounter": {"class": {"code": "AMB", "display": "ambulatory"}},
    "Appointment": {"description": "Clinic", "status": "booked"},
    "DocumentReference": {"description": "A letter"},
}


def opened(type_: str, text: bytes) -> OpenedResource:
    return OpenedResource(
        type=type_,
        id="one",
        version=1,
        patient="pat",
        tier=Tier.RECORD,
        clinical_at=None,
        last_updated=datetime(2026, 11, 1, tzinfo=UTC),
        text=text,
    )


@pytest.mark.parametrize("type_", RESOURCES)
@pytest.mark.parametrize("is_escaped", [True, False])
def test_each_word_of_a_line_and_each_part_of_it_finds_the_line(
    type_: str, *, is_escaped: bool
) -> None:
    text = json.dumps(
        {"resourceType": type_, **RESOURCES[type_]}, ensure_ascii=is_escaped
    ).encode()
    line = line_of(reading.read(type_, "one", text))
    if line is None:
        assert RESOURCES[type_]["status"] == "not-done"
        return
    assert line.kind in KINDS
    said = f"{line.kind} {line.words} {line.detail}"
    for word in said.split():
        for part in (word, word.upper(), word.casefold()[:3], word[1:]):
            if part.strip():
                assert found_in((opened(type_, text),), part) == [line], part


def test_a_letter_that_was_escaped_is_found_as_well() -> None:
    text = rb'{"resourceType":"Condition","code":{"text":"\u0041sthma"}}'
    [found] = found_in((opened("Condition", text),), "asthma")
    assert found.words == "Asthma"


def test_all_words_must_be_there_in_any_order_and_the_newest_is_first() -> None:
    texts = [
        json.dumps(
            {
                "resourceType": "Observation",
                "code": {"text": "Pulse"},
                "effectiveDateTime": f"2026-11-0{day}",
                "valueQuantity": {"value": 70 + day, "unit": "/min"},
            }
        ).encode()
        for day in (1, 2, 3)
    ]
    several = tuple(opened("Observation", text) for text in texts)
    assert [one.when for one in found_in(several, "min result pulse")] == [
        "2026-11-03",
        "2026-11-02",
        "2026-11-01",
    ]
    assert [one.when for one in found_in(several, "72 PULSE")] == ["2026-11-02"]
    assert found_in(several, "pulse temperature") == []
