# SPDX-License-Identifier: Apache-2.0
"""What was asked and observed goes along with a referral, and is read where it comes.

Two organisations' real processes over HTTP: what is ticked leaves, what is sealed or of
another case does not, and whoever opens the referral reads it with from whom. Then what
a thief ticks who stole a call taker's session, and what a hostile partner sends.
"""

import asyncio
import csv
import html
import io
import json
import re
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from itertools import islice
from typing import Any, NamedTuple

import pytest

from support.along import DEPARTMENT, asked, flag, pulse, sends_along
from support.calls import SEE_OTHER, Answered, answer, identify, send
from support.ledgers import entries_in
from support.partners import (
    NHS_NUMBER,
    SECOND,
    SERVICE,
    partner,
    person,
    put_in_the_team,
    referral,
    send as send_message,
)
from support.program import Program
from support.served import Served, Visitor, eventually
from support.two_sites import TwoSites
from support.ward_beds import now
from support.wards import Worker, practitioner, work
from wardkeep.base.ids import OrganisationId
from wardkeep.base.nhs_number import numbers_of_test_range
from wardkeep.fhir.bars.brought_along import sender_in
from wardkeep.fhir.model.resource import Resource, parse
from wardkeep.fhir.urgent.flags import SYSTEM
from wardkeep.fhir.validation import check
from wardkeep.identity.roles import Role
from wardkeep.ledger.entry import Entry
from wardkeep.ledger.onward import sent_to

Json = dict[str, Any]
TIM = Worker("health_advisor", "Tim Taker", "tim")
UMA = Worker("health_advisor", "Uma Taker", "uma")
VIC = Worker("health_advisor", "Vic Taker", "vic")
SPENT = tuple(f"spent{nth}" for nth in range(Role.HEALTH_ADVISOR.sendings))
NUMBERS = iter(f"0770090{nth:04d}" for nth in range(5000, 9999))
PEOPLE = islice(numbers_of_test_range(), 20, None)
RECEIVER = f"Fernhill Hospital (service {SERVICE})"
VERSION = re.compile(r'name="version" value="(\d+)"')
TICK = re.compile(r'name="(goes-[^"]+)"')


class Room(NamedTuple):
    sites: TwoSites
    tim: Visitor
    nell: Visitor
    """Of the emergency department."""
    uma: Visitor
    """A call taker whose number of a day one test uses up."""
    uma_token: str
    vic: Visitor
    """A call taker whose session was stolen; of nobody else's calls."""
    pia: Visitor
    """North's privacy officer."""


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    folder = tmp_path_factory.mktemp("along")
    running = Served(folder, WARDKEEP_WEB_WORKERS="1")
    try:
        running.await_ready()
        sites = TwoSites(running, folder)
        for taker in (TIM, UMA, VIC):
            sites.north.put(practitioner(taker))
        token = running.sign_in("north", [], TIM.role)
        other = running.sign_in("north", list(SPENT), UMA.role)
        third = running.sign_in("north", [], VIC.role)
        pia = running.sign_in("north", [], "privacy_officer")
        nell = running.sign_in("fernhill", [], "care_coordinator")
        known = [(token, TIM), (other, UMA), (third, VIC)]
        asyncio.run(work(running, "north", known))
        asyncio.run(put_in_the_team(running, nell, "fernhill"))
        with (
            closing(Visitor(running.port, token)) as tim,
            closing(Visitor(running.port, nell)) as hers,
            closing(Visitor(running.port, other)) as uma,
            closing(Visitor(running.port, third)) as vic,
            closing(Visitor(running.port, pia)) as officer,
        ):
            yield Room(sites, tim, hers, uma, other, vic, officer)
        sites.close()
    finally:
        running.stop()


def way_in(patient: str) -> Json:
    """Restricted, so that it lies in the sealed tier."""
    confidential = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
    return {
        **flag(f"{patient}-door", patient, "SS", "Key safe 4821 by the back door"),
        "meta": {"security": [{"system": confidential, "code": "R"}]},
    }


def rang(room: Room, id_: str, taker: Visitor | None = None) -> Answered:
    """Somebody rang Tim; what was asked, measured and is known stands in the record."""
    tim = taker or room.tim
    north, number = room.sites.north, next(PEOPLE)
    known = person(str(number), name=[{"family": f"Along{id_}", "given": ["Odette"]}])
    north.put({**known, "id": id_})
    north.put(flag(f"{id_}-chair", id_, "CW", "Threw a chair at a crew"))
    north.put(flag(f"{id_}-ears", id_, "RA", "Deaf: write it down"))
    north.put(flag(f"{id_}-often", id_, "RC", "Rings often"))
    call = answer(tim, next(NUMBERS))
    status, page, to = identify(tim, call, id_, complaint="Palpitations")
    assert status == SEE_OTHER, page[:2000]
    _, _, patient, _, case = to.split("/")
    there = Answered(patient, case)
    read = f"{id_}-chair:1"
    send(tim, f"{there.path}/read", marks=read)
    north.put(pulse(f"{id_}-pulse", id_, 130))
    elsewhere = {"encounter": {"reference": "Encounter/case-1"}}
    north.put(pulse(f"{id_}-other", id_, 61, **elsewhere))
    north.put(asked(f"{id_}-asked", there))
    form = {"disposition": DEPARTMENT, "said": "Comes by taxi.", "advice": "Ring."}
    status, page, to = send(tim, f"{there.path}/end", **form)
    assert (status, to) == (SEE_OTHER, f"{there.path}/send"), page[:2000]
    return there


def there(room: Room, call: Answered, type_: str) -> list[Json]:
    """What Fernhill has of them."""
    family = ("patient.family", f"Along{call.patient}")
    return room.sites.fernhill.search(type_, family).resources


def press(
    room: Room, call: Answered, taker: Visitor | None = None, /, **ticks: str
) -> str:
    """Tim sends; then the page that says how it stands."""
    tim = taker or room.tim
    page = tim.get(f"{call.path}/send").decode()
    (version,) = set(VERSION.findall(page))
    body = {"version": version, "choice": SERVICE, "summary": "Pulse fast.", **ticks}
    status, said, to = send(tim, f"{call.path}/send", **body)
    assert status == SEE_OTHER, said[:2000]
    return html.unescape(tim.get(to).decode())


def test_what_is_ticked_goes_along_and_is_read_where_it_comes_to(room: Room) -> None:
    call = rang(room, "one")
    page = html.unescape(room.tim.get(f"{call.path}/send").decode())
    for words in (
        *("Call warning: Threw a chair at a crew", "Always goes"),
        *("Reasonable adjustment: Deaf: write it down", "Pulse 130 /min"),
    ):
        assert words in page
    assert "Repeat caller: Rings often" not in page
    assert "Pulse 61" not in page
    assert set(TICK.findall(page)) == {
        *("goes-one-ears", "goes-one-asked", "goes-one-pulse"),
    }
    ticks = {"along": "yes", "goes-one-asked": "yes", "goes-one-pulse": "yes"}
    said = press(room, call, **ticks)
    assert "Fernhill Hospital has the referral" in said
    for words in ("What was sent", "Short of breath? Yes", "Pulse 130 /min"):
        assert words in said
    assert "Deaf" not in said.partition("What was sent")[2]
    _is_there(room, call)
    _is_read(room, call)
    # At home its history names the receiver
    history = html.unescape(room.tim.get("/patients/one/history").decode())
    assert f"Sent by message to {RECEIVER}" in history


def _is_there(room: Room, call: Answered) -> None:
    (warning,) = there(room, call, "Flag")
    (measured,) = there(room, call, "Observation")
    (answers,) = there(room, call, "QuestionnaireResponse")
    for one in (warning, measured, answers):
        assert sender_in(one) == "North"
        assert "urn:wardkeep:triage" not in str(one)
    assert warning["code"]["text"] == "Threw a chair at a crew"
    assert warning["author"]["display"] == "Ann Advice, North"
    assert measured["valueQuantity"]["value"] == 130


def _is_read(room: Room, call: Answered) -> None:
    (request,) = there(room, call, "ServiceRequest")
    patient = request["subject"]["reference"].partition("/")[2]
    page = html.unescape(
        room.nell.get(f"/patients/{patient}/referrals/{request['id']}").decode()
    )
    # Before anything else of the referral
    heading = '<h2 class="nhsuk-heading-l">Referral to'
    assert page.index("From Ann Advice, North") < page.index(heading)
    for words in (
        *("Ann Advice, North", "Asked and measured already, by North"),
        *("Pulse 130 /min", "Short of breath? Yes"),
    ):
        assert words in page, words


def test_without_a_list_all_of_it_goes_that_the_page_would_have_ticked(
    room: Room,
) -> None:
    """Somebody whose page is from before, or a button pressed by keyboard alone."""
    call = rang(room, "two")
    press(room, call)
    assert len(there(room, call, "Flag")) == 2
    assert len(there(room, call, "Observation")) == 1


def test_unticked_all_of_it_stays_but_what_would_harm_a_crew(room: Room) -> None:
    call = rang(room, "three")
    press(room, call, along="yes")
    (warning,) = there(room, call, "Flag")
    assert warning["code"]["text"] == "Threw a chair at a crew"
    assert there(room, call, "Observation") == []
    assert there(room, call, "QuestionnaireResponse") == []


def test_nothing_sealed_and_nothing_of_anybody_else_is_ticked_by_a_thief(
    room: Room,
) -> None:
    """A stolen session's form names a way in, another case's pulse, another's flag."""
    north = room.sites.north
    call, victim = rang(room, "four"), rang(room, "victim")
    scope = "system/*.cruds system/Flag.cruds"
    folder = room.sites.folder
    sets = Program(room.sites.stack, folder, organisation="north", scope=scope)
    with closing(sets):
        sets.put(way_in("four"))
    named = ("four-door", "four-other", "four-often", "victim-pulse", "victim-chair")
    page = room.tim.get(f"{call.path}/send").decode()
    assert "4821" not in page
    press(room, call, along="yes", **{f"goes-{one}": "yes" for one in named})
    (warning,) = there(room, call, "Flag")
    assert warning["code"]["text"] == "Threw a chair at a crew"
    assert there(room, call, "Observation") == []
    assert there(room, victim, "Flag") == []
    (kept,) = north.search("Communication", ("patient", "four")).resources
    assert "4821" not in str(kept)


def test_beyond_a_days_number_it_goes_without_and_the_page_says_so(
    room: Room,
) -> None:
    """Whoever has the session sent a shift's worth along; the next caller is seen."""
    for id_ in SPENT:
        room.sites.north.put({"resourceType": "Patient", "id": id_})
        room.sites.north.put(flag(f"{id_}-chair", id_, "CW", "Threw a chair"))
    sent = {id_: [("Patient", id_), ("Flag", f"{id_}-chair")] for id_ in SPENT}
    stack, organisation = room.sites.stack, OrganisationId(1)
    said = sends_along(
        *(stack, room.uma_token, sent), to="Fernhill Hospital", of=organisation
    )
    assert said == [""] * len(SPENT)
    call = rang(room, "beyond", room.uma)
    page = press(room, call, room.uma)
    assert "Fernhill Hospital has the referral" in page
    assert "It went without warnings, answers and measurements" in page
    assert len(there(room, call, "ServiceRequest")) == 1
    assert there(room, call, "Flag") == there(room, call, "Observation") == []
    history = html.unescape(room.uma.get("/patients/beyond/history").decode())
    assert "Sent by message to Fernhill Hospital" in history


def test_an_officer_reads_to_whom_a_thief_sent_two_people(room: Room) -> None:
    """By the desk, its CSV, an AuditEvent, a count and the operator's command."""
    people = ("sixth", "seventh")
    for id_ in people:
        press(room, rang(room, id_, room.vic), room.vic)
    sent = [one for one in _entries(room) if one.action == "send"]
    mine = [one for one in sent if set(one.patients) & set(people)]
    ((account, session),) = {(one.account, one.session) for one in mine}
    eventually(lambda: _is_followed(room, people), room.sites.stack.log)
    page = html.unescape(room.pia.get(f"/security/accounts/{account}").decode())
    # A line for each part of a record: who they are, and what is in it
    assert page.count(f"Sent by message to {RECEIVER}") == 2 * len(people)
    csv_ = room.pia.get(f"/security/accounts/{account}/openings.csv").decode()
    lines = [one for one in csv.DictReader(io.StringIO(csv_)) if one["sent_to"]]
    assert {(one["patient"], one["sent_to"]) for one in lines} == {
        (id_, RECEIVER) for id_ in people
    }
    for id_ in people:
        _is_told_of(room, id_)
    _is_counted(room, session)


def _entries(room: Room) -> list[Entry]:
    return entries_in(room.sites.stack.layout.ledger)


def _is_followed(room: Room, people: tuple[str, ...]) -> bool:
    """Whether the organisation's own program has sent both messages."""
    sent = [one for one in _entries(room) if one.role == "service" and sent_to(one)]
    assert {sent_to(one) for one in sent} <= {RECEIVER}
    return set(people) <= {who for one in sent for who in one.patients}


def _is_told_of(room: Room, id_: str) -> None:
    """To programs of the officer, and on the pages of whoever may read its history."""
    stack, folder = room.sites.stack, room.sites.folder
    scope = "system/AuditEvent.rs"
    with closing(Program(stack, folder, organisation="north", scope=scope)) as auditor:
        found = auditor.search("AuditEvent", ("patient", f"Patient/{id_}")).resources
    to = [
        one
        for event in found
        for one in event["agent"]
        if one["who"]["display"] == RECEIVER
    ]
    # Once where the call taker sent it, and once where the program did
    assert len(to) == 2
    for event in found:
        resource = parse(json.dumps(event).encode())
        assert isinstance(resource, Resource)
        assert check(resource) == ()
    history = html.unescape(room.vic.get(f"/patients/{id_}/history").decode())
    assert f"Sent by message to {RECEIVER}" in history
    assert f"to be sent by message to {RECEIVER}" in history


def _is_counted(room: Room, session: str) -> None:
    found = now() - timedelta(minutes=1)
    form = {
        "session": session,
        "found": found.strftime("%Y-%m-%dT%H:%M"),
        "what": "A call taker's session was stolen.",
        "doing": "It is stopped.",
        "ask": "Ring 020 7946 0000.",
    }
    status, said, to = send(room.pia, "/security/incidents/new", **form)
    assert status == SEE_OTHER, said[:2000]
    page = ""

    def is_read() -> bool:
        nonlocal page
        page = html.unescape(room.pia.get(to).decode())
        return "Nothing is declared yet" in page

    eventually(is_read, room.sites.stack.log)
    assert "Where it went on to" in page
    _, _, row = page.partition(f"Sent by message to {RECEIVER}")
    assert re.findall(r"</span>(\d+)</td>", row)[0] == "2"
    command = room.sites.stack.command
    told = json.loads(command("scope", "--session", session, "--json"))
    (onward,) = told["onward"]
    assert (onward["to"], onward["people"]) == (RECEIVER, 2)
    reached = {one["patient"]: one for one in told["people"]}
    for one in (reached["sixth"], reached["seventh"]):
        sent = {it["type"] for it in one["resources"] if it.get("onward")}
        assert {"Patient", "Encounter", "Flag", "Communication"} <= sent
    printed = command("scope", "--session", session)
    assert f"Sent by message to {RECEIVER}: 2 people" in printed


def test_their_warning_stands_beside_ours_and_ends_none(room: Room) -> None:
    """One of theirs that says it is over leaves our own in force."""
    fernhill, call = room.sites.fernhill, rang(room, "five")
    press(room, call)
    (patient,) = fernhill.search("Patient", ("family", "Alongfive")).resources
    fernhill.put(flag("ours", patient["id"], "CW", "Threw a chair at a crew"))
    over = {
        "resourceType": "Flag",
        "status": "inactive",
        "category": [{"coding": [{"system": SYSTEM, "code": "CW"}]}],
        "code": {"text": "Threw a chair at a crew"},
    }
    bundle = referral(patient={**patient, "id": "x"})
    told = {one["resource"]["resourceType"]: one for one in bundle["entry"]}
    about = {"reference": told["Patient"]["fullUrl"]}
    bundle["entry"].append(
        {"fullUrl": "urn:uuid:over", "resource": {**over, "subject": about}}
    )
    other = partner(room.sites.stack, room.sites.folder, organisation="fernhill")
    with closing(other):
        assert send_message(other, bundle).status == 200
    (ours,) = [one for one in there(room, call, "Flag") if one["id"] == "ours"]
    assert (ours["status"], ours["meta"]["versionId"]) == ("active", "1")


def test_a_hostile_partner_is_refused_and_nothing_of_it_is_kept(room: Room) -> None:
    other = partner(room.sites.stack, room.sites.folder, organisation="fernhill")
    number = str(next(PEOPLE))
    plain = referral(person(number))
    (observed,) = [
        one["resource"]
        for one in plain["entry"]
        if one["resource"]["resourceType"] == "Observation"
    ]
    named = {"identifier": {"system": NHS_NUMBER, "value": SECOND}}
    hostile: list[tuple[Json, tuple[int, str]]] = [
        ({"code": {"text": "<script>alert(1)</script>"}}, (400, "value")),
        ({"code": {"text": "a" * 1_000_000}}, (422, "too-long")),
        ({"subject": {"reference": "Patient/caller"}}, (400, "value")),
        ({"focus": [named]}, (400, "value")),
    ]
    before = dict(observed)
    with closing(other):
        for change, wanted in hostile:
            observed.clear()
            observed.update({**before, **change})
            assert _said(other, plain) == wanted
        observed.clear()
        observed.update(before)
        for many in (150, 1_000):
            crowd = {
                **plain,
                "entry": [
                    *plain["entry"],
                    *(
                        {"fullUrl": f"urn:uuid:{nth}", "resource": before}
                        for nth in range(many)
                    ),
                ],
            }
            assert _said(other, crowd) == (422, "too-costly")
    token = f"{NHS_NUMBER}|{number}"
    assert room.sites.fernhill.search("Patient", ("identifier", token)).resources == []


def _said(other: Any, bundle: Json) -> tuple[int, str]:
    reply = send_message(other, bundle)
    return reply.status, reply.json["issue"][0]["code"]
