# SPDX-License-Identifier: Apache-2.0
"""The door under load: disclosures a second, each in the ledger before its key leaves.

The warden runs in a process of its own over a real database; the callers share this
one process and one connection. First each asks again as soon as it was answered, which
says how many there can be. Then so many in a second fall due at moments of chance, as
they do where people work, and a wait is counted from the moment that it was due.
"""

import asyncio
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvloop

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from bench._stack import Stack, processor_seconds
from support.authenticator import SoftwareAuthenticator
from support.warden import (
    ORIGIN,
    Installation,
    RunningWarden,
    installation_in,
)
from wardkeep.assembly.serving import wait_for_socket
from wardkeep.disclosure.answers import NewKeys
from wardkeep.disclosure.purpose import Action, Purpose, Tier
from wardkeep.disclosure.questions import Item, NewPatientKeys
from wardkeep.disclosure.sealed import OpenGrant

SECONDS = 3.0
CALLERS = (1, 16, 64)
OFFERED = (2_000, 5_000, 10_000, 15_000)
"""Disclosures that fall due in a second, for 64 callers together."""


@contextmanager
def warden_process(installation: Installation) -> Iterator[int]:
    """The warden as `wardkeep serve` starts it; its process id."""
    others = {k: v for k, v in os.environ.items() if not k.startswith("WARDKEEP_")}
    environment = {**others, "WARDKEEP_DATA": str(installation.settings.data)}
    process = subprocess.Popen(
        [sys.executable, "-m", "wardkeep.cli", "warden"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for path in (
            installation.layout.door_socket,
            installation.layout.operator_socket,
        ):
            wait_for_socket(path, log=installation.layout.log)
        yield process.pid
    finally:
        process.terminate()
        process.wait()


def run() -> dict[str, float]:
    """Rates in a second and waits in milliseconds."""
    with (
        tempfile.TemporaryDirectory() as folder,
        installation_in(Path(folder)) as made,
        warden_process(made) as process,
    ):
        return uvloop.run(measure(made, process))


async def measure(
    installation: Installation | Stack, process: int, *, origin: str = ORIGIN
) -> dict[str, float]:
    """What callers waited, and what the process and those below it worked."""
    # The helper of the tests, talking to a warden in another process.
    warden = RunningWarden(installation, None)  # type: ignore[arg-type]
    await warden.organisation()
    account = await warden.account("doctor")
    await warden.relate(account, "p-1")
    token, _ = await warden.enrol(account, SoftwareAuthenticator(origin=origin))
    item = await _item(warden)
    figures: dict[str, float] = {}
    for callers in CALLERS:
        before = time.process_time(), sum(processor_seconds(process).values())
        waits = await _load(warden, token, item, callers)
        after = time.process_time(), sum(processor_seconds(process).values())
        for place, where in enumerate(("asking", "warden")):
            spent = (after[place] - before[place]) / len(waits) * 1e6
            figures[f"µs of processor time {where}, {callers} callers"] = spent
        waits.sort()
        figures[f"disclosures/s, {callers} callers"] = len(waits) / SECONDS
        for share, name in ((0.5, "p50"), (0.99, "p99")):
            wait = waits[int(len(waits) * share)] * 1000
            figures[f"{name} ms, {callers} callers"] = wait
    for rate in OFFERED:
        waits = sorted(await _offered(warden, token, item, rate))
        for share, name in ((0.5, "p50"), (0.99, "p99")):
            wait = waits[int(len(waits) * share)] * 1000
            figures[f"{name} ms, 64 callers, {rate:,} due in a second"] = wait
    await warden.door.close()
    await warden.operator.close()
    return figures


async def _item(warden: RunningWarden) -> Item:
    session = await warden.import_session()
    given = await warden.operator.ask(NewPatientKeys(session, ("p-1",)), NewKeys)
    if not isinstance(given, NewKeys):
        raise TypeError(given)
    wrapped = given.patients[0].wrapped[1]
    return Item("p-1", Tier.RECORD, wrapped, (("Observation", "o-1", 1),))


async def _load(
    warden: RunningWarden, token: str, item: Item, callers: int
) -> list[float]:
    waits: list[float] = []
    until = time.perf_counter() + SECONDS

    async def call() -> None:
        while (began := time.perf_counter()) < until:
            await _ask(warden, token, item)
            waits.append(time.perf_counter() - began)

    await asyncio.gather(*[call() for _ in range(callers)])
    return waits


async def _offered(
    warden: RunningWarden, token: str, item: Item, rate: int
) -> list[float]:
    """Who finds all callers busy waits for one, and that counts."""
    waits: list[float] = []
    free = asyncio.Semaphore(CALLERS[-1])
    chance = secrets.SystemRandom()

    async def call(due: float) -> None:
        async with free:
            await _ask(warden, token, item)
        waits.append(time.perf_counter() - due)

    due = time.perf_counter()
    until = due + SECONDS
    async with asyncio.TaskGroup() as asking:
        while (due := due + chance.expovariate(rate)) < until:
            while due > time.perf_counter():  # noqa: ASYNC110 - timers are too coarse
                await asyncio.sleep(0)
            asking.create_task(call(due))
    return waits


async def _ask(warden: RunningWarden, token: str, item: Item) -> None:
    grant = await warden.door.disclose(
        token,
        purpose=Purpose.DIRECT_CARE,
        reason="",
        action=Action.READ,
        items=(item,),
    )
    if not isinstance(grant, OpenGrant):
        raise TypeError(grant)
