# SPDX-License-Identifier: Apache-2.0
"""Drills on the Mental Health Act: a stolen session, races, the API, kills.

The real processes over HTTP. A stranger's section has words that stand nowhere else;
what the thief got is searched for them.
"""

import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from support.killing import kills
from support.program import Program
from support.served import Served, Visitor, eventually
from wardkeep.base.clock import LONDON, SystemClock
from wardkeep.fhir.mha.due import end_of_section
from wardkeep.fhir.mha.entry_kinds import STRUCK
from wardkeep.fhir.mha.rules import known_rules
from wardkeep.fhir.mha.section import (
    SECTIONS,
    STATUS,
    SYSTEM,
    Entry,
    Section,
    flag_content,
    section_content,
)
from wardkeep.fhir.model.person import Person

HOME = "larkspur"
ONLY_THERE = "Quixotic aunt of the third kind"
LARCH, OAK = Person("Location/larch", "Larch"), Person("Location/oak", "Oak")
WRITERS, PEOPLE = 6, 12
Json = dict[str, Any]


def under(patient: str, code: str, place: Person, *, days: int = 3) -> list[Json]:
    """A section and its alert, as a program writes them."""
    began = SystemClock().now() - timedelta(days=days)
    entry = Entry(
        id="relative",
        kind="nearest-relative",
        at=began,
        recorded=began,
        by=Person("", "Ona Reed"),
        outcome="identified",
        words=ONLY_THERE,
    )
    section = Section(
        id=f"{patient}-{code}", code=code, began=began, place=place, entries=(entry,)
    )
    rules = known_rules()
    rule = rules.section_on(code, began.date())
    assert rule is not None
    expires = end_of_section(section.facts, rules)
    author = Person("", "Ona Reed")
    return [
        section_content(section, rule, patient=patient, author=author, expires=expires),
        flag_content(section, rule, patient=patient, expires=expires),
    ]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    running = Served(tmp_path_factory.mktemp("mha"), WARDKEEP_WEB_WORKERS="1")
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
        running.put({"resourceType": "Location", "id": "larch", "name": "Larch"})
        running.put({"resourceType": "Location", "id": "oak", "name": "Oak"})
        yield running


def admitted(program: Program, id_: str, family: str) -> str:
    program.put(
        {
            "resourceType": "Patient",
            "id": id_,
            "name": [{"family": family, "given": ["Test"]}],
            "birthDate": "1980-02-03",
        }
    )
    return id_


def put_under(program: Program, id_: str, family: str, code: str = "3") -> str:
    """The address of a section of a new patient."""
    admitted(program, id_, family)
    for one in under(id_, code, OAK):
        program.put(one)
    return f"/patients/{id_}/mental-health-act/{id_}-{code}"


def now_typed() -> str:
    return f"{SystemClock().now().astimezone(LONDON):%Y-%m-%dT%H:%M}"


def rights(which: str, version: int, words: str = "") -> bytes:
    fields = {
        "which": which,
        "version": str(version),
        "at": now_typed(),
        "outcome": "understood",
        "words": words,
    }
    return urlencode(fields).encode()


def test_a_stolen_session_reads_no_strangers_section_and_names_no_other_ward(
    stack: Served, program: Program
) -> None:
    address = put_under(program, "stranger", "Strangelove")
    own = put_under(program, "own", "Ownwood")
    token = stack.sign_in(HOME, ["own"], "ward_nurse")
    with closing(Visitor(stack.port, token)) as thief:
        status, page = thief.ask("GET", "/mental-health-act?show=people")
        assert status == 200
        assert b"STRANGELOVE" not in page
        asked = "/mental-health-act?show=people&ward=Location/oak"
        assert b"STRANGELOVE" not in thief.ask("GET", asked)[1]
        for path in (
            "/patients/stranger/mental-health-act",
            address,
            f"{address}/entries/rights",
            "/patients/own/mental-health-act/stranger-3",
        ):
            status, page = thief.ask("GET", path)
            assert status in (303, 403, 404), path
            assert ONLY_THERE.encode() not in page
        status, _ = thief.ask("POST", f"{address}/entries/rights", rights("w1", 1))
        assert status in (303, 403)
        status, _ = thief.ask("POST", "/mental-health-act/rules", b"file=x&version=0")
        assert status == 403
        assert ONLY_THERE in thief.get(own).decode()
    there = program.get("Observation/stranger-3").json
    assert there["meta"]["versionId"] == "1"


def test_a_desk_and_a_carer_see_nothing_of_it(stack: Served, program: Program) -> None:
    own = put_under(program, "desked", "Deskwood")
    for role in ("receptionist", "carer"):
        token = stack.sign_in(HOME, ["desked"], role)
        with closing(Visitor(stack.port, token)) as visitor:
            assert visitor.ask("GET", "/mental-health-act")[0] == 403
            status, _ = visitor.ask("POST", f"{own}/entries/rights", rights("w2", 1))
            assert status == 403


def test_of_many_who_write_at_once_one_does_and_a_form_twice_is_one_entry(
    stack: Served, program: Program
) -> None:
    address = put_under(program, "raced", "Raceway")
    token = stack.sign_in(HOME, ["raced"], "care_coordinator")

    def writes(nth: int) -> int:
        with closing(Visitor(stack.port, token)) as visitor:
            body = rights(f"raced-{nth}", 1, words=f"words of {nth}")
            return visitor.ask("POST", f"{address}/entries/rights", body)[0]

    with ThreadPoolExecutor(WRITERS) as pool:
        answers = sorted(pool.map(writes, range(WRITERS)))
    assert answers == [303, *[409] * (WRITERS - 1)]
    with ThreadPoolExecutor(WRITERS) as pool:
        body = rights("the-same", 2)

        def again(_: int) -> int:
            with closing(Visitor(stack.port, token)) as visitor:
                return visitor.ask("POST", f"{address}/entries/rights", body)[0]

        answers = sorted(pool.map(again, range(WRITERS)))
    assert 303 in answers
    found = program.get("Observation/raced-3").json
    assert [one["id"] for one in found["component"]].count("the-same") == 1
    assert len(found["component"]) == 3


def test_sections_are_read_and_found_over_the_api(
    stack: Served, program: Program
) -> None:
    put_under(program, "found", "Foundling", "2")

    def ids(*pairs: tuple[str, str]) -> list[str]:
        return program.search("Observation", ("patient", "found"), *pairs).ids

    assert ids(("code", f"{SYSTEM}|{STATUS}")) == ["found-2"]
    assert ids(("value-concept", f"{SECTIONS}|2")) == ["found-2"]
    assert ids(("value-concept", f"{SECTIONS}|3")) == []
    assert ids(("component-code", f"{SYSTEM}:entry|nearest-relative")) == ["found-2"]
    flags = program.search("Flag", ("patient", "found")).resources
    assert flags[0]["code"]["text"] == "Detained: section 2"
    # What a program ends is off the list, whoever looks.
    token = stack.sign_in(HOME, ["found"], "care_coordinator")
    with closing(Visitor(stack.port, token)) as visitor:
        path = "/mental-health-act?show=people&ward=Location/oak"
        assert b"FOUNDLING" in visitor.get(path)
        content = program.get("Observation/found-2").json
        program.put({**content, "status": "entered-in-error"})
        assert b"FOUNDLING" not in visitor.get(path)


def test_an_entry_is_taken_back_once_and_never_lost(
    stack: Served, program: Program
) -> None:
    address = put_under(program, "struck", "Strickland")
    token = stack.sign_in(HOME, ["struck"], "care_coordinator")
    with closing(Visitor(stack.port, token)) as visitor:
        body = urlencode({"about": "relative", "words": "Not her aunt"}).encode()
        assert visitor.ask("POST", f"{address}/take-back", body)[0] == 303
        assert visitor.ask("POST", f"{address}/take-back", body)[0] == 303
        empty = urlencode({"about": "relative", "words": ""}).encode()
        visitor.ask("POST", f"{address}/take-back", empty)
        page = visitor.get(address).decode()
    assert ONLY_THERE in page
    components = program.get("Observation/struck-3").json["component"]
    kinds = [one["code"]["coding"][0]["code"] for one in components]
    assert kinds == ["nearest-relative", STRUCK]


def test_sections_registered_while_processes_are_killed_are_there_once(
    stack: Served, program: Program
) -> None:
    people = [admitted(program, f"killed-{n}", f"Kilda{n}") for n in range(PEOPLE)]
    token = stack.sign_in(HOME, people, "care_coordinator")
    killed: list[str] = []
    is_over = threading.Event()
    killer = threading.Thread(target=kills, args=(stack, killed, is_over))
    killer.start()
    began = (
        f"{SystemClock().now().astimezone(LONDON) - timedelta(hours=2):%Y-%m-%dT%H:%M}"
    )
    try:
        while killer.is_alive():  # whoever pressed presses again
            for who in people:
                registers(stack, token, who, began)
    finally:
        is_over.set()
        killer.join()
    stack.await_ready()
    assert {"web", "warden", "database"} <= set(killed), killed
    with closing(Visitor(stack.port, token)) as visitor:
        for who in people:
            page = visitor.get(f"/patients/{who}/mental-health-act").decode()
            assert page.count("</a> <strong") == 1, who
            assert page.count(f"/patients/{who}/mental-health-act/new") == 1
            banner = page.partition("wk-banner__alerts")[2].partition("</div>")[0]
            assert banner.count("Held: section 5(2) until") == 1, banner


def registers(stack: Served, token: str, who: str, began: str) -> None:
    """As somebody does it: press, and press the same form again until it is said."""
    fields = {"which": f"which-{who}", "section": "5(2)", "began": began, "ward": ""}
    body = urlencode(fields).encode()

    def is_done() -> bool:
        with suppress(OSError), closing(Visitor(stack.port, token)) as visitor:
            path = f"/patients/{who}/mental-health-act/new"
            status, _ = visitor.ask("POST", path, body)
            time.sleep(0.1)
            return status == 303
        return False

    eventually(is_done, stack.log)
