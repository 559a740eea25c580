# SPDX-License-Identifier: Apache-2.0
"""Two people agree on a data set, the operator takes it, a team mends its own."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from support.chromium import PHONE, Device, chromium, clean, device
from support.house import House, running_house
from wardkeep import apps
from wardkeep.assembly.data_sets import Asked, Taken, take
from wardkeep.assembly.importing import load_paths
from wardkeep.base.clock import LONDON, SystemClock
from wardkeep.disclosure.answers import Done
from wardkeep.disclosure.questions import SetWork
from wardkeep.web.apps import find_apps

pytestmark = pytest.mark.asyncio(loop_scope="module")
HOME = "fernhill"
MAKE = "Make your passkey"
Json = dict[str, Any]


def this_month() -> str:
    return f"{SystemClock().now().astimezone(LONDON):%Y-%m}"


def resources(of: str) -> list[Json]:
    """A team of the data set with two patients, one of whom lacks nearly everything."""
    mind = f"mind-{of}"
    coding = {"system": "urn:wardkeep:mhsds:service-or-team-type", "code": "A06"}
    service = {
        "resourceType": "HealthcareService",
        "id": mind,
        "name": f"Mind team {of}",
        "type": [{"coding": [coding]}],
    }
    found: list[Json] = [service]
    for name in ("ann", "ben"):
        id_ = f"{name}-{of}"
        found.append(
            {
                "resourceType": "Patient",
                "id": id_,
                "name": [{"family": "Marsh", "given": [name.title()]}],
                "birthDate": "1980-02-03",
            }
        )
        found.append(
            {
                "resourceType": "ServiceRequest",
                "id": f"{id_}-referral",
                "status": "active",
                "intent": "order",
                "authoredOn": f"{this_month()}-01T09:00:00Z",
                "subject": {"reference": f"Patient/{id_}"},
                "performer": [{"reference": f"HealthcareService/{mind}"}],
            }
        )
    return found


def bundle(found: list[Json]) -> bytes:
    entries = [
        {
            "fullUrl": f"urn:uuid:{one['id']}",
            "resource": one,
            "request": {"method": "PUT", "url": f"{one['resourceType']}/{one['id']}"},
        }
        for one in found
    ]
    made = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    return json.dumps(made).encode()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    folder = tmp_path_factory.mktemp("house")
    async with running_house(folder, apps=find_apps(apps)) as running:
        await running.employ("Somebody First")
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as running:
        yield running


async def load(house: House, folder: Path, of: str) -> None:
    (folder / f"{of}.json").write_bytes(bundle(resources(of)))
    report = await load_paths(
        house.settings,
        house.layout,
        paths=[folder / f"{of}.json"],
        organisation=HOME,
        show=lambda **_: None,
    )
    assert not report.refused


async def arrive(own: Device, house: House, name: str, role: str, path: str) -> str:
    account = await house.employ(name, role=role)
    await own.go(await house.invite(account))
    await own.press(MAKE)
    await own.reads("Your passkey is ready")
    await own.go(f"{house.origin}{path}")
    return account


async def ask(own: Device, reason: str) -> None:
    await own.page.get_by_role("button", name="Ask for a data set").click()
    await own.page.get_by_label("Which month?").select_option(this_month())
    await own.page.get_by_label("What is it for?").fill(reason)
    await own.press("Go on")
    await own.reads("Nothing leaves until a colleague has agreed")
    await clean(own, "data-set-confirm")
    await own.press("Ask for it with my passkey")
    await own.reads("Asked.")


async def agree(own: Device) -> None:
    await own.page.get_by_role("link", name="Decide").first.click()
    await own.reads("What has left cannot be called back")
    await clean(own, "data-set-agree")
    await own.page.get_by_role("button", name="Agree that it is taken").click()
    await own.press("Agree with my passkey")
    await own.reads("wardkeep dataset take")


async def gone_through(house: House, folder: Path | None = None) -> Taken:
    asked = Asked(
        data_set="mhsds", organisation=HOME, period=this_month(), folder=folder
    )
    return await take(house.settings, house.layout, asked, lambda _: None)


async def test_two_people_agree_and_a_team_finds_what_is_missing(
    house: House, browser: Browser, tmp_path: Path
) -> None:
    await load(house, tmp_path, "one")
    async with device(browser) as first, device(browser, viewport=PHONE) as second:
        # Given an administrator who asks for this month
        await arrive(first, house, "Helen Inkwell", "administrator", "/data-sets")
        await clean(first, "data-sets-empty")
        await ask(first, "November, first time")
        await clean(first, "data-sets")
        # Then she cannot agree herself
        await first.page.get_by_role("link", name="Look at it").first.click()
        await first.reads("so a colleague has to agree")
        # When a privacy officer agrees, on her phone
        await arrive(second, house, "Prue Vesper", "privacy_officer", "/data-sets")
        await agree(second)
        await clean(second, "data-set-agreed-phone")
        # And the operator goes through it
        taken = await gone_through(house, tmp_path / "out")
        assert taken.patients >= 2
        # Then both see that it was, and the proof
        await second.page.reload()
        await second.reads(taken.digest)
        await clean(second, "data-set-taken-phone")
        # And a nurse of the team finds what her team can mend
        await a_nurse_mends(house, browser, "one")


async def a_nurse_mends(house: House, browser: Browser, of: str) -> None:
    async with device(browser, viewport=PHONE) as nurse:
        account = await arrive(
            nurse, house, "Nell Ferris", "care_coordinator", "/data-quality"
        )
        await nurse.reads("2 patients have no ethnic category")
        name = "2 patients have no ethnic category"
        assert await nurse.page.get_by_role("link", name=name).count() == 0
        team = (f"HealthcareService/mind-{of}",)
        asked = SetWork(HOME, (), (("Mind", team, (account,)),))
        await house.ask_operator(asked, Done)
        await nurse.page.reload()
        await nurse.reads("Your team")
        await clean(nurse, "data-quality-phone")
        await nurse.page.get_by_role("link", name=name).first.click()
        await nurse.reads(f"ann-{of}")
        await clean(nurse, "data-quality-faults-phone")
        page = (await nurse.page.content()).lower()
        assert "marsh" not in page, "they stand there by their ids"
        await nurse.page.get_by_role("link", name=f"ann-{of}").click()
        await nurse.reads("MARSH")


async def test_whoever_says_too_little_keeps_what_was_typed(
    house: House, browser: Browser
) -> None:
    async with device(browser) as own:
        await arrive(own, house, "Merle Quince", "privacy_officer", "/data-sets/ask")
        await own.page.get_by_label("What is it for?").fill("why")
        await own.press("Go on")
        await own.reads("The reason is too short")
        await clean(own, "data-set-problem")
        typed = await own.page.get_by_label("What is it for?").input_value()
        assert typed == "why"


async def test_taken_back_it_is_taken_by_nobody(house: House, browser: Browser) -> None:
    async with device(browser) as first, device(browser) as second:
        await arrive(first, house, "Olive Fenn", "administrator", "/data-sets")
        await ask(first, "to be taken back")
        await arrive(second, house, "Ivo Marsh", "privacy_officer", "/data-sets")
        await second.page.get_by_role("link", name="Decide").first.click()
        await second.press("Say no")
        await second.reads("It cannot be taken any more")
        await second.reads("Withdrawn")


async def test_whose_work_it_is_not_sees_no_data_sets(
    house: House, browser: Browser
) -> None:
    async with device(browser) as own:
        await arrive(own, house, "Rowan Ash", "doctor", "/data-sets")
        assert await own.page.get_by_role("link", name="Data sets").count() == 0
        assert await own.page.get_by_text("Waiting for a colleague").count() == 0
