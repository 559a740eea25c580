# SPDX-License-Identifier: Apache-2.0
"""Two people erase a record on the pages, and one of them changes her mind first."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from playwright.async_api import Browser

from support.chromium import PHONE, Device, chromium, device
from support.house import House, running_house
from wardkeep import apps
from wardkeep.assembly.demo import demo_organisations, demo_patients
from wardkeep.assembly.importing import load_paths
from wardkeep.web.apps import find_apps

pytestmark = pytest.mark.asyncio(loop_scope="module")
TODAY = date(2026, 11, 23)
MAKE = "Make your passkey"
HOLD = "Yes, an inquiry or a court may want them"
WHY = "asked in a letter of 1 May"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    folder = tmp_path_factory.mktemp("house")
    bundles = tmp_path_factory.mktemp("bundles")
    organisation = demo_organisations()[0]
    for number, bundle in enumerate(list(demo_patients(organisation, today=TODAY))[:3]):
        path = bundles / f"{number:03d}.json"
        path.write_bytes(msgspec.json.encode(bundle))
    (bundles / "old.json").write_bytes(msgspec.json.encode(an_old_record()))
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


OLD = "5f1c1f9e-0000-4000-8000-00000000a1d0"


def an_old_record() -> dict[str, Any]:
    """Nothing happened in it for longer than it must be kept."""
    subject = {"reference": f"Patient/{OLD}"}
    resources: list[dict[str, Any]] = [
        {"resourceType": "Patient", "id": OLD, "name": [{"family": "Mothwick"}]},
        {
            "resourceType": "Condition",
            "id": "5f1c1f9e-0000-4000-8000-00000000a1d1",
            "subject": subject,
            "code": {"text": "Broken wrist"},
            "recordedDate": "1999-03-01",
        },
        {
            "resourceType": "Appointment",
            "id": "5f1c1f9e-0000-4000-8000-00000000a1d2",
            "status": "fulfilled",
            "start": "2009-03-01T10:00:00Z",
            "end": "2009-03-01T10:10:00Z",
            "participant": [{"actor": subject, "status": "accepted"}],
        },
    ]
    entries = [
        {
            "fullUrl": f"urn:uuid:{one['id']}",
            "resource": one,
            "request": {"method": "PUT", "url": f"{one['resourceType']}/{one['id']}"},
        }
        for one in resources
    ]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def a_patient() -> str:
    bundle = next(iter(demo_patients(demo_organisations()[0], today=TODAY)))
    entries = msgspec.json.decode(msgspec.json.encode(bundle))["entry"]
    return str(
        next(
            one["resource"]["id"]
            for one in entries
            if one["resource"]["resourceType"] == "Patient"
        )
    )


async def arrive(own: Device, house: House, name: str, role: str) -> None:
    await own.go(await house.invite(await house.employ(name, role=role)))
    await own.press(MAKE)
    await own.reads("Your passkey is ready")
    await own.go(f"{house.origin}/erasures")


async def ask(own: Device, patient: str) -> None:
    await own.page.get_by_role("button", name="Ask for an erasure").click()
    await own.page.get_by_label("The record’s id").fill(patient)
    await own.page.get_by_label("The person asked for it").check()
    await own.page.get_by_label("In your own words").fill(WHY)
    await own.press("Ask")


async def destroy(second: Device, button: str) -> None:
    """The second person signs that very erasure."""
    await second.press(button)
    await second.reads("It cannot be undone, by anybody")
    assert await second.faults() == []
    await second.picture("erasure-confirm-phone")
    await second.press("Destroy it with my passkey")


async def test_two_people_erase_a_record(house: House, browser: Browser) -> None:
    patient = a_patient()
    async with device(browser) as first, device(browser, viewport=PHONE) as second:
        # Given a privacy officer
        await arrive(first, house, "Prue Vesper", "privacy_officer")
        # When she asks, nothing is erased, and she cannot approve it herself
        await ask(first, patient)
        await first.reads("Nothing is erased until a colleague approves it")
        assert await first.faults() == []
        await first.picture("erasures")
        await first.page.get_by_role("link", name="Look at it").click()
        await first.reads("a colleague has to approve it")
        approve = first.page.get_by_role("button", name="Erase this record for good")
        assert await approve.count() == 0
        # And takes it back, and asks again
        await first.press("Take it back")
        await first.reads("It will not be erased")
        await ask(first, patient)
        # Then an administrator sees what will go, and approves
        await arrive(second, house, "Helen Inkwell", "administrator")
        await second.page.get_by_role("link", name="Decide").click()
        await second.reads("It cannot be undone")
        assert await second.faults() == []
        assert not await second.is_wider_than_its_screen()
        await second.picture("erasure-phone")
        await destroy(second, "Erase this record for good")
        await second.reads("This record was erased")
        await second.reads("Prue Vesper")
        assert await second.faults() == []
        await second.picture("erasure-done-phone")
        # And the ledger tells every step to the privacy officer
        await first.go(f"{house.origin}/patients/{patient}/history")
        for words in ("Asked to erase it", "Approved to erase it", "Erased it"):
            await first.reads(words)
        await first.reads("versions destroyed")


async def test_who_says_too_little_is_told_so(house: House, browser: Browser) -> None:
    async with device(browser) as own:
        await arrive(own, house, "Merle Quince", "privacy_officer")
        assert await own.faults() == []
        await own.page.get_by_role("button", name="Ask for an erasure").click()
        await own.press("Ask")
        await own.reads("There is a problem")
        assert await own.faults() == []
        await own.picture("erasure-problems")


async def test_what_is_due_is_listed_and_may_be_held(
    house: House, browser: Browser
) -> None:
    async with device(browser) as own:
        await arrive(own, house, "Prue Vesper", "privacy_officer")
        await own.page.get_by_role("button", name="What is due").click()
        await own.reads(OLD)
        assert await own.faults() == []
        await own.picture("retention-due")
        # When less than the least is set, the page says so
        await set_term(own, years="1", held=HOLD)
        await own.reads("There is a problem")
        assert await own.faults() == []
        await own.picture("retention-problem")
        # When everything of the kind is held, nothing is due
        await set_term(own, years="7", held=HOLD)
        await own.reads("Nothing is destroyed until further notice")
        await set_term(own, years="7", held="No")
        await own.reads("The term is set")


async def test_what_is_due_is_destroyed_by_two(house: House, browser: Browser) -> None:
    async with device(browser) as first, device(browser, viewport=PHONE) as second:
        # Given an old appointment
        await arrive(first, house, "Prue Vesper", "privacy_officer")
        await first.page.get_by_role("button", name="What is due").click()
        await first.reads("1 item, in the records of 1 person")
        await first.page.get_by_role("link", name="Ask to destroy them").click()
        await first.page.get_by_label("In your own words").fill(WHY)
        await first.press("Ask")
        await first.reads("Nothing is erased until a colleague approves it")
        # When a colleague approves
        await arrive(second, house, "Helen Inkwell", "administrator")
        await second.page.get_by_role("link", name="Decide about appointments").click()
        await second.reads("Every item of this kind that is older goes")
        assert await second.faults() == []
        assert not await second.is_wider_than_its_screen()
        await second.picture("retention-phone")
        await destroy(second, "Destroy these for good")
        gone = second.page.get_by_text(re.compile("These (were|are being) destroyed"))
        await gone.first.wait_for(timeout=15000)
        # Then it is gone, and the person's own page tells of it
        await until_told(second, "1 items in 1 versions")
        await second.picture("retention-done-phone")
        await first.go(f"{house.origin}/patients/{OLD}/history")
        await first.reads("Destroyed: kept for long enough")


async def until_told(own: Device, words: str) -> None:
    """It is destroyed behind the page: reload as a person would."""
    for _ in range(60):
        await own.page.reload()
        if words in await own.page.content():
            return
        await asyncio.sleep(0.5)
    raise AssertionError(words)


async def set_term(own: Device, *, years: str, held: str) -> None:
    if not own.page.url.endswith("/money"):
        await own.page.get_by_role("link", name="Change how long claims").click()
    await own.page.get_by_label("Years").fill(years)
    await own.page.get_by_label(held).check()
    await own.press("Set")


async def test_whose_work_it_is_not_sees_no_erasures(
    house: House, browser: Browser
) -> None:
    async with device(browser) as own:
        await arrive(own, house, "Rowan Ash", "doctor")
        assert await own.page.get_by_role("link", name="Erasures").count() == 0
        assert await own.page.get_by_text("Waiting for a decision").count() == 0
