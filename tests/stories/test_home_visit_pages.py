# SPDX-License-Identifier: Apache-2.0
"""A case is booked at a treatment centre; another is visited, in part without a signal.

On a desk: the clinician who books, the receptionist, the dispatcher. On a phone: the
visiting clinician.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, closing
from datetime import timedelta

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from support.chromium import Device, arrive, chromium, clean, device
from support.midday import noon
from support.program import Program
from support.served import Served, served
from support.urgent import whole_call
from support.visits import CENTRE, at_home, centre
from support.ward_beds import now
from support.wards import Worker, practitioner, put_to_work
from wardkeep.fhir.urgent.queueing import Entry, entry_in, place_of
from wardkeep.fhir.urgent.steps import State

pytestmark = pytest.mark.asyncio(loop_scope="module")
ANN = Worker("urgent_care_clinician", "Ann Advice", "ann")
DOC = Worker("urgent_care_clinician", "Doc Drives", "doc")
LEE = Worker("shift_lead", "Lee Leads", "lee")
KIM = Worker("receptionist", "Kim Counter", "kim")
EVERYBODY = (ANN, DOC, LEE, KIM)
SMALL = {"width": 360, "height": 740}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    # A desk's list is today's: a time just after midnight would be tomorrow's.
    folder = tmp_path_factory.mktemp("visits")
    with noon() as clock, served(folder, **clock) as running:
        running.found("fernhill")
        yield running


@pytest.fixture(scope="module")
def program(
    server: Served, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Program]:
    keys = tmp_path_factory.mktemp("keys")
    with closing(Program(server, keys, organisation="fernhill")) as running:
        for one in (*centre(6), *map(practitioner, EVERYBODY)):
            running.put(one)
        yield running


@pytest.fixture(scope="module")
def links(server: Served, program: Program) -> dict[str, str]:
    assert program.token
    where = [
        (place_of("base"), (ANN.name, LEE.name)),
        (place_of("visit"), (LEE.name,)),
        (f"Location/{CENTRE}", (KIM.name, ANN.name)),
    ]
    return asyncio.run(put_to_work(server, "fernhill", EVERYBODY, where))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as running:
        yield running


def entry(program: Program, id_: str) -> Entry:
    found = entry_in(program.get(f"Task/{id_}-entry").json)
    assert found is not None
    return found


def ring(program: Program, id_: str, family: str) -> None:
    given = now() - timedelta(minutes=20)
    for one in whole_call(id_, "base-2h", given=given, family=family):
        program.put(one)


async def test_a_time_is_booked_and_the_desk_sees_who_comes(
    server: Served, program: Program, browser: Browser, links: dict[str, str]
) -> None:
    ring(program, "ear", "Earworth")
    async with AsyncExitStack() as stack:
        ann, kim = [
            await stack.enter_async_context(device(browser)) for _ in ("ann", "kim")
        ]
        await arrive(ann, links[ANN.name])
        await arrive(kim, links[KIM.name])
        await kim.go(f"{server.origin}/bases")
        await kim.reads("Nobody is expected any more today")
        # When Ann books a time from the case, its place in the queue says so
        await ann.go(f"{server.origin}/urgent-queue/cases/ear-entry")
        await ann.press("Book a time at a treatment centre")
        await ann.reads("EARWORTH, Test")
        await clean(ann, "base-times")
        await ann.page.locator(".wk-bases__times button").nth(1).click()
        await ann.reads("The time is booked.")
        assert entry(program, "ear").state is State.BOOKED
        # Then the desk's board has it by itself, without a name
        await kim.page.get_by_text("Expected", exact=True).first.wait_for()
        assert "EARWORTH" not in (await kim.page.content()).upper()
        await slips(ann, program)
        await clean(kim, "bases-today")
        await receives(kim, server.origin)
        assert [*ann.complaints, *kim.complaints] == []


async def slips(ann: Device, program: Program) -> None:
    # And a slip is taken back, and booked again
    await ann.press("Undo what I did last")
    await ann.reads("It is as it was before.")
    assert entry(program, "ear").state is State.NEW
    await ann.page.locator(".wk-bases__times button").first.click()
    await ann.reads("The time is booked.")
    await clean(ann, "base-booked")


async def receives(kim: Device, origin: str) -> None:
    # The desk's own list opens names, and has the buttons
    await kim.page.get_by_role("link", name="Open the desk’s list").click()
    await kim.reads("EARWORTH, Test")
    await kim.page.get_by_role("button", name="Check in").first.click()
    await kim.reads("Checked in.")
    await kim.go(f"{origin}/bases")
    await kim.reads("Has arrived")
    await kim.page.set_viewport_size({"width": 360, "height": 740})
    await clean(kim, "bases-today-phone")


async def test_a_visit_is_given_to_a_car_and_done_where_there_is_no_signal(
    server: Served, program: Program, browser: Browser, links: dict[str, str]
) -> None:
    for id_, family in (("hill", "Hillworth"), ("dale", "Daleworth")):
        for one in at_home(id_, ago=20, family=family):
            program.put(one)
    async with AsyncExitStack() as stack:
        lee = await stack.enter_async_context(device(browser))
        doc = await stack.enter_async_context(device(browser, viewport=SMALL))
        await arrive(lee, links[LEE.name])
        await arrive(doc, links[DOC.name])
        await dispatches(lee, server.origin)
        await drives(doc, server.origin, program)
        # The dispatcher's board has the other one alone, by itself
        await lee.page.locator("#v-dale-entry").wait_for(state="detached")
        await lee.reads("HILLWORTH, Test")
        await lee.page.set_viewport_size({"width": 360, "height": 740})
        await clean(lee, "visits-board-phone")
        assert [*lee.complaints, *doc.complaints] == []


async def dispatches(lee: Device, origin: str) -> None:
    await lee.go(f"{origin}/home-visits")
    await lee.reads("No car is on shift")
    await lee.press("Say who drives")
    await lee.press("Add a car")
    await lee.press("Keep")
    await lee.reads("There is a problem")
    await lee.page.get_by_label("What it is called").fill("Car 1")
    await lee.page.get_by_label("Where it drives").fill("LS17")
    await lee.page.get_by_label("The clinician in it").select_option(label=DOC.name)
    await clean(lee, "visits-car")
    await lee.press("Keep")
    await lee.reads("The car is kept.")
    await clean(lee, "visits-cars")
    for id_ in ("hill", "dale"):
        await lee.go(f"{origin}/home-visits/visits/{id_}-entry")
        await lee.page.get_by_label("Car", exact=True).select_option(index=1)
        await lee.press("Put it on the car’s list")
        await lee.reads("It is on the car's list.")
    await clean(lee, "visits-one-dispatcher")
    await rings_first(lee, origin)
    await lee.go(f"{origin}/home-visits")
    await lee.reads("HILLWORTH, Test")
    await lee.reads("LS17")
    # The second one first
    await lee.page.get_by_role("button", name="Earlier").click()
    await lee.reads("The order is changed.")
    names = await lee.page.locator(".wk-visits .wk-who strong").all_inner_texts()
    found = [one for one in names if "WORTH" in one]
    assert [one.partition(",")[0] for one in found] == ["DALEWORTH", "HILLWORTH"]
    await clean(lee, "visits-board")


async def rings_first(lee: Device, origin: str) -> None:
    """Another crew takes no visits from one that nobody rang; what was typed stays."""
    await lee.go(f"{origin}/home-visits/cars")
    await lee.page.get_by_role("link", name="Change").click()
    await lee.page.get_by_label("The clinician in it").select_option(label=ANN.name)
    await lee.page.get_by_label("Where it drives").fill("LS17, LS8")
    await lee.press("Keep")
    await lee.reads("Say that you have rung the crew")
    assert await lee.page.get_by_label("Where it drives").input_value() == "LS17, LS8"
    await clean(lee, "visits-rung")


async def drives(doc: Device, origin: str, program: Program) -> None:
    await doc.go(f"{origin}/home-visits/mine")
    await doc.reads("DALEWORTH, Test")
    await clean(doc, "visits-my-car-phone")
    first = doc.page.locator("#v-dale-entry")
    await first.get_by_role("button", name="Set off").click()
    await first.get_by_text("On the way", exact=True).wait_for()
    assert entry(program, "dale").state is State.ON_THE_WAY
    # Without a signal the list stays, and what is pressed is kept
    await doc.context.set_offline(True)
    await first.get_by_role("button", name="I have arrived").click()
    await doc.reads("1 kept on this phone")
    await first.get_by_role("button", name="I have left").click()
    await doc.reads("2 kept on this phone")
    await doc.reads("HILLWORTH, Test")
    await clean(doc, "visits-no-signal-phone")
    assert entry(program, "dale").state is State.ON_THE_WAY
    # What the phone keeps says nothing of anybody
    kept = await doc.page.evaluate("JSON.stringify(localStorage)")
    assert "WORTH" not in kept.upper()
    # When it is back, both come in by themselves, once
    await doc.context.set_offline(False)
    await first.get_by_text("Left, outcome to be written", exact=True).wait_for()
    await writes(doc, origin, program)


async def writes(doc: Device, origin: str, program: Program) -> None:
    await doc.reads("Write what came of it")
    assert entry(program, "dale").state is State.AWAITING_ACTION
    acts = [one.act for one in entry(program, "dale").did if one.act]
    assert len(acts) == len(set(acts)) == 3
    await doc.go(f"{origin}/home-visits/visits/dale-entry")
    await doc.reads("Write what came of it")
    await clean(doc, "visits-one-phone")
    # And the outcome is written where every case's is
    await doc.press("Write what came of it")
    await doc.page.get_by_label("Disposition").select_option("self-care")
    await doc.page.get_by_label("Why, and what was agreed").fill("Seen, better.")
    await doc.press("Save and go on")
    await doc.reads("The case is closed.")
