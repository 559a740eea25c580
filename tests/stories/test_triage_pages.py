# SPDX-License-Identifier: Apache-2.0
"""Triage by a clinician: taken into use, ticked by keyboard, decided, kept, read."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import closing

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from support.chromium import Device, arrive, chromium, clean, device
from support.homes import visits
from support.program import Program
from support.served import Served, served
from support.warden import RunningWarden
from wardkeep.base.clock import SystemClock
from wardkeep.disclosure.questions import Invite

pytestmark = pytest.mark.asyncio(loop_scope="module")
HOME = "larkspur"
NARROW = {"width": 360, "height": 740}
PEOPLE = {
    "ann": ("Fenwick", "Ann", "1950-02-03"),
    "bea": ("Sorrel", "Bea", "1980-02-03"),
    "cal": ("Tansy", "Cal", "2022-02-03"),
}
STAFF = (
    ("nurse", "urgent_care_clinician", "Ona Reed"),
    ("lead", "shift_lead", "Lil Marsh"),
)
LEAD = "Dr Ada Example, GMC 0000000"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("triage")) as running:
        running.found(HOME)
        keys = tmp_path_factory.mktemp("keys")
        with closing(Program(running, keys, organisation=HOME)) as program:
            for id_, (family, given, born) in PEOPLE.items():
                program.put(
                    {
                        "resourceType": "Patient",
                        "id": id_,
                        "name": [{"family": family, "given": [given]}],
                        "birthDate": born,
                        "gender": "female",
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
        for patient in PEOPLE:
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
async def nurse(browser: Browser, links: dict[str, str]) -> AsyncIterator[Device]:
    async with device(browser) as own:
        await arrive(own, links["nurse"])
        yield own


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def lead(browser: Browser, links: dict[str, str]) -> AsyncIterator[Device]:
    async with device(browser, viewport=NARROW) as own:
        await arrive(own, links["lead"])
        yield own


async def tick(own: Device, link: str, value: str = "yes") -> None:
    """By keyboard, as somebody on the telephone does."""
    await own.page.locator(f'[name="q-{link}"][value="{value}"]').focus()
    await own.page.keyboard.press("Space")


async def fill(own: Device, name: str, value: str) -> None:
    await own.page.locator(f'[name="{name}"]').fill(value)


async def take_into_use(server: Served, lead: Device) -> None:
    await lead.go(f"{server.origin}/triage")
    use = lead.page.locator('form[action="/triage/adult-checklist/use"]')
    if await use.count():
        await fill(lead, "lead-adult-checklist", LEAD)
        await fill(lead, "words-adult-checklist", "All rules, against their sources")
        await use.get_by_role("button").click()
        await lead.reads("It is in use from now on, in your name.")


async def end_use(server: Served, lead: Device) -> None:
    await lead.go(f"{server.origin}/triage")
    end = lead.page.locator('form[action="/triage/adult-checklist/end"]')
    if await end.count():
        await fill(lead, "lead-adult-checklist", LEAD)
        await fill(lead, "words-adult-checklist", "A rule was found to be wrong")
        await end.get_by_role("button").click()
        await lead.reads("It is no longer in use.")
        await lead.reads("A rule was found to be wrong")


async def test_it_is_off_until_a_named_clinical_lead_takes_it_into_use(
    server: Served, nurse: Device, lead: Device
) -> None:
    # Given content that nobody took into use, or whose use was ended
    await end_use(server, lead)
    await nurse.go(f"{server.origin}/patients/ann/triage")
    await nurse.reads("Decision support is off")
    await clean(nurse, "triage-off")
    await nurse.go(f"{server.origin}/patients/ann/triage/new")
    await nurse.reads("No clinical lead of your organisation took this content")
    await nurse.go(f"{server.origin}/triage")
    assert await nurse.page.get_by_text("Take it into use").count() == 0
    # When somebody presses without a name
    await lead.go(f"{server.origin}/triage")
    await clean(lead, "triage-content-phone")
    use = lead.page.locator('form[action="/triage/adult-checklist/use"]')
    await use.get_by_role("button").click()
    await lead.reads("the clinical lead’s name is missing")
    await clean(lead, "triage-content-wrong-phone")
    # Then nothing is on; with a name it is, and says whose act it was
    await take_into_use(server, lead)
    await lead.reads(LEAD)
    await nurse.go(f"{server.origin}/patients/ann/triage")
    await nurse.reads("Begin a triage")


async def test_a_clinician_ticks_decides_and_reads_it_again(
    server: Served, nurse: Device, lead: Device
) -> None:
    await take_into_use(server, lead)
    await nurse.go(f"{server.origin}/patients/ann/triage/new")
    await nurse.reads("Nothing that was ticked asks for anything.")
    await clean(nurse, "triage-new")
    # When a sign is ticked, what it asks for and why stand there
    await tick(nurse, "wheeze")
    await nurse.reads("Suggested: Speak to a clinician within 1 hour")
    await nurse.reads("Because: Wheeze.")
    await fill(nurse, "q-respiratoryRate", "25")
    await nurse.reads("NEWS2 (0 to 20)")
    # When a red flag is ticked and taken back, it stands
    await tick(nurse, "stridor")
    await nurse.reads("Suggested: Ambulance, category 1")
    await clean(nurse, "triage-red-flag")
    await tick(nurse, "stridor", "no")
    await nurse.reads("Its tick was taken back.")


async def test_less_than_a_red_flag_asks_for_is_refused_until_it_is_set_aside(
    server: Served, nurse: Device, lead: Device
) -> None:
    await take_into_use(server, lead)
    await nurse.go(f"{server.origin}/patients/ann/triage/new")
    await tick(nurse, "wheeze")
    await tick(nurse, "stridor")
    await nurse.reads("Suggested: Ambulance, category 1")
    # When less is decided, it is refused, and nothing that was typed is lost
    await nurse.page.locator("[name=disposition]").select_option("clinician-1h")
    await fill(nurse, "why", "Speaks in whole sentences")
    await nurse.press("Save the triage")
    await nurse.reads("stands. Set it aside with a reason")
    await clean(nurse, "triage-refused")
    assert await nurse.page.locator("[name=why]").input_value() == (
        "Speaks in whole sentences"
    )
    assert await nurse.page.locator('[name="q-wheeze"][value="yes"]').is_checked()
    # When it is set aside without a reason, the reason is asked for; with one it goes
    aside = "Set aside: Noisy breathing in: the airway is narrowed"
    await nurse.press(aside)
    await nurse.reads("Say why in 10 to 2000 letters")
    await fill(nurse, "aside-why", "Heard again: a snore, no stridor")
    await nurse.press(aside)
    await nurse.reads("Heard again: a snore, no stridor")
    assert await nurse.page.locator(".wk-red-flag").count() == 0
    await nurse.press("Save the triage")
    # Then it is in the record with all of that, and comes to the same again
    await nurse.reads("The triage is in the record.")
    await nurse.reads("the same answers come to the same result")
    await nurse.reads("Red flag set aside: Noisy breathing in")
    await nurse.reads("Heard again: a snore, no stridor")
    await clean(nurse, "triage-saved")
    await lead.go(f"{server.origin}/patients/ann/triage")
    await lead.reads("By Ona Reed")
    await clean(lead, "triage-list-phone")
    assert nurse.complaints == []


async def test_what_was_ticked_comes_back_and_a_red_flag_with_it(
    server: Served, nurse: Device, lead: Device
) -> None:
    await take_into_use(server, lead)
    await nurse.go(f"{server.origin}/patients/bea/triage/new")
    await tick(nurse, "fittingNow")
    await nurse.reads("Suggested: Ambulance, category 1")
    await tick(nurse, "fittingNow", "no")
    await nurse.reads("Its tick was taken back.")
    await nurse.reads("Saved at")
    # When the page is gone and the form is opened again
    await nurse.page.wait_for_timeout(3_000)
    await nurse.go(f"{server.origin}/patients/bea/triage/new")
    await nurse.page.get_by_text("Go on with what you typed").first.click()
    # Then the ticks are there, and the red flag stands still
    await nurse.reads("Its tick was taken back.")
    assert await nurse.page.locator('[name="q-fittingNow"][value="no"]').is_checked()
    # Backspace takes a choice back without a mouse
    await tick(nurse, "wheeze")
    await nurse.reads("Because: Wheeze.")
    await nurse.page.keyboard.press("Backspace")
    await nurse.page.get_by_text("Because: Wheeze.").wait_for(state="detached")


async def test_a_child_is_not_scored_as_an_adult(
    server: Served, nurse: Device, lead: Device
) -> None:
    await take_into_use(server, lead)
    await nurse.go(f"{server.origin}/patients/cal/triage/new")
    await nurse.reads("This checklist is not meant for this patient.")


async def test_on_a_phone_the_result_stays_in_sight(
    server: Served, lead: Device
) -> None:
    await take_into_use(server, lead)
    await lead.go(f"{server.origin}/patients/bea/triage/new")
    await tick(lead, "snakeBite")
    await lead.reads("Suggested: Ambulance, category 2")
    assert await lead.page.locator("#result").is_visible()
    await clean(lead, "triage-new-phone")
    await lead.page.screenshot(path=".cache/pictures/triage-phone-screen.png")
