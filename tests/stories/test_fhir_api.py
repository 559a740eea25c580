# SPDX-License-Identifier: Apache-2.0
"""An integrator's day with the FHIR API: every interaction, on real parts."""

import gzip
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest
import zstandard

from support.program import Program, Reply
from support.served import Served, served
from wardkeep.base.ids import new_uuid

Json = dict[str, Any]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("api")) as running:
        running.found("fernhill")
        yield running


@pytest.fixture(scope="module")
def owner(
    server: Served, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Program]:
    folder = tmp_path_factory.mktemp("owner")
    with closing(Program(server, folder, organisation="fernhill")) as made:
        yield made


def patient(**more: object) -> Json:
    return {"resourceType": "Patient", "name": [{"family": "Reed"}], **more}


def pulse(of: str, value: float | str = 72, **more: object) -> Json:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]},
        "subject": {"reference": f"Patient/{of}"},
        "effectiveDateTime": "2026-11-01T09:41:00Z",
        "valueQuantity": {"value": value, "unit": "/min"},
        **more,
    }


def numbered(value: str) -> Json:
    return patient(identifier=[{"system": "urn:test", "value": value}])


def transaction(*entries: Json, kind: str = "transaction") -> Json:
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


def entry(method: str, url: str, resource: Json | None = None, **more: str) -> Json:
    request = {key: value for key, value in more.items() if key != "fullUrl"}
    made: Json = {"request": {"method": method, "url": url, **request}}
    if resource is not None:
        made["resource"] = resource
    if "fullUrl" in more:
        made["fullUrl"] = more["fullUrl"]
    return made


# Reading and writing one resource


def test_a_resource_is_created_read_updated_and_its_versions_kept(
    owner: Program,
) -> None:
    made = owner.ask("POST", "Patient", patient(birthDate="1970-05-03"))
    assert made.status == 201
    id_ = made.json["id"]
    assert made.headers["location"].endswith(f"/fhir/Patient/{id_}/_history/1")
    assert made.headers["etag"] == 'W/"1"'
    again = owner.ask("PUT", f"Patient/{id_}", patient(id=id_, gender="female"))
    assert (again.status, again.headers["etag"]) == (200, 'W/"2"')
    assert owner.get(f"Patient/{id_}").json["gender"] == "female"
    first = owner.get(f"Patient/{id_}/_history/1").json
    assert (first["birthDate"], first["meta"]["versionId"]) == ("1970-05-03", "1")
    assert owner.get(f"Patient/{id_}/_history/3").status == 404
    methods = [one["request"]["method"] for one in _history(owner, id_)]
    assert methods == ["PUT", "POST"]


def _history(owner: Program, id_: str) -> list[Json]:
    reply = owner.get(f"Patient/{id_}/_history")
    assert reply.json["type"] == "history"
    return reply.entries


def test_what_is_deleted_is_gone_and_stays_in_history(owner: Program) -> None:
    id_ = owner.create(patient())["id"]
    assert owner.ask("DELETE", f"Patient/{id_}").status == 204
    assert owner.ask("DELETE", f"Patient/{id_}").status == 204
    assert owner.get(f"Patient/{id_}").status == 410
    assert owner.get(f"Patient/{id_}/_history/1").status == 200
    assert owner.search("Patient", ("_id", id_)).ids == []
    assert [one["request"]["method"] for one in _history(owner, id_)] == [
        "DELETE",
        "POST",
    ]
    back = owner.ask("PUT", f"Patient/{id_}", patient(id=id_))
    assert (back.status, back.headers["etag"]) == (201, 'W/"3"')


def test_a_reader_who_has_the_version_already_is_told_so(owner: Program) -> None:
    made = owner.ask("POST", "Patient", patient())
    path = f"Patient/{made.json['id']}"
    same = {"If-None-Match": made.headers["etag"]}
    later = {"If-Modified-Since": made.headers["last-modified"]}
    earlier = {"If-Modified-Since": "Mon, 01 Jan 2024 00:00:00 GMT"}
    assert owner.get(path, same).status == 304
    assert owner.get(path, later).status == 304
    assert owner.get(path, earlier).status == 200
    assert owner.get(path, {"If-None-Match": 'W/"7"'}).status == 200


def test_updates_with_if_match_lose_nobody_elses(owner: Program) -> None:
    id_ = owner.create(patient())["id"]
    change = patient(id=id_, active=True)
    stale = owner.ask("PUT", f"Patient/{id_}", change, {"If-Match": 'W/"9"'})
    assert (stale.status, stale.json["issue"][0]["code"]) == (412, "conflict")
    good = owner.ask("PUT", f"Patient/{id_}", change, {"If-Match": 'W/"1"'})
    assert good.status == 200
    assert owner.ask("DELETE", f"Patient/{id_}", None, {"If-Match": '"1"'}).status == (
        412
    )


def test_what_comes_back_can_be_chosen(owner: Program) -> None:
    minimal = owner.ask("POST", "Patient", patient(), {"Prefer": "return=minimal"})
    assert (minimal.status, minimal.raw) == (201, b"")
    prefer = {"Prefer": "return=OperationOutcome"}
    told = owner.ask("POST", "Patient", patient(), prefer)
    assert told.json["resourceType"] == "OperationOutcome"


def test_bodies_may_be_packed_and_xml_is_refused_by_name(owner: Program) -> None:
    raw = json.dumps(patient()).encode()
    for encoding, packed in (
        ("gzip", gzip.compress(raw)),
        ("zstd", zstandard.ZstdCompressor().compress(raw)),
    ):
        headers = {"Content-Encoding": encoding}
        assert owner.ask("POST", "Patient", packed, headers).status == 201
    bad = owner.ask("POST", "Patient", b"xx", {"Content-Encoding": "gzip"})
    assert bad.status == 400
    xml = {"Content-Type": "application/fhir+xml"}
    assert owner.ask("POST", "Patient", b"<Patient/>", xml).status == 415
    assert owner.get("Patient", {"Accept": "application/fhir+xml"}).status == 406
    assert owner.get("Patient?_format=xml").status == 406
    assert owner.get("Patient?_format=json&_count=1").status == 200


@pytest.mark.parametrize(
    ("content", "status", "place"),
    [
        (b"{", 400, None),
        (b'{"resourceType":"Patient","resourceType":"Patient"}', 400, None),
        (b'{"resourceType":"Observation"}', 400, "resourceType"),
        (b'{"resourceType":"Patient","nam":1}', 422, "Patient"),
        (b'{"resourceType":"Patient","birthDate":"2021-02-30"}', 422, "birthDate"),
        (b'{"resourceType":"Patient","gender":"x"}', 422, "Patient.gender"),
        (b'{"resourceType":"Patient","name":[]}', 422, "Patient.name"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(
    owner: Program, content: bytes, status: int, place: str | None
) -> None:
    reply = owner.ask("POST", "Patient", content)
    assert reply.status == status
    assert reply.json["resourceType"] == "OperationOutcome"
    if place is not None:
        assert place in reply.json["issue"][0]["expression"][0]


def test_decimals_and_white_space_come_back_as_they_were(owner: Program) -> None:
    subject = owner.create(patient())["id"]
    raw = json.dumps(pulse(subject, "@", note=[{"text": "  two  spaces\n"}]))
    sent = raw.replace('"@"', "1.00").encode()
    made = owner.ask("POST", "Observation", sent)
    back = owner.get(f"Observation/{made.json['id']}").raw
    assert b'"value":1.00' in back
    assert b'"  two  spaces\\n"' in back


# Conditions


def test_conditional_writes_find_none_one_or_several(owner: Program) -> None:
    number = new_uuid()
    condition = {"If-None-Exist": f"identifier=urn:test|{number}"}
    first = owner.ask("POST", "Patient", numbered(number), condition)
    second = owner.ask("POST", "Patient", numbered(number), condition)
    assert (first.status, second.status) == (201, 200)
    assert first.json["id"] == second.json["id"]
    query = f"Patient?identifier=urn:test|{number}"
    changed = owner.ask("PUT", query, numbered(number) | {"active": True})
    assert (changed.status, changed.json["id"]) == (200, first.json["id"])
    fresh = new_uuid()
    made = owner.ask("PUT", f"Patient?identifier=urn:test|{fresh}", numbered(fresh))
    assert made.status == 201
    owner.create(numbered(number))
    assert owner.ask("POST", "Patient", numbered(number), condition).status == 412
    assert owner.ask("PUT", query, numbered(number)).status == 412
    assert owner.ask("DELETE", query).status == 204
    assert owner.get(query).json["total"] == 0


def test_eight_who_create_the_same_at_once_make_one(
    server: Served, owner: Program
) -> None:
    number = new_uuid()
    condition = {"If-None-Exist": f"identifier=urn:test|{number}"}

    def create(_: int) -> Reply:
        with closing(owner.twin(server)) as twin:
            return twin.ask("POST", "Patient", numbered(number), condition)

    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(create, range(8)))
    assert sorted(one.status for one in replies) == [200] * 7 + [201]
    assert len({one.json["id"] for one in replies}) == 1
    found = owner.search("Patient", ("identifier", f"urn:test|{number}"))
    assert len(found.ids) == 1


def test_eight_who_count_up_with_if_match_lose_no_step(
    server: Served, owner: Program
) -> None:
    id_ = owner.create(patient(multipleBirthInteger=0))["id"]

    def count_up(_: int) -> int:
        tries = 0
        with closing(owner.twin(server)) as twin:
            while True:
                tries += 1
                read = twin.get(f"Patient/{id_}")
                content = read.json
                content["multipleBirthInteger"] += 1
                match = {"If-Match": read.headers["etag"]}
                if twin.ask("PUT", f"Patient/{id_}", content, match).status == 200:
                    return tries

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(count_up, range(8)))
    assert owner.get(f"Patient/{id_}").json["multipleBirthInteger"] == 8


# Patches


def test_patches_change_a_part_and_nothing_else(owner: Program) -> None:
    id_ = owner.create(patient(gender="male"))["id"]
    operations = [
        {"op": "test", "path": "/gender", "value": "male"},
        {"op": "replace", "path": "/gender", "value": "female"},
        {"op": "add", "path": "/name/-", "value": {"family": "Ash"}},
    ]
    kind = {"Content-Type": "application/json-patch+json"}
    done = owner.ask("PATCH", f"Patient/{id_}", operations, kind)
    assert (done.status, done.json["gender"]) == (200, "female")
    assert [one["family"] for one in done.json["name"]] == ["Reed", "Ash"]
    assert owner.ask("PATCH", f"Patient/{id_}", operations, kind).status == 422
    parameters = {
        "resourceType": "Parameters",
        "parameter": [
            {
                "name": "operation",
                "part": [
                    {"name": "type", "valueCode": "delete"},
                    {"name": "path", "valueString": "Patient.name[1]"},
                ],
            }
        ],
    }
    done = owner.ask("PATCH", f"Patient/{id_}", parameters)
    assert done.json["name"] == [{"family": "Reed"}]
    broken = [{"op": "add", "path": "/nam", "value": 1}]
    assert owner.ask("PATCH", f"Patient/{id_}", broken, kind).status == 422
    assert owner.get(f"Patient/{id_}").json["meta"]["versionId"] == "3"
    renamed = [{"op": "replace", "path": "/id", "value": "other"}]
    assert owner.ask("PATCH", f"Patient/{id_}", renamed, kind).status == 422


# Bundles


def test_a_transaction_links_what_it_creates(owner: Program) -> None:
    number = new_uuid()
    place = f"urn:uuid:{new_uuid()}"
    sent = transaction(
        entry("POST", "Observation", pulse("@") | {"subject": {"reference": place}}),
        entry("POST", "Patient", numbered(number), fullUrl=place),
        entry("GET", f"Patient?identifier=urn:test|{number}"),
    )
    reply = owner.ask("POST", "", sent)
    assert reply.json["type"] == "transaction-response"
    statuses = [one["response"]["status"][:3] for one in reply.entries]
    assert statuses == ["201", "201", "200"]
    found = reply.entries[2]["resource"]["entry"][0]["resource"]["id"]
    observed = owner.search("Observation", ("patient", found))
    assert observed.resources[0]["subject"]["reference"] == f"Patient/{found}"


def test_a_transaction_with_one_fault_changes_nothing(owner: Program) -> None:
    number = new_uuid()
    known = owner.create(patient())["id"]
    for wrong, status in (
        (entry("POST", "Patient", {"resourceType": "Patient", "nam": 1}), 422),
        (entry("PUT", f"Patient/{known}", patient(id=known), ifMatch='W/"7"'), 412),
        (entry("POST", "Nothing", patient()), 400),
        (entry("POST", "Patient"), 400),
        (
            entry(
                "POST",
                "Observation",
                pulse("x") | {"subject": {"reference": "Patient?identifier=urn:no|1"}},
            ),
            412,
        ),
    ):
        sent = transaction(entry("POST", "Patient", numbered(number)), wrong)
        assert owner.ask("POST", "", sent).status == status, wrong
    found = owner.search("Patient", ("identifier", f"urn:test|{number}"))
    assert found.json["total"] == 0
    collection = transaction(entry("GET", "Patient"), kind="collection")
    assert owner.ask("POST", "", collection).status == 400


def test_conditions_within_a_transaction(owner: Program) -> None:
    number = new_uuid()
    condition = f"identifier=urn:test|{number}"
    place = f"urn:uuid:{new_uuid()}"
    sent = transaction(
        entry(
            "POST", "Patient", numbered(number), ifNoneExist=condition, fullUrl=place
        ),
        entry("POST", "Observation", pulse("x") | {"subject": {"reference": place}}),
    )
    first, second = (owner.ask("POST", "", sent) for _ in range(2))
    assert first.entries[0]["response"]["status"].startswith("201")
    assert second.entries[0]["response"]["status"].startswith("200")
    found = owner.search("Patient", ("identifier", f"urn:test|{number}"))
    assert len(found.ids) == 1
    assert owner.search("Observation", ("patient", found.ids[0])).json["total"] == 2
    by_condition = pulse("x") | {"subject": {"reference": f"Patient?{condition}"}}
    third = owner.ask(
        "POST", "", transaction(entry("POST", "Observation", by_condition))
    )
    assert third.status == 200
    assert owner.search("Observation", ("patient", found.ids[0])).json["total"] == 3


def test_a_batch_does_each_entry_by_itself(owner: Program) -> None:
    known = owner.create(patient())["id"]
    sent = transaction(
        entry("GET", f"Patient/{known}"),
        entry("POST", "Patient", {"resourceType": "Patient", "nam": 1}),
        entry("POST", "Patient", patient()),
        entry("GET", "Patient/nobody-there"),
        entry("DELETE", f"Patient/{known}"),
        kind="batch",
    )
    reply = owner.ask("POST", "", sent)
    statuses = [one["response"]["status"][:3] for one in reply.entries]
    # Deletions go first, and the answers keep the order of the questions.
    assert statuses == ["410", "422", "201", "404", "204"]
    assert reply.entries[3]["response"]["outcome"]["issue"][0]["code"] == "not-found"


# Searching


def test_pages_hold_while_others_write(owner: Program) -> None:
    subject = owner.create(patient())["id"]
    made = [
        owner.create(pulse(subject, n, effectiveDateTime=f"2026-01-{n:02}"))
        for n in range(1, 13)
    ]
    reply = owner.get(f"Observation?patient={subject}&_count=3&_sort=date")
    seen = list(reply.ids)
    uncounted = owner.get(f"Observation?patient={subject}&_count=3&_total=none")
    assert "total" not in uncounted.json
    # One that was given moves behind, one to come moves before and one goes.
    for one, day in ((made[0], "2026-01-30"), (made[9], "2025-01-01")):
        owner.put(one | {"effectiveDateTime": day})
    owner.ask("DELETE", f"Observation/{made[10]['id']}")
    owner.create(pulse(subject, 99, effectiveDateTime="2026-01-05"))
    while reply.link("next"):
        assert reply.json["total"] == 12
        reply = owner.get(reply.link("next"))
        seen.extend(reply.ids)
    assert seen == [one["id"] for one in made]


def test_a_search_can_be_posted_counted_cut_and_summed_up(owner: Program) -> None:
    id_ = owner.create(patient(birthDate="1970-05-03", active=True))["id"]
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    posted = owner.ask("POST", "Patient/_search", f"_id={id_}".encode(), form)
    assert posted.ids == [id_]
    counted = owner.get(f"Patient?_id={id_}&_summary=count")
    assert (counted.json["total"], counted.entries) == (1, [])
    [cut] = owner.get(f"Patient?_id={id_}&_elements=birthDate").resources
    assert cut.keys() == {"resourceType", "id", "meta", "birthDate"}
    assert cut["meta"]["tag"][0]["code"] == "SUBSETTED"
    [summed] = owner.get(f"Patient?_id={id_}&_summary=true").resources
    assert summed["active"] is True
    assert owner.get("Patient?colour=red").status == 400
    lenient = {"Prefer": "handling=lenient"}
    reply = owner.get(f"Patient?_id={id_}&colour=red", lenient)
    assert reply.ids == [id_]
    assert reply.entries[-1]["search"]["mode"] == "outcome"
    assert "colour" not in reply.link("self")


def test_includes_follow_references_both_ways(owner: Program) -> None:
    doctor = owner.create({"resourceType": "Practitioner", "active": True})["id"]
    carer = {"generalPractitioner": [{"reference": f"Practitioner/{doctor}"}]}
    subject = owner.create(patient(**carer))["id"]
    seen = owner.create(pulse(subject))["id"]
    query = f"Observation?_id={seen}&_include=Observation:subject"
    iterated = "&_include:iterate=Patient:general-practitioner"
    kinds = [one["resource"]["resourceType"] for one in owner.get(query).entries]
    assert kinds == ["Observation", "Patient"]
    more = owner.get(query + iterated).entries
    assert {one["resource"]["id"] for one in more} == {seen, subject, doctor}
    back = owner.get(f"Patient?_id={subject}&_revinclude=Observation:subject").entries
    assert [one["search"]["mode"] for one in back] == ["match", "include"]
    found = owner.get(f"Practitioner?_has:Patient:general-practitioner:_id={subject}")
    assert found.ids == [doctor]
    chained = f"Observation?patient.general-practitioner=Practitioner/{doctor}"
    assert owner.get(chained).ids == [seen]


def test_labels_are_added_and_taken_away(owner: Program) -> None:
    id_ = owner.create(patient())["id"]
    tag = {"system": "urn:test", "code": "seen"}
    sent = {
        "resourceType": "Parameters",
        "parameter": [{"name": "meta", "valueMeta": {"tag": [tag]}}],
    }
    for _ in range(2):
        added = owner.ask("POST", f"Patient/{id_}/$meta-add", sent).json
        assert added["parameter"][0]["valueMeta"]["tag"] == [tag]
    assert owner.search("Patient", ("_tag", "urn:test|seen"), ("_id", id_)).ids
    gone = owner.ask("POST", f"Patient/{id_}/$meta-delete", sent).json
    assert "tag" not in gone["parameter"][0]["valueMeta"]
    told = owner.get(f"Patient/{id_}/$meta").json["parameter"][0]["valueMeta"]
    assert told["versionId"] == "4"


def test_the_newest_of_each_code(owner: Program) -> None:
    subject = owner.create(patient())["id"]
    other = {"code": {"coding": [{"system": "http://loinc.org", "code": "9279-1"}]}}
    for day in (1, 3, 2):
        when = {"effectiveDateTime": f"2026-01-0{day}"}
        owner.create(pulse(subject, day, **when))
        owner.create(pulse(subject, 10 + day, **when, **other))
    found = owner.get(f"Observation/$lastn?patient={subject}").resources
    assert sorted(one["valueQuantity"]["value"] for one in found) == [3, 13]
    more = owner.get(f"Observation/$lastn?patient={subject}&max=2&code=9279-1")
    assert [one["valueQuantity"]["value"] for one in more.resources] == [13, 12]
    assert owner.get("Observation/$lastn").status == 400


def test_a_search_within_a_list_and_in_an_order_of_names(owner: Program) -> None:
    names = ("Ash", "Zimmer", "moor")
    ids = [owner.create(patient(name=[{"family": one}]))["id"] for one in names]
    made = owner.create(
        {
            "resourceType": "List",
            "status": "current",
            "mode": "working",
            "entry": [{"item": {"reference": f"Patient/{one}"}} for one in ids],
        }
    )
    query = f"Patient?_list={made['id']}"
    assert set(owner.get(query).ids) == set(ids)
    up = owner.get(f"{query}&_sort=family&_count=2")
    last = owner.get(up.link("next"))
    assert [*up.ids, *last.ids] == [ids[0], ids[2], ids[1]]
    assert owner.get(f"{query}&_sort=-family").ids == [ids[1], ids[2], ids[0]]
    assert owner.get("Patient?_list=nobody").status == 400


def test_a_message_that_nobody_handles_is_refused(owner: Program) -> None:
    header = {
        "resourceType": "MessageHeader",
        "eventUri": "urn:test:event",
        "source": {"endpoint": "urn:test:here"},
    }
    message = {
        "resourceType": "Bundle",
        "type": "message",
        "entry": [{"fullUrl": f"urn:uuid:{new_uuid()}", "resource": header}],
    }
    reply = owner.ask("POST", "$process-message", message)
    assert (reply.status, reply.json["issue"][0]["code"]) == (422, "not-supported")


def test_the_statement_tells_what_is_here(server: Served, owner: Program) -> None:
    statement = owner.get("metadata").json
    assert statement["fhirVersion"] == "4.0.1"
    [rest] = statement["rest"]
    assert {one["code"] for one in rest["interaction"]} >= {"transaction", "batch"}
    named = {one["type"]: one for one in rest["resource"]}
    assert "name" in {one["name"] for one in named["Patient"]["searchParam"]}
    smart = owner.get(".well-known/smart-configuration").json
    assert smart["token_endpoint"] == f"{server.origin}/oauth/token"
    owner_token, owner.token = owner.token, ""
    assert owner.get("Patient").status == 401
    assert owner.get("metadata").status == 200
    owner.token = owner_token


def test_only_a_good_assertion_gets_a_token(owner: Program) -> None:
    assert owner.ask_for_token("nonsense").status == 401
    assertion = owner.assertion()
    assert owner.ask_for_token(assertion).status == 200
    assert owner.ask_for_token(assertion).json["error"] == "invalid_client"
    wrong = owner.assertion(aud="https://elsewhere.example/token")
    assert owner.ask_for_token(wrong).status == 401
    less = owner.ask_for_token(owner.assertion(), "system/Patient.r").json
    assert less["scope"] == "system/Patient.r"
    none = owner.ask_for_token(owner.assertion(), "patient/Patient.r")
    assert none.json["error"] == "invalid_scope"


def test_a_program_may_name_this_machine_by_its_address(owner: Program) -> None:
    port = str(owner._port)
    for host, status in (
        (f"127.0.0.1:{port}", 200),
        (f"[::1]:{port}", 200),
        ("evil.example", 421),
        (f"127.0.0.1.evil.example:{port}", 421),
    ):
        assert owner.get("metadata", {"Host": host}).status == status, host
