# SPDX-License-Identifier: Apache-2.0
"""A call comes to an ambulance, and another organisation's desk has it in seconds.

Two organisations' real processes over HTTP, with a gate between them that loses
answers, is silent, or refuses. Whatever is killed: one request there, never two, never
none. Then what somebody does who stole a session, a token, or the web process.
"""

import asyncio
import json
import os
import re
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

import pytest

from support.gate import Gate, outcome
from support.killing import kills, postmaster
from support.partners import (
    FERNHILL,
    SERVICE,
    headers,
    now,
    partner,
    put_in_the_team,
)
from support.served import Served, Visitor, eventually
from support.two_sites import TwoSites
from support.urgent import Desk, put_in_a_queue, queue_places, whole_call
from support.wards import Worker, practitioner
from wardkeep.assembly.database import WEB, address_for
from wardkeep.base.ids import OrganisationId
from wardkeep.db.connection import connect
from wardkeep.fhir.urgent.case import PLACE

Json = dict[str, Any]
ANN = Worker("urgent_care_clinician", "Ann Advice", "ann")
BOARD = "/urgent-queue"
WHERE, POSTCODE = "Bus stop at the end of Mill Lane", "ZZ99 3WZ"
REFUSED = (422, outcome("REC_UNPROCESSABLE_ENTITY", "invariant"))
AWAY: tuple[int, bytes] = (503, b"<html>away</html>")
SECONDS = 5


class Site(NamedTuple):
    sites: TwoSites
    ann: Desk
    """A clinician at North, in the queues of clinicians and of ambulances."""

    @property
    def stack(self) -> Served:
        return self.sites.stack


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("ambulance-messages")
    running = Served(folder, WARDKEEP_WEB_WORKERS="1")
    try:
        running.await_ready()
        sites = TwoSites(running, folder)
        names("--service", SERVICE, stack=running)
        for one in (*queue_places(), practitioner(ANN)):
            sites.north.put(one)
        token = running.sign_in("north", [], role=ANN.role)
        skills = ("clinician", "ambulance")
        asyncio.run(put_in_a_queue(running, token, "north", "ann", *skills))
        with closing(Desk(running.port, token)) as ann:
            yield Site(sites, ann)
        sites.close()
    finally:
        running.stop()


def names(*arguments: str, stack: Served) -> str:
    """Which partner sends ambulances to North, by the operator's command."""
    said: str = stack.command(
        *("partner", "ambulances", "--organisation", "north"), *arguments
    )
    return said


@pytest.fixture
def gate(site: Site) -> Iterator[Gate]:
    made = Gate(site.stack.port)
    token_url = f"{site.stack.origin}/oauth/token"
    site.sites.points_at(f"http://127.0.0.1:{made.port}/fhir", token_url)
    yield made
    made.close()
    site.sites.points_at(f"{site.stack.origin}/fhir", token_url)


def rang(site: Site, id_: str, code: str = "clinician-1h") -> str:
    """Somebody rang North from where they do not live; their case's page."""
    for one in whole_call(id_, code, given=now()):
        if one["resourceType"] == "Encounter":
            said = {"text": WHERE, "postcode": POSTCODE}
            parts = [{"url": name, "valueString": it} for name, it in said.items()]
            one["extension"] = [{"url": PLACE, "extension": parts}]
        site.sites.north.put(one)
    path = f"{BOARD}/cases/{id_}-entry"
    assert site.ann.press(f"{path}/do/take", {"version": "1"})[1].endswith("took")
    return path


def upgraded(site: Site, id_: str, code: str = "ambulance-2") -> str:
    """Ann rings back and it comes to an ambulance; the page of its place."""
    path = rang(site, id_)
    fields = {"version": "2", "code": code, "why": f"Grey and sweating, {id_}"}
    status, to, page = site.ann.press(f"{path}/end", fields)
    assert status == 303, page[:2000]
    assert to.endswith("said=asked")
    return to.partition("?")[0]


def arrived(site: Site, id_: str) -> list[Json]:
    """Requests at Fernhill for whoever this is, known by why they were sent."""
    found = site.sites.fernhill.search("ServiceRequest", ("_count", "200")).resources
    return [one for one in found if f"sweating, {id_}" in json.dumps(one)]


def says(site: Site, path: str, words: bytes) -> None:
    """The case's page says so, soon."""

    def is_said() -> bool:
        with suppress(ConnectionError):
            return words in site.ann.ask("GET", path)[1]
        return False

    eventually(is_said, site.stack.log)


def acknowledged(site: Site, path: str) -> None:
    says(site, path, b"Acknowledged: ")


def sent_of(path: str, id_: str) -> str:
    """Where what was sent of a case is read."""
    entry = path.rpartition("/")[2]
    return f"/patients/{id_}/refer/{entry}/sent"


# There and back


def test_nobody_presses_and_the_desk_has_it_with_where_to_go_and_whom_to_ring(
    site: Site,
) -> None:
    path = upgraded(site, "there")
    acknowledged(site, path)
    (request,) = arrived(site, "there")
    assert request["priority"] == "stat"
    assert request["code"]["text"] == "Ambulance, category 2: emergency"
    assert request["locationReference"] == [{"display": f"{WHERE}, {POSTCODE}"}]
    assert request["note"][0]["text"] == "Ring back on 01632960123"
    number = request["id"].partition("-")[0].upper()
    page = site.ann.get(path).decode()
    assert f"Acknowledged: {number}" in page
    # What the press said is over: nothing can be stopped any more
    again = site.ann.get(f"{path}?said=asked").decode()
    assert "it can be stopped here" not in again
    assert f"Request for an ambulance to {FERNHILL.name}" in page

    patient = request["subject"]["reference"].partition("/")[2]
    token = site.stack.sign_in("fernhill", [], "care_coordinator")
    asyncio.run(put_in_the_team(site.stack, token, "fernhill"))
    there = f"/patients/{patient}/referrals/{request['id']}"
    with closing(Visitor(site.stack.port, token)) as desk:
        team = request["performer"][0]["reference"].partition("/")[2]
        listed = desk.get(f"/referrals/teams/{team}").decode()
        assert "Emergency" in listed
        page = desk.get(there).decode()
        for words in (WHERE, "Ring back on 01632960123", number, "Grey and sweating"):
            assert words in page, words
        version = page.partition('name="version" value="')[2].partition('"')[0]
        sent = {"do": "accept", "version": version, "words": "Crew 12, four minutes"}
        assert desk.ask("POST", there, urlencode(sent).encode())[0] == 303

    sent_page = sent_of(path, "there")
    says(site, sent_page, b"Crew 12, four minutes")
    assert b"Answered so far" in site.ann.get(f"{BOARD}/messages")


def test_stopped_within_five_seconds_nothing_is_sent(site: Site, gate: Gate) -> None:
    path = upgraded(site, "stopped")
    to = site.ann.press(f"{path}/call-off", {"version": "1"})[1]
    assert to.endswith("said=stopped")
    time.sleep(SECONDS + 3)
    assert gate.seen == []
    assert arrived(site, "stopped") == []
    page = site.ann.get(path)
    assert b"Called off, not sent" in page
    assert b"Taken back before it was sent" in page


def test_where_nobody_is_named_nothing_is_made_and_it_is_as_before(site: Site) -> None:
    names("--nobody", stack=site.stack)
    try:
        path = upgraded(site, "nobody")
    finally:
        names("--service", SERVICE, stack=site.stack)
    time.sleep(SECONDS + 3)
    page = site.ann.get(path)
    assert b"Is being sent" in page
    assert b"Request for an ambulance to" not in page
    assert arrived(site, "nobody") == []


# What goes wrong on the way


def test_an_answer_that_is_lost_is_asked_for_with_the_same_id(
    site: Site, gate: Gate
) -> None:
    gate.plan = ["lose the answer"]
    path = upgraded(site, "lost")
    says(site, path, b"(ours)")
    assert len(gate.seen) == 2
    assert len(set(gate.seen)) == 1
    assert len(arrived(site, "lost")) == 1


def test_a_partner_that_is_away_or_silent_gets_it_once_and_nobody_else_waits(
    site: Site, gate: Gate
) -> None:
    gate.plan = ["say nothing", AWAY]
    slow = upgraded(site, "slow")
    eventually(lambda: len(gate.seen) == 1, site.stack.log)
    other = upgraded(site, "other")
    acknowledged(site, other)
    acknowledged(site, slow)
    assert len(arrived(site, "slow")) == len(arrived(site, "other")) == 1
    assert len(set(gate.seen)) == 2


def test_a_refusal_is_the_shift_leads_at_once_with_its_words(
    site: Site, gate: Gate
) -> None:
    gate.plan = [REFUSED, REFUSED]
    path = upgraded(site, "refused")
    says(site, path, b"Refused: ring the ambulance service now")
    assert b"422 REC_UNPROCESSABLE_ENTITY invariant" in site.ann.get(path)
    time.sleep(SECONDS + 2)
    assert len(gate.seen) == 1
    assert arrived(site, "refused") == []


def test_nobody_looks_again_and_what_lay_in_reserve_goes(
    site: Site, gate: Gate
) -> None:
    """The worker asks, with no case open; what it sends was sealed by who had one."""
    token_url = f"{site.stack.origin}/oauth/token"
    here = f"http://127.0.0.1:{gate.port}/fhir"
    site.sites.points_at(here, token_url, more=("--validates",))
    gate.plan = [REFUSED]
    rang(site, "again", "ambulance-3-validate")
    refer = "/patients/again/refer/again-entry"
    fields = {
        "version": "2",
        "code": "ambulance-3-validate",
        "service": SERVICE,
        "summary": "Grey and sweating, again",
    }
    page = site.ann.press(refer, {**fields, "do": "check"})[2].decode()
    seen = re.search(r'name="seen" value="([^"]+)"', page)
    assert seen is not None, page[:3000]
    sent = {**fields, "do": "send", "seen": seen[1]}
    assert site.ann.press(refer, sent)[1].endswith("said=sent")
    acknowledged(site, f"{BOARD}/cases/again-entry")
    (request,) = arrived(site, "again")
    assert request["code"]["text"] == "Ambulance, category 3: urgent"
    assert request["locationReference"] == [{"display": f"{WHERE}, {POSTCODE}"}]


@pytest.mark.parametrize("victim", ["worker", "web", "warden", "database", "all"])
def test_whatever_is_killed_there_is_one_request(site: Site, victim: str) -> None:
    id_ = f"killed-{victim}"
    path = upgraded(site, id_)
    chosen = ["web", "warden", "worker", "database"] if victim == "all" else [victim]
    for name in chosen:
        process = (
            postmaster(site.stack) if name == "database" else site.stack.child(name)
        )
        assert process, name
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    eventually(site.stack.is_ready, site.stack.log)
    acknowledged(site, path)
    site.sites.fernhill.sign_in()
    assert len(arrived(site, id_)) == 1


def test_killed_at_every_step_each_arrives_once(site: Site) -> None:
    """Asked for first; then everything dies while they are on their way."""
    wanted = [f"step-{number}" for number in range(8)]
    paths = [upgraded(site, one) for one in wanted]
    killed: list[str] = []
    is_over = threading.Event()
    threads = [
        threading.Thread(target=kills, args=(site.stack, killed, is_over)),
        threading.Thread(target=_kills_worker, args=(site.stack, killed, is_over)),
    ]
    for one in threads:
        one.start()
    threads[0].join()
    is_over.set()
    threads[1].join()
    site.stack.await_ready()
    for path in paths:
        acknowledged(site, path)
    assert {"web", "warden", "database", "worker"} <= set(killed), killed
    site.sites.fernhill.sign_in()
    assert [len(arrived(site, one)) for one in wanted] == [1] * len(wanted)


def _kills_worker(stack: Served, killed: list[str], is_over: threading.Event) -> None:
    while not is_over.wait(0.9):
        victim = stack.child("worker")
        if victim:
            with suppress(OSError):
                stack.kill_process(victim)
                killed.append("worker")


# What is stolen


def test_with_the_web_process_nobody_points_ambulances_elsewhere(site: Site) -> None:
    """Its role reads partners and may write none of their columns."""

    async def tries(sql: str) -> str:
        connection = await connect(
            address_for(site.stack.settings, site.stack.layout, WEB)
        )
        try:
            await connection.serve(OrganisationId(1))
            await connection.execute(sql)
        except Exception as error:  # noqa: BLE001 - what it says is looked at
            return str(error)
        finally:
            await connection.close()
        return "done"

    row = (
        "insert into bars.partner (changed_at, organisation, service, system, name,"
        " endpoint, token_url, client, account, sends_ambulances) values (now(), 1,"
        " '666', 's', 'n', 'https://thief.example', 'https://thief.example', 'c', 'a',"
        " true)"
    )
    for sql in (
        "update bars.partner set endpoint = 'https://thief.example'",
        "update bars.partner set sends_ambulances = true",
        row,
        "update bars.outgoing set partner = '666' where sort = 'ambulance'",
    ):
        assert "InsufficientPrivilege" in asyncio.run(tries(sql)), sql


def test_a_stolen_session_reads_no_request_and_names_no_service(site: Site) -> None:
    path = upgraded(site, "private")
    acknowledged(site, path)
    token = site.stack.sign_in("north", [], "urgent_care_clinician")
    sent, entry = sent_of(path, "private"), f"Task/{path.rpartition('/')[2]}"
    before = site.sites.north.get(entry).json["meta"]["versionId"]
    body = urlencode({"version": "1", "service": "666"}).encode()
    with closing(Visitor(site.stack.port, token)) as thief:
        for there in (path, sent):
            status, _, page = thief.look(there)
            assert status != 200 or WHERE.encode() not in page, there
        posted = (f"{path}/call-off", f"{path}/end", sent.replace("/sent", "/read"))
        for there in posted:
            _, page, to = thief.send(there, body)
            assert WHERE.encode() not in page, there
            assert "said=" not in to, (there, to)
    assert site.sites.north.get(entry).json["meta"]["versionId"] == before


def test_with_the_desks_own_token_nothing_is_read_back(
    site: Site, tmp_path: Path
) -> None:
    path = upgraded(site, "token")
    acknowledged(site, path)
    with closing(partner(site.stack, tmp_path, organisation="north")) as thief:
        for there in ("Communication", "Communication?patient=token", "Encounter"):
            assert thief.ask("GET", there).status in (400, 403), there
        answer = {"resourceType": "Bundle", "type": "message"}
        reply = thief.ask("POST", "$process-message", answer, headers())
        assert reply.status == 400


def test_the_command_says_what_is_wrong_and_changes_nothing(site: Site) -> None:
    here = ("partner", "ambulances", "--organisation", "north")
    for arguments, words in (
        (("--service", "404"), "sends nothing to 404"),
        ((), "--nobody"),
        (("--service", SERVICE, "--nobody"), "--nobody"),
    ):
        done = site.stack.run(*here, *arguments)
        assert (done.returncode, words in done.stderr) == (1, True), done.stderr
    acknowledged(site, upgraded(site, "still"))
