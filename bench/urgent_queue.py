# SPDX-License-Identifier: Apache-2.0
"""Ten thousand calls that wait: the board, all of them, and taking the next in turn.

Over HTTP on real processes; the whole list besides by its rows alone.
"""

import asyncio
import json
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from bench._stack import Stack, stack
from bench._urgent_steps import steps_of_taking
from bench.records import waits
from support.urgent import Desk, caller, queue_places, waiting
from support.warden import RunningWarden
from support.wards import Worker, practitioner
from wardkeep.assembly.database import WEB, address_for
from wardkeep.base.clock import SystemClock
from wardkeep.base.ids import OrganisationId
from wardkeep.db.connection import Database
from wardkeep.disclosure.answers import Done, SessionView
from wardkeep.disclosure.questions import CheckSession, SetWork
from wardkeep.fhir.urgent.queue_rows import QueueRows
from wardkeep.fhir.urgent.queueing import place_of

ORGANISATION = "bench"
CASES, A_FILE = 10_000, 500
CODES = ("clinician-1h", "clinician-2h", "clinician-6h", "dental-2h", "base-6h")
CLINICIANS, EACH, LOOKS = 5, 20, 60
BOARD = "/urgent-queue"


def run() -> dict[str, float]:
    with stack() as made:
        made.await_ready()
        made.found(ORGANISATION)
        with tempfile.TemporaryDirectory(prefix="wardkeep-bench-") as folder:
            _write(Path(folder))
            made.command("import", folder, "--organisation", ORGANISATION)
        roles = [*["urgent_care_clinician"] * CLINICIANS, "shift_lead"]
        tokens = [made.sign_in(ORGANISATION, [], role) for role in roles]
        organisation = asyncio.run(_put_to_work(made, tokens))
        desks = [Desk(made.port, token) for token in tokens]
        figures: dict[str, float] = {"calls that wait": CASES}
        figures |= asyncio.run(_by_rows(made, organisation))
        lead = desks[-1]
        for name, path in (
            ("the board", BOARD),
            ("the board of one skill", f"{BOARD}?skill=dental"),
            ("the shift", f"{BOARD}/shift"),
            ("next step overdue", f"{BOARD}/overdue"),
        ):
            figures |= waits(name, lambda at=path: lead.get(at), times=LOOKS)  # type: ignore[misc]  # bound now
        figures |= _taking(desks[:-1])
        figures |= asyncio.run(steps_of_taking(made, tokens[0], organisation))
        for one in desks:
            one.close()
        return figures


def _taking(desks: list[Desk]) -> dict[str, float]:
    """Each clinician takes, rings and takes again."""
    took: list[float] = []
    for desk in desks:
        for _ in range(EACH):
            began = time.perf_counter()
            _, to, page = desk.press(f"{BOARD}/next", {})
            took.append((time.perf_counter() - began) * 1000)
            if not to.endswith("took"):
                raise RuntimeError(to or page[:500])
            case = to.partition("?")[0]
            desk.press(f"{case}/do/reach", {"version": "2"})
    took.sort()
    return {
        "take the next, p50 ms": took[len(took) // 2],
        "take the next, p95 ms": took[len(took) * 95 // 100],
        "take the next, most ms": took[-1],
    }


async def _by_rows(made: Stack, organisation: OrganisationId) -> dict[str, float]:
    database = Database(address_for(made.settings, made.layout, WEB), size=1)
    found, times = QueueRows(database), []
    try:
        for _ in range(10):
            began = time.perf_counter()
            listed = await found.listed(organisation, at_most=CASES)
            times.append((time.perf_counter() - began) * 1000)
            if len(listed) != CASES:
                raise RuntimeError(len(listed))
    finally:
        await database.close()
    return {"all of them by rows, p50 ms": sorted(times)[5], "most ms": max(times)}


def _write(folder: Path) -> None:
    now = SystemClock().now()
    people = [
        Worker("urgent_care_clinician", f"Bench {n}", f"bench-{n}")
        for n in range(CLINICIANS + 1)
    ]
    _file(folder / "0.json", [*queue_places(), *map(practitioner, people)])
    for start in range(0, CASES, A_FILE):
        resources = []
        for n in range(start, start + A_FILE):
            given = now - timedelta(minutes=n % 300, seconds=n % 60)
            resources += [
                caller(f"p-{n}", f"Waiting{n}"),
                waiting(f"p-{n}", CODES[n % len(CODES)], given=given)[1],
            ]
        _file(folder / f"{start + 1:05d}.json", resources)


def _file(path: Path, resources: list[dict[str, object]]) -> None:
    entries = [
        {
            "resource": one,
            "request": {"method": "PUT", "url": f"{one['resourceType']}/{one['id']}"},
        }
        for one in resources
    ]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    path.write_text(json.dumps(bundle))


async def _put_to_work(made: Stack, tokens: list[str]) -> OrganisationId:
    """Each is a practitioner, and all work in every queue."""
    warden = RunningWarden(made, None)  # type: ignore[arg-type]
    accounts, number = [], 0
    for token in tokens:
        seen = await warden.door.ask(CheckSession(token), SessionView)
        if not isinstance(seen, SessionView):
            raise TypeError(seen)
        accounts.append(seen.account)
        number = seen.organisation
    who = tuple(
        (account, (f"Practitioner/bench-{n}",)) for n, account in enumerate(accounts)
    )
    skills = ("clinician", "dental", "base")
    teams = tuple((one, (place_of(one),), tuple(accounts)) for one in skills)
    answer = await warden.operator.ask(SetWork(ORGANISATION, who, teams), Done)
    if not isinstance(answer, Done):
        raise TypeError(answer)
    await warden.operator.close()
    await warden.door.close()
    return OrganisationId(number)
