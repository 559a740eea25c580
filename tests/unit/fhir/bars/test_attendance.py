# SPDX-License-Identifier: Apache-2.0
"""Who did not come is told to whoever referred; of a child, that nobody brought it."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from support.partners import FERNHILL, NORTH, person
from wardkeep.care.message_words import meaning_of
from wardkeep.fhir.bars.attendance import (
    MISSED,
    NOT_BROUGHT,
    missed,
    read_attendance,
    reason,
    warnings,
)
from wardkeep.fhir.bars.building import answer_message
from wardkeep.fhir.bars.message import Message, faults_in, read_message
from wardkeep.fhir.urgent.flags import warned

Json = dict[str, Any]
GOLDEN = Path(__file__).with_name("golden")
NOW = datetime(2026, 11, 29, 15, tzinfo=UTC)
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
CASE = {
    "resourceType": "Encounter",
    "status": "triaged",
    "class": {
        "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode",
        "code": "VR",
    },
    "identifier": [{"system": "urn:example:case", "value": "N-1"}],
    "period": {"start": "2026-11-29T12:00:00Z"},
}


def feedback(code: str, *, born: str) -> Json:
    """As the front door sends it."""
    own = {**CASE, "status": "cancelled", "reasonCode": reason(code)}
    del own["identifier"]
    return answer_message(
        "referral-1",
        request={"status": "active", "intent": "plan"},
        case=CASE,
        patient=person(born=born),
        encounter=own,
        summary="Front door. Rang twice on the number given: nobody answered.",
        sender=FERNHILL,
        receiver=NORTH,
        more=warnings(code),
        now=NOW,
    )


def named(bundle: Json) -> Json:
    """Ids by the order in which they come: they are new each time."""
    seen: dict[str, str] = {}
    text = _UUID.sub(
        lambda it: seen.setdefault(it[0], f"id-{len(seen) + 1}"), json.dumps(bundle)
    )
    found: Json = json.loads(text)
    return found


@pytest.mark.parametrize(
    ("code", "born"), [(MISSED, "1959-05-04"), (NOT_BROUGHT, "2019-05-04")]
)
def test_the_message_is_the_golden_one(code: str, born: str) -> None:
    made = feedback(code, born=born)
    golden = json.loads((GOLDEN / f"{code}.json").read_text())
    assert named(made) == golden
    message = read_message(made)
    assert isinstance(message, Message)
    assert faults_in(message) == ()
    assert read_attendance(message) == code


def test_under_eighteen_somebody_else_brings_them() -> None:
    assert [missed(age) for age in (0, 17)] == [NOT_BROUGHT, NOT_BROUGHT]
    assert [missed(age) for age in (18, 90, None)] == [MISSED] * 3


def test_a_childs_message_warns_whoever_answers_the_next_call() -> None:
    [flag] = warnings(NOT_BROUGHT)
    [one] = warned([(1, {**flag, "id": "f"})], now=NOW)
    assert (one.category, one.kind) == ("SG", "Safeguarding")
    assert warnings(MISSED) == []


def test_a_board_says_that_it_is_about_a_child() -> None:
    child = meaning_of(NOT_BROUGHT, "", category="", asked="", is_full=False)
    grown = meaning_of(MISSED, "", category="", asked="", is_full=False)
    assert child is not None
    assert grown is not None
    assert (child.colour, grown.colour) == ("red", "orange")
    assert "safeguarding" in child.todo


def test_an_answer_that_says_nothing_of_it_is_read_so() -> None:
    made = feedback(MISSED, born="1959-05-04")
    for entry in made["entry"]:
        entry["resource"].pop("reasonCode", None)
    message = read_message(made)
    assert isinstance(message, Message)
    assert read_attendance(message) == ""
