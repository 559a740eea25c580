# SPDX-License-Identifier: Apache-2.0
"""At each step of a call something dies: nothing is lost, doubled or stuck.

All steps are pressed at once, by three people, about fourteen patients; then one
process is killed at a point that is held, before what they pressed is stored or after.
Nobody had an answer. They press the same again, and are told that it is done.
"""

import asyncio
import re
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import timedelta
from typing import NamedTuple

import pytest

from support.call_steps import Act, Screens, national_index
from support.calls import SEE_OTHER, send
from support.clinic_site import row
from support.partners import found_clinic
from support.points import Point, kill_at
from support.prescribing import AMOXICILLIN
from support.served import LOST, Served, Visitor, eventually
from support.surgery import surgery
from support.two_sites import TwoSites
from support.visits import centre
from support.warden import RunningWarden
from support.wards import Worker, practitioner
from wardkeep.base.stored_id import stored_id
from wardkeep.disclosure.answers import Done, SessionView
from wardkeep.disclosure.questions import CheckSession, SetWork
from wardkeep.fhir.prescriptions.formulary import item_content
from wardkeep.fhir.urgent.disposition import SKILLS
from wardkeep.fhir.urgent.queueing import place_of

HOME = "north"
KILLS = (
    ("web", Point.BEFORE),
    ("web", Point.AFTER),
    ("database", Point.BEFORE),
    ("database", Point.AFTER),
    ("warden", Point.ASKED),
    ("warden", Point.BEFORE),
    ("warden", Point.AFTER),
    ("worker", Point.BEFORE),
    ("worker", Point.AFTER),
)
TAKERS = tuple(
    Worker("health_advisor", f"Taker {nth}", f"taker-{nth}")
    for nth, _ in enumerate(KILLS)
)
SHIFTS = 3
"""Nobody is here for so long that the door asks why: of what only one's own writing
explains, a clinician has ten people a day, and a shift lead five."""
CLINICIANS = tuple(
    Worker("urgent_care_clinician", f"Advice {nth}", f"ann-{nth}")
    for nth in range(SHIFTS)
)
LEADS = tuple(
    Worker("shift_lead", f"Leads {nth}", f"lee-{nth}") for nth in range(SHIFTS)
)
DOC = Worker("urgent_care_clinician", "Doc Drives", "doc")
ALONE = {"web": {"permission"}, "database": set[str]()}
"""Who takes along what was not stored; and what is one statement, which the database
that has it carries out although whoever sent it is dead."""
OK, AWAY = 200, 500
PATIENCE = 90.0
"""A message whose attempt died with the database is tried again after its lease, a
minute."""
_VERSION = "select coalesce(max(version), 0) as n from record.resource where id = $1"


class Room(NamedTuple):
    """Two organisations, and the sessions of one by practitioner."""

    sites: TwoSites
    tokens: dict[str, str]


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    folder = tmp_path_factory.mktemp("steps")
    with national_index() as index, surgery() as callers:
        running = Served(
            folder,
            WARDKEEP_WEB_WORKERS="1",
            WARDKEEP_DATABASE_CONNECTIONS="24",
            WARDKEEP_PDS=index,
            WARDKEEP_REPEAT_CALLERS=callers.origin,
        )
        try:
            running.await_ready()
            sites = TwoSites(running, folder)
            short = timedelta(minutes=3)
            found_clinic(sites.fernhill, soon=True, slots_of=short, many=12)
            here = f"{running.origin}/fhir", f"{running.origin}/oauth/token"
            sites.points_at(*here, more=("--books", "--validates"))
            people = (*TAKERS, *CLINICIANS, *LEADS, DOC)
            for one in (*centre(0), *map(practitioner, people)):
                sites.north.put(one)
            sites.north.put(item_content(AMOXICILLIN))
            tokens = {
                one.practitioner: running.sign_in(HOME, [], one.role) for one in people
            }
            asyncio.run(_work(running, tokens))
            yield Room(sites, tokens)
            sites.close()
        finally:
            running.stop()


async def _work(stack: Served, tokens: dict[str, str]) -> None:
    """Who they are; clinicians and shift leads work in every queue."""
    warden = RunningWarden(stack, None)  # type: ignore[arg-type]
    accounts: dict[str, str] = {}
    for name, token in tokens.items():
        seen = await warden.door.ask(CheckSession(token), SessionView)
        assert isinstance(seen, SessionView)
        accounts[name] = seen.account
    who = tuple((one, (f"Practitioner/{name}",)) for name, one in accounts.items())
    staff = tuple(accounts[one.practitioner] for one in (*CLINICIANS, *LEADS))
    teams = tuple((f"Queue {one}", (place_of(one),), staff) for one in SKILLS)
    assert await warden.operator.ask(SetWork(HOME, who, teams), Done) == Done()
    await warden.door.close()
    await warden.operator.close()


def stored(room: Room, acts: list[Act]) -> dict[str, int]:
    """Which version there is of what each act stores; none is 0."""
    stack = room.sites.stack
    return {act.path: row(stack, _VERSION, stored_id(act.stores))["n"] for act in acts}


def are_all_more(now: dict[str, int], before: dict[str, int]) -> bool:
    return all(now[one] > before[one] for one in before)


@pytest.mark.parametrize("nth", range(len(KILLS)), ids=lambda nth: "-".join(KILLS[nth]))
def test_whatever_dies_at_whichever_step_it_is_done_once(room: Room, nth: int) -> None:
    victim, point = KILLS[nth]
    stack, tokens = room.sites.stack, room.tokens
    room.sites.north.sign_in()
    room.sites.fernhill.sign_in()
    who = TAKERS[nth], CLINICIANS[nth % SHIFTS], LEADS[nth % SHIFTS]
    mine = [tokens[one.practitioner] for one in who]
    acts = Screens(room.sites, *mine).all(str(nth))
    before = stored(room, acts)
    kill_at(
        stack,
        victim,
        point,
        [lambda one=one: press(stack, one) for one in acts],  # type: ignore[misc]
        is_stored=lambda: are_all_more(stored(room, acts), before),
    )
    # The kill was where it says: all is stored there, or nothing is.
    if point is Point.AFTER:
        assert are_all_more(stored(room, acts), before)
    elif victim in ALONE:
        now = stored(room, acts)
        more = {act.name for act in acts if now[act.path] != before[act.path]}
        assert more <= ALONE[victim]
    wrong = [one for one in (presses_again(stack, act) for act in acts) if one]
    assert wrong == []
    assert untold(stack, acts) == []
    for program in (room.sites.north, room.sites.fernhill):
        program.sign_in()
    for act in acts:
        act.holds()


def press(stack: Served, act: Act) -> tuple[int, bytes, str]:
    with closing(Visitor(stack.port, act.token)) as visitor:
        return send(visitor, act.path, **act.form)


def presses_again(stack: Served, act: Act) -> str:
    """The same form, until somebody answers; what was wrong with the answer."""
    found: list[tuple[int, bytes, str]] = []

    def is_answered() -> bool:
        with suppress(*LOST):
            found.append(press(stack, act))
        return bool(found) and found[-1][0] < AWAY

    eventually(is_answered, stack.log)
    status, page, to = found[-1]
    is_done = status == (OK if act.answers else SEE_OTHER) and "changed" not in to
    if is_done and act.answers in page.decode():
        return ""
    return f"{act.path}: {status} {to} {page[-1500:].decode()}"


def untold(stack: Served, acts: list[Act]) -> list[str]:
    """Whose next page does not say that it is done, though they wait for it a while."""
    until = time.monotonic() + PATIENCE
    while True:
        wrong = [words for words in (_unsaid(stack, act) for act in acts) if words]
        if not wrong or time.monotonic() > until:
            return wrong
        time.sleep(0.3)


def _unsaid(stack: Served, act: Act) -> str:
    with closing(Visitor(stack.port, act.token)) as visitor:
        status, heads, page = visitor.look(act.shows)
    if status == OK and act.words in page.decode():
        return ""
    text = re.sub(r"<[^>]+>|\s+", " ", page.decode().partition("<main")[2])
    return f"{act.shows}: {status} {heads.get('location', '')} {text[:1500]}"
