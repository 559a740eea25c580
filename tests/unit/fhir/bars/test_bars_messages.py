# SPDX-License-Identifier: Apache-2.0
"""Messages of booking and referral: what is read of them, and what is refused."""

import base64
import copy
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from support.partners import (
    FERNHILL,
    NORTH,
    booking,
    case,
    headers,
    person,
    referral,
)
from wardkeep.fhir.bars.building import answer_message
from wardkeep.fhir.bars.codes import OF_STATUS, STATUS, Error, Event, Reason
from wardkeep.fhir.bars.errors import Fault, answer_of, coded, said_in
from wardkeep.fhir.bars.headers import Sent, headers_for, read_headers
from wardkeep.fhir.bars.judging import Verdict, judged
from wardkeep.fhir.bars.message import (
    MOST_ENTRIES,
    Message,
    bundle_of,
    faults_in,
    read_message,
)
from wardkeep.fhir.bars.taking import Ground, changed, new_patient, taken, withdrawn
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.rest.answer import Answer
from wardkeep.fhir.rest.outcome import told
from wardkeep.fhir.search.references import target_of
from wardkeep.fhir.work.referral import read_referral
from wardkeep.fhir.work.referral_steps import State

Json = dict[str, Any]
NOW = datetime(2026, 11, 29, 15, 0, tzinfo=UTC)
GROUND = Ground(
    patient="here", team=Person("HealthcareService/ed", "Front door"), now=NOW
)
TIMES = ("2026-11-30T09:00:00Z", "2026-11-30T09:15:00Z")


def read(bundle: Json) -> Message:
    found = read_message(bundle)
    assert isinstance(found, Message), found
    return found


def part(bundle: Json, type_: str) -> Json:
    resources = [one["resource"] for one in bundle["entry"]]
    found: Json = next(one for one in resources if one["resourceType"] == type_)
    return found


def without(bundle: Json, type_: str) -> Json:
    kept = [one for one in bundle["entry"] if one["resource"]["resourceType"] != type_]
    return {**bundle, "entry": kept}


def codes(bundle: Json) -> set[tuple[str, str]]:
    found = read_message(bundle)
    faults = found if isinstance(found, tuple) else faults_in(found)
    return {(str(one.error), one.code) for one in faults}


def test_what_we_make_is_what_we_take() -> None:
    answer = answer_message(
        "m-1",
        request=part(referral(is_validation=True), "ServiceRequest"),
        case=case(),
        patient=person(),
        encounter=case(),
        summary="Self care",
        sender=FERNHILL,
        receiver=NORTH,
        now=NOW,
    )
    update = referral(reason=Reason.UPDATE, there="x", status="revoked")
    for bundle in (referral(), update, booking("s", *TIMES), answer):
        assert codes(bundle) == set()


def test_a_message_is_said_again_word_for_word() -> None:
    bundle = referral()
    again = bundle_of(read(bundle), moment=bundle["timestamp"])
    first = again["entry"][0].pop("fullUrl", None)
    assert first is None
    bundle["entry"][0].pop("fullUrl")
    assert again == bundle


@pytest.mark.parametrize(
    "type_",
    ["ServiceRequest", "Patient", "Encounter", "CarePlan", "Consent", "Organization"],
)
def test_a_referral_without_one_of_its_parts_says_which(type_: str) -> None:
    bundle = referral()
    faults = faults_in(read(without(bundle, type_)))
    assert any(one.code == "required" and type_ in one.place for one in faults)


def test_a_second_patient_is_refused() -> None:
    bundle = referral()
    other = {"fullUrl": "urn:uuid:other", "resource": person()}
    bundle["entry"].append(other)
    assert ("REC_UNPROCESSABLE_ENTITY", "invariant") in codes(bundle)


def test_what_no_message_holds_is_refused_by_its_name() -> None:
    bundle = referral()
    account = {"resourceType": "Account", "status": "active"}
    bundle["entry"].append({"fullUrl": "urn:uuid:a", "resource": account})
    assert ("REC_UNPROCESSABLE_ENTITY", "not-supported") in codes(bundle)


@pytest.mark.parametrize(
    "said",
    ["Patient/17", "Patient/17/_history/1", "https://x.example/fhir/Patient/17"],
)
def test_nothing_may_point_to_a_patient_of_ours(said: str) -> None:
    bundle = referral()
    part(bundle, "Observation")["subject"] = {"reference": said}
    assert ("REC_BAD_REQUEST", "value") in codes(bundle)


def test_a_conditional_reference_to_a_patient_is_refused_too() -> None:
    bundle = referral()
    part(bundle, "Observation")["subject"] = {"reference": "Patient?identifier=1"}
    assert ("REC_BAD_REQUEST", "value") in codes(bundle)


def test_an_entry_that_is_not_there_is_said() -> None:
    bundle = referral()
    part(bundle, "Observation")["subject"] = {"reference": "urn:uuid:nobody"}
    assert ("REC_BAD_REQUEST", "invalid") in codes(bundle)


def test_two_entries_of_one_url_are_refused() -> None:
    bundle = referral()
    bundle["entry"].append(copy.deepcopy(bundle["entry"][-1]))
    assert ("REC_BAD_REQUEST", "invalid") in codes(bundle)


def test_what_is_new_is_not_withdrawn_and_a_mistake_is() -> None:
    assert ("REC_BAD_REQUEST", "invariant") in codes(referral(status="revoked"))
    gone = read_message(referral(reason=Reason.DELETE))
    assert isinstance(gone, Message)
    assert gone.is_over
    assert faults_in(gone) == ()


def test_a_header_that_says_too_little_is_told_what_is_missing() -> None:
    for name, code in (("reason", "required"), ("focus", "required")):
        bundle = referral()
        del part(bundle, "MessageHeader")[name]
        assert ("REC_BAD_REQUEST", code) in codes(bundle)
    bundle = referral()
    part(bundle, "MessageHeader")["eventCoding"]["code"] = "something"
    assert codes(bundle) == {("REC_UNPROCESSABLE_ENTITY", "invalid")}
    assert codes({**referral(), "id": ""}) == {("REC_BAD_REQUEST", "required")}
    assert codes({**referral(), "type": "batch"}) == {("REC_BAD_REQUEST", "invalid")}


def test_a_header_that_points_elsewhere_is_refused() -> None:
    bundle = referral()
    part(bundle, "MessageHeader")["focus"] = [{"reference": "urn:uuid:none"}]
    assert ("REC_BAD_REQUEST", "invalid") in codes(bundle)
    bundle = referral()
    patient = next(
        one["fullUrl"]
        for one in bundle["entry"]
        if one["resource"]["resourceType"] == "Patient"
    )
    part(bundle, "MessageHeader")["focus"] = [{"reference": patient}]
    assert ("REC_BAD_REQUEST", "invalid") in codes(bundle)


def test_what_is_restricted_is_not_taken_for_no_list_would_show_it() -> None:
    bundle = referral()
    label = {
        "system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality",
        "code": "R",
    }
    part(bundle, "ServiceRequest")["meta"] = {"security": [label]}
    assert ("REC_UNPROCESSABLE_ENTITY", "not-supported") in codes(bundle)


def test_a_huge_message_is_refused_before_it_is_looked_at() -> None:
    bundle = referral()
    bundle["entry"] += [bundle["entry"][-1]] * MOST_ENTRIES
    assert codes(bundle) == {("REC_UNPROCESSABLE_ENTITY", "too-costly")}


def test_an_nhs_number_is_ten_digits() -> None:
    assert ("REC_BAD_REQUEST", "value") in codes(referral(person("99900000")))
    assert codes(referral(person("9990000017"))) == set()


def raw(sent: dict[str, str]) -> dict[bytes, str]:
    return {name.lower().encode(): value for name, value in sent.items()}


def test_headers_are_read_and_written_alike() -> None:
    sent = Sent(request="r-1", correlation="c-1", system="urn:s", service="17")
    organisation = {"resourceType": "Organization", "name": "North"}
    made = headers_for(sent, organisation=organisation, software="Wardkeep")
    assert read_headers(raw(made)) == sent


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("X-Request-Id", "", "required"),
        ("X-Correlation-Id", "", "required"),
        ("X-Request-Id", "a b", "invalid"),
        ("NHSD-Target-Identifier", "", "required"),
        ("NHSD-Target-Identifier", "%%%", "invalid"),
        ("NHSD-Target-Identifier", "e30=", "invalid"),
        ("NHSD-Target-Identifier", "a" * 9_000, "invalid"),
        ("NHSD-End-User-Organisation", "W10=", "invalid"),
        ("NHSD-Requesting-Software", "eyJyZXNvdXJjZVR5cGUiOiJQYXRpZW50In0=", "invalid"),
    ],
)
def test_a_header_that_will_not_do_is_named(name: str, value: str, code: str) -> None:
    found = read_headers(raw({**headers(), name: value}))
    assert isinstance(found, tuple)
    assert [(one.code, one.place) for one in found] == [(code, name)]


def test_a_deeply_nested_header_is_refused() -> None:
    deep = base64.b64encode(b"[" * 5_000).decode()
    found = read_headers(raw({**headers(), "NHSD-Target-Identifier": deep}))
    assert isinstance(found, tuple)


def test_every_error_has_a_status_and_is_found_by_it() -> None:
    assert set(STATUS) == set(Error)
    assert OF_STATUS[409] is Error.CONFLICT
    fault = Fault(error=Error.CONFLICT, code="duplicate", words="Again.")
    answer = answer_of((fault,))
    said = said_in(json.loads(answer.body))
    assert (answer.status, said and said.error, said and said.code) == (
        409,
        "REC_CONFLICT",
        "duplicate",
    )


def test_a_refusal_of_the_api_carries_the_standards_code() -> None:
    issue = json.loads(coded(told(403, "forbidden", "No.")).body)["issue"][0]
    assert issue["details"]["coding"][0]["code"] == "REC_FORBIDDEN"
    assert issue["code"] == "forbidden"
    whole = Answer(body=b"{}")
    assert coded(whole) is whole
    odd = told(418, "processing", "Teapot.")
    assert coded(odd) is odd


def outcome(error: str, code: str) -> bytes:
    fault = Fault(error=Error(error), code=code, words="")
    return answer_of((fault,)).body


def told_of(severity: str) -> bytes:
    issue = {"severity": severity, "code": "informational"}
    return json.dumps({"resourceType": "OperationOutcome", "issue": [issue]}).encode()


def header(code: str) -> bytes:
    """A message that answers, and says so of how it went."""
    said = {"resourceType": "MessageHeader", "response": {"code": code}}
    return json.dumps(
        {"resourceType": "Bundle", "type": "message", "entry": [{"resource": said}]}
    ).encode()


@pytest.mark.parametrize(
    ("status", "body", "verdict"),
    [
        (200, b'{"resourceType":"Bundle"}', Verdict.DONE),
        (201, b"", Verdict.DONE),
        (200, header("ok"), Verdict.DONE),
        (200, header("transient-error"), Verdict.AGAIN),
        (200, header("fatal-error"), Verdict.NEVER),
        (200, b"{}", Verdict.AGAIN),
        (200, b"[]", Verdict.AGAIN),
        (200, b"<html>The requested URL was rejected.</html>", Verdict.AGAIN),
        (200, outcome("REC_UNPROCESSABLE_ENTITY", "invariant"), Verdict.NEVER),
        (200, outcome("REC_SERVER_ERROR", "transient"), Verdict.AGAIN),
        (200, told_of("information"), Verdict.DONE),
        (409, outcome("REC_CONFLICT", "duplicate"), Verdict.DONE),
        (409, outcome("REC_CONFLICT", "conflict"), Verdict.NEVER),
        (409, b"<html>", Verdict.AGAIN),
        (400, outcome("REC_BAD_REQUEST", "required"), Verdict.NEVER),
        (400, b"", Verdict.AGAIN),
        (404, b'{"resourceType":"Patient"}', Verdict.AGAIN),
        (401, outcome("REC_UNAUTHORIZED", "login"), Verdict.AGAIN),
        (408, outcome("REC_TIMEOUT", "timeout"), Verdict.AGAIN),
        (429, outcome("REC_TOO_MANY_REQUESTS", "throttled"), Verdict.AGAIN),
        (503, outcome("REC_SERVICE_UNAVAILABLE", "transient"), Verdict.AGAIN),
        (500, outcome("REC_SERVER_ERROR", "transient"), Verdict.AGAIN),
        (500, outcome("REC_SERVER_ERROR", "exception"), Verdict.NEVER),
        (422, outcome("REC_UNPROCESSABLE_ENTITY", "invariant"), Verdict.NEVER),
        (0, b"", Verdict.AGAIN),
        (302, b"", Verdict.AGAIN),
    ],
)
def test_an_answer_says_whether_to_send_again(
    status: int, body: bytes, verdict: Verdict
) -> None:
    assert judged(status, body).verdict is verdict


def test_a_page_of_something_between_us_is_no_receipt() -> None:
    """A firewall refuses with status 200 and a page: nobody has the referral."""
    found = judged(200, b"<html>Your support ID is: 17</html>")
    assert (found.code, found.there) == ("200 not FHIR", "")
    taken = {"resourceType": "ServiceRequest", "id": "r1"}
    body = json.dumps({"resourceType": "Bundle", "entry": [{"resource": taken}]})
    assert judged(200, body.encode()).there == "r1"


def test_a_code_of_an_answer_repeats_no_words() -> None:
    said = outcome("REC_BAD_REQUEST", "required").replace(b'""', b'"Odette is ill"')
    assert "Odette" not in judged(400, said).code
    said = said.replace(b'"required"', b'"Odette, 9990000018"')
    assert judged(400, said).code == "400 REC_BAD_REQUEST "


def references(node: object) -> list[str]:
    if isinstance(node, list):
        return [one for item in node for one in references(item)]
    if not isinstance(node, dict):
        return []
    here = [node["reference"]] if isinstance(node.get("reference"), str) else []
    return here + [one for value in node.values() for one in references(value)]


def test_what_is_stored_names_nobody_who_works_here() -> None:
    """An accomplice who is named in a message would expect the patient."""
    bundle = referral()
    case_ = part(bundle, "Encounter")
    case_["participant"] = [{"individual": {"reference": "Practitioner/mallory"}}]
    case_["serviceProvider"] = {"reference": "Organization/fernhill"}
    part(bundle, "Observation")["performer"] = [{"reference": "Practitioner/mallory"}]
    stored = taken(read(bundle), GROUND, skips=frozenset())
    own = {f"{one['resourceType']}/{one['id']}" for one in stored.resources}
    for one in stored.resources:
        for said in references(one):
            target = target_of(said)
            expected = said.startswith("#") or said in own
            is_here = said in ("Patient/here", "HealthcareService/ed")
            assert target is None or expected or is_here, said


def test_a_referral_is_stored_for_the_team_with_its_first_step() -> None:
    message = read(referral())
    stored = taken(message, GROUND, skips=frozenset())
    request = next(
        one for one in stored.resources if one["resourceType"] == "ServiceRequest"
    )
    said = read_referral(request)
    assert said is not None
    assert (said.state, said.team.reference) == (State.NEW, "HealthcareService/ed")
    assert said.steps[0].by.display == "North Call Centre"
    assert said.asked == "Emergency department, within one hour"
    assert said.reason == "Palpitations; Palpitations since noon, breathless on stairs."
    assert said.is_from_outside


def test_what_the_sender_withdraws_keeps_the_teams_steps() -> None:
    message = read(referral())
    request = taken(message, GROUND, skips=frozenset()).resources[0]
    assert request["resourceType"] == "ServiceRequest"
    update = read(referral(reason=Reason.UPDATE, there="x", status="revoked"))
    gone = withdrawn(request, update, now=NOW)
    said = read_referral(gone)
    assert said is not None
    assert (said.state, len(said.steps), gone["status"]) == (
        State.WITHDRAWN,
        2,
        "revoked",
    )


def test_an_update_changes_what_its_sender_says_and_no_team() -> None:
    first = taken(read(referral()), GROUND, skips=frozenset()).resources[0]
    fresh = {**first, "priority": "stat", "performer": [], "contained": []}
    made = changed(first, fresh)
    assert made["priority"] == "stat"
    assert (made["performer"], made["contained"]) == (
        first["performer"],
        first["contained"],
    )


def test_a_new_patient_brings_no_links_and_no_surgery_of_ours() -> None:
    who = person(
        link=[{"other": {"reference": "urn:uuid:x"}, "type": "seealso"}],
        generalPractitioner=[{"reference": "Organization/fernhill"}],
    )
    bundle = referral()
    part(bundle, "Patient").update(who)
    made = new_patient(read({**bundle}), GROUND)
    assert made["id"] == "here"
    assert "link" not in made
    assert references(made) == []


def test_a_validation_is_told_by_its_category() -> None:
    assert read(referral(is_validation=True)).is_validation
    assert not read(referral()).is_validation
    assert read(referral()).event is Event.REFERRAL
