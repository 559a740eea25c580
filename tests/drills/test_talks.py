# SPDX-License-Identifier: Apache-2.0
"""Drills on what is gone through together: a thief reaches no more; nothing doubles."""

import json
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from support.note_writer import doctor, part
from support.program import Program
from support.served import Served, Visitor, served
from wardkeep.base.clock import SystemClock
from wardkeep.fhir.assessments.assessment import SIGNED, Act, Asked, resource_of
from wardkeep.fhir.assessments.library import library
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.questionnaires.questionnaire import (
    Questionnaire,
    placed,
    read_questionnaire,
)
from wardkeep.fhir.questionnaires.response import answered

AT = datetime(2026, 1, 9, 10, tzinfo=UTC)
SOON = (SystemClock().now() + timedelta(days=9)).date().isoformat()


def asked(name: str) -> dict[str, Any]:
    volume = next(one for one in library() if one.name == name)
    return {**volume.content, "id": name, "status": "active"}


def read(name: str) -> Questionnaire:
    found = read_questionnaire(json.dumps(asked(name)).encode())
    assert found is not None
    return found


def ratings(id_: str, patient: str, name: str = "dialog") -> dict[str, Any]:
    one = read(name)
    typed = {place: "2" for place, item in placed(one.item) if item.type == "choice"}
    act = Act(
        id=id_,
        patient=patient,
        asked=Asked(name, 1),
        status=SIGNED,
        answered=AT,
        author=Person("", "Rowan Ash"),
        by=Person("", "Rowan Ash"),
    )
    content: dict[str, Any] = resource_of(act, one, answered(one, typed)).content
    return content


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys")


@pytest.fixture(scope="module")
def program(server: Served, keys: Path) -> Iterator[Program]:
    with closing(Program(server, keys, organisation="fernhill")) as made:
        for name in ("dialog", "phq-9"):
            made.put(asked(name))
        for id_ in ("pat", "other"):
            made.put(
                {
                    "resourceType": "Patient",
                    "id": id_,
                    "name": [{"family": "HAZEL"}],
                    "birthDate": "1950-02-03",
                }
            )
        made.put(
            {
                "resourceType": "Location",
                "id": "north",
                "name": "North team",
                "status": "active",
            }
        )
        for id_, patient in (("r1", "pat"), ("r2", "pat"), ("r3", "other")):
            made.put(ratings(id_, patient))
        made.put(ratings("plain", "pat", "phq-9"))
        made.put({**ratings("wrong", "pat"), "status": "entered-in-error"})
        yield made


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("talks")) as running:
        running.found("fernhill")
        yield running


@pytest.fixture(autouse=True)
def everybody_leaves() -> Iterator[None]:
    yield
    part()


def save(
    visitor: Visitor, talk: str, *, patient: str = "pat", **typed: str
) -> tuple[int, bytes]:
    said = {
        "version": "0",
        **{name.replace("_", "-"): it for name, it in typed.items()},
    }
    address = f"/patients/{patient}/talks/{talk}"
    return visitor.ask("POST", address, urlencode(said).encode())


def goals(program: Program) -> list[str]:
    return sorted(
        id_
        for patient in ("pat", "other")
        for id_ in program.search("Goal", ("patient", patient)).ids
    )


def tasks(program: Program) -> list[dict[str, Any]]:
    return list(program.search("Task", ("patient", "pat")).resources)


def test_a_stolen_session_reads_and_writes_nothing_of_a_stranger(
    server: Served, program: Program
) -> None:
    mine = doctor(server, "pat")
    assert save(mine, "r1.1", understanding="A secret of hers")[0] == 303
    thief = doctor(server, "other")
    for at in (
        "assessments/r1/together",
        "talks/r1.1",
        "print?talk=r1.1",
        "plans",
    ):
        status, body = thief.ask("GET", f"/patients/pat/{at}")
        assert status in (303, 403, 404), (at, status)
        assert b"A secret of hers" not in body
    # Nor under the address of somebody whom the session may open
    for at in ("assessments/r1/together", "talks/r1.1", "print?talk=r1.1"):
        status, body = thief.ask("GET", f"/patients/other/{at}")
        assert status in (303, 403, 404), (at, status)
        assert b"A secret of hers" not in body
    before = goals(program)
    for patient in ("pat", "other"):
        assert save(thief, "r1.1", patient=patient, forward="Mine")[0] in (303, 404)
        assert save(thief, "r2.1", patient=patient, forward="Mine")[0] in (303, 404)
        body = urlencode({"how": "entered-in-error", "version": "1"}).encode()
        at = f"/patients/{patient}/talks/r1.1/state"
        assert thief.ask("POST", at, body)[0] in (303, 404)
    assert goals(program) == before
    assert program.get("Goal/r1.1").json["lifecycleStatus"] == "active"


def test_roles_that_write_no_records_write_no_talk(
    server: Served, program: Program
) -> None:
    before = goals(program)
    for role in ("receptionist", "finance_clerk", "privacy_officer", "administrator"):
        clerk = doctor(server, "pat", role=role)
        assert save(clerk, "r2.2", forward="x")[0] in (403, 404), role
    assert goals(program) == before


@pytest.mark.parametrize(
    "talk",
    [
        *("r1.99", "r1.life", "r1.1-help", "r1.", "plain.1", "none.1", "r1", "wrong.1"),
        "r3.1",
    ],
)
def test_what_is_no_subject_of_these_ratings_is_not_found(
    server: Served, program: Program, talk: str
) -> None:
    before, mine = goals(program), doctor(server, "pat")
    # Where it lies in a stranger's record, the door asks for a reason first
    answer = 303 if talk == "r3.1" else 404
    assert save(mine, talk, forward="x")[0] == answer
    assert mine.ask("GET", f"/patients/pat/talks/{talk}")[0] == answer
    assert goals(program) == before


def test_sent_twenty_times_at_once_it_is_one_talk_and_one_task(
    server: Served, program: Program
) -> None:
    visitors = [doctor(server, "pat") for _ in range(4)]
    before, statuses = len(tasks(program)), list[int]()
    typed = {
        "forward": "A dry room",
        "what_1": "Ring the office",
        "who_1": "Location/north",
        "by_1": SOON,
    }

    def send(visitor: Visitor) -> None:
        for _ in range(5):
            statuses.append(save(visitor, "r2.4", **typed)[0])

    threads = [threading.Thread(target=send, args=(one,)) for one in visitors]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert set(statuses) == {303}
    goal = program.get("Goal/r2.4").json
    assert goal["meta"]["versionId"] == "1"
    made = [one for one in tasks(program) if one["focus"]["reference"] == "Goal/r2.4"]
    assert len(made) == 1
    assert len(tasks(program)) == before + 1
    assert made[0]["description"] == "Accommodation: Ring the office"


def test_an_older_form_overwrites_nothing_and_a_task_is_given_to_nobody_unknown(
    server: Served, program: Program
) -> None:
    mine = doctor(server, "pat")
    assert save(mine, "r2.5", forward="First")[0] == 303
    status, page = save(mine, "r2.5", forward="Second")
    assert status == 409
    assert b"First" in page
    assert b"Second" in page
    assert program.get("Goal/r2.5").json["description"]["text"] == "First"
    assert save(mine, "r2.5", forward="Second", version="1")[0] == 303
    before = len(tasks(program))
    status, page = save(
        mine,
        "r2.5",
        version="2",
        what_1="Send all records",
        who_1="Practitioner/nobody",
        by_1=SOON,
    )
    assert status == 422
    assert b"Choose who does it." in page
    assert len(tasks(program)) == before


def test_a_code_that_opens_a_home_is_kept_out_and_the_limit_of_three_holds(
    server: Served, program: Program
) -> None:
    mine = doctor(server, "other")
    said = "Key safe code 4711, back door"
    status, page = save(mine, "r3.1", patient="other", understanding=said)
    assert status == 422
    assert b"opens a home" in page
    for link in "123":
        assert save(mine, f"r3.{link}", patient="other", forward="x")[0] == 303
    status, page = save(mine, "r3.4", patient="other", forward="x")
    assert status == 409
    assert b"Enough was gone through" in page
    # One that was an error makes room again; what is over is not written on
    body = urlencode({"how": "entered-in-error", "version": "1"}).encode()
    for _ in range(2):
        at = "/patients/other/talks/r3.1/state"
        assert mine.ask("POST", at, body)[0] == 303
    assert save(mine, "r3.4", patient="other", forward="x")[0] == 303
    status, page = save(mine, "r3.1", patient="other", forward="y", version="2")
    assert status == 409
    assert b"This is over" in page
    assert [one for one in goals(program) if one.startswith("r3.")] == [
        *("r3.1", "r3.2", "r3.3", "r3.4"),
    ]


def test_a_state_is_set_once_and_of_an_older_version_not_at_all(
    server: Served, program: Program
) -> None:
    mine = doctor(server, "pat")
    assert save(mine, "r1.2", forward="x")[0] == 303
    at = "/patients/pat/talks/r1.2/state"
    for how, version, status in (
        ("gone", "1", 404),
        ("completed", "7", 409),
        ("completed", "1", 303),
        ("completed", "1", 303),
        ("active", "1", 409),
        ("active", "2", 303),
    ):
        body = urlencode({"how": how, "version": version}).encode()
        assert mine.ask("POST", at, body)[0] == status, (how, version)
    assert program.get("Goal/r1.2").json["meta"]["versionId"] == "3"
