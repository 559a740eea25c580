# SPDX-License-Identifier: Apache-2.0
"""A privacy officer's program reads who opened what, as FHIR, from the ledger."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from support.program import Program
from support.served import Served, served
from wardkeep.fhir.model.resource import Resource, parse
from wardkeep.fhir.validation import check

READ = "http://hl7.org/fhir/restful-interaction|read"
Json = dict[str, Any]


def patient(id_: str) -> Json:
    return {"resourceType": "Patient", "id": id_, "name": [{"family": f"Reed {id_}"}]}


def pulse(id_: str, of: str) -> Json:
    return {
        "resourceType": "Observation",
        "id": id_,
        "status": "final",
        "code": {"text": "pulse"},
        "subject": {"reference": f"Patient/{of}"},
    }


class House:
    """A server with two organisations, and programs that use it."""

    def __init__(self, server: Served, folder: Path) -> None:
        self.server = server
        self.folder = folder

    def program(self, scope: str, organisation: str = "fernhill") -> Program:
        return Program(self.server, self.folder, organisation=organisation, scope=scope)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("audit")
    with served(folder) as running:
        for slug in ("fernhill", "larkspur"):
            running.command("organisation", "create", "--slug", slug, "--name", slug)
        made = House(running, folder)
        with closing(made.program("system/*.cruds")) as writer:
            for id_ in ("ann", "bob"):
                writer.put(patient(id_))
                writer.put(pulse(f"pulse-{id_}", id_))
            writer.get("Observation/pulse-ann")
            writer.search("Observation", ("code:text", "pulse"))
        yield made


@pytest.fixture
def auditor(house: House) -> Iterator[Program]:
    with closing(house.program("system/AuditEvent.rs")) as made:
        yield made


def patients_of(event: Json) -> list[str]:
    return [
        one["what"]["reference"]
        for one in event["entity"]
        if one.get("role", {}).get("code") == "1"
    ]


def resources_of(event: Json) -> list[str]:
    return [
        one["what"]["reference"]
        for one in event["entity"]
        if one.get("role", {}).get("code") == "4"
    ]


def every(program: Program, path: str) -> list[Json]:
    """All pages of a search."""
    found: list[Json] = []
    for _ in range(1_000):
        reply = program.get(path)
        assert reply.status == 200, reply
        found += reply.resources
        path = reply.link("next")
        if not path:
            return found
    raise AssertionError(path)


def test_a_read_is_an_event_about_its_patient_alone(auditor: Program) -> None:
    query = f"AuditEvent?patient=Patient/ann&subtype={READ}"
    [event] = every(auditor, query)
    assert resources_of(event) == ["Observation/pulse-ann/_history/1"]
    assert patients_of(event) == ["Patient/ann"]
    assert event["action"] == "R"
    assert event["outcome"] == "0"
    asker, server = event["agent"]
    assert asker["who"]["display"] == "A program"
    assert (asker["requestor"], server["requestor"]) == (True, False)
    assert event["purposeOfEvent"][0]["coding"][0]["code"] == "TREAT"


def test_a_search_is_one_event_for_each_patient_that_it_found(
    auditor: Program,
) -> None:
    query = "AuditEvent?subtype=http://hl7.org/fhir/restful-interaction|search"
    events = every(auditor, query)
    found = {tuple(patients_of(one)): resources_of(one) for one in events}
    assert found[("Patient/ann",)] == ["Observation/pulse-ann/_history/1"]
    assert found[("Patient/bob",)] == ["Observation/pulse-bob/_history/1"]
    assert all(len(patients_of(one)) <= 1 for one in events)


def test_every_event_is_right_and_can_be_read_by_its_id(auditor: Program) -> None:
    events = every(auditor, "AuditEvent?_count=7")
    assert len(events) > 12
    assert len({one["id"] for one in events}) == len(events)
    for event in events[:10]:
        resource = parse(json.dumps(event).encode())
        assert isinstance(resource, Resource)
        assert check(resource) == ()
        assert auditor.get(f"AuditEvent/{event['id']}").json == event
    assert auditor.get("AuditEvent/ledger-999999.0").status == 404
    assert auditor.get("AuditEvent/ledger-1.99").status == 404


def test_pages_of_events_have_no_gap_and_no_double(auditor: Program) -> None:
    whole = every(auditor, "AuditEvent?patient=Patient/ann&_count=100")
    asked_by = {one["id"] for one in whole}
    for count in (1, 2, 3):
        paged = every(auditor, f"AuditEvent?patient=Patient/ann&_count={count}")
        ids = [one["id"] for one in paged]
        assert len(set(ids)) == len(ids)
        assert asked_by <= set(ids)
    times = [one["recorded"] for one in whole]
    assert times == sorted(times, reverse=True)


def test_events_are_found_by_time_agent_and_outcome(auditor: Program) -> None:
    events = every(auditor, "AuditEvent?_count=100")
    middle = events[len(events) // 2]["recorded"]
    after = every(auditor, f"AuditEvent?date=ge{middle}&_count=100")
    assert {one["id"] for one in after} >= {
        one["id"] for one in events if one["recorded"] >= middle
    }
    assert all(one["recorded"] >= middle for one in after)
    assert every(auditor, f"AuditEvent?_lastUpdated=ge{middle}&_count=100")
    assert every(auditor, "AuditEvent?date=lt2020") == []
    assert every(auditor, "AuditEvent?outcome=8") == []
    by = {one["id"]: one["agent"][0]["who"].get("identifier") for one in events}
    who = next(one for one in reversed(by.values()) if one is not None)
    for asked in (f"{who['system']}|{who['value']}", who["value"]):
        own = every(auditor, f"AuditEvent?agent:identifier={asked}&_count=100")
        assert {one["id"] for one in own} >= {id_ for id_ in by if by[id_] == who}
        assert all(one["agent"][0]["who"]["identifier"] == who for one in own)
    assert every(auditor, "AuditEvent?agent:identifier=nobody") == []
    assert every(auditor, "AuditEvent?entity=Observation/pulse-ann")
    assert every(auditor, "AuditEvent?entity=Observation/none") == []


def test_what_is_refused_is_an_event_as_well(house: House, auditor: Program) -> None:
    with closing(house.program("system/Patient.rs")) as narrow:
        assert narrow.get("Observation/pulse-bob").status == 403
    [event] = every(auditor, "AuditEvent?patient=Patient/bob&outcome=4")
    assert event["outcomeDesc"].startswith("refusal:")
    assert resources_of(event) == []


def test_looking_at_events_is_an_event(auditor: Program) -> None:
    seen = every(auditor, "AuditEvent?patient=Patient/bob&_count=100")
    used = "http://dicom.nema.org/resources/ontology/DCM|110101"
    looks = every(auditor, f"AuditEvent?patient=Patient/bob&type={used}&_count=100")
    named = {one for look in looks for one in resources_of(look)}
    assert named >= {f"AuditEvent/{one['id']}/_history/1" for one in seen}


def test_what_programs_store_as_events_comes_behind_the_ledgers(house: House) -> None:
    with closing(house.program("system/*.cruds")) as program:
        program.put(patient("eve"))
        event = every(program, "AuditEvent?_count=1&patient=Patient/eve")[0]
        mine = {key: value for key, value in event.items() if key not in ("id", "meta")}
        stored = program.create(mine)
        events = every(program, "AuditEvent?patient=Patient/eve&_count=3")
        assert [one["id"] for one in events].count(stored["id"]) == 1
        assert program.get(f"AuditEvent/{stored['id']}").json["id"] == stored["id"]


def test_nobody_writes_an_event_of_the_ledger(house: House) -> None:
    with closing(house.program("system/*.cruds")) as program:
        event = every(program, "AuditEvent?_count=1&patient=Patient/ann")[0]
        path = f"AuditEvent/{event['id']}"
        assert program.ask("PUT", path, event).status == 422
        assert program.ask("DELETE", path).status == 422
        patch = [{"op": "remove", "path": "/entity"}]
        kind = {"Content-Type": "application/json-patch+json"}
        body = json.dumps(patch).encode()
        assert program.ask("PATCH", path, body, kind).status == 404
        entry = {"resource": event, "request": {"method": "PUT", "url": path}}
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
        assert program.ask("POST", "", bundle).status == 422
        assert program.get(path).json == event


def test_without_the_scope_or_in_another_organisation_no_event_is_seen(
    house: House, auditor: Program
) -> None:
    event = every(auditor, "AuditEvent?patient=Patient/ann&_count=1")[0]
    with closing(house.program("system/Patient.cruds")) as other:
        assert other.get("AuditEvent?patient=Patient/ann").status == 403
        assert other.get(f"AuditEvent/{event['id']}").status == 403
    with closing(house.program("system/AuditEvent.s")) as only_search:
        assert only_search.get("AuditEvent?_count=1").status == 200
        assert only_search.get(f"AuditEvent/{event['id']}").status == 403
    with closing(house.program("system/*.cruds", "larkspur")) as stranger:
        assert every(stranger, "AuditEvent?patient=Patient/ann") == []
        assert stranger.get(f"AuditEvent/{event['id']}").status == 404


def test_the_compartment_of_a_patient_has_that_patients_events_alone(
    house: House,
) -> None:
    with closing(house.program("system/*.rs")) as program:
        for path in (
            "Patient/bob/AuditEvent?_count=50",
            "Patient/bob/AuditEvent?_id=x",
        ):
            assert {tuple(patients_of(one)) for one in every(program, path)} <= {
                ("Patient/bob",)
            }
        assert every(program, "Patient/bob/AuditEvent?_count=50")
        several = every(program, "AuditEvent?patient=Patient/bob,Patient/none")
        assert {tuple(patients_of(one)) for one in several} == {("Patient/bob",)}
        chained = program.get("AuditEvent?patient.name=reed").ids
        assert not any(id_.startswith("ledger-") for id_ in chained)


def test_events_are_counted(auditor: Program) -> None:
    query = f"AuditEvent?patient=Patient/ann&subtype={READ}&_summary=count"
    assert auditor.get(query).json["total"] == 1
