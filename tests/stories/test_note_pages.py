# SPDX-License-Identifier: Apache-2.0
"""Notes from the first key to the signature, by keyboard; amended, co-signed, found."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from support.chromium import PHONE, Device, chromium, clean, device
from support.note_pages import Staff, add, arrive, begin, open_ward, saved, text_on
from support.served import Served, served

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


async def test_a_note_from_the_first_key_to_the_second_signature(
    server: Served, staff: Staff, browser: Browser
) -> None:
    origin = server.origin
    async with device(browser) as rowan, device(browser, viewport=PHONE) as ida:
        await arrive(rowan, staff.rowan)
        await rowan.go(f"{origin}/notes")
        await rowan.reads("No drafts.")
        await clean(rowan, "notes-mine-empty")
        await rowan.go(f"{origin}/patients/pat/notes")
        await rowan.reads("No notes yet.")
        await clean(rowan, "notes-empty")
        await writes_a_template(rowan, origin)
        await writes_by_it(rowan, origin)
        await arrive(ida, staff.ida)
        await co_signs(ida, origin)
        await amends(rowan, origin)
        await finds(rowan, origin)
        await marks_wrong(rowan, origin)
        assert rowan.complaints == []
        assert ida.complaints == []


async def writes_a_template(rowan: Device, origin: str) -> None:
    await rowan.go(f"{origin}/notes/templates")
    await clean(rowan, "notes-templates-empty")
    await rowan.press("Add a template")
    await rowan.press("Save")
    await rowan.reads("There is a problem")
    await clean(rowan, "notes-template-problem")
    await rowan.page.get_by_label("Name").fill("Ward round")
    await rowan.page.get_by_label("Heading 1").fill("How they are")
    await rowan.page.get_by_label("Hint 1").fill("In their own words")
    await rowan.page.get_by_label("Heading 2").fill("What we do")
    await rowan.press("Save")
    await rowan.reads("Ward round")
    await clean(rowan, "notes-templates")


async def writes_by_it(rowan: Device, origin: str) -> None:
    """With the keyboard alone, from the headings to the signature."""
    await rowan.go(f"{origin}/patients/pat/notes")
    await rowan.page.get_by_label("Headings").select_option(label="Ward round")
    await rowan.page.get_by_role("button", name="Write a note").focus()
    await rowan.page.keyboard.press("Enter")
    # The cursor stands in the text by itself
    await rowan.page.locator("#text-0:focus").wait_for()
    await rowan.page.keyboard.type("Slept well.\nAte <half> & drank.")
    await rowan.page.keyboard.press("Tab")
    await rowan.page.keyboard.type("Home tomorrow.")
    await saved(rowan)
    await clean(rowan, "notes-write")
    asks = rowan.page.get_by_label("Ask a colleague to co-sign")
    await asks.select_option(label="Dr Ida Wren")
    # Enter in a field of one line signs nothing
    await rowan.page.get_by_label("Title").press("Enter")
    await saved(rowan)
    assert await rowan.page.locator("#text-1").input_value() == "Home tomorrow."
    # Whom one asked stays chosen while something is mended
    await rowan.page.get_by_label("Title").fill("")
    await rowan.page.keyboard.press("Control+Enter")
    await rowan.reads("the title is missing")
    assert await asks.input_value() == "Practitioner/ida"
    await rowan.page.get_by_label("Title").fill("Ward round")
    await saved(rowan)
    await rowan.page.locator("#text-1").focus()
    await rowan.page.keyboard.press("Control+Enter")
    await rowan.reads("Signed. The note is in the record.")
    await rowan.reads("Waits for Dr Ida Wren")
    await rowan.reads("Ate <half> & drank.")
    await clean(rowan, "notes-signed")
    await rowan.go(f"{origin}/notes")
    await rowan.reads("No drafts.")


async def co_signs(ida: Device, origin: str) -> None:
    await ida.go(f"{origin}/notes")
    await ida.reads("HAZEL")
    await clean(ida, "notes-mine-phone")
    await ida.page.get_by_role("link", name="Note about").click()
    await ida.reads("You were asked to co-sign")
    await clean(ida, "notes-co-sign-phone")
    await ida.press("Co-sign")
    await ida.reads("signed too by Dr Ida Wren")
    await ida.go(f"{origin}/notes")
    await ida.reads("Nobody waits for your signature.")
    await begin(ida, origin, button="Write a sealed note")
    await add(ida, "In confidence.")
    await saved(ida)
    await clean(ida, "notes-write-phone")
    await ida.press("Sign")
    await ida.reads("Signed. The note is in the record.")
    await ida.go(f"{origin}/patients/pat/notes")
    await ida.reads("Each opens by itself, with your passkey")
    assert await ida.page.get_by_text("In confidence.").count() == 0
    await clean(ida, "notes-list-phone")


async def amends(rowan: Device, origin: str) -> None:
    await rowan.go(f"{origin}/patients/pat/notes")
    await rowan.press("Ward round")
    await rowan.press("Amend")
    await rowan.page.locator("#text-0").wait_for()
    assert await text_on(rowan) == "Slept well.\nAte <half> & drank."
    await rowan.page.locator("#text-0").fill("Slept badly.\nAte <half> & drank.")
    await rowan.press("Sign")
    await rowan.reads("it is not said what is changed and why")
    assert await text_on(rowan) == "Slept badly.\nAte <half> & drank."
    await clean(rowan, "notes-amend-problem")
    await rowan.page.get_by_label("What is changed, and why").fill("She said so later.")
    await saved(rowan)
    await rowan.press("Sign")
    await rowan.reads("She said so later.")
    await rowan.press("History: 3 versions")
    await rowan.reads("Version 1")
    assert await rowan.page.locator(".wk-note del").all_inner_texts() == ["well."]
    assert await rowan.page.locator(".wk-note ins").all_inner_texts() == ["badly."]
    await clean(rowan, "notes-history")


async def finds(rowan: Device, origin: str) -> None:
    await rowan.go(f"{origin}/patients/pat/notes")
    await clean(rowan, "notes-list")
    await rowan.page.get_by_label("Words in these notes").fill("badly TOMORROW")
    await rowan.page.get_by_role("button", name="Search", exact=True).click()
    await rowan.reads("1 of 1 notes have all")
    assert "badly" not in rowan.page.url
    await clean(rowan, "notes-found")
    await rowan.page.get_by_label("Words in these notes").fill("penguin")
    await rowan.page.get_by_role("button", name="Search", exact=True).click()
    await rowan.reads("0 of 1 notes have all")


async def marks_wrong(rowan: Device, origin: str) -> None:
    await begin(rowan, origin)
    await add(rowan, "About somebody else.")
    await rowan.page.get_by_label("When it happened").fill("2026-01-05T08:30")
    await saved(rowan)
    await rowan.press("Sign")
    await rowan.reads("About 05-Jan-2026 08:30; written")
    await rowan.reads("Late entry")
    await rowan.page.get_by_text("It was entered in error").click()
    await rowan.press("Mark as entered in error")
    await rowan.reads("why it is wrong is missing")
    await rowan.page.get_by_label("Why it is wrong").fill("The wrong patient.")
    await rowan.press("Mark as entered in error")
    await rowan.reads("The wrong patient.")
    shown = rowan.page.locator(".wk-note__text")
    line = await shown.evaluate("node => getComputedStyle(node).textDecorationLine")
    assert line == "line-through"
    await clean(rowan, "notes-wrong")
