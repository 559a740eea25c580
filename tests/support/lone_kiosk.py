# SPDX-License-Identifier: Apache-2.0
"""A kiosk whose browser keeps its profile on a disk, and a server that goes away."""

import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

from playwright.async_api import Error, async_playwright

from support.chromium import Device, chromium_path
from support.served import Served, eventually

PORTRAIT = {"width": 1080, "height": 1920}


@asynccontextmanager
async def lone_kiosk(profile: Path, **options: Any) -> AsyncIterator[Device]:
    """A browser with a profile of its own in a folder, as a real kiosk has one."""
    async with async_playwright() as playwright:
        context = await playwright.chromium.launch_persistent_context(
            profile,
            executable_path=chromium_path(),
            args=["--no-sandbox", "--disable-dev-shm-usage"],
            **{"viewport": PORTRAIT, **options},
        )
        try:
            page = context.pages[0]
            cdp = await context.new_cdp_session(page)
            yield Device(context, page, cdp)
        finally:
            with suppress(Error):
                await context.close()


@contextmanager
def without_server(server: Served) -> Iterator[None]:
    """The web process is killed at once, and nobody starts it until the block ends."""
    os.kill(server.process.pid, signal.SIGSTOP)
    try:
        web = server.child("web")
        assert web
        os.kill(web, signal.SIGKILL)
        eventually(lambda: not server.is_ready(), server.log)
        yield
    finally:
        os.kill(server.process.pid, signal.SIGCONT)
    server.await_ready()


async def is_ready_for_the_worst(kiosk: Device) -> None:
    """Wait until the device has its pack, and its worker what opens it."""
    ready = await kiosk.page.evaluate(_READY)
    assert ready, "the kiosk has no pack that it can open"


def stands_on_disk(profile: Path, words: tuple[str, ...]) -> list[str]:
    """Which of the words stand in a file of the profile, in either usual writing."""
    found = []
    for path in profile.rglob("*"):
        if path.is_file():
            raw = path.read_bytes().lower()
            found += [
                f"{word} in {path.relative_to(profile)}"
                for word in words
                if word.lower().encode() in raw
                or word.lower().encode("utf-16-le") in raw
            ]
    return found


_READY = """async () => {
  const pack = await import(document.body.dataset.pack);
  for (let n = 0; n < 150; n += 1) {
    const held = navigator.serviceWorker.controller && (await pack.ready());
    if (held && (await caches.match("/kiosk/offline"))) { pack.hand(); return true; }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return false;
}"""
