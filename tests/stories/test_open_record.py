# SPDX-License-Identifier: Apache-2.0
"""Stories of opening a record: find, say why, open, see who else did.

A real browser, warden, database and ledger, over fictional people.
"""

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio
from playwright.async_api import Browser

from support.chromium import PHONE, chromium, device
from support.house import House, running_house
from wardkeep import apps
from wardkeep.assembly.demo import (
    demo_organisation_bundle,
    demo_organisations,
    demo_patients,
)
from wardkeep.assembly.importing import load_paths
from wardkeep.web.apps import find_apps

pytestmark = pytest.mark.asyncio(loop_scope="module")
TODAY = date(2026, 11, 23)
MAKE = "Make your passkey"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    folder = tmp_path_factory.mktemp("house")
    bundles = tmp_path_factory.mktemp("bundles")
    organisation = demo_organisations()[0]
    everyone = [demo_organisation_bundle(organisation)]
    everyone += list(demo_patients(organisation, today=TODAY))[:40]
    for number, bundle in enumerate(everyone):
        path = Path(bundles) / f"{number:03d}.json"
        path.write_bytes(msgspec.json.encode(bundle))
    found = find_apps(apps)
    async with running_house(folder, apps=found) as running:
        await running.employ("Somebody First")
        report = await load_paths(
            running.settings,
            running.layout,
            paths=[bundles],
            organisation="fernhill",
            show=lambda **_: None,
        )
        assert not report.refused
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as running:
        yield running


async def test_a_doctor_finds_says_why_and_opens(
    house: House, browser: Browser
) -> None:
    # Given Rowan is signed in
    link = await house.invite(await house.employ("Rowan Ash"))
    async with device(browser) as own:
        await own.go(link)
        await own.press(MAKE)
        await own.reads("Your passkey is ready")
        # When she gives one fact only, she is asked for another
        await own.go(f"{house.origin}/find")
        await own.page.get_by_label("Surname").fill("Bram")
        await own.press("Find")
        await own.reads("Two facts are needed")
        # And with two, she sees who matches and nobody else
        await own.page.get_by_label("First name").fill("Otto")
        await own.press("Find")
        await own.reads("BRAMBLEWICK, Otto")
        await own.reads("1 person")
        assert await own.faults() == []
        # When she opens the record, nothing in today's work explains it
        await own.page.get_by_role("link", name="BRAMBLEWICK, Otto").click()
        await own.reads("Why are you opening this record?")
        await own.page.get_by_label("Reason").fill("x")
        await own.press("Open the record")
        await own.reads("too short for anyone to understand")
        assert await own.faults() == []
        # And with a reason it opens, and says under which entry
        await own.page.get_by_label("Reason").fill("rang about results from Tuesday")
        await own.press("Open the record")
        await own.reads("for the reason you gave, entry")
        for words in ("Problems", "Medicines", "Allergies", "Timeline"):
            assert await own.page.get_by_role("heading", name=words).count() == 1
        # Then the ledger knows, refusal and all
        await own.page.get_by_role("link", name="Who else opened this record").click()
        await own.reads("rang about results from Tuesday")
        await own.reads("Refused")
        await own.reads("Rowan Ash")
        assert await own.faults() == []


async def test_a_letter_opens_by_itself_and_prints(
    house: House, browser: Browser
) -> None:
    # Given a doctor who opened a record
    link = await house.invite(await house.employ("Wren Hazel"))
    async with device(browser) as own:
        await own.go(link)
        await own.press(MAKE)
        await own.reads("Your passkey is ready")
        await own.go(f"{house.origin}/find")
        await own.page.get_by_label("Surname").fill("Bram")
        await own.page.get_by_label("First name").fill("Ivo")
        await own.press("Find")
        await own.page.get_by_role("link", name="BRAMBLEWICK, Ivo").click()
        await own.page.get_by_label("Reason").fill("rang about results from Tuesday")
        await own.press("Open the record")
        # When he opens one of its documents
        letter = own.page.locator("#documents a").first
        title = await letter.inner_text()
        await letter.click()
        # Then he reads it under the patient's name, and under which entry
        await own.reads(f"{title}: ")
        await own.reads("BRAMBLEWICK, Ivo")
        await own.reads("entry")
        await own.reads("Allergies")
        assert await own.faults() == []
        await own.picture("document")
        # And on paper there is nothing to press
        await own.page.emulate_media(media="print")
        assert not await own.page.get_by_role(
            "link", name="Find a patient"
        ).is_visible()
        # Prints are written down, so this page says where they are made
        assert await own.page.get_by_text("This page is not for paper").is_visible()
        await own.picture("document-print")
        await own.page.emulate_media(media="screen")
        await own.press("Back to the record")
        await own.reads("for the reason you gave, entry")
        await own.page.emulate_media(media="print")
        await own.picture("record-print")


async def test_the_record_reads_on_a_phone(house: House, browser: Browser) -> None:
    # Given a doctor with a phone
    link = await house.invite(await house.employ("Finch Alder"))
    async with device(browser, viewport=PHONE) as own:
        await own.go(link)
        await own.press(MAKE)
        await own.reads("Your passkey is ready")
        await own.go(f"{house.origin}/find")
        await own.page.get_by_label("Surname").fill("Foxworth")
        await own.page.get_by_label("First name").fill("Gareth")
        await own.press("Find")
        await own.page.get_by_role("link", name="FOXWORTH, Gareth").click()
        await own.page.get_by_label("Reason").fill("asked to see him on the ward")
        await own.press("Open the record")
        # When the page is there, it has the chart and is no wider than the phone
        await own.reads("NEWS2")
        assert not await own.is_wider_than_its_screen()
        assert await own.faults() == []
        await own.picture("record-phone")


async def test_a_receptionist_finds_and_does_not_open(
    house: House, browser: Browser
) -> None:
    # Given a receptionist
    account = await house.employ("Poppy Desk", role="receptionist")
    link = await house.invite(account)
    async with device(browser) as own:
        await own.go(link)
        await own.press(MAKE)
        await own.reads("Your passkey is ready")
        # When she looks for somebody who does not exist, she is told plainly
        await own.go(f"{house.origin}/find")
        await own.page.get_by_label("NHS number").fill("999 000 0018")
        await own.press("Find")
        await own.reads("Nobody matches")
        # And a mistyped number is named as such
        await own.page.get_by_label("NHS number").fill("999 000 0019")
        await own.press("Find")
        await own.reads("That is not an NHS number")
        # And a record does not open to her
        await own.page.get_by_label("NHS number").fill("")
        await own.page.get_by_label("Surname").fill("Bramblewick")
        await own.page.get_by_label("First name").fill("Otto")
        await own.press("Find")
        await own.page.get_by_role("link", name="BRAMBLEWICK, Otto").click()
        await own.reads("does not open this part of a record")
