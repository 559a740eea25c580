# SPDX-License-Identifier: Apache-2.0
"""A nurse's day in the chart: my patients, one record, what is written in it.

A real browser, warden, database and ledger, over the demo's fictional people, who came
in today.
"""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio
from playwright.async_api import Browser

from support.chromium import PHONE, Device, arrive, chromium, device
from support.house import House, running_house
from wardkeep import apps
from wardkeep.assembly.demo import (
    demo_accounts,
    demo_organisation_bundle,
    demo_organisations,
    demo_patients,
    demo_teams,
)
from wardkeep.assembly.importing import load_paths
from wardkeep.base.clock import LONDON, SystemClock
from wardkeep.base.ids import new_uuid
from wardkeep.disclosure.answers import Done
from wardkeep.disclosure.questions import SetWork
from wardkeep.web.apps import find_apps

pytestmark = pytest.mark.asyncio(loop_scope="module")
TABLET = {"width": 820, "height": 1180}
FERNHILL = demo_organisations()[0]
NURSE = "fernhill-nurse-heron"
DOCTOR = "fernhill-dr-kestrel"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    folder = tmp_path_factory.mktemp("house")
    bundles = tmp_path_factory.mktemp("bundles")
    today = SystemClock().now().astimezone(LONDON).date()
    everyone = [demo_organisation_bundle(FERNHILL)]
    everyone += list(demo_patients(FERNHILL, today=today))[:60]
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


_HIDDEN = """() => Object.fromEntries(
  [...document.querySelectorAll("main input[type=hidden]")]
    .map((one) => [one.name, one.value]))"""
STAFF: dict[str, str] = {}
"""Accounts of the demo's staff who are there already, by key."""


async def staff(house: House, key: str, role: str) -> str:
    """Somebody of the demo's staff, in their teams; an enrolment link."""
    if key in STAFF:
        return await house.invite(STAFF[key])
    [one] = [one for one in demo_accounts(FERNHILL) if one.key == key]
    account = STAFF[key] = await house.employ(one.display_name, role=role)
    teams = tuple(
        (team.name, team.places, (account,) if key in team.members else ())
        for team in demo_teams(FERNHILL)
    )
    done = SetWork("fernhill", ((account, one.references),), teams)
    await house.ask_operator(done, Done)
    return await house.invite(account)


async def clean(own: Device, picture: str) -> None:
    await own.picture(picture)
    assert await own.faults() == []
    assert not await own.is_wider_than_its_screen()
    assert own.complaints == []


async def open_first(own: Device, house: House) -> str:
    """Open the first patient of the list; the record's address."""
    await own.go(f"{house.origin}/")
    await own.arrives("/caseload")
    await own.page.locator(".wk-caseload__name").first.click()
    await own.reads("Who else opened this record")
    return own.page.url


async def test_a_nurse_starts_from_her_ward_and_writes_in_a_chart(
    house: House, browser: Browser
) -> None:
    # Given Kwame, who works on Heron Ward
    link = await staff(house, NURSE, "ward_nurse")
    async with device(browser) as own:
        await arrive(own, link)
        # When he starts, his ward's patients stand there, and nobody else's
        await own.go(f"{house.origin}/")
        await own.arrives("/caseload")
        await own.reads("Heron Ward: on the ward")
        await own.reads("people are today’s work")
        assert await own.page.get_by_text("Kestrel Ward").count() == 0
        await clean(own, "caseload")
        await narrows(own)
        record = await open_first(own, house)
        await own.reads("because of a stay on your ward")
        await clean(own, "chart-summary")
        await observes(own, record)
        await has_problems(own, record)
        await has_allergies_and_alerts(own, record)
        await takes_medicines(own, record)
        await looks_at_results(own, record)
        await searches(own, record)
        await has_the_rest(own, record)


async def narrows(own: Device) -> None:
    rows = own.page.locator(".wk-caseload tbody tr:visible")
    everybody = await rows.count()
    assert everybody > 1
    name = await own.page.locator(".wk-caseload__name").last.inner_text()
    await own.page.get_by_label("Narrow by name").fill(name.partition(",")[0])
    assert 1 <= await rows.count() < everybody
    await own.page.get_by_label("Narrow by name").fill("qqqq")
    await own.reads("Nobody here matches.")
    await own.page.get_by_label("Narrow by name").press("Escape")
    assert await rows.count() == everybody
    # By its head, the table sorts, and says so
    await own.page.get_by_role("button", name="Patient").first.click()
    head = own.page.locator("th[aria-sort]").first
    assert await head.get_attribute("aria-sort") == "ascending"
    # And by keyboard alone: the shortcuts show themselves, go somewhere, switch off
    await own.page.locator("h1").click()
    await own.page.keyboard.press("?")
    await own.reads("g, then f")
    await clean(own, "keys")
    await own.page.get_by_label("Shortcuts are on").uncheck()
    await own.press("Close")
    await own.page.keyboard.press("g")
    await own.page.keyboard.press("f")
    await own.press("Keyboard shortcuts")
    await own.page.get_by_label("Shortcuts are on").check()
    await own.press("Close")
    assert own.page.url.endswith("/caseload")
    await own.page.locator("h1").click()
    await own.page.keyboard.press("g")
    await own.page.keyboard.press("f")
    await own.arrives("/find")


async def fill(own: Device, **values: str) -> None:
    for name, value in values.items():
        await own.page.locator(f"#{name}").fill(value)


async def observes(own: Device, record: str) -> None:
    await tries_what_cannot_be(own)
    await saves_a_set(own, record)
    # And a set with gaps says that it is one
    await own.go(f"{record}/observations/new")
    await fill(own, pulse="80")
    await own.press("See the score")
    await own.reads("No NEWS2 total")
    await own.press("Save the set")
    await own.reads("The set is saved.")


async def tries_what_cannot_be(own: Device) -> None:
    await own.press("Record observations")
    await clean(own, "observing")
    # Nothing at all is no set, and what cannot be is refused with its place
    await fill(own, pulse="999", temperature="37.55")
    await own.press("See the score")
    await own.reads("Pulse cannot be 999")
    await clean(own, "observing-problem")


async def saves_a_set(own: Device, record: str) -> None:
    # What is unusual is asked about, after its score was shown
    await fill(own, respiration_rate="22", oxygen_saturation="93", pulse="115")
    await fill(own, systolic="250", diastolic="70", temperature="38.4")
    await own.page.get_by_label("Air", exact=True).check()
    await own.page.get_by_label("Scale 1").check()
    await own.page.get_by_label("A: Alert").check()
    await own.press("See the score")
    await own.reads("NEWS2 10")
    await own.reads("High: emergency response")
    await own.reads("Systolic pressure 250 mmHg")
    await clean(own, "observed")
    await own.press("Save the set")
    await own.reads("Tick the box")
    # What was typed can be changed
    await own.press("Change it")
    await fill(own, diastolic="71")
    await own.press("See the score")
    await own.reads("71 mmHg")
    sent = await own.page.evaluate(_HIDDEN)
    # Nothing is stored yet
    await own.page.get_by_label("It was measured so").check()
    await own.press("Save the set")
    await own.reads("The set is saved.")
    await own.reads("NEWS2 10")
    await own.reads("Without a break")
    await clean(own, "observations")
    # Sent a second time, as by a hasty finger, it is there once
    again = await own.context.request.post(
        f"{record}/observations/new",
        form={**sent, "step": "save", "confirm": "yes"},
        headers={"Origin": record.partition("/patients")[0]},
    )
    assert "it is there once" in await again.text()
    await saves_late_and_otherwise(own, record, sent)


async def saves_late_and_otherwise(
    own: Device, record: str, sent: dict[str, str]
) -> None:
    # With other values it is no such thing, and it is told that nothing was saved
    other = await posts(own, record, {**sent, "pulse": "80", "confirm": "yes"})
    assert "This was not saved" in other
    # One from before, entered late, puts off nothing that the newer one asks for
    due = own.page.get_by_text("Next set due")
    before = await due.inner_text()
    earlier = SystemClock().now().astimezone(LONDON) - timedelta(hours=2)
    late = {"set": new_uuid(), "time": f"{earlier:%H:%M}", "respiration_rate": "16"}
    fine = {"oxygen_saturation": "98", "systolic": "120", "pulse": "70"}
    told = await posts(own, record, {**sent, **late, **fine, "temperature": "37"})
    assert "The set is saved." in told
    await own.page.reload()
    assert await due.inner_text() == before


async def posts(own: Device, record: str, form: dict[str, str]) -> str:
    answer = await own.context.request.post(
        f"{record}/observations/new",
        form={**form, "step": "save"},
        headers={"Origin": record.partition("/patients")[0]},
    )
    return await answer.text()


async def has_problems(own: Device, record: str) -> None:
    await own.go(f"{record}/entries/problem/new")
    await clean(own, "adding-problem")
    await own.press("Save")
    await own.reads("There is a problem")
    await own.page.get_by_label("Problem", exact=True).fill("Sprained ankle")
    await own.page.get_by_label("Confirmed").check()
    await own.press("Save")
    await own.reads("It is added.")
    await clean(own, "entry")
    page = own.page.url.partition("?")[0]
    await own.press("Resolved")
    await own.reads("The problem is resolved.")
    await own.press("Undo")
    await own.reads("It is put back as it was.")
    await own.reads("Kwame Plovergate")
    # Two pages of it are open: the older one's button writes nothing
    async with own.context.expect_page() as opening:
        await own.page.evaluate("place => { window.open(place); }", page)
    other = await opening.value
    await other.get_by_role("button", name="Entered in error").wait_for()
    await own.press("Resolved")
    await own.reads("The problem is resolved.")
    await other.get_by_role("button", name="Entered in error").click()
    await other.get_by_text("Somebody changed it before you").wait_for()
    await other.close()
    await own.go(page)
    await own.press("Entered in error")
    await own.reads("It stays in the history.")
    await own.go(f"{record}/problems")
    assert await own.page.get_by_text("Sprained ankle").count() == 0
    await clean(own, "problems")


async def has_allergies_and_alerts(own: Device, record: str) -> None:
    await own.go(f"{record}/entries/allergy/new")
    await own.page.get_by_label("Allergic to").fill("Elastoplast")
    await own.page.get_by_label("Allergy", exact=True).check()
    await own.page.get_by_label("A danger to life").check()
    await own.page.get_by_label("Reaction").fill("Blisters")
    sent = await own.page.evaluate(_HIDDEN)
    await own.press("Save")
    await own.reads("It is added.")
    await is_told_apart(own, record, sent)
    banner = own.page.locator(".wk-banner")
    assert "Elastoplast" in await banner.inner_text()
    # That none are known is not said of somebody who has one
    await own.go(f"{record}/entries/no-known-allergies/new")
    await own.page.get_by_label("The patient", exact=True).check()
    await own.press("Save")
    await own.reads("Allergies are recorded")
    await own.go(f"{record}/entries/alert/new")
    await own.page.get_by_label("Alert", exact=True).fill("Do not nurse alone")
    await own.page.get_by_label("Safety of the patient").check()
    await own.press("Save")
    await own.reads("It is added.")
    assert "Do not nurse alone" in await banner.inner_text()
    await own.press("End it")
    await own.reads("The alert has ended.")
    assert "Do not nurse alone" not in await banner.inner_text()
    await own.go(f"{record}/allergies")
    await clean(own, "allergies")


async def is_told_apart(own: Device, record: str, sent: dict[str, str]) -> None:
    """The same form again is told as done; with something else in it, as not saved."""
    form = {**sent, "words": "Elastoplast", "type": "allergy", "criticality": "high"}
    for reaction, told in (("Blisters", "It is added."), ("None", "was not saved")):
        answer = await own.context.request.post(
            f"{record}/entries/allergy/new",
            form={**form, "reaction": reaction},
            headers={"Origin": record.partition("/patients")[0]},
        )
        assert told in await answer.text()


async def takes_medicines(own: Device, record: str) -> None:
    await own.go(f"{record}/entries/medicine/new")
    await own.reads("This form warns of nothing.")
    await own.page.get_by_label("Medicine", exact=True).fill("Senna 7.5 mg tablets")
    await own.page.get_by_label("How it is taken").fill("Two at night")
    await fill(own, **{"since-day": "31", "since-month": "2", "since-year": "2026"})
    await own.press("Save")
    await own.reads("That day does not exist")
    await fill(own, **{"since-day": "1", "since-month": "2"})
    await own.press("Save")
    await own.reads("It is added.")
    await own.press("Stopped")
    await own.reads("The medicine is stopped.")
    await own.go(f"{record}/medicines")
    await own.reads("Senna 7.5 mg tablets")
    await clean(own, "medicines")


async def looks_at_results(own: Device, record: str) -> None:
    await own.go(f"{record}/results")
    await clean(own, "results")
    button = own.page.get_by_role("button", name=re.compile("I have looked at it"))
    waiting = await button.count()
    assert waiting
    await button.first.click()
    await own.reads("Looked at by Kwame Plovergate")
    assert await button.count() == waiting - 1
    await own.press("Undo")
    await button.nth(waiting - 1).wait_for()
    await own.page.locator("[data-sortable] tbody a").first.click()
    await own.reads("A square")
    assert await own.page.locator(".wk-chart--line svg").count()
    await clean(own, "series")


async def searches(own: Device, record: str) -> None:
    await own.go(f"{record}/search")
    await own.page.get_by_label("What to look for").fill("oxygen saturation 93")
    await own.page.get_by_role("button", name="Search", exact=True).click()
    await own.reads("93 %")
    assert "oxygen" not in own.page.url
    await clean(own, "record-search")
    await own.page.get_by_label("What to look for").fill("xyzzy plugh")
    await own.page.get_by_role("button", name="Search", exact=True).click()
    await own.reads("Nothing found")


async def has_the_rest(own: Device, record: str) -> None:
    for section in ("growth", "visits", "documents", "timeline"):
        await own.go(f"{record}/{section}")
        await clean(own, f"chart-{section}")


async def has_sections_everywhere(own: Device, record: str) -> None:
    """What other services list of a record stands among its sections."""
    for section in ("notes", "letters", "assessments", "plans", "referrals", "tasks"):
        await own.go(f"{record}/{section}")
        sections = own.page.get_by_role("navigation", name="Sections of the record")
        here = sections.locator("[aria-current=page]")
        assert (await here.get_attribute("href") or "").endswith(f"/{section}")
        await sections.get_by_role("link", name="Risk and plans").wait_for()
        assert not await own.is_wider_than_its_screen(), section


@pytest.mark.parametrize(("name", "viewport"), [("phone", PHONE), ("tablet", TABLET)])
async def test_the_list_and_the_chart_work_on_a_smaller_screen(
    house: House, browser: Browser, name: str, viewport: dict[str, int]
) -> None:
    link = await staff(house, DOCTOR, "doctor")
    async with device(browser, viewport=viewport) as own:
        await arrive(own, link)
        await own.go(f"{house.origin}/caseload")
        await own.reads("appointments today")
        await clean(own, f"caseload-{name}")
        if viewport == PHONE:  # whose it is stands at the left, above what is theirs
            whose = own.page.locator(".wk-caseload td:first-child").first
            aligned = await whose.evaluate("e => getComputedStyle(e).textAlign")
            assert aligned == "left"
        record = await open_first(own, house)
        await clean(own, f"chart-summary-{name}")
        for section in ("observations", "results", "observations/new", "allergies"):
            await own.go(f"{record}/{section}")
            await clean(own, f"chart-{section.replace('/', '-')}-{name}")
        await has_sections_everywhere(own, record)
        # The banner stays in sight, with its alerts, and leaves room for the page
        await own.go(record)
        await own.page.evaluate("window.scrollTo(0, 900)")
        box = await own.page.locator(".wk-banner").bounding_box()
        assert box is not None
        assert box["y"] == 0
        assert box["height"] < viewport["height"] / 4


async def test_somebody_without_work_today_is_told_so_without_a_script(
    house: House, browser: Browser
) -> None:
    link = await house.invite(await house.employ("Idris Fallow"))
    async with device(browser) as own:
        await arrive(own, link)
        await own.go(f"{house.origin}/caseload")
        await own.reads("Nobody is on your list today.")
        await clean(own, "caseload-nobody")
