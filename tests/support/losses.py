# SPDX-License-Identifier: Apache-2.0
"""Losses that stories bring about: killed processes, a browser killed on its disk."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from playwright.async_api import Error, async_playwright

from support.chromium import DESKTOP, Device, chromium_path
from support.served import Served

Passkeys = list[dict[str, Any]]


def postmaster(folder: Path) -> int:
    """The database's own process, by its file; 0 while there is none."""
    for path in folder.rglob("postmaster.pid"):
        with suppress(OSError, IndexError):
            return int(path.read_text(encoding="ascii").split()[0])
    return 0


def kill(process_id: int) -> None:
    assert process_id
    os.kill(process_id, signal.SIGKILL)


@asynccontextmanager
async def own_browser(folder: Path) -> AsyncIterator[Device]:
    """A whole browser with a profile on the disk, which can be killed."""
    async with async_playwright() as playwright:
        context = await playwright.chromium.launch_persistent_context(
            folder,
            executable_path=chromium_path(),
            args=["--no-sandbox", "--disable-dev-shm-usage"],
            viewport=DESKTOP,  # type: ignore[arg-type]
        )
        page = await context.new_page()
        cdp = await context.new_cdp_session(page)
        await cdp.send("WebAuthn.enable")
        own = Device(context, page, cdp)
        await own.plug_in()
        yield own


def pull_the_plug(profile: Path) -> None:
    """Kill the browser of this profile, with all of its processes, as they stand."""
    wanted = f"--user-data-dir={profile}".encode()
    killed = 0
    for command in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if wanted in command.read_bytes().split(b"\0"):
                os.kill(int(command.parent.name), signal.SIGKILL)
                killed += 1
    assert killed


async def holds(own: Device, passkeys: Passkeys) -> None:
    """These passkeys, with their counts as they were used last.

    A browser whose copies were used elsewhere since is taken for a clone.
    """
    await own.plug_in()
    await own.take_passkeys(passkeys)


async def sign_in(own: Device, origin: str) -> None:
    await own.go(f"{origin}/sign-in")
    await own.press("Sign in with your passkey")
    await own.page.get_by_role("button", name="Sign out").wait_for()


LEFT = """() => new Promise((resolve) => {
  indexedDB.open("wardkeep-notes", 1).onsuccess = (event) => {
    const store = event.target.result.transaction("texts").objectStore("texts");
    store.count().onsuccess = (counted) => resolve(counted.target.result);
  };
})"""


def database_of(server: Served) -> int:
    return postmaster(server.log.parent / "data" / "database")


async def goes_to(own: Device, address: str) -> None:
    """Go there, also while the page before loads itself anew for what it brought in."""
    for _ in range(5):
        with suppress(Error):
            await own.go(address)
            if own.page.url == address:
                return
        await asyncio.sleep(0.3)
    await own.go(address)
    assert own.page.url == address
