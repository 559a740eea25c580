# SPDX-License-Identifier: Apache-2.0
"""The number that is typed before *Answer*, whatever becomes of the browser."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from support.chromium import PHONE, Device, arrive, chromium, clean, device
from support.losses import own_browser, pull_the_plug, sign_in
from support.program import Program
from support.served import Served, served
from support.wards import Worker, practitioner, put_to_work

pytestmark = pytest.mark.asyncio(loop_scope="module")
TIM = Worker("health_advisor", "Tim Taker", "tim")
UMA = Worker("health_advisor", "Uma Taker", "uma")
NUMBER = "Number to ring back on"
KEPT = "You typed this number until"
KEPT_SECONDS = 1.0
"""How old a field may be that comes back after a crash."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("numbers"), WARDKEEP_WEB_WORKERS="1") as stack:
        stack.found("fernhill")
        yield stack


@pytest.fixture(scope="module")
def links(
    server: Served, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, str]]:
    keys = tmp_path_factory.mktemp("keys")
    with closing(Program(server, keys, organisation="fernhill")) as program:
        for one in map(practitioner, (TIM, UMA)):
            program.put(one)
        yield asyncio.run(put_to_work(server, "fernhill", (TIM, UMA), ()))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def tim(browser: Browser, links: dict[str, str]) -> AsyncIterator[Device]:
    async with device(browser) as own:
        await arrive(own, links["Tim Taker"])
        yield own


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def uma(browser: Browser, links: dict[str, str]) -> AsyncIterator[Device]:
    async with device(browser, viewport=PHONE) as own:
        await arrive(own, links["Uma Taker"])
        yield own


async def types(own: Device, server: Served, number: str) -> None:
    """As somebody writes along with a caller, digit by digit."""
    await own.go(f"{server.origin}/calls")
    await own.page.locator(".wk-saves-itself").wait_for(state="attached")
    await expect(own.page.get_by_label(NUMBER)).to_have_value("")
    await own.page.get_by_label(NUMBER).press_sequentially(number, delay=60)


async def test_a_killed_browser_has_the_number_of_a_second_before(
    server: Served, tim: Device, tmp_path: Path
) -> None:
    profile = tmp_path / "profile"
    passkeys = await tim.passkeys()
    async with own_browser(profile) as own:
        await own.take_passkeys(passkeys)
        await sign_in(own, server.origin)
        await types(own, server, "01632960444")
        await asyncio.sleep(KEPT_SECONDS)
        passkeys = await own.passkeys()
        pull_the_plug(profile)
        await asyncio.sleep(1)
    async with own_browser(profile) as own:
        await own.take_passkeys(passkeys)
        await sign_in(own, server.origin)
        await own.go(f"{server.origin}/calls")
        await expect(own.page.get_by_label(NUMBER)).to_have_value("01632960444")
        await own.reads(KEPT)
        # and, with one press, nowhere
        await own.press("Throw the number away")
        await expect(own.page.get_by_label(NUMBER)).to_have_value("")
        passkeys = await own.passkeys()
        await own.context.close()
    await tim.plug_in()
    await tim.take_passkeys(passkeys)


async def test_a_machine_is_lost_with_its_profile_and_the_call_goes_on_elsewhere(
    server: Served, tim: Device, uma: Device, tmp_path: Path
) -> None:
    profile = tmp_path / "profile"
    passkeys = await tim.passkeys()
    async with own_browser(profile) as own:
        await own.take_passkeys(passkeys)
        await sign_in(own, server.origin)
        await types(own, server, "01632960555")
        await own.page.get_by_text("Saved at").wait_for()
        passkeys = await own.passkeys()
        pull_the_plug(profile)
    # Whoever sits beside them reads nothing of it
    await uma.go(f"{server.origin}/calls")
    await expect(uma.page.get_by_label(NUMBER)).to_have_value("")
    assert await uma.page.get_by_text(KEPT).count() == 0
    # They sit down at another machine
    await tim.plug_in()
    await tim.take_passkeys(passkeys)
    await sign_in(tim, server.origin)
    await tim.go(f"{server.origin}/calls")
    await expect(tim.page.get_by_label(NUMBER)).to_have_value("01632960555")
    await tim.reads(KEPT)
    await clean(tim, "calls-number-kept")
    # and answer, by one key, without waiting for anything to be kept
    await tim.page.get_by_label(NUMBER).press("Enter")
    await tim.page.wait_for_url("**/details")
    await expect(tim.page.locator("#number")).to_have_value("01632960555")
    await tim.go(f"{server.origin}/calls")
    await expect(tim.page.get_by_label(NUMBER)).to_have_value("")
    assert await tim.page.get_by_text(KEPT).count() == 0


async def test_a_number_is_thrown_away_on_a_narrow_screen(
    server: Served, uma: Device
) -> None:
    await types(uma, server, "01632960666")
    await uma.page.get_by_text("Saved at").wait_for()
    await uma.go(f"{server.origin}/calls")
    await uma.reads(KEPT)
    await clean(uma, "calls-number-kept-phone")
    await uma.press("Throw the number away")
    await expect(uma.page.get_by_label(NUMBER)).to_have_value("")
    assert await uma.page.get_by_text(KEPT).count() == 0


async def test_no_network_keeps_nobody_from_the_press(
    server: Served, uma: Device
) -> None:
    """What cannot be kept is said, and the call is answered as soon as it can be."""
    await uma.go(f"{server.origin}/calls")
    await uma.page.locator(".wk-saves-itself").wait_for(state="attached")
    await uma.page.route("**/notes/drafts/**", lambda route: route.abort())
    await uma.page.get_by_label(NUMBER).press_sequentially("01632960777")
    await uma.page.get_by_text("Not saved, kept on this device").wait_for()
    began = time.monotonic()
    await uma.press("Answer the call")
    await uma.page.wait_for_url("**/details")
    assert time.monotonic() - began < 5
    await uma.page.unroute("**/notes/drafts/**")
    # What lay on this device is let go of as well, and is nobody's next number
    for _ in range(2):
        await uma.go(f"{server.origin}/calls")
        await uma.page.locator(".wk-saves-itself").wait_for(state="attached")
        await asyncio.sleep(0.5)
    await expect(uma.page.get_by_label(NUMBER)).to_have_value("")
    assert await uma.page.get_by_text(KEPT).count() == 0
