# SPDX-License-Identifier: Apache-2.0
"""Incident: from its declaration to the last draft, for as many people as in 2022.

79,404 people of 40 organisations, in a ledger of a million entries and more
(`WARDKEEP_BENCH_ENTRIES`): the scope, and every report, notice, letter and list.
"""

import os
import sys
import tempfile
import time
from pathlib import Path
from uuid import UUID

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.ledgers import KEY, ORIGIN, open_ledger
from wardkeep.base.ids import new_uuid
from wardkeep.breach.drafts import make
from wardkeep.ledger.entry import Entry, Subject
from wardkeep.ledger.incidents import Finding, Incident
from wardkeep.ledger.scope import scope_of
from wardkeep.ledger.wanted import Wanted

ENTRIES = int(os.environ.get("WARDKEEP_BENCH_ENTRIES", "1000000"))
PEOPLE, ORGANISATIONS = 79_404, 40
A_COMMIT, A_CHECKPOINT = 2_000, 200_000
_BEGAN = 1_659_571_200_000_000
_TYPES = ("Condition", "MedicationStatement", "Observation", "Encounter", "Patient")


def run() -> dict[str, float]:
    """Seconds, and megabytes of drafts."""
    with tempfile.TemporaryDirectory() as folder:
        where = Path(folder) / "ledger"
        _write(where)
        figures = {"entries, millions": ENTRIES / 1e6, "people": float(PEOPLE)}
        began, cpu = time.perf_counter(), time.process_time()
        wanted = Wanted(account=_id(0))
        found = scope_of(where, KEY.verify_key, wanted, origin=ORIGIN)
        figures["scope s"] = time.perf_counter() - began
        if not found.is_whole or len(found.people) != PEOPLE:
            raise ValueError(found.faults, len(found.people))
        people: dict[int, int] = {}
        for one in found.people:
            people[one.organisation] = people.get(one.organisation, 0) + 1
        finding = Finding(
            at=_BEGAN,
            why="As declared.",
            selectors=(wanted,),
            is_whole=True,
            people=tuple(sorted(people.items())),
        )
        incident = Incident(
            id=new_uuid(),
            found_at=_BEGAN,
            declared_at=_BEGAN,
            what="An account was used by somebody else.",
            findings=(finding,),
        )
        made = make(incident, found, Path(folder) / "drafts")
        figures["all drafts written s"] = time.perf_counter() - began
        figures["all of it, CPU s"] = time.process_time() - cpu
        figures["letters"] = float(made.letters)
        files = [one for one in Path(made.folder).rglob("*") if one.is_file()]
        figures["drafts MB"] = sum(one.stat().st_size for one in files) / 1e6
        return figures


def _write(where: Path) -> None:
    """The thief's openings are spread evenly through everybody's."""
    ledger = open_ledger(where)
    every = max(ENTRIES // PEOPLE, 1)
    stolen = 0
    for number in range(max(ENTRIES, PEOPLE)):
        is_stolen = number % every == 0 and stolen < PEOPLE
        patient = stolen if is_stolen else number % 100_000
        stolen += is_stolen
        account = 0 if is_stolen else 1 + number % 4_000
        ledger.append(_opening(number, account, patient))
        if number % A_COMMIT == 0:
            ledger.commit()
        if number % A_CHECKPOINT == 0:
            ledger.publish()
    ledger.commit()
    ledger.publish()
    ledger.close()


def _id(number: int) -> str:
    return str(UUID(int=number + 1, version=4))


def _opening(number: int, account: int, patient: int) -> Entry:
    subject = Subject.about(
        patient=_id(1_000_000 + patient),
        tier="record",
        relationship="",
        resources=[
            (type_, _id(2_000_000 + patient * 8 + place), 1)
            for place, type_ in enumerate(_TYPES)
        ],
    )
    return Entry.about(
        at=_BEGAN + number * 1_000,
        organisation=1 + patient % ORGANISATIONS,
        account=_id(account),
        session=_id(5_000_000 + account),
        role="doctor",
        purpose="direct-care",
        reason="",
        action="read",
        outcome="grant",
        subjects=(subject,),
        software="bench",
    )
