# SPDX-License-Identifier: Apache-2.0
"""The standard's own messages and errors (BaRS 1.4.0): read, checked, said again.

From https://github.com/NHSDigital/booking-and-referral-fhir-api; a folder beside the
repository, or the one that WARDKEEP_BARS names.
"""

import copy
import json
import os
from pathlib import Path
from typing import Any

import pytest

from support.hl7 import ROOT
from wardkeep.fhir.bars.codes import STATUS, Error, Event
from wardkeep.fhir.bars.errors import Fault, outcome_of, said_in
from wardkeep.fhir.bars.message import Message, bundle_of, faults_in, read_message
from wardkeep.fhir.bars.validation import Means, Validated, read_validation

BARS = os.environ.get("WARDKEEP_BARS", str(ROOT.parent / "shared" / "data" / "bars"))
EXAMPLES = Path(BARS) / "examples-1.4.0"
pytestmark = pytest.mark.skipif(
    not EXAMPLES.exists(), reason="the examples of BaRS are not beside the repository"
)
Json = dict[str, Any]
REQUESTS = {
    "process_message/POST-body.json": Event.BOOKING,
    "process_message/request/Booking (POST).json": Event.BOOKING,
    "process_message/request/ValidationRequest (POST) .json": Event.REFERRAL,
    "process_message/request/ValidationResponse (POST) .json": Event.REFERRAL_ANSWER,
}
ANSWERED = {
    "process_message/POST-success.json": "they name a patient of the server's own",
    "process_message/response/Booking (HTTP Response) .json": (
        "they name a patient of the server's own"
    ),
    "process_message/response/ValidationRequest (HTTP Response) .json": (
        "it has no CarePlan, HealthcareService and Consent, and refers to what it lacks"
    ),
}
"""Answers that say the event of their request again: read, and not taken as requests,
for what stands beside each."""
ODD = {"500-REC_SERVER_ERROR-too costly.json"}
"""Not one of the issue types of FHIR."""


def load(name: str) -> Json:
    found: Json = json.loads((EXAMPLES / name).read_bytes())
    return found


def messages() -> set[str]:
    found = set()
    for path in (EXAMPLES / "process_message").rglob("*.json"):
        content = json.loads(path.read_bytes())
        if content.get("type") == "message":
            found.add(str(path.relative_to(EXAMPLES)))
    return found


def test_no_message_among_the_examples_is_left_out() -> None:
    assert messages() == set(REQUESTS) | set(ANSWERED)


@pytest.mark.parametrize("name", sorted(REQUESTS))
def test_a_request_is_read_without_a_fault_and_said_again_equal(name: str) -> None:
    bundle = load(name)
    message = read_message(copy.deepcopy(bundle))
    assert isinstance(message, Message)
    assert message.event is REQUESTS[name]
    assert faults_in(message) == ()
    again = bundle_of(message, moment=bundle["timestamp"])
    del bundle["entry"][0]["fullUrl"]
    bundle.pop("meta")
    assert again == bundle


@pytest.mark.parametrize("name", sorted(ANSWERED))
def test_an_answer_is_read_and_is_no_request(name: str) -> None:
    message = read_message(load(name))
    assert isinstance(message, Message)
    assert faults_in(message)


def receivers_errors() -> list[Path]:
    return sorted((EXAMPLES / "OperationOutcome" / "REC").glob("*.json"))


@pytest.mark.parametrize("path", receivers_errors(), ids=lambda one: one.stem)
def test_each_error_of_a_receiver_is_read_and_made_alike(path: Path) -> None:
    content = json.loads(path.read_bytes())
    said = said_in(content)
    assert said is not None
    status, error, code = path.stem.split("-", 2)
    wanted = said.code if path.name in ODD else code
    assert (said.error, said.code) == (error, wanted)
    assert STATUS[Error(said.error)] == int(status)
    issue = content["issue"][0]
    fault = Fault(error=Error(error), code=wanted, words=issue["diagnostics"])
    assert outcome_of([fault])["issue"] == [issue]


def test_there_are_as_many_errors_as_were_published() -> None:
    assert len(receivers_errors()) == 21


def test_its_answer_to_a_validation_is_read_and_stops_no_clock() -> None:
    """Its codes are placeholders: nobody could say what they mean. Completed, it says
    that nothing more is to be done."""
    bundle = load("process_message/request/ValidationResponse (POST) .json")
    message = read_message(bundle)
    assert isinstance(message, Message)
    said = read_validation(message, category="C3", is_interim=False)
    assert said == Validated()
    for entry in bundle["entry"]:
        if entry["resource"]["resourceType"] == "CarePlan":
            entry["resource"]["status"] = "completed"
    message = read_message(bundle)
    assert isinstance(message, Message)
    said = read_validation(message, category="C3", is_interim=False)
    assert said.means is Means.CLOSED
