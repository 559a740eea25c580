# SPDX-License-Identifier: Apache-2.0
"""The path of a record on real data: start, import, size, find, open, memory.

Loads the bundles in the folder that WARDKEEP_BENCH_RECORDS names. Pages are asked for
over HTTP, one after the other, through every guard: session, door, ledger, database.
"""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import uvloop

from bench._stack import RECORDS, Stack, Visitor, stack
from wardkeep.assembly.database import WEB, address_for
from wardkeep.base.ids import OrganisationId
from wardkeep.care.reading import SHOWN_TYPES
from wardkeep.db.connection import Database, connect
from wardkeep.db.roles import OWNER
from wardkeep.disclosure.client import WardenClient
from wardkeep.disclosure.purpose import Purpose
from wardkeep.fhir.loading.documents import Document, documents
from wardkeep.fhir.loading.limits import Limits
from wardkeep.fhir.loading.sources import find
from wardkeep.fhir.loading.unpacking import read
from wardkeep.fhir.model.resource import Resource, parse
from wardkeep.fhir.store.outcomes import Opened, Opener
from wardkeep.fhir.store.reading import PatientQuery, Reader

ORGANISATION = "bench"
ABOUT_RESOURCES = 500
PAGES = 300
_NEAREST = """
select p.id, count(*) as resources from record.resource as r
  join record.patient as p on p.number = r.patient
 group by p.id order by abs(count(*) - $1) limit 1
"""


def run() -> dict[str, float]:
    if not RECORDS.is_dir():
        print(f"  no folder {RECORDS}: set WARDKEEP_BENCH_RECORDS to FHIR bundles")
        return {}
    began = time.perf_counter()
    with stack() as made:
        made.await_ready()
        figures = {"start of everything on an empty folder, s": _since(began)}
        figures["import, resources/s"] = made.load(ORGANISATION)
        figures |= _size(made)
        patient, resources = asyncio.run(_nearest(made))
        figures["resources in the record that is opened"] = resources
        token = made.sign_in(ORGANISATION, [patient])
        figures |= uvloop.run(_store(made, token, patient))
        figures |= _pages(made, token, patient)
        figures |= {f"{k}, MB": v for k, v in made.memory().items()}
        began = time.perf_counter()
        made.restart()
        made.await_ready()
        figures["stop and start again, s"] = _since(began)
    return figures


def _since(began: float) -> float:
    return time.perf_counter() - began


def _size(made: Stack) -> dict[str, float]:
    raw = compact_bytes(RECORDS)
    stored = asyncio.run(database_bytes(made))
    return {
        "raw compact JSON, MB": raw / 1e6,
        "database with indexes and history, MB": stored / 1e6,
        "database to raw JSON": stored / raw,
    }


def compact_bytes(folder: Path) -> int:
    """All resources in a folder, as compact JSON."""
    limits = Limits()
    found = 0
    for source in find([folder], limits).sources:
        text = read(folder / source.path, source.member, limits)
        if not isinstance(text, bytes | bytearray | memoryview):
            raise TypeError(text)
        for document in documents(source, bytes(text), limits):
            if not isinstance(document, Document):
                raise TypeError(document)
            for entry in document.entries:
                resource = parse(entry.raw)
                if isinstance(resource, Resource):
                    found += len(resource.compact)
    return found


async def database_bytes(made: Stack) -> int:
    owner = await connect(address_for(made.settings, made.layout, OWNER))
    size = await owner.fetch_value("select pg_database_size(current_database())")
    await owner.close()
    return int(size)


async def _nearest(made: Stack) -> tuple[str, int]:
    owner = await connect(address_for(made.settings, made.layout, OWNER))
    await owner.serve(OrganisationId(1))
    [row] = await owner.fetch(_NEAREST, ABOUT_RESOURCES)
    await owner.close()
    return row["id"], row["resources"]


async def _store(made: Stack, token: str, patient: str) -> dict[str, float]:
    """The record opened as the web process does it, without HTTP and HTML."""
    address = address_for(made.settings, made.layout, WEB)
    database = Database(address, size=1)
    warden = WardenClient(made.layout.door_socket, asker="bench")
    reader = Reader(database, warden)
    query = PatientQuery(patient=patient, types=SHOWN_TYPES)
    opener = Opener(
        session=token, organisation=OrganisationId(1), purpose=Purpose.DIRECT_CARE
    )
    took: list[float] = []
    shown = 0
    for _ in range(PAGES):
        began = time.perf_counter()
        opened = await reader.of_patient(query, opener=opener)
        took.append(_since(began))
        if not isinstance(opened, Opened):
            raise TypeError(opened)
        shown = len(opened.resources)
    await warden.close()
    await database.close()
    return {"of them shown, so opened": shown, **_shares("door and store", took)}


def _pages(made: Stack, token: str, patient: str) -> dict[str, float]:
    browser = Visitor(made.port, token)
    record = f"/patients/{patient}"
    page = browser.get(record)
    name = _between(page, 'class="wk-banner__name">', "<")
    figures = {"record page, kB": len(page) / 1000}
    figures |= waits("open a record", lambda: browser.get(record))
    family = name.split(",")[0].strip()
    given = name.partition(",")[2].split()[0]
    facts = {"family": family[:6], "given": given[:4]}
    figures |= waits("find a patient", lambda: browser.post("/find", facts))
    browser.close()
    return figures


def _between(page: bytes, before: str, after: str) -> str:
    return page.decode().partition(before)[2].partition(after)[0]


def waits(
    what: str, ask: Callable[[], object], *, times: int = PAGES
) -> dict[str, float]:
    """Percentiles of how long it takes to ask so many times, one after the other."""
    found: list[float] = []
    for _ in range(times):
        began = time.perf_counter()
        ask()
        found.append(_since(began))
    return _shares(what, found)


def _shares(what: str, waits: list[float]) -> dict[str, float]:
    """Percentiles, less what came before everything was warm."""
    waits = sorted(waits[len(waits) // 10 :])
    return {
        f"{what}, p{share} ms": waits[int(len(waits) * share / 100)] * 1000
        for share in (50, 95, 99)
    }
