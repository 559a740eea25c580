# SPDX-License-Identifier: Apache-2.0
"""What somebody with a program's stolen key gets, and what not."""

import json
import urllib.parse
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from support.ledgers import entries_in
from support.program import Program
from support.served import Served, served
from wardkeep.ledger.entry import Entry

SEALED = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality",
    "code": "R",
}


def patient(number: int) -> dict[str, Any]:
    return {
        "resourceType": "Patient",
        "id": f"patient-{number:04}",
        "name": [{"family": f"Reed{number}"}],
    }


def pulse(number: int, of: str, **more: object) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": f"pulse-{number:04}",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]},
        "subject": {"reference": f"Patient/{of}"},
        **more,
    }


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("attacks")
    with served(folder) as running:
        for slug, name in (("fernhill", "Fernhill"), ("larkspur", "Larkspur")):
            running.command("organisation", "create", "--slug", slug, "--name", name)
        # What is sealed is set only by a scope that names its type.
        scope = "system/*.cruds system/Observation.cu"
        with closing(
            Program(running, folder, organisation="fernhill", scope=scope)
        ) as owner:
            hidden = pulse(99, "patient-0000", meta={"security": [SEALED]})
            owner.put_together(patient(0), hidden, pulse(0, "patient-0000"))
            for number in range(1, 12):
                owner.put(patient(number))
                owner.put(pulse(number, f"patient-{number:04}"))
        yield running


def program(server: Served, folder: Path, **how: Any) -> Program:
    how.setdefault("organisation", "fernhill")
    return Program(server, folder, **how)


def entries(server: Served) -> list[Entry]:
    return entries_in(server.layout.ledger)


def test_a_program_reaches_as_many_patients_as_its_contract_says(
    server: Served, tmp_path: Path
) -> None:
    with closing(program(server, tmp_path, patients_per_hour=5)) as thief:
        opened = [thief.get(f"Patient/patient-{n:04}").status for n in range(12)]
        assert opened == [200] * 5 + [429] * 7
        # The same five again are nothing new, and a page of all twelve is refused.
        assert thief.get("Patient/patient-0003").status == 200
        assert thief.get("Observation?code=8867-4").status == 429
        assert thief.get("Observation?code=8867-4&patient=patient-0003").status == 200
        server.restart()
        server.await_ready()
        assert thief.get("Patient/patient-0003").status == 200
        again = thief.get("Patient/patient-0011")
        assert (again.status, again.json["issue"][0]["code"]) == (429, "throttled")
        thief.sign_in()
        assert thief.get("Patient/patient-0011").status == 429


def test_scopes_hold_for_every_way_to_a_resource(
    server: Served, tmp_path: Path
) -> None:
    with closing(program(server, tmp_path, scope="system/Observation.rs")) as thief:
        assert thief.get("Observation/pulse-0001").status == 200
        assert thief.get("Patient/patient-0001").status == 403
        assert thief.get("Patient").status == 403
        assert thief.get("Patient/patient-0001/$everything").status == 200
        kinds = {
            one["resource"]["resourceType"]
            for path in (
                "Patient/patient-0001/$everything",
                "Observation?_id=pulse-0001&_include=Observation:subject",
                "Observation?_id=pulse-0001&_include=*",
                "Observation?_id=pulse-0001&_revinclude=*",
                "Patient/patient-0001/*",
                "?_count=50",
            )
            for one in thief.get(path).entries
        }
        assert kinds == {"Observation"}
        assert thief.ask("POST", "Observation", pulse(1, "x")).status == 403
        assert thief.ask("DELETE", "Observation/pulse-0001").status == 403
        assert thief.get("_history").status == 403
        batch = {
            "resourceType": "Bundle",
            "type": "batch",
            "entry": [{"request": {"method": "GET", "url": "Patient/patient-0001"}}],
        }
        reply = thief.ask("POST", "", batch)
        assert reply.entries[0]["response"]["status"].startswith("403")


def test_a_token_opens_nothing_of_another_organisation(
    server: Served, tmp_path: Path
) -> None:
    with closing(program(server, tmp_path, organisation="larkspur")) as thief:
        assert thief.get("Patient/patient-0001").status == 404
        assert thief.get("Observation?code=8867-4").json["total"] == 0
        number, _, secret = thief.token.partition(".")
        for other in ("1", "2", "3", "0", "x", ""):
            if other == number:
                continue
            thief.token = f"{other}.{secret}"
            for path in ("Patient/patient-0001", "Patient/nobody", "Observation"):
                assert thief.get(path).status == 401, (other, path)
        thief.token = ""
        assert thief.get("Patient/patient-0001").status == 401


def test_what_is_remembered_of_names_answers_no_strange_token(
    server: Served, tmp_path: Path
) -> None:
    """A search by patient asks the warden for no token: only names are in it."""
    path = "Observation?patient=patient-0001"
    with closing(program(server, tmp_path)) as owner:
        assert owner.get(path).json["total"] == 1
        number, _, secret = owner.token.partition(".")
        owner.token = f"{number}.{secret[::-1]}"
        for more in ("", "&_summary=count", "&status=final", "&patient=nobody"):
            assert owner.get(path + more).status == 401, more
    with closing(program(server, tmp_path, organisation="larkspur")) as stranger:
        assert stranger.get(path).json["total"] == 0
        assert stranger.get(f"{path}&_summary=count").json["total"] == 0


def test_an_address_that_spells_a_placeholder_is_no_address(
    server: Served, tmp_path: Path
) -> None:
    with closing(program(server, tmp_path)) as thief:
        for path in ("{type}", "{type}/{id}", "Patient/{id}", "%7Btype%7D/1"):
            assert thief.get(urllib.parse.quote(path, safe="/%")).status == 404, path


def test_a_link_to_a_page_is_good_for_its_session_and_search_only(
    server: Served, tmp_path: Path
) -> None:
    with (
        closing(program(server, tmp_path)) as first,
        closing(program(server, tmp_path)) as second,
        closing(program(server, tmp_path, organisation="larkspur")) as stranger,
    ):
        link = first.get("Observation?code=8867-4&_count=2").link("next")
        assert first.get(link).status == 200
        assert second.get(link).status == 410
        assert stranger.get(link).status == 410
        for changed in (
            link.replace("8867-4", "8867-5"),
            link.replace("Observation?", "Condition?"),
            link[:-4] + "AAAA",
            link + "&_id=pulse-0001",
        ):
            assert first.get(changed).status == 410, changed


def test_what_is_sealed_is_in_no_answer(server: Served, tmp_path: Path) -> None:
    with closing(program(server, tmp_path)) as thief:
        assert thief.get("Observation/pulse-0099").status == 403
        assert thief.get("Observation/pulse-0099/_history/1").status == 403
        for path in (
            "Observation?_id=pulse-0099",
            "Observation?patient=patient-0000",
            "Patient?_id=patient-0000&_revinclude=Observation:subject",
            "Patient/patient-0000/$everything",
            "Patient/patient-0000/Observation",
            "Observation/_history?_count=500",
            "_history?_count=500",
        ):
            assert b"pulse-0099" not in thief.get(path).raw.replace(
                path.encode(), b""
            ), path


def test_the_ledger_names_what_every_answer_held(
    server: Served, tmp_path: Path
) -> None:
    with closing(program(server, tmp_path)) as reader:
        before = len(entries(server))
        reply = reader.get("Observation?code=8867-4&_count=3&_include=*")
        given = {
            (one["resource"]["resourceType"], one["resource"]["id"])
            for one in reply.entries
        }
        assert len(given) == 6
        new = entries(server)[before:]
        named = {(type_, id_) for one in new for type_, id_, _ in one.resources()}
        assert named == given
        searches = [one for one in new if one.action == "search"]
        assert searches[0].request == "search Observation code"
        assert all(one.account == reader.id for one in searches)
        assert {one.tier for each in searches for one in each.subjects} <= {
            "record",
            "banner",
        }
        # Values that a search asked for are in no entry.
        assert "8867-4" not in json.dumps([repr(one) for one in new])


def test_nobody_takes_a_seal_off_by_writing_over_it(
    server: Served, tmp_path: Path
) -> None:
    with closing(program(server, tmp_path)) as thief:
        plain = pulse(99, "patient-0000")
        over = thief.ask("PUT", "Observation/pulse-0099", plain)
        assert over.status == 403, over
        entry = {
            "resource": plain,
            "request": {"method": "PUT", "url": "Observation/pulse-0099"},
        }
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
        assert thief.ask("POST", "", bundle).status == 403
        assert thief.get("Observation/pulse-0099").status == 403


@pytest.mark.parametrize(
    ("scope", "asked"),
    [
        ("system/Patient.rs", "Patient?_has:Observation:patient:code=8867-4"),
        ("system/Observation.rs", "Observation?patient.family=Reed1"),
        ("system/Observation.rs", "Observation?subject:Patient.family=Reed1"),
        (
            "system/Observation.rs system/Encounter.rs",
            "Observation?patient._has:Condition:patient:code=1",
        ),
        (
            "system/Observation.rs system/Patient.rs",
            "Observation?patient.general-practitioner:Practitioner.name=x",
        ),
        (
            "system/Observation.rs",
            "Observation/$lastn?patient=patient-0001&patient.family=Reed1",
        ),
    ],
)
def test_a_link_through_what_the_scope_leaves_out_is_refused(
    server: Served, tmp_path: Path, scope: str, asked: str
) -> None:
    with closing(program(server, tmp_path, scope=scope)) as thief:
        reply = thief.get(asked)
        assert reply.status == 403, reply
        assert "total" not in reply.json


def test_a_condition_asks_no_more_than_a_search(server: Served, tmp_path: Path) -> None:
    scope = "system/Observation.cruds"
    with closing(program(server, tmp_path, scope=scope)) as thief:
        headers = {"If-None-Exist": "patient.family=Reed1"}
        created = thief.ask("POST", "Observation", pulse(500, "patient-0001"), headers)
        assert created.status == 403, created


def test_an_alternative_within_the_scope_is_still_asked(
    server: Served, tmp_path: Path
) -> None:
    scope = "system/Observation.rs system/Patient.rs"
    with closing(program(server, tmp_path, scope=scope)) as asker:
        # subject may be a Group, a Device or a Location besides.
        reply = asker.get("Observation?subject._id=patient-0003")
        assert reply.status == 200, reply
        assert reply.ids == ["pulse-0003"]
