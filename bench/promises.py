# SPDX-License-Identifier: Apache-2.0
"""The promises of containment on 100,000 patients: promised, measured, met?

`WARDKEEP_BENCH_PATIENTS` says how many, `WARDKEEP_BENCH_ENTRIES` how large a ledger
the scope is of, `WARDKEEP_BENCH_RECORDS` where real bundles for P14 are.
P9 takes a trust's week, and the share of broken glass with it: `bench trust_week`.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import uvloop

from bench import disclose, growth, price, price_http, records
from bench._ledgers import account_id
from bench._promises import Row, attacked, ground_of
from bench._stack import RECORDS, Stack, stack
from bench.witness import busy_ledger, lateness
from support.ledgers import KEY, ORIGIN
from wardkeep.ledger.scope import scope_of
from wardkeep.ledger.wanted import Wanted

PATIENTS = int(os.environ.get("WARDKEEP_BENCH_PATIENTS", "100000"))
ENTRIES = int(os.environ.get("WARDKEEP_BENCH_ENTRIES", "10000000"))
TOWN = "town"
ELSEWHERE = (
    "P9, and P10's share of openings: python -m bench trust_week;"
    " P6 and the tokens of P3 are tested, and not timed or counted here"
)
_SIZES = (500, 2_000)
_RANK = 40


def run() -> dict[str, float]:
    """Prints the table; the figures again, by promise and name."""
    began = time.perf_counter()
    rows = uvloop.run(_attacked())
    rows += _in_use()
    rows += _ledger()
    rows.sort(key=lambda one: int(one.promise[1:]))
    print(f"\n  {PATIENTS:,} patients; {time.perf_counter() - began:,.0f} s\n")
    for line in table(rows):
        print(f"  {line}")
    print(f"\n  {ELSEWHERE}\n")
    return {f"{one.promise} {one.what}": one.measured for one in rows}


def table(rows: list[Row]) -> Iterator[str]:
    """As Markdown, for docs/performance.md."""
    yield "| promise | figure | promised | measured | met |"
    yield "| --- | --- | --- | --- | --- |"
    for one in rows:
        bound = f"{'at least' if one.is_floor else 'at most'} {one.bound:,g}"
        met = "yes" if one.is_met else "**no**"
        found = f"{round(one.measured, 2):,}"
        yield f"| {one.promise} | {one.what} | {bound} | {found} | {met} |"


def _say(words: str) -> None:
    print(f"  … {words}", flush=True)


async def _attacked() -> list[Row]:
    _say(f"a ground with {PATIENTS:,} patients in each of three organisations")
    async with ground_of(PATIENTS) as made:
        return await attacked(made, _say)


# In use


def _in_use() -> list[Row]:
    """A whole installation: what it stores, what a read costs, how fast the door is."""
    with stack() as made, tempfile.TemporaryDirectory() as folder:
        made.await_ready()
        rows = _priced(made) if RECORDS.is_dir() else _without_records()
        town = Path(folder) / TOWN
        growth.written(town, range(PATIENTS))
        _say(f"{PATIENTS:,} small records")
        before = _stored(made)
        made.command("organisation", "create", "--slug", TOWN, "--name", "Town")
        made.command("import", str(town), "--organisation", TOWN)
        raw = records.compact_bytes(town)
        what = f"stored to raw JSON, {PATIENTS:,} records of six small resources"
        rows.append(_row("P14", what, 0.6, (_stored(made) - before) / raw))
        _say("the door, 1 to 64 callers")
        return rows + _door(made)


def _row(promise: str, what: str, bound: float, measured: float) -> Row:
    return Row(promise=promise, what=what, bound=bound, measured=measured)


def _without_records() -> list[Row]:
    _say(f"no folder {RECORDS}: P14 on real records is left out")
    return []


def _priced(made: Stack) -> list[Row]:
    _say(f"real records, from {RECORDS.name}")
    before = _stored(made)
    made.load(price.ORGANISATION)
    share = (_stored(made) - before) / records.compact_bytes(RECORDS)
    rows = [_row("P14", "stored to raw JSON, real records", 0.6, share)]
    for about in _SIZES:
        rows += _prices(uvloop.run(price.compare(made, about)))
    with tempfile.TemporaryDirectory() as folder:
        return rows + _prices(price_http.compare(made, Path(folder)))


def _prices(figures: dict[str, float]) -> list[Row]:
    what = "p95 of a read to that without the door"
    return [
        _row("P14", f"{what}: {name.split(':')[0]}", 1.5, value)
        for name, value in figures.items()
        if name.endswith("times as long")
    ]


def _stored(made: Stack) -> float:
    return asyncio.run(records.database_bytes(made))


def _door(made: Stack) -> list[Row]:
    asked = disclose.measure(made, made.process.pid, origin=made.origin)
    found = uvloop.run(asked)
    rate = Row(
        promise="P7",
        what="disclosures a second, 64 callers",
        bound=20_000,
        measured=found["disclosures/s, 64 callers"],
        is_floor=True,
    )
    waits = [
        _row("P7", f"ms at the door, {share}, {callers} callers", bound, value)
        for share, callers, bound in (("p50", 1, 1), ("p50", 64, 1), ("p99", 64, 5))
        for value in (found[f"{share} ms, {callers} callers"],)
    ]
    return [*waits, rate]


# The ledger


def _ledger() -> list[Row]:
    _say("a witness beside a busy ledger")
    with busy_ledger() as (folder, ledger):
        late = asyncio.run(lateness(folder, ledger))
    _say(f"scope of an account, out of {ENTRIES:,} entries")
    clock, processor = _scoped()
    return [
        _row("P8", "s until a witness co-signed, longest", 60, max(late)),
        _row("P5", f"s for a scope out of {ENTRIES:,} entries", 60, clock),
        _row("P5", "of it s of processor time", 60, processor),
    ]


def _scoped() -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as folder:
        where = Path(folder) / "ledger"
        writer = [sys.executable, "-m", "bench._ledgers", str(where), str(ENTRIES)]
        subprocess.run([*writer, "bare"], check=True)
        clock, processor = time.perf_counter(), time.process_time()
        wanted = Wanted(account=account_id(_RANK))
        found = scope_of(where, KEY.verify_key, wanted, origin=ORIGIN, with_proofs=True)
        if not found.is_whole or not found.people:
            raise ValueError(found.faults)
        return time.perf_counter() - clock, time.process_time() - processor
