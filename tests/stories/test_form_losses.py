# SPDX-License-Identifier: Apache-2.0
"""Nothing typed into a form is lost: each loss, on each family of pages."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Dialog, Error

from support.chromium import DESKTOP, PHONE, Device, arrive, chromium, clean, device
from support.losses import (
    LEFT,
    Passkeys,
    database_of,
    holds,
    kill,
    own_browser,
    pull_the_plug,
    sign_in,
)
from support.note_pages import Staff, open_ward
from support.served import Served, eventually, served

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Family(NamedTuple):
    """Pages on which one kind of thing is written, and a field of theirs."""

    path: str
    field: str
    send: str


FAMILIES = {
    "letter": Family("letters/new", "#body", "Save it for approval"),
    "plan": Family("plans/risk/change", "#self", "Save it"),
    "entry": Family("entries/problem/new", "#words", "Save"),
    "observations": Family("observations/new", "#pulse", "See the score"),
}
SAVED = Family("plans/safety/change", "#signs", "Save it")
each_family = pytest.mark.parametrize("family", list(FAMILIES.values()), ids=FAMILIES)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("forms")) as running:
        yield running


@pytest.fixture(scope="module")
def staff(server: Served, tmp_path_factory: pytest.TempPathFactory) -> Staff:
    return open_ward(server, tmp_path_factory.mktemp("keys"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as running:
        yield running


async def accept(dialog: Dialog) -> None:
    await dialog.accept()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rowan(browser: Browser, staff: Staff) -> AsyncIterator[Device]:
    async with device(browser) as own:
        await arrive(own, staff.rowan)
        own.page.on("dialog", accept)
        yield own


async def begin(own: Device, server: Served, family: Family) -> None:
    await own.go(f"{server.origin}/patients/pat/{family.path}")
    await own.page.locator("html.wk-saves-itself").wait_for()


async def add(own: Device, family: Family, words: str) -> None:
    """Type at the end of the field, key by key."""
    await own.page.locator(family.field).focus()
    await own.page.keyboard.press("Control+End")
    await own.page.keyboard.type(words)


async def says(own: Device, state: str) -> None:
    await own.page.locator(f'#kept-state[data-is="{state}"]').wait_for(timeout=30_000)


async def saved(own: Device) -> None:
    await says(own, "saved")
    await own.reads("Saved at")


async def go_on(own: Device, server: Served) -> None:
    """From the list of what is unfinished, as on any device."""
    await own.go(f"{server.origin}/patients/pat/unfinished")
    await own.page.locator(".wk-list a").first.click()
    await own.page.locator("html.wk-saves-itself").wait_for()


async def has(own: Device, server: Served, family: Family, words: str) -> None:
    """Wait until the form has just these words: pages load anew as texts come in."""
    for _ in range(40):
        with suppress(Error):
            await go_on(own, server)
            if await own.page.locator(family.field).input_value() == words:
                return
        await asyncio.sleep(0.25)
    assert await own.page.locator(family.field).input_value() == words


async def throw_away(own: Device) -> None:
    await own.press("Throw away what I typed")
    await own.reads("It was thrown away.")


@each_family
@pytest.mark.parametrize("name", ["web", "warden", "database"])
async def test_a_process_is_killed_in_mid_sentence(
    rowan: Device, server: Served, family: Family, name: str
) -> None:
    def running() -> int:
        return database_of(server) if name == "database" else server.child(name)

    await begin(rowan, server, family)
    await add(rowan, family, "Before. ")
    await saved(rowan)
    before = running()
    kill(before)
    await add(rowan, family, "While it was gone. ")
    await _is_back(server, running, before)
    await add(rowan, family, "After.")
    await saved(rowan)
    await has(rowan, server, family, "Before. While it was gone. After.")
    await throw_away(rowan)


async def _is_back(server: Served, running: Callable[[], int], before: int) -> None:
    await asyncio.to_thread(
        eventually, lambda: running() not in (0, before), server.log
    )
    await asyncio.to_thread(server.await_ready)


@each_family
async def test_without_a_network_nothing_is_sent_and_nothing_is_lost(
    rowan: Device, server: Served, family: Family
) -> None:
    await begin(rowan, server, family)
    await rowan.context.set_offline(True)
    await add(rowan, family, "In the tunnel.")
    await says(rowan, "waiting")
    await rowan.reads("Not saved, kept on this device.")
    await rowan.press(family.send)
    await rowan.page.locator("#kept-alarm", has_text="Not sent.").wait_for()
    await clean(rowan, f"form-offline-{family.field[1:]}")
    await rowan.context.set_offline(False)
    await saved(rowan)
    await has(rowan, server, family, "In the tunnel.")
    await clean(rowan, f"form-resumed-{family.field[1:]}")
    await throw_away(rowan)


@each_family
async def test_the_session_ends_and_somebody_else_signs_in_here(
    rowan: Device, server: Served, staff: Staff, browser: Browser, family: Family
) -> None:
    await begin(rowan, server, family)
    await add(rowan, family, "Mine. ")
    await saved(rowan)
    other = await rowan.context.new_page()
    await other.goto(f"{server.origin}/account")
    await other.get_by_role("button", name="Sign out").click()
    await other.get_by_text("Sign in").first.wait_for()
    await add(rowan, family, "Signed out.")
    await says(rowan, "waiting")
    await rowan.reads("You are signed out.")
    await other.close()
    # Given Ida at the same computer, when she looks, then nothing of it is hers
    mine = await rowan.passkeys()
    async with device(browser) as ida:
        await sign_in_as(ida, rowan, server, staff)
    await rowan.go(f"{server.origin}/patients/pat/unfinished")
    await rowan.reads("Dr Rowan Ash has not finished")
    assert await rowan.page.get_by_text("Mine.").count() == 0
    assert await rowan.page.locator(".wk-list a").count() == 0
    # When Rowan is back, then all of it is
    await sign_out(rowan, server)
    await holds(rowan, mine)
    await sign_in(rowan, server.origin)
    await has(rowan, server, family, "Mine. Signed out.")
    assert await rowan.page.evaluate(LEFT) == 0
    await throw_away(rowan)


IDA: Passkeys = []


async def sign_in_as(ida: Device, here: Device, server: Served, staff: Staff) -> None:
    """Ida's passkey comes to this browser: made once, elsewhere."""
    if not IDA:
        await arrive(ida, staff.ida)
        IDA.extend(await ida.passkeys())
    await holds(here, IDA)
    await sign_in(here, server.origin)
    IDA[:] = await here.passkeys()


async def sign_out(own: Device, server: Served) -> None:
    await own.go(f"{server.origin}/account")
    await own.sign_out()
    await own.reads("Sign in")


@each_family
async def test_a_killed_browser_brings_every_word_back_and_its_disk_tells_nothing(
    rowan: Device, server: Served, tmp_path: Path, family: Family
) -> None:
    profile = tmp_path / "profile"
    passkeys = await rowan.passkeys()
    async with own_browser(profile) as own:
        await own.take_passkeys(passkeys)
        await sign_in(own, server.origin)
        await begin(own, server, family)
        await add(own, family, "To the server. ")
        await saved(own)
        await own.context.set_offline(True)
        await add(own, family, "Xylophone here.")
        await says(own, "waiting")
        passkeys = await own.passkeys()
        pull_the_plug(profile)
        await asyncio.sleep(1)
    on_disk = [one.read_bytes() for one in profile.rglob("*") if one.is_file()]
    assert any(b"wardkeep-notes" in one or b"notes" in one for one in on_disk)
    for said in (b"Xylophone", "Xylophone".encode("utf-16-le")):
        assert not [1 for one in on_disk if said in one]
    # On another device what the server had is there already
    await has(rowan, server, family, "To the server. ")
    async with own_browser(profile) as own:
        await own.take_passkeys(passkeys)
        await sign_in(own, server.origin)
        # The first page brings in what is on the device, and loads itself anew
        await has(own, server, family, "To the server. Xylophone here.")
        assert await own.page.evaluate(LEFT) == 0
        own.page.on("dialog", accept)
        await throw_away(own)
        passkeys = await own.passkeys()
        await own.context.close()
    await holds(rowan, passkeys)


async def test_two_windows_lose_neither_text_and_colleagues_see_that_there_is_one(
    rowan: Device, server: Served
) -> None:
    family = SAVED  # No other story begins with what this one leaves in the record.
    await begin(rowan, server, family)
    await add(rowan, family, "First window.")
    await saved(rowan)
    second = await rowan.context.new_page()
    await second.goto(rowan.page.url)
    await second.get_by_text("is open in another window").wait_for()
    await second.locator(family.field).fill("Second window.")
    await second.locator('#kept-state[data-is="saved"]').wait_for()
    await add(rowan, family, " More of the first.")
    await rowan.reads("Other words for this form were typed")
    await second.close()
    await rowan.press("See both")
    await rowan.reads("First window. More of the first.")
    await rowan.reads("Second window.")
    await clean(rowan, "form-two-texts")
    await sends_one_of_two(rowan, server, family)


async def sends_one_of_two(rowan: Device, server: Served, family: Family) -> None:
    """It is in the record, and the other stays unfinished."""
    await rowan.page.get_by_role("link", name="Go on with it").first.click()
    await rowan.page.locator("html.wk-saves-itself").wait_for()
    await rowan.page.get_by_label("Made with", exact=True).fill("The person")
    await rowan.press(family.send)
    await rowan.reads("It is saved.")
    await go_on(rowan, server)
    await rowan.reads("Somebody else changed it while you wrote")
    await clean(rowan, "form-overtaken")
    shown = await rowan.page.locator(family.field).input_value()
    assert shown in ("First window. More of the first.", "Second window.")
    await throw_away(rowan)
    assert rowan.complaints == []


async def test_what_was_thrown_away_is_brought_back_on_a_phone(
    rowan: Device, server: Served
) -> None:
    family = FAMILIES["plan"]
    await begin(rowan, server, family)
    await add(rowan, family, "Not so bad.")
    await saved(rowan)
    shown = await rowan.page.locator(family.field).input_value()
    await go_on(rowan, server)
    await throw_away(rowan)
    await rowan.page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    await clean(rowan, "form-thrown-away-phone")
    await rowan.press("Bring it back")
    await clean(rowan, "form-words-phone")
    await has(rowan, server, family, shown)
    await clean(rowan, "form-plan-phone")
    await rowan.go(f"{server.origin}/caseload")
    await rowan.reads("The risk assessment about")
    await clean(rowan, "form-first-page-phone")
    await rowan.page.set_viewport_size(DESKTOP)  # type: ignore[arg-type]
    await rowan.go(f"{server.origin}/patients/pat")
    await rowan.reads("Begun and not finished")
    await clean(rowan, "form-on-record")
    await go_on(rowan, server)
    await throw_away(rowan)
    assert rowan.complaints == []


async def test_without_scripts_a_button_keeps_it_unfinished(
    rowan: Device, server: Served, browser: Browser
) -> None:
    cookies = await rowan.context.cookies()
    async with device(browser, java_script_enabled=False) as own:
        await own.context.add_cookies(cookies)  # type: ignore[arg-type]
        await own.go(f"{server.origin}/patients/pat/letters/new")
        await own.page.locator("#body").fill("By hand.\nTwo lines.")
        await own.press("Keep it unfinished")
        await own.reads("You typed this until")
        assert await own.page.locator("#body").input_value() == "By hand.\nTwo lines."
        await throw_away(own)
