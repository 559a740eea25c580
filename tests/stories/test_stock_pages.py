# SPDX-License-Identifier: Apache-2.0
"""What a base and a car carry: received, moved, given, and counted by two."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from datetime import timedelta

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from support.chromium import Device, arrive, chromium, clean, device
from support.prescribing import AMOXICILLIN
from support.program import Program
from support.served import Served, served
from support.stocked import MORPHINE, STOCK, places
from support.urgent import queue_places, whole_call
from support.ward_beds import now
from support.wards import Worker, practitioner, put_to_work
from wardkeep.fhir.prescriptions.formulary import item_content
from wardkeep.fhir.urgent.queueing import place_of

pytestmark = pytest.mark.asyncio(loop_scope="module")
ANN = Worker("urgent_care_clinician", "Ann Advice", "ann")
LEE = Worker("shift_lead", "Lee Leads", "lee")
SMALL = {"width": 360, "height": 740}
BASE, CAR = "/stock/bases/moor-lane", "/stock/cars/car-one"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("stock")) as running:
        running.found("fernhill")
        yield running


@pytest.fixture(scope="module")
def links(server: Served, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    keys = tmp_path_factory.mktemp("keys")
    with closing(Program(server, keys, organisation="fernhill")) as program:
        given = now() - timedelta(minutes=20)
        for one in (
            *queue_places(),
            *map(practitioner, (ANN, LEE)),
            *places(),
            *map(item_content, STOCK),
            *whole_call("amber", "prescription-next-day", given=given, family="Amber"),
        ):
            program.put(one)
    where = [(place_of("pharmacist"), (ANN.name, LEE.name))]
    return asyncio.run(put_to_work(server, "fernhill", (ANN, LEE), where))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ann(browser: Browser, links: dict[str, str]) -> AsyncIterator[Device]:
    async with device(browser, viewport=SMALL) as own:
        await arrive(own, links[ANN.name])
        yield own


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def lee(browser: Browser, links: dict[str, str]) -> AsyncIterator[Device]:
    async with device(browser) as own:
        await arrive(own, links[LEE.name])
        yield own


async def receive(
    server: Served, own: Device, medicine: str, packets: str, each: str
) -> None:
    page = own.page
    await own.go(f"{server.origin}{BASE}/receive")
    await page.locator("#medicine").select_option(medicine)
    await page.locator("#batch").fill("B7")
    await page.locator("#expires-month").fill("8")
    await page.locator("#expires-year").fill(str(now().year + 2))
    await page.locator("#packets").fill(packets)
    await page.locator("#each").fill(each)
    await page.locator("#sender").fill("Wholesaler, 1 Example Road")
    await own.press("Write it into the register")
    await own.reads("It is in the register.")


async def test_a_delivery_goes_to_a_car_and_one_packet_to_a_patient(
    server: Served, lee: Device, ann: Device
) -> None:
    await lee.go(f"{server.origin}{CAR}")
    await lee.reads("Nothing is written down as being here")
    await clean(lee, "stock-empty")
    await receive(server, lee, AMOXICILLIN.id, "4", "21")
    await clean(lee, "stock-base")
    section = lee.page.locator("section", has_text="Amoxicillin")
    await section.locator("a", has_text="Batch B7").click()
    await lee.reads("84 capsules: 4 packets of 21")
    await clean(lee, "stock-delivery")
    await lee.page.locator("#to").select_option("CareTeam/car-one")
    await lee.page.locator("#many").fill("42")
    await lee.press("Move it")
    await lee.reads("Both registers have it")
    # On the phone in the car
    await ann.go(f"{server.origin}{CAR}")
    await ann.reads("42 capsules: 2 packets of 21")
    await clean(ann, "stock-car")
    await prescribes(server, ann)
    await gives(server, ann)


async def prescribes(server: Served, ann: Device) -> None:
    """How much it comes to is reckoned, and typed by whoever prescribes."""
    await ann.go(f"{server.origin}/patients/amber/prescriptions/new")
    page = ann.page
    await page.locator("html.wk-saves-itself").wait_for()
    await page.locator("#medicine").select_option(AMOXICILLIN.id)
    await page.locator("#dose").fill("1")
    await page.locator("#route").select_option("oral")
    await page.locator("#often").select_option("thrice")
    await page.locator("#days").fill("7")
    await ann.press("Reckon it from dose and days")
    await ann.reads("By dose and days it is 21 capsules")
    assert await page.locator("#quantity").input_value() == ""
    await page.locator("#quantity").fill("21")
    await page.locator("#why").fill("Chest infection")
    await page.locator("#number").fill("GMC 0000000")
    await ann.press("Save the prescription")
    await ann.reads("The prescription is saved.")


async def gives(server: Served, ann: Device) -> None:
    await ann.press("Give it from stock")
    await ann.reads("Which packet is in your hand?")
    await clean(ann, "stock-give")
    await ann.page.get_by_label("Car One").check()
    await ann.press("Write down that it was given")
    await ann.reads("It is written down as given.")
    await ann.go(f"{server.origin}{CAR}")
    await ann.reads("21 capsules: 1 packet of 21")
    await ann.go(f"{server.origin}{CAR}/register/{AMOXICILLIN.id}")
    await ann.reads("Given to a patient")
    await clean(ann, "stock-register-given")


async def test_a_controlled_drug_is_counted_by_two_and_the_register_says_both(
    server: Served, lee: Device, ann: Device
) -> None:
    await receive(server, lee, MORPHINE.id, "1", "10")
    section = lee.page.locator("section", has_text="Morphine")
    await section.locator("a", has_text="Batch B7").click()
    await lee.reads("Two people sign")
    await lee.page.locator("#found").fill("9")
    await lee.press("Write down the count")
    await lee.reads("The register says 10, and you counted 9")
    await clean(lee, "stock-count-differs")
    await lee.page.locator("#found").fill("9")
    await lee.page.locator("#reason").fill("One broken on the floor")
    await lee.press("Write down the count")
    await lee.reads("A second person has to find so too")
    await counts_too(server, ann)
    await lee.go(f"{server.origin}{BASE}/register/{MORPHINE.id}")
    await lee.reads("Lee Leads and Ann Advice")
    await clean(lee, "stock-register")
    await looks_after(server, lee)


async def counts_too(server: Served, ann: Device) -> None:
    """The second person says their own number, and signs."""
    await ann.go(f"{server.origin}/stock")
    await clean(ann, "stock-overview")
    await ann.page.locator("a", has_text="Counted: a difference").click()
    await ann.reads("Count it yourself.")
    await clean(ann, "stock-waits")
    await ann.page.locator("#found").fill("9")
    await ann.press("Go on to sign")
    await ann.press("Sign with my passkey")
    await ann.reads("Your passkey signed for it.")
    await ann.press("Write it into the register")
    await ann.reads("It is in the register, with both names.")


async def looks_after(server: Served, lee: Device) -> None:
    """Whether registers hold, and what runs out."""
    await lee.go(f"{server.origin}/stock/check")
    await lee.reads("All of them hold.")
    await clean(lee, "stock-check")
    await lee.go(f"{server.origin}{BASE}")
    await lee.page.locator("summary", has_text="How much should be here").first.click()
    await lee.page.locator("#least-1").fill("100")
    await lee.page.get_by_role("button", name="Keep it").first.click()
    await lee.reads("It is kept.")
    await lee.go(f"{server.origin}/stock")
    await lee.reads("at least 100 should be")
    await clean(lee, "stock-short")
    await lee.go(f"{server.origin}/formulary")
    await clean(lee, "stock-formulary")
