# SPDX-License-Identifier: Apache-2.0
"""How calls with questions may end: by whom, below what, and what is said of it after.

That none is lost while processes die is `test_fifty_calls.py`.
"""

import asyncio
import re
from collections.abc import Iterator
from contextlib import closing
from html import unescape
from typing import Any, NamedTuple

import msgspec
import pytest

from support.calls import CALL, SEE_OTHER, Answered, send
from support.program import Program
from support.served import Served, Visitor, served
from support.triage import put_into_use
from support.warden import RunningWarden
from support.wards import Worker, patient, practitioner
from wardkeep.base.ids import new_uuid
from wardkeep.disclosure.answers import Done, SessionView
from wardkeep.disclosure.questions import CheckSession, SetWork
from wardkeep.fhir.triage.library import engine_of, shipped_content
from wardkeep.fhir.triage.record import WHY, disproved, stored_in

OK = 200
AT = "2026-11-29T22:00:00+00:00"
QUESTIONS = "adult-danger-signs"
CONTENT = shipped_content(QUESTIONS)
LOG_FIELD = re.compile(r'name="log"[^>]*>([^<]*)</textarea>')
COMPLAINT = "A quixotic pain"
Json = dict[str, Any]
TIM = Worker("health_advisor", "Tim Taker", "tim")
NINA = Worker("urgent_care_clinician", "Nina Nurse", "nina")


class Room(NamedTuple):
    """A stack, a call taker's session, and a program."""

    stack: Served
    token: str
    program: Program


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    with served(tmp_path_factory.mktemp("ends"), WARDKEEP_WEB_WORKERS="1") as stack:
        stack.found("fernhill")
        keys = tmp_path_factory.mktemp("keys")
        with closing(Program(stack, keys, organisation="fernhill")) as program:
            for one in (TIM, NINA):
                program.put(practitioner(one))
            folder = tmp_path_factory.mktemp("content")
            put_into_use(stack, folder, "fernhill", QUESTIONS)
            token = stack.sign_in("fernhill", [], role="health_advisor")
            asyncio.run(_who(stack, {token: TIM}))
            yield Room(stack, token, program)


async def _who(stack: Served, people: dict[str, Worker]) -> None:
    """By session, which practitioner of the record somebody is."""
    warden = RunningWarden(stack, None)  # type: ignore[arg-type]
    who: tuple[tuple[str, tuple[str, ...]], ...] = ()
    for token, one in people.items():
        seen = await warden.door.ask(CheckSession(token), SessionView)
        assert isinstance(seen, SessionView)
        who += ((seen.account, (f"Practitioner/{one.practitioner}",)),)
    assert await warden.operator.ask(SetWork("fernhill", who, ()), Done) == Done()
    await warden.door.close()
    await warden.operator.close()


def presses(room: Room, path: str, **fields: str) -> str:
    """Where it leads, once it is done."""
    with closing(Visitor(room.stack.port, room.token)) as visitor:
        status, page, to = send(visitor, path, **fields)
    assert status == SEE_OTHER, page[:2000]
    return to


def log_in(page: bytes) -> str:
    found = LOG_FIELD.search(page.decode())
    assert found is not None
    return unescape(found[1])


def triage_of(room: Room, call: Answered) -> Json:
    """The one of a call; a replay comes to it again."""
    about = ("patient", call.patient)
    found = room.program.search("QuestionnaireResponse", about).resources
    case = {"reference": f"Encounter/{call.case}"}
    [made] = [one for one in found if one.get("encounter") == case]
    stored = stored_in(msgspec.json.encode(made))
    assert stored is not None
    assert disproved(engine_of(CONTENT), stored) is None
    return made


def begun(room: Room, id_: str) -> Answered:
    """A call about somebody, before its first question."""
    room.program.put(patient(id_, id_.title()))
    to = presses(room, "/calls", which=new_uuid(), number="01632960999", new="yes")
    found = CALL.match(to)
    assert found is not None, to
    call = Answered(found[1], found[2])
    to = presses(room, f"{call.path}/identify", chosen=id_, complaint=COMPLAINT)
    _, _, patient_, _, case = to.split("/")
    return Answered(patient_, case)


def ends(room: Room, call: Answered, code: str, **more: str) -> tuple[int, str]:
    form = {"disposition": code, "said": "Agreed.", "advice": "Ring again."} | more
    with closing(Visitor(room.stack.port, room.token)) as visitor:
        status, page, _ = send(visitor, f"{call.path}/end", **form)
    return status, unescape(page.decode())


def test_an_advisor_neither_goes_below_a_red_flag_nor_sets_it_aside(
    room: Room,
) -> None:
    call, reason = begun(room, "red"), "It is not so, they say"
    log = f"{AT} | notBreathing | yes"
    status, page = ends(room, call, "clinician-now", log=log, why=reason)
    assert (status, "asks for Ambulance, category 1" in page) == (422, True)
    # Nor by a line of the log, as a clinician's form has it, nor by their button
    aside = f"{log}\n{AT} | set aside | notbreathing | {reason}"
    status, page = ends(room, call, "clinician-now", log=aside, why=reason)
    assert (status, "An answer does not fit" in page) == (422, True)
    press = {"press": "aside:notbreathing", "aside_0why": reason, "log": log}
    with closing(Visitor(room.stack.port, room.token)) as visitor:
        page_ = send(visitor, f"{call.path}/questions", **press)[1]
    assert b"Danger sign: Not breathing" in page_
    assert "set aside |" not in log_in(page_)
    assert ends(room, call, "ambulance-1", log=log)[0] == SEE_OTHER
    assert triage_of(room, call)["status"] == "completed"
    # Taken back in time, the answers are there, and the red flag with them
    again = presses(room, f"{call.path}/take-back")
    with closing(Visitor(room.stack.port, room.token)) as visitor:
        page_ = visitor.get(again)
    assert log_in(page_) == log
    assert b"Danger sign: Not breathing" in page_


def test_questions_that_were_not_asked_are_accounted_for(room: Room) -> None:
    call = begun(room, "skipped")
    status, page = ends(room, call, "information")
    assert (status, "were not asked to their end" in page) == (422, True)
    status, page = ends(room, call, "self-care", why="Only wants to know")
    assert (status, "obody here waits for it" in page) == (422, True)
    assert ends(room, call, "information", why="Only wants to know")[0] == SEE_OTHER
    made = triage_of(room, call)
    assert made["status"] == "stopped"
    assert {"url": WHY, "valueString": "Only wants to know"} in made["extension"]
    page = read_by_a_nurse(room, call)
    assert "The call ended before its questions did." in page
    assert "Only wants to know" in page


def test_whoever_takes_the_case_reads_what_was_asked_and_that_it_holds(
    room: Room,
) -> None:
    call = begun(room, "asked")
    log = f"{AT} | notBreathing | no\n{AT} | unresponsive | not-sure"
    assert ends(room, call, "ambulance-1", log=log)[0] == SEE_OTHER
    page = read_by_a_nurse(room, call)
    assert "the same answers come to the same result" in page
    assert "Are they not breathing, or only gasping? no" in page
    assert "Are they unconscious: can you not wake them? not sure" in page


def read_by_a_nurse(room: Room, call: Answered) -> str:
    """The page of a call's triage, for a clinician who has the case."""
    triage = triage_of(room, call)["id"]
    about = [call.patient]
    token = room.stack.sign_in("fernhill", about, role="urgent_care_clinician")
    with closing(Visitor(room.stack.port, token)) as nurse:
        page = nurse.get(f"/patients/{call.patient}/triage/{triage}")
    return unescape(page.decode())


def test_a_clinician_who_answers_sets_a_red_flag_aside_by_name(room: Room) -> None:
    call = begun(room, "aside")
    token = room.stack.sign_in("fernhill", ["aside"], role="urgent_care_clinician")
    asyncio.run(_who(room.stack, {room.token: TIM, token: NINA}))
    log, why = f"{AT} | notBreathing | yes", "Heard them speak in whole sentences"
    press = {"press": "aside:notbreathing", "aside_0why": why, "log": log}
    with closing(Visitor(room.stack.port, token)) as nurse:
        # Only whoever speaks with the caller answers for them.
        status, page, _ = send(nurse, f"{call.path}/questions", **press)
        assert (status, b"You do not have this call" in page) == (409, True)
        assert send(nurse, "/calls/go-on", case=call.case)[0] == SEE_OTHER
        _, page, _ = send(nurse, f"{call.path}/questions", **press)
        assert f"set aside | notbreathing | {why}" in log_in(page)
        assert b"Are they unconscious" in page or b"drifting off" in page


def test_a_stolen_session_learns_nothing_of_anybody_by_questions(room: Room) -> None:
    call = begun(room, "prey")
    token = room.stack.sign_in("fernhill", [], role="health_advisor")
    with closing(Visitor(room.stack.port, token)) as thief:
        for path in ("questions", "end"):
            status, page, _ = send(thief, f"{call.path}/{path}", press="no", log="")
            assert status != OK, path
            assert COMPLAINT.encode() not in page
        # What a key leads to is said without opening anybody
        status, told, _ = send(
            thief, f"{call.path}/questions/next", log="", of_0years="40"
        )
        assert status == OK
        assert b"gasping" in told
        for word in (COMPLAINT, "PREY", "Prey", "1950"):
            assert word.encode() not in told
    found = room.program.search("QuestionnaireResponse", ("patient", "prey"))
    assert found.resources == []
