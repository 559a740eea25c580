# SPDX-License-Identifier: Apache-2.0
"""The telephone: a call taker's number by itself, and who waits, before the lead."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from datetime import timedelta

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from support.chromium import arrive, chromium, clean, device
from support.program import Program
from support.served import Served, served
from support.telephone import CALLER, Telephone, rings
from support.urgent import queue_places
from support.ward_beds import now
from support.wards import Worker, practitioner, put_to_work
from wardkeep.fhir.urgent.queueing import place_of

pytestmark = pytest.mark.asyncio(loop_scope="module")
LEE = Worker("shift_lead", "Lee Leads", "lee")
TIM = Worker("health_advisor", "Tim Taker", "tim")
EVERYBODY = (LEE, TIM)
SMALL = {"width": 360, "height": 740}
HOME, FIGURES = "fernhill", "/urgent-figures"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("telephone")) as running:
        running.found(HOME)
        yield running


@pytest.fixture(scope="module")
def links(
    server: Served, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, str]]:
    keys = tmp_path_factory.mktemp("keys")
    with closing(Program(server, keys, organisation=HOME)) as program:
        for one in (*queue_places(), *map(practitioner, EVERYBODY)):
            program.put(one)
        where = [(place_of("clinician"), (LEE.name,))]
        yield asyncio.run(put_to_work(server, HOME, EVERYBODY, where))


@pytest.fixture(scope="module")
def telephone(
    server: Served, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Telephone]:
    keys = tmp_path_factory.mktemp("telephone-keys")
    with closing(Telephone(server, keys, organisation=HOME)) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as running:
        yield running


async def test_a_number_stands_there_and_one_press_begins_the_case(
    server: Served, links: dict[str, str], telephone: Telephone, browser: Browser
) -> None:
    async with device(browser) as tim:
        await arrive(tim, links[TIM.name])
        await tim.go(f"{server.origin}/calls")
        # Given a call taker who says once which telephone is theirs
        await tim.page.get_by_text("Say which telephone is yours").click()
        await tim.page.get_by_label("Extension").fill("40 01")
        await tim.page.get_by_role("button", name="Keep").click()
        await tim.reads("Your telephone: extension 4001")
        await expect(tim.page.locator(".wk-live")).to_be_visible()
        # When their telephone answers, the number is there without a key
        telephone.tells(*rings("first", now(), answered=0.5), now=now())
        part = tim.page.locator(".wk-call__phone")
        await expect(part).to_contain_text(CALLER, timeout=15_000)
        await expect(part).to_contain_text("Read it back to the caller")
        await clean(tim, "telephone-rang")
        await tim.page.set_viewport_size(SMALL)  # type: ignore[arg-type]
        await clean(tim, "telephone-rang-phone")
        # They had begun to type it: one press begins its case with the telephone’s
        await tim.page.get_by_label("Number to ring back on").fill("0770")
        await expect(tim.page.locator("#kept-state")).to_contain_text("Saved at")
        await tim.page.get_by_role("button", name="Begin its case").click()
        await tim.reads("A call: not known yet who it is about")
        await tim.go(f"{server.origin}/calls")
        await tim.reads("Your open calls")
        await expect(tim.page.locator(".wk-call__phone")).to_have_count(0)
        # And nothing is left of what was half typed, for the next caller
        number = tim.page.get_by_label("Number to ring back on")
        await expect(number).to_have_value("")
        await expect(tim.page.get_by_text("You typed this number")).to_have_count(0)
        assert tim.complaints == []


async def test_who_waits_and_what_is_below_standard_before_the_shift_lead(
    server: Served, links: dict[str, str], telephone: Telephone, browser: Browser
) -> None:
    quick = rings("quick", now() - timedelta(minutes=5), answered=4, over=200)
    telephone.tells(*quick, now=now())
    async with device(browser) as lee:
        await arrive(lee, links[LEE.name])
        await lee.go(f"{server.origin}{FIGURES}")
        await expect(lee.page.locator("#telephone")).to_be_visible()
        await expect(lee.page.locator("#below")).to_have_count(0)
        # When one waits, and thirty gave up
        ago = now() - timedelta(minutes=3)
        for nth in range(30):
            gone = rings(f"gone{nth}", ago + timedelta(seconds=nth), over=60)
            telephone.tells(*gone, now=now())
        telephone.tells(*rings("waits", ago), now=now())
        # Then it stands there without anybody pressing
        below = lee.page.locator("#b-calls-abandoned")
        await expect(below).to_be_visible(timeout=25_000)
        await expect(below).to_contain_text("at most 3%")
        await expect(lee.page.locator("#t-waiting")).to_contain_text("1")
        await expect(lee.page.locator("#t-longest")).to_contain_text("Over two min")
        await clean(lee, "telephone-shift")
        await lee.page.set_viewport_size(SMALL)  # type: ignore[arg-type]
        await clean(lee, "telephone-shift-phone")
        await lee.go(f"{server.origin}{FIGURES}/report?on={ago:%Y-%m-%d}")
        await lee.reads("Collection’s item: B02 / A01")
        await clean(lee, "telephone-report-phone")
        assert lee.complaints == []
