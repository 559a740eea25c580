# SPDX-License-Identifier: Apache-2.0
"""A desk goes on while processes are killed: nobody is lost, nobody is there twice."""

import asyncio
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress

import pytest

from support.clinics import PLACE
from support.killing import kills
from support.program import Program
from support.served import Served, Visitor, eventually
from wardkeep.assembly.database import WEB, address_for
from wardkeep.base.clock import LONDON, SystemClock
from wardkeep.base.ids import OrganisationId
from wardkeep.db.connection import connect
from wardkeep.fhir.clinics.resources import appointment

PEOPLE = 24
_SEE_OTHER = 303
_COUNTS = """
select (select count(*) from clinic.entry where status = 'waiting') as waiting,
       (select count(distinct appointment) from clinic.entry) as people,
       (select count(*) from clinic.step) as steps,
       (select count(*) from clinic.booking where status = 'checked-in') as arrived
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    running = Served(tmp_path_factory.mktemp("crash"), WARDKEEP_WEB_WORKERS="1")
    try:
        running.await_ready()
        running.found("fernhill")
        keys = tmp_path_factory.mktemp("keys")
        with closing(Program(running, keys, organisation="fernhill")) as program:
            program.put(
                {"resourceType": "Location", "id": PLACE, "name": "Heart clinic"}
            )
            for n in range(PEOPLE):
                for one in person(n):
                    program.put(one)
        yield running
    finally:
        running.process.send_signal(signal.SIGINT)
        running.process.wait(60)


def person(n: int) -> Iterator[dict[str, object]]:
    now = SystemClock().now().astimezone(LONDON)
    yield {"resourceType": "Patient", "id": f"p-{n}", "name": [{"family": "Marsh"}]}
    yield appointment(
        id_=f"a-{n}",
        patient=f"p-{n}",
        place=PLACE,
        starts=now,
        ends=now,
        words="Heart clinic",
        made=now,
    )


def test_a_desk_goes_on_while_each_process_is_killed(served: Served) -> None:
    patients = [f"p-{n}" for n in range(PEOPLE)]
    token = served.sign_in("fernhill", patients, "receptionist")
    killed: list[str] = []
    is_over = threading.Event()
    killer = threading.Thread(target=kills, args=(served, killed, is_over))
    killer.start()
    try:
        for n in range(PEOPLE):
            checks_in(served, token, f"a-{n}")
        while killer.is_alive():  # whoever pressed presses again
            checks_in(served, token, f"a-{PEOPLE - 1}")
    finally:
        is_over.set()
        killer.join()
    served.await_ready()
    assert {"web", "warden", "database"} <= set(killed), killed
    found = asyncio.run(counts(served))
    assert found == {
        "waiting": PEOPLE,
        "people": PEOPLE,
        "steps": PEOPLE,
        "arrived": PEOPLE,
    }


def checks_in(served: Served, token: str, id_: str) -> None:
    """As somebody at a desk does it: press, and press again until it is said."""

    def is_done() -> bool:
        with suppress(OSError), closing(Visitor(served.port, token)) as visitor:
            body = f"appointment={id_}&do=check-in".encode()
            status, _ = visitor.ask("POST", f"/clinics/{PLACE}/do", body)
            time.sleep(0.1)
            return status == _SEE_OTHER
        return False

    eventually(is_done, served.log)


async def counts(served: Served) -> dict[str, int]:
    connection = await connect(address_for(served.settings, served.layout, WEB))
    try:
        await connection.serve(OrganisationId(1))
        row = await connection.fetch_row(_COUNTS)
        assert row is not None
        return dict(row)
    finally:
        await connection.close()
