# SPDX-License-Identifier: Apache-2.0
"""Stories of signing in: a real browser, warden and database, nothing pretended.

Each story is one person's, told as Given, When, Then in its comments.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Route
from starlette.responses import HTMLResponse

from support.chromium import PHONE, Device, chromium, device
from support.house import House, free_port, running_house, served
from support.owner import rested
from wardkeep.apps import confirming, my_account, sign_in
from wardkeep.base.clock import FrozenClock
from wardkeep.web.apps import App, FoundApp

pytestmark = pytest.mark.asyncio(loop_scope="module")
CLOCK = FrozenClock(datetime(2026, 11, 23, 9, 41, tzinfo=UTC))
SIGN_IN = "Sign in with your passkey"
MAKE = "Make your passkey"


def found(app: App, module_file: str | None) -> FoundApp:
    return FoundApp(app=app, folder=Path(module_file or "").parent)


APPS = [
    found(sign_in.app, sign_in.__file__),
    found(my_account.app, my_account.__file__),
    found(confirming.app, confirming.__file__),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    folder = tmp_path_factory.mktemp("house")
    async with running_house(folder, apps=APPS, clock=CLOCK) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as running:
        yield running


@asynccontextmanager
async def enrolled(house: House, browser: Browser, name: str) -> AsyncIterator[Device]:
    """A device whose owner has just enrolled by a link."""
    link = await house.invite(await house.employ(name))
    async with device(browser) as own:
        await own.go(link)
        await own.press(MAKE)
        await own.reads("Your passkey is ready")
        yield own
        assert own.complaints == []


async def test_enrol_by_link_sign_out_and_sign_in_again(
    house: House, browser: Browser
) -> None:
    # Given Rowan was sent a link
    link = await house.invite(await house.employ("Rowan Ash"))
    async with device(browser) as own:
        # When she opens it, it says whom it is for
        await own.go(link)
        for words in ("Rowan Ash", "Fernhill Hospital", "Doctor"):
            await own.reads(words)
        # And she names the device and makes a passkey
        await own.page.get_by_label("What should this passkey be called?").fill("Ward")
        await own.press(MAKE)
        # Then she is signed in, and sees the passkey by its name
        await own.reads("Your passkey is ready")
        await own.reads("Ward")
        # When she signs out, the page says so and her account is closed to her
        await own.sign_out()
        await own.reads("You are signed out")
        await own.go(f"{house.origin}/account")
        await own.arrives("/sign-in?next=/account")
        # When she signs in with the passkey, she is where she wanted to be
        await own.press(SIGN_IN)
        await own.arrives("/account")
        await own.reads("Rowan Ash")
        cookies = await own.context.cookies()
        assert [(c["httpOnly"], c["sameSite"]) for c in cookies] == [(True, "Strict")]
        assert own.complaints == []


async def adds_a_phone(house: House, laptop: Device) -> list[dict[str, Any]]:
    """The passkeys that are on the phone then; the laptop has its own again."""
    await laptop.go(f"{house.origin}/account")
    await laptop.press("Add a passkey")
    await laptop.press("Go on with my passkey")
    await laptop.reads("Make it on another device or a security key")
    own = await laptop.passkeys()
    await laptop.plug_in()
    label = laptop.page.get_by_label("What should this passkey be called?")
    await label.fill("Phone")
    await laptop.press("Add a passkey")
    await laptop.reads("Your new passkey is kept")
    await laptop.reads("Rests until")
    added = await laptop.passkeys()
    await laptop.plug_in()
    await laptop.take_passkeys(own)
    return added


async def test_a_lost_passkey_is_revoked_and_its_sessions_end(
    house: House, browser: Browser
) -> None:
    # Given Hazel has a passkey, and adds one on her phone
    async with enrolled(house, browser, "Hazel Thorn") as laptop:
        phone_passkeys = await adds_a_phone(house, laptop)
        async with device(browser, viewport=PHONE) as phone:
            # And she is signed in on the phone with it
            await phone.take_passkeys(phone_passkeys)
            await phone.go(f"{house.origin}/sign-in")
            await phone.press(SIGN_IN)
            await phone.reads("rests for 24 hours")
            # And tomorrow it signs her in; until then she is told of it where she works
            await laptop.sign_out()
            await laptop.press(SIGN_IN)
            await laptop.reads("If you did not add it, revoke it now")
            await rested(house)
            await phone.go(f"{house.origin}/sign-in")
            await phone.press(SIGN_IN)
            await phone.arrives("/account")
            await laptop.go(f"{house.origin}/account")
            # When the phone is lost and she revokes its passkey
            await laptop.press("Revoke Phone")
            await laptop.press("Go on with my passkey")
            await laptop.reads("Every session that was started with it ends")
            await laptop.press("Revoke this passkey")
            await laptop.reads("The passkey is revoked")
            # Then whoever holds the phone is out at the next click
            await phone.page.reload()
            await phone.reads("Your session has ended")
            # And cannot come in again
            await phone.press(SIGN_IN)
            await phone.reads("That did not work")
            assert "/sign-in" in phone.page.url
        # And her only passkey left cannot be revoked
        await laptop.reads("Your only passkey cannot be revoked")


async def test_an_invitation_works_once(house: House, browser: Browser) -> None:
    # Given Linden has used the link
    link = await house.invite(await house.employ("Linden Marsh"))
    async with device(browser) as first, device(browser) as second:
        # And somebody else had it open at the same time
        await second.go(link)
        await first.go(link)
        await first.press(MAKE)
        await first.reads("Your passkey is ready")
        # When the other one goes on, it is refused in words
        await second.press(MAKE)
        await second.reads("That did not work")
        # And the link itself says what that may mean
        await second.go(link)
        await second.reads("This invitation does not work")
        await second.reads("somebody else may have")
        assert await second.context.cookies() == []


async def test_an_invitation_expires(house: House, browser: Browser) -> None:
    link = await house.invite(await house.employ("Juniper Vale"), hours=1)
    CLOCK.move(timedelta(hours=1, minutes=1))
    async with device(browser) as own:
        await own.go(link)
        await own.reads("This invitation does not work")
        await own.go(f"{house.origin}/enrol/somebody-made-this-up")
        await own.reads("This invitation does not work")


async def test_half_an_hour_without_use_signs_out_in_plain_words(
    house: House, browser: Browser
) -> None:
    async with enrolled(house, browser, "Alder Finch") as own:
        # When nothing happens for half an hour
        CLOCK.move(timedelta(minutes=31))
        await own.go(f"{house.origin}/account/passkeys/add")
        # Then the page says why, and signing in leads back
        await own.reads("Your session has ended")
        await own.reads("30 minutes without use")
        await own.press(SIGN_IN)
        await own.arrives("/account/passkeys/add")


async def test_a_form_sent_after_the_session_ended_is_not_lost_in_silence(
    house: House, browser: Browser
) -> None:
    async with enrolled(house, browser, "Bryony Wold") as own:
        CLOCK.move(timedelta(minutes=31))
        await own.sign_out()
        await own.reads("You have been signed out")
        await own.reads("Reference")


async def test_sessions_elsewhere_are_seen_and_ended(
    house: House, browser: Browser
) -> None:
    async with enrolled(house, browser, "Sorrel Dale") as desk:
        async with device(browser) as ward:
            # Given Sorrel is signed in on the ward too
            await ward.take_passkeys(await desk.passkeys())
            await ward.go(f"{house.origin}/sign-in")
            await ward.press(SIGN_IN)
            await ward.arrives("/account")
            # When she ends that session from her desk
            await desk.page.reload()
            await desk.press("End all my other sessions")
            await desk.reads("All your other sessions have ended")
            # Then the ward's browser is out at once
            await ward.page.reload()
            await ward.reads("Your session has ended")
        assert await desk.page.get_by_text("This session").count() == 1


async def test_a_device_without_a_passkey_is_told_what_to_do(
    house: House, browser: Browser
) -> None:
    async with device(browser) as own:
        await own.go(f"{house.origin}/sign-in")
        await own.press(SIGN_IN)
        await own.reads("You were not signed in")
        # The words have the focus, so that a screen reader says them.
        focused = await own.page.evaluate("document.activeElement.id")
        assert focused == "ceremony-problem"
        assert await own.page.get_by_role("button", name=SIGN_IN).is_enabled()
        assert await own.faults() == []


async def test_a_device_that_cannot_check_the_person_is_not_enough(
    house: House, browser: Browser
) -> None:
    link = await house.invite(await house.employ("Teasel Moor"))
    async with device(browser) as own:
        await own.plug_in(hasUserVerification=False, isUserVerified=False)
        await own.go(link)
        await own.press(MAKE)
        await own.reads("That did not work")
        assert await own.context.cookies() == []


async def test_the_keyboard_is_enough(house: House, browser: Browser) -> None:
    link = await house.invite(await house.employ("Fern Hollow"))
    async with device(browser) as own:
        await own.go(link)
        await tab_to(own, MAKE)
        await own.page.keyboard.press("Enter")
        await own.reads("Your passkey is ready")
        await tab_to(own, "Sign out")
        await own.page.keyboard.press("Enter")
        await own.reads("You are signed out")
        await tab_to(own, SIGN_IN)
        await own.page.keyboard.press("Enter")
        await own.arrives("/account")


async def tab_to(own: Device, name: str) -> None:
    """Press Tab until the button of this name has the focus."""
    for _ in range(40):
        await own.page.keyboard.press("Tab")
        text = await own.page.evaluate("document.activeElement.textContent.trim()")
        if text == name:
            return
    pytest.fail(f"Tab does not reach {name}")


async def test_without_javascript_the_page_says_what_is_needed(
    house: House, browser: Browser
) -> None:
    link = await house.invite(await house.employ("Rue Barrow"))
    async with device(browser, java_script_enabled=False) as own:
        for address in (f"{house.origin}/sign-in", link):
            await own.go(address)
            await own.reads("Passkeys need JavaScript")
            assert await own.page.get_by_role("button", name=SIGN_IN).count() == 0


async def test_a_link_in_a_mail_opens_the_page_for_who_is_signed_in(
    house: House, browser: Browser
) -> None:
    port = free_port()
    elsewhere = HTMLResponse(
        f'<a href="{house.origin}/account">Your account</a>'
        f'<form method="post" action="{house.origin}/sign-out"><button>Win</button>'
    )
    async with (
        enrolled(house, browser, "Myrtle Crane") as own,
        served(elsewhere, port),
    ):
        # A page of another site links to ours: she is signed in as before
        await own.go(f"http://127.0.0.1:{port}/")
        await own.press("Your account")
        await own.reads("Myrtle Crane")
        # But it cannot make her browser do anything here
        await own.go(f"http://127.0.0.1:{port}/")
        await own.press("Win")
        await own.reads("That did not come from a Wardkeep page")
        await own.go(f"{house.origin}/account")
        await own.reads("Myrtle Crane")


async def test_what_opens_outage_packs_never_reaches_the_server(
    house: House, browser: Browser
) -> None:
    async with enrolled(house, browser, "Yarrow Flint") as own:
        sent: list[str] = []
        own.page.on("request", lambda asked: sent.append(asked.post_data or ""))

        async def ask_for_prf(route: Route) -> None:
            answer = await route.fetch()
            options = await answer.json()
            options["extensions"] = {"prf": {"eval": {"first": "AAAA"}}}
            await route.fulfill(response=answer, json=options)

        await own.page.route("**/sign-in/begin", ask_for_prf)
        await own.sign_out()
        await own.press(SIGN_IN)
        await own.arrives("/account")
        posted = [text for text in sent if "authenticatorData" in text]
        assert len(posted) == 1
        assert "prf" not in posted[0]


PAGES = (
    "/sign-in",
    "/sign-in?ended=yes",
    "/account",
    "/account/passkeys/add",
    "/nowhere",
)


@pytest.mark.parametrize("width", ["desktop", "phone"])
async def test_every_page_is_accessible_and_fits_the_screen(
    house: House, browser: Browser, width: str
) -> None:
    link = await house.invite(await house.employ(f"Pages Of {width.title()}"))
    options = {"viewport": PHONE} if width == "phone" else {}
    async with device(browser, **options) as own:
        faults = await judge(own, link, f"enrol-{width}")
        await own.press(MAKE)
        await own.reads("Your passkey is ready")
        faults += await judge(own, link, f"invitation-over-{width}")
        for path in PAGES:
            name = path.strip("/").replace("/", "-").replace("?", "-")
            faults += await judge(own, f"{house.origin}{path}", f"{name}-{width}")
        assert "\n".join(faults) == ""
        assert own.complaints == []


async def judge(own: Device, address: str, name: str) -> list[str]:
    """Open a page, ask axe, measure it, keep a picture; what is wrong with it."""
    await own.go(address)
    faults = await own.faults()
    if await own.is_wider_than_its_screen():
        faults.append("wider than the screen")
    await own.picture(name)
    return [f"{name}: {fault}" for fault in faults]
