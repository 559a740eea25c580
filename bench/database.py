# SPDX-License-Identifier: Apache-2.0
"""The embedded database: starts, stops, point reads, and inserts under row security."""

import asyncio
import secrets
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from wardkeep.base.ids import OrganisationId
from wardkeep.db.connection import Database, connect
from wardkeep.db.embedded import EmbeddedPostgres
from wardkeep.db.migrate import apply
from wardkeep.db.roles import OWNER

FERNHILL = OrganisationId(1)
ROWS = 20_000
BATCH = 1_000
READS = 20_000
READERS = 16
SEARCHES = 2_000
BODY_BYTES = 400
"""A resource of 1,400 bytes of JSON, compressed and sealed, with room to spare."""

_INSERT = """
    insert into record.resource
      (patient, last_updated, clinical_at, organisation, version, type, tier, id,
       tokens, body)
    values (null, now(), now(), $1, 1, $2, 2, $3::text::bytea, $4, $5)
"""
_READ = """
    select body, version from record.resource
     where organisation = $1 and type = $2 and id = $3::text::bytea
"""
_MATCHING = "select id from record.matching(7::smallint, $1::bigint[], 20)"

Row = tuple[int, int, str, list[int], bytes]


def run() -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="wardkeep-bench-") as folder:
        server = EmbeddedPostgres(Path(folder) / "database")
        try:
            return {**_starts(server), **asyncio.run(_statements(server))}
        finally:
            server.stop()


def _starts(server: EmbeddedPostgres) -> dict[str, float]:
    figures = {"first start, s": _seconds(server.start)}
    figures["stop, s"] = _seconds(server.stop)
    figures["restart, s"] = _seconds(server.start)
    if server.process is not None:
        server.process.kill()
        server.process.wait()
    figures["restart after kill -9, s"] = _seconds(server.start)
    return figures


def _seconds(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


async def _statements(server: EmbeddedPostgres) -> dict[str, float]:
    owner = await connect(server.address(OWNER))
    began = time.perf_counter()
    await apply(owner)
    figures = {"migrations applied to an empty database, s": _since(began)}
    await owner.close()
    database = Database(server.address("wardkeep_web"), size=READERS)
    try:
        figures |= await _inserts(database)
        worker = await connect(server.address("wardkeep_worker"))
        await worker.execute_slowly("select record.tidy_after_load()")
        await worker.close()
        figures |= await _reads(database)
        figures |= await _searches(database)
    finally:
        await database.close()
    return figures


def _since(began: float) -> float:
    return time.perf_counter() - began


def _row(number: int) -> Row:
    tokens = [number + 1_000_000, number % 500, number % 37 + 10_000]
    body = secrets.token_bytes(BODY_BYTES)
    return FERNHILL, 7, f"r{number}", tokens, body


async def _inserts(database: Database) -> dict[str, float]:
    rows = [_row(number) for number in range(ROWS)]
    began = time.perf_counter()
    for place in range(0, ROWS, BATCH):
        async with database.transaction(FERNHILL) as held:
            await held.execute_many(_INSERT, rows[place : place + BATCH])
    return {f"inserts/s, {BATCH:,} a transaction": ROWS / _since(began)}


async def _reads(database: Database) -> dict[str, float]:
    async def read_some(first: int) -> None:
        for number in range(first, READS, READERS):
            async with database.connection(FERNHILL) as held:
                row = await held.fetch_row(_READ, FERNHILL, 7, f"r{number % ROWS}")
                if row is None:
                    raise LookupError(number)

    await asyncio.gather(*(read_some(ROWS - READERS) for _ in range(READERS)))
    began = time.perf_counter()
    await asyncio.gather(*(read_some(first) for first in range(READERS)))
    figures = {f"point reads/s, {READERS} at once": READS / _since(began)}
    began = time.perf_counter()
    async with database.connection(FERNHILL) as held:
        for number in range(READS // 10):
            await held.fetch_row(_READ, FERNHILL, 7, f"r{number}")
    figures["a point read alone, µs"] = _since(began) / (READS // 10) * 1e6
    return figures


async def _searches(database: Database) -> dict[str, float]:
    async with database.connection(FERNHILL) as held:
        began = time.perf_counter()
        for number in range(SEARCHES):
            await held.fetch(_MATCHING, [1_000_000 + number])
        seconds = _since(began)
    return {"a search for a rare token, µs": seconds / SEARCHES * 1e6}
