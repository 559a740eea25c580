# SPDX-License-Identifier: Apache-2.0
"""Boards are live, say so at once when they are not, and come back by themselves."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from support.boards import put
from support.chromium import PHONE, Device, chromium, device
from support.live_site import LiveSite, live_site
from support.served import Served, served
from wardkeep.assembly.database import WEB, address_for
from wardkeep.db.connection import Connection, connect

pytestmark = pytest.mark.asyncio(loop_scope="module")
FERNHILL = 1
TABS = 8
LONGEST_MS = 15_000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("boards")
    with served(folder, WARDKEEP_WEB_WORKERS="1") as running:
        running.found("fernhill")
        yield running


@pytest.fixture(scope="module")
def site(server: Served) -> Iterator[LiveSite]:
    with live_site(server) as running:
        yield running


@pytest.fixture(scope="module")
def token(server: Served) -> str:
    return server.sign_in("fernhill", [])


@pytest_asyncio.fixture(loop_scope="module")
async def writer(server: Served, site: LiveSite) -> AsyncIterator[Connection]:
    """The database as a process beside the web's: it tells what it writes."""
    assert site.server is server
    made = await connect(address_for(server.settings, server.layout, WEB))
    await made.execute("delete from record.test_row")
    yield made
    await made.close()


@asynccontextmanager
async def reception(
    site: LiveSite, token: str, **options: object
) -> AsyncIterator[Device]:
    """A device on which somebody is signed in."""
    async with chromium() as browser, device(browser, **options) as own:
        await own.takes_session(site.origin, token)
        yield own


async def is_live(page: Page) -> None:
    await expect(page.get_by_text("Live ·")).to_be_visible(timeout=LONGEST_MS)


async def milliseconds_until(page: Page, words: str) -> float:
    begun = time.monotonic()
    await page.get_by_text(words).wait_for(timeout=LONGEST_MS)
    return (time.monotonic() - begun) * 1000


async def test_what_changes_is_there_within_a_second_and_nothing_typed_is_lost(
    site: LiveSite, token: str, writer: Connection
) -> None:
    # Given a board with two people, one of whom somebody is writing about
    await put(writer, FERNHILL, "a", "B2", "waits")
    await put(writer, FERNHILL, "a", "C3", "waits")
    async with reception(site, token) as own:
        page = own.page
        await own.go(f"{site.origin}/boards/a")
        await is_live(page)
        await page.get_by_text("More of C3").click()
        note = page.get_by_label("Note for C3")
        await note.fill("asked for a chai")
        assert await own.faults() == []
        await own.picture("live-board")
        # When a third arrives, listed before them
        await put(writer, FERNHILL, "a", "A1", "has arrived")
        # Then it is there, and everything else is as it was
        assert await milliseconds_until(page, "has arrived") < 1000
        await expect(page.get_by_role("listitem")).to_have_count(3)
        await expect(note).to_be_focused()
        await expect(note).to_have_value("asked for a chai")
        await expect(page.get_by_text("Nothing more about C3")).to_be_visible()
        # And what one tab does the other shows
        other = await own.context.new_page()
        await other.goto(f"{site.origin}/boards/a")
        await is_live(other)
        await other.get_by_role("button", name="Call B2").click()
        assert await milliseconds_until(page, "waits, called") < 1000
        await expect(note).to_have_value("asked for a chai")
        assert own.complaints == []


async def test_what_is_under_a_finger_stays_until_it_is_lifted(
    site: LiveSite, token: str, writer: Connection
) -> None:
    await put(writer, FERNHILL, "a", "B2", "waits")
    async with reception(site, token) as own:
        page = own.page
        await own.go(f"{site.origin}/boards/a")
        await is_live(page)
        # Given a finger on the button of the only one
        await page.get_by_role("button", name="Call B2").hover()
        await page.mouse.down()
        # When somebody comes who is listed before them
        await put(writer, FERNHILL, "a", "A1", "has arrived")
        await page.wait_for_timeout(1000)
        await expect(page.get_by_text("has arrived")).to_have_count(0)
        # Then it is the one under the finger who is called
        await page.mouse.up()
        await page.get_by_text("waits, called").wait_for(timeout=LONGEST_MS)
        await expect(page.get_by_text("has arrived")).to_be_visible()
        await expect(page.get_by_text("has arrived, called")).to_have_count(0)
        # And a thing that lies on the screen holds nothing up
        await is_live(page)
        await page.get_by_role("button", name="Call A1").hover()
        await page.mouse.down()
        await put(writer, FERNHILL, "a", "C3", "comes after a while")
        await milliseconds_until(page, "comes after a while")
        assert own.complaints == []


async def test_a_screen_is_sent_its_part_without_asking(
    site: LiveSite, token: str, writer: Connection
) -> None:
    async with reception(site, token, viewport=PHONE) as own:
        await own.go(f"{site.origin}/screens/s")
        await is_live(own.page)
        asked: list[str] = []
        own.page.on("request", lambda request: asked.append(request.url))
        await put(writer, FERNHILL, "s", "A42", "to room 3")
        assert await milliseconds_until(own.page, "A42: to room 3") < 1000
        await put(writer, FERNHILL, "s", "A42", "<b>to room 4</b>")
        await milliseconds_until(own.page, "A42: <b>to room 4</b>")
        assert asked == []
        assert await own.faults() == []
        await own.picture("live-screen-phone")
        assert own.complaints == []


async def test_eight_tabs_are_live_over_one_connection(
    site: LiveSite, token: str, writer: Connection
) -> None:
    async with reception(site, token) as own:
        hear: set[Page] = set()
        own.context.on(
            "request",
            lambda one: hear.add(one.frame.page) if "/live?" in one.url else None,
        )
        pages = [own.page]
        pages += [await own.context.new_page() for _ in range(TABS - 1)]
        for number, page in enumerate(pages):
            await page.goto(
                f"{site.origin}/boards/tab-{number % 4}", timeout=LONGEST_MS
            )
        for page in pages:
            await is_live(page)
        for number in range(4):
            await put(writer, FERNHILL, f"tab-{number}", "D4", "has come")
        for page in pages:
            await page.get_by_text("has come").wait_for(timeout=LONGEST_MS)
        assert hear == {pages[0]}
        # When the one that hears for all is closed, another goes on
        await pages[0].close()
        await put(writer, FERNHILL, "tab-1", "E5", "came later")
        await pages[1].get_by_text("came later").wait_for(timeout=LONGEST_MS)
        await is_live(pages[7])
        assert own.complaints == []


async def test_a_board_that_is_not_live_says_so_and_comes_back_by_itself(
    site: LiveSite, token: str, writer: Connection
) -> None:
    await put(writer, FERNHILL, "a", "B2", "waits")
    async with reception(site, token) as own:
        page = own.page
        await own.go(f"{site.origin}/boards/a")
        await is_live(page)
        button = page.get_by_role("button", name="Call B2")
        await expect(button).to_be_enabled()
        # When the server dies
        begun = time.monotonic()
        await asyncio.to_thread(site.kill)
        # Then it says so within three seconds, and its buttons stop
        alarm = page.get_by_role("alert").filter(has_text="Not live since")
        await expect(alarm).to_be_visible(timeout=3000)
        await expect(button).to_be_disabled(timeout=100)
        assert time.monotonic() - begun < 3
        await page.get_by_label("Note for B2").press("Enter")
        assert page.url == f"{site.origin}/boards/a"
        assert await own.faults() == []
        await own.picture("live-board-lost")
        await page.set_viewport_size({"width": 390, "height": 844})
        assert not await own.is_wider_than_its_screen()
        await own.picture("live-board-lost-phone")
        # And what changes meanwhile is there when it is back
        await put(writer, FERNHILL, "a", "B2", "has gone home")
        await asyncio.to_thread(site.start)
        await page.get_by_text("has gone home").wait_for(timeout=LONGEST_MS)
        await expect(alarm).to_be_hidden()
        await expect(button).to_be_enabled()
        await is_live(page)


async def test_without_scripts_the_page_says_how_old_it_is_and_works(
    site: LiveSite, token: str, writer: Connection
) -> None:
    await put(writer, FERNHILL, "a", "B2", "waits")
    async with reception(site, token, java_script_enabled=False) as own:
        await own.go(f"{site.origin}/boards/a")
        await own.reads("As at")
        await own.press("Call B2")
        await own.reads("waits, called")
        await put(writer, FERNHILL, "a", "B2", "has gone home")
        await own.press("Load it again")
        await own.reads("has gone home")
