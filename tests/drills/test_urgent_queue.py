# SPDX-License-Identifier: Apache-2.0
"""Drills on urgent care's queues: a stolen session, races, what is done, kills.

The real processes over HTTP. Each test makes its own callers.
"""

import asyncio
import re
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

import pytest

from support.at_once import many_at_once
from support.killing import kills
from support.program import Program
from support.served import Served, eventually, served
from support.urgent import Desk, queue_places, whole_call
from support.ward_beds import now
from support.warden import RunningWarden
from support.wards import Worker, practitioner
from wardkeep.disclosure.answers import Done, SessionView
from wardkeep.disclosure.questions import CheckSession, SetWork
from wardkeep.fhir.urgent.queueing import Entry, entry_in, place_of
from wardkeep.fhir.urgent.steps import MOST_ATTEMPTS, State, Step

HOME = "fernhill"
CLINICIAN, LEADER = "urgent_care_clinician", "shift_lead"
ANN = Worker(CLINICIAN, "Ann Advice", "ann")
BEN = Worker(CLINICIAN, "Ben Both", "ben")
KIT = Worker(CLINICIAN, "Kit Teeth", "kit")
LEE = Worker(LEADER, "Lee Leads", "lee")
WORK = {
    "ann": ("clinician", "base"),
    "ben": ("clinician", "paediatric", "pharmacist"),
    "kit": ("dental", "palliative"),
    "lee": ("visit", "clinician", "mental-health"),
}
BOARD = "/urgent-queue"
MANY = 40
Json = dict[str, Any]


class Shift(NamedTuple):
    """A stack, three clinicians, the shift lead, and a program."""

    stack: Served
    program: Program
    ann: Desk
    ben: Desk
    kit: Desk
    lee: Desk


@pytest.fixture(scope="module")
def shift(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shift]:
    with served(tmp_path_factory.mktemp("queue"), WARDKEEP_WEB_WORKERS="2") as stack:
        stack.found(HOME)
        keys: Path = tmp_path_factory.mktemp("keys")
        people = (ANN, BEN, KIT, LEE)
        with closing(Program(stack, keys, organisation=HOME)) as program:
            for one in (*queue_places(), *map(practitioner, people)):
                program.put(one)
            tokens = [stack.sign_in(HOME, [], role=one.role) for one in people]
            asyncio.run(put_to_work(stack, dict(zip(WORK, tokens, strict=True))))
            visitors = [Desk(stack.port, token) for token in tokens]
            try:
                yield Shift(stack, program, *visitors)
            finally:
                for visitor in visitors:
                    visitor.close()


async def put_to_work(
    stack: Served, tokens: dict[str, str], more: tuple[tuple[str, str], ...] = ()
) -> None:
    """Say which practitioner each is, and which queues they work in.

    `more` are practitioners' ids and sessions of others, who work as Ben does.
    """
    warden = RunningWarden(stack, None)  # type: ignore[arg-type]
    accounts: dict[str, str] = {}
    for name, token in (*tokens.items(), *more):
        seen = await warden.door.ask(CheckSession(token), SessionView)
        assert isinstance(seen, SessionView)
        accounts[name] = seen.account
    who = [(one, (f"Practitioner/{name}",)) for name, one in accounts.items()]
    skills = sorted({skill for one in WORK.values() for skill in one})
    teams = tuple(
        (
            f"Queue {skill}",
            (place_of(skill),),
            tuple(
                one
                for name, one in accounts.items()
                if skill in WORK.get(name, ("pharmacist",))
            ),
        )
        for skill in skills
    )
    assert await warden.operator.ask(SetWork(HOME, tuple(who), teams), Done) == Done()
    await warden.door.close()
    await warden.operator.close()


def ring(
    shift: Shift,
    id_: str,
    code: str = "clinician-1h",
    *,
    ago: int = 5,
    family: str = "",
) -> str:
    """Somebody rang, and waits; the id of their entry."""
    given = now() - timedelta(minutes=ago)
    for one in whole_call(id_, code, given=given, family=family):
        shift.program.put(one)
    return f"{id_}-entry"


def entry(shift: Shift, id_: str) -> Entry:
    found = entry_in(shift.program.get(f"Task/{id_}").json)
    assert found is not None
    return found


def press(visitor: Desk, path: str, **fields: str) -> tuple[int, str, bytes]:
    """Status, where it leads, and the page."""
    return visitor.press(path, fields)


def version(shift: Shift, id_: str) -> str:
    return str(shift.program.get(f"Task/{id_}").json["meta"]["versionId"])


def do(shift: Shift, desk: Desk, id_: str, step: str, **fields: str) -> str:
    """Press a button as the page has it now; where it leads."""
    path = f"{BOARD}/cases/{id_}/{step}"
    status, to, page = press(desk, path, version=version(shift, id_), **fields)
    assert status == 303, page[:3000]
    return to


def empty(shift: Shift, *skills: str) -> None:
    """End what other tests left in these queues."""
    for one in shift.program.search("Task", ("status", "requested")).resources:
        found = entry_in(one)
        if found is not None and found.skill in skills:
            shift.program.put(one | {"status": "cancelled"})


def test_a_stolen_session_sees_no_name_on_a_board_and_no_case_of_others_skills(
    shift: Shift,
) -> None:
    id_ = ring(shift, "thief-1", "paediatric-1h", family="Strangelove")
    for path in (
        "",
        "/now",
        "?names=1",
        "?skill=paediatric",
        "/overdue",
        "/overdue/now",
    ):
        page = shift.kit.get(f"{BOARD}{path}")
        assert b"STRANGELOVE" not in page.upper(), path
    assert shift.kit.ask("GET", f"{BOARD}/shift")[0] == 403
    status, page = shift.kit.ask("GET", f"{BOARD}/cases/{id_}")
    assert status == 303, "a reason has to be typed first"
    assert b"STRANGELOVE" not in page
    before = version(shift, id_)
    for step in ("do/take", "do/assign", "do/pin", "do/comfort", "end", "undo"):
        status, _, page = press(
            shift.kit,
            f"{BOARD}/cases/{id_}/{step}",
            version=before,
            word="Mine",
            code="self-care",
            why="Mine",
            who="Practitioner/kit",
        )
        assert status in (303, 403, 404), (step, status)
        assert b"STRANGELOVE" not in page.upper()
    # Nor does naming a skill give it.
    assert press(shift.kit, f"{BOARD}/next", skill="paediatric")[1].endswith("no-skill")
    assert version(shift, id_) == before
    # The clinician of that queue opens it without a word.
    assert b"STRANGELOVE" in shift.ben.get(f"{BOARD}/cases/{id_}")


def test_the_next_case_is_the_first_due_and_a_second_press_takes_no_other(
    shift: Shift,
) -> None:
    empty(shift, "clinician", "base")
    late = ring(shift, "next-1", ago=58)
    ring(shift, "next-2", ago=10)
    _, to, _ = press(shift.ann, f"{BOARD}/next")
    assert to == f"{BOARD}/cases/{late}?said=took"
    assert press(shift.ann, f"{BOARD}/next")[1] == f"{BOARD}/cases/{late}?said=first"
    page = shift.ann.get(f"{BOARD}/cases/{late}")
    assert b"01632960123" in page
    assert b"Feels unwell" in page
    found = entry(shift, late)
    assert (found.owner.reference, found.state) == (
        "Practitioner/ann",
        State.RINGING_BACK,
    )
    # Her own stands on her board with the name, and on nobody else's.
    assert b"CALLERNEXT-1" in shift.ann.get(BOARD).upper()
    assert b"CALLERNEXT-1" not in shift.ben.get(BOARD).upper()
    assert do(shift, shift.ann, late, "do/reach").endswith("said=reach")
    assert do(shift, shift.ann, late, "end", code="self-care", why="Rest").endswith(
        "ended"
    )
    case = shift.program.get("Encounter/next-1-case").json
    assert case["status"] == "finished"
    assert case["period"]["end"]
    assert shift.program.get("ServiceRequest/next-1-outcome").json["status"] == (
        "completed"
    )


def test_a_shift_of_cases_from_the_queue_is_no_work_that_she_made_herself(
    shift: Shift,
) -> None:
    """Ten a day may be one's own work; what others queued is not (record 21)."""
    empty(shift, "base")
    for nth in range(12):
        id_ = ring(shift, f"many-{nth}", "base-2h", ago=30)
        _, to, page = press(shift.ann, f"{BOARD}/next", skill="base")
        assert to == f"{BOARD}/cases/{id_}?said=took", page[:2000]
        assert shift.ann.ask("GET", f"{BOARD}/cases/{id_}")[0] == 200, nth
        do(shift, shift.ann, id_, "do/reach")
        do(shift, shift.ann, id_, "end", code="self-care", why="Rest")


def test_nobody_answers_three_times_and_the_shift_lead_sends_a_welfare_visit(
    shift: Shift,
) -> None:
    id_ = ring(shift, "silent-1", "pharmacist-2h", ago=20)
    assert do(shift, shift.ben, id_, "do/take").endswith("took")
    said = [
        do(shift, shift.ben, id_, "do/no-answer", word=f"Rang out {nth}")
        for nth in range(MOST_ATTEMPTS)
    ]
    assert said[-1].endswith("escalated")
    assert entry(shift, id_).is_escalated
    assert b"For the shift lead" in shift.ben.get(f"{BOARD}/overdue")
    # It is no clinician's any more.
    path = f"{BOARD}/cases/{id_}/end"
    fields = {"version": version(shift, id_), "code": "self-care", "why": "Gone"}
    assert press(shift.ben, path, **fields)[1].endswith("not-yours")
    page = _as_lead(shift, id_)
    assert b"welfare visit" in page
    to = do(shift, shift.lee, id_, "end", code="visit-2h", why="Lives alone")
    assert to.endswith("moved")
    old = shift.program.get("ServiceRequest/silent-1-outcome").json
    assert old["status"] == "completed"
    tasks = shift.program.search("Task", ("patient", "silent-1")).resources
    follows = [found for one in tasks if (found := entry_in(one)) and found.is_open]
    assert [one.skill for one in follows] == ["visit"]
    came_to = shift.program.get(f"ServiceRequest/{follows[0].outcome}").json
    assert came_to["replaces"] == [{"reference": "ServiceRequest/silent-1-outcome"}]
    assert came_to["reasonCode"] == [{"text": "Downgraded: Lives alone"}]
    assert shift.program.get("Encounter/silent-1-case").json["status"] == "in-progress"


def _as_lead(shift: Shift, id_: str) -> bytes:
    """The case to the shift lead, who may have to say why first."""
    status, page = shift.lee.ask("GET", f"{BOARD}/cases/{id_}")
    if status == 303:
        patient = id_.removesuffix("-entry")
        fields = {"purpose": "direct-care", "reason": "Nobody answers, to be visited"}
        shift.lee.ask("POST", f"/patients/{patient}", urlencode(fields).encode())
        status, page = shift.lee.ask("GET", f"{BOARD}/cases/{id_}")
    assert status == 200, page[:2000]
    return page


def test_what_was_pressed_by_mistake_is_taken_back_and_twice_is_once(
    shift: Shift,
) -> None:
    id_ = ring(shift, "slip-1", "pharmacist-2h", ago=3)
    do(shift, shift.ben, id_, "do/take")
    fields = {"version": version(shift, id_), "word": "Voicemail"}
    path = f"{BOARD}/cases/{id_}/do/no-answer"
    for _ in range(2):  # the second is the same press, whose answer was lost
        assert press(shift.ben, path, **fields)[1].endswith("said=no-answer")
    assert entry(shift, id_).attempts == 1
    assert do(shift, shift.ben, id_, "undo").endswith("said=undo")
    found = entry(shift, id_)
    assert (found.attempts, found.state) == (0, State.RINGING_BACK)
    assert [one.step for one in found.did][-2:] == [Step.NO_ANSWER, Step.UNDO]
    # An old page does nothing.
    path = f"{BOARD}/cases/{id_}/do/hand-back"
    assert press(shift.ben, path, version="1", word="Old")[1].endswith("changed")
    # Without why it is not handed back, and the page says so beside the field.
    status, _, page = press(shift.ben, path, version=version(shift, id_), word="")
    assert status == 422
    assert b"hand it back is missing" in page
    to = do(shift, shift.ben, id_, "do/hand-back", word="End of my shift")
    assert to.endswith("handed-back")
    assert entry(shift, id_).state is State.NEW


def test_the_shift_lead_pins_with_a_reason_gives_and_sees_who_has_what(
    shift: Shift,
) -> None:
    empty(shift, "mental-health")
    ring(shift, "pin-1", "mental-health-1h", ago=50)
    id_ = ring(shift, "pin-2", "mental-health-6h", ago=1)
    assert press(shift.lee, f"{BOARD}/cases/{id_}/do/pin", version="1")[0] == 422
    do(shift, shift.lee, id_, "do/pin", word="Rang twice, sounds worse")
    _, to, _ = press(shift.lee, f"{BOARD}/next", skill="mental-health")
    assert to == f"{BOARD}/cases/{id_}?said=took"
    # Nobody is given a case of a skill that they have not; the lead may keep it.
    path, ann = f"{BOARD}/cases/{id_}/do/assign", "Practitioner/ann"
    refused = press(
        shift.lee, path, version=version(shift, id_), who="Practitioner/ann"
    )
    assert refused[0] == 422
    assert b"obody is chosen" in refused[2]
    assert f'value="{ann}"'.encode() not in refused[2]
    do(shift, shift.lee, id_, "do/hand-back", word="Not mine")
    do(shift, shift.lee, id_, "do/assign", who="Practitioner/lee")
    given = ring(shift, "give-1", "clinician-6h", ago=1)
    do(shift, shift.lee, given, "do/assign", who=ann, word="Please")
    assert entry(shift, given).owner.reference == ann
    page = shift.lee.get(f"{BOARD}/shift")
    assert b"Ann Advice" in page
    assert b"Mental health" in page
    # Whoever is given one opens it.
    assert shift.ann.ask("GET", f"{BOARD}/cases/{given}")[0] == 200
    do(shift, shift.ann, given, "do/reach")


def test_of_many_who_press_at_once_no_two_get_one_case(shift: Shift) -> None:
    empty(shift, "pharmacist")
    many = 10
    people = [Worker(CLINICIAN, f"Many {nth}", f"many-{nth}") for nth in range(many)]
    for one in people:
        shift.program.put(practitioner(one))
    tokens = [shift.stack.sign_in(HOME, [], role=CLINICIAN) for _ in people]
    first = dict(zip(WORK, _tokens(shift), strict=True))
    more = tuple((one.practitioner, it) for one, it in zip(people, tokens, strict=True))
    asyncio.run(put_to_work(shift.stack, first, more))
    cases = {
        ring(shift, f"press-{nth}", "pharmacist-2h", ago=nth) for nth in range(many)
    }

    def take(nth: int) -> list[str]:
        with closing(Desk(shift.stack.port, tokens[nth])) as visitor:
            found = []
            for _ in range(3):  # pressed thrice: no second case
                _, to, _ = press(visitor, f"{BOARD}/next", skill="pharmacist")
                found.append(to)
            return found

    got = many_at_once(many, take)
    shown = [re.findall(r"/cases/([^?]+)\?", " ".join(one)) for one in got]
    mine = [set(one) for one in shown]
    assert all(len(one) == 1 for one in mine), got
    assert set().union(*mine) == cases
    owners = {entry(shift, one).owner.reference for one in cases}
    assert len(owners) == many


def _tokens(shift: Shift) -> list[str]:
    return [one.token for one in (shift.ann, shift.ben, shift.kit, shift.lee)]


def test_whatever_is_killed_no_case_is_lost_or_had_twice(shift: Shift) -> None:
    empty(shift, "palliative")
    cases = [
        ring(shift, f"kill-{nth}", "palliative-1h", ago=nth) for nth in range(MANY)
    ]
    killed: list[str] = []
    is_over = threading.Event()

    def work(most: int) -> None:
        for _ in range(most):
            with (
                suppress(Exception),
                closing(Desk(shift.stack.port, shift.kit.token)) as kit,
            ):
                _, to, _ = press(kit, f"{BOARD}/next", skill="palliative")
                found = re.search(r"/cases/([^?]+)\?", to)
                if found:
                    do(shift, kit, found[1], "do/reach")

    killer = threading.Thread(target=kills, args=(shift.stack, killed, is_over))
    killer.start()
    while killer.is_alive():
        work(1)
    is_over.set()
    killer.join()
    eventually(shift.stack.is_ready, shift.stack.log)

    def all_taken() -> bool:
        with suppress(Exception):
            work(3)
            return all(
                entry(shift, one).owner.reference == "Practitioner/kit" for one in cases
            )
        return False

    eventually(all_taken, shift.stack.log)
    assert set(killed) == {"web", "database", "warden"}
    for one in cases:
        steps = [it.step for it in entry(shift, one).did]
        assert steps.count(Step.TAKE) == 1, steps
