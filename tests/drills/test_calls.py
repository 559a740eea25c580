# SPDX-License-Identifier: Apache-2.0
"""Drills on calls: a stolen session, two call takers, a slow index, an earlier call.

The real processes over HTTP. Each test makes its own people.
"""

import asyncio
import http.server
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from support.calls import (
    SEE_OTHER,
    Answered,
    answer,
    cases,
    details,
    identify,
    send,
)
from support.house import free_port
from support.program import Program
from support.served import Served, Visitor, served
from support.ward_beds import now
from support.warden import RunningWarden
from support.wards import Worker, patient, practitioner, work
from wardkeep.assembly.database import OWNER, address_for
from wardkeep.base.ids import OrganisationId
from wardkeep.db.connection import connect
from wardkeep.disclosure.answers import Done, SessionView
from wardkeep.disclosure.questions import CheckSession, SetWork
from wardkeep.fhir.urgent.dispatching import UNDO_SECONDS
from wardkeep.identity.roles import REACH

HOME = "fernhill"
Json = dict[str, Any]
TIM = Worker("health_advisor", "Tim Taker", "tim")
UMA = Worker("health_advisor", "Uma Taker", "uma")
SLOW_SECONDS = 6.0
NUMBERS = iter(f"0770090{nth:04d}" for nth in range(1000, 9999))


class Room(NamedTuple):
    """A stack, two call takers, and a program."""

    stack: Served
    program: Program
    tim: Visitor
    uma: Visitor
    tim_token: str


class _Slow(http.server.BaseHTTPRequestHandler):
    """A national index that answers when nobody waits any more."""

    def do_GET(self) -> None:
        time.sleep(SLOW_SECONDS)
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Nothing is logged."""


@contextmanager
def slow_index() -> Iterator[str]:
    port = free_port()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), _Slow)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    folder = tmp_path_factory.mktemp("calls")
    with slow_index() as index, served(folder, WARDKEEP_PDS=index) as stack:
        stack.found(HOME)
        keys: Path = tmp_path_factory.mktemp("keys")
        with closing(Program(stack, keys, organisation=HOME)) as program:
            for one in (TIM, UMA):
                program.put(practitioner(one))
            tokens = [stack.sign_in(HOME, [], role="health_advisor") for _ in range(2)]
            asyncio.run(work(stack, HOME, zip(tokens, (TIM, UMA), strict=True)))
            tim, uma = (Visitor(stack.port, token) for token in tokens)
            with closing(tim), closing(uma):
                yield Room(stack, program, tim, uma, tokens[0])


def known(room: Room, id_: str, family: str, number: str) -> str:
    """Somebody who has a record here."""
    room.program.put(patient(id_, family, number))
    return id_


def end(visitor: Visitor, call: Answered, code: str) -> tuple[int, bytes, str]:
    page = visitor.get(f"{call.path}/end").decode()
    assert "What it comes to" in page
    form = {"disposition": code, "said": "Agreed.", "advice": "Ring again if worse."}
    return send(visitor, f"{call.path}/end", **form)


def moved(to: str) -> Answered:
    _, _, patient_, _, case = to.split("/")
    return Answered(patient_, case)


def test_a_call_becomes_somebodys_who_is_here_in_one_change(room: Room) -> None:
    known(room, "ivy", "Ivydale", "9990000069")
    call = answer(room.tim, next(NUMBERS))
    # Nobody is on a list by name before it is known who it is
    [before] = room.program.search("Patient", ("_id", call.patient)).resources
    assert "name" not in before
    form = details(room.tim, call) | {"family": "Ivydale", "given": "Ann"}
    status, page, _ = send(room.tim, f"{call.path}/look", **form)
    assert status == 200
    assert b"This is the patient" in page
    assert b"IVYDALE" in page
    status, page, to = identify(room.tim, call, "ivy", complaint="A sore throat")
    assert status == SEE_OTHER, page[:2000]
    there = moved(to)
    assert there.patient == "ivy"
    # Then the case is in her record, open, and what stood in its place says so
    [case] = cases(room.program, "ivy")
    assert (case["id"], case["status"]) == (there.case, "in-progress")
    assert case["reasonCode"] == [{"text": "A sore throat"}]
    assert cases(room.program, call.patient) == []
    [held] = room.program.search("Patient", ("_id", call.patient)).resources
    assert held["active"] is False
    assert held["link"][0]["other"] == {"reference": "Patient/ivy"}
    # And the first address leads there
    status, _, _ = room.tim.look(call.path)
    assert status == SEE_OTHER
    assert b"A sore throat" in room.tim.get(there.path)


def test_a_call_while_another_is_open_is_the_same_journey(room: Room) -> None:
    known(room, "heath", "Heathcote", "9990000107")
    first = answer(room.tim, next(NUMBERS))
    [held] = journeys(room, first.patient)
    assert (held["status"], held["period"].get("end")) == ("active", None)
    there = moved(identify(room.tim, first, "heath", complaint="A cough")[2])
    # What stood in its place is a mistake, and the journey begins where it belongs
    assert [one["status"] for one in journeys(room, first.patient)] == [
        "entered-in-error"
    ]
    [journey] = journeys(room, "heath")
    assert end(room.tim, there, "clinician-1h")[0] == SEE_OTHER
    # She rings again while the first waits, and another answers
    again = moved(identify(room.uma, answer(room.uma, next(NUMBERS)), "heath")[2])
    named = [one["episodeOfCare"] for one in cases(room.program, "heath")]
    assert named == [[{"reference": f"EpisodeOfCare/{journey['id']}"}]] * 2
    assert end(room.uma, again, "self-care")[0] == SEE_OTHER
    assert [one["status"] for one in journeys(room, "heath")] == ["active"]
    # A call of its own that is over at once ends its journey with it
    known(room, "moor", "Moorland", "9990000115")
    alone = moved(identify(room.tim, answer(room.tim, next(NUMBERS)), "moor")[2])
    assert end(room.tim, alone, "self-care")[0] == SEE_OTHER
    [over] = journeys(room, "moor")
    assert over["status"] == "finished"
    assert over["period"]["end"]


def journeys(room: Room, patient_: str) -> list[Json]:
    found = room.program.search("EpisodeOfCare", ("patient", patient_))
    return list(found.resources)


def test_identified_twice_it_is_one_case(room: Room) -> None:
    known(room, "oak", "Oakenfold", "9990000077")
    call = answer(room.tim, next(NUMBERS))
    form = details(room.tim, call) | {"chosen": "oak", "complaint": "A rash"}
    first = send(room.tim, f"{call.path}/identify", **form)
    second = send(room.tim, f"{call.path}/identify", **form)
    assert first[0] == SEE_OTHER
    assert second[0] == SEE_OTHER, second[1][:2000]
    assert len(cases(room.program, "oak")) == 1


def test_answered_twice_by_one_form_it_is_one_case(room: Room) -> None:
    which = "11111111-1111-4111-8111-111111111111"
    number = next(NUMBERS)
    first = answer(room.tim, number, which=which)
    assert answer(room.tim, number, which=which) == first


def test_nobody_found_is_an_unverified_patient(room: Room) -> None:
    call = answer(room.tim, next(NUMBERS))
    form = details(room.tim, call) | {
        "family": "Newcombe",
        "given": "Nell",
        "born-day": "3",
        "born-month": "4",
        "born-year": "1980",
        "nhs_number": "999 000 0190",
        "complaint": "Tooth",
        "who": "another",
        "caller": "Ned",
        "relation": "husband",
        "where": "At work",
    }
    status, page, to = send(room.tim, f"{call.path}/details", **form)
    assert (status, to) == (SEE_OTHER, call.path), page[:3000]
    [made] = room.program.search("Patient", ("_id", call.patient)).resources
    assert made["name"] == [
        {"use": "official", "family": "Newcombe", "given": ["Nell"]}
    ]
    assert "tag" not in made.get("meta", {})
    [number] = made["identifier"]
    code = number["extension"][0]["valueCodeableConcept"]["coding"][0]["code"]
    assert code == "02", "present but not traced"
    shown = room.tim.get(call.path).decode()
    assert "Ned (husband)" in shown
    assert "At work" in shown


def test_a_call_about_nobody_known_can_end(room: Room) -> None:
    call = answer(room.tim, next(NUMBERS))
    form = details(room.tim, call) | {"complaint": "Hung up crying"}
    assert send(room.tim, f"{call.path}/details", **form)[0] == SEE_OTHER
    assert b"not known who it is about" in room.tim.get(call.path)
    assert end(room.tim, call, "clinician-1h")[0] == SEE_OTHER


def test_a_call_ends_in_one_place_of_a_queue(room: Room) -> None:
    known(room, "elm", "Elmhurst", "9990000085")
    call = answer(room.tim, next(NUMBERS))
    _, _, to = identify(room.tim, call, "elm", complaint="Chest pain")
    there = moved(to)
    assert end(room.tim, there, "clinician-now")[0] == SEE_OTHER
    # Sent again it is refused, and nothing waits twice
    form = {"disposition": "clinician-now", "said": "Agreed.", "advice": "Ring."}
    assert send(room.tim, f"{there.path}/end", **form)[0] == 409
    found = room.program.search("Task", ("patient", "elm")).resources
    assert [one["status"] for one in found] == ["requested"]
    [request] = room.program.search("ServiceRequest", ("patient", "elm")).resources
    assert request["encounter"] == {"reference": f"Encounter/{there.case}"}
    page = room.tim.get(there.path).decode()
    assert "Speak to a clinician at once" in page
    assert "End the call</a>" not in page


def test_an_ambulance_is_stopped_by_whoever_asked_and_the_call_goes_on(
    room: Room,
) -> None:
    known(room, "kay", "Kaywood", "9990000107")
    _, _, to = identify(room.tim, answer(room.tim, next(NUMBERS)), "kay")
    there = moved(to)
    assert end(room.tim, there, "ambulance-2")[0] == SEE_OTHER
    assert "Stop: do not send it" in room.tim.get(there.path).decode()
    # A colleague who sends the same is asked why, and stops nothing
    asked = send(room.uma, f"{there.path}/take-back")[2]
    assert "again=yes" not in asked
    status, _, again = send(room.tim, f"{there.path}/take-back")
    assert (status, again) == (SEE_OTHER, f"{there.path}/end?again=yes")
    page = room.tim.get(again).decode()
    assert "nobody was sent" in page
    assert "Agreed.</textarea>" in page, "what was said is gone on with"
    # Sent twice it is one
    assert send(room.tim, f"{there.path}/take-back")[2] == again
    assert end(room.tim, there, "clinician-now")[0] == SEE_OTHER
    found = room.program.search("Task", ("patient", "kay")).resources
    assert sorted(one["status"] for one in found) == ["cancelled", "requested"]
    orders = room.program.search("ServiceRequest", ("patient", "kay")).resources
    assert sorted(one["status"] for one in orders) == ["active", "revoked"]
    assert _dispatched(room, "kay") == [(True, False)], "called off, and never sent"


def test_once_it_is_to_have_gone_nothing_is_taken_back(room: Room) -> None:
    known(room, "fay", "Fayrewood", "9990000115")
    _, _, to = identify(room.tim, answer(room.tim, next(NUMBERS)), "fay")
    there = moved(to)
    assert end(room.tim, there, "ambulance-1")[0] == SEE_OTHER
    time.sleep(UNDO_SECONDS + 1)
    page = room.tim.get(there.path).decode()
    assert "Stop: do not send it" not in page
    status, told, _ = send(room.tim, f"{there.path}/take-back")
    assert (status, b"too late to take this back" in told) == (409, True)
    [request] = room.program.search("ServiceRequest", ("patient", "fay")).resources
    assert request["status"] == "active"
    assert _dispatched(room, "fay") == [(False, False)]


def _dispatched(room: Room, patient_: str) -> list[tuple[bool, bool]]:
    """Whether each request about them was called off, and whether it was sent."""
    sql = (
        "select d.called_off_at is not null as off, d.sent_at is not null as sent"
        "  from urgent.dispatch as d join record.patient as p on p.number = d.patient"
        " where p.id = $1"
    )

    async def read() -> list[tuple[bool, bool]]:
        connection = await connect(
            address_for(room.stack.settings, room.stack.layout, OWNER)
        )
        try:
            await connection.serve(OrganisationId(1))
            rows = await connection.fetch(sql, patient_)
            return [(row["off"], row["sent"]) for row in rows]
        finally:
            await connection.close()

    return asyncio.run(read())


def test_whoever_is_cut_off_is_found_by_the_number(room: Room) -> None:
    known(room, "ash", "Ashgrove", "9990000093")
    number = next(NUMBERS)
    call = answer(room.tim, number)
    _, _, to = identify(room.tim, call, "ash", number=number, complaint="Dizzy")
    there = moved(to)
    # Rings again, however the number is typed, and another answers
    typed = f"{number[:5]} {number[5:]}"
    status, page, _ = send(room.uma, "/calls", which=there.case, number=typed)
    assert status == 200
    assert b"rang from this number just before" in page
    assert b"ASHGROVE" in page
    status, _, to = send(room.uma, "/calls/go-on", case=there.case)
    assert (status, to) == (SEE_OTHER, there.path)
    assert b"Dizzy" in room.uma.get(there.path)
    # And it is theirs now
    assert b"ASHGROVE" in room.uma.get("/calls")
    assert b"ASHGROVE" not in room.tim.get("/calls")


def test_two_call_takers_about_one_person_see_each_other(room: Room) -> None:
    known(room, "yew", "Yewdale", "9990000107")
    both = []
    for visitor in (room.tim, room.uma):
        call = answer(visitor, next(NUMBERS))
        _, _, to = identify(visitor, call, "yew", complaint="Fell")
        both.append((visitor, moved(to)))
    assert len(cases(room.program, "yew")) == 2
    for visitor, call in both:
        assert b"Another call about this person is open" in visitor.get(call.path)


def test_a_third_call_in_four_days_goes_to_a_clinician(room: Room) -> None:
    known(room, "fir", "Firbeck", "9990000115")
    for _ in range(2):
        call = answer(room.tim, next(NUMBERS))
        _, _, to = identify(room.tim, call, "fir", complaint="Cough")
        assert end(room.tim, moved(to), "self-care")[0] == SEE_OTHER
    call = answer(room.uma, next(NUMBERS))
    _, _, to = identify(room.uma, call, "fir", complaint="Cough, worse")
    third = moved(to)
    page = room.uma.get(third.path)
    assert b"Repeat caller" in page
    assert b"brother or sister" not in page, "it is one record"
    status, page, _ = end(room.uma, third, "self-care")
    assert status == 422
    assert b"rang twice before" in page
    assert end(room.uma, third, "clinician-2h")[0] == SEE_OTHER


def test_a_third_call_under_another_record_is_found_by_four_of_five(
    room: Room,
) -> None:
    typed = {
        "family": "Larchwood",
        "given": "Lena",
        "born-day": "9",
        "born-month": "9",
        "born-year": "1970",
        "gender": "female",
        "complaint": "Back pain",
    }
    last = None
    for _ in range(3):
        last = answer(room.tim, next(NUMBERS))
        form = details(room.tim, last) | typed
        assert send(room.tim, f"{last.path}/details", **form)[0] == SEE_OTHER
    assert last is not None
    page = room.tim.get(last.path)
    assert b"Repeat caller" in page
    # Twins have as much in common
    assert b"2 of them are in another record" in page
    assert b"It may be a brother or sister" in page
    # With three of the five the caller is asked
    asked = answer(room.tim, next(NUMBERS))
    form = details(room.tim, asked) | typed | {"gender": ""}
    assert send(room.tim, f"{asked.path}/details", **form)[0] == SEE_OTHER
    assert b"have you rung before" in room.tim.get(asked.path)


def test_danger_is_read_before_anything_else(room: Room) -> None:
    known(room, "box", "Boxgrove", "9990000123")
    flag = {
        "resourceType": "Flag",
        "id": "box-dog",
        "status": "active",
        "category": [
            {
                "coding": [
                    {
                        "system": "https://fhir.nhs.uk/CodeSystem/flag-categories-bars",
                        "code": "SS",
                    }
                ]
            }
        ],
        "code": {"text": "Loose dog in the yard"},
        "subject": {"reference": "Patient/box"},
    }
    room.program.put(flag)
    call = answer(room.tim, next(NUMBERS))
    _, _, to = identify(room.tim, call, "box", complaint="Bite")
    there = moved(to)
    page = room.tim.get(there.path).decode()
    assert "Read this before you go on" in page
    assert "Bite" not in page
    assert room.tim.look(f"{there.path}/end")[0] == SEE_OTHER
    marks = page.partition('name="marks" value="')[2].partition('"')[0]
    assert send(room.tim, f"{there.path}/read", marks=marks)[0] == SEE_OTHER
    assert "Bite" in room.tim.get(there.path).decode()
    # Changed since, it is read again
    room.program.put(flag | {"code": {"text": "Two loose dogs"}})
    assert "Two loose dogs" in room.tim.get(there.path).decode()
    assert "Read this before" in room.tim.get(there.path).decode()


def test_a_slow_national_index_holds_nothing_up(room: Room) -> None:
    call = answer(room.tim, next(NUMBERS))
    form = details(room.tim, call) | {
        "family": "Slowman",
        "born-day": "1",
        "born-month": "1",
        "born-year": "1990",
    }
    began = time.monotonic()
    assert send(room.tim, f"{call.path}/look", **form)[0] == 200
    looked = time.monotonic()
    status, told, _ = send(room.tim, f"{call.path}/trace", **form)
    traced = time.monotonic()
    assert status == 200
    assert b"not-reached" in told
    assert looked - began < 3.0
    assert traced - looked < SLOW_SECONDS - 1
    # It stays with the case
    form |= {"complaint": "Itch"}
    assert send(room.tim, f"{call.path}/details", **form)[0] == SEE_OTHER
    assert b"did not answer in time" in room.tim.get(call.path)


def test_what_the_index_says_follows_a_call_that_went_on_meanwhile(room: Room) -> None:
    known(room, "sue", "Suffield", "9990000174")
    call = answer(room.tim, next(NUMBERS))
    form = details(room.tim, call) | {"nhs_number": "9990000174", "complaint": "Cut"}
    asking = Visitor(room.stack.port, room.tim_token)
    told: list[bytes] = []
    slow = threading.Thread(
        target=lambda: told.append(send(asking, f"{call.path}/trace", **form)[1])
    )
    slow.start()
    time.sleep(0.4)
    status, page, to = send(
        room.tim, f"{call.path}/identify", **form | {"chosen": "sue"}
    )
    assert status == SEE_OTHER, page[:2000]
    assert b"Not asked" in room.tim.get(moved(to).path)
    slow.join()
    asking.close()
    assert b"not-reached" in told[0]
    assert b"did not answer in time" in room.tim.get(moved(to).path)


def test_a_stolen_session_reaches_no_further_by_answering_calls(
    room: Room,
) -> None:
    """It answers call after call and says that each is about somebody else's patient.

    Each is a reason that was given, and counts as one.
    """
    token = room.stack.sign_in(HOME, [], role="health_advisor")
    thief = Visitor(room.stack.port, token)
    _stolen(room, token)
    many = 60
    for nth in range(many):
        room.program.put(patient(f"prey-{nth}", f"Prey{nth:03d}", "9990000042"))
    reached, last = set(), b""
    for nth in range(many):
        form = {"which": f"22222222-2222-4222-8222-{nth:012d}", "number": "07700900999"}
        status, last, to = send(thief, "/calls", **form, new="yes")
        if status != SEE_OTHER:
            break
        _, _, patient_, _, case, _ = to.split("/")
        call = Answered(patient_, case)
        status, _, to = send(
            thief, f"{call.path}/identify", chosen=f"prey-{nth}", complaint="x"
        )
        if status == SEE_OTHER and "/calls/" in to:
            reached.add(nth)
    thief.close()
    # As many as any session reaches before the passkey is asked for; then it is frozen
    assert 0 < len(reached) <= REACH
    assert b"Your account is frozen" in last


def _stolen(room: Room, token: str) -> None:
    async def say() -> None:
        warden = RunningWarden(room.stack, None)  # type: ignore[arg-type]
        seen = await warden.door.ask(CheckSession(token), SessionView)
        assert isinstance(seen, SessionView)
        who = ((seen.account, ("Practitioner/vic",)),)
        await warden.operator.ask(SetWork(HOME, who, ()), Done)
        await warden.door.close()
        await warden.operator.close()

    room.program.put(practitioner(Worker("health_advisor", "Vic Taker", "vic")))
    asyncio.run(say())


def test_nobody_reads_a_colleagues_call_by_its_address(room: Room) -> None:
    known(room, "bay", "Bayliss", "9990000131")
    call = answer(room.tim, next(NUMBERS))
    _, _, to = identify(room.tim, call, "bay", complaint="Secret words")
    there = moved(to)
    _, page = room.uma.ask("GET", there.path)
    assert b"Secret words" not in page
    # Nor by naming it under another patient
    known(room, "bee", "Beeston", "9990000158")
    status, page = room.tim.ask("GET", f"/patients/bee/calls/{there.case}")
    assert status == 404
    assert b"Secret words" not in page


def test_whoever_may_open_the_record_writes_nothing_into_a_colleagues_call(
    room: Room,
) -> None:
    """Neither what the caller says nor an end: that is whoever speaks with them."""
    known(room, "cay", "Cayley", "9990000174")
    call = answer(room.tim, next(NUMBERS))
    _, _, to = identify(room.tim, call, "cay", complaint="As it was said")
    there = moved(to)
    before = room.program.get(f"Encounter/{there.case}").json
    token = room.stack.sign_in("fernhill", ["cay"], "urgent_care_clinician")
    with closing(Visitor(room.stack.port, token)) as ann:
        page = ann.get(there.path)
        assert b"has this call" in page
        assert f"{there.path}/details".encode() not in page
        said = {"number": "01632960999", "complaint": "Other words", "chosen": "else"}
        for below in ("details", "look", "identify"):
            status, _, _ = send(ann, f"{there.path}/{below}", **said)
            assert status == 409, below
        ended = {"disposition": "self-care", "said": "No.", "advice": "No."}
        assert send(ann, f"{there.path}/end", **ended)[0] == 409
        assert ann.ask("GET", f"{there.path}/details")[0] == 409
    assert room.program.get(f"Encounter/{there.case}").json == before


def test_calls_of_the_last_days_are_told_from_older_ones(room: Room) -> None:
    known(room, "meg", "Megson", "9990000166")
    for nth, hours in enumerate((97, 98, 95)):
        began = now().timestamp() - hours * 3600
        room.program.put(_case(f"meg-{nth}", "meg", began))
    call = answer(room.tim, next(NUMBERS))
    _, _, to = identify(room.tim, call, "meg", complaint="Cough")
    assert b"Repeat caller" not in room.tim.get(moved(to).path)
    began = now().timestamp() - 2 * 3600
    room.program.put(_case("meg-9", "meg", began))
    assert b"Repeat caller" in room.tim.get(moved(to).path)


def _case(id_: str, patient_: str, began: float) -> dict[str, object]:
    return {
        "resourceType": "Encounter",
        "id": id_,
        "status": "finished",
        "class": {"code": "VR"},
        "type": [{"coding": [{"system": "urn:wardkeep:case", "code": "call"}]}],
        "subject": {"reference": f"Patient/{patient_}"},
        "period": {"start": datetime.fromtimestamp(began, UTC).isoformat()},
    }
