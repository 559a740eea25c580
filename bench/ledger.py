# SPDX-License-Identifier: Apache-2.0
"""The ledger of a year: starting, looking up, compacting, asking, scope by anything.

`WARDKEEP_BENCH_ENTRIES` says how many entries, and `WARDKEEP_BENCH_LEDGER` a folder
that keeps them from run to run. `WARDKEEP_BENCH_BUNDLES=no` leaves out the bundles,
which are for readers from afar and asked by nothing here: two fifths of the disk.
Processor seconds beside the clock's: neighbours are noisy.
"""

import contextlib
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from bench._ledgers import (
    BEGAN,
    ORGANISATIONS,
    PATIENTS,
    YEAR,
    account_id,
    address_of,
    busiest,
    passkey_of,
    patient_id,
)
from support.ledgers import KEY, ORIGIN, open_ledger
from wardkeep.ledger.asking import Question, ask_counts, ask_rows
from wardkeep.ledger.log import Ledger
from wardkeep.ledger.parquet import FOLDER
from wardkeep.ledger.scope import scope_of
from wardkeep.ledger.wanted import Wanted

ENTRIES = int(os.environ.get("WARDKEEP_BENCH_ENTRIES", "1000000"))
WITH_BUNDLES = os.environ.get("WARDKEEP_BENCH_BUNDLES", "yes") != "no"
BETWEEN_TURNS_SECONDS = 2
LOOK_UPS = 400
A_PAGE = 100
_DAY = 24 * 3600 * 1_000_000
_RANK = 40
Figures = dict[str, float]
_T = TypeVar("_T")


def run() -> Figures:
    """Seconds and milliseconds; bytes an entry."""
    with _folder() as folder:
        where = folder / "ledger"
        figures: Figures = {"entries, millions": ENTRIES / 1e6}
        figures |= _made(where)
        figures |= _sizes(where)
        ledger = _timed(figures, "start", lambda: open_ledger(where))
        figures |= _looked_up(ledger)
        ledger.close()
        figures["memory after all look-ups MB"] = (
            resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        )
        _ask(figures, where / FOLDER)
        _scope(figures, where)
        return figures


def _made(where: Path) -> Figures:
    """Written by one process and compacted by others, as it is beside a warden."""
    began, compacting = time.perf_counter(), 0.0
    writer = None if where.exists() else _writer(where)
    try:
        while writer is not None and writer.poll() is None:
            compacting += _compacted(where)
            time.sleep(BETWEEN_TURNS_SECONDS)
    finally:
        if writer is not None:
            writer.kill()
            writer.wait()
    if writer is not None and writer.returncode:
        raise RuntimeError(f"The writer ended with {writer.returncode}")
    compacting += _compacted(where)
    return {
        "written and compacted s": time.perf_counter() - began,
        "written, processor s": _children_seconds() - compacting,
        "compacted (checked, indexed, Parquet), processor s": compacting,
    }


def _writer(where: Path) -> subprocess.Popen[bytes]:
    kind = "bundles" if WITH_BUNDLES else "bare"
    program = [sys.executable, "-m", "bench._ledgers", str(where), str(ENTRIES), kind]
    return subprocess.Popen(program)


def _compacted(where: Path) -> float:
    """One turn of the warden's own program, and the processor seconds that it took."""
    before = _children_seconds()
    program = [sys.executable, "-m", "wardkeep.ledger.compacting", str(where), ORIGIN]
    program.append(KEY.verify_key.public_bytes.hex())
    subprocess.run(program, check=True, stdout=subprocess.DEVNULL)
    return _children_seconds() - before


def _children_seconds() -> float:
    """Of those that have ended and were waited for."""
    told = resource.getrusage(resource.RUSAGE_CHILDREN)
    return told.ru_utime + told.ru_stime


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    kept = os.environ.get("WARDKEEP_BENCH_LEDGER", "")
    if kept:
        yield Path(kept)
        return
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def _timed(figures: Figures, name: str, work: Callable[[], _T]) -> _T:
    clock, processor = time.perf_counter(), time.process_time()
    found = work()
    figures[f"{name} s"] = time.perf_counter() - clock
    figures[f"{name}, processor s"] = time.process_time() - processor
    return found


def _sizes(where: Path) -> Figures:
    def together(pattern: str) -> float:
        return sum(one.stat().st_size for one in where.glob(pattern)) / ENTRIES

    return {
        "segments, bytes an entry": together("*.ledger"),
        "indexes, bytes an entry": together("*.index"),
        "Parquet, bytes an entry": together(f"{FOLDER}/*.parquet"),
    }


def _looked_up(ledger: Ledger) -> Figures:
    """As the desk does it: positions, and a page of entries."""

    def read(positions: Sequence[int]) -> None:
        for position in positions[-A_PAGE:]:
            ledger.read(position)

    def patient(number: int) -> None:
        organisation = 1 + number % ORGANISATIONS
        read(ledger.entries_about(patient_id(number), organisation=organisation))

    patients = [number * 7919 * 13 % PATIENTS for number in range(LOOK_UPS)]
    figures = _percentiles("who opened a patient", patient, patients)
    figures |= _percentiles(
        "what an account saw",
        lambda one: read(ledger.index.by_account(one)),
        busiest(LOOK_UPS),
    )
    figures |= _percentiles(
        "what was refused",
        lambda one: read(ledger.index.refused(one)),
        [1 + one % ORGANISATIONS for one in range(LOOK_UPS)],
    )
    _timed(figures, "the last day, checked", lambda: ledger.since(BEGAN + YEAR - _DAY))
    return figures


def _percentiles(name: str, work: Callable[[_T], None], items: Sequence[_T]) -> Figures:
    taken = []
    for one in items:
        began = time.perf_counter()
        work(one)
        taken.append((time.perf_counter() - began) * 1000)
    taken.sort()
    return {
        f"{name} p50 ms": taken[len(taken) // 2],
        f"{name} p95 ms": taken[int(len(taken) * 0.95)],
    }


def _ask(figures: Figures, folder: Path) -> None:
    account, patient = account_id(_RANK), patient_id(7919)
    for name, work in (
        ("DuckDB, an account", lambda: ask_rows(folder, Question(account=account))),
        ("DuckDB, a patient", lambda: ask_rows(folder, Question(patient=patient))),
        (
            "DuckDB, refusals by rule",
            lambda: ask_counts(folder, Question(rule="any"), by="rule"),
        ),
    ):
        _timed(figures, name, work)


def _scope(figures: Figures, where: Path) -> None:
    for name, wanted in (
        ("account", Wanted(account=account_id(_RANK))),
        ("passkey", Wanted(device=passkey_of(_RANK).hex())),
        ("address", Wanted(address=address_of(_RANK))),
        ("program", Wanted(client=account_id(43))),
        (
            "organisation, a day",
            Wanted(organisation=1, since=BEGAN + YEAR - _DAY),
        ),
    ):
        found = _timed(
            figures,
            f"scope by {name}",
            lambda wanted=wanted: scope_of(  # type: ignore[misc]
                where, KEY.verify_key, wanted, origin=ORIGIN, with_proofs=True
            ),
        )
        if not found.is_whole or not found.people:
            raise ValueError(found.faults)
