# SPDX-License-Identifier: Apache-2.0
"""Administrators add, move and end people, each change signed and some by two."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from support.chromium import PHONE, Device, chromium, clean, device
from support.house import House, running_house
from wardkeep import apps
from wardkeep.base.clock import SystemClock
from wardkeep.web.apps import find_apps

pytestmark = pytest.mark.asyncio(loop_scope="module")
MAKE = "Make your passkey"
IN_A_YEAR = (SystemClock().now() + timedelta(days=365)).date()
LIST = f"""name,role,until,team
Tamsin Reed,Ward nurse,,Ward 7
Ivo Marsh,Finance clerk,{IN_A_YEAR},
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    folder = tmp_path_factory.mktemp("house")
    async with running_house(folder, apps=find_apps(apps)) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as running:
        yield running


async def arrive(own: Device, house: House, name: str, role: str) -> None:
    await own.go(await house.invite(await house.employ(name, role=role)))
    await own.press(MAKE)
    await own.reads("Your passkey is ready")
    await own.go(f"{house.origin}/people")


async def follow(own: Device, name: str) -> None:
    await (
        own.page.get_by_role("link", name=name)
        .or_(own.page.get_by_role("button", name=name))
        .first.click()
    )


async def set_up_a_team(own: Device) -> None:
    await follow(own, "Sites and teams")
    await clean(own, "people-teams-empty")
    await own.page.get_by_label("A new site").fill("North wing")
    await own.press("Add the site")
    await own.page.get_by_label("A new team").fill("Ward 7")
    await own.page.get_by_label("At which site").select_option(label="North wing")
    await own.press("Add the team")
    await own.reads("Ward 7")
    await clean(own, "people-teams")


async def add_from_a_list(own: Device, house: House) -> None:
    await own.go(f"{house.origin}/people/import")
    await own.page.get_by_label("The list").fill(LIST + "Mo Vane,Wizard,,\n")
    await own.press("Read it")
    await own.reads("“Wizard” is no role")
    await clean(own, "people-import-wrong")
    await own.page.get_by_label("The list").fill(LIST)
    await own.press("Read it")
    await own.reads("Ward nurse, team Ward 7")
    await own.reads(f"until {IN_A_YEAR:%-d %B %Y}")
    await own.reads("A second person has to confirm it")
    await clean(own, "people-confirm")
    await own.press("Add these 2 with my passkey")
    await own.reads("Nothing changes until a colleague confirms it")
    await clean(own, "people-request")


async def confirm_on_a_phone(own: Device) -> None:
    await follow(own, "Changes that wait (1)")
    await clean(own, "people-requests-phone")
    await own.page.get_by_role("link", name=re.compile("Decide.*Add 2")).click()
    await follow(own, "Go on to confirm it")
    await clean(own, "people-approve-phone")
    await own.press("Confirm with my passkey")
    await own.reads("Confirmed. It holds now.")
    await clean(own, "people-approved-phone")


async def test_two_people_add_a_months_intake_from_a_list(
    house: House, browser: Browser
) -> None:
    async with device(browser) as ada, device(browser, viewport=PHONE) as pia:
        # Given a team
        await arrive(ada, house, "Ada Holt", "administrator")
        await clean(ada, "people")
        await set_up_a_team(ada)
        # When a list with a fault is pasted, the line is named and nobody is added;
        # and when it is right, it is shown, signed, and waits for a second person
        await add_from_a_list(ada, house)
        # Then a colleague confirms it on her phone
        await arrive(pia, house, "Pia Stone", "privacy_officer")
        await confirm_on_a_phone(pia)
        # And makes their links, which are shown once
        await follow(pia, "Make enrolment links for 2 people")
        await pia.press("Make the links with my passkey")
        await pia.reads("Shown once")
        await clean(pia, "people-links-phone")
        links = pia.page.locator("[data-link]")
        assert await links.count() == 2
        link = await links.nth(1).text_content()
        await follow(pia, "Done")
        await pia.reads("Link is out")
        # And the nurse makes her passkey by hers
        async with device(browser) as nurse:
            await nurse.go(link or "")
            await nurse.press(MAKE)
            await nurse.reads("Your passkey is ready")
            assert await nurse.page.get_by_role("link", name="People").count() == 0


async def test_a_leaver_is_out_within_a_second(house: House, browser: Browser) -> None:
    async with device(browser) as ada, device(browser) as leaver:
        await arrive(leaver, house, "Lea Verney", "doctor")
        await leaver.go(f"{house.origin}/account")
        await arrive(ada, house, "Ann Holt", "administrator")
        await ada.page.get_by_label("Name or role").fill("verney")
        await ada.press("Show")
        await follow(ada, "Lea Verney")
        await clean(ada, "people-one")
        await follow(ada, "End their work here")
        await ada.reads("Their sessions end at once, everywhere")
        await clean(ada, "people-end")
        await ada.press("End it with my passkey")
        await ada.reads("Their work here has ended")
        await leaver.go(f"{house.origin}/account")
        await leaver.reads("Sign in")


async def test_who_lost_every_passkey_is_vouched_for(
    house: House, browser: Browser
) -> None:
    async with device(browser) as lead, device(browser) as lost:
        await arrive(lost, house, "Nia Crewe", "ward_nurse")
        await arrive(lead, house, "Sol Leader", "shift_lead")
        await lead.reads("can vouch for somebody who lost every passkey")
        await follow(lead, "Nia Crewe")
        await follow(lead, "Lost every passkey")
        await lead.press("Go on")
        await lead.reads("There is a problem")
        await clean(lead, "people-vouch-problem")
        await lead.page.get_by_label("How did you make sure").fill(
            "She stands beside me, and I know her."
        )
        await lead.press("Go on")
        await clean(lead, "people-vouch")
        await lead.press("Vouch with my passkey")
        await lead.reads("Shown once")
        link = await lead.page.locator("[data-link]").text_content()
        async with device(browser) as found:
            await found.go(link or "")
            await found.press(MAKE)
            await found.reads("Your passkey is ready")
        await lost.go(f"{house.origin}/account")
        await lost.reads("Sign in")


async def test_a_mover_waits_for_a_second_person_where_the_budget_rises(
    house: House, browser: Browser
) -> None:
    async with device(browser) as ada:
        await arrive(ada, house, "Abe Holt", "administrator")
        await house.employ("Mo Verley", role="finance_clerk")
        await ada.go(f"{house.origin}/people")
        await follow(ada, "Mo Verley")
        await follow(ada, "Change role or end date")
        await ada.page.get_by_label("Role").select_option(label="Doctor")
        await clean(ada, "people-role")
        await ada.press("Go on")
        await ada.reads("A second person has to confirm it")
        await ada.press("Change with my passkey")
        await ada.reads("Nothing changes until a colleague confirms it")
        await ada.press("Take it back")
        await ada.reads("It will not be done")
        await clean(ada, "people-requests")


async def test_whose_work_it_is_not_sees_nobody(house: House, browser: Browser) -> None:
    async with device(browser) as own:
        await arrive(own, house, "Rowan Ash", "doctor")
        assert await own.page.get_by_text("Ada Holt").count() == 0
        assert await own.page.get_by_role("link", name="People").count() == 0


async def test_one_person_works_in_two_organisations_with_one_passkey(
    house: House, browser: Browser
) -> None:
    async with device(browser) as own:
        await arrive(own, house, "Sam Doublet", "doctor")
        # Given a link for work elsewhere
        there = await house.employ(
            "Sam Doublet", role="hospice_nurse", organisation="larkspur"
        )
        await own.go(await house.invite(there))
        # When it is taken on with the passkey that is there already
        await follow(own, "I have a passkey for Wardkeep already")
        await own.reads("Take on this work?")
        await clean(own, "account-work")
        await own.press("Take it on")
        await own.reads("You work there too now")
        await clean(own, "account-two-organisations")
        # Then the person goes there and back, and the link is used up
        await own.page.get_by_role("button", name="Go there").click()
        await own.page.get_by_text("Larkspur Hospital").first.wait_for()
        await own.go(f"{house.origin}/account")
        await own.reads("Hospice nurse")
        await own.page.get_by_role("button", name="Go there").click()
        await own.page.get_by_text("Fernhill Hospital").first.wait_for()
