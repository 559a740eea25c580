# SPDX-License-Identifier: Apache-2.0
"""A real Chromium for stories: people with devices, and axe-core to judge pages."""

import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any

from playwright.async_api import (
    Browser,
    BrowserContext,
    CDPSession,
    Page,
    async_playwright,
)

PATIENCE_MS = 45_000
"""A machine that does much else is slow; a page that lacks the words stays so."""
CACHE = Path(__file__).resolve().parents[2] / ".cache"
AXE = "axe-core@4.14.1"
DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""The first is the same engine with no window to draw: it takes half the computing."""
_AUTHENTICATOR = {
    "protocol": "ctap2",
    "ctap2Version": "ctap2_1",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
    "hasPrf": True,
}
_RUN_AXE = """async () => {
  const found = await axe.run(document, {resultTypes: ["violations"]});
  return found.violations.map((one) =>
    `${one.id}: ${one.help} (${one.nodes.map((n) => n.target).join("; ")})`);
}"""


def chromium_path() -> str | None:
    """The browser to drive; None lets Playwright use the one it installed."""
    named = os.environ.get("WARDKEEP_CHROMIUM")
    return named or next(filter(None, map(shutil.which, _NAMES)), None)


@cache
def axe_source() -> str:
    """axe-core's script, fetched once into .cache/."""
    kept = CACHE / AXE.replace("@", "-") / "axe.min.js"
    if not kept.exists():
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(
                ["npm", "pack", "--silent", AXE],
                cwd=folder,
                check=True,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            packed = next(Path(folder).glob("*.tgz"))
            with tarfile.open(packed) as archive:
                member = archive.extractfile("package/axe.min.js")
                content = member.read() if member else b""
        kept.parent.mkdir(parents=True, exist_ok=True)
        part = kept.with_suffix(f".{os.getpid()}.part")
        part.write_bytes(content)
        part.replace(kept)
    return kept.read_text(encoding="utf-8")


class Device:
    """A browser of its own with an authenticator, and what its console said."""

    def __init__(self, context: BrowserContext, page: Page, cdp: CDPSession) -> None:
        self.context = context
        self.page = page
        self._cdp = cdp
        self._authenticator = ""
        self.complaints: list[str] = []
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._hear)

    def _hear(self, message: Any) -> None:
        # A refused request is logged by the browser as well; stories expect some.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.complaints.append(message.text)

    async def plug_in(self, **unlike: object) -> None:
        """A new, empty authenticator in place of the one before."""
        if self._authenticator:
            await self._ask("removeVirtualAuthenticator")
        options = {**_AUTHENTICATOR, **unlike}
        made = await self._cdp.send(
            "WebAuthn.addVirtualAuthenticator", {"options": options}
        )
        self._authenticator = made["authenticatorId"]

    async def takes_session(self, origin: str, token: str) -> None:
        """Go on with a session that began elsewhere."""
        await self.context.add_cookies(
            [{"name": "wardkeep", "value": token, "url": origin}]
        )

    async def passkeys(self) -> list[dict[str, Any]]:
        credentials: list[dict[str, Any]] = (await self._ask("getCredentials"))[
            "credentials"
        ]
        return credentials

    async def take_passkeys(self, passkeys: list[dict[str, Any]]) -> None:
        """Hold the same passkeys as another device does, as synced ones are held."""
        for credential in passkeys:
            await self._ask("addCredential", credential=credential)

    async def _ask(self, verb: str, **more: object) -> dict[str, Any]:
        answer: dict[str, Any] = await self._cdp.send(
            f"WebAuthn.{verb}", {"authenticatorId": self._authenticator, **more}
        )
        return answer

    async def go(self, address: str) -> None:
        await self.page.goto(address)

    async def press(self, name: str) -> None:
        """Press a button or follow a link by its name."""
        page = self.page
        button = page.get_by_role("button", name=name, exact=True)
        either = button.or_(page.get_by_role("link", name=name, exact=True))
        await either.first.click()

    async def sign_out(self) -> None:
        """By the header; on a phone by its menu."""
        menu = self.page.locator("summary", has_text="Menu")
        if await menu.is_visible():
            await menu.click()
        await self.press("Sign out")

    async def reads(self, words: str) -> None:
        """Wait until the words are visible on the page."""
        await self.page.get_by_text(words).first.wait_for(timeout=PATIENCE_MS)

    async def arrives(self, path: str) -> None:
        """Wait until the address ends so."""
        await self.page.wait_for_url(f"**{path}", timeout=PATIENCE_MS)

    async def faults(self) -> list[str]:
        """What axe finds wrong with the page as it stands."""
        await self.page.evaluate(axe_source())
        found: list[str] = await self.page.evaluate(_RUN_AXE)
        return found

    async def is_wider_than_its_screen(self) -> bool:
        wider: bool = await self.page.evaluate(
            "document.documentElement.scrollWidth > window.innerWidth"
        )
        return wider

    async def picture(self, name: str) -> None:
        folder = CACHE / "pictures"
        folder.mkdir(parents=True, exist_ok=True)
        await self.page.screenshot(path=folder / f"{name}.png", full_page=True)


async def clean(own: Device, picture: str) -> None:
    """No fault of accessibility, nothing wider than the screen; and a picture of it."""
    faults = await own.faults()
    assert faults == [], faults
    assert not await own.is_wider_than_its_screen(), picture
    await own.picture(picture)


async def arrive(own: Device, link: str) -> None:
    """Take an invitation on, with a new passkey."""
    await own.go(link)
    await own.press("Make your passkey")
    await own.reads("Your passkey is ready")


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium_path(),
            # Inside containers Chromium's own sandbox cannot be set up as root.
            args=["--no-sandbox", "--disable-dev-shm-usage"],
        )
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def device(browser: Browser, **options: Any) -> AsyncIterator[Device]:
    """A fresh browser profile; `viewport`, `java_script_enabled` and so on."""
    context = await browser.new_context(**{"viewport": DESKTOP, **options})
    try:
        page = await context.new_page()
        cdp = await context.new_cdp_session(page)
        await cdp.send("WebAuthn.enable")
        made = Device(context, page, cdp)
        await made.plug_in()
        yield made
    finally:
        await context.close()
