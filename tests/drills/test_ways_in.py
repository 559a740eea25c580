# SPDX-License-Identifier: Apache-2.0
"""A drill on ways into homes: codes are planted, and looked for in everything there is.

The real processes over HTTP: a program that may set one, a program that may do all but
that, a coordinator, carers with and without a visit, and whoever holds their cookies.
Then every answer, log, metric and file is searched for the codes.
"""

import asyncio
import json
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

import msgspec
import pytest

from support.homes import visits
from support.house import free_port
from support.leaks import leaked
from support.program import Program, Reply
from support.served import Served, Visitor, served
from support.warden import RunningWarden
from wardkeep.base.clock import SystemClock
from wardkeep.disclosure.answers import SessionView
from wardkeep.disclosure.questions import CheckSession
from wardkeep.fhir.home.way_in import VERY_RESTRICTED

BY_PROGRAM, BY_PAGE, IN_A_NOTE = "Q7730194Z", "W5519037K", "48215577"
CODES = (BY_PROGRAM, BY_PAGE, IN_A_NOTE)
Json = dict[str, Any]


def patient(id_: str) -> Json:
    return {"resourceType": "Patient", "id": id_, "name": [{"family": "Reed"}]}


def way_in(id_: str, patient: str, code: str) -> Json:
    return {
        "resourceType": "Basic",
        "id": id_,
        "meta": {"security": [VERY_RESTRICTED]},
        "code": {"coding": [{"system": "urn:wardkeep:home", "code": "way-in"}]},
        "subject": {"reference": f"Patient/{patient}"},
        "extension": [
            {"url": "urn:wardkeep:way-in:kind", "valueCode": "key-safe"},
            {"url": "urn:wardkeep:way-in:code", "valueString": code},
        ],
    }


class Place(msgspec.Struct):
    """A stack with two homes, and every answer that somebody got besides the carer."""

    stack: Served
    metrics: int
    setter: Program
    thief: Program
    coordinator: Visitor
    carer: Visitor
    stranger: Visitor
    answers: list[bytes]

    def heard(self, reply: Reply) -> Reply:
        self.answers.append(reply.raw)
        return reply

    def saw(
        self, who: Visitor, method: str, path: str, **fields: str
    ) -> tuple[int, bytes]:
        status, page = who.ask(method, path, urlencode(fields).encode())
        self.answers.append(page)
        return status, page


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder, port = tmp_path_factory.mktemp("homes"), free_port()
    with served(folder, WARDKEEP_METRICS_PORT=str(port)) as stack:
        stack.found("larkspur")
        setting = "system/Patient.cruds system/Basic.cu"
        with (
            closing(program(stack, folder, setting)) as setter,
            closing(program(stack, folder, "system/*.cruds")) as thief,
        ):
            for id_ in ("home-1", "home-2"):
                setter.put(patient(id_))
            tokens = asyncio.run(people(stack))
            visitors = [Visitor(stack.port, one) for one in tokens]
            coordinator, carer, stranger = visitors
            yield Place(
                stack=stack,
                metrics=port,
                setter=setter,
                thief=thief,
                coordinator=coordinator,
                carer=carer,
                stranger=stranger,
                answers=[],
            )
            for one in visitors:
                one.close()


def program(stack: Served, folder: Any, scope: str) -> Program:
    return Program(stack, folder, organisation="larkspur", scope=scope)


async def people(stack: Served) -> list[str]:
    """Sessions of a coordinator, of a carer who is there now, and of another carer."""
    tokens = []
    for role, kind in (
        ("care_coordinator", "caseload"),
        ("carer", "visit"),
        ("carer", ""),
    ):
        tokens.append(await asyncio.to_thread(stack.sign_in, "larkspur", [], role))
        if kind:
            await plan(stack, tokens[-1], kind)
    return tokens


async def plan(stack: Served, token: str, kind: str) -> None:
    warden = RunningWarden(stack, None)  # type: ignore[arg-type]
    warden.home = "larkspur"
    seen = await warden.door.ask(CheckSession(token), SessionView)
    assert isinstance(seen, SessionView)
    now = SystemClock().now()
    ends = now + timedelta(minutes=20) if kind == "visit" else None
    for id_ in ("home-1", "home-2"):
        await visits(warden, seen.account, id_, starts=now, ends=ends, kind=kind)
    await warden.door.close()
    await warden.operator.close()


def a_program_sets_one_by_a_scope_that_names_it_and_hears_nothing_back(
    place: Place,
) -> None:
    sent = way_in("way-1", "home-1", BY_PROGRAM)
    everything = place.heard(place.thief.ask("PUT", "Basic/way-1", sent))
    assert everything.status == 403
    assert "system/Basic.cu" in everything.words
    made = place.heard(place.setter.ask("PUT", "Basic/way-1", sent))
    assert (made.status, made.raw) == (201, b"")
    again = place.heard(place.setter.ask("PUT", "Basic/way-1", sent))
    assert (again.status, again.raw) == (200, b"")
    together = {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {"resource": sent, "request": {"method": "PUT", "url": "Basic/way-1"}}
        ],
    }
    both = place.setter.ask("POST", "", together, {"Prefer": "return=representation"})
    assert place.heard(both).status == 200


def a_program_reads_none_by_any_way_to_a_resource(place: Place) -> None:
    batch = {
        "resourceType": "Bundle",
        "type": "batch",
        "entry": [
            {"request": {"method": "GET", "url": one}}
            for one in ("Basic/way-1", "Basic?subject=home-1", "Basic/_history")
        ],
    }
    for who in (place.setter, place.thief):
        for path in ("Basic/way-1", "Basic/way-1/_history/1", "Basic/way-1/$meta"):
            assert place.heard(who.get(path)).status in (403, 404), path
        for path in (
            "Basic",
            "Basic?_id=way-1",
            "Basic?code=way-in",
            "Basic?_security=V",
            "Basic?patient=home-1&_include=*",
            "Patient?_id=home-1&_revinclude=*",
            "Patient/home-1/$everything",
            "Patient/home-1/*",
            "Patient/home-1/Basic",
            "Basic/_history",
            "Basic/way-1/_history",
            "_history?_count=500",
            "?_count=200",
            "AuditEvent?patient=home-1",
            "$export",
            "Patient/$export",
        ):
            raw = place.heard(who.get(path)).raw.replace(path.encode(), b"")
            # That there is one, the entries of the ledger tell; not what it says.
            assert path.startswith("AuditEvent") or b"way-1" not in raw, path
        patched = who.ask(
            "PATCH",
            "Basic/way-1",
            [{"op": "remove", "path": "/meta/security"}],
            {"Content-Type": "application/json-patch+json"},
        )
        assert place.heard(patched).status == 403
        place.heard(who.ask("POST", "", batch))
        unlabelled = {**way_in("way-1", "home-1", "1"), "meta": {}}
        place.heard(who.ask("POST", "Basic/way-1/$meta-delete", unlabelled))


def whoever_plans_sets_one_on_the_page_and_does_not_see_it(place: Place) -> None:
    path = "/patients/home-2/way-in"
    status, page = place.saw(place.coordinator, "GET", f"{path}/set")
    assert status == 200
    incomplete, page = place.coordinator.ask(
        "POST", f"{path}/set", urlencode({"kind": "key-safe", "code": BY_PAGE}).encode()
    )
    assert incomplete == 422
    assert BY_PAGE.encode() in page, "what was typed is kept for its typist"
    status, _ = place.saw(
        place.coordinator,
        "POST",
        f"{path}/set",
        kind="key-safe",
        code=BY_PAGE,
        where="Left of the back door, alarm 48215577",
        backup="Neighbour, 01632 960 123",
        call="The coordinator",
        agreed="yes",
    )
    assert status == 303
    status, page = place.saw(place.coordinator, "GET", path)
    assert b"Replace" in page
    which = page.split(b"which=")[1].split(b'"')[0].decode()
    status, page = place.saw(place.coordinator, "POST", path, which=which)
    assert status == 403


def the_carer_on_the_visit_is_shown_one_and_the_other_carer_none(
    place: Place,
) -> None:
    path = "/patients/home-2/way-in"
    status, page = place.saw(place.carer, "GET", path)
    which = page.split(b'name="which" value="')[1].split(b'"')[0].decode()
    shown, page = place.carer.ask("POST", path, urlencode({"which": which}).encode())
    assert shown == 200
    assert BY_PAGE.encode() in page
    status, page = place.saw(place.stranger, "GET", path)
    assert b"You have no visit here" in page
    for wrong in (which, "way-1", "nobody", "?"):
        status, _ = place.saw(place.stranger, "POST", path, which=wrong)
        assert status in (403, 404)
    status, _ = place.saw(place.carer, "POST", path, which="way-1")
    assert status == 404, "one home's page gives no other home's way in"


def a_note_with_a_code_is_not_stored_and_the_answer_says_where(
    place: Place,
) -> None:
    note = {
        "resourceType": "Observation",
        "id": "seen",
        "status": "final",
        "code": {"text": "Visit"},
        "subject": {"reference": "Patient/home-1"},
        "note": [{"text": "All well."}, {"text": f"Used key safe, code {IN_A_NOTE}."}],
    }
    reply = place.heard(place.thief.ask("PUT", "Observation/seen", note))
    assert reply.status == 422
    [issue] = reply.json["issue"]
    assert issue["expression"] == ["Observation.note[1].text"]
    assert "way in" in issue["diagnostics"]
    lenient = {"Prefer": "handling=lenient"}
    again = place.thief.ask("PUT", "Observation/seen", note, lenient)
    assert place.heard(again).status == 422, "no header switches it off"
    bundle = {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {"resource": note, "request": {"method": "PUT", "url": "Observation/seen"}}
        ],
    }
    assert place.heard(place.thief.ask("POST", "", bundle)).status == 422
    reason = urlencode(
        {"purpose": "direct-care", "reason": f"keysafe {IN_A_NOTE} broken"}
    )
    status, page = place.stranger.ask("POST", "/patients/home-1", reason.encode())
    assert status == 422
    assert b"way in on the patient" in page
    assert IN_A_NOTE.encode() in page, "what was typed is kept for its typist"


def an_import_lists_where_codes_are_and_says_none(place: Place) -> None:
    folder = place.stack.layout.data.parent / "brought"
    folder.mkdir()
    note = {
        "resourceType": "Observation",
        "id": "brought",
        "status": "final",
        "code": {"text": "Visit"},
        "subject": {"reference": "Patient/home-3"},
        "note": [{"text": f"Key safe {IN_A_NOTE} by the gate"}],
    }
    sealed = way_in("way-3", "home-3", BY_PROGRAM)
    entries = [{"resource": one} for one in (patient("home-3"), note, sealed)]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    (folder / "brought.json").write_text(json.dumps(bundle))
    said = place.stack.command("import", "--organisation", "larkspur", str(folder))
    assert "seem to hold a code that opens a home: 1." in said
    assert "brought.json: Observation/brought: Observation.note[0].text" in said
    assert "way-3" not in said, "what is sealed is where it belongs"
    place.answers.append(said.encode())
    refused = place.heard(place.setter.get("Basic/way-3"))
    assert refused.status == 403


def no_page_of_anybody_else_and_no_answer_said_a_code(place: Place) -> None:
    for who in (place.coordinator, place.carer, place.stranger):
        for path in (
            "/patients/home-1",
            "/patients/home-2",
            "/patients/home-2/history",
            "/patients/home-2/way-in",
            "/ways-in",
            "/find",
            "/",
        ):
            place.saw(who, "GET", path)
    for code in CODES:
        assert [one for one in place.answers if code.encode() in one] == []
        # A code that is written apart would be read all the same.
        assert [one for one in place.answers if code[1:8].encode() in one] == []


def no_file_log_or_metric_holds_a_code(place: Place) -> None:
    with urlopen(f"http://localhost:{place.metrics}/metrics") as answer:
        metrics = answer.read()
    stack = place.stack
    stack.command("ledger", "verify")
    files = [one for one in stack.layout.data.rglob("*") if one.is_file()]
    assert len(files) > 100
    assert leaked(CODES, [*files, stack.log]) == set()
    assert not any(code.encode() in metrics for code in CODES)


def scope_counts_the_homes_and_names_no_code(place: Place) -> None:
    events = place.heard(place.thief.get("AuditEvent?patient=home-2&_count=100"))
    texts = json.dumps(events.json)
    assert "visit " in texts, "the entry names the visit"
    assert not any(code in texts for code in CODES)


def test_from_setting_to_showing_nothing_says_a_code_but_to_the_carer_on_the_visit(
    place: Place,
) -> None:
    """One after the other: what is looked for at the end was said before."""
    for step in (
        a_program_sets_one_by_a_scope_that_names_it_and_hears_nothing_back,
        a_program_reads_none_by_any_way_to_a_resource,
        whoever_plans_sets_one_on_the_page_and_does_not_see_it,
        the_carer_on_the_visit_is_shown_one_and_the_other_carer_none,
        a_note_with_a_code_is_not_stored_and_the_answer_says_where,
        an_import_lists_where_codes_are_and_says_none,
        no_page_of_anybody_else_and_no_answer_said_a_code,
        no_file_log_or_metric_holds_a_code,
        scope_counts_the_homes_and_names_no_code,
    ):
        step(place)
