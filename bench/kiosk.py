# SPDX-License-Identifier: Apache-2.0
"""A kiosk from the first touch to *checked in*, by a scripted person; and offline.

The person needs 0.42 to 0.9 s for each touch and reads each new screen for 1.5 s: a
guess, so the seconds move with it; the server's answers beside them do not.
"""

import asyncio
import itertools
import statistics
import sys
import tempfile
import time
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Literal

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from playwright.async_api import Request

from bench._stack import processor_seconds
from support.arrivals import fill, let_in, staff
from support.chromium import Device, chromium, device
from support.lone_kiosk import is_ready_for_the_worst, without_server
from support.program import Program
from support.served import Served, served
from wardkeep.crypto.aead import new_key
from wardkeep.crypto.guessable import SALT_BYTES, stretched
from wardkeep.crypto.tokens import TokenKey
from wardkeep.identity.known_facts import KnownFacts

PEOPLE = 12
OFFLINE_PEOPLE = 6
TOUCHES = itertools.cycle((0.42, 0.5, 0.58, 0.66, 0.74, 0.82, 0.9))
"""Seconds of one touch after the other."""
READS_SECONDS = 1.5
KIOSK = {"width": 1080, "height": 1920}
PATHS = ("/kiosk/check-in", "/check-in/visit", "/check-in/finish")
_TENTHS = 0.95
DAY, STRETCHED = date(2026, 11, 30), 40
STEPS = ("#visit", ".ci-end button", ".ci-title--done")
"""The third screen, its button, and the fourth."""
Role = Literal["link", "button"]


def run() -> dict[str, float]:
    """Seconds, and milliseconds of the server."""
    with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as running:
        running.found("fernhill")
        keys = Path(folder) / "keys"
        keys.mkdir()
        people = [
            (f"p{n}", f"{chr(65 + n)}bcd{chr(97 + n)}", "Test")
            for n in range(PEOPLE + OFFLINE_PEOPLE)
        ]
        with closing(Program(running, keys, organisation="fernhill")) as program:
            fill(program, *people)
        names = [family for _, family, _ in people]
        return asyncio.run(_day(running, names))


async def _day(server: Served, names: list[str]) -> dict[str, float]:
    [link] = await staff(server, "fernhill", "administrator")
    served_ms: list[float] = []
    totals: list[float] = []
    async with (
        chromium() as browser,
        device(browser) as ada,
        device(browser, viewport=KIOSK) as kiosk,
    ):
        await ada.go(link)
        await ada.press("Make your passkey")
        await ada.reads("Your passkey is ready")
        await let_in(ada, kiosk, server.origin)
        before = processor_seconds(server.process.pid)
        kiosk.page.on("requestfinished", lambda one: _note(one, served_ms))
        for name in names[:PEOPLE]:
            totals.append(await _person(kiosk, name[:3].upper()))
            await kiosk.go(f"{server.origin}/kiosk")
            await kiosk.page.get_by_role("link", name="English").wait_for()
        spent = processor_seconds(server.process.pid)
        offline = await _offline(server, kiosk, names[PEOPLE:])
    each = {
        f"a person: {name}, processor ms": 1000 * (spent[name] - before[name]) / PEOPLE
        for name in ("web", "warden", "database")
    }
    return {
        **each,
        **offline,
        **await _sealing(),
        "first touch to checked in, median s": _at(totals, 0.5),
        "first touch to checked in, p95 s": _at(totals, _TENTHS),
        "screens": 4.0,
        "answer of the server, median ms": _at(served_ms, 0.5),
        "answer of the server, p95 ms": _at(served_ms, _TENTHS),
    }


async def _offline(server: Served, kiosk: Device, names: list[str]) -> dict[str, float]:
    """The same people's way while the web process is dead, and back again."""
    await is_ready_for_the_worst(kiosk)
    entries = await kiosk.page.evaluate(_OPEN_MS)
    with without_server(server):
        gone = time.monotonic()
        await kiosk.page.get_by_role("link", name="English").click()
        await kiosk.page.get_by_text("For staff: offline since").wait_for()
        noticed = time.monotonic() - gone
        totals = [await _person_offline(kiosk, one[:3].upper()) for one in names]
        await kiosk.page.get_by_text(f"{len(names)} to be sent").wait_for()
    back = time.monotonic()
    await kiosk.page.get_by_role("link", name="English").wait_for(timeout=60_000)
    return {
        "offline: noticed at the first touch, s": noticed,
        "offline: first touch to checked in, median s": _at(totals, 0.5),
        "offline: the same, slowest s": max(totals),
        "offline: facts to entry on the device, median ms": statistics.median(entries),
        "offline: server there to all of them in the queue, s": time.monotonic() - back,
    }


_OPEN_MS = """async () => {
  const pack = await import(document.body.dataset.pack);
  const held = await pack.ready();
  const took = [];
  for (let n = 0; n < 10; n += 1) {
    const began = performance.now();
    await pack.opened(held, { born: "1950-02-03", family: `A${n}` });
    took.push(performance.now() - began);
  }
  return took;
}"""


async def _person_offline(kiosk: Device, letters: str) -> float:
    """The same touches; the third screen has nothing to correct."""
    steps = ("#offline-stops li", '[form="offline-form"]', "#offline-go")
    took = await _person(kiosk, letters, role="button", steps=steps)
    await kiosk.page.get_by_role("link", name="Finish").click()
    await kiosk.page.get_by_role("button", name="English").wait_for()
    return took


async def _sealing() -> dict[str, float]:
    """What a pack costs the warden, in seconds of a core."""
    token, began = TokenKey(new_key()), time.process_time()
    await KnownFacts.on(DAY, lambda terms: tuple(map(token.token, terms)), key="")
    known = time.process_time() - began
    began = time.process_time()
    for number in range(STRETCHED):
        stretched(b"%d" % number, b"s" * SALT_BYTES)
    slow = (time.process_time() - began) / STRETCHED
    return {
        "pack: all facts of an organisation, a day, CPU s": known,
        "pack: slow step of one person, a day, CPU ms": slow * 1000,
    }


def _note(request: Request, found: list[float]) -> None:
    if request.method == "POST" and request.url.endswith(PATHS):
        found.append(request.timing["responseStart"] - request.timing["requestStart"])


def _at(found: list[float], share: float) -> float:
    found = sorted(found)
    return found[min(len(found) - 1, int(len(found) * share))]


async def _touches(kiosk: Device, selector: str) -> None:
    await asyncio.sleep(next(TOUCHES))
    await kiosk.page.locator(selector).first.click()


async def _person(
    kiosk: Device, letters: str, *, role: Role = "link", steps: tuple[str, ...] = STEPS
) -> float:
    """English, eight digits, three letters, next, look, check in."""
    seen, button, done = steps
    began = time.monotonic()
    await kiosk.page.get_by_role(role, name="English").click()
    await kiosk.page.locator("#born").wait_for()
    await asyncio.sleep(READS_SECONDS)
    for key in f"03021950{letters}":
        await _touches(kiosk, f'[data-key="{key}"]')
    await _touches(kiosk, ".ci-pad__end [type=submit]")
    await kiosk.page.locator(seen).wait_for()
    await asyncio.sleep(READS_SECONDS)
    await _touches(kiosk, button)
    await kiosk.page.locator(done).wait_for()
    return time.monotonic() - began
