# SPDX-License-Identifier: Apache-2.0
"""Depot injections: begun, given, not given, put off, taken back; two at once; due."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from datetime import date, timedelta

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from support.chromium import Device, arrive, chromium, clean, device
from support.homes import visits
from support.program import Program
from support.served import Served, served
from support.warden import RunningWarden
from wardkeep.base.clock import LONDON, SystemClock
from wardkeep.disclosure.questions import Invite

pytestmark = pytest.mark.asyncio(loop_scope="module")
HOME = "larkspur"
NARROW = {"width": 360, "height": 740}
PEOPLE = {
    "ann": ("Fenwick", "Ann"),
    "bea": ("Sorrel", "Bea"),
    "cal": ("Tansy", "Cal"),
    "dee": ("Rue", "Dee"),
    "eve": ("Yarrow", "Eve"),
    "fay": ("Mallow", "Fay"),
    "gus": ("Teasel", "Gus"),
    "hal": ("Burdock", "Hal"),
    "ivy": ("Bryony", "Ivy"),
    "jan": ("Sedge", "Jan"),
}
"""One for each test."""
STAFF = (
    ("nurse", "care_coordinator", "Ona Reed"),
    ("other", "ward_nurse", "Nils Oak"),
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("depots")) as running:
        running.found(HOME)
        keys = tmp_path_factory.mktemp("keys")
        with closing(Program(running, keys, organisation=HOME)) as program:
            program.put(
                {"resourceType": "Location", "id": "clinic", "name": "Depot clinic"}
            )
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
async def other(browser: Browser, links: dict[str, str]) -> AsyncIterator[Device]:
    async with device(browser, viewport=NARROW) as own:
        await arrive(own, links["other"])
        yield own


def day(days: int) -> date:
    return SystemClock().now().astimezone(LONDON).date() + timedelta(days=days)


def shown(when: date) -> str:
    return f"{when:%d-%b-%Y}"


async def fill(own: Device, **fields: str) -> None:
    """Fields by name, `_` for `-`; what has choices is chosen."""
    for name, value in fields.items():
        field = own.page.locator(
            f'form[data-keeping] [name="{name.replace("_", "-")}"]'
        )
        kind = await field.first.evaluate("(one) => one.type")
        if kind == "radio":
            await own.page.locator(f'[name="{name}"][value="{value}"]').check()
        elif kind == "select-one":
            await field.select_option(value)
        else:
            await field.fill(value)


async def begins(
    own: Device, origin: str, patient: str, *, due_in: int, place: str = "clinic"
) -> str:
    """The address of the new schedule."""
    first = day(due_in)
    await own.go(f"{origin}/patients/{patient}/depots/new")
    await fill(
        own,
        medicine="Paliperidone palmitate injection",
        dose="100",
        unit="mg",
        route="im",
        every="28",
        early="2",
        late="3",
        counts="given",
        first_day=str(first.day),
        first_month=str(first.month),
        first_year=str(first.year),
        team=f"Location/{place}",
        prescriber="Dr Fictional",
    )
    await own.press("Begin it")
    await own.reads("The schedule is saved.")
    return own.page.url.partition("?")[0]


async def give(own: Device, **fields: str) -> None:
    year = str(day(400).year)
    await fill(
        own,
        **{
            "side": "left",
            "site": "deltoid",
            "batch": "B1234",
            "expires_month": "12",
            "expires_year": year,
            **fields,
        },
    )
    await own.press("Record it given")


async def test_a_schedule_is_begun_a_dose_given_and_taken_back(
    server: Served, nurse: Device, other: Device
) -> None:
    # Given somebody on no depot
    await other.go(f"{server.origin}/patients/ann/depots")
    await other.reads("No depot goes on, as far as this record says.")
    await clean(other, "depots-none-phone")
    # When the prescription is copied into a schedule
    await nurse.go(f"{server.origin}/patients/ann/depots/new")
    await clean(nurse, "depot-new")
    depot = await begins(nurse, server.origin, "ann", due_in=1)
    await nurse.reads("due tomorrow")
    # And a colleague gives it on a phone
    await other.go(f"{depot}/given")
    await clean(other, "depot-given-form-phone")
    await give(other, seen="Well, no soreness")
    # Then the next one is worked out, and what was given is read in full
    await other.reads("It is recorded as given.")
    await other.reads(shown(day(28)))
    await other.reads("B1234")
    await other.reads("Well, no soreness")
    await clean(other, "depot-given-phone")
    await is_told_elsewhere(nurse, server.origin, depot)
    # And the next form names the other side
    await nurse.go(f"{depot}/given")
    await nurse.reads("the other side than last time: right")
    await clean(nurse, "depot-given-form")
    # When it was somebody else, it is taken back with a reason, and is due again
    await other.page.get_by_text("Take it back").first.click()
    await other.page.locator("details[open] [name=words]").fill("It was somebody else")
    await other.page.locator("details[open] button").click()
    await other.reads("It is taken back, and stays readable below.")
    await other.reads("It was somebody else")
    await is_on_no_timeline(nurse, server.origin)
    await other.reads("due tomorrow")
    await clean(other, "depot-taken-back-phone")
    assert nurse.complaints == []
    assert other.complaints == []


async def is_on_no_timeline(nurse: Device, origin: str) -> None:
    await nurse.go(f"{origin}/patients/ann/timeline")
    assert await nurse.page.get_by_text("Medicine given").count() == 0


async def is_told_elsewhere(nurse: Device, origin: str, depot: str) -> None:
    """On the timeline, on paper, and on the summary once."""
    await nurse.go(f"{origin}/patients/ann/timeline")
    line = nurse.page.locator("main").get_by_role("link", name="Paliperidone").first
    await nurse.reads("Medicine given")
    await clean(nurse, "depot-on-timeline")
    await line.click()
    await nurse.arrives(f"/depots/{depot.rsplit('/', 1)[-1]}")
    await nurse.go(f"{origin}/patients/ann/print?part=medicines")
    await nurse.reads("Depot doses")
    await nurse.go(f"{origin}/patients/ann")
    assert await nurse.page.locator("#depots").get_by_text("Paliperidone").count() == 1
    assert await nurse.page.locator("#medicines").get_by_text("Palip").count() == 0
    await nurse.reads("No other current medicines.")


async def test_of_two_who_record_one_dose_the_second_reads_the_first_and_loses_nothing(
    server: Served, nurse: Device, other: Device
) -> None:
    depot = await begins(nurse, server.origin, "bea", due_in=0)
    await nurse.go(f"{depot}/given")
    await other.go(f"{depot}/given")
    await give(nurse, batch="FIRST")
    await nurse.reads("It is recorded as given.")
    await give(other, batch="SECOND", seen="Spoke of her sister")
    await other.reads("Somebody else wrote meanwhile, so nothing was saved")
    await clean(other, "depot-second-phone")
    assert await other.page.locator("[name=batch]").input_value() == "SECOND"
    assert await other.page.locator("[name=seen]").input_value() == (
        "Spoke of her sister"
    )
    # When it is pressed all the same, a word is asked before it is a second dose
    await other.press("Record it given")
    await other.reads("A dose was recorded on that day already")
    await clean(other, "depot-twice-phone")
    await nurse.go(depot)
    assert await nurse.page.get_by_text("SECOND").count() == 0


async def test_not_given_it_stays_due_and_put_off_it_moves(
    server: Served, nurse: Device
) -> None:
    depot = await begins(nurse, server.origin, "cal", due_in=-1)
    await nurse.reads("Past its day")
    await nurse.go(f"{depot}/not-given")
    await nurse.press("Record that it was not given")
    await nurse.reads("why it was not given is not chosen")
    await clean(nurse, "depot-not-given-wrong")
    await fill(nurse, reason="declined", words="Wants to speak with the doctor first")
    await nurse.press("Record that it was not given")
    await nurse.reads("It is recorded as not given. It stays due.")
    await nurse.reads("1 day past its day")
    await nurse.go(f"{depot}/put-off")
    later = day(5)
    await fill(
        nurse,
        to_day=str(later.day),
        to_month=str(later.month),
        to_year=str(later.year),
        words="Agreed on the telephone",
    )
    await nurse.press("Save the new day")
    await nurse.reads("who decided it is missing")
    await clean(nurse, "depot-put-off-wrong")
    assert await nurse.page.locator("[name=words]").input_value() == (
        "Agreed on the telephone"
    )
    await fill(nurse, who="Dr Fictional")
    await nurse.press("Save the new day")
    await nurse.reads("The new day is saved.")
    await nurse.reads("in 5 days")


async def test_changed_it_says_what_and_why_and_a_stop_is_taken_back(
    server: Served, nurse: Device
) -> None:
    depot = await begins(nurse, server.origin, "hal", due_in=5)
    await nurse.go(f"{depot}/change")
    await fill(nurse, dose="75", words="Less tired on less")
    await nurse.press("Change it")
    await nurse.reads("The schedule is changed.")
    await nurse.reads("Dose: 75 mg, was 100 mg. Less tired on less")
    await nurse.go(f"{depot}/stop")
    await fill(nurse, words="Changed to tablets", who="Dr Fictional")
    await nurse.press("Stop it")
    await nurse.reads("The schedule is stopped.")
    await clean(nurse, "depot-stopped")
    await nurse.go(f"{depot}/given")
    await nurse.reads("This schedule is stopped")
    await nurse.go(f"{server.origin}/patients/hal/depots")
    await nurse.reads("Changed to tablets")
    # Taking the stop back lets it go on
    await nurse.go(depot)
    await nurse.page.get_by_text("Take it back").first.click()
    await nurse.page.locator("details[open] [name=words]").fill("Another person")
    await nurse.page.locator("details[open] button").click()
    await nurse.reads("in 5 days")
    assert nurse.complaints == []


async def test_overdue_it_is_in_the_banner_the_chart_the_caseload_and_on_paper(
    server: Served, nurse: Device, other: Device
) -> None:
    # Given a dose whose window is over
    await begins(nurse, server.origin, "dee", due_in=-6)
    await nurse.reads("It is past its window")
    await clean(nurse, "depot-overdue")
    # Then every page about her says so, in words
    await other.go(f"{server.origin}/patients/dee")
    banner = other.page.locator(".wk-banner")
    assert "Depot overdue: Paliperidone" in await banner.inner_text()
    await other.page.locator("#depots").get_by_text("Overdue").wait_for()
    await clean(other, "depot-summary-phone")
    await other.go(f"{server.origin}/patients/dee/medicines")
    await other.page.locator("#depots").get_by_text("6 days past its day").wait_for()
    await other.go(f"{server.origin}/caseload?only=depots")
    row = other.page.get_by_role("row").filter(has_text="RUE")
    await row.wait_for()
    words = await row.inner_text()
    assert "Overdue" in words
    assert "None written" in words
    await clean(other, "caseload-depot-phone")
    await nurse.go(f"{server.origin}/caseload")
    await clean(nurse, "caseload-depot")
    await nurse.go(f"{server.origin}/patients/dee/print")
    await nurse.reads("6 days past its day (Overdue)")
    # And nothing of it is an alert of somebody whose window is open
    await begins(nurse, server.origin, "jan", due_in=1)
    await nurse.go(f"{server.origin}/patients/jan/allergies")
    assert "Depot overdue" not in await nurse.page.inner_text("body")


async def test_the_list_is_in_weeks_live_and_printed_in_part(
    server: Served, nurse: Device, other: Device
) -> None:
    late = await begins(nurse, server.origin, "eve", due_in=-8, place="oak")
    await begins(nurse, server.origin, "fay", due_in=2, place="oak")
    await nurse.go(f"{server.origin}/depots?team=Location/oak&show=overdue")
    row = nurse.page.get_by_role("row").filter(has_text="YARROW")
    await row.wait_for()
    assert "8 days past its day" in await row.inner_text()
    assert "MALLOW" not in await nurse.page.inner_text("main")
    await clean(nurse, "depots-due")
    await nurse.go(f"{server.origin}/depots?team=Location/oak")
    await nurse.page.get_by_role("row").filter(has_text="MALLOW").wait_for()
    await clean(nurse, "depots-due-weeks")
    # When a colleague gives it, the row moves from the open page
    await nurse.reads("Live")
    await other.go(f"{late}/given")
    await give(other)
    await other.reads("That day lies outside the window")
    await fill(other, why="Dr Fictional agreed on the telephone")
    await other.press("Record it given")
    await other.reads("It is recorded as given.")
    await row.wait_for(state="detached")
    assert nurse.complaints == []


async def test_some_of_the_list_is_printed_each_at_the_door(
    server: Served, nurse: Device, other: Device
) -> None:
    await begins(nurse, server.origin, "ivy", due_in=2, place="oak")
    await nurse.go(f"{server.origin}/depots?team=Location/oak")
    await nurse.press("Print some of it")
    await nurse.press("Lay it out for paper")
    await nurse.reads("nobody is chosen")
    await clean(nurse, "depots-choose")
    await nurse.page.get_by_label("BRYONY").check()
    await nurse.press("Lay it out for paper")
    await nurse.reads("100 mg into a muscle (IM), every 28 days")
    await nurse.page.emulate_media(media="print")
    await nurse.picture("depots-paper")
    await nurse.page.emulate_media(media="screen")
    # Whoever has no team there sees nobody of it
    await other.go(f"{server.origin}/depots?team=Location/oak")
    await other.reads("Nobody has said which team you work in")
    await clean(other, "depots-due-phone")
    assert nurse.complaints == []


async def test_risk_is_in_a_column_with_its_day_and_no_level(
    server: Served, nurse: Device
) -> None:
    await nurse.go(f"{server.origin}/patients/gus/plans/risk/change")
    await nurse.page.locator("[name=self]").fill("No thoughts of it since the summer")
    await nurse.page.locator("[name=agreed]").fill("Gus, at home")
    await nurse.page.locator("form[data-keeping] .wk-write__foot button").first.click()
    await nurse.reads("It is saved.")
    await nurse.go(f"{server.origin}/caseload")
    row = nurse.page.get_by_role("row").filter(has_text="TEASEL")
    await row.get_by_text("Written").wait_for()
    assert shown(day(0)) in await row.inner_text()
    await nurse.go(f"{server.origin}/caseload?only=risk")
    assert await nurse.page.get_by_role("row").filter(has_text="TEASEL").count() == 0
