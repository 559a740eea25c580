# SPDX-License-Identifier: Apache-2.0
"""Drills on treatment centres and home visits: races, stolen sessions, kills.

The real processes over HTTP. Each test makes its own callers.
"""

import asyncio
import json
import os
import re
import signal
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from support.at_once import at_once
from support.car_phone import posts, signs_for_list
from support.clinic_site import row
from support.midday import noon
from support.program import Program
from support.served import Served, eventually, served
from support.urgent import Desk, whole_call
from support.visits import CENTRE, at_home, centre, slot
from support.ward_beds import now
from support.warden import RunningWarden
from support.wards import Worker, practitioner
from wardkeep.base.ids import new_uuid
from wardkeep.disclosure.answers import Done, SessionView
from wardkeep.disclosure.questions import CheckSession, SetWork
from wardkeep.fhir.urgent.queueing import Entry, entry_in, place_of
from wardkeep.fhir.urgent.steps import State, Step

HOME = "fernhill"
CLINICIAN, LEADER = "urgent_care_clinician", "shift_lead"
WORKERS = {
    "ann": Worker(CLINICIAN, "Ann Advice", "ann"),
    "lee": Worker(LEADER, "Lee Leads", "lee"),
    "max": Worker(LEADER, "Max Maps", "max"),
    "doc": Worker(CLINICIAN, "Doc Drives", "doc"),
    "fay": Worker(CLINICIAN, "Fay Farther", "fay"),
    "kim": Worker("receptionist", "Kim Counter", "kim"),
}
WORK = {
    place_of("base"): ("ann", "lee"),
    place_of("visit"): ("lee", "max"),
    f"Location/{CENTRE}": ("kim", "ann"),
}
TIMES, ACTS = 8, ("set-off", "arrive", "safe", "leave")
_ENTRY = "select next_at from urgent.entry where entry = $1"


class Shift(NamedTuple):
    """A stack, a program, and everybody's desk by name."""

    stack: Served
    program: Program
    of: dict[str, Desk]


@pytest.fixture(scope="module")
def shift(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shift]:
    folder = tmp_path_factory.mktemp("visits")
    with noon() as clock, served(folder, WARDKEEP_WEB_WORKERS="2", **clock) as stack:
        stack.found(HOME)
        keys: Path = tmp_path_factory.mktemp("keys")
        with closing(Program(stack, keys, organisation=HOME)) as program:
            for one in (*centre(TIMES), *map(practitioner, WORKERS.values())):
                program.put(one)
            tokens = {
                name: stack.sign_in(HOME, [], role=one.role)
                for name, one in WORKERS.items()
            }
            asyncio.run(put_to_work(stack, tokens))
            desks = {name: Desk(stack.port, one) for name, one in tokens.items()}
            try:
                yield Shift(stack, program, desks)
            finally:
                for desk in desks.values():
                    desk.close()


async def put_to_work(stack: Served, tokens: dict[str, str]) -> None:
    warden = RunningWarden(stack, None)  # type: ignore[arg-type]
    accounts: dict[str, str] = {}
    for name, token in tokens.items():
        seen = await warden.door.ask(CheckSession(token), SessionView)
        assert isinstance(seen, SessionView)
        accounts[name] = seen.account
    who = tuple((one, (f"Practitioner/{name}",)) for name, one in accounts.items())
    teams = tuple(
        (place, (place,), tuple(accounts[name] for name in names))
        for place, names in WORK.items()
    )
    assert await warden.operator.ask(SetWork(HOME, who, teams), Done) == Done()
    await warden.door.close()
    await warden.operator.close()


def ring(shift: Shift, id_: str, code: str, *, family: str = "", ago: int = 5) -> str:
    given = now() - timedelta(minutes=ago)
    for one in whole_call(id_, code, given=given, family=family):
        shift.program.put(one)
    return f"{id_}-entry"


def entry(shift: Shift, id_: str) -> Entry:
    found = entry_in(shift.program.get(f"Task/{id_}").json)
    assert found is not None
    return found


def version(shift: Shift, id_: str) -> str:
    return str(shift.program.get(f"Task/{id_}").json["meta"]["versionId"])


def press(shift: Shift, who: str, path: str, id_: str, **fields: str) -> str:
    """Press what the page has now; where it leads."""
    if "version" not in fields:
        fields["version"] = version(shift, id_)
    with closing(Desk(shift.stack.port, shift.of[who].token)) as desk:
        status, to, page = desk.press(path, fields)
    assert status == 303, (status, page[:3000])
    return to


def book(shift: Shift, who: str, id_: str, nth: int, seen: str = "") -> str:
    path = f"/bases/book/{id_}"
    fields = {"slot": f"slot-{nth}", "at": CENTRE}
    # Two at once do not ask one program for the version.
    return press(shift, who, path, id_, version=seen or version(shift, id_), **fields)


def send(shift: Shift, who: str, id_: str, car: str) -> str:
    at = (now() + timedelta(minutes=20)).strftime("%H:%M")
    path = f"/home-visits/visits/{id_}/send"
    return press(shift, who, path, id_, car=car, expected=at)


def car_of(shift: Shift, who: str, second: str = "") -> str:
    """A car that somebody drives; its id."""
    id_ = new_uuid()
    fields = {"name": f"Car of {who}", "area": "LS17", "hours": "8", "id": id_}
    fields |= {"version": "0", "first": f"Practitioner/{who}"}
    fields["second"] = f"Practitioner/{second}" if second else ""
    status, to, page = shift.of["lee"].press("/home-visits/cars/new", fields)
    assert (status, to) == (303, "/home-visits/cars?said=kept"), page[:2000]
    return id_


def test_of_two_who_book_one_time_one_has_it_and_the_other_keeps_its_place(
    shift: Shift,
) -> None:
    first, second = (ring(shift, f"race-{n}", "base-2h") for n in (1, 2))
    seen = [version(shift, one) for one in (first, second)]
    told = at_once(
        [
            lambda: book(shift, "ann", first, 0, seen[0]),
            lambda: book(shift, "lee", second, 0, seen[1]),
        ]
    )
    assert sorted(one.partition("said=")[2] for one in told) == ["book", "no-slot"]
    states = {entry(shift, one).state for one in (first, second)}
    assert states == {State.BOOKED, State.NEW}
    booked = first if entry(shift, first).state is State.BOOKED else second
    found = shift.program.get(f"Appointment/{entry(shift, booked).booked.appointment}")
    assert found.json["slot"] == [{"reference": "Slot/slot-0"}]
    assert found.json["basedOn"][0]["reference"].startswith("ServiceRequest/race-")
    # Moved, it is one appointment, and its time is free again; cancelled, and undone.
    who = "ann" if booked == first else "lee"
    assert book(shift, who, booked, 1).endswith("book")
    other = second if booked == first else first
    assert book(shift, "lee", other, 0).endswith("book")
    path = f"/bases/book/{booked}"
    assert press(shift, who, f"{path}/cancel", booked).endswith("unbook")
    assert entry(shift, booked).state is State.NEW
    assert press(shift, who, f"{path}/undo", booked).endswith("undo")
    again = entry(shift, booked)
    assert (again.state, again.booked.where.reference) == (
        State.BOOKED,
        f"Location/{CENTRE}",
    )
    # Once more, and it is where the booking was first; its time is not taken twice.
    steps = [one.step for one in again.did]
    assert steps[-3:] == [Step.BOOK, Step.UNBOOK, Step.UNDO]


def test_whoever_did_not_come_is_overdue_at_once_and_is_booked_anew(
    shift: Shift,
) -> None:
    id_ = ring(shift, "missed", "base-6h")
    shift.program.put(slot(90, starts=now() + timedelta(minutes=1)))
    assert book(shift, "ann", id_, 90).endswith("book")
    appointment = entry(shift, id_).booked.appointment
    assert row(shift.stack, _ENTRY, id_)["next_at"] > now()
    desk = f"/clinics/{CENTRE}/do"
    kim = shift.of["kim"]
    _, to, _ = kim.press(desk, {"appointment": appointment, "do": "no-show"})
    assert "said=missed" in to
    assert row(shift.stack, _ENTRY, id_)["next_at"] <= now() + timedelta(seconds=1)
    assert b"Did not come" in shift.of["ann"].get(f"/bases/book/{id_}")
    # Another time is another appointment: that they did not come stays so.
    assert book(shift, "ann", id_, 3).endswith("book")
    assert entry(shift, id_).booked.appointment != appointment
    old = shift.program.get(f"Appointment/{appointment}").json
    assert old["status"] == "noshow"
    # What a desk has had is not undone here.
    _, to, _ = kim.press(
        desk, {"appointment": entry(shift, id_).booked.appointment, "do": "check-in"}
    )
    assert press(shift, "ann", f"/bases/book/{id_}/undo", id_).endswith("too-late")


def test_of_two_dispatchers_one_sends_the_car_and_the_other_is_told(
    shift: Shift,
) -> None:
    for one in at_home("sent", ago=5, family="Sentworth"):
        shift.program.put(one)
    id_, cars = "sent-entry", [car_of(shift, who) for who in ("doc", "fay")]
    seen = version(shift, id_)
    path = f"/home-visits/visits/{id_}/send"
    at = (now() + timedelta(minutes=20)).strftime("%H:%M")

    def sends(who: str, car: str) -> str:
        with closing(Desk(shift.stack.port, shift.of[who].token)) as desk:
            fields = {"version": seen, "car": car, "expected": at}
            return desk.press(path, fields)[1]

    told = at_once(
        [lambda: sends("lee", cars[0]), lambda: sends("max", cars[1])],
    )
    assert sorted(one.partition("said=")[2] for one in told) == ["changed", "send"]
    found = entry(shift, id_)
    assert [one.step for one in found.did].count(Step.SEND) == 1
    appointments = shift.program.search("Appointment", ("patient", "sent")).resources
    assert len(appointments) == 1
    winner = "lee" if told[0].endswith("=send") else "max"
    # Sent to the other car it is the same visit; undone, it is the first one's again.
    other = cars[1] if found.booked.where.reference.endswith(cars[0]) else cars[0]
    assert send(shift, winner, id_, other).endswith("send")
    assert entry(shift, id_).owner != found.owner
    assert press(shift, winner, f"/home-visits/visits/{id_}/undo", id_).endswith("undo")
    assert entry(shift, id_).owner == found.owner
    [back] = shift.program.search("Appointment", ("patient", "sent")).resources
    assert found.owner.reference in json.dumps(back["participant"])


def test_a_receptionists_stolen_session_sees_times_and_reaches_no_case(
    shift: Shift,
) -> None:
    id_ = ring(shift, "desk-1", "base-2h", family="Strangelove")
    assert book(shift, "ann", id_, 4).endswith("book")
    kim = shift.of["kim"]
    for path in ("/bases", f"/bases/now?places={CENTRE}"):
        page = kim.get(path)
        assert b"STRANGELOVE" not in page.upper()
    assert b"Moor Lane treatment centre" in kim.get("/bases")
    refused = ("/urgent-queue", "/home-visits", "/home-visits/mine")
    cases = (f"/urgent-queue/cases/{id_}", f"/bases/book/{id_}")
    for path in (*refused, *cases, "/home-visits/cars"):
        status, page = kim.ask("GET", path)
        assert status == 403, path
        assert b"STRANGELOVE" not in page.upper()
    for path in (f"/bases/book/{id_}", f"/bases/book/{id_}/cancel"):
        fields = {"version": version(shift, id_), "slot": "slot-5", "at": CENTRE}
        assert kim.press(path, fields)[0] == 403
    # The desk's own list names who comes, an entry each, and no word of why.
    page = kim.get(f"/clinics/{CENTRE}")
    assert b"STRANGELOVE" in page.upper()
    assert b"within 2 hours" not in page


def test_a_crews_stolen_session_reaches_its_own_cars_visits_alone(
    shift: Shift,
) -> None:
    for id_, family in (("own-1", "Ownworth"), ("far-1", "Farworth")):
        for one in at_home(id_, ago=5, family=family):
            shift.program.put(one)
    car, other = car_of(shift, "doc"), car_of(shift, "fay")
    assert send(shift, "lee", "own-1-entry", car).endswith("send")
    assert send(shift, "lee", "far-1-entry", other).endswith("send")
    doc = shift.of["doc"]
    page = doc.get("/home-visits/mine")
    assert b"OWNWORTH" in page.upper()
    assert b"LS17 9ZZ" in page
    assert b"FARWORTH" not in page.upper()
    # Neither the board nor cars are a crew's, nor another car's visit.
    for path in ("/home-visits", "/home-visits/now", "/home-visits/cars"):
        assert doc.ask("GET", path)[0] == 403, path
    status, page = doc.ask("GET", "/home-visits/visits/far-1-entry")
    assert status == 303, "a reason has to be typed first"
    before = version(shift, "far-1-entry")
    for step in ACTS:
        path = f"/home-visits/visits/far-1-entry/do/{step}"
        assert doc.press(path, {"version": before})[0] in (303, 403)
    for path in ("send", "recall", "turn/earlier"):
        status, _, _ = doc.press(
            f"/home-visits/visits/own-1-entry/{path}",
            {"version": version(shift, "own-1-entry"), "car": other},
        )
        assert status == 403, path
    assert brings(shift, "doc", [act("far-1-entry", "arrive")]) != ["in"]
    assert version(shift, "far-1-entry") == before
    # The way in is the visit's, and there is none at the other home.
    assert b"You have a visit here now" in _way_in(doc, "own-1")
    assert b"You have no visit here" in _way_in(doc, "far-1")


def test_a_stolen_session_takes_no_list_and_no_list_has_a_way_in(shift: Shift) -> None:
    car = car_of(shift, "fay")
    for content in at_home("along", ago=5, family="Alongworth"):
        shift.program.put(content)
    assert send(shift, "lee", "along-entry", car).endswith("send")
    way = {"kind": "key-safe", "code": "4711#", "where": "left of the door"}
    way |= {"notes": "", "backup": "Neighbour", "call": "01632960001", "agreed": "1"}
    fay = shift.of["fay"]
    status, to, page = fay.press("/patients/along/way-in/set", way)
    assert (status, to) == (303, "/patients/along/way-in?set=1"), page[:2000]
    # With the session alone there is nothing
    status, answer = fay.ask("POST", "/home-visits/mine/pack", b"{}")
    assert status == 403
    assert b"list-not-signed" in answer
    assert b"ALONGWORTH" not in answer.upper()
    # With the passkey the address, why, and nothing of the door
    signs_for_list(fay)
    told = posts(fay, "/home-visits/mine/pack", {})
    [one] = [it for it in told["visits"] if it["entry"] == "along-entry"]
    assert (one["name"], one["state"]) == ("ALONGWORTH, Test", "booked")
    assert "LS17 9ZZ" in one["place"]
    assert one["planned"]
    for secret in ("4711", "left of the door", "01632960001"):
        assert secret not in json.dumps(told)
    # Whoever dispatches visits nobody, and a receptionist has no such page
    assert shift.of["kim"].ask("POST", "/home-visits/mine/pack", b"{}")[0] == 403
    stays = posts(fay, "/home-visits/mine/still", {"voucher": told["voucher"]})
    assert stays == {"stays": True}
    # And the ledger says of whom something lay on a phone, and until when
    found = json.loads(
        shift.stack.command("scope", "--account", told["account"], "--json")
    )
    people = {one["patient"]: one["on_phone_until"] for one in found["people"]}
    assert people["along"] // 1000 == told["until"]


def _way_in(desk: Desk, patient: str) -> bytes:
    return desk.ask("GET", f"/patients/{patient}/way-in")[1]


def act(entry_id: str, step: str, *, ago: int = 0) -> dict[str, str]:
    at = (now() - timedelta(minutes=ago)).isoformat()
    return {"id": new_uuid(), "entry": entry_id, "step": step, "at": at}


def wrote(entry_id: str, step: str, words: str, code: str = "") -> dict[str, str]:
    return act(entry_id, step) | {"words": words, "code": code}


def brings(shift: Shift, who: str, acts: list[dict[str, str]]) -> list[str]:
    """What became of each, in order; what was not answered is left out."""
    with closing(Desk(shift.stack.port, shift.of[who].token)) as desk:
        status, answer = desk.ask(
            "POST",
            "/home-visits/mine/acts",
            json.dumps({"acts": acts}).encode(),
            {"Content-Type": "application/json"},
        )
    assert status == 200, answer[:2000]
    became = json.loads(answer)["became"]
    return [became[one["id"]] for one in acts if one["id"] in became]


def at_the_home(shift: Shift, car: str, id_: str, *, who: str = "doc") -> None:
    """A visit of this car, begun and left."""
    for content in at_home(id_, ago=60, family="Leftworth"):
        shift.program.put(content)
    assert send(shift, "lee", f"{id_}-entry", car).endswith("send")
    steps = [act(f"{id_}-entry", step, ago=10) for step in ACTS]
    assert brings(shift, who, steps) == ["in"] * len(ACTS)


def test_a_kept_outcome_sent_again_or_from_another_phone_ends_a_case_once(
    shift: Shift,
) -> None:
    at_the_home(shift, car_of(shift, "doc"), "twice")
    end = wrote("twice-entry", "end", "Better, will ring.", "self-care")
    assert brings(shift, "doc", [end, end]) == ["in-before"] * 2
    assert brings(shift, "doc", [end]) == ["in-before"]
    # Another phone of the crew had written something else: it keeps its words
    other = wrote("twice-entry", "end", "Worse, go in.", "visit-6h")
    assert brings(shift, "doc", [other]) == ["not-so"]
    found = shift.program.search("ServiceRequest", ("patient", "twice")).resources
    assert len(found) == 2
    assert entry(shift, "twice-entry").state is State.DONE
    # The same id with other words changes nothing
    replayed = end | {"words": "Nothing of it."}
    assert brings(shift, "doc", [replayed]) == ["in-before"]
    assert "Nothing of it" not in json.dumps(shift.program.get("Task/twice-entry").json)


def test_what_no_phone_may_say_is_refused_and_a_colleagues_is_left(
    shift: Shift,
) -> None:
    at_the_home(shift, car_of(shift, "doc"), "said")
    id_ = "said-entry"
    before = version(shift, id_)
    for wrong in (
        wrote(id_, "end", "Ambulance, now.", "ambulance-1"),
        wrote(id_, "end", "x", "no-such-code"),
        wrote(id_, "end", "  ", "self-care"),
        wrote(id_, "end", "x" * 601, "self-care"),
        wrote(id_, "note", "", ""),
        wrote(id_, "note", "x" * 2_001, ""),
        wrote(id_, "arrive", "words beside a press"),
        wrote(id_, "pin", "to the top", ""),
    ):
        assert brings(shift, "doc", [wrong]) == ["refused"], wrong
    # Whoever wrote down how to get in is told so, and not that the visit had changed
    for code, step in (("", "note"), ("self-care", "end")):
        held = wrote(id_, step, "The key safe code is 4711.", code)
        assert brings(shift, "doc", [held]) == ["way-in"]
    assert version(shift, id_) == before
    # On a phone that is shared, what another wrote is not this session's
    body = {"acts": [wrote(id_, "note", "Mine.")], "me": "Practitioner/fay"}
    with closing(Desk(shift.stack.port, shift.of["doc"].token)) as desk:
        status, _ = desk.ask(
            "POST",
            "/home-visits/mine/acts",
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
    assert status == 409
    assert version(shift, id_) == before


def test_presses_of_the_second_in_the_car_count_and_a_strangers_do_not(
    shift: Shift,
) -> None:
    car = car_of(shift, "doc", second="ann")
    for content in at_home("pair", ago=30, family="Pairworth"):
        shift.program.put(content)
    assert send(shift, "lee", "pair-entry", car).endswith("send")
    # She takes along what is hers by now: a visit of later tonight is not, yet
    for content in at_home("later", ago=30, family="Laterworth"):
        shift.program.put(content)
    at = (now() + timedelta(hours=2)).strftime("%H:%M")
    path = "/home-visits/visits/later-entry/send"
    sent = press(shift, "lee", path, "later-entry", car=car, expected=at)
    assert sent.endswith("send")
    signs_for_list(shift.of["ann"])
    told = posts(shift.of["ann"], "/home-visits/mine/pack", {})
    assert [one["entry"] for one in told["visits"]] == ["pair-entry"]
    assert told["left_out"] == 1
    path = "/home-visits/visits/pair-entry/do"
    assert press(shift, "ann", f"{path}/set-off", "pair-entry").endswith("set-off")
    steps = [act("pair-entry", one) for one in ("arrive", "leave")]
    assert brings(shift, "ann", steps) == ["in", "in"]
    assert b"PAIRWORTH" in shift.of["ann"].get("/home-visits/mine").upper()
    end = wrote("pair-entry", "end", "Well.", "self-care")
    assert brings(shift, "fay", [end]) != ["in"]
    assert brings(shift, "ann", [end]) == ["in"]
    by = [one.by.reference for one in entry(shift, "pair-entry").did[-4:]]
    assert by == ["Practitioner/ann"] * 4


def test_a_visit_that_went_to_another_car_keeps_nothing_of_the_others_back(
    shift: Shift,
) -> None:
    """The door opens it to the crew no more, and they are told at once."""
    car, other = car_of(shift, "doc"), car_of(shift, "fay")
    for id_ in ("gone", "stays"):
        for content in at_home(id_, ago=30, family=f"{id_.title()}worth"):
            shift.program.put(content)
        assert send(shift, "lee", f"{id_}-entry", car).endswith("send")
    assert send(shift, "max", "gone-entry", other).endswith("send")
    acts = [act("gone-entry", "set-off"), act("gone-entry", "arrive")]
    acts += [act("stays-entry", "set-off"), wrote("stays-entry", "note", "No bell.")]
    assert brings(shift, "doc", acts) == ["not-so", "not-so", "in", "in"]
    stays = entry(shift, "stays-entry")
    assert stays.state is State.ON_THE_WAY
    assert "No bell." in stays.did[-1].words
    assert entry(shift, "gone-entry").state is State.BOOKED


def test_with_another_crew_all_visits_of_a_car_follow_or_none(shift: Shift) -> None:
    car = car_of(shift, "doc")
    people = [f"crew-{nth}" for nth in range(3)]
    for id_ in people:
        for content in at_home(id_, ago=30, family="Crewworth"):
            shift.program.put(content)
        assert send(shift, "lee", f"{id_}-entry", car).endswith("send")
    path = "/home-visits/visits/crew-0-entry/do"
    assert press(shift, "doc", f"{path}/set-off", "crew-0-entry").endswith("set-off")
    # While somebody is in a home, nothing is changed
    assert brings(shift, "doc", [act("crew-1-entry", "arrive")]) == ["in"]
    busy = crews(shift, car, "fay", status=409)
    assert "a home, or a visit changed" in busy
    # What was typed stays in the form
    assert 'value="Another crew"' in busy
    owners = {entry(shift, f"{one}-entry").owner.reference for one in people}
    assert owners == {"Practitioner/doc"}
    assert brings(shift, "doc", [act("crew-1-entry", "leave")]) == ["in"]
    # Nor before the crew was rung, who may be in a valley
    assert "have rung the crew" in crews(shift, car, "fay", rung="", status=422)
    assert crews(shift, car, "fay") == "followed"
    for nth, one in enumerate(people):
        found = entry(shift, f"{one}-entry")
        # Who was there writes what came of it
        who = "doc" if nth == 1 else "fay"
        assert found.owner.reference == f"Practitioner/{who}"
        [visit] = shift.program.search("Appointment", ("patient", one)).resources
        assert f"Practitioner/{who}" in json.dumps(visit["participant"])
    assert entry(shift, "crew-0-entry").state is State.ON_THE_WAY
    assert b"You have a visit here now" in _way_in(shift.of["fay"], "crew-2")


def test_with_another_crew_a_shift_ends_when_it_did(shift: Shift) -> None:
    car = car_of(shift, "doc")
    period = shift.program.get(f"CareTeam/{car}").json["period"]
    page = shift.of["lee"].get(f"/home-visits/cars/{car}")
    assert b'<option value="as-it-is" selected>As it is, until' in page
    assert crews(shift, car, "fay", hours="as-it-is") == "kept"
    after = shift.program.get(f"CareTeam/{car}").json
    assert after["period"] == period
    assert after["participant"][0]["member"]["reference"] == "Practitioner/fay"


def crews(shift: Shift, car: str, who: str, status: int = 303, **more: str) -> str:
    """Give a car to somebody else; what is said of it, or the page that says it."""
    stored = shift.program.get(f"CareTeam/{car}").json["meta"]["versionId"]
    fields = {"name": "Another crew", "area": "", "hours": "8", "second": ""}
    fields |= {"version": str(stored), "first": f"Practitioner/{who}", "rung": "yes"}
    with closing(Desk(shift.stack.port, shift.of["lee"].token)) as desk:
        said, to, page = desk.press(f"/home-visits/cars/{car}", fields | more)
    assert said == status, page[:2000]
    return to.partition("said=")[2] or page.decode()


def test_killed_while_a_crews_acts_come_in_each_is_written_once(shift: Shift) -> None:
    visits = [f"kill-{nth}" for nth in range(6)]
    car = car_of(shift, "doc")
    for nth, one in enumerate(visits):
        for content in at_home(one, ago=60, family=f"Killworth{nth}"):
            shift.program.put(content)
        assert send(shift, "lee", f"{one}-entry", car).endswith("send")
    acts = [
        act(f"{one}-entry", step, ago=40 - 5 * nth)
        for one in visits
        for nth, step in enumerate(ACTS)
    ]
    # And what was written there: a note, and what came of it
    acts += [wrote(f"{one}-entry", "note", "Rails are loose.") for one in visits]
    acts += [wrote(f"{one}-entry", "end", "Better.", "self-care") for one in visits]
    _brings_while_killed(shift, acts)
    said = brings(shift, "doc", acts)
    assert len(said) == len(acts)
    assert set(said) <= {"in", "in-before"}
    for one in visits:
        found = entry(shift, f"{one}-entry")
        mine = [it for it in found.did if it.act]
        assert [str(it.step) for it in mine] == [*ACTS, "note", "end"]
        assert [it.act for it in mine] == [
            it["id"] for it in acts if it["entry"] == f"{one}-entry"
        ]
        assert [it.at for it in mine] == sorted(it.at for it in mine)
        assert re.match("Without a signal", mine[0].words)
        [visit] = shift.program.search("Appointment", ("patient", one)).resources
        assert visit["status"] == "fulfilled"
        came_to = shift.program.search("ServiceRequest", ("patient", one)).resources
        assert len(came_to) == 2, "what the call came to, and what the visit did"


def _brings_while_killed(shift: Shift, acts: list[dict[str, str]]) -> None:
    is_over, killed = threading.Event(), list[int]()

    def kills() -> None:
        while not is_over.wait(0.4):
            victim = shift.stack.child("web")
            if victim:
                with suppress(ProcessLookupError):
                    os.kill(victim, signal.SIGKILL)
                    killed.append(victim)
            eventually(shift.stack.is_ready, shift.stack.log)

    killer = threading.Thread(target=kills)
    killer.start()
    # One more each time, as from valley to valley; then all, again and again
    for nth in range(1, len(acts) + 1):
        with suppress(ConnectionError, AssertionError):
            brings(shift, "doc", acts[:nth])
    while len(killed) < 2:
        with suppress(ConnectionError, AssertionError):
            brings(shift, "doc", acts)
    is_over.set()
    killer.join()
    eventually(shift.stack.is_ready, shift.stack.log)
