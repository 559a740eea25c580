# SPDX-License-Identifier: Apache-2.0
"""The standard's own warnings and observations (BaRS 1.4.0): read, kept, and said.

From https://github.com/NHSDigital/booking-and-referral-fhir-api; a folder beside the
repository, or the one that WARDKEEP_BARS names.
"""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from support.hl7 import ROOT
from wardkeep.fhir.along.made import made_of
from wardkeep.fhir.bars.brought_along import sender_in
from wardkeep.fhir.bars.message import Message, faults_in, read_message
from wardkeep.fhir.bars.observed import observed_words, when_observed
from wardkeep.fhir.bars.taking import Ground, taken
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.urgent.flags import warned

BARS = os.environ.get("WARDKEEP_BARS", str(ROOT.parent / "shared" / "data" / "bars"))
EXAMPLES = Path(BARS) / "examples-1.4.0"
REQUEST = EXAMPLES / "process_message" / "request" / "ValidationRequest (POST) .json"
pytestmark = pytest.mark.skipif(
    not EXAMPLES.exists(), reason="the examples of BaRS are not beside the repository"
)
NOW = datetime(2021, 11, 26, 15, 5, tzinfo=UTC)
Json = dict[str, Any]


def stored() -> dict[str, Json]:
    message = read_message(json.loads(REQUEST.read_bytes()))
    assert isinstance(message, Message)
    assert faults_in(message) == ()
    ground = Ground(patient="p", team=Person("HealthcareService/t"), now=NOW)
    found = taken(message, ground, skips=frozenset())
    return {one["resourceType"]: one for one in found.resources}


def test_its_observation_is_kept_and_said_with_its_time() -> None:
    one = stored()["Observation"]
    assert observed_words(one) == "Syncope (disorder)"
    assert when_observed(one) == "2021-11-26T15:00:00+00:00"
    assert sender_in(one)


def test_its_warning_about_a_scene_is_kept_as_one_of_whoever_is_met_there() -> None:
    one = stored()["Flag"]
    (shown,) = warned([(1, one)], now=NOW)
    assert (shown.category, shown.kind) == ("SS", "Scene safety")
    assert one["subject"] == {"reference": "Patient/p"}
    assert shown.by == sender_in(one)


def test_the_referral_names_both() -> None:
    found = stored()
    named = {one["reference"] for one in found["ServiceRequest"]["supportingInfo"]}
    assert named == {
        f"{type_}/{found[type_]['id']}" for type_ in ("Flag", "Observation")
    }


@pytest.mark.parametrize("type_", ["Flag", "Observation"])
def test_what_leaves_of_ours_has_the_elements_of_theirs(type_: str) -> None:
    bundle = json.loads(REQUEST.read_bytes())
    (theirs,) = [
        one["resource"]
        for one in bundle["entry"]
        if one["resource"]["resourceType"] == type_
    ]
    theirs.pop("meta")
    made = made_of({**theirs, "id": "x"})
    assert {
        **made,
        **{n: theirs[n] for n in ("subject", "encounter") if n in theirs},
    } == (theirs)
