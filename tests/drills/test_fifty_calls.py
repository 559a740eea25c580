# SPDX-License-Identifier: Apache-2.0
"""Fifty calls while web, warden and database die: none is lost, doubled or stuck.

Whoever works presses, and presses again until it is said. Calls are answered, go on in
records that are here or begin new ones, some are cut off and gone on with, questions
are asked, and they end in queues, and are taken, rung and ended by others. What each
was told is held against the database, row by row, both ways.
"""

import asyncio
import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from typing import NamedTuple

import msgspec
import pytest

from support.killing import kills
from support.program import Program
from support.served import Served, served
from support.triage import put_into_use
from support.urgent import caller, queue_places
from support.urgent_book import Book, Call, found_in, reckon
from support.urgent_shift import (
    BOARD,
    OVER,
    Chances,
    Ring,
    Seat,
    Times,
    TroubleError,
    Ways,
    Work,
    answer_call,
    clinician_turn,
    questions_of,
    read_until,
    take_next,
)
from support.warden import RunningWarden
from support.wards import Worker, practitioner
from wardkeep.assembly.demo.chance import Chance
from wardkeep.disclosure.answers import Done, SessionView
from wardkeep.disclosure.questions import CheckSession, SetWork
from wardkeep.fhir.triage.library import engine_of, shipped_content
from wardkeep.fhir.triage.record import DECIDED, disproved, stored_in
from wardkeep.fhir.urgent.disposition import SKILLS
from wardkeep.fhir.urgent.queueing import place_of

HOME = "fernhill"
CALLS, PEOPLE, AMBULANCE = 50, 25, "ambulance"
QUESTIONS, CUT_OFF = "adult-danger-signs", (1, 7, 26, 33)
COMES_TO = ("clinician-1h", "self-care", "base-2h", "clinician-2h", "dental-2h")
LEAD = Worker("shift_lead", "Lee Lead", "lead")
DESK = Worker("urgent_care_clinician", "Dora Desk", "desk")
TAKERS = tuple(
    Worker("health_advisor", f"Taker {nth}", f"taker-{nth}") for nth in range(5)
)
CLINICIANS = tuple(
    Worker("urgent_care_clinician", f"Advice {nth}", f"advice-{nth}")
    for nth in range(4)
)
EVERYBODY = (*TAKERS, *CLINICIANS, DESK, LEAD)
OFTEN = Chances(comfort=20, no_answer=30, never_answers=8, hand_back=15, moves_on=15)


class Room(NamedTuple):
    """A stack, everybody's sessions by practitioner, and a program."""

    stack: Served
    tokens: dict[str, str]
    program: Program


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    settings = {"WARDKEEP_WEB_WORKERS": "1", "WARDKEEP_DEMO": "yes"}
    with served(tmp_path_factory.mktemp("crash"), **settings) as stack:
        stack.found(HOME)
        keys = tmp_path_factory.mktemp("keys")
        with closing(Program(stack, keys, organisation=HOME)) as program:
            people = [caller(f"p-{nth}", f"Person{nth:02d}") for nth in range(PEOPLE)]
            for one in (*queue_places(), *map(practitioner, EVERYBODY), *people):
                program.put(one)
            tokens = {
                one.practitioner: stack.sign_in(HOME, [], role=one.role)
                for one in EVERYBODY
            }
            asyncio.run(_work(stack, tokens))
            put_into_use(stack, tmp_path_factory.mktemp("content"), HOME, QUESTIONS)
            yield Room(stack, tokens, program)


async def _work(stack: Served, tokens: dict[str, str]) -> None:
    warden = RunningWarden(stack, None)  # type: ignore[arg-type]
    accounts: dict[str, str] = {}
    for name, token in tokens.items():
        seen = await warden.door.ask(CheckSession(token), SessionView)
        assert isinstance(seen, SessionView)
        accounts[name] = seen.account
    who = tuple((one, (f"Practitioner/{name}",)) for name, one in accounts.items())
    advice = [accounts[one.practitioner] for one in CLINICIANS]
    desk, lead = accounts["desk"], accounts["lead"]
    teams = tuple(
        (
            f"Queue {skill}",
            (place_of(skill),),
            (lead, desk) if skill == AMBULANCE else (lead, *advice),
        )
        for skill in SKILLS
    )
    assert await warden.operator.ask(SetWork(HOME, who, teams), Done) == Done()
    await warden.door.close()
    await warden.operator.close()


class Shift:
    """Everybody at work at once, until nobody rings and nobody waits."""

    def __init__(self, room: Room) -> None:
        self._room, self.book, self.times = room, Book(), Times()
        self._rings: queue.Queue[Ring] = queue.Queue()
        self._escalated: queue.Queue[str] = queue.Queue()
        self.is_over = threading.Event()
        self._threads: list[threading.Thread] = []
        for nth in range(CALLS):
            here = nth < PEOPLE
            came_to = "ambulance-2" if nth in (3, 30) else COMES_TO[nth % len(COMES_TO)]
            family = f"Person{nth:02d}" if here else f"New{nth}"
            number, who = f"0163296{nth:04d}", f"p-{nth}" if here else ""
            is_cut_off = nth in CUT_OFF
            self._rings.put(Ring(number, who, family, came_to, is_cut_off=is_cut_off))
        token = room.tokens[TAKERS[0].practitioner]
        with closing(Seat(room.stack.port, token, book=Book(), times=Times())) as seat:
            asked = questions_of(seat, "/patients/nobody/calls/none")
        assert asked
        self._ways = Ways(questions=asked)

    def begin(self) -> None:
        """Everybody, each in a thread of their own."""
        for one in EVERYBODY:
            if one in TAKERS:
                self._starts(one, self._answers)
            elif one in CLINICIANS:
                self._starts(one, self._advises)
            else:
                self._starts(one, self._asks if one == DESK else self._leads)

    def _starts(self, who: Worker, work: Callable[[Seat, Chance], None]) -> None:
        thread = threading.Thread(target=self._works, args=(who, work))
        thread.start()
        self._threads.append(thread)

    def _works(self, who: Worker, work: Callable[[Seat, Chance], None]) -> None:
        name = who.practitioner
        chance, port = Chance("crashes", name), self._room.stack.port
        token = self._room.tokens[name]
        with closing(Seat(port, token, book=self.book, times=self.times)) as seat:
            while not self.is_over.is_set():
                try:
                    work(seat, chance)
                except TroubleError as trouble:
                    self.book.trouble(f"{name}: {trouble.args}")
                    return

    def _answers(self, seat: Seat, _chance: Chance) -> None:
        with suppress(queue.Empty):
            ring = self._rings.get(timeout=0.2)
            call = answer_call(seat, ring, talk=lambda: None, ways=self._ways)
            if ring.is_cut_off:
                self._rings.put(ring._replace(is_cut_off=False, goes_on=call))

    def _advises(self, seat: Seat, chance: Chance) -> None:
        entry = clinician_turn(seat, chance, consult=lambda: None, of=OFTEN)
        if entry and self.book.places[entry].is_escalated:
            self._escalated.put(entry)
        if not entry:
            self.is_over.wait(0.4)

    def _asks(self, seat: Seat, _chance: Chance) -> None:
        entry = take_next(seat, AMBULANCE)
        if not entry:
            self.is_over.wait(0.4)
            return
        is_told = read_until(
            seat, f"{BOARD}/cases/{entry}", b"Acknowledged: DEMO-", seconds=60
        )
        if not is_told:
            raise TroubleError("nobody acknowledged", entry)
        Work(seat, entry).does("reach")
        Work(seat, entry).ends(OVER)

    def _leads(self, seat: Seat, _chance: Chance) -> None:
        with suppress(queue.Empty):
            entry = self._escalated.get(timeout=0.2)
            Work(seat, entry).ends("not-reached", "Seen by a neighbour, is well")

    def is_anybody_left(self) -> bool:
        if self.book.troubles:
            return False
        ended = sum(bool(one.disposition) for one in self.book.calls)
        if ended < CALLS or any(one.is_open for one in self.book.places.values()):
            return True
        found = asyncio.run(found_in(self._room.stack))
        return any(row["is_open"] for row in found.entries.values())

    def close(self) -> None:
        self.is_over.set()
        for one in self._threads:
            one.join(100)


def decided_in(room: Room, call: Call) -> str:
    """By the one triage of a call, whose questions were asked to their end."""
    about = ("patient", call.patient)
    found = room.program.search("QuestionnaireResponse", about).resources
    case = {"reference": f"Encounter/{call.case}"}
    [made] = [one for one in found if one.get("encounter") == case]
    stored = stored_in(msgspec.json.encode(made))
    assert stored is not None
    assert disproved(engine_of(shipped_content(QUESTIONS)), stored) is None
    assert made["status"] == "completed"
    said = [one for one in made["extension"] if one["url"] == DECIDED]
    return str(said[0]["valueCoding"]["code"])


def test_of_fifty_calls_none_is_lost_doubled_or_stuck(room: Room) -> None:
    shift, killed = Shift(room), list[str]()
    killer = threading.Thread(
        target=kills, args=(room.stack, killed, shift.is_over), kwargs={"rounds": 1}
    )
    shift.begin()
    killer.start()
    try:
        killer.join()
        until = time.monotonic() + 90
        while shift.is_anybody_left() and time.monotonic() < until:
            time.sleep(0.3)
    finally:
        shift.close()
    assert {"web", "warden", "database"} <= set(killed), killed
    found = asyncio.run(found_in(room.stack))
    assert reckon(shift.book, found) == []
    assert len(shift.book.calls) == CALLS
    assert len(shift.times.of["go on with a call"]) <= len(CUT_OFF)
    # Whatever was killed, each said what was typed, and what was asked comes again to
    # the same.
    here = [one for one in shift.book.calls if one.patient.startswith("p-")]
    assert len(here) == PEOPLE
    for call in here[:10]:
        case = room.program.get(f"Encounter/{call.case}").json
        number = call.patient.removeprefix("p-").rjust(4, "0")
        assert case["reasonCode"] == [{"text": f"Feels unwell, 0163296{number}"}]
        assert decided_in(room, call) == call.disposition
    # And the reckoning sees what is missing, had twice, or not done.
    lost = shift.book.calls.pop()
    assert any(lost.case in line for line in reckon(shift.book, found))
    shift.book.calls.append(lost)
    entry = next(iter(found.entries))
    shift.book.took[entry] += 1
    assert reckon(shift.book, found) == [
        f"lost or doubled: {entry} was taken 2, ended 1 times"
    ]
