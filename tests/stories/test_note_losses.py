# SPDX-License-Identifier: Apache-2.0
"""Nothing typed is lost: browsers, servers, networks, sessions end in mid-sentence."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Error, Page, Route

from support.chromium import PATIENCE_MS, Device, chromium, device
from support.losses import (
    LEFT,
    database_of,
    goes_to,
    holds,
    kill,
    own_browser,
    pull_the_plug,
    sign_in,
)
from support.note_pages import Staff, add, arrive, begin, open_ward, saved, text_on
from support.served import Served, eventually, served

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("notes")) as running:
        yield running


@pytest.fixture(scope="module")
def staff(server: Served, tmp_path_factory: pytest.TempPathFactory) -> Staff:
    return open_ward(server, tmp_path_factory.mktemp("keys"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rowan(browser: Browser, staff: Staff) -> AsyncIterator[Device]:
    async with device(browser) as own:
        await arrive(own, staff.rowan)
        yield own


async def says(own: Device, state: str) -> None:
    await own.page.locator(f'#note-state[data-is="{state}"]').wait_for(timeout=30_000)


async def has(own: Device, words: str) -> None:
    """Wait until the text is just this: the page may load itself anew before."""
    field = own.page.locator("#text-0")
    loop = asyncio.get_running_loop()
    until = loop.time() + PATIENCE_MS / 1000
    while loop.time() < until:
        with suppress(Error):
            if await field.input_value(timeout=2_000) == words:
                return
        await asyncio.sleep(0.1)
    told = await own.page.locator("body").inner_text()
    raise AssertionError(f"{words!r} is not on {own.page.url}: {told}")


async def survives(
    own: Device, server: Served, find: Callable[[], int], words: str
) -> None:
    """A process is killed while somebody types, and the words are there afterwards."""
    await begin(own, server.origin)
    await add(own, f"Before the {words}. ")
    await saved(own)
    before = find()
    kill(before)
    await add(own, f"While the {words} was gone. ")
    await asyncio.to_thread(eventually, lambda: find() not in (0, before), server.log)
    await asyncio.to_thread(server.await_ready)
    await add(own, "And after.")
    await saved(own)
    await own.page.reload()
    assert await text_on(own) == (
        f"Before the {words}. While the {words} was gone. And after."
    )


async def test_the_web_process_is_killed_in_mid_sentence(
    rowan: Device, server: Served
) -> None:
    await survives(rowan, server, lambda: server.child("web"), "web process")


async def test_the_database_is_killed_in_mid_sentence(
    rowan: Device, server: Served
) -> None:
    await survives(rowan, server, lambda: database_of(server), "database")


async def test_the_warden_is_killed_in_mid_sentence(
    rowan: Device, server: Served
) -> None:
    await survives(rowan, server, lambda: server.child("warden"), "warden")


async def test_without_a_network_the_page_says_so_and_sends_it_on_later(
    rowan: Device, server: Served
) -> None:
    await begin(rowan, server.origin)
    await add(rowan, "On the train. ")
    await saved(rowan)
    await rowan.context.set_offline(True)
    await add(rowan, "In the tunnel.")
    await says(rowan, "waiting")
    await rowan.reads("Not saved yet: kept on this device.")
    await rowan.picture("notes-offline")
    assert await rowan.faults() == []
    # Signing does not happen, and says so
    await rowan.press("Sign")
    await rowan.page.locator("#note-alarm", has_text="Not signed.").wait_for()
    await rowan.context.set_offline(False)
    await saved(rowan)
    await rowan.page.reload()
    assert await text_on(rowan) == "On the train. In the tunnel."


async def test_it_is_loud_when_neither_server_nor_device_keeps_it(
    rowan: Device, server: Served
) -> None:
    await begin(rowan, server.origin)
    await saved(rowan)
    await rowan.page.evaluate(
        "() => { IDBFactory.prototype.open = () => { throw new Error('full'); }; }"
    )
    await rowan.context.set_offline(True)
    await add(rowan, "Nowhere.")
    await says(rowan, "lost")
    await rowan.reads("NOT SAVED, and this device keeps nothing.")
    await rowan.picture("notes-lost")
    assert await rowan.faults() == []
    await rowan.context.set_offline(False)
    await saved(rowan)
    await rowan.page.reload()
    assert await text_on(rowan) == "Nowhere."


async def test_signed_out_while_typing_one_signs_in_elsewhere_and_goes_on(
    rowan: Device, server: Served
) -> None:
    address = await begin(rowan, server.origin)
    await add(rowan, "Still here. ")
    await saved(rowan)
    other = await rowan.context.new_page()
    await other.goto(f"{server.origin}/account")
    await other.get_by_role("button", name="Sign out").click()
    await other.get_by_text("Sign in").first.wait_for()
    await add(rowan, "Signed out.")
    await says(rowan, "waiting")
    await rowan.reads("You are signed out.")
    await rowan.page.get_by_role(
        "link", name="Sign in again in a new window"
    ).wait_for()
    await rowan.picture("notes-signed-out")
    await other.close()
    # The authenticator is this page's, so the sign-in is in this window here
    await rowan.page.evaluate("() => { window.onbeforeunload = null; }")
    rowan.page.on("dialog", lambda dialog: asyncio.ensure_future(dialog.accept()))
    await rowan.go(f"{server.origin}/sign-in")
    await rowan.press("Sign in with your passkey")
    # The first page brings in what this device kept, and is drawn anew for it
    await rowan.arrives("/caseload")
    await rowan.reads("Not finished")
    await goes_to(rowan, address)
    await has(rowan, "Still here. Signed out.")


async def test_two_windows_of_one_draft_lose_neither_text(
    rowan: Device, server: Served
) -> None:
    address = await begin(rowan, server.origin)
    await add(rowan, "Common ground.")
    await saved(rowan)
    second = await rowan.context.new_page()
    await second.goto(address)
    # Told at once, before a word is typed
    await second.get_by_text("is open in another window").wait_for()
    await rowan.reads("is open in another window")
    await second.locator("#text-0").fill("Common ground. From the second.")
    await second.locator('#note-state[data-is="saved"]').wait_for()
    await rowan.page.locator("#text-0").fill("Common ground. From the first.")
    await rowan.reads("This draft has other words too")
    assert await rowan.faults() == []
    await rowan.picture("notes-two-windows")
    # Signing shows both, and signs nothing
    await saved(rowan)
    await rowan.press("Sign")
    await rowan.reads("Which words go on?")
    await rowan.reads("From the first.")
    await rowan.reads("From the second.")
    assert await rowan.faults() == []
    await rowan.picture("notes-texts")
    await rowan.press("Go on with both, one below the other")
    await rowan.page.locator("#text-0").wait_for()
    text = await text_on(rowan)
    assert "From the first." in text
    assert "From the second." in text
    # And what was typed in the second window since is not lost either
    await second.locator("#text-0").fill("Common ground. Later in the second.")
    await second.get_by_text("This draft has other words too").wait_for()
    await second.close()
    await add(rowan, " More.")
    await rowan.reads("This draft has other words too")


async def test_two_people_amend_one_note_and_the_second_sees_both(
    rowan: Device, server: Served, staff: Staff, browser: Browser
) -> None:
    await begin(rowan, server.origin)
    await add(rowan, "As signed.")
    await saved(rowan)
    await rowan.press("Sign")
    await rowan.reads("Signed. The note is in the record.")
    note = rowan.page.url.partition("?")[0]
    async with device(browser) as ida:
        await arrive(ida, staff.ida)
        await ida.go(note)
        await ida.press("Amend")
        await rowan.press("Amend")
        await rowan.reads("Dr Ida Wren is amending this note too.")
        for own, words in ((ida, "By Ida."), (rowan, "By Rowan.")):
            await own.page.locator("#text-0").fill(words)
            await own.page.get_by_label("What is changed, and why").fill("Unclear.")
            await saved(own)
        await ida.reads("Dr Rowan Ash is amending this note too.")
        await ida.press("Sign")
        await ida.reads("Signed. The note is in the record.")
    await rowan.press("Sign")
    await rowan.reads("The note was signed as version 2 by Dr Ida Wren")
    await rowan.reads("By Rowan.")
    await rowan.picture("notes-amended-by-two")
    assert await rowan.faults() == []
    await rowan.press("Go on with both, one below the other")
    await rowan.page.locator("#text-0").wait_for()
    assert await text_on(rowan) == "By Ida.\n––––\nBy Rowan."
    await saved(rowan)
    await rowan.press("Sign")
    await rowan.press("History: 3 versions")
    await rowan.reads("Version 3")


async def test_a_killed_browser_brings_every_word_back_and_its_disk_tells_nothing(
    rowan: Device, server: Served, tmp_path: Path
) -> None:
    profile = tmp_path / "profile"
    passkeys = await rowan.passkeys()
    async with own_browser(profile) as own:
        await own.take_passkeys(passkeys)
        await sign_in(own, server.origin)
        address = await begin(own, server.origin)
        await add(own, "Said to the server. ")
        await saved(own)
        await own.context.set_offline(True)
        await add(own, "Xylophone kept on the device.")
        await says(own, "waiting")
        passkeys = await own.passkeys()
        pull_the_plug(profile)
        await asyncio.sleep(1)
    on_disk = [one.read_bytes() for one in profile.rglob("*") if one.is_file()]
    assert any(b"wardkeep-notes" in one or b"notes" in one for one in on_disk)
    for said in (b"Xylophone", "Xylophone".encode("utf-16-le")):
        assert not [1 for one in on_disk if said in one]
    async with own_browser(profile) as own:
        await own.take_passkeys(passkeys)
        await sign_in(own, server.origin)
        await goes_to(own, address)
        await has(own, "Said to the server. Xylophone kept on the device.")
        await saved(own)
        assert await own.page.evaluate(LEFT) == 0
        passkeys = await own.passkeys()
        await own.context.close()
    await holds(rowan, passkeys)


async def test_a_page_drawn_before_the_words_came_in_shows_them(
    rowan: Device, server: Served, tmp_path: Path
) -> None:
    passkeys = await rowan.passkeys()
    async with own_browser(tmp_path / "profile") as own:
        await own.take_passkeys(passkeys)
        await sign_in(own, server.origin)
        address = await begin(own, server.origin)
        await add(own, "Said to the server. ")
        await saved(own)
        await own.context.set_offline(True)
        await add(own, "Kept on the device.")
        await says(own, "waiting")
        passkeys = await own.passkeys()
        writing, listing = own.page, await own.context.new_page()
        own.page = await own.context.new_page()
        await writing.close()
        await own.context.set_offline(False)
        async with drawn_late(own, address):
            await listing.goto(f"{server.origin}/unfinished")
            await emptied(listing)
        await has(own, "Said to the server. Kept on the device.")
        await own.context.close()
    await holds(rowan, passkeys)


@asynccontextmanager
async def drawn_late(own: Device, address: str) -> AsyncIterator[None]:
    """The server has drawn the page, and what comes next comes before it arrives."""
    is_drawn, is_in = asyncio.Event(), asyncio.Event()

    async def late(route: Route) -> None:
        answer = await route.fetch()
        is_drawn.set()
        await is_in.wait()
        await route.fulfill(response=answer)

    await own.page.route(address, late, times=1)
    coming = asyncio.create_task(own.go(address))
    await is_drawn.wait()
    yield
    is_in.set()
    await coming


async def emptied(page: Page) -> None:
    """Wait until the device keeps no text any more; the page may load itself anew."""
    for _ in range(PATIENCE_MS // 100):
        with suppress(Error):
            if await page.evaluate(LEFT) == 0:
                return
        await asyncio.sleep(0.1)
    raise AssertionError("texts are still on the device")
