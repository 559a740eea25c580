# SPDX-License-Identifier: Apache-2.0
"""Drills on triage: a stolen session, roles that must not, forged logs, double presses.

The real processes over HTTP. A stranger's triage has words that stand nowhere else;
what the thief got is searched for them.
"""

import asyncio
import json
import re
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from support.program import Program
from support.served import Served, Visitor
from support.wards import Worker, work
from wardkeep.base.clock import SystemClock
from wardkeep.base.ids import derived_uuid, new_uuid
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.triage.engine import SetAside
from wardkeep.fhir.triage.library import shipped_content
from wardkeep.fhir.triage.record import LOG, stored_in
from wardkeep.fhir.urgent.case import Case, case_content

HOME = "larkspur"
ONLY_THERE = "Quixotic reason of the third kind"
WRITERS = 6
FORBIDDEN = 403
TAKER = Person("", "Tim Taker")
ANN = Worker("urgent_care_clinician", "Ann Advice", "ann")
Json = dict[str, Any]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    running = Served(tmp_path_factory.mktemp("triage"), WARDKEEP_WEB_WORKERS="1")
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
        for id_ in ("own", "stranger", "raced", "ringing"):
            running.put(
                {
                    "resourceType": "Patient",
                    "id": id_,
                    "name": [{"family": f"{id_}wood", "given": ["Test"]}],
                    "birthDate": "1980-02-03",
                }
            )
        yield running


@pytest.fixture(scope="module", autouse=True)
def in_use(stack: Served, program: Program) -> None:
    """Taken into use by a clinical lead, before anybody is triaged."""
    assert program.get("Patient/own").status == 200
    token = stack.sign_in(HOME, [], "shift_lead")
    with closing(Visitor(stack.port, token)) as lead:
        assert lead.ask("POST", "/triage/adult-checklist/use", act())[0] == 303


def act(**more: str) -> bytes:
    said = {
        "lead-adult-checklist": "Dr Ada Example, GMC 0000000",
        "words-adult-checklist": "All rules, against their sources",
        "which": shipped_content("adult-checklist").named.digest,
        "version": "0",
    }
    return urlencode(said | more).encode()


def ticked(which: str = "", **more: str) -> bytes:
    said = {
        "which": which or new_uuid(),
        "q-wheeze": "yes",
        "disposition": "clinician-6h",
        "why": ONLY_THERE,
    }
    return urlencode(said | more).encode()


def triages_of(program: Program, patient: str) -> list[Json]:
    found = program.search("QuestionnaireResponse", ("patient", patient)).resources
    return [one for one in found if LOG in str(one)]


def saved(stack: Served, patient: str, body: bytes) -> tuple[int, str]:
    token = stack.sign_in(HOME, [patient], "urgent_care_clinician")
    with closing(Visitor(stack.port, token)) as own:
        status, page = own.ask("POST", f"/patients/{patient}/triage/new", body)
    return status, unescape(page.decode())


def test_a_stolen_session_reads_and_writes_no_strangers_triage(
    stack: Served, program: Program
) -> None:
    assert saved(stack, "stranger", ticked(new_uuid()))[0] == 303
    [there] = triages_of(program, "stranger")
    token = stack.sign_in(HOME, ["own"], "urgent_care_clinician")
    with closing(Visitor(stack.port, token)) as thief:
        for path in (
            "/patients/stranger/triage",
            "/patients/stranger/triage/new",
            f"/patients/stranger/triage/{there['id']}",
            f"/patients/own/triage/{there['id']}",
        ):
            status, page = thief.ask("GET", path)
            assert status in (303, 403, 404), path
            assert ONLY_THERE.encode() not in page
        path = "/patients/stranger/triage/new"
        assert thief.ask("POST", path, ticked(new_uuid()))[0] in (303, 403)
        # What the ticks come to is worked out without opening anybody
        path = "/patients/stranger/triage/work-out"
        status, page = thief.ask("POST", path, ticked(new_uuid(), **{"of-years": "40"}))
        assert status == 200
        assert b"within 1 hour" in page
        assert b"strangerwood" not in page.lower()
    assert len(triages_of(program, "stranger")) == 1


def test_what_is_found_while_a_call_is_not_over_belongs_to_it(
    stack: Served, program: Program
) -> None:
    def call(id_: str, status: str) -> None:
        began = SystemClock().now()
        case = Case(id=id_, patient="ringing", began=began, taker=TAKER, status=status)
        program.put(case_content(case))

    def belongs_to() -> str:
        which = new_uuid()
        assert saved(stack, "ringing", ticked(which))[0] == 303
        id_ = derived_uuid("triage", "ringing", which)
        made = program.get(f"QuestionnaireResponse/{id_}").json
        return str(made.get("encounter", {}).get("reference", ""))

    assert belongs_to() == ""
    call("one", "in-progress")
    assert belongs_to() == "Encounter/one"
    # Of two that go on nothing tells which; of one that is over it is not
    call("two", "in-progress")
    assert belongs_to() == ""
    call("one", "finished")
    assert belongs_to() == "Encounter/two"


@pytest.mark.parametrize("role", ["carer", "health_advisor", "receptionist"])
def test_who_is_no_clinician_neither_ticks_nor_decides(
    stack: Served, program: Program, role: str
) -> None:
    before = len(triages_of(program, "own"))
    token = stack.sign_in(HOME, ["own"], role)
    with closing(Visitor(stack.port, token)) as visitor:
        for path in ("/patients/own/triage/new", "/patients/own/triage/work-out"):
            assert visitor.ask("POST", path, ticked(new_uuid()))[0] == FORBIDDEN
        assert visitor.ask("GET", "/patients/own/triage/new")[0] == FORBIDDEN
    assert len(triages_of(program, "own")) == before


@pytest.mark.parametrize("role", ["urgent_care_clinician", "administrator"])
def test_nobody_but_a_lead_takes_content_into_use_or_ends_it(
    stack: Served, role: str
) -> None:
    token = stack.sign_in(HOME, ["own"], role)
    with closing(Visitor(stack.port, token)) as visitor:
        assert visitor.ask("GET", "/triage")[0] == FORBIDDEN
        for step in ("use", "end"):
            path = f"/triage/adult-checklist/{step}"
            assert visitor.ask("POST", path, act(version="1"))[0] == FORBIDDEN


def test_content_that_is_not_what_was_shown_is_not_taken_into_use(
    stack: Served,
) -> None:
    token = stack.sign_in(HOME, [], "shift_lead")
    with closing(Visitor(stack.port, token)) as lead:
        path = "/triage/adult-checklist/use"
        assert lead.ask("POST", path, act(which="0" * 64, version="1"))[0] == 409
        assert lead.ask("POST", path, act())[0] == 409, "somebody did it already"
        assert lead.ask("POST", "/triage/nothing/use", act())[0] == 404


def test_a_forged_log_names_nobody_else_and_hides_no_red_flag(
    stack: Served, program: Program
) -> None:
    forged = "x | set aside | stridor | by Dr Somebody Else\nx | stridor | yes"
    body = ticked(new_uuid(), log=forged, **{"q-stridor": "no"})
    status, page = saved(stack, "own", body)
    assert status == 422, "it was set aside before it was raised, which is nothing"
    assert "The red flag “Noisy breathing in" in page
    forged = "x | stridor | yes\nx | set aside | stridor | it was a snore, surely"
    body = ticked(new_uuid(), log=forged, **{"q-stridor": "no"})
    assert saved(stack, "own", body)[0] == 303
    kept = next(one for one in triages_of(program, "own") if "surely" in str(one))
    stored = stored_in(json.dumps(kept).encode())
    assert stored is not None
    [aside] = [one for one in stored.log.entries if isinstance(one, SetAside)]
    assert aside.by
    assert aside.by == kept.get("author", {}).get("reference", aside.by)
    assert "Somebody" not in aside.by


def test_one_form_sent_many_times_is_one_triage(
    stack: Served, program: Program
) -> None:
    token = stack.sign_in(HOME, ["raced"], "urgent_care_clinician")
    body = ticked(new_uuid())

    def presses(_: int) -> int:
        with closing(Visitor(stack.port, token)) as visitor:
            return visitor.ask("POST", "/patients/raced/triage/new", body)[0]

    with ThreadPoolExecutor(WRITERS) as pool:
        assert set(pool.map(presses, range(WRITERS))) == {303}
    assert len(triages_of(program, "raced")) == 1


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"which": "no id"}, 400),
        ({"disposition": ""}, 422),
        ({"disposition": "nowhere"}, 422),
        ({"why": ""}, 422),
        ({"q-pulse": "fast"}, 422),
        ({"log": "a | b | c\n" * 20_000}, 413),
    ],
)
def test_bad_input_is_told_and_saves_nothing(
    stack: Served, program: Program, said: dict[str, str], status: int
) -> None:
    before = len(triages_of(program, "own"))
    found, page = saved(stack, "own", ticked(**said))
    assert found == status, page[:500]
    assert len(triages_of(program, "own")) == before
    assert re.search(r"Traceback|Error\(", page) is None


def one_of(stack: Served, program: Program, patient: str, token: str) -> Json:
    """A new triage by whoever has this session, as it is stored."""
    which = new_uuid()
    with closing(Visitor(stack.port, token)) as own:
        path = f"/patients/{patient}/triage/new"
        assert own.ask("POST", path, ticked(which))[0] == 303
    id_ = derived_uuid("triage", patient, which)
    made: Json = program.get(f"QuestionnaireResponse/{id_}").json
    return made


def presses(stack: Served, token: str, made: Json, verb: str, **more: str) -> str:
    """Where a button of a triage's page leads; its status where it leads nowhere."""
    patient = made["subject"]["reference"].removeprefix("Patient/")
    fields = {"version": made["meta"]["versionId"], "why": "Another person’s", **more}
    path = f"/patients/{patient}/triage/{made['id']}/{verb}"
    with closing(Visitor(stack.port, token)) as own:
        status, _, to = own.send(path, urlencode(fields).encode())
    return to.partition("said=")[2] or f"{status} {to}"


def test_a_triage_is_struck_out_by_its_author_or_a_lead_and_by_nobody_else(
    stack: Served, program: Program
) -> None:
    mine = stack.sign_in(HOME, ["own"], "urgent_care_clinician")
    asyncio.run(work(stack, HOME, [(mine, ANN)]))
    made = one_of(stack, program, "own", mine)
    place = f"QuestionnaireResponse/{made['id']}"
    thief = stack.sign_in(HOME, ["own"], "urgent_care_clinician")
    assert presses(stack, thief, made, "strike-out") == "not-yours"
    stranger = stack.sign_in(HOME, [], "urgent_care_clinician")
    assert presses(stack, stranger, made, "strike-out").startswith("303")
    taker = stack.sign_in(HOME, ["own"], "health_advisor")
    assert presses(stack, taker, made, "strike-out").startswith("403")
    assert presses(stack, mine, made, "strike-out", why="Wrong") == "why"
    assert presses(stack, mine, made, "strike-out", version="9") == "changed"
    assert program.get(place).json == made
    assert presses(stack, mine, made, "strike-out") == "struck"
    struck = program.get(place).json
    assert struck["status"] == "entered-in-error"
    assert struck["item"] == made["item"]
    with closing(Visitor(stack.port, mine)) as own:
        page = unescape(own.get(f"/patients/own/triage/{made['id']}").decode())
        assert "This triage does not hold" in page
        assert "Struck out by " in page
        assert "Another person’s" in page
        assert b"Struck out" in own.get("/patients/own/triage")
    assert presses(stack, thief, struck, "put-back") == "too-late"
    assert presses(stack, mine, struck, "put-back") == "put-back"
    back = program.get(place).json
    assert {**back, "meta": {}} == {**made, "meta": {}}
    lead = stack.sign_in(HOME, ["own"], "shift_lead")
    assert presses(stack, lead, back, "strike-out") == "struck"
