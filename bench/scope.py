# SPDX-License-Identifier: Apache-2.0
"""Scope: one account among 4,000, out of a ledger of a million entries and more."""

import os
import sys
import tempfile
import time
from pathlib import Path
from uuid import UUID

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.ledgers import KEY, ORIGIN, open_ledger
from wardkeep.ledger.entry import Entry, Subject
from wardkeep.ledger.scope import scope_of
from wardkeep.ledger.wanted import Wanted

ENTRIES = int(os.environ.get("WARDKEEP_BENCH_ENTRIES", "1000000"))
ACCOUNTS, PATIENTS = 4_000, 100_000
A_COMMIT, A_CHECKPOINT = 2_000, 200_000
EACH = 10_000
"""One entry in so many is the account's that is asked for."""


def run() -> dict[str, float]:
    """Seconds; entries in millions."""
    with tempfile.TemporaryDirectory() as folder:
        where = Path(folder) / "ledger"
        _write(where)
        figures = {"entries, millions": ENTRIES / 1e6}
        for name, with_proofs in (("scope s", False), ("scope with proofs s", True)):
            began = time.perf_counter()
            found = scope_of(
                where,
                KEY.verify_key,
                Wanted(account=_id(0)),
                origin=ORIGIN,
                with_proofs=with_proofs,
            )
            figures[name] = time.perf_counter() - began
            if not found.is_whole or found.entries_matching != -(-ENTRIES // EACH):
                raise ValueError(found.faults)
        return figures


def _write(where: Path) -> None:
    ledger = open_ledger(where)
    for number in range(ENTRIES):
        account = 0 if number % EACH == 0 else 1 + number % (ACCOUNTS - 1)
        ledger.append(_opening(number, _id(account)))
        if number % A_COMMIT == 0:
            ledger.commit()
        if number % A_CHECKPOINT == 0:
            ledger.publish()
    ledger.commit()
    ledger.publish()
    ledger.close()


def _id(number: int) -> str:
    return str(UUID(int=(number + 1) * 0x9E3779B97F4A7C15, version=4))


def _opening(number: int, account: str) -> Entry:
    patient = _id(ACCOUNTS + (number * 7919) % PATIENTS)
    subject = Subject.about(
        patient=patient,
        tier="record",
        relationship="ward",
        resources=[("Observation", patient, 1), ("Condition", patient, 1)],
    )
    return Entry.about(
        at=1_764_000_000_000_000 + number,
        organisation=1,
        account=account,
        session=account,
        role="doctor",
        purpose="direct-care",
        reason="",
        action="read",
        subjects=[subject],
        outcome="grant",
        software="0",
    )
