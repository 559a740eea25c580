# SPDX-License-Identifier: Apache-2.0
"""Figures of urgent care: a shift as it goes, on a desk and a phone, and its report."""

import asyncio
import csv
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from datetime import timedelta

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from support.chromium import Device, arrive, chromium, clean, device
from support.owner import owner_of
from support.program import Program
from support.served import Served, served
from support.urgent import caller, queue_places
from support.urgent_figures import call
from support.ward_beds import now
from support.wards import Worker, practitioner, put_to_work
from wardkeep.base.clock import LONDON
from wardkeep.fhir.urgent.queueing import place_of
from wardkeep.fhir.urgent.steps import Step

pytestmark = pytest.mark.asyncio(loop_scope="module")
LEE = Worker("shift_lead", "Lee Leads", "lee")
ADA = Worker("administrator", "Ada Answers", "ada")
BEA = Worker("administrator", "Bea Waits", "bea")
EVERYBODY = (LEE, ADA, BEA)
SMALL = {"width": 360, "height": 740}
FIGURES = "/urgent-figures"
REACHED = ((Step.TAKE, 3), (Step.REACH, 5), (Step.END, 20))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("figures")) as running:
        running.found("fernhill")
        yield running


@pytest.fixture(scope="module")
def program(
    server: Served, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Program]:
    keys = tmp_path_factory.mktemp("keys")
    with closing(Program(server, keys, organisation="fernhill")) as running:
        for one in (*queue_places(), *map(practitioner, EVERYBODY)):
            running.put(one)
        yield running


@pytest.fixture(scope="module")
def links(server: Served, program: Program) -> dict[str, str]:
    assert program.token
    names = tuple(one.name for one in EVERYBODY)
    where = [(place_of("clinician"), names)]
    return asyncio.run(put_to_work(server, "fernhill", EVERYBODY, where))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as running:
        yield running


def rings(
    program: Program, id_: str, code: str, ago: int, *steps: tuple[Step, int]
) -> None:
    began = now() - timedelta(minutes=ago)
    whole = call(code, began, *steps, id_=id_, patient=id_)
    for one in (caller(id_, f"Caller{id_}"), *whole):
        program.put(one)


async def test_a_shift_as_it_goes_and_the_report_of_its_day(
    server: Served, program: Program, links: dict[str, str], browser: Browser
) -> None:
    # Given six call-backs that were made in time, and two that wait
    for number in range(6):
        rings(program, f"made{number}", "clinician-now", 60, *REACHED)
    day = day_before(60)
    rings(program, "amber", "clinician-1h", 90)
    rings(program, "birch", "clinician-2h", 30, (Step.TAKE, 2), (Step.NO_ANSWER, 4))
    async with device(browser) as lee, device(browser, viewport=SMALL) as small:
        await arrive(lee, links[LEE.name])
        await lee.go(f"{server.origin}{FIGURES}")
        await reads_the_shift(lee, program)
        await reads_a_report(lee, server.origin, day)
        # Whoever answers for the service has the report on a phone, and no shift
        await arrive(small, links[ADA.name])
        await small.go(f"{server.origin}{FIGURES}/report?on={day_before(0)}")
        await small.reads("This day is not over")
        await clean(small, "figures-report-phone")
        await small.go(f"{server.origin}{FIGURES}")
        await expect(small.page.locator("#totals")).to_have_count(0)
        await lee.page.set_viewport_size({"width": 360, "height": 740})
        await lee.go(f"{server.origin}{FIGURES}")
        await clean(lee, "figures-shift-phone")
        assert lee.complaints == []
        assert small.complaints == []


async def test_a_month_is_counted_and_whoever_waits_keeps_their_place(
    server: Served, program: Program, links: dict[str, str], browser: Browser
) -> None:
    """A reload would put whoever uses a keyboard back to the top, each second."""
    rings(program, "waited", "clinician-now", 60, *REACHED)
    month = (now() - timedelta(days=40)).astimezone(LONDON).date().isoformat()
    async with device(browser, viewport=SMALL) as bea, owner_of(server) as owner:
        await arrive(bea, links[BEA.name])
        async with owner.transaction():
            # Given a database that does not answer at once
            await owner.execute("lock table urgent.happened in access exclusive mode")
            await bea.go(f"{server.origin}{FIGURES}/report?of=month&on={month}")
            show = bea.page.get_by_role("link", name="Show the report")
            await show.focus()
            await bea.page.evaluate("window.isTheSame = true")
            await expect(bea.page.locator("#counted")).to_contain_text("0 of")
            await expect(bea.page.get_by_text("Live ·")).to_be_visible()
            await clean(bea, "figures-under-way-phone")
        # When it answers, then the page says so, and is the same one
        said = bea.page.locator("#said")
        await expect(said).to_have_text("All of it is counted. Show the report.")
        await expect(show).to_be_focused()
        assert await bea.page.evaluate("window.isTheSame")
        await clean(bea, "figures-counted-phone")
        await bea.page.keyboard.press("Enter")
        await expect(bea.page.locator("#i-clinician")).to_be_visible()
        assert bea.complaints == []


async def reads_the_shift(lee: Device, program: Program) -> None:
    # Then the shift lead reads what is met, what is not, and why
    row = lee.page.locator("#i-call-back-now")
    await expect(row).to_contain_text("100.0%")
    await expect(row.get_by_text("Met", exact=True).first).to_be_visible()
    late = lee.page.locator("#i-call-back-later")
    await expect(late.get_by_text("Not met").first).to_be_visible()
    missed = lee.page.locator("#m-amber-place")
    await expect(missed).to_contain_text("Nobody had taken it by then.")
    assert await lee.page.get_by_text("Calleramber").count() == 0
    await clean(lee, "figures-shift")
    # And what breaches meanwhile stands there without anybody pressing
    rings(program, "cedar", "clinician-now", 60)
    await expect(lee.page.locator("#m-cedar-place")).to_be_visible(timeout=25_000)
    # On paper it is black on white, without what one presses
    await lee.page.emulate_media(media="print")
    await lee.picture("figures-shift-paper")
    await lee.page.emulate_media(media="screen")


async def reads_a_report(lee: Device, origin: str, day: str) -> None:
    await lee.page.get_by_role("link", name="Reports").click()
    await lee.reads("Urgent care report:")
    await lee.go(f"{origin}{FIGURES}/report?of=day&on={day}")
    made = lee.page.locator("#i-call-back-now")
    await expect(made).to_contain_text("hidden of 7")
    await expect(made).to_contain_text("Too few to say")
    await expect(lee.page.locator("#i-clinician")).to_contain_text("6 of 6")
    await clean(lee, "figures-report")
    # The week adds up, and is had as a file
    await lee.page.get_by_role("link", name="Week").click()
    await expect(lee.page.locator("#i-clinician")).to_contain_text("6 of 6")
    async with lee.page.expect_download() as saved:
        await lee.page.get_by_role("link", name="As CSV").click()
    path = await (await saved.value).path()
    text = path.read_text("utf-8")
    [back] = [
        one for one in csv.DictReader(text.splitlines()) if one["item"] == "clinician"
    ]
    assert (back["numerator"], back["denominator"]) == ("6", "6")
    assert "Caller" not in text


def day_before(minutes: int) -> str:
    """The day on which it was, so many minutes ago."""
    at = now() - timedelta(minutes=minutes)
    return at.astimezone(LONDON).date().isoformat()
