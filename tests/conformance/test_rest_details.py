# SPDX-License-Identifier: Apache-2.0
"""Details of https://hl7.org/fhir/R4/http.html and search.html, one by one."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from support.program import Program, Reply
from support.served import Served, served

Json = dict[str, Any]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("details")) as running:
        running.found("fernhill")
        yield running


@pytest.fixture(scope="module")
def program(
    server: Served, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Program]:
    folder = tmp_path_factory.mktemp("program")
    with closing(Program(server, folder, organisation="fernhill")) as made:
        made.put(
            {
                "resourceType": "Patient",
                "id": "ash",
                "name": [{"family": "Ashdown", "given": ["Jo Ann"]}],
                "address": [{"city": "Løvenby"}],
                "deceasedBoolean": True,
            }
        )
        made.put(
            {
                "resourceType": "Patient",
                "id": "birch",
                "name": [{"family": "Ng"}],
                "deceasedDateTime": "2020-01-01",
            }
        )
        yield made


def observation(id_: str, **more: object) -> Json:
    return {
        "resourceType": "Observation",
        "id": id_,
        "status": "final",
        "code": {"text": "something"},
        **more,
    }


def transaction(program: Program, *entries: Json) -> Reply:
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": list(entries)}
    return program.ask("POST", "", bundle)


def entry(resource: Json, url: str = "", **more: object) -> Json:
    type_ = resource["resourceType"]
    method = "PUT" if "/" in url or "?" in url else "POST"
    request = {"method": method, "url": url or type_, **more}
    return {"resource": resource, "request": request}


def made_by(reply: Reply, place: int) -> str:
    assert reply.status == 200, reply
    location: str = reply.entries[place]["response"]["location"]
    return location.partition("/fhir/")[2].partition("/_history")[0]


# Search ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ("family=As", ["ash"]),
        ("family=Ng", ["birch"]),
        ("given=Jo", ["ash"]),
        ("given=jo%20", ["ash"]),
        ("given=Ann", ["ash"]),
        ("given=An", ["ash"]),
        ("given=nn", []),
        ("address-city=L%C3%B8", ["ash"]),
        ("family=As,Ng", ["ash", "birch"]),
        ("family=&_id=ash", ["ash"]),
        ("birthdate=&_id=ash&_sort=&_count=", ["ash"]),
        ("death-date:missing=true&_id=ash,birch", ["ash"]),
        ("death-date:missing=false&_id=ash,birch", ["birch"]),
        ("deceased:missing=true&_id=ash,birch", []),
    ],
)
def test_patients_are_found(program: Program, asked: str, wanted: list[str]) -> None:
    reply = program.get(f"Patient?{asked}")
    assert reply.status == 200, reply
    assert sorted(reply.ids) == wanted


@pytest.fixture(scope="module")
def typed(program: Program) -> str:
    """A tag of observations whose values are of every kind."""
    tag = {"system": "urn:details", "code": "typed"}
    values: list[Json] = [
        {"id": "a-quantity", "valueQuantity": {"value": 1, "code": "mg"}},
        {"id": "a-string", "valueString": "blue"},
        {"id": "a-concept", "valueCodeableConcept": {"coding": [{"code": "x"}]}},
        {"id": "a-nothing"},
    ]
    for value in values:
        program.put(observation(value.pop("id"), meta={"tag": [tag]}, **value))
    return "_tag=urn:details|typed"


@pytest.mark.parametrize(
    ("parameter", "there"),
    [
        ("value-quantity", ["a-quantity"]),
        ("value-string", ["a-string"]),
        ("value-concept", ["a-concept"]),
        ("value-date", []),
    ],
)
def test_missing_is_about_the_parameters_own_type(
    program: Program, typed: str, parameter: str, there: list[str]
) -> None:
    everything = {"a-quantity", "a-string", "a-concept", "a-nothing"}
    found = program.get(f"Observation?{typed}&{parameter}:missing=false").ids
    assert sorted(found) == there
    left = program.get(f"Observation?{typed}&{parameter}:missing=true").ids
    assert set(left) == everything - set(there)


def test_a_reference_by_our_own_address_is_the_same_reference(
    server: Served, program: Program
) -> None:
    own = f"{server.origin}/fhir/Patient/ash"
    program.put(observation("absolute", subject={"reference": own}))
    program.put(observation("relative", subject={"reference": "Patient/ash"}))
    for asked in ("subject=Patient/ash", f"subject={own}", "patient=ash"):
        found = program.get(f"Observation?{asked}&_id=absolute,relative").ids
        assert sorted(found) == ["absolute", "relative"], asked
    inside = program.get("Patient/ash/Observation?_id=absolute").ids
    assert inside == ["absolute"]


def test_an_identifier_in_a_reference_is_found_by_its_value(program: Program) -> None:
    identified = {"identifier": {"system": "urn:wards", "value": "W-7"}}
    program.put(observation("by-value", subject=identified))
    for asked in ("W-7", "urn:wards|W-7", "w-7"):
        assert program.get(f"Observation?subject:identifier={asked}").ids == [
            "by-value"
        ]
    assert program.get("Observation?subject:identifier=urn:other|W-7").ids == []


def test_elements_leave_what_is_included_whole(program: Program) -> None:
    program.put(observation("with-subject", subject={"reference": "Patient/ash"}))
    reply = program.get(
        "Observation?_id=with-subject&_elements=status&_include=Observation:subject"
    )
    [match, included] = [one["resource"] for one in reply.entries]
    assert "code" in match  # required, so always there
    assert "subject" not in match
    assert included["name"] == [{"family": "Ashdown", "given": ["Jo Ann"]}]


# Versions -------------------------------------------------------------------


def test_a_star_matches_whatever_is_there(program: Program) -> None:
    content = {"resourceType": "Patient", "id": "starred"}
    absent = program.ask("PUT", "Patient/starred", content, {"If-Match": "*"})
    assert absent.status == 412
    program.put(content)
    there = program.ask("PUT", "Patient/starred", content, {"If-Match": "*"})
    assert there.status == 200, there


def test_what_was_deleted_is_brought_back_by_the_deletions_version(
    program: Program,
) -> None:
    content = {"resourceType": "Patient", "id": "back"}
    program.put(content)
    deleted = program.ask("DELETE", "Patient/back")
    tag = deleted.headers["etag"]
    wrong = program.ask("PUT", "Patient/back", content, {"If-Match": 'W/"1"'})
    assert wrong.status == 412
    back = program.ask("PUT", "Patient/back", content, {"If-Match": tag})
    assert back.status == 201, back


# Transactions ---------------------------------------------------------------


def test_a_transaction_keeps_what_may_not_be_written_over(program: Program) -> None:
    program.put({"resourceType": "Patient", "id": "kept", "gender": "female"})
    changed = {"resourceType": "Patient", "id": "kept", "gender": "male"}
    reply = transaction(program, entry(changed, "Patient/kept", ifNoneMatch="*"))
    assert reply.status == 412, reply
    assert program.get("Patient/kept").json["gender"] == "female"


def test_a_transaction_replaces_references_and_addresses_and_nothing_else(
    program: Program,
) -> None:
    called = "urn:uuid:6f1ed6f0-0000-4000-8000-0000000000aa"
    div = (
        '<div xmlns="http://www.w3.org/1999/xhtml"><p>'
        f'<a href="{called}">her</a> {called}</p></div>'
    )
    subject = {"resourceType": "Patient", "name": [{"family": "Pine"}]}
    told = observation(
        "unused",
        subject={"reference": called},
        identifier=[{"system": "urn:ietf:rfc:3986", "value": called}],
        note=[{"text": called}],
        valueString=called,
        extension=[
            {"url": "http://example.org/u", "valueUri": called},
            {"url": "http://example.org/c", "valueCanonical": called},
        ],
        text={"status": "generated", "div": div},
    )
    del told["id"]
    reply = transaction(program, {"fullUrl": called, **entry(subject)}, entry(told))
    patient = made_by(reply, 0)
    stored = program.get(made_by(reply, 1)).json
    assert stored["subject"]["reference"] == patient
    assert stored["identifier"][0]["value"] == called
    assert stored["note"][0]["text"] == called
    assert stored["valueString"] == called
    assert stored["extension"][0]["valueUri"] == patient
    assert stored["extension"][1]["valueCanonical"] == called
    assert f'href="{patient}"' in stored["text"]["div"]
    assert f"</a> {called}</p>" in stored["text"]["div"]


@pytest.mark.parametrize(
    "written",
    ["Patient/77", "http://x.example/fhir/Patient/77", "Patient/77/_history/3"],
)
def test_a_relative_reference_is_resolved_beside_its_own_address(
    program: Program, written: str
) -> None:
    subject = {"resourceType": "Patient", "name": [{"family": "Elm"}]}
    told = observation("unused", subject={"reference": written})
    del told["id"]
    reply = transaction(
        program,
        {"fullUrl": "http://x.example/fhir/Patient/77", **entry(subject)},
        {"fullUrl": "http://x.example/fhir/Observation/78", **entry(told)},
    )
    stored = program.get(made_by(reply, 1)).json
    assert stored["subject"]["reference"] == made_by(reply, 0)


def test_a_condition_finds_what_the_same_transaction_writes(program: Program) -> None:
    identifier = [{"system": "urn:new", "value": "only-here"}]
    subject = {"resourceType": "Patient", "identifier": identifier}
    asked = "Patient?identifier=urn:new|only-here"
    told = observation("unused", subject={"reference": asked})
    del told["id"]
    reply = transaction(program, entry(told), entry(subject))
    stored = program.get(made_by(reply, 0)).json
    assert stored["subject"]["reference"] == made_by(reply, 1)


def test_two_updates_by_one_condition_are_refused(program: Program) -> None:
    identifier = [{"system": "urn:twice", "value": "1"}]
    content = {"resourceType": "Patient", "identifier": identifier}
    url = "Patient?identifier=urn:twice|1"
    reply = transaction(program, entry(content, url), entry(content, url))
    assert reply.status == 400, reply
    assert program.get(url).ids == []


def test_an_entry_of_a_batch_that_brings_nothing_fails_alone(program: Program) -> None:
    bundle = {
        "resourceType": "Bundle",
        "type": "batch",
        "entry": [
            {"request": {"method": "POST", "url": "Patient"}},
            {"request": {"method": "GET", "url": "Patient/ash"}},
        ],
    }
    reply = program.ask("POST", "", bundle)
    assert reply.status == 200, reply
    statuses = [one["response"]["status"][:3] for one in reply.entries]
    assert statuses == ["400", "200"]


# Operations and the capability statement -------------------------------------


def test_operations_stand_with_the_types_that_have_them(program: Program) -> None:
    [rest] = program.get("metadata").json["rest"]
    by_type = {
        one["type"]: {
            operation["name"]: operation["definition"].rpartition("/")[2]
            for operation in one["operation"]
        }
        for one in rest["resource"]
    }
    assert by_type["Patient"]["everything"] == "Patient-everything"
    assert by_type["Encounter"]["everything"] == "Encounter-everything"
    assert by_type["Observation"]["lastn"] == "Observation-lastn"
    assert set(by_type["Device"]) == {"meta", "meta-add", "meta-delete"}
    assert [one["name"] for one in rest["operation"]] == ["process-message"]


@pytest.mark.parametrize("body_is", ["form", "Parameters"])
def test_operations_are_asked_for_by_post_too(program: Program, body_is: str) -> None:
    program.put(observation("posted", subject={"reference": "Patient/ash"}))
    if body_is == "form":
        kind = "application/x-www-form-urlencoded"
        body: object = b"_type=Observation&_count=1"
    else:
        kind = "application/fhir+json"
        body = {
            "resourceType": "Parameters",
            "parameter": [
                {"name": "_type", "valueString": "Observation"},
                {"name": "_count", "valueInteger": 1},
            ],
        }
    headers = {"Content-Type": kind}
    reply = program.ask("POST", "Patient/ash/$everything", body, headers)
    assert reply.status == 200, reply
    assert [one["resource"]["resourceType"] for one in reply.entries] == ["Observation"]
    more = program.get(reply.link("next"))
    assert more.status == 200, more


def test_an_operation_by_post_needs_no_body(program: Program) -> None:
    reply = program.ask("POST", "Patient/ash/$meta")
    assert reply.status == 200, reply
    assert reply.json["resourceType"] == "Parameters"


def test_what_is_no_parameters_resource_is_refused(program: Program) -> None:
    reply = program.ask("POST", "Patient/ash/$everything", {"resourceType": "Patient"})
    assert reply.status == 400, reply


def test_everything_of_some_types_has_no_others(program: Program) -> None:
    program.put({"resourceType": "Practitioner", "id": "doctor"})
    performer = [{"reference": "Practitioner/doctor"}]
    program.put(
        observation("seen", subject={"reference": "Patient/ash"}, performer=performer)
    )
    some = program.get("Patient/ash/$everything?_type=Observation")
    types = {one["resource"]["resourceType"] for one in some.entries}
    assert types == {"Observation"}
    more = program.get("Patient/ash/$everything?_type=Observation,Practitioner")
    types = {one["resource"]["resourceType"] for one in more.entries}
    assert types == {"Observation", "Practitioner"}


@pytest.mark.parametrize(
    "asked",
    [
        "Patient/ash/_history?_count=1",
        "Patient/ash/$everything?_count=2",
        "Observation/$lastn?patient=ash",
        "Patient?family=Ash&_count=3",
    ],
)
def test_a_page_says_what_it_answers(
    server: Served, program: Program, asked: str
) -> None:
    assert program.get(asked).link("self") == f"{server.origin}/fhir/{asked}"


# Tokens ---------------------------------------------------------------------


def test_a_token_that_does_not_hold_is_called_so(program: Program) -> None:
    headers = {"Authorization": "Bearer 1.nothing"}
    reply = program.raw("GET", "/fhir/Patient/ash", b"", headers)
    assert reply.status == 401
    assert 'error="invalid_token"' in reply.headers["www-authenticate"]


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ("", "invalid_request"),
        (
            "grant_type=client_credentials&grant_type=client_credentials",
            "invalid_request",
        ),
        ("grant_type=password&username=a&password=b", "unsupported_grant_type"),
        ("grant_type=client_credentials", "invalid_request"),
    ],
)
def test_the_token_endpoint_names_the_fault(
    program: Program, form: str, error: str
) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    reply = program.raw("POST", "/oauth/token", form.encode(), headers)
    assert (reply.status, reply.json["error"]) == (400, error)


def test_another_clients_name_beside_the_assertion_is_refused(
    program: Program,
) -> None:
    kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    form = (
        f"grant_type=client_credentials&client_assertion_type={kind}"
        f"&client_assertion={program.assertion()}&client_id=somebody-else"
    )
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    reply = program.raw("POST", "/oauth/token", form.encode(), headers)
    assert (reply.status, reply.json["error"]) == (401, "invalid_client")


def own_address(server: Served, path: str) -> str:
    return f"{server.origin}/fhir/{path}"


def test_patches_and_conditions_know_our_own_address(
    server: Served, program: Program
) -> None:
    whose = own_address(server, "Patient/ash")
    program.put(observation("addressed", subject={"reference": "Patient/ash"}))
    patch = [{"op": "replace", "path": "/subject", "value": {"reference": whose}}]
    kind = {"Content-Type": "application/json-patch+json"}
    reply = program.ask("PATCH", "Observation/addressed", patch, kind)
    assert reply.status == 200, reply
    assert reply.json["subject"] == {"reference": "Patient/ash"}
    found = program.search("Observation", ("subject", "Patient/ash"))
    assert "addressed" in found.ids
    changed = observation("addressed", subject={"reference": whose})
    reply = program.ask("PUT", f"Observation?subject={whose}&_id=addressed", changed)
    assert reply.status == 200, reply
    newest = program.get(f"Observation/$lastn?subject={whose}")
    assert newest.ids
