# SPDX-License-Identifier: Apache-2.0
"""Drills on what goes out when a call has ended: killed on the way, and stolen.

The real processes over HTTP, and a surgery that loses answers. Time passes by the
database's owner: a quarter of an hour is not waited for.
"""

import asyncio
import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import urlencode

import pytest

from support.calls import SEE_OTHER, Answered, answer, identify, send
from support.journeys import patient
from support.killing import kills
from support.program import Program
from support.served import Served, Visitor, eventually, served
from support.surgery import Surgery, introduce, surgery
from support.urgent import queue_places
from support.wards import Worker, practitioner, work
from wardkeep.assembly.database import OWNER, address_for
from wardkeep.db.connection import connect
from wardkeep.fhir.post.repeat_calls import NO, YES, answer as says, withdrawn_in
from wardkeep.ledger.entry import decode
from wardkeep.ledger.onward import sent_to
from wardkeep.ledger.segment import Frame, read_frames, segments_in

HOME = "fernhill"
TIM = Worker("health_advisor", "Tim Taker", "tim")
ANN = Worker("urgent_care_clinician", "Ann Advice", "ann")
SURGERY = "Puddle Lane Surgery (ODS Y99999)"
TOLD, SILENT, WAITS = "own-surgery-24h", "pharmacy", "clinician-1h"
NUMBERS = iter(f"0770090{nth:04d}" for nth in range(2000, 9999))
KILBYS = tuple(f"Kilby{letter}" for letter in "abcde")
FAMILIES = (
    *(*KILBYS, "Pharmaby", "Waitby", "Thiefby", "Holdby", "Againby", "Strangeby"),
    "Thriceby",
)


class Room(NamedTuple):
    """A stack, a surgery, a call taker and a clinician."""

    stack: Served
    program: Program
    surgery: Surgery
    tim: Visitor
    ann: Visitor


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    folder = tmp_path_factory.mktemp("post")
    with (
        surgery() as there,
        served(
            folder, WARDKEEP_WEB_WORKERS="1", WARDKEEP_REPEAT_CALLERS=there.origin
        ) as stack,
    ):
        stack.found(HOME)
        introduce(stack, HOME, there, folder)
        with closing(Program(stack, folder, organisation=HOME)) as program:
            for one in (*queue_places(), *map(practitioner, (TIM, ANN))):
                program.put(one)
            for nth, family in enumerate(FAMILIES):
                # Nobody is like anybody else: they would be repeat callers.
                person = patient(family.lower())
                person["name"][0]["family"] = family
                person["birthDate"] = f"19{50 + nth}-02-03"
                del person["address"]
                program.put(person)
            tokens = [
                stack.sign_in(HOME, [], TIM.role),
                stack.sign_in(HOME, [one.lower() for one in FAMILIES], ANN.role),
            ]
            asyncio.run(work(stack, HOME, zip(tokens, (TIM, ANN), strict=True)))
            tim, ann = (Visitor(stack.port, token) for token in tokens)
            with closing(tim), closing(ann):
                yield Room(stack, program, there, tim, ann)


def begun(room: Room, family: str) -> Answered:
    """A call about somebody of Puddle Lane, answered by Tim."""
    call = answer(room.tim, next(NUMBERS))
    _, page, to = identify(room.tim, call, family.lower(), complaint="A sore knee")
    found = to.split("/")
    assert len(found) == 5, page[:2000]
    return Answered(found[2], found[4])


def ended(room: Room, family: str, code: str) -> Answered:
    """The same, and ended."""
    call = begun(room, family)
    room.tim.get(f"{call.path}/end")
    form = {"disposition": code, "said": "Agreed.", "advice": "Ring if worse."}
    status, page, _ = send(room.tim, f"{call.path}/end", **form)
    assert status == SEE_OTHER, page[:2000]
    return call


def passes(room: Room) -> None:
    """A quarter of an hour, for whatever waits to go to a surgery."""
    asyncio.run(_passes(room.stack))


async def _passes(stack: Served) -> None:
    connection = await connect(address_for(stack.settings, stack.layout, OWNER))
    try:
        await connection.execute(
            "select set_config('wardkeep.organisation', '1', false)"
        )
        await connection.execute(
            "update bars.outgoing set send_after = now() where kind = 'document'"
        )
        await connection.execute(
            "update jobs.job set run_after = now()"
            " where kind = 'send_message' and done_at is null and run_after > now()"
        )
    finally:
        await connection.close()


def path_of(call: Answered) -> str:
    return f"{call.path}/surgery"


def reads(visitor: Visitor, call: Answered, words: str) -> bool:
    with suppress(OSError):
        return words in visitor.get(path_of(call)).decode()
    return False


def test_killed_between_end_and_acknowledgement_each_is_told_once(room: Room) -> None:
    for family in KILBYS:
        ended(room, family, TOLD)
    assert room.surgery.documents_of("Kilby") == []
    killed: list[str] = []
    is_over = threading.Event()
    room.surgery.loses = 4
    killer = threading.Thread(target=kills, args=(room.stack, killed, is_over))
    passes(room)
    killer.start()
    try:
        for _ in range(12):
            with suppress(OSError):
                victim = room.stack.child("worker")
                if victim:
                    os.kill(victim, signal.SIGKILL)
                    killed.append("worker")
            time.sleep(0.5)
        killer.join(60)
    finally:
        is_over.set()
        killer.join()
    room.stack.await_ready()
    for family in KILBYS:
        # Once the surgery's, and once the repeat caller service's, each by itself
        for told in (room.surgery.documents_of, room.surgery.calls_of):
            eventually(
                lambda told=told, family=family: bool(told(family)),  # type: ignore[misc]
                room.stack.log,
            )
        assert len(room.surgery.documents_of(family)) == 1
        assert len(room.surgery.calls_of(family)) == 1
    assert {"web", "warden", "database", "worker"} <= set(killed), killed
    eventually(lambda: _all_marked(room), room.stack.log)
    for visitor in (room.tim, room.ann):
        visitor.get("/calls")
    # What was lost on the way was sent again, under the same name
    assert max(room.surgery.tries.values()) > 1
    _each_sending_is_an_opening_of_that_message_alone(room)


def _each_sending_is_an_opening_of_that_message_alone(room: Room) -> None:
    found = [
        decode(frame.entry)
        for _, path in segments_in(room.stack.layout.ledger)
        for frame in read_frames(path.read_bytes())
        if isinstance(frame, Frame)
    ]
    sendings = [one for one in found if one.request.startswith("send message")]
    assert len(sendings) >= 10
    assert {sent_to(one) for one in sendings} == {SURGERY, "the repeat caller service"}
    for one in sendings:
        assert one.role == "service"
        assert {type_ for type_, *_ in one.resources()} == {"Communication"}


def _all_marked(room: Room) -> bool:
    return asyncio.run(_unmarked(room.stack)) == 0


async def _unmarked(stack: Served) -> int:
    try:
        connection = await connect(address_for(stack.settings, stack.layout, OWNER))
    except OSError:
        return -1
    try:
        await connection.execute(
            "select set_config('wardkeep.organisation', '1', false)"
        )
        found = await connection.fetch_value(
            "select count(*) from bars.outgoing"
            " where sent_at is null and dropped_at is null"
        )
        return int(found)
    finally:
        await connection.close()


def test_of_the_never_send_list_nothing_goes_but_word_of_the_call(room: Room) -> None:
    call = ended(room, "Pharmaby", SILENT)
    passes(room)
    eventually(lambda: bool(room.surgery.calls_of("Pharmaby")), room.stack.log)
    [said] = room.surgery.calls_of("Pharmaby")
    text = str(said)
    assert "sore knee" not in text
    assert "Agreed" not in text
    assert room.surgery.documents_of("Pharmaby") == []
    assert b"surgeries are not told" in room.ann.get(path_of(call))


def test_while_it_waits_for_a_clinician_the_surgery_hears_nothing(room: Room) -> None:
    call = ended(room, "Waitby", WAITS)
    passes(room)
    assert reads(room.ann, call, "Nothing goes while the journey goes on.")
    eventually(lambda: bool(room.surgery.calls_of("Waitby")), room.stack.log)
    assert room.surgery.documents_of("Waitby") == []
    # Taken back and ended anew it was one call all the same
    status, page, _ = send(room.tim, f"{call.path}/take-back")
    assert status == SEE_OTHER, page[:2000]
    room.tim.get(f"{call.path}/end")
    form = {"disposition": TOLD, "said": "Agreed.", "advice": "Ring if worse."}
    assert send(room.tim, f"{call.path}/end", **form)[0] == SEE_OTHER
    passes(room)
    eventually(lambda: bool(room.surgery.documents_of("Waitby")), room.stack.log)
    assert len(room.surgery.calls_of("Waitby")) == 1


def test_a_call_takers_stolen_session_neither_reads_nor_holds(room: Room) -> None:
    call = ended(room, "Thiefby", TOLD)
    for method, path, form in (
        ("GET", path_of(call), {}),
        ("POST", f"{path_of(call)}/hold", {"why": "No."}),
        ("POST", f"{path_of(call)}/send", {"why": ""}),
        ("POST", f"{path_of(call)}/again", {"why": ""}),
        ("GET", "/surgery-messages", {}),
    ):
        status, page = room.tim.ask(method, path, urlencode(form).encode())
        assert status in (403, 404), (path, page[:500])
        assert b"sore knee" not in page
    assert b"What the surgery is told" not in room.tim.get(call.path)
    passes(room)
    eventually(lambda: bool(room.surgery.documents_of("Thiefby")), room.stack.log)


def test_what_a_clinician_holds_back_goes_when_somebody_sends_it(room: Room) -> None:
    call = ended(room, "Holdby", TOLD)
    assert reads(room.ann, call, "unless it is held back")
    status, page, _ = send(room.ann, f"{path_of(call)}/hold", why="")
    assert status == 422
    assert b"Enter why it is held back" in page
    status, page, _ = send(room.ann, f"{path_of(call)}/hold", why="Asks us not to.")
    assert status == SEE_OTHER, page[:2000]
    passes(room)
    assert reads(room.ann, call, "Held back")
    assert reads(room.ann, call, "Asks us not to.")
    listed = room.ann.get("/surgery-messages").decode()
    assert path_of(call) in listed
    assert "Holdby" not in listed
    assert room.surgery.documents_of("Holdby") == []
    assert send(room.ann, f"{path_of(call)}/send")[0] == SEE_OTHER
    eventually(lambda: reads(room.ann, call, "Acknowledged"), room.stack.log)
    [read] = room.surgery.documents_of("Holdby")
    assert read.sections[0].lines[0] == "A sore knee"
    # Sent again it is the same one; held back it is not any more
    assert send(room.ann, f"{path_of(call)}/again")[0] == SEE_OTHER
    eventually(
        lambda: (
            max(room.surgery.tries.values()) > 1
            and reads(room.ann, call, "Acknowledged")
        ),
        room.stack.log,
    )
    assert len(room.surgery.documents_of("Holdby")) == 1
    _, _, to = send(room.ann, f"{path_of(call)}/hold", why="Too late.")
    assert to.endswith("said=too-late")


def test_a_third_call_elsewhere_goes_to_a_clinician(room: Room) -> None:
    call = begun(room, "Againby")
    path = f"{call.path}/rang-before"
    # Where the service is slow the page goes on, and says to ask
    room.surgery.says = None
    before = time.monotonic()
    status, page, _ = send(room.tim, path)
    assert (status, time.monotonic() - before < 3.5) == (200, True)
    assert b"did not answer in time" in page
    assert b"Ask whether they rang" in room.tim.get(call.path)
    assert b"Care at home" in room.tim.get(f"{call.path}/end")
    # An answer that cannot be right is none
    room.surgery.says = says(YES, ())
    assert b"not-reached" in send(room.tim, path)[1]
    # A third call that others know of binds whoever answers
    room.surgery.says = says(
        YES, [datetime(2026, 11, 28, n, tzinfo=UTC) for n in (1, 2)]
    )
    assert send(room.tim, path, then="page")[0] == SEE_OTHER
    assert b"This call goes to a clinician at least" in room.tim.get(call.path)
    page = room.tim.get(f"{call.path}/end")
    assert b"Care at home" not in page
    assert b"by the repeat caller service" in page
    form = {"disposition": "self-care", "said": "Agreed.", "advice": "Ring again."}
    status, page, _ = send(room.tim, f"{call.path}/end", **form)
    assert status == 422
    room.surgery.says = says(NO, ())


def test_who_rang_here_before_is_not_asked_about_elsewhere(room: Room) -> None:
    """Then the page has neither the line nor the script that fills it."""
    for nth in range(3):
        page = room.tim.get(begun(room, "Thriceby").path)
        assert (b"Repeat caller</" in page) == (nth == 2)
        for part in (b"data-rang=", b"rang_before"):
            assert (part in page) == (nth < 2), (nth, part)


def test_a_call_that_was_about_somebody_else_is_forgotten_once(room: Room) -> None:
    call = ended(room, "Strangeby", TOLD)
    eventually(lambda: len(room.surgery.calls_of("Strangeby")) == 1, room.stack.log)
    page = room.tim.get(call.path).decode()
    assert "Told to the repeat caller service" in page
    path = f"{call.path}/somebody-else"
    # A stranger's session takes nothing out
    thief = room.stack.sign_in(HOME, ["strangeby"], TIM.role)
    with closing(Visitor(room.stack.port, thief)) as other:
        assert send(other, path)[0] == 403
    for _ in range(3):
        assert send(room.tim, path)[0] == SEE_OTHER
    eventually(lambda: len(_backs(room)) == 1, room.stack.log)
    [back] = _backs(room)
    assert "Strangeby" not in json.dumps(back)
    [first] = room.surgery.calls_of("Strangeby")
    assert withdrawn_in(back) == first["identifier"]["value"]
    assert "It was about somebody else" in room.tim.get(call.path).decode()


def _backs(room: Room) -> list[dict[str, Any]]:
    return [one for one in room.surgery.bundles.values() if withdrawn_in(one)]
