# SPDX-License-Identifier: Apache-2.0
"""A phone checks in by a link; a desk decides on corrections; a clinic asks."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import closing

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, expect

from support.arrivals import fill, staff
from support.chromium import PHONE, Device, chromium, clean, device
from support.program import Program
from support.served import Served, served

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    with served(tmp_path_factory.mktemp("check-in-pages")) as running:
        running.found("fernhill")
        keys = tmp_path_factory.mktemp("keys")
        with closing(Program(running, keys, organisation="fernhill")) as one:
            fill(one, ("anna", "Appleyard", "Anna"), ("bea", "Birch", "Bea"))
            one.served = running  # type: ignore[attr-defined]
            yield one


@pytest.fixture(scope="module")
def server(program: Program) -> Served:
    found: Served = program.served  # type: ignore[attr-defined]
    return found


@pytest.fixture(scope="module")
def links(server: Served) -> list[str]:
    return asyncio.run(staff(server, "fernhill", "receptionist", "shift_lead"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as running:
        yield running


async def enrol(own: Device, link: str) -> None:
    await own.go(link)
    await own.press("Make your passkey")
    await own.reads("Your passkey is ready")


async def tells_facts(phone: Device, born: str, family: str) -> None:
    await phone.page.get_by_label("Your date of birth").fill(born)
    await phone.page.get_by_label("The first 3 letters").fill(family)
    await phone.press("Next")


async def checks_in_by_phone(phone: Device, address: str) -> None:
    # When she opens the link on her phone, it asks for two facts
    await phone.go(address)
    await clean(phone, "phone-link")
    await tells_facts(phone, "yesterday", "App")
    await phone.reads("We cannot read that date")
    await tells_facts(phone, "3 2 1950", "Zzz")
    await phone.reads("Please look at this again")
    await clean(phone, "phone-link-again")
    await tells_facts(phone, "3 2 1950", "App")
    # Then she sees the end of what is known, corrects it, and is checked in
    await phone.reads("ending 456")
    await phone.page.get_by_text("No, something has changed").click()
    await phone.page.locator("#new-phone").fill("07700 900999")
    await clean(phone, "phone-visit")
    await phone.press("Check in now")
    await phone.reads("You are checked in")
    await phone.reads("People before you: 0")
    await clean(phone, "phone-waiting")
    assert "Appleyard" not in await phone.page.content()
    # And the link is worth nothing any more
    await phone.go(address)
    await tells_facts(phone, "3 2 1950", "App")
    await phone.reads("This link was used")


async def decides(rae: Device, origin: str, program: Program) -> None:
    """The receptionist sees both sides, accepts, takes it back, and rejects."""
    await rae.go(f"{origin}/check-in/desk")
    await rae.reads("07700 900999")
    await rae.reads("07700 900456")
    await clean(rae, "check-in-desk")
    assert telephone(program) == "07700 900456"
    await rae.press("Accept")
    await rae.reads("Accepted at")
    assert telephone(program) == "07700 900999"
    await rae.press("Undo")
    await rae.page.get_by_role("button", name="Reject").wait_for()
    assert telephone(program) == "07700 900456"
    await rae.press("Reject")
    await rae.reads("Rejected at")
    assert telephone(program) == "07700 900456"


def telephone(program: Program) -> str:
    found = program.get("Patient/anna").json
    return str(found["telecom"][0]["value"])


async def test_a_phone_checks_in_once_and_a_desk_decides_on_what_was_corrected(
    server: Served, program: Program, links: list[str], browser: Browser
) -> None:
    async with (
        device(browser) as rae,
        device(browser, viewport=PHONE) as phone,
    ):
        await enrol(rae, links[0])
        await rae.go(f"{server.origin}/check-in/desk")
        await rae.reads("No correction waits")
        await rae.page.get_by_text("Live ·").wait_for()
        await clean(rae, "check-in-desk-empty")
        await rae.go(f"{server.origin}/clinics")
        await rae.page.locator("main h2 a").first.click()
        expected = rae.page.locator("#a-of-anna")
        await expected.locator("summary").click()
        await expected.get_by_role("link", name="Link for their phone").click()
        await rae.press("Make the link")
        await rae.reads("It is not shown again")
        await clean(rae, "check-in-new-link")
        address = await rae.page.locator("main strong").last.inner_text()
        assert address.startswith(f"{server.origin}/check-in/by/")
        await checks_in_by_phone(phone, address)
        assert phone.complaints == []
        await decides(rae, server.origin, program)
        assert rae.complaints == []


async def adds(mo: Device, text: str, kind: str, options: str = "") -> None:
    await mo.page.get_by_label("The question").fill(text)
    await mo.page.get_by_label("How it is answered").select_option(label=kind)
    await mo.page.get_by_label("Answers to choose from").fill(options)
    await mo.press("Add it")


async def starts(mo: Device, origin: str) -> None:
    await mo.go(f"{origin}/questionnaires")
    await mo.reads("There is no questionnaire yet")
    await clean(mo, "questionnaires-empty")
    await mo.page.get_by_label("Its title").fill("Before you are seen")
    await mo.press("Start")
    await mo.reads("It asks nothing yet")
    await mo.press("Use it")
    await mo.reads("It cannot be used yet")


async def orders_and_uses(mo: Device, questions: Locator) -> None:
    # Order, removal, and taking either back
    await mo.page.get_by_role("button", name="Up").first.click()
    await expect(questions).to_have_text(
        ["How did you come?", "Do you need an interpreter?"]
    )
    await mo.page.get_by_role("button", name="Remove").first.click()
    await expect(questions).to_have_text(["Do you need an interpreter?"])
    await mo.press("Undo the last change")
    await expect(questions).to_have_count(2)
    await mo.press("Ask it at check-in")
    await mo.press("Use it")
    await mo.reads("In use")
    await clean(mo, "questionnaire")
    await mo.press("See it as people will")
    await mo.page.get_by_text("By bus").click()
    await clean(mo, "questionnaire-preview")


async def test_a_clinic_writes_its_questions_looks_at_them_and_uses_them(
    server: Served, links: list[str], browser: Browser
) -> None:
    async with device(browser) as mo:
        await enrol(mo, links[1])
        await starts(mo, server.origin)
        await adds(mo, "Do you need an interpreter?", "Yes or no")
        await adds(mo, "How did you come?", "One of some answers")
        await mo.reads("The answers to choose from are missing")
        await clean(mo, "questionnaire-problem")
        expected = mo.page.get_by_label("The question")
        await expect(expected).to_have_value("How did you come?")
        await adds(mo, "How did you come?", "One of some answers", "On foot\nBy bus")
        questions = mo.page.locator("main ol > li strong")
        await expect(questions).to_have_text(
            ["Do you need an interpreter?", "How did you come?"]
        )
        await orders_and_uses(mo, questions)
        # A change to what is used is a draft of the next version
        await mo.press("Back to editing")
        await adds(mo, "Anything else?", "Several lines")
        await mo.reads("version 2")
        await mo.reads("Draft")
        await mo.go(f"{server.origin}/questionnaires")
        await clean(mo, "questionnaires")
        assert mo.complaints == []
