# SPDX-License-Identifier: Apache-2.0
"""A contact on a phone in somebody's home: one page, one press, nothing lost."""

from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from support.chromium import PHONE, Device, arrive, chromium, clean, device
from support.note_pages import Staff, open_ward
from support.program import Program
from support.served import Served, served
from wardkeep.base.clock import LONDON, SystemClock
from wardkeep.base.ids import new_uuid

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("contacts")) as running:
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
    async with device(browser, viewport=PHONE) as own:
        await arrive(own, staff.rowan)
        yield own


def book(server: Served, keys: Path) -> None:
    """A home visit of an hour ago in the patient's diary."""
    at = SystemClock().now() - timedelta(hours=1)
    person = {"actor": {"reference": "Patient/pat"}, "status": "accepted"}
    with closing(Program(server, keys, organisation="fernhill")) as program:
        program.put(
            {
                "resourceType": "Appointment",
                "id": new_uuid(),
                "status": "booked",
                "description": "Home visit",
                "start": at.isoformat(timespec="seconds"),
                "participant": [person],
            }
        )


async def begin(own: Device, server: Served) -> None:
    await own.go(f"{server.origin}/patients/pat/contacts/new")
    await own.page.locator("html.wk-saves-itself").wait_for()


async def test_a_visit_is_recorded_on_a_phone_and_taken_back(
    rowan: Device, server: Served, tmp_path: Path
) -> None:
    book(server, tmp_path)
    await rowan.go(f"{server.origin}/patients/pat/visits")
    await rowan.page.get_by_role("link", name="Record").first.click()
    page = rowan.page
    await page.locator("html.wk-saves-itself").wait_for()
    await clean(rowan, "contact-empty-phone")
    # When it is saved with gaps, each is named at its field and nothing is lost
    await page.get_by_label("Note", exact=True).fill("Seen at home. Eating again.")
    await rowan.press("Save the contact")
    await page.get_by_role("heading", name="There is a problem").wait_for()
    await clean(rowan, "contact-problems-phone")
    kept = await page.get_by_label("Note", exact=True).input_value()
    assert kept == "Seen at home. Eating again."
    await page.locator("#appointment").select_option(index=1)
    came = page.get_by_role("group", name="What came of it")
    await came.get_by_role("radio").first.check()
    await page.get_by_role("group", name="How").get_by_role("radio").first.check()
    await page.locator("#where").select_option(index=1)
    await page.locator("#minutes").fill("40")
    spoken = page.get_by_role("group", name="Whom you spoke with")
    await spoken.get_by_role("radio").first.check()
    await page.locator("#next-way").select_option(index=1)
    coming = SystemClock().now().astimezone(LONDON) + timedelta(days=7)
    await page.locator("#next-when").fill(f"{coming:%Y-%m-%dT%H:%M}")
    await rowan.press("Save the contact")
    # Then it stands with its note, and what the data set asks
    await rowan.reads("Eating again.")
    await rowan.reads("40")
    await clean(rowan, "contact-saved-phone")
    await rowan.go(f"{server.origin}/patients/pat/visits")
    await clean(rowan, "contact-on-visits-phone")
    assert rowan.complaints == []


async def test_what_is_typed_is_there_again_after_the_page_was_closed(
    rowan: Device, server: Served
) -> None:
    await begin(rowan, server)
    note = rowan.page.get_by_label("Note", exact=True)
    await note.fill("Nobody at the door.")
    await rowan.page.locator('#kept-state[data-is="saved"]').wait_for(timeout=30_000)
    page = await rowan.context.new_page()
    await rowan.page.close()
    rowan.page = page
    await rowan.go(f"{server.origin}/patients/pat/unfinished")
    await rowan.page.locator(".wk-list a").first.click()
    await rowan.page.locator("html.wk-saves-itself").wait_for()
    note = rowan.page.get_by_label("Note", exact=True)
    assert await note.input_value() == "Nobody at the door."
