# SPDX-License-Identifier: Apache-2.0
"""Whoever had the call refers and books: in one press, once, and of their own calls.

Two organisations' real processes over HTTP. Then what dies on the way, and what
somebody does who stole a call taker's session.
"""

import asyncio
import html
import os
import re
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from support.calls import SEE_OTHER, Answered, answer, identify, send
from support.gate import Gate
from support.leaks import leaked
from support.partners import SERVICE, found_clinic, person
from support.served import Served, Visitor, eventually
from support.two_sites import TwoSites
from support.urgent import whole_call
from support.ward_beds import now
from support.wards import Worker, practitioner, work
from wardkeep.base.nhs_number import numbers_of_test_range
from wardkeep.fhir.bars.questions import MOST_A_MINUTE
from wardkeep.fhir.urgent.queueing import Entry, entry_in
from wardkeep.fhir.urgent.steps import State, Step

Json = dict[str, Any]
TIM = Worker("health_advisor", "Tim Taker", "tim")
UMA = Worker("health_advisor", "Uma Taker", "uma")
ANN = Worker("urgent_care_clinician", "Ann Advice", "ann")
DEPARTMENT, OTHER = "emergency-department-1h", "2000000555"
NUMBERS = iter(f"0770090{nth:04d}" for nth in range(3000, 9999))
PEOPLE = numbers_of_test_range()
PRESS = re.compile(r'name="choice" value="([^"]+)"')
VERSION = re.compile(r'name="version" value="(\d+)"')


class Room(NamedTuple):
    sites: TwoSites
    tim: Visitor
    uma: Visitor
    ann: Visitor
    """A clinician, whose patients are `one` and `undone`."""


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    folder = tmp_path_factory.mktemp("sent-on")
    running = Served(folder, WARDKEEP_WEB_WORKERS="1")
    try:
        running.await_ready()
        sites = TwoSites(running, folder)
        short = timedelta(minutes=3)
        found_clinic(sites.fernhill, soon=True, slots_of=short, many=12)
        _points(sites, f"{running.origin}/fhir")
        people = {TIM: [], UMA: [], ANN: ["undone", "one"]}
        for one in people:
            sites.north.put(practitioner(one))
        tokens = [
            running.sign_in("north", theirs, one.role) for one, theirs in people.items()
        ]
        asyncio.run(work(running, "north", zip(tokens, people, strict=True)))
        tim, uma, ann = (Visitor(running.port, token) for token in tokens)
        with closing(tim), closing(uma), closing(ann):
            yield Room(sites, tim, uma, ann)
        sites.close()
    finally:
        running.stop()


def _points(sites: TwoSites, endpoint: str) -> None:
    token_url = f"{sites.stack.origin}/oauth/token"
    sites.points_at(endpoint, token_url, more=("--books", "--validates"))
    sites.points_at(
        endpoint, token_url, service=OTHER, name="Puddleford treatment centre"
    )


@pytest.fixture
def gate(room: Room) -> Iterator[Gate]:
    made = Gate(room.sites.stack.port)
    _points(room.sites, f"http://127.0.0.1:{made.port}/fhir")
    yield made
    made.close()
    _points(room.sites, f"{room.sites.stack.origin}/fhir")


def rang(room: Room, id_: str, code: str = DEPARTMENT) -> Answered:
    """Somebody with a record here rang Tim, and the call came to something."""
    number = next(PEOPLE)
    known = person(str(number), name=[{"family": f"Ring{id_}", "given": ["Odette"]}])
    room.sites.north.put({**known, "id": id_})
    call = answer(room.tim, next(NUMBERS))
    status, page, to = identify(room.tim, call, id_, complaint="Palpitations")
    assert status == SEE_OTHER, page[:2000]
    _, _, patient, _, case = to.split("/")
    there = Answered(patient, case)
    form = {"disposition": code, "said": "Comes by taxi.", "advice": "Ring if worse."}
    status, page, to = send(room.tim, f"{there.path}/end", **form)
    assert (status, to) == (SEE_OTHER, f"{there.path}/send"), page[:2000]
    return there


def place(room: Room, call: Answered) -> Entry:
    """Where the call waits, as the record has it."""
    found = room.sites.north.search("Task", ("patient", call.patient)).resources
    (entry,) = [one for one in map(entry_in, found) if one is not None]
    return entry


def there(room: Room, call: Answered, type_: str) -> list[Json]:
    """What Fernhill has of them."""
    family = ("patient.family", f"Ring{call.patient}")
    return room.sites.fernhill.search(type_, family).resources


def presses(page: str) -> list[str]:
    return [html.unescape(one) for one in PRESS.findall(page)]


def open_page(visitor: Visitor, call: Answered, more: str = "") -> tuple[str, str]:
    """The page, and the version that its form names."""
    page = visitor.get(f"{call.path}/send{more}").decode()
    found = VERSION.search(page)
    return page, found[1] if found else ""


def press(room: Room, call: Answered, choice: str, **more: str) -> str:
    """Tim presses; then the page that says how it stands."""
    _, version = open_page(room.tim, call)
    form = {"version": version, "choice": choice, "summary": "Pulse 130.", **more}
    status, page, to = send(room.tim, f"{call.path}/send", **form)
    assert status == SEE_OTHER, page[:2000]
    return room.tim.get(to).decode()


def test_one_press_refers_and_books_and_the_time_is_read_out(room: Room) -> None:
    call = rang(room, "one")
    page, _ = open_page(room.tim, call, "?times=yes")
    [first, *_] = [one for one in presses(page) if one.startswith(f"{SERVICE}|")]
    assert "Base One" in page
    assert "Palpitations" in page
    said = press(room, call, first, **{f"not-{OTHER}": "No X-ray at this hour"})
    assert "Fernhill Hospital has the referral. The time is booked." in said
    assert "Tell the caller: <strong>Fernhill Hospital, " in said
    (referral,) = there(room, call, "ServiceRequest")
    (booked,) = there(room, call, "Appointment")
    assert booked["status"] == "booked"
    flags = [one["code"]["text"] for one in there(room, call, "Flag")]
    assert flags == ["Not sent to Puddleford treatment centre: No X-ray at this hour"]
    assert "Pulse 130." in str(referral["reasonCode"])
    # It waits here all the same, until the caller knows
    entry = place(room, call)
    assert (entry.state, entry.owner.reference) == (State.NEW, "")
    assert [one.step for one in entry.did] == [Step.QUEUE, Step.SEND_ON]
    follow = f"/patients/{call.patient}/refer/{entry.id}/follow"
    _, told, _ = send(room.ann, follow)
    assert b"They have the booking. Nobody has come yet." in told
    status, page_, to = send(room.tim, f"{call.path}/send/end", version="1")
    assert (status, to) == (SEE_OTHER, call.path), page_[:2000]
    assert place(room, call).state is State.DONE
    (case,) = [
        one
        for one in room.sites.north.search("Encounter", ("patient", "one")).resources
        if one["id"] == call.case
    ]
    assert case["status"] == "finished"


def test_pressed_twice_it_is_sent_once(room: Room) -> None:
    call = rang(room, "twice")
    _, version = open_page(room.tim, call)
    form = {"version": version, "choice": SERVICE, "summary": "Words"}
    answers = [send(room.tim, f"{call.path}/send", **form) for _ in range(3)]
    assert {status for status, _, _ in answers} == {SEE_OTHER}
    assert len(there(room, call, "ServiceRequest")) == 1
    assert "has the referral" in room.tim.get(f"{call.path}/send").decode()


def test_taken_back_the_call_is_open_again_and_the_other_side_knows(
    room: Room,
) -> None:
    call = rang(room, "back")
    page, _ = open_page(room.tim, call, "?times=yes")
    [first, *_] = [one for one in presses(page) if one.startswith(f"{SERVICE}|")]
    press(room, call, first)
    status, page_, to = send(room.tim, f"{call.path}/take-back")
    assert (status, to) == (SEE_OTHER, f"{call.path}/end?again=yes"), page_[:2000]
    eventually(
        lambda: (
            [one["status"] for one in there(room, call, "ServiceRequest")]
            + [one["status"] for one in there(room, call, "Appointment")]
            == ["revoked", "cancelled"]
        ),
        room.sites.stack.log,
    )
    assert b"The end is taken back" in room.tim.get(to)


def test_who_loses_the_race_for_a_time_is_referred_and_books_another(
    room: Room,
) -> None:
    call = rang(room, "race")
    page, _ = open_page(room.tim, call, "?times=yes")
    [first, *_] = [one for one in presses(page) if one.startswith(f"{SERVICE}|")]
    slot = first.split("|")[1]
    assert room.sites.books(slot, str(next(PEOPLE))).status == 200
    said = press(room, call, first)
    assert "The time is taken, or it is over there." in said
    page, version = open_page(room.tim, call, "?times=yes")
    [other, *_] = presses(page)
    assert other.split("|")[1] != slot
    form = {"version": version, "choice": other}
    status, _, to = send(room.tim, f"{call.path}/send", **form)
    assert status == SEE_OTHER
    assert b"The time is booked." in room.tim.get(to)
    assert len(there(room, call, "ServiceRequest")) == 1


def test_a_partner_who_says_nothing_holds_no_call_up(room: Room, gate: Gate) -> None:
    call = rang(room, "slow")
    gate.plan = ["say nothing"]
    began = time.monotonic()
    said = press(room, call, SERVICE)
    assert time.monotonic() - began < 9
    assert "has not answered yet. It goes on being sent." in said
    assert "somebody rings you back" in said
    entry = place(room, call)
    assert (entry.state, entry.owner.reference) == (State.NEW, "")
    assert entry.did[-1].step is Step.NO_WORD
    assert "Fernhill Hospital" in entry.did[-1].words
    # Not there yet, it cannot be ended; once the answer comes, it is theirs.
    _, _, to = send(room.tim, f"{call.path}/send/end")
    assert to.endswith("said=not-there")
    gate.is_over.set()
    eventually(lambda: len(there(room, call, "ServiceRequest")) == 1, _log(room))
    eventually(
        lambda: b"has the referral" in room.tim.get(f"{call.path}/send"), _log(room)
    )


def _log(room: Room) -> Any:
    return room.sites.stack.log


def test_killed_in_mid_send_it_is_there_once_and_the_case_waits(room: Room) -> None:
    calls = [rang(room, f"kill{nth}") for nth in range(4)]
    for call in calls:
        _, version = open_page(room.tim, call)
        form = {"version": version, "choice": SERVICE, "summary": "Words"}
        killer = threading.Timer(0.06, _kills, args=(room.sites.stack,))
        killer.start()
        with suppress(Exception):
            send(room.tim, f"{call.path}/send", **form)
        killer.join()
        room.sites.stack.await_ready()
        # As somebody presses again until the page says that it stands
        eventually(lambda call=call: _is_sent(room, call), _log(room))  # type: ignore[misc]
    for call in calls:
        entry = place(room, call)
        assert (entry.state, entry.owner.reference) == (State.NEW, "")
        assert len(there(room, call, "ServiceRequest")) == 1
    for one in (room.tim, room.uma, room.ann):
        one.close()  # the process at its other end is gone; the next press opens anew


def _kills(stack: Served) -> None:
    for name in ("worker", "web"):
        victim = stack.child(name)
        if victim:
            with suppress(OSError):
                stack.kill_process(victim)


def _is_sent(room: Room, call: Answered) -> bool:
    with suppress(Exception):
        page, version = open_page(room.tim, call)
        if "has the referral" in page:
            return True
        if f'value="{SERVICE}"' in page:
            form = {"version": version, "choice": SERVICE, "summary": "Words"}
            send(room.tim, f"{call.path}/send", **form)
    return False


# With a stolen session of a call taker


def test_a_stolen_session_sends_only_of_calls_that_it_answers(room: Room) -> None:
    """The door asks a stranger why; and who may open the record sends nothing of it."""
    call = rang(room, "stranger")
    knows = room.sites.stack.sign_in("north", ["stranger"], "health_advisor")
    with closing(Visitor(room.sites.stack.port, knows)) as third:
        for thief, is_known in ((room.uma, False), (third, True)):
            _tries_everything(thief, call, is_known=is_known)
    assert there(room, call, "ServiceRequest") == []
    entry = place(room, call)
    assert (entry.state, len(entry.did)) == (State.NEW, 1)


def _tries_everything(thief: Visitor, call: Answered, *, is_known: bool) -> None:
    form = {"version": "1", "choice": SERVICE, "summary": "A thief's words"}
    status = 409 if is_known else SEE_OTHER
    for path in ("send", "send/times"):
        found, heads, page = thief.look(f"{call.path}/{path}")
        assert found == status, path
        assert is_known or heads["location"] == f"/patients/{call.patient}"
        assert b"Palpitations" not in page
    for path in ("send", "send/end", "take-back"):
        found, page, to = send(thief, f"{call.path}/{path}", **form)
        assert found == status, path
        assert is_known or to.partition("?")[0] == f"/patients/{call.patient}"
        assert is_known or b"RINGSTRANGER" not in page.upper()


def test_nothing_goes_where_no_operator_said(room: Room) -> None:
    call = rang(room, "nowhere")
    _, version = open_page(room.tim, call)
    for choice in ("2000000888", "https://thief.example/fhir", "", f"{SERVICE}|x|y"):
        form = {"version": version, "choice": choice, "summary": "Comes by taxi"}
        status, page, _ = send(room.tim, f"{call.path}/send", **form)
        assert status == 409, choice
        # What was typed is still in the form
        assert b"nothing was sent" in page.lower()
        assert b"Comes by taxi</textarea>" in page
    # Nor what somebody sends from a page that is older than the case
    form = {"version": "77", "choice": SERVICE, "summary": "Comes by taxi"}
    status, page, _ = send(room.tim, f"{call.path}/send", **form)
    assert status == 409
    assert b"The case was changed just before you pressed" in page
    assert b"Comes by taxi</textarea>" in page
    assert there(room, call, "ServiceRequest") == []


def test_what_a_colleague_has_is_sent_by_nobody_else(room: Room) -> None:
    """A clinician took the case: it is theirs to send."""
    call = rang(room, "taken")
    entry = room.sites.north.search("Task", ("patient", "taken")).resources[0]
    entry["owner"] = {"reference": "Practitioner/ann", "display": "Ann Advice"}
    entry["status"] = "accepted"
    entry["businessStatus"]["coding"][0]["code"] = "ringing-back"
    room.sites.north.put(entry)
    form = {"version": "2", "choice": SERVICE, "summary": "Words"}
    status, page, _ = send(room.tim, f"{call.path}/send", **form)
    assert status == 409
    assert b"It is too late to send this from the call" in page
    assert there(room, call, "ServiceRequest") == []


def test_what_a_clinician_came_to_since_is_no_more_the_call_takers(
    room: Room,
) -> None:
    """Taken, ended as something else, and waiting: neither sent on nor taken back."""
    call = rang(room, "since")
    was = place(room, call)
    north = room.sites.north
    request = north.get(f"ServiceRequest/{was.outcome}").json
    north.put({**request, "status": "completed"})
    later = {**request, "id": "since-later", "status": "active"}
    later["replaces"] = [{"reference": f"ServiceRequest/{was.outcome}"}]
    north.put(later)
    ended = north.get(f"Task/{was.id}").json
    north.put({**ended, "status": "completed"} | {"businessStatus": {"text": "Done"}})
    made = {**ended, "id": "since-place"}
    made["focus"] = {"reference": "ServiceRequest/since-later"}
    north.put(made)
    form = {"version": "1", "choice": SERVICE, "summary": "Words"}
    for path in ("send", "send/end", "take-back"):
        status, page, to = send(room.tim, f"{call.path}/{path}", **form)
        assert status == 409, (path, to, page[:1000])
    assert there(room, call, "ServiceRequest") == []
    assert north.get("Task/since-place").json["status"] == "requested"
    assert north.get("ServiceRequest/since-later").json["status"] == "active"


def test_an_end_is_not_taken_back_under_what_another_service_has(room: Room) -> None:
    """Ended, referred by message and handed back: the message has to go first."""
    north = room.sites.north
    for one in whole_call("undone", "clinician-1h", given=now() - timedelta(minutes=5)):
        north.put(one)
    for step in ("do/take", "do/reach"):
        _does(room, "undone-entry", step)
    _does(room, "undone-entry", "end", code=DEPARTMENT, why="Pulse of 130")
    found = north.search("Task", ("patient", "undone")).resources
    [again] = [one["id"] for one in found if one["id"] != "undone-entry"]
    for step in ("do/take", "do/reach"):
        _does(room, again, step)
    path = f"/patients/undone/refer/{again}"
    form = {"code": DEPARTMENT, "service": SERVICE, "summary": "Pulse of 130"}
    _, page, _ = send(room.ann, path, do="check", **form)
    [seen] = re.findall(r'name="seen" value="([^"]+)"', page.decode())
    _, page, to = send(room.ann, path, do="send", seen=seen, **form)
    assert to.endswith("said=sent"), page[:2000]
    _does(room, again, "do/hand-back", word="The department has them")
    assert _does(room, "undone-entry", "take-back").endswith("acted-on")
    assert north.get(f"Task/{again}").json["status"] == "requested"


def _does(room: Room, id_: str, act: str, **fields: str) -> str:
    """Ann presses what the case's page has now; where it leads."""
    seen = room.sites.north.get(f"Task/{id_}").json["meta"]["versionId"]
    path = f"/urgent-queue/cases/{id_}/{act}"
    status, page, to = send(room.ann, path, version=str(seen), **fields)
    assert status == SEE_OTHER, page[:2000]
    return to


def test_a_stolen_account_that_asks_for_ever_silences_no_colleague(
    room: Room,
) -> None:
    theirs = _rings_uma(room, "asks")
    told = ""
    for _ in range(MOST_A_MINUTE + 5):
        told = room.uma.get(f"{theirs.path}/send?times=yes").decode()
        if "asked for too often" in told:
            break
    assert "Times were asked for too often within a minute." in told
    call = rang(room, "colleague")
    page, _ = open_page(room.tim, call, "?times=yes")
    assert "too often" not in page
    assert [one for one in presses(page) if one.startswith(f"{SERVICE}|")]


def _rings_uma(room: Room, id_: str) -> Answered:
    other = room._replace(tim=room.uma, uma=room.tim)
    return rang(other, id_)


def test_whoever_takes_every_file_away_reads_nobody_who_was_sent_on(
    room: Room,
) -> None:
    """What partners said of free times and bookings lay in the database meanwhile."""
    words = {
        *("Odette", "Palpitations", "Comes by taxi.", "Ring if worse.", "Pulse 130."),
        *("Ringone", "Ringback", "Ringasks", "No X-ray at this hour"),
        *(number for number in map(str, islice(numbers_of_test_range(), 40))),
        *(f"0770090{nth:04d}" for nth in range(3000, 3040)),
    }
    layout, log = room.sites.stack.layout, room.sites.stack.log
    # Not by `rglob`: the database takes folders away while one looks.
    walked = os.walk(layout.data)
    there = [Path(folder) / name for folder, _, names in walked for name in names]
    assert leaked(words, [*there, log]) == set()
    database = [one for one in there if layout.database in one.parents]
    assert leaked({"wardkeep_web"}, database) == {"wardkeep_web"}, "nothing was read"
