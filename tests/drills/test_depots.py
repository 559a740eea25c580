# SPDX-License-Identifier: Apache-2.0
"""Drills on depot injections: a stolen session, races, the API, kills.

The real processes over HTTP. A stranger's schedule has words that stand nowhere else;
what the thief got is searched for them.
"""

import json
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from support.killing import kills
from support.program import Program
from support.served import Served, Visitor, eventually
from wardkeep.base.clock import LONDON, SystemClock
from wardkeep.care.writing import drafted
from wardkeep.fhir.depots.codes import CODE, SYSTEM
from wardkeep.fhir.depots.schedule import Schedule, schedule_content
from wardkeep.fhir.model.person import Person

HOME = "larkspur"
ONLY_THERE = "Quixotic depot of the third kind"
CLINIC = Person("Location/clinic", "Depot clinic")
WRITERS, PEOPLE = 6, 10
FOUND_BY = ("code", f"{SYSTEM}|{CODE}")
Json = dict[str, Any]


def scheduled(patient: str, *, due_in: int = 0) -> Json:
    """A schedule as a program writes it."""
    now = SystemClock().now()
    one = Schedule(
        id=f"{patient}-depot",
        patient=patient,
        medicine=ONLY_THERE,
        dose=Decimal(100),
        unit="mg",
        route="im",
        every=28,
        early=2,
        late=2,
        counts="given",
        first=now.astimezone(LONDON).date() + timedelta(days=due_in),
        place=CLINIC,
        prescriber="Dr Fictional",
        began=now - timedelta(days=30),
        author=Person("", "Ona Reed"),
    )
    made: Json = json.loads(drafted(schedule_content(one)).resource.compact)
    return made


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    running = Served(tmp_path_factory.mktemp("depots"), WARDKEEP_WEB_WORKERS="1")
    try:
        running.await_ready()
        running.found(HOME)
        yield running
    finally:
        running.process.send_signal(signal.SIGINT)
        running.process.wait(60)


@pytest.fixture(scope="module")
def program(
    stack: Served, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Program]:
    keys: Path = tmp_path_factory.mktemp("keys")
    with closing(Program(stack, keys, organisation=HOME)) as running:
        running.put({"resourceType": "Location", "id": "clinic", "name": "Clinic"})
        yield running


def on_a_depot(program: Program, id_: str, family: str, *, due_in: int = 0) -> str:
    """The address of the depot of a new patient."""
    program.put(
        {
            "resourceType": "Patient",
            "id": id_,
            "name": [{"family": family, "given": ["Test"]}],
            "birthDate": "1980-02-03",
        }
    )
    program.put(scheduled(id_, due_in=due_in))
    return f"/patients/{id_}/depots/{id_}-depot"


def given(which: str, version: int, **more: str) -> bytes:
    now = SystemClock().now().astimezone(LONDON)
    fields = {
        "which": which,
        "version": str(version),
        "at": f"{now:%Y-%m-%dT%H:%M}",
        "dose": "100",
        "site": "deltoid",
        "side": "left",
        "batch": "B1",
        "expires-month": "12",
        "expires-year": str(now.year + 1),
        "by": "",
    }
    return urlencode(fields | more).encode()


def doses_of(program: Program, patient: str) -> list[Json]:
    found = program.search("MedicationAdministration", ("patient", patient), FOUND_BY)
    return found.resources


def test_a_stolen_session_reads_no_strangers_depot_and_lists_no_other_team(
    stack: Served, program: Program
) -> None:
    address = on_a_depot(program, "stranger", "Strangelove")
    own = on_a_depot(program, "own", "Ownwood")
    token = stack.sign_in(HOME, ["own"], "ward_nurse")
    with closing(Visitor(stack.port, token)) as thief:
        for asked in ("", "?show=all", "?show=all&team=Location/clinic"):
            for path in ("/depots", "/depots/live", "/depots/print"):
                page = thief.ask("GET", f"{path}{asked}")[1]
                assert b"STRANGELOVE" not in page, path
        for path in (
            "/patients/stranger/depots",
            address,
            f"{address}/given",
            f"{address}/put-off",
            f"{address}/change",
            "/patients/own/depots/stranger-depot",
            "/patients/own/depots/stranger-depot/given",
        ):
            status, page = thief.ask("GET", path)
            assert status in (303, 403, 404), path
            assert ONLY_THERE.encode() not in page
        for path, body in (
            (f"{address}/given", given("w1", 1)),
            ("/patients/own/depots/stranger-depot/given", given("w1", 1)),
            (f"{address}/mistake", b"words=x"),
            ("/depots/print?show=all", b"d-stranger=on"),
        ):
            status, page = thief.ask("POST", path, body)
            assert status in (303, 403, 404, 422), path
            assert ONLY_THERE.encode() not in page
        assert ONLY_THERE in thief.get(own).decode()
    there = program.get("MedicationRequest/stranger-depot").json
    assert there["meta"]["versionId"] == "1"
    assert doses_of(program, "stranger") == []


def test_a_desk_and_a_carer_neither_list_nor_record(
    stack: Served, program: Program
) -> None:
    own = on_a_depot(program, "desked", "Deskwood")
    for role in ("receptionist", "carer"):
        token = stack.sign_in(HOME, ["desked"], role)
        with closing(Visitor(stack.port, token)) as visitor:
            assert visitor.ask("GET", "/depots")[0] == 403
            assert visitor.ask("POST", f"{own}/given", given("w2", 1))[0] == 403
            assert visitor.ask("POST", f"{own}/mistake", b"words=x")[0] == 403


def test_of_many_who_record_one_due_dose_at_once_one_does(
    stack: Served, program: Program
) -> None:
    address = on_a_depot(program, "raced", "Raceway")
    token = stack.sign_in(HOME, ["raced"], "care_coordinator")

    def gives(nth: int) -> int:
        with closing(Visitor(stack.port, token)) as visitor:
            body = given(f"raced-{nth}", 1, seen=f"words of {nth}")
            return visitor.ask("POST", f"{address}/given", body)[0]

    with ThreadPoolExecutor(WRITERS) as pool:
        answers = sorted(pool.map(gives, range(WRITERS)))
    assert answers == [303, *[409] * (WRITERS - 1)]
    assert len(doses_of(program, "raced")) == 1
    # Whoever presses once more, on what is stored now, has to say why
    with closing(Visitor(stack.port, token)) as visitor:
        status, page = visitor.ask("POST", f"{address}/given", given("again", 2))
    assert status == 422
    assert b"on that day already" in page
    assert len(doses_of(program, "raced")) == 1


def test_one_form_sent_many_times_is_one_dose(stack: Served, program: Program) -> None:
    address = on_a_depot(program, "twice", "Twiceham")
    token = stack.sign_in(HOME, ["twice"], "care_coordinator")
    body = given("the-same", 1)

    def again(_: int) -> int:
        with closing(Visitor(stack.port, token)) as visitor:
            return visitor.ask("POST", f"{address}/given", body)[0]

    with ThreadPoolExecutor(WRITERS) as pool:
        assert set(pool.map(again, range(WRITERS))) == {303}
    [dose] = doses_of(program, "twice")
    assert dose["request"] == {"reference": "MedicationRequest/twice-depot"}


def test_a_dose_is_taken_back_once_and_is_due_again(
    stack: Served, program: Program
) -> None:
    address = on_a_depot(program, "struck", "Strickland")
    token = stack.sign_in(HOME, ["struck"], "care_coordinator")
    with closing(Visitor(stack.port, token)) as visitor:
        assert visitor.ask("POST", f"{address}/given", given("g1", 1))[0] == 303
        body = urlencode({"about": "g1", "words": "Another person"}).encode()
        assert visitor.ask("POST", f"{address}/take-back", body)[0] == 303
        assert visitor.ask("POST", f"{address}/take-back", body)[0] == 303
        empty = urlencode({"about": "g1", "words": ""}).encode()
        visitor.ask("POST", f"{address}/take-back", empty)
        for stranger in ("nothing", "marked", ""):
            other = urlencode({"about": stranger, "words": "x"}).encode()
            assert visitor.ask("POST", f"{address}/take-back", other)[0] == 404
        page = visitor.get(address).decode()
    assert "Another person" in page
    [dose] = doses_of(program, "struck")
    assert dose["status"] == "entered-in-error"
    there = program.get("MedicationRequest/struck-depot").json
    assert there["meta"]["versionId"] == "3"
    said = {one["url"]: one for one in there["extension"]}
    today = SystemClock().now().astimezone(LONDON).date().isoformat()
    assert said[f"{SYSTEM}:next"]["valueDate"] == today


def test_what_a_program_writes_is_listed_and_what_it_stops_is_not(
    stack: Served, program: Program
) -> None:
    on_a_depot(program, "found", "Foundling", due_in=-9)
    searched = program.search("MedicationRequest", ("patient", "found"), FOUND_BY)
    assert searched.ids == ["found-depot"]
    token = stack.sign_in(HOME, ["found"], "care_coordinator")
    with closing(Visitor(stack.port, token)) as visitor:
        path = "/depots?show=overdue&team=Location/clinic"
        assert b"FOUNDLING" in visitor.get(path)
        content = program.get("MedicationRequest/found-depot").json
        program.put({**content, "status": "stopped"})
        assert b"FOUNDLING" not in visitor.get(path)
        program.put({**content, "status": "active"})
        assert b"FOUNDLING" in visitor.get(path)
        other = {**content, "medicationCodeableConcept": {"text": "Something else"}}
        program.put(other)
        assert b"FOUNDLING" not in visitor.get(path)


def test_doses_recorded_while_processes_are_killed_are_there_once(
    stack: Served, program: Program
) -> None:
    people = [f"killed-{n}" for n in range(PEOPLE)]
    for nth, who in enumerate(people):
        on_a_depot(program, who, f"Kilda{nth}")
    token = stack.sign_in(HOME, people, "care_coordinator")
    killed: list[str] = []
    is_over = threading.Event()
    killer = threading.Thread(target=kills, args=(stack, killed, is_over))
    killer.start()
    try:
        while killer.is_alive():  # whoever pressed presses again
            for who in people:
                records(stack, token, who)
    finally:
        is_over.set()
        killer.join()
    stack.await_ready()
    assert {"web", "warden", "database"} <= set(killed), killed
    for who in people:
        assert len(doses_of(program, who)) == 1, who
        there = program.get(f"MedicationRequest/{who}-depot").json
        assert there["meta"]["versionId"] == "2", who


def records(stack: Served, token: str, who: str) -> None:
    """As somebody does it: press, and press the same form again until it is said."""
    body = given(f"which-{who}", 1)

    def is_done() -> bool:
        with suppress(OSError), closing(Visitor(stack.port, token)) as visitor:
            path = f"/patients/{who}/depots/{who}-depot/given"
            status, _ = visitor.ask("POST", path, body)
            time.sleep(0.1)
            return status == 303
        return False

    eventually(is_done, stack.log)
