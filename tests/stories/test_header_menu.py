# SPDX-License-Identifier: Apache-2.0
"""The header by the keyboard alone: its row, what stands behind More, and the menu."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from support.chromium import PHONE, Device, arrive, chromium, clean, device
from support.house import House, running_house
from wardkeep import apps
from wardkeep.web.apps import find_apps

pytestmark = pytest.mark.asyncio(loop_scope="module")
MOST_STEPS = 40
FOCUSED = """() => {
  const one = document.activeElement;
  return one === document.body ? "" : one.innerText.trim();
}"""
SHOWN = """() => {
  const one = document.activeElement;
  const { x, y, width, height } = one.getBoundingClientRect();
  const on_top = document.elementFromPoint(x + width / 2, y + height / 2);
  const { outlineStyle, boxShadow } = getComputedStyle(one);
  return one.contains(on_top) && (outlineStyle !== "none" || boxShadow !== "none");
}"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    folder = tmp_path_factory.mktemp("house")
    async with running_house(folder, apps=find_apps(apps)) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as running:
        yield running


async def focused(own: Device) -> str:
    """The words of what has the keyboard."""
    words: str = await own.page.evaluate(FOCUSED)
    return words


async def tabs_to(own: Device, words: str) -> list[str]:
    """Press Tab until it is there; what had the keyboard on the way, each seen."""
    met: list[str] = []
    for _ in range(MOST_STEPS):
        await own.page.keyboard.press("Tab")
        met.append(await focused(own))
        assert await own.page.evaluate(SHOWN), f"{met[-1]} is hidden or has no frame"
        if met[-1] == words:
            return met
    pytest.fail(f"{words} is not reached: {met}")


async def begins(own: Device, house: House, name: str, role: str, path: str) -> None:
    await arrive(own, await house.invite(await house.employ(name, role=role)))
    await own.go(f"{house.origin}{path}")
    await own.page.wait_for_load_state()


async def test_every_place_is_reached_by_the_keyboard_on_a_wide_screen(
    house: House, browser: Browser
) -> None:
    async with device(browser) as own:
        # Given somebody who has more places than the row holds
        await begins(own, house, "Cora Vale", "care_coordinator", "/tasks")
        # When they go on by Tab, first comes the way past the header
        met = await tabs_to(own, "More")
        assert met[0] == "Skip to main content"
        assert met.index("Lock") < met.index("Sign out") < met.index("My patients")
        # Then Enter opens what the row had no room for
        menu = own.page.locator(".wk-header__nav .wk-menu")
        await own.page.keyboard.press("Enter")
        await expect(menu).to_have_attribute("open", "")
        await own.page.keyboard.press("Tab")
        first = await focused(own)
        assert first in await menu.inner_text()
        await clean(own, "header-more")
        # And Escape closes it, and gives the keyboard back
        await own.page.keyboard.press("Escape")
        await expect(menu).not_to_have_attribute("open", "")
        assert await focused(own) == "More"
        # When it is opened once more and passed by, it covers nothing that comes
        await own.page.keyboard.press("Space")
        await expect(menu).to_have_attribute("open", "")
        for _ in range(await menu.locator("a").count() + 1):
            await own.page.keyboard.press("Tab")
        await expect(menu).not_to_have_attribute("open", "")
        assert await own.page.evaluate(SHOWN)
        # And what stands in it is gone to by Enter
        await own.page.keyboard.press("Shift+Tab")
        assert await focused(own) == "More"
        await own.page.keyboard.press("Enter")
        await own.page.keyboard.press("Tab")
        await own.page.keyboard.press("Enter")
        await own.page.wait_for_url(lambda url: not url.endswith("/tasks"))
        await own.page.wait_for_load_state()
        here = own.page.locator(".wk-header__nav [aria-current=page]")
        assert await here.text_content() == first
        assert own.complaints == []


async def test_the_menu_of_a_phone_is_opened_gone_through_and_left_by_the_keyboard(
    house: House, browser: Browser
) -> None:
    async with device(browser, viewport=PHONE) as own:
        await begins(own, house, "Nell Vale", "ward_nurse", "/tasks")
        await tabs_to(own, "Menu")
        await own.page.keyboard.press("Enter")
        await clean(own, "header-menu-phone")
        met = await tabs_to(own, "Sign out")
        assert met[0] == "My patients"
        assert "My account" in met
        await own.page.keyboard.press("Escape")
        assert await focused(own) == "Menu"
        # Where it is left open and passed by, it closes
        await own.page.keyboard.press("Enter")
        await tabs_to(own, "Sign out")
        await own.page.keyboard.press("Tab")
        menu = own.page.locator(".wk-menu--all")
        await expect(menu).not_to_have_attribute("open", "")
        assert await own.page.evaluate(SHOWN)
        # And by it one signs out
        await own.page.keyboard.press("Shift+Tab")
        assert await focused(own) == "Menu"
        await own.page.keyboard.press("Enter")
        await tabs_to(own, "Sign out")
        await own.page.keyboard.press("Enter")
        await own.reads("Sign in with your passkey")
        assert own.complaints == []


async def test_without_scripts_the_menu_opens_and_its_links_work(
    house: House, browser: Browser
) -> None:
    async with device(browser, viewport=PHONE) as own:
        await begins(own, house, "Lou Vale", "ward_nurse", "/tasks")
        kept = await own.context.storage_state()
    async with device(
        browser, viewport=PHONE, java_script_enabled=False, storage_state=kept
    ) as bare:
        await bare.go(f"{house.origin}/tasks")
        await bare.page.locator(".wk-menu--all > summary").focus()
        await bare.page.keyboard.press("Enter")
        await bare.page.keyboard.press("Tab")
        await bare.page.keyboard.press("Enter")
        await bare.arrives("/caseload")
