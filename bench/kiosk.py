# SPDX-License-Identifier: Apache-2.0
"""A kiosk from the first touch to *checked in*, by a scripted person.

The person needs 0.42 to 0.9 s for each touch and reads each new screen for 1.5 s: a
guess, so the seconds move with it; the server's answers beside them do not.
"""

import asyncio
import itertools
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from playwright.async_api import Request

from support.arrivals import fill, let_in, staff
from support.chromium import Device, chromium, device
from support.program import Program
from support.served import Served, served

PEOPLE = 12
TOUCHES = itertools.cycle((0.42, 0.5, 0.58, 0.66, 0.74, 0.82, 0.9))
"""Seconds of one touch after the other."""
READS_SECONDS = 1.5
KIOSK = {"width": 1080, "height": 1920}
PATHS = ("/kiosk/check-in", "/check-in/visit", "/check-in/finish")
_TENTHS = 0.95


def run() -> dict[str, float]:
    """Seconds, and milliseconds of the server."""
    with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as running:
        running.found("fernhill")
        keys = Path(folder) / "keys"
        keys.mkdir()
        people = [
            (f"p{n}", f"{chr(65 + n)}bcd{chr(97 + n)}", "Test") for n in range(PEOPLE)
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
        kiosk.page.on("requestfinished", lambda one: _note(one, served_ms))
        for name in names:
            totals.append(await _person(kiosk, name[:3].upper()))
            await kiosk.go(f"{server.origin}/kiosk")
            await kiosk.page.get_by_role("link", name="English").wait_for()
    return {
        "first touch to checked in, median s": _at(totals, 0.5),
        "first touch to checked in, p95 s": _at(totals, _TENTHS),
        "screens": 4.0,
        "answer of the server, median ms": _at(served_ms, 0.5),
        "answer of the server, p95 ms": _at(served_ms, _TENTHS),
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


async def _person(kiosk: Device, letters: str) -> float:
    """English, eight digits, three letters, next, look, check in."""
    began = time.monotonic()
    await kiosk.page.get_by_role("link", name="English").click()
    await kiosk.page.locator("#born").wait_for()
    await asyncio.sleep(READS_SECONDS)
    for key in f"03021950{letters}":
        await _touches(kiosk, f'[data-key="{key}"]')
    await _touches(kiosk, ".ci-pad__end [type=submit]")
    await kiosk.page.locator("#visit").wait_for()
    await asyncio.sleep(READS_SECONDS)
    await _touches(kiosk, ".ci-end button")
    await kiosk.page.locator(".ci-title--done").wait_for()
    return time.monotonic() - began
