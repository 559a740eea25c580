# SPDX-License-Identifier: Apache-2.0
"""A month of a large provider: 150,000 calls, and how long their figures take.

The live page, a day's report, a month's report the first time and again. Rows are those
that the product's own writing makes of such calls (`happened_in`, and a telephone
system's events through their own way in), put in at once.
`WARDKEEP_BENCH_CALLS` says how many (150,000).
"""

import asyncio
import os
import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

from bench._stack import Stack, stack
from support.served import Visitor
from support.telephone import rings
from support.urgent_figures import call
from wardkeep.assembly.database import OWNER, address_for
from wardkeep.assembly.demo.chance import Chance
from wardkeep.base.clock import SystemClock
from wardkeep.base.ids import OrganisationId, new_uuid
from wardkeep.db.connection import Connection, Database
from wardkeep.fhir.store.happening import kept
from wardkeep.fhir.urgent.figures.happened import Happened, happened_in
from wardkeep.fhir.urgent.figures.spans import month_of
from wardkeep.fhir.urgent.steps import Step
from wardkeep.fhir.urgent.telephone.events import Event, Sent, read_event
from wardkeep.fhir.urgent.telephone.taking import ANEW

ORGANISATION = "bench"
CALLS = int(os.environ.get("WARDKEEP_BENCH_CALLS", "150000"))
SYSTEM = "5e5510f0-0000-4000-8000-000000000043"
TAKERS, TIMES = 100, 7
CODES = (
    *("clinician-now", "clinician-1h", "clinician-2h", "clinician-6h", "base-2h"),
    *("self-care", "own-surgery-24h", "ambulance-3-validate", "dental-2h"),
)
STEPS = ((Step.TAKE, 6), (Step.REACH, 9), (Step.END, 25))
BASE, NAME = datetime(2026, 1, 1, tzinfo=UTC), "template"
_PATIENT = """
insert into record.patient
  (organisation, id, banner_key, record_key, sealed_key)
values ($1, $2, $3, $3, $3) returning number
"""
_HAPPENED = """
insert into urgent.happened
  (organisation, source, patient, case_key, disposition, first_at, due_at, kinds,
   moments)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""
_LISTED = """
insert into call.listed
  (organisation, case_id, patient, began_at, changed_at, taker, state)
values ($1, $2, $3, $4, $4, $5, 'closed')
"""
_SAT = """
insert into telephone.seat (organisation, account, device, since, taker)
values ($1, $2, $3, $4, $5)
"""
_EVENT = """
insert into telephone.event
  (organisation, received_at, system, event, call, kind, at, device)
values ($1, $2, $3, $4, $5, $6, $7, $8)
"""
_SPOKE = """
insert into telephone.system (organisation, system, heard_at, hour_began, day_began)
values ($1, $2, $3, $3, $3)
"""


def run() -> dict[str, float]:
    now = SystemClock().now()
    first, last = month_of(now.date().replace(day=1) - timedelta(days=1))
    with stack() as made:
        made.await_ready()
        made.found(ORGANISATION)
        rows = asyncio.run(_fill(made, first, (last - first).days + 1, now))
        token = made.sign_in(ORGANISATION, [], "shift_lead")
        visitor = Visitor(made.port, token)
        try:
            return {"calls": CALLS, **rows, **_asked(visitor, first)}
        finally:
            visitor.close()


def _asked(visitor: Visitor, first: date) -> dict[str, float]:
    day = first + timedelta(days=14)
    report = "/urgent-figures/report?of={}&on={}"
    visitor.get("/urgent-figures")
    return {
        "the live page, p50 ms": _median(lambda: visitor.get("/urgent-figures")),
        "a day's report, p50 ms": _median(
            lambda: visitor.get(report.format("day", day))
        ),
        "the month's report is there after, s": _until_there(
            visitor, report.format("month", first)
        ),
        "the same again, ms": _median(
            lambda: visitor.get(report.format("month", first))
        ),
    }


def _median(ask: Callable[[], object]) -> float:
    took = []
    for _ in range(TIMES):
        began = time.perf_counter()
        ask()
        took.append((time.perf_counter() - began) * 1000)
    return sorted(took)[TIMES // 2]


def _until_there(visitor: Visitor, path: str) -> float:
    """As somebody who waits before the page; it says how far it is meanwhile."""
    began = time.perf_counter()
    while True:
        _, _, page = visitor.look(path)
        if b'id="i-calls-answered"' in page:
            return time.perf_counter() - began
        found = re.search(rb"(\d+) of (\d+) days", page)
        said = found[0] if found else page[:80]
        print(f"  {time.perf_counter() - began:.1f} s: {said!r}")
        time.sleep(1)


async def _fill(made: Stack, first: date, days: int, now: datetime) -> dict[str, float]:
    owner = Database(address_for(made.settings, made.layout, OWNER), size=1)
    home = OrganisationId(1)
    began = time.perf_counter()
    try:
        async with owner.transaction(home) as connection:
            number = await connection.fetch_value(_PATIENT, home, "bench-p", b"k")
            await connection.execute(_SPOKE, home, SYSTEM, now)
            since = datetime.combine(first, datetime.min.time(), now.tzinfo)
            for nth in range(TAKERS):
                seat = (home, new_uuid(), f"4{nth:03d}", since, f"taker-{nth}")
                await connection.execute(_SAT, *seat)
        many = 0
        for day in range(days):
            at = since + timedelta(days=day)
            async with owner.transaction(home) as connection:
                many += await _day(connection, home, number, at, CALLS // days)
        # And some of today, for the live page
        async with owner.transaction(home) as connection:
            today = now.replace(hour=0, minute=0, second=0, microsecond=0)
            many += await _day(connection, home, number, today, CALLS // days, now)
        async with owner.connection(home) as connection:
            for table in ("urgent.happened", "call.listed", "telephone.call"):
                await connection.execute(f"analyze {table}")
    finally:
        await owner.close()
    return {"rows that happened": many, "put in, s": time.perf_counter() - began}


async def _day(
    connection: Connection,
    home: OrganisationId,
    number: int,
    at: datetime,
    calls: int,
    until: datetime | None = None,
) -> int:
    told: list[tuple[object, ...]] = []
    listed: list[tuple[object, ...]] = []
    events: list[Event] = []
    now = at + timedelta(days=2)
    for nth in range(calls):
        rang = at + timedelta(seconds=86_000 * nth / calls)
        if until is not None and rang > until - timedelta(hours=1):
            break
        chance = Chance("month", f"{at:%F}", nth)
        name, device = f"{at:%m%d}-{nth}", f"4{nth % TAKERS:03d}"
        wait = float(chance.between(1, 90))
        if chance.happens(4):
            events += _events(rings(name, rang, over=wait), now)
            continue
        ring = rings(name, rang, answered=wait, over=wait + 600, device=device)
        events += _events(ring, now)
        code = chance.pick(CODES)
        answered = rang + timedelta(seconds=wait + 5)
        told += [kept(home, number, one) for one in _told(code, name, answered)]
        taker = f"taker-{nth % TAKERS}"
        listed.append((home, name, number, answered, taker))
    await connection.execute_many(_HAPPENED, told)
    await connection.execute_many(_LISTED, listed)
    await connection.execute_many(
        _EVENT,
        [
            (home, now, SYSTEM, one.id, one.call, str(one.kind), one.at, one.device)
            for one in events
        ],
    )
    ids = sorted({one.call for one in events})
    await connection.execute(ANEW, home, SYSTEM, ids)
    return len(told)


def _events(sent: list[dict[str, Any]], now: datetime) -> Iterator[Event]:
    for one in sent:
        found = read_event(Sent(**one), system=SYSTEM, now=now)
        if not isinstance(found, Event):
            raise TypeError(found)
        yield found


def _told(code: str, name: str, answered: datetime) -> Iterator[Happened]:
    """What the resources of such a call tell, moved to its moment and its name."""
    by = answered - BASE
    for one in _template(code):
        yield Happened(
            source=one.source.replace(NAME, name),
            case=one.case.replace(NAME, name),
            code=one.code,
            due=one.due and one.due + by,
            kinds=one.kinds,
            moments=tuple(at + by for at in one.moments),
        )


@cache
def _template(code: str) -> list[Happened]:
    waits = not code.startswith(("self", "own"))
    whole = call(code, BASE, *(STEPS if waits else ()), id_=NAME)
    return [told for one in whole if (told := happened_in(one)) is not None]
