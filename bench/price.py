# SPDX-License-Identifier: Apache-2.0
"""What the door costs a read: the same path with it, and by its other parts alone.

The product has no switch that takes the door away. So this calls the parts: the store's
reader as it is, and the reader with a warden that hands out keys which it was given
before, at once and without an entry. A third flushes an entry and asks another process,
and judges nothing: no door that writes down before it gives can cost less. All take
turns, so that neighbours disturb all.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import uvloop

from bench._stack import RECORDS, Stack, stack
from bench.floor import flushing, tripping
from wardkeep.assembly.database import WEB, address_for
from wardkeep.base.ids import OrganisationId
from wardkeep.care.reading import SHOWN_TYPES
from wardkeep.db.connection import Database, connect
from wardkeep.db.roles import OWNER
from wardkeep.disclosure.answers import Grant, Refusal
from wardkeep.disclosure.client import WardenClient
from wardkeep.disclosure.purpose import Purpose, Tier
from wardkeep.disclosure.questions import Disclose, Item
from wardkeep.disclosure.sealed import OpenGrant
from wardkeep.fhir.store.outcomes import Opened, Opener
from wardkeep.fhir.store.reading import PatientQuery, Reader

ORGANISATION = "bench"
SIZES = (500, 2_000)
ROUNDS, A_ROUND = 20, 30
_NEAREST = """
select p.id, count(*) as resources from record.resource as r
  join record.patient as p on p.number = r.patient
 group by p.id order by abs(count(*) - $1) limit 1
"""


class KeysAtHand(WardenClient):
    """Asks the door once for a patient, then hands those keys out; nothing is noted."""

    def __init__(self, socket: Path, *, asker: str) -> None:
        super().__init__(socket, asker=asker)
        self._keys: dict[tuple[str, Tier], bytes] = {}

    async def disclose(
        self, session: str, *, items: tuple[Item, ...], **asked: Any
    ) -> OpenGrant | Refusal:
        if any((one.patient, one.tier) not in self._keys for one in items):
            question = Disclose(session, items=items, **asked)
            given = await self.ask(question, Grant)
            if isinstance(given, Refusal):
                return given
            for one, key in zip(items, given.keys, strict=True):
                self._keys[one.patient, one.tier] = key
        keys = tuple(self._keys[one.patient, one.tier] for one in items)
        named = tuple("" for _ in items)
        grant = Grant(entry=0, granted_at=0, relationships=named, keys=keys)
        return OpenGrant(grant, items)


class BareDoor(KeysAtHand):
    """The same behind what no door can be without: one flush, and one round trip."""

    def __init__(self, socket: Path, *, asker: str, least: Callable[[], None]) -> None:
        super().__init__(socket, asker=asker)
        self._least = least

    async def disclose(
        self, session: str, *, items: tuple[Item, ...], **asked: Any
    ) -> OpenGrant | Refusal:
        self._least()
        return await super().disclose(session, items=items, **asked)


def run() -> dict[str, float]:
    if not RECORDS.is_dir():
        print(f"  no folder {RECORDS}: set WARDKEEP_BENCH_RECORDS to FHIR bundles")
        return {}
    with stack() as made:
        made.await_ready()
        made.load(ORGANISATION)
        figures: dict[str, float] = {}
        for about in SIZES:
            figures |= uvloop.run(compare(made, about))
        return figures


async def compare(made: Stack, about: int) -> dict[str, float]:
    """For the patient of the first organisation who has about so many resources."""
    patient, resources = await _nearest(made, about)
    token = await asyncio.to_thread(made.sign_in, ORGANISATION, [patient])
    database = Database(address_for(made.settings, made.layout, WEB), size=1)
    warden = WardenClient(made.layout.door_socket, asker="bench")
    opener = Opener(
        session=token, organisation=OrganisationId(1), purpose=Purpose.DIRECT_CARE
    )
    whole = PatientQuery(patient=patient, types=SHOWN_TYPES)

    def reading(asked: WardenClient) -> dict[str, Callable[[], Awaitable[object]]]:
        reader = Reader(database, asked)
        return {
            f"a record of {resources}": lambda: reader.of_patient(whole, opener=opener),
            "one resource": lambda: reader.one("Patient", patient, opener=opener),
        }

    at_hand = KeysAtHand(made.layout.door_socket, asker="bench")
    figures: dict[str, float] = {}
    with flushing() as flush, tripping() as trip:

        def least() -> None:
            flush()
            trip()

        bare = BareDoor(made.layout.door_socket, asker="bench", least=least)
        ways = [reading(one) for one in (warden, at_hand, bare)]
        for what in ways[0]:
            figures |= await _turns(what, [one[what] for one in ways])
    for one in (warden, at_hand, bare):
        await one.close()
    await database.close()
    return figures


async def _turns(
    what: str, ways: Sequence[Callable[[], Awaitable[object]]]
) -> dict[str, float]:
    """`ways`: with the door, without it, and behind a bare one."""
    waits: tuple[list[float], ...] = ([], [], [])
    for turn in range(ROUNDS):
        for kept, ask in zip(waits, ways, strict=True):
            for _ in range(A_ROUND):
                began = time.perf_counter()
                opened = await ask()
                if turn:  # the first round warms everything
                    kept.append(time.perf_counter() - began)
                if not isinstance(opened, Opened):
                    raise TypeError(opened)
    door, parts, bare = (_p95(one) for one in waits)
    return {
        f"{what}: with the door, p95 ms": door,
        f"{what}: its other parts alone, p95 ms": parts,
        f"{what}: times as long": door / parts,
        f"{what}: behind one flush and one round trip, p95 ms": bare,
        f"{what}: times at the least": bare / parts,
    }


def _p95(waits: list[float]) -> float:
    return sorted(waits)[int(len(waits) * 0.95)] * 1000


async def _nearest(made: Stack, about: int) -> tuple[str, int]:
    owner = await connect(address_for(made.settings, made.layout, OWNER))
    await owner.serve(OrganisationId(1))
    [row] = await owner.fetch(_NEAREST, about)
    await owner.close()
    return row["id"], row["resources"]
