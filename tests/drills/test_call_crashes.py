# SPDX-License-Identifier: Apache-2.0
"""Calls while web, warden and database are killed: none is lost, none is there twice.

Whoever answers presses, and presses again until it is said. Each call is answered, goes
on in a record that is here, and ends in a queue.
"""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from typing import NamedTuple

import pytest

from support.calls import CALL, SEE_OTHER, Answered, cases, send
from support.killing import kills
from support.program import Program
from support.served import LOST, Served, Visitor, eventually
from support.warden import RunningWarden
from support.wards import Worker, patient, practitioner
from wardkeep.base.ids import new_uuid
from wardkeep.disclosure.answers import Done, SessionView
from wardkeep.disclosure.questions import CheckSession, SetWork

CALLS = 12
TIM = Worker("health_advisor", "Tim Taker", "tim")


class Room(NamedTuple):
    """A stack, a call taker's session, and a program."""

    stack: Served
    token: str
    program: Program


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    stack = Served(tmp_path_factory.mktemp("crash"), WARDKEEP_WEB_WORKERS="1")
    try:
        stack.await_ready()
        stack.found("fernhill")
        keys = tmp_path_factory.mktemp("keys")
        with closing(Program(stack, keys, organisation="fernhill")) as program:
            program.put(practitioner(TIM))
            for nth in range(CALLS):
                program.put(patient(f"p-{nth}", f"Person{nth}"))
            token = stack.sign_in("fernhill", [], role="health_advisor")
            asyncio.run(_who(stack, token))
            yield Room(stack, token, program)
    finally:
        stack.stop()


async def _who(stack: Served, token: str) -> None:
    warden = RunningWarden(stack, None)  # type: ignore[arg-type]
    seen = await warden.door.ask(CheckSession(token), SessionView)
    assert isinstance(seen, SessionView)
    who = ((seen.account, (f"Practitioner/{TIM.practitioner}",)),)
    assert await warden.operator.ask(SetWork("fernhill", who, ()), Done) == Done()
    await warden.door.close()
    await warden.operator.close()


def presses(room: Room, path: str, **fields: str) -> str:
    """Until it is said to be done: where it leads."""
    led: list[str] = []

    def is_done() -> bool:
        with suppress(*LOST), closing(Visitor(room.stack.port, room.token)) as visitor:
            status, page, to = send(visitor, path, **fields)
            time.sleep(0.05)
            # It was done before, and the answer was lost on its way.
            if status == SEE_OTHER or b"This call has ended" in page:
                led.append(to)
                return True
        return False

    eventually(is_done, room.stack.log)
    return led[-1]


def answers(room: Room, nth: int) -> Answered:
    """One call, from the number to its end."""
    number = f"0163296{nth:04d}"
    to = presses(room, "/calls", which=new_uuid(), number=number, new="yes")
    found = CALL.match(to)
    assert found is not None, to
    call = Answered(found[1], found[2])
    said = {"number": number, "complaint": f"Matter {nth}", "chosen": f"p-{nth}"}
    to = presses(room, f"{call.path}/identify", **said)
    _, _, patient_, _, case = to.split("/")
    there = Answered(patient_, case)
    ended = {"disposition": "clinician-1h", "said": "Yes.", "advice": "Ring again."}
    presses(room, f"{there.path}/end", **ended)
    return there


def test_no_call_is_lost_and_none_is_twice_there(room: Room) -> None:
    killed: list[str] = []
    is_over = threading.Event()
    killer = threading.Thread(target=kills, args=(room.stack, killed, is_over))
    killer.start()
    try:
        calls = [answers(room, nth) for nth in range(CALLS)]
        while killer.is_alive():  # whoever pressed presses again
            again = {"disposition": "self-care", "said": "No.", "advice": "No."}
            presses(room, f"{calls[-1].path}/end", **again)
    finally:
        is_over.set()
        killer.join()
    room.stack.await_ready()
    assert {"web", "warden", "database"} <= set(killed), killed
    for nth, call in enumerate(calls):
        [case] = cases(room.program, f"p-{nth}")
        assert case["id"] == call.case
        assert case["reasonCode"] == [{"text": f"Matter {nth}"}]
        waiting = room.program.search("Task", ("patient", f"p-{nth}")).resources
        assert [one["status"] for one in waiting] == ["requested"]
        came_to = room.program.search("ServiceRequest", ("patient", f"p-{nth}"))
        assert len(came_to.resources) == 1
