# SPDX-License-Identifier: Apache-2.0
"""The Mental Health Act: registered, told, taken back; two at once; the list."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from datetime import datetime, timedelta

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from support.chromium import PHONE, Device, arrive, chromium, clean, device
from support.homes import visits
from support.program import Program
from support.served import Served, served
from support.warden import RunningWarden
from wardkeep.base.clock import LONDON, SystemClock
from wardkeep.disclosure.questions import Invite

pytestmark = pytest.mark.asyncio(loop_scope="module")
HOME = "larkspur"
PEOPLE = {
    "ann": ("Fenwick", "Ann"),
    "bea": ("Sorrel", "Bea"),
    "cal": ("Tansy", "Cal"),
    "dee": ("Rue", "Dee"),
    "eve": ("Yarrow", "Eve"),
    "fay": ("Gale", "Fay"),
}
"""One for each test."""
STAFF = (
    ("office", "care_coordinator", "Ona Reed"),
    ("nurse", "ward_nurse", "Nils Oak"),
    ("desk", "receptionist", "Robin Vale"),
    ("admin", "administrator", "Ada Rule"),
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("mha")) as running:
        running.found(HOME)
        keys = tmp_path_factory.mktemp("keys")
        with closing(Program(running, keys, organisation=HOME)) as program:
            program.put({"resourceType": "Location", "id": "larch", "name": "Larch"})
            program.put({"resourceType": "Location", "id": "oak", "name": "Oak"})
            for id_, (family, given) in PEOPLE.items():
                program.put(
                    {
                        "resourceType": "Patient",
                        "id": id_,
                        "name": [{"family": family, "given": [given]}],
                        "birthDate": "1980-02-03",
                    }
                )
        yield running


@pytest.fixture(scope="module")
def links(server: Served) -> dict[str, str]:
    return asyncio.run(_links(server))


async def _links(server: Served) -> dict[str, str]:
    warden = RunningWarden(server, None)  # type: ignore[arg-type]
    warden.home = HOME
    found = {}
    now = SystemClock().now()
    for key, role, name in STAFF:
        account = await warden.account(role, name=name)
        for patient in PEOPLE if key != "admin" else ():
            await visits(
                warden, account, patient, kind="caseload", starts=now, ends=None
            )
        secret = await warden.tell(Invite(account=account, valid_hours=1))
        found[key] = f"{server.origin}/enrol/{secret}"
    await warden.operator.close()
    return found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office(browser: Browser, links: dict[str, str]) -> AsyncIterator[Device]:
    async with device(browser) as own:
        await arrive(own, links["office"])
        yield own


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def nurse(browser: Browser, links: dict[str, str]) -> AsyncIterator[Device]:
    async with device(browser, viewport=PHONE) as own:
        await arrive(own, links["nurse"])
        yield own


def ago(**long: int) -> str:
    """A moment in London as its field takes it."""
    then = SystemClock().now().astimezone(LONDON) - timedelta(**long)
    return f"{then:%Y-%m-%dT%H:%M}"


def until(began: str, days: int) -> str:
    last = datetime.fromisoformat(began).date() + timedelta(days=days - 1)
    return f"{last.day} {last:%B %Y}"


async def registers(
    own: Device, origin: str, patient: str, code: str, began: str, ward: str = "Larch"
) -> str:
    """The address of the new section."""
    await own.go(f"{origin}/patients/{patient}/mental-health-act/new")
    await own.page.get_by_label("Which section").select_option(code)
    await own.page.get_by_label("Since when it holds").fill(began)
    await own.page.get_by_label("Ward", exact=True).select_option(label=ward)
    await own.press("Register it")
    await own.reads("The section is registered.")
    return own.page.url.partition("?")[0]


async def writes(own: Device, section: str, kind: str, **fields: str) -> None:
    await own.go(f"{section}/entries/{kind}")
    await fill(own, **fields)
    await own.press("Save it")


async def fill(own: Device, **fields: str) -> None:
    for name, value in fields.items():
        field = own.page.locator(f'[name="{name}"]')
        if name == "outcome":
            await own.page.locator(f'[name="outcome"][value="{value}"]').check()
        else:
            await field.fill(value)


async def test_a_section_is_registered_and_every_page_says_until_when(
    server: Served, office: Device, nurse: Device
) -> None:
    # Given somebody under no section
    await nurse.go(f"{server.origin}/patients/ann/mental-health-act")
    await nurse.reads("Under no section of the Act")
    await clean(nurse, "mha-none-phone")
    # When the office registers one from its papers
    began = ago(days=3)
    await office.go(f"{server.origin}/patients/ann/mental-health-act/new")
    await clean(office, "mha-register")
    section = await registers(office, server.origin, "ann", "2", began)
    await office.reads(f"Until {until(began, 28)}")
    await office.reads("24 days left")
    await clean(office, "mha-section")
    # Then rights and papers are late, and it is said in words
    await office.reads("Explain rights")
    await office.reads("Paper to come: Application (A1 or A2)")
    # And the banner of the record says it to whoever opens it
    await nurse.go(f"{server.origin}/patients/ann")
    await nurse.reads(f"Detained: section 2 until {until(began, 28)}")
    # When the nurse explains rights, on a phone, they are due no longer
    await nurse.go(f"{section}/entries/rights")
    await clean(nurse, "mha-rights-phone")
    await fill(nurse, outcome="understood", whom="Nils Oak", words="In English")
    await nurse.press("Save it")
    await nurse.reads("It is saved.")
    await nurse.reads("Rights were explained: Understood")
    # When it was the wrong patient it is taken back with a reason, and stays readable
    await nurse.page.get_by_text("Take it back").first.click()
    await nurse.page.locator('[name="words"]').first.fill("It was somebody else")
    await nurse.page.locator("details[open] button").click()
    await nurse.reads("It is taken back, and stays readable below.")
    await nurse.reads("It was somebody else")
    await clean(nurse, "mha-section-phone")
    assert nurse.complaints == []
    assert office.complaints == []


async def test_of_two_who_write_at_once_the_second_reads_the_first_and_loses_nothing(
    server: Served, office: Device, nurse: Device
) -> None:
    section = await registers(office, server.origin, "bea", "3", ago(days=2))
    await office.go(f"{section}/entries/rights")
    await nurse.go(f"{section}/entries/rights")
    await fill(office, outcome="refused", words="Would not speak to us")
    await office.press("Save it")
    await office.reads("It is saved.")
    await fill(nurse, outcome="understood", words="Spoke after lunch")
    await nurse.press("Save it")
    await nurse.reads("Somebody else wrote meanwhile, so nothing was saved")
    await nurse.reads("Would not speak to us")
    await clean(nurse, "mha-second-phone")
    kept = nurse.page.locator('textarea[name="words"]')
    assert await kept.input_value() == "Spoke after lunch"
    await nurse.press("Save it")
    await nurse.reads("It is saved.")
    await nurse.reads("Spoke after lunch")
    await nurse.reads("Would not speak to us")


async def test_what_is_wrong_is_told_at_its_field_and_nothing_is_lost(
    server: Served, office: Device
) -> None:
    section = await registers(office, server.origin, "eve", "5(2)", ago(hours=1))
    await office.go(f"{section}/entries/leave")
    await fill(office, at=ago(hours=-4), until=ago(hours=0), outcome="escorted")
    await office.press("Save it")
    await office.reads("There is a problem")
    await office.reads("is not after it begins")
    await office.reads("Where to, and conditions is missing")
    await clean(office, "mha-entry-wrong")
    assert await office.page.locator('[name="until"]').input_value() != ""


async def test_the_list_says_what_is_late_and_is_brought_up_to_date(
    server: Served, office: Device, nurse: Device
) -> None:
    # Given a holding power that ran out an hour ago, and nobody said how it ended
    section = await registers(office, server.origin, "cal", "5(4)", ago(hours=7), "Oak")
    await office.reads("Section 5(4) is past its end")
    await clean(office, "mha-past")
    await office.go(f"{server.origin}/mental-health-act?show=late")
    row = (
        office.page.get_by_role("row")
        .filter(has_text="TANSY")
        .filter(has_text="Section 5(4) ends")
    )
    await row.wait_for()
    words = await row.inner_text()
    assert "Late" in words
    assert "late" in words.split("Late", 1)[1]
    await clean(office, "mha-office")
    await office.go(
        f"{server.origin}/mental-health-act?ward=Location/larch&show=people"
    )
    await office.page.locator("#counts").wait_for()
    assert "TANSY" not in await office.page.inner_text("main")
    await office.go(f"{server.origin}/mental-health-act?ward=Location/oak&show=late")
    await row.wait_for()
    await office.reads("Live")
    # When the nurse says how it ended, the row goes from the open page
    await writes(nurse, section, "discharged", outcome="clinician")
    await nurse.reads("It is saved.")
    await row.wait_for(state="detached")
    # And the banner says nothing more of it
    await nurse.go(f"{server.origin}/patients/cal")
    assert "5(4)" not in await nurse.page.locator(".wk-banner").inner_text()
    await nurse.go(f"{server.origin}/mental-health-act")
    await nurse.page.locator("#counts").wait_for()
    await clean(nurse, "mha-office-phone")
    assert office.complaints == []


async def test_the_list_is_printed_as_it_stands_and_says_by_whom(
    server: Served, office: Device, nurse: Device
) -> None:
    # Given a list of one ward, whose page itself is not for paper
    began = ago(days=1)
    await registers(office, server.origin, "fay", "3", began)
    await office.go(
        f"{server.origin}/mental-health-act?ward=Location/larch&show=people"
    )
    row = office.page.get_by_role("row").filter(has_text="GALE, Fay")
    await row.wait_for()
    await office.page.emulate_media(media="print")
    assert not await row.is_visible()
    assert "Choose Print this list first" in await office.page.inner_text("main")
    await office.page.emulate_media(media="screen")
    # When it is laid out for paper
    await office.press("Print this list")
    await office.reads("Printed by Ona Reed, Care coordinator, ")
    await clean(office, "mha-paper")
    await office.page.emulate_media(media="print")
    # Then it has who is there, until when, and of which ward, and no button
    assert await row.is_visible()
    words = await office.page.inner_text("main")
    assert "Larch" in words
    assert ", entry " in words
    assert "Back to the list" not in words
    assert not await office.page.get_by_role("button", name="Print").is_visible()
    await office.page.emulate_media(media="screen")
    # And a ward where nobody is says so
    await office.go(
        f"{server.origin}/mental-health-act/print?ward=Location/oak&show=week"
    )
    await office.reads("Nothing stands here, so there is nothing to print.")
    # And whoever is on it finds it in the history of their record
    await nurse.go(f"{server.origin}/patients/fay/history")
    await nurse.reads("Ona Reed")
    await nurse.reads("Shown in a list")
    assert office.complaints == []


async def test_one_section_takes_the_place_of_another_in_one_step(
    server: Served, office: Device
) -> None:
    first = await registers(office, server.origin, "dee", "2", ago(days=5))
    await office.go(f"{server.origin}/patients/dee/mental-health-act/new")
    await office.page.get_by_label("Which section").select_option("3")
    await office.page.get_by_label("Since when it holds").fill(ago(days=1))
    await office.page.get_by_label("It takes the place of Section 2").check()
    await office.press("Register it")
    await office.reads("The section is registered.")
    await office.go(first)
    await office.reads("Another section took its place")
    await office.go(f"{server.origin}/patients/dee/mental-health-act")
    await office.reads("Before")
    await clean(office, "mha-of-patient")


async def test_rules_are_read_by_all_and_loaded_by_an_administrator(
    server: Served, browser: Browser, links: dict[str, str], nurse: Device
) -> None:
    async with device(browser) as admin, device(browser) as desk:
        await arrive(desk, links["desk"])
        await desk.go(f"{server.origin}/mental-health-act")
        await desk.reads("Your role does not include this page")
        await arrive(admin, links["admin"])
        await admin.go(f"{server.origin}/mental-health-act/rules")
        await admin.reads("Nobody has signed these rules")
        await clean(admin, "mha-rules")
        text = admin.page.locator("#file")
        whole = await text.input_value()
        await text.fill(whole.replace('lasts = "72 hours"', 'lasts = "72 ours"', 1))
        await admin.press("Load these rules")
        await admin.reads("These rules cannot be used")
        await admin.reads("section 3 (4), lasts")
        await clean(admin, "mha-rules-wrong")
        signed = whole.replace('signed = ""', 'signed = "Dr Fictional, for a test"')
        await text.fill(signed)
        await admin.press("Load these rules")
        await admin.reads("The rules are loaded")
        await nurse.go(f"{server.origin}/mental-health-act/rules")
        await nurse.reads("Answered for by Dr Fictional, for a test")
        assert await nurse.page.locator("#file").count() == 0
        assert admin.complaints == []
