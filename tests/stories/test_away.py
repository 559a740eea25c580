# SPDX-License-Identifier: Apache-2.0
"""Somebody leaves their screen: it is covered, opens nothing, and nothing is lost."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from support.chromium import PHONE, Device, chromium, clean, device
from support.house import House, running_house
from wardkeep import apps
from wardkeep.base.clock import FrozenClock
from wardkeep.web.apps import find_apps

pytestmark = pytest.mark.asyncio(loop_scope="module")
CLOCK = FrozenClock(datetime(2026, 11, 24, 4, 0, tzinfo=UTC))
MAKE = "Make your passkey"
GO_ON = "Go on with your passkey"
COVERED = "This screen is covered"
TYPED = "name,role,until,team\nTamsin Reed,Ward nurse,,\n"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    folder = tmp_path_factory.mktemp("house")
    async with running_house(folder, apps=find_apps(apps), clock=CLOCK) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as running:
        yield running


async def at_the_list(own: Device, house: House, name: str) -> None:
    """An administrator, whose session sleeps after 10 minutes, with a form open."""
    await own.page.clock.install()
    await own.go(await house.invite(await house.employ(name, role="administrator")))
    await own.press(MAKE)
    await own.reads("Your passkey is ready")
    await own.go(f"{house.origin}/people/import")


async def pass_time(own: Device, minutes: float) -> None:
    """In the warden and in the browser."""
    CLOCK.move(timedelta(minutes=minutes))
    await own.page.clock.fast_forward(int(minutes * 60_000))


@pytest.mark.parametrize("size", ["desktop", "phone"])
async def test_who_comes_back_finds_what_was_typed(
    house: House, browser: Browser, size: str
) -> None:
    screen = {"viewport": PHONE} if size == "phone" else {}
    async with device(browser, **screen) as own:
        await at_the_list(own, house, f"Ada Holt {size}")
        field = own.page.get_by_label("The list")
        await field.fill(TYPED)
        # Given nothing happens, a minute before it is said
        await pass_time(own, 9.5)
        await own.reads("Still here?")
        await clean(own, f"away-warning-{size}")
        # When ten minutes are over, the page is covered, by keyboard as well
        await pass_time(own, 1)
        await own.reads(COVERED)
        await expect(field).to_be_hidden()
        await own.page.keyboard.press("Escape")
        await own.reads(COVERED)
        await clean(own, f"away-covered-{size}")
        # Then the passkey brings it back, and the form can be sent
        await own.press(GO_ON)
        await expect(field).to_have_value(TYPED)
        await own.press("Read it")
        await own.reads("Ward nurse")
        assert own.complaints == []


async def test_saying_that_one_is_here_is_use(house: House, browser: Browser) -> None:
    async with device(browser) as own:
        await at_the_list(own, house, "Bea Holt")
        await pass_time(own, 9.5)
        await own.press("I am here")
        await expect(own.page.get_by_text("Still here?")).to_be_hidden()
        await pass_time(own, 8)
        await own.go(f"{house.origin}/people")
        await own.reads("Bea Holt")


async def test_the_lock_covers_every_tab_and_the_warden_opens_nothing(
    house: House, browser: Browser
) -> None:
    async with device(browser) as own:
        await at_the_list(own, house, "Cal Holt")
        await own.page.get_by_label("The list").fill(TYPED)
        other = await own.context.new_page()
        await other.goto(f"{house.origin}/people")
        # When it is locked by keyboard
        async with own.page.expect_response("**/lock"):
            await own.page.keyboard.press("Control+Alt+KeyL")
        await own.reads(COVERED)
        # Then the other tab is covered too, and its address opens nothing
        await other.get_by_text(COVERED).wait_for(timeout=15000)
        await other.goto(f"{house.origin}/people")
        await other.get_by_text("You have been away").wait_for(timeout=15000)
        assert "Cal Holt" not in await other.content()
        # And the passkey brings back what was typed
        await own.press(GO_ON)
        await expect(own.page.get_by_label("The list")).to_have_value(TYPED)


async def test_somebody_elses_passkey_uncovers_nothing(
    house: House, browser: Browser
) -> None:
    async with device(browser) as own, device(browser) as thief:
        await at_the_list(thief, house, "Eli Holt")
        await at_the_list(own, house, "Dot Holt")
        theirs = await thief.passkeys()
        await pass_time(own, 11)
        await own.reads(COVERED)
        await own.plug_in()
        await own.take_passkeys(theirs)
        await own.press(GO_ON)
        await own.reads("It was cancelled, or took too long. Try again.")
        await own.go(f"{house.origin}/people")
        await own.reads("You have been away")
        await clean(own, "away-wake")


async def test_a_form_sent_by_a_session_that_sleeps_is_sent_once_it_is_woken(
    house: House, browser: Browser
) -> None:
    async with device(browser) as own:
        await at_the_list(own, house, "Fay Holt")
        await own.page.get_by_label("The list").fill(TYPED)
        # Given the browser does not know that so much time has passed
        CLOCK.move(timedelta(minutes=11))
        await own.press("Read it")
        await own.reads("What you sent was not lost")
        await clean(own, "away-form-kept")
        await own.press(GO_ON)
        await own.reads("Ward nurse")
        assert own.complaints == []


async def test_after_half_an_hour_somebody_signs_in_anew(
    house: House, browser: Browser
) -> None:
    async with device(browser) as own:
        await at_the_list(own, house, "Gus Holt")
        await pass_time(own, 31)
        await own.reads(COVERED)
        await own.press(GO_ON)
        await own.reads("Your session has ended")
        await own.press("Sign in with your passkey")
        await own.arrives("/people/import")
