# SPDX-License-Identifier: Apache-2.0
"""Where a resource seems to hold a code that opens a home, and where it does not."""

import base64
import bz2
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from wardkeep.fhir.model.resource import Resource, parse
from wardkeep.fhir.validation.entry_codes import entry_codes_in

SYNTHEA = Path(__file__).parents[4] / "shared" / "data" / "synthea"
CODE = "Key safe 4821"
PLAIN = base64.b64encode(f"Visit.\n{CODE}\n".encode()).decode()
HTML = base64.b64encode(b"<p>Key safe</p><p>48<b></b>21</p>").decode()


def places(type_: str, **content: Any) -> list[str]:
    raw = msgspec.json.encode({"resourceType": type_, **content})
    found = parse(raw)
    assert isinstance(found, Resource), found
    problems = entry_codes_in(found)
    for one in problems:
        assert "4821" not in f"{one.place}{one.wrong}{one.mend}"
    return [one.place for one in problems]


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ({"note": [{"text": "All well."}, {"text": CODE}]}, "note[1].text"),
        ({"text": {"status": "additional", "div": f"<div>{CODE}</div>"}}, "text.div"),
        ({"text": {"div": "<div>Key&#32;safe 4821</div>"}}, "text.div"),
        ({"address": [{"line": ["2 Reed Lane", CODE]}]}, "address[0].line[1]"),
        ({"content": [{"attachment": {"contentType": "text/plain", "data": PLAIN}}]},
         "content[0].attachment.data"),
        ({"content": [{"attachment": {"contentType": "text/html", "data": HTML}}]},
         "content[0].attachment.data"),
        ({"code": {"text": "Key safe code"}, "valueString": "4821"}, "valueString"),
        ({"item": [{"text": "Door code", "answer": [{"valueInteger": 4821}]}]},
         "item[0].answer[0].valueInteger"),
        ({"extension": [{"valueString": CODE}]}, "extension[0].valueString"),
        ({"description": "keysafe: 4821"}, "description"),
        ({"description": "Seen.\nKeysafe 4821"}, "description"),
        ({"description": "Code: 4821"}, "description"),
    ],
)  # fmt: skip
def test_a_code_is_found_wherever_words_are_written(
    content: dict[str, Any], place: str
) -> None:
    assert places("Observation", **content) == [f"Observation.{place}"]


@pytest.mark.parametrize(
    "content",
    [
        {"identifier": [{"system": "urn:doors", "value": "key safe 4821"}]},
        {"code": {"coding": [{"system": "urn:key-safe", "code": "4821"}]}},
        {"content": [{"attachment": {"contentType": "image/png", "data": PLAIN}}]},
        {"content": [{"attachment": {"contentType": "text/plain", "data": "%%%"}}]},
        {"content": [{"attachment": {"contentType": "text/plain"}}]},
        {"note": [{"text": "Key safe fitted on 12/03/2024"}]},
        {"text": {"status": "generated", "div": f"<div>{CODE}</div>"}},
        {"contained": [{"resourceType": "ValueSet", "description": CODE}]},
        {"code": {"text": "Heart rate"}, "valueInteger": 4821},
    ],
)
def test_what_is_no_free_text_is_not_looked_at(content: dict[str, Any]) -> None:
    assert places("Observation", **content) == []


def test_ten_places_are_told_of_and_no_more() -> None:
    notes = [{"text": CODE}] * 30
    assert len(places("Observation", note=notes)) == 10


@pytest.mark.skipif(not SYNTHEA.is_dir(), reason="there is no Synthea data here")
def test_no_text_of_synthea_is_taken_for_a_code() -> None:
    texts = 0
    for path in sorted(SYNTHEA.glob("*.json.bz2"))[::8]:
        for entry in json.loads(bz2.decompress(path.read_bytes()))["entry"]:
            found = parse(msgspec.json.encode(entry["resource"]))
            assert isinstance(found, Resource)
            assert entry_codes_in(found) == []
            texts += 1
    assert texts > 5_000
