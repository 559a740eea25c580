# SPDX-License-Identifier: Apache-2.0
"""Saving and signing notes, as a page does it over HTTP: aim, a save in 200 ms.

Each save carries the sealed text of a long note. From one window, then from twenty at
once that save as fast as they can: as many as 800 people who each save every 2 s would
send at about 50 ms a save.
"""

import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from bench._stack import Visitor, stack
from support.note_pages import open_ward
from support.note_writer import Page, begin, doctor, part

CHARACTERS = 2_000
"""Of a note; a long one."""
WINDOWS, SAVES, SIGNED = 20, 100, 60
_WELL, _SEE_OTHER = 200, 303


class UnexpectedStatusError(Exception):
    """A page answered otherwise than it should: there is nothing to measure."""


def run() -> dict[str, float]:
    with tempfile.TemporaryDirectory() as keys, stack() as made:
        made.await_ready()
        open_ward(made, Path(keys))
        pages = [_page(doctor(made)) for _ in range(WINDOWS)]
        alone = _saves(pages[0])
        before = made.spent()
        together = _at_once(pages)
        spent = {name: made.spent()[name] - before[name] for name in ("web", "warden")}
        signing = [_signing(pages[0]) for _ in range(SIGNED)]
        part()
    many = WINDOWS * SAVES
    return {
        **_figures("save, one window", alone),
        **_figures(f"save, {WINDOWS} windows at once", together),
        **_figures("sign", signing),
        **{f"save, {k} CPU, ms": 1000 * v / many for k, v in spent.items()},
    }


def _page(visitor: Visitor) -> Page:
    return Page(visitor, begin(visitor))


def _saves(page: Page) -> list[float]:
    """Milliseconds of each save, one after the other."""
    return [_timed(lambda: page.save("x" * CHARACTERS)[0], _WELL) for _ in range(SAVES)]


def _at_once(pages: list[Page]) -> list[float]:
    waits: list[float] = []
    threads = [
        threading.Thread(target=lambda page=page: waits.extend(_saves(page)))
        for page in pages
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    return waits


def _signing(by: Page) -> float:
    page = Page(by.visitor, begin(by.visitor))
    page.save("x" * CHARACTERS)
    return _timed(lambda: page.sign()[0], _SEE_OTHER)


def _timed(ask: Callable[[], int], expected: int) -> float:
    began = time.perf_counter()
    status = ask()
    if status != expected:
        raise UnexpectedStatusError(status)
    return 1000 * (time.perf_counter() - began)


def _figures(what: str, waits: list[float]) -> dict[str, float]:
    ordered = sorted(waits)
    return {
        f"{what}, p50 ms": ordered[len(ordered) // 2],
        f"{what}, p95 ms": ordered[len(ordered) * 95 // 100],
    }
