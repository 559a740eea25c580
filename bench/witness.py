# SPDX-License-Identifier: Apache-2.0
"""The witness: signing one checkpoint, and how late a busy ledger is co-signed."""

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.ledgers import KEY, ORIGIN, entry_about, open_ledger
from support.outpost import Outpost
from wardkeep.base.clock import SystemClock
from wardkeep.base.note_keys import LOG, NoteKey
from wardkeep.ledger.log import Ledger
from wardkeep.ledger.witness import Witness, request
from wardkeep.warden.service.witnessing import Witnessing

CHECKPOINTS, A_CHECKPOINT = 400, 500
SECONDS = 40
"""How long the busy ledger is appended to."""
LOG_KEY = NoteKey(name=ORIGIN, kind=LOG, public_bytes=KEY.verify_key.public_bytes)


def run() -> dict[str, float]:
    """Milliseconds for one checkpoint; seconds from an entry to its cosignature."""
    with busy_ledger() as (folder, ledger):
        signing = _signing(folder, ledger)
    with busy_ledger() as (folder, ledger):
        late = asyncio.run(lateness(folder, ledger))
    return {
        "sign p50 ms": statistics.median(signing) * 1000,
        "sign p95 ms": sorted(signing)[int(len(signing) * 0.95)] * 1000,
        "co-signed after, median s": statistics.median(late),
        "co-signed after, longest s": max(late),
    }


@contextmanager
def busy_ledger() -> Iterator[tuple[Path, Ledger]]:
    with tempfile.TemporaryDirectory() as folder:
        ledger = open_ledger(Path(folder) / "ledger")
        try:
            yield Path(folder), ledger
        finally:
            ledger.close()


def _signing(folder: Path, ledger: Ledger) -> list[float]:
    """Check, save on the disk, sign: in this process."""
    witness = Witness.begin(folder / "witness", "witness.example.net/w1", SystemClock())
    witness.watch(LOG_KEY)
    old, taken = 0, []
    for _ in range(CHECKPOINTS):
        _grow(ledger)
        found = ledger.continued(old)
        if found is None:
            message = "the ledger has no checkpoint"
            raise ValueError(message)
        body = request(old, found.proof, found.note)
        began = time.perf_counter()
        told = witness.add_checkpoint(body)
        taken.append(time.perf_counter() - began)
        if told.status != 200:
            raise ValueError(told.body)
        old = found.checkpoint.size
    return taken


def _grow(ledger: Ledger) -> None:
    for number in range(A_CHECKPOINT):
        ledger.append(entry_about("p-1", number=number))
    ledger.commit()
    ledger.publish()


async def lateness(folder: Path, ledger: Ledger) -> list[float]:
    """From an entry on the disk to a cosignature over it, by a process of its own."""
    outpost = Outpost(folder / "outpost", "witness.example.net/w1", LOG_KEY)
    outpost.start()
    witnessing = Witnessing(
        ledger,
        [(outpost.witness.key, outpost.address)],
        clock=SystemClock(),
        tell=lambda _: None,
        tell_apart=lambda _: None,
    )
    keeping = asyncio.create_task(witnessing.keep_witnessed())
    waiting: list[tuple[int, float]] = []
    late: list[float] = []
    try:
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            await asyncio.to_thread(_grow, ledger)
            waiting.append((ledger.committed_size, time.monotonic()))
            await asyncio.sleep(0.25)
            signed = witnessing.views[0].entries
            while waiting and waiting[0][0] <= signed:
                late.append(time.monotonic() - waiting.pop(0)[1])
    finally:
        keeping.cancel()
        witnessing.close()
        outpost.stop()
    return late
