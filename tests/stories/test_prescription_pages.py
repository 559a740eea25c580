# SPDX-License-Identifier: Apache-2.0
"""Urgent care prescribes: a request, a controlled drug by two, a special note."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from datetime import timedelta

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from support.chromium import Device, arrive, chromium, clean, device
from support.prescribing import ITEMS
from support.program import Program
from support.served import Served, served
from support.urgent import queue_places, whole_call
from support.ward_beds import now
from support.wards import Worker, practitioner, put_to_work
from wardkeep.fhir.prescriptions.formulary import item_content
from wardkeep.fhir.urgent.queueing import place_of

pytestmark = pytest.mark.asyncio(loop_scope="module")
ANN = Worker("urgent_care_clinician", "Ann Advice", "ann")
LEE = Worker("shift_lead", "Lee Leads", "lee")
EVERYBODY = (ANN, LEE)
SMALL = {"width": 360, "height": 740}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("rx")) as running:
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
        for item in ITEMS:
            running.put(item_content(item))
        yield running


@pytest.fixture(scope="module")
def links(server: Served, program: Program) -> dict[str, str]:
    assert program.token
    where = [(place_of("pharmacist"), (ANN.name, LEE.name))]
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
async def lee(browser: Browser, links: dict[str, str]) -> AsyncIterator[Device]:
    async with device(browser, viewport=SMALL) as own:
        await arrive(own, links[LEE.name])
        yield own


def ring(program: Program, id_: str, family: str) -> None:
    """Somebody asks for a medicine; they are allergic to one, and take another."""
    given = now() - timedelta(minutes=20)
    for one in whole_call(id_, "prescription-next-day", given=given, family=family):
        program.put(one)
    program.put(
        {
            "resourceType": "AllergyIntolerance",
            "id": f"{id_}-allergy",
            "code": {"text": "Amoxicillin"},
            "patient": {"reference": f"Patient/{id_}"},
            "reaction": [{"manifestation": [{"text": "Rash"}]}],
        }
    )
    program.put(
        {
            "resourceType": "MedicationStatement",
            "id": f"{id_}-taken",
            "status": "active",
            "medicationCodeableConcept": {"text": "Ramipril 5 mg capsules"},
            "subject": {"reference": f"Patient/{id_}"},
        }
    )


async def fill(own: Device, medicine: str, days: str, quantity: str) -> None:
    page = own.page
    await page.locator("html.wk-saves-itself").wait_for()
    await page.locator("#medicine").select_option(f"formulary-{medicine}")
    await page.locator("#dose").fill("1")
    await page.locator("#route").select_option("oral")
    await page.locator("#often").select_option("twice")
    await page.locator("#days").fill(days)
    await page.locator("#quantity").fill(quantity)
    await page.locator("#why").fill("Chest infection")
    await page.locator("#number").fill("GMC 0000000")


async def test_a_request_is_answered_printed_cancelled_and_put_back(
    server: Served, program: Program, ann: Device
) -> None:
    ring(program, "amber", "Amberley")
    await ann.go(f"{server.origin}/urgent-queue/cases/amber-entry")
    await ann.reads("Permission to view")
    await ann.press("Take it")
    await ann.reads("The case is yours. Ring now.")
    await ann.press("Answer the request with a prescription")
    # Then allergies and medicines stand beside what is written
    await ann.reads("Ramipril 5 mg capsules")
    await ann.reads("No check of medicines against each other is connected")
    await clean(ann, "prescription-new")
    await ann.press("Save the prescription")
    await ann.reads("The medicine is not chosen")
    await clean(ann, "prescription-wrong")
    await answers_it(ann)
    await prints_and_cancels(ann)
    assert ann.complaints == []


async def answers_it(ann: Device) -> None:
    await fill(ann, "amoxicillin", "5", "10")
    await ann.press("Save the prescription")
    await ann.reads("Read this before you save")
    await clean(ann, "prescription-warned")
    await ann.page.get_by_label("I have read it, and prescribe it all the same").check()
    await ann.press("Save the prescription")
    await ann.reads("The prescription is saved.")
    await clean(ann, "prescription")
    # And the request that waited is closed
    await ann.press("The request")
    await ann.reads("Done")
    await ann.page.go_back()


async def prints_and_cancels(ann: Device) -> None:
    await ann.press("Print this prescription")
    await ann.reads("Signature of the prescriber")
    await clean(ann, "prescription-paper")
    await ann.page.emulate_media(media="print")
    await ann.page.set_viewport_size({"width": 560, "height": 794})
    await ann.picture("prescription-paper-printed")
    await ann.page.emulate_media(media="screen")
    await ann.page.set_viewport_size({"width": 1280, "height": 800})
    await ann.press("Back to the prescription")
    await ann.reads("Printed 1 time")
    await ann.page.get_by_text("Cancel it", exact=True).click()
    await ann.press("Cancel the prescription")
    await ann.reads("Why it is cancelled is missing")
    await ann.page.get_by_label("Why it is cancelled").fill("Allergic after all")
    await ann.press("Cancel the prescription")
    await ann.reads("It is cancelled. Destroy what was printed of it.")
    await ann.press("Undo what I did last")
    await ann.reads("It is as it was before.")


async def test_two_people_sign_for_a_controlled_drug_the_second_on_a_phone(
    server: Served, program: Program, ann: Device, lee: Device
) -> None:
    ring(program, "birch", "Birchall")
    await ann.go(f"{server.origin}/patients/birch/prescriptions")
    await ann.reads("Nothing was prescribed here.")
    await ann.press("Write a prescription")
    await fill(ann, "pregabalin", "7", "14")
    await ann.press("Save the prescription")
    await ann.reads("Waits for its prescriber’s signature")
    assert await ann.page.get_by_text("Print this prescription").count() == 0
    await ann.press("Go on to sign")
    await ann.reads("Prescribe a controlled drug")
    await clean(ann, "prescription-sign")
    await ann.press("Sign with my passkey")
    await ann.press("Put my signature into the record")
    await ann.reads("Waits for a second person’s check")
    await ann.reads("Ask a colleague to open this page and check it.")
    address = ann.page.url.partition("?")[0]
    await checks_and_gives(lee, address)
    await lee.go(f"{server.origin}/patients/birch/timeline")
    await lee.reads("Medicine handed out")
    await takes_back(lee, ann, address)
    assert lee.complaints == []


async def checks_and_gives(lee: Device, address: str) -> None:
    # When the second person opens it on a phone
    await lee.go(address)
    await lee.reads("Second person’s check")
    await clean(lee, "prescription-check-phone")
    await lee.press("Go on to sign")
    await lee.reads("Second person’s check of a controlled drug")
    await lee.press("Sign with my passkey")
    await lee.press("Put my signature into the record")
    await lee.reads("The check is in the record.")
    # Then it is given from stock, once
    await lee.press("Give it from stock")
    await lee.press("Write down that it was given")
    await lee.reads("The batch number is missing")
    await clean(lee, "prescription-give-phone")
    await lee.page.get_by_label("Batch number").fill("B7731")
    await lee.page.get_by_label("Month").fill("8")
    await lee.page.get_by_label("Year").fill("2031")
    await lee.press("Write down that it was given")
    await lee.reads("It is written down as given.")
    await lee.reads("batch B7731")
    await clean(lee, "prescription-given-phone")


async def takes_back(lee: Device, ann: Device, address: str) -> None:
    """Whoever gave it says that it was not given; somebody else sees it back."""
    await lee.go(address)
    await lee.press("It was not given after all")
    await lee.reads("record and register say that it was given")
    await lee.reads("Given at base")
    await clean(lee, "prescription-returning-phone")
    await ann.go(address)
    await ann.reads("Lee Leads says that it was not given after all")
    await clean(ann, "prescription-is-it-back")
    await ann.press("Go on to sign")
    await ann.reads("See the packet back where it is kept before you sign.")
    await clean(ann, "prescription-back-sign")
    await ann.press("Sign with my passkey")
    await ann.press("Write down that it is back")
    await ann.reads("It is as it was before.")
    await ann.reads("Not printed yet")


async def test_a_special_note_is_written_reviewed_and_ended(
    server: Served, program: Program, ann: Device, lee: Device
) -> None:
    ring(program, "cedar", "Cedarwood")
    await ann.go(f"{server.origin}/patients/cedar/special-notes")
    await ann.reads("No special notes were written here.")
    await ann.press("Write a note")
    page = ann.page
    await page.locator("html.wk-saves-itself").wait_for()
    await ann.press("Save the note")
    await ann.reads("The kind is not chosen")
    await clean(ann, "special-note-wrong")
    await page.locator("#category").select_option("SS")
    await page.locator("#words").fill("A loose dog in the yard.")
    await page.get_by_label("Crews and whoever visits").check()
    await page.locator("#owner").fill("Fernhill front door")
    soon = now() + timedelta(days=3)
    for part, said in (("day", soon.day), ("month", soon.month), ("year", soon.year)):
        await page.locator(f"#review-{part}").fill(str(said))
    await ann.press("Save the note")
    await ann.reads("Calls about this patient show it from now on.")
    await clean(ann, "special-note")
    await ends_it(lee, server.origin)
    assert lee.complaints == []


async def ends_it(lee: Device, origin: str) -> None:
    # When the shift lead looks at what is to be reviewed
    await lee.go(f"{origin}/special-notes")
    await lee.reads("CEDARWOOD, Test")
    await clean(lee, "special-notes-due-phone")
    await lee.press("CEDARWOOD, Test")
    await lee.reads("A loose dog in the yard.")
    await lee.press("A loose dog in the yard.")
    await lee.page.get_by_text("End it", exact=True).click()
    await lee.page.locator("#word-ended").fill("The dog has died")
    await lee.press("End the note")
    await lee.reads("The note has ended.")
    await clean(lee, "special-note-ended-phone")
    await lee.go(f"{origin}/patients/cedar/special-notes")
    await lee.reads("No longer in force: ended")
    await clean(lee, "special-notes-over-phone")
