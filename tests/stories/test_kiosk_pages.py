# SPDX-License-Identifier: Apache-2.0
"""A kiosk is let in by an administrator, asks its question, forgets, and is ended."""

import asyncio
import re
from collections.abc import Iterator

import pytest
from playwright.async_api import expect

from support.chromium import Device, chromium, device
from support.served import Served, served
from support.warden import RunningWarden
from wardkeep.disclosure.questions import Invite

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.xdist_group("kiosk-pages"),
]
TABLET = {"width": 820, "height": 1180}
_EXPORT = """async () => {
  const own = await new Promise((resolve, reject) => {
    const opening = indexedDB.open("wardkeep-kiosk", 1);
    opening.onerror = reject;
    opening.onsuccess = () => {
      const asked = opening.result.transaction("own").objectStore("own").get("kiosk");
      asked.onsuccess = () => resolve(asked.result);
    };
  });
  const tried = [];
  for (const kind of ["jwk", "pkcs8", "raw"])
    tried.push(await crypto.subtle.exportKey(kind, own.key)
      .then(() => "out", (error) => error.name));
  return [own.key.extractable, JSON.stringify(own.key), ...tried];
}"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("kiosks")) as running:
        running.found("fernhill")
        yield running


@pytest.fixture(scope="module")
def link(server: Served) -> str:
    return asyncio.run(_link(server))


async def _link(server: Served) -> str:
    warden = RunningWarden(server, None)  # type: ignore[arg-type]
    account = await warden.account("administrator", organisation="fernhill", name="Ada")
    secret = await warden.tell(Invite(account=account, valid_hours=1))
    await warden.operator.close()
    return f"{server.origin}/enrol/{secret}"


async def clean(own: Device, picture: str) -> None:
    assert await own.faults() == []
    assert not await own.is_wider_than_its_screen()
    await own.picture(picture)


async def let_in(ada: Device, link: str, origin: str, code: str) -> None:
    await ada.go(link)
    await ada.press("Make your passkey")
    await ada.reads("Your passkey is ready")
    await ada.go(f"{origin}/kiosks")
    await clean(ada, "kiosks-empty")
    await ada.page.get_by_label("The code on its screen").fill(code)
    await ada.page.get_by_label("What it is called").fill("Waiting room")
    await ada.press("Go on")
    await ada.reads("Make this device a kiosk: Waiting room")
    await clean(ada, "kiosks-confirm")
    await ada.press("Make it a kiosk")
    await ada.page.get_by_role("button", name="End").wait_for(timeout=15000)
    await ada.reads("Waiting room")
    await clean(ada, "kiosks")


async def asks_and_forgets(kiosk: Device) -> None:
    # Then the device asks for check-in, and keeps nothing of who asked
    born = kiosk.page.get_by_label("Your date of birth")
    await born.wait_for(timeout=15000)
    await clean(kiosk, "kiosk-asking")
    await born.fill("03 02 1950")
    await kiosk.page.get_by_label("The first letter").fill("A")
    await kiosk.press("Check in")
    await kiosk.reads("Check-in is not set up on this device")
    await clean(kiosk, "kiosk-answer")
    await expect(born).to_have_value("")
    await kiosk.page.clock.install()
    await born.fill("04 05 1960")
    await kiosk.page.clock.fast_forward(11_000)
    await expect(born).to_have_value("")


async def test_a_waiting_rooms_device_asks_forgets_and_is_ended(
    server: Served, link: str
) -> None:
    origin = server.origin
    async with (
        chromium() as browser,
        device(browser) as ada,
        device(browser, viewport=TABLET) as kiosk,
    ):
        # Given a device that nobody knows shows a code
        await kiosk.go(f"{origin}/kiosk")
        await kiosk.reads("This device is not a kiosk yet")
        shown = kiosk.page.locator("#kiosk-code")
        await expect(shown).to_have_text(re.compile(r"^.{9}$"))
        code = await shown.text_content() or ""
        await clean(kiosk, "kiosk-pairing")
        # When an administrator types it
        await let_in(ada, link, origin, code)
        await asks_and_forgets(kiosk)
        # And its key cannot leave it
        told = await kiosk.page.evaluate(_EXPORT)
        assert told == [False, "{}", *["InvalidAccessError"] * 3]
        assert await kiosk.context.cookies() == []
        # And it sees no page of anybody's
        await kiosk.go(f"{origin}/people")
        await kiosk.reads("Sign in")
        # When it is ended, it is nobody again
        await ada.page.get_by_role("button", name="End").click()
        await ada.reads("There is no kiosk")
        await kiosk.go(f"{origin}/kiosk")
        await kiosk.page.get_by_label("Your date of birth").fill("03 02 1950")
        await kiosk.press("Check in")
        await kiosk.reads("This device is not a kiosk yet")
        assert ada.complaints == []
