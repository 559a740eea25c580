# SPDX-License-Identifier: Apache-2.0
"""A shift in urgent care: the next case, nobody answers, a visit, live boards."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from datetime import timedelta

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, expect

from support.chromium import Device, arrive, chromium, clean, device
from support.program import Program
from support.served import Served, served
from support.urgent import queue_places, whole_call
from support.ward_beds import now
from support.wards import Worker, practitioner, put_to_work
from wardkeep.fhir.urgent.queueing import place_of

pytestmark = pytest.mark.asyncio(loop_scope="module")
ANN = Worker("urgent_care_clinician", "Ann Advice", "ann")
BEN = Worker("urgent_care_clinician", "Ben Both", "ben")
LEE = Worker("shift_lead", "Lee Leads", "lee")
EVERYBODY = (ANN, BEN, LEE)
SMALL = {"width": 360, "height": 740}
BOARD = "/urgent-queue"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("queue")) as running:
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
    names = [one.name for one in EVERYBODY]
    where = [
        (place_of("clinician"), tuple(names)),
        (place_of("dental"), (BEN.name, LEE.name)),
        (place_of("visit"), (LEE.name,)),
    ]
    return asyncio.run(put_to_work(server, "fernhill", EVERYBODY, where))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ann(browser: Browser, links: dict[str, str]) -> AsyncIterator[Device]:
    async with device(browser) as own:
        await arrive(own, links[ANN.name])
        yield own


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ben(browser: Browser, links: dict[str, str]) -> AsyncIterator[Device]:
    async with device(browser, viewport=SMALL) as own:
        await arrive(own, links[BEN.name])
        yield own


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def lee(browser: Browser, links: dict[str, str]) -> AsyncIterator[Device]:
    async with device(browser) as own:
        await arrive(own, links[LEE.name])
        yield own


def ring(program: Program, id_: str, code: str, ago: int, family: str) -> str:
    given = now() - timedelta(minutes=ago)
    for one in whole_call(id_, code, given=given, family=family):
        program.put(one)
    return f"{id_}-entry"


def row(own: Device, entry: str) -> Locator:
    return own.page.locator(f"#c-{entry}")


async def test_a_shift_from_the_next_case_to_a_welfare_visit(
    server: Served, program: Program, ann: Device, ben: Device, lee: Device
) -> None:
    origin = server.origin
    # Given four calls that wait, at four paces, and two boards that show them
    late = ring(program, "amber", "clinician-1h", 75, "Amberley")
    ring(program, "birch", "clinician-1h", 50, "Birchall")
    ring(program, "cedar", "clinician-2h", 65, "Cedarwood")
    ring(program, "dill", "dental-2h", 5, "Dillworth")
    await ann.go(origin)
    await ann.arrives(BOARD)
    await row(ann, late).get_by_text("Breached").wait_for()
    await row(ann, "birch-entry").get_by_text("About to breach").wait_for()
    await row(ann, "cedar-entry").get_by_text("Half the time gone").wait_for()
    # A dentist's call is in none of Ann's queues, and nobody's name is on the board
    assert await row(ann, "dill-entry").count() == 0
    await ann.page.locator("text=AMBERLEY").wait_for(state="detached")
    await clean(ann, "queue-board")
    await ben.go(f"{origin}{BOARD}")
    await row(ben, "dill-entry").get_by_text("In time").wait_for()
    await clean(ben, "queue-board-phone")
    await takes_and_slips(ann, ben, late)
    await nobody_answers(ann)
    await leads(lee, origin, late)
    assert ann.complaints == []
    assert ben.complaints == []
    assert lee.complaints == []


async def takes_and_slips(ann: Device, ben: Device, late: str) -> None:
    # When Ann takes the next one by keyboard, it is the one that breached
    await ann.page.get_by_role("button", name="Take the next case").focus()
    await ann.page.keyboard.press("Enter")
    await ann.reads("The case is yours. Ring now.")
    await ann.reads("AMBERLEY, Test")
    await ann.reads("01632960123")
    await clean(ann, "queue-case")
    # Then the other board says so by itself
    await row(ben, late).get_by_text("Ringing back").wait_for()
    # And a slip is taken back
    await ann.press("They answered")
    await ann.reads("You are in consultation.")
    await ann.press("Undo what I did last")
    await ann.reads("It is as it was before.")
    # Handing back needs a word, which the page says at its field
    await ann.page.get_by_text("Hand it back to the queue").click()
    await ann.press("Hand it back")
    await ann.reads("Enter why you hand it back")
    await clean(ann, "queue-case-wrong")


async def nobody_answers(ann: Device) -> None:
    for _ in range(2):
        await ann.press("No answer")
        await ann.reads("The attempt is written down.")
    await ann.press("No answer")
    await ann.reads("Nobody answered for the last time.")


async def leads(lee: Device, origin: str, late: str) -> None:
    # When the shift lead looks, it stands among what is overdue, and on the shift
    await lee.go(f"{origin}{BOARD}/overdue")
    await row(lee, late).get_by_text("For the shift lead: no answer").wait_for()
    await clean(lee, "queue-overdue")
    await lee.go(f"{origin}{BOARD}/shift")
    await clean(lee, "queue-shift")
    await lee.go(f"{origin}{BOARD}?names=1")
    await lee.reads("AMBERLEY, Test")
    await clean(lee, "queue-board-names")
    # And sends somebody to look
    await row(lee, late).get_by_role("link", name="Speak to a clinician").click()
    await lee.page.get_by_label("Disposition").select_option("visit-2h")
    await lee.page.get_by_label("Why, and what was agreed").fill("Lives alone")
    await clean(lee, "queue-case-lead")
    await lee.press("Save and go on")
    await lee.reads("The case waits in its new place.")
    visit = lee.page.locator(".wk-queue__case", has_text="Be visited at home")
    await visit.get_by_text("Home visit").wait_for()


async def test_what_came_of_a_case_is_kept_while_it_is_typed_and_its_end_taken_back(
    server: Served, program: Program, ann: Device
) -> None:
    id_ = ring(program, "elm", "clinician-6h", 5, "Elmsworth")
    await ann.go(f"{server.origin}{BOARD}/cases/{id_}")
    await ann.press("Take it")
    await ann.reads("The case is yours. Ring now.")
    await ann.press("They answered")
    await ann.reads("You are in consultation.")
    why = ann.page.get_by_label("Why, and what was agreed")
    await why.fill("Sore throat, drinks well")
    await ann.page.get_by_text("Saved at").wait_for()
    # When the page is gone, the words are not
    await ann.go(f"{server.origin}{BOARD}")
    await ann.go(f"{server.origin}{BOARD}/cases/{id_}")
    await expect(why).to_have_value("Sore throat, drinks well")
    await clean(ann, "queue-case-kept")
    await ann.go(f"{server.origin}/patients/elm/cases/{id_}/end")
    await expect(why).to_have_value("Sore throat, drinks well")
    # And the wrong line of the list is put right
    await ann.page.get_by_label("Disposition").select_option("self-care")
    await ann.press("Save and go on")
    await ann.reads("The case is closed.")
    await ann.page.get_by_role("link", name="The case that you ended").click()
    await ann.page.get_by_text("Take the end back").wait_for()
    await clean(ann, "queue-case-ended")
    await ann.press("Take the end back")
    await ann.reads("The end is taken back. The case is yours again")
    await expect(why).to_have_value("")
    assert ann.complaints == []


async def is_in_sight(own: Device, tab: str) -> None:
    """On a phone, the tab of the page that one is on; and that there are more."""
    usual = own.page.viewport_size
    await own.page.set_viewport_size({"width": 360, "height": 740})
    await own.page.reload()
    row = own.page.get_by_role("navigation", name="Urgent care").get_by_role("list")
    here = row.get_by_role("link", name=tab)
    await expect(here).to_be_in_viewport(ratio=0.99)
    await clean(own, f"tab-{tab.lower().replace(' ', '-')}-phone")
    assert usual is not None
    await own.page.set_viewport_size(usual)


async def test_times_are_set_by_the_lead_and_the_queue_goes_on_paper(
    server: Served, program: Program, ann: Device, lee: Device
) -> None:
    for nth in range(22):
        ring(program, f"many-{nth}", "clinician-6h", nth, f"Manyworth{nth}")
    await lee.go(f"{server.origin}{BOARD}/times")
    await lee.reads("they are the numbers that Wardkeep comes with")
    await lee.page.get_by_label("rung again within").fill("1")
    await lee.press("Set them")
    await lee.reads("Enter a number between 2 and 60")
    await clean(lee, "queue-times-wrong")
    await lee.page.get_by_label("rung again within").fill("5")
    await lee.page.get_by_label("Why they are changed").fill("Agreed for the winter")
    await lee.press("Set them")
    await lee.reads("They hold from the next step of each case on.")
    await clean(lee, "queue-times")
    await is_in_sight(lee, "Time limits")
    await ann.go(f"{server.origin}{BOARD}/overdue")
    await ann.reads("were not rung again within 5 minutes")
    # Whoever looks further down turns the page
    await ann.go(f"{server.origin}{BOARD}")
    await ann.page.get_by_role("link", name="The next 20").click()
    await ann.reads("Number 21 to")
    await clean(ann, "queue-board-second")
    await ann.page.get_by_role("link", name="Print this queue").click()
    await ann.reads("Printed by Ann Advice")
    await clean(ann, "queue-paper-screen")
    await ann.page.emulate_media(media="print")
    await ann.picture("queue-paper")
    await ann.page.emulate_media(media="screen")
    await ann.page.set_viewport_size({"width": 360, "height": 740})
    await clean(ann, "queue-paper-phone")
    assert ann.complaints == []
    assert lee.complaints == []
