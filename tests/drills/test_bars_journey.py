# SPDX-License-Identifier: Apache-2.0
"""A call centre, an emergency department and back, by messages over HTTP.

And the same while each process is killed, while the partner is away, and while its
answers are lost: nothing is lost, nothing is there twice.
"""

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from support.gate import Gate, outcome
from support.killing import kills
from support.ledgers import entries_in
from support.partners import (
    FIRST,
    NHS_NUMBER,
    NORTH,
    SERVICE,
    headers,
    now,
    partner,
    put_in_the_team,
)
from support.served import Served, Visitor, eventually
from support.two_sites import TwoSites
from support.urgent import whole_call
from wardkeep.fhir.store.outcomes import AlreadyThere, Written
from wardkeep.ledger.entry import Entry

Json = dict[str, Any]


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoSites]:
    folder = tmp_path_factory.mktemp("sites")
    running = Served(folder, WARDKEEP_WEB_WORKERS="1")
    try:
        running.await_ready()
        made = TwoSites(running, folder)
        yield made
        made.close()
    finally:
        running.stop()


def entries(stack: Served) -> list[Entry]:
    return entries_in(stack.layout.ledger)


def arrived(sites: TwoSites) -> list[Json]:
    """Referrals of the caller at Fernhill."""
    number = f"{NHS_NUMBER}|{FIRST}"
    whose = ("patient.identifier", number)
    found = sites.fernhill.search("ServiceRequest", whose, ("_count", "200"))
    return found.resources


def test_a_referral_goes_there_and_what_came_of_it_comes_back(sites: TwoSites) -> None:
    assert isinstance(sites.refers(), Written)
    eventually(lambda: sites.states() == ["sent"], sites.stack.log)
    (standing,) = sites.standing()
    (request,) = [one for one in arrived(sites) if one["id"] == standing.there]
    assert request["code"]["text"] == "Emergency department, within one hour"

    patient = request["subject"]["reference"].partition("/")[2]
    assert isinstance(sites.answers(patient, request, is_interim=True), Written)
    eventually(lambda: sites.standing()[0].answer == "interim", sites.stack.log)
    assert sites.states() == ["sent"]
    assert isinstance(sites.answers(patient, request, is_interim=False), Written)
    eventually(lambda: sites.states() == ["answered"], sites.stack.log)
    plans = sites.north.search("CarePlan", ("patient", "caller")).resources
    words = json.dumps(plans)
    assert words.count("Went home with advice.") == 2
    # It lies in the record of whom North asked about, whoever the answer names.
    assert len(sites.north.search("Patient", ("name", "Quillfeather")).resources) == 1


def test_each_sending_is_an_opening_by_the_senders_own_program(sites: TwoSites) -> None:
    assert isinstance(sites.refers("traced"), Written)
    eventually(lambda: sites.states("traced") == ["sent"], sites.stack.log)
    to = f"Fernhill Hospital (service {SERVICE})"
    asked = f"send message to {to}"
    found = [one for one in entries(sites.stack) if one.request == asked]
    assert found
    for one in found:
        assert one.outcome == "grant"
        assert one.role == "service"
        assert {type_ for type_, *_ in one.resources()} == {"Communication"}


def test_withdrawing_reaches_the_other_side(sites: TwoSites) -> None:
    sites.north.put({**_request("gone"), "id": "gone"})
    sites.refers("gone")
    eventually(lambda: sites.states("gone") == ["sent"], sites.stack.log)
    (first,) = sites.standing("gone")
    assert isinstance(sites.refers("gone", update=first), Written)
    eventually(lambda: sites.states("gone") == ["sent", "sent"], sites.stack.log)
    there = sites.fernhill.get(f"ServiceRequest/{first.there}").json
    assert there["status"] == "revoked"


def test_a_withdrawal_by_the_message_alone_finds_it_too(sites: TwoSites) -> None:
    """The answer with the id was lost; the message is known on both sides."""
    sites.refers("lost-id")
    eventually(lambda: sites.states("lost-id") == ["sent"], sites.stack.log)
    (first,) = sites.standing("lost-id")
    without = type(first)(
        **{
            name: getattr(first, name)
            for name in first.__struct_fields__
            if name != "there"
        }
    )
    sites.refers("lost-id", update=without)
    eventually(lambda: sites.states("lost-id") == ["sent", "sent"], sites.stack.log)
    there = sites.fernhill.get(f"ServiceRequest/{first.there}").json
    assert there["status"] == "revoked"


def test_nobody_answers_a_message_that_went_to_somebody_else(
    sites: TwoSites, tmp_path: Path
) -> None:
    sites.refers("other")
    eventually(lambda: sites.states("other") == ["sent"], sites.stack.log)
    (standing,) = sites.standing("other")
    known = arrived(sites)[0]
    named = [{"system": "bars", "value": "no-such"}]
    request = {**known, "id": "x", "identifier": named}
    patient = known["subject"]["reference"].partition("/")[2]
    sites.answers(patient, request, is_interim=False)
    eventually(lambda: sites.states("x", of=2) == ["refused"], sites.stack.log)
    (refused,) = sites.standing("x", of=2)
    assert refused.last_error == "404 REC_NOT_FOUND not-found"
    with closing(partner(sites.stack, tmp_path, organisation="north")) as thief:
        answer = sites.answer_of(standing.message, known)
        reply = thief.ask(
            "POST", "$process-message", answer, headers(service=NORTH.service)
        )
    assert reply.status == 404, reply
    assert sites.states("other") == ["sent"]
    assert sites.standing("other")[0].answer == ""


def test_where_nobody_is_configured_nothing_is_written(sites: TwoSites) -> None:
    sites.stack.command(
        *("partner", "end", "--organisation", "north", "--service", "2000000111")
    )
    try:
        assert isinstance(sites.refers("nowhere"), AlreadyThere)
        assert sites.states("nowhere") == []
    finally:
        here = sites.stack.origin
        sites.points_at(f"{here}/fhir", f"{here}/oauth/token")


def test_commands_say_what_is_wrong_and_change_nothing(sites: TwoSites) -> None:
    stack = sites.stack
    stack.found("larkspur")
    other = ("--service", "7", "--name", "Somebody", "--client", "c", "--account", "a")
    here = ("--endpoint", f"{stack.origin}/fhir", "--token-url", f"{stack.origin}/t")
    away = (
        "--endpoint",
        "http://other.example/fhir",
        "--token-url",
        f"{stack.origin}/t",
    )
    for arguments, words in (
        (("begin", "--organisation", "north"), "has a key already"),
        (("begin", "--organisation", "nobody"), "wardkeep: "),
        (("key", "--organisation", "../north"), "no organisation's short name"),
        (("key", "--organisation", "larkspur"), "partner begin"),
        (("add", "--organisation", "larkspur", *other, *here), "partner begin"),
        (("add", "--organisation", "north", *other, *away), "it is not https"),
        (("end", "--organisation", "north", "--service", "7"), "sends nothing to 7"),
    ):
        done = stack.run("partner", *arguments)
        assert (done.returncode, words in done.stderr) == (1, True), done.stderr
    shown = json.loads(stack.command("partner", "key", "--organisation", "north"))
    assert "d" not in shown["keys"][0]
    path = stack.settings.data / "partners" / "north.json"
    assert path.stat().st_mode & 0o077 == 0


# What can go wrong on the way


@pytest.fixture
def gate(sites: TwoSites) -> Iterator[Gate]:
    made = Gate(sites.stack.port)
    token_url = f"{sites.stack.origin}/oauth/token"
    sites.points_at(f"http://127.0.0.1:{made.port}/fhir", token_url)
    yield made
    made.close()
    sites.points_at(f"{sites.stack.origin}/fhir", token_url)


def _request(id_: str) -> Json:
    return {
        "resourceType": "ServiceRequest",
        "id": id_,
        "status": "active",
        "intent": "order",
        "code": {"text": "Emergency department"},
        "subject": {"reference": "Patient/caller"},
    }


def test_an_answer_that_is_lost_is_asked_for_again_and_is_taken_once(
    sites: TwoSites, gate: Gate
) -> None:
    before = len(arrived(sites))
    gate.plan = ["lose the answer"]
    sites.refers("lost")
    eventually(lambda: sites.states("lost") == ["sent"], sites.stack.log)
    assert len(gate.seen) == 2
    assert len(set(gate.seen)) == 1
    (standing,) = sites.standing("lost")
    assert standing.last_error == "409 REC_CONFLICT duplicate"
    assert len(arrived(sites)) == before + 1


def test_what_passes_is_sent_again_and_what_does_not_is_not(
    sites: TwoSites, gate: Gate
) -> None:
    gate.plan = [(503, b"<html>away</html>")]
    sites.refers("away")
    eventually(lambda: sites.states("away") == ["sent"], sites.stack.log)
    (standing,) = sites.standing("away")
    assert standing.attempts == 1
    gate.plan = [(422, outcome("REC_UNPROCESSABLE_ENTITY", "invariant"))]
    sites.refers("bad")
    eventually(lambda: sites.states("bad") == ["refused"], sites.stack.log)
    (refused,) = sites.standing("bad")
    assert refused.last_error == "422 REC_UNPROCESSABLE_ENTITY invariant"


def test_a_validation_that_nobody_answers_in_time_is_to_be_dispatched(
    sites: TwoSites,
) -> None:
    sites.refers("late", answer_by=now() + timedelta(seconds=3))
    eventually(lambda: sites.states("late") == ["sent"], sites.stack.log)
    eventually(lambda: sites.states("late") == ["unanswered"], sites.stack.log)


def test_what_nobody_looked_at_in_time_is_dispatched_by_itself(
    sites: TwoSites,
) -> None:
    """Fail-safe: an ambulance that was to be looked at again, and was not."""
    given = now()
    for one in whole_call("faller", "ambulance-3-validate", given=given):
        sites.north.put(one)
    soon = now() + timedelta(seconds=2)
    assert isinstance(sites.refers("faller-outcome", answer_by=soon), Written)
    eventually(lambda: sites.ambulance("faller-entry") is not None, sites.stack.log)
    assert sites.ambulance("faller-entry") == "C3"
    assert sites.states("faller-outcome") == ["unanswered"]
    # What is answered in time, or taken back, is left to whoever answers.
    for one in whole_call("fine", "ambulance-3-validate", given=given):
        sites.north.put(one)
    soon = now() + timedelta(seconds=4)
    sites.refers("fine-outcome", answer_by=soon)
    eventually(lambda: sites.states("fine-outcome") == ["sent"], sites.stack.log)
    (first,) = sites.standing("fine-outcome")
    sites.refers("fine-outcome", update=first)
    eventually(lambda: now() > soon + timedelta(seconds=3), sites.stack.log)
    assert sites.ambulance("fine-entry") is None
    assert sites.states("fine-outcome") == ["sent", "sent"]


def test_what_is_taken_back_before_it_left_never_arrives(
    sites: TwoSites, gate: Gate
) -> None:
    before = len(arrived(sites))
    gate.plan = [(503, b"")]
    sites.refers("regretted")
    eventually(lambda: sites.standing("regretted")[0].attempts == 1, sites.stack.log)
    sites.refers("regretted", update=sites.standing("regretted")[0])
    ended = ["taken-back", "sent"]
    eventually(lambda: sites.states("regretted") == ended, sites.stack.log)
    assert len(arrived(sites)) == before


def test_a_validation_that_is_refused_is_to_be_dispatched_at_once(
    sites: TwoSites, gate: Gate
) -> None:
    gate.plan = [(422, outcome("REC_UNPROCESSABLE_ENTITY", "invariant"))]
    sites.refers("no", answer_by=now() + timedelta(minutes=20))
    eventually(lambda: sites.states("no") == ["unanswered"], sites.stack.log)


def test_what_could_not_be_sent_before_its_deadline_is_sent_no_more(
    sites: TwoSites, gate: Gate
) -> None:
    """Whoever dispatched would otherwise be answered by a second pair of eyes."""
    gate.plan = [(503, b"")]
    sites.refers("over", answer_by=now() + timedelta(seconds=1))
    eventually(lambda: sites.states("over") == ["unanswered"], sites.stack.log)
    eventually(
        lambda: sites.standing("over")[0].last_error == "overdue", sites.stack.log
    )
    # Once, or not at all where a busy machine was not in time
    assert len(gate.seen) <= 1


def test_killed_at_every_step_each_message_arrives_once(sites: TwoSites) -> None:
    before = len(arrived(sites))
    names = [f"kill-{number}" for number in range(12)]
    killed: list[str] = []
    is_over = threading.Event()
    killer = threading.Thread(target=kills, args=(sites.stack, killed, is_over))
    worker = threading.Thread(target=kills_worker, args=(sites.stack, killed, is_over))
    killer.start()
    worker.start()
    try:
        for name in names:
            _asks_until_it_stands(sites, name)
        while killer.is_alive():
            time.sleep(0.2)
    finally:
        is_over.set()
        killer.join()
        worker.join()
    sites.stack.await_ready()
    for name in names:
        eventually(lambda name=name: _is_sent(sites, name), sites.stack.log)  # type: ignore[misc]
    assert {"web", "warden", "database", "worker"} <= set(killed), killed
    sites.fernhill.sign_in()
    assert len(arrived(sites)) == before + len(names)


def kills_worker(stack: Served, killed: list[str], is_over: threading.Event) -> None:
    while not is_over.wait(0.7):
        victim = stack.child("worker")
        if victim:
            with suppress(OSError):
                stack.kill_process(victim)
                killed.append("worker")


def _asks_until_it_stands(sites: TwoSites, name: str) -> None:
    """As somebody presses again until it is said, where nothing stands yet."""

    def is_asked() -> bool:
        with suppress(Exception):
            if sites.states(name):
                return True
            return isinstance(sites.refers(name), Written)
        time.sleep(0.2)
        with suppress(Exception):
            sites.north.sign_in()
        return False

    eventually(is_asked, sites.stack.log)


def _is_sent(sites: TwoSites, name: str) -> bool:
    with suppress(OSError):
        return sites.states(name) == ["sent"]
    return False


def test_what_the_team_decides_goes_back_by_itself(sites: TwoSites) -> None:
    """A nurse at the front door presses; the call centre reads it in its record."""
    sites.refers("decided")
    eventually(lambda: sites.states("decided") == ["sent"], sites.stack.log)
    (standing,) = sites.standing("decided")
    request = sites.fernhill.get(f"ServiceRequest/{standing.there}").json
    patient = request["subject"]["reference"].partition("/")[2]
    token = sites.stack.sign_in("fernhill", [], "care_coordinator")
    asyncio.run(put_in_the_team(sites.stack, token, "fernhill"))
    path = f"/patients/{patient}/referrals/{standing.there}"
    with closing(Visitor(sites.stack.port, token)) as visitor:
        page = visitor.get(path).decode()
        assert "Palpitations since noon." in page
        for step, words in (("accept", "Bay 3"), ("discharge", "Home with advice")):
            version = page.partition('name="version" value="')[2].partition('"')[0]
            sent = {"do": step, "version": version, "words": words}
            status, _ = visitor.ask("POST", path, urlencode(sent).encode())
            assert status == 303
            page = visitor.get(path).decode()
        assert "Told by message" in page
    eventually(lambda: sites.states("decided") == ["answered"], sites.stack.log)
    plans = sites.north.search("CarePlan", ("patient", "caller")).resources
    words = json.dumps(plans)
    assert "Accepted: Bay 3" in words
    assert "Discharged: Home with advice" in words


def test_a_stolen_session_sends_nobody_whom_it_cannot_open(sites: TwoSites) -> None:
    """And nothing goes where no operator said: an address is no field of the form."""
    for one in whole_call("stranger", "clinician-1h", given=now(), family="Hiddenby"):
        sites.north.put(one)
    token = sites.stack.sign_in("north", [], "urgent_care_clinician")
    here = "/patients/stranger/refer/stranger-entry"
    sent = {
        "do": "send",
        "version": "1",
        "seen": "1.1.1",
        "code": "emergency-department-1h",
        "service": SERVICE,
        "summary": "Words of a thief",
    }
    with closing(Visitor(sites.stack.port, token)) as visitor:
        for method, path in (
            *(("GET", here), ("POST", here), ("GET", f"{here}/sent")),
            *(("GET", f"{here}/sent/now"), ("POST", f"{here}/withdraw")),
            *(("POST", f"{here}/close"), ("POST", f"{here}/read")),
            *(("POST", f"{here}/follow"), ("POST", f"{here}/book")),
        ):
            body = urlencode(sent).encode() if method == "POST" else b""
            status, page = visitor.ask(method, path, body)
            assert status != 200, (method, path)
            assert b"HIDDENBY" not in page.upper()
        board = visitor.get("/urgent-queue/messages").decode()
    assert sites.states("stranger-outcome") == []
    assert "HIDDENBY" not in board.upper()
