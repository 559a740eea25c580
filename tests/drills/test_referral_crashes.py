# SPDX-License-Identifier: Apache-2.0
"""Referrals go on while processes are killed: none is lost, no step is taken twice."""

import asyncio
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from urllib.parse import urlencode

import pytest

from support.killing import kills
from support.referrals import HOME, MIND, load_teams, patient, program_of, referral
from support.served import Served, Visitor, eventually
from support.warden import RunningWarden
from wardkeep.assembly.database import WEB, address_for
from wardkeep.base.ids import OrganisationId
from wardkeep.db.connection import connect
from wardkeep.disclosure.answers import Done, SessionView
from wardkeep.disclosure.questions import CheckSession, SetWork

PEOPLE = 16
STEPS = ("accept", "allocate", "contact")
_SEE_OTHER = 303
_LISTED = """
select (select count(*) from referral.listed where state = 'seen') as seen,
       (select count(*) from referral.listed) as listed,
       (select count(*) from referral.episode where is_open) as places
"""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    running = Served(tmp_path_factory.mktemp("crash"), WARDKEEP_WEB_WORKERS="1")
    try:
        running.await_ready()
        running.found(HOME)
        keys = tmp_path_factory.mktemp("keys")
        with closing(program_of(running, keys)) as program:
            load_teams(program)
            for n in range(PEOPLE):
                program.put(patient(f"p-{n}", "Marsh"))
                program.put(referral(f"r-{n}", f"p-{n}"))
        yield running
    finally:
        running.process.send_signal(signal.SIGINT)
        running.process.wait(60)


async def in_the_team(stack: Served, token: str) -> None:
    warden = RunningWarden(stack, None)  # type: ignore[arg-type]
    seen = await warden.door.ask(CheckSession(token), SessionView)
    assert isinstance(seen, SessionView)
    who = ((seen.account, ("Practitioner/cora",)),)
    teams = (("Mind", (f"HealthcareService/{MIND}",), (seen.account,)),)
    assert await warden.operator.ask(SetWork(HOME, who, teams), Done) == Done()
    await warden.door.close()
    await warden.operator.close()


def test_each_step_is_there_once_however_often_processes_die(stack: Served) -> None:
    token = stack.sign_in(HOME, [], "care_coordinator")
    asyncio.run(in_the_team(stack, token))
    killed: list[str] = []
    is_over = threading.Event()
    killer = threading.Thread(target=kills, args=(stack, killed, is_over))
    killer.start()
    try:
        for n in range(PEOPLE):
            for version, step in enumerate(STEPS, start=1):
                takes(stack, token, n, step, version)
        while killer.is_alive():  # whoever pressed presses again
            takes(stack, token, PEOPLE - 1, STEPS[-1], len(STEPS))
    finally:
        is_over.set()
        killer.join()
    stack.await_ready()
    assert {"web", "warden", "database"} <= set(killed), killed
    found = asyncio.run(counts(stack))
    assert found == {"seen": PEOPLE, "listed": PEOPLE, "places": PEOPLE}
    with closing(Visitor(stack.port, token)) as visitor:
        for n in range(PEOPLE):
            page = visitor.get(f"/patients/p-{n}/referrals/r-{n}").decode()
            for words in ("Accepted<", "Allocated to", "Seen, the clock stopped"):
                assert page.count(words) == 1, (n, words)


def takes(stack: Served, token: str, n: int, step: str, version: int) -> None:
    """As somebody does it: press, and press the same form again until it is said."""
    sent = {"do": step, "version": str(version), "to": "Practitioner/cora"}
    body = urlencode(sent).encode()

    def is_done() -> bool:
        with suppress(OSError), closing(Visitor(stack.port, token)) as visitor:
            path = f"/patients/p-{n}/referrals/r-{n}"
            status, _ = visitor.ask("POST", path, body)
            time.sleep(0.1)
            return status == _SEE_OTHER
        return False

    eventually(is_done, stack.log)


async def counts(stack: Served) -> dict[str, int]:
    connection = await connect(address_for(stack.settings, stack.layout, WEB))
    try:
        await connection.serve(OrganisationId(1))
        row = await connection.fetch_row(_LISTED)
        assert row is not None
        return dict(row)
    finally:
        await connection.close()
