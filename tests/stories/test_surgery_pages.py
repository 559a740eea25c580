# SPDX-License-Identifier: Apache-2.0
"""Story: a clinician reads what the surgery is told, holds it back, and sends it.

Given a call that waits, When she ends it, Then the page has what goes and when; held
back nothing goes, and sent after all it is acknowledged.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from datetime import timedelta

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from support.chromium import Device, arrive, chromium, clean, device
from support.journeys import patient
from support.program import Program
from support.served import Served, served
from support.surgery import Surgery, introduce, surgery
from support.urgent import queue_places, whole_call
from support.ward_beds import now
from support.wards import Worker, practitioner, put_to_work
from wardkeep.fhir.urgent.queueing import place_of

pytestmark = pytest.mark.asyncio(loop_scope="module")
ANN = Worker("urgent_care_clinician", "Ann Advice", "ann")
PAGE = "/patients/amber/calls/amber-case/surgery"


@pytest.fixture(scope="module")
def there() -> Iterator[Surgery]:
    with surgery() as made:
        yield made


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, there: Surgery
) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("surgery")
    with served(folder, WARDKEEP_WEB_WORKERS="1") as running:
        running.found("fernhill")
        introduce(running, "fernhill", there, folder)
        with closing(Program(running, folder, organisation="fernhill")) as program:
            call = whole_call("amber", given=now() - timedelta(minutes=20))
            for one in (*queue_places(), practitioner(ANN), *call, patient("amber")):
                program.put(one)
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as running:
        yield running


async def test_what_goes_is_read_held_back_and_sent(
    server: Served, there: Surgery, browser: Browser
) -> None:
    where = [(place_of("clinician"), (ANN.name,))]
    links = await asyncio.to_thread(
        asyncio.run, put_to_work(server, "fernhill", (ANN,), where)
    )
    async with device(browser) as ann:
        await arrive(ann, links[ANN.name])
        await ends(ann, server.origin)
        await holds(ann, server.origin)
        assert there.bundles == {}
        await sends(ann, server.origin)
        assert ann.complaints == []
    [read] = there.documents_of("Quillfeather")
    assert read.sections[0].lines[0] == "Feels unwell"


async def ends(ann: Device, origin: str) -> None:
    # While it waits, she sees how it would read
    await ann.go(f"{origin}/urgent-queue")
    await ann.press("Take the next case")
    await ann.reads("The case is yours. Ring now.")
    await ann.press("They answered")
    await ann.page.get_by_role("link", name="What the surgery is told").click()
    await ann.reads("Nothing goes while the journey goes on.")
    await ann.reads("How it reads as the record stands now")
    await clean(ann, "surgery-before")
    await ann.page.go_back()
    # When she ends the case
    await ann.page.get_by_label("Disposition").select_option("own-surgery-24h")
    await ann.page.get_by_label("Why, and what was agreed").fill("A cold; rests.")
    await ann.press("Save and go on")
    await ann.page.wait_for_url("**/urgent-queue?of=*said=ended")


async def holds(ann: Device, origin: str) -> None:
    # Then the page has what goes, to whom, and when
    await ann.go(f"{origin}{PAGE}")
    await ann.reads("unless it is held back")
    await ann.reads("Puddle Lane Surgery")
    await ann.reads("A cold; rests.")
    await clean(ann, "surgery-waits")
    # Held back without a word it is not
    await ann.press("Hold it back")
    await ann.reads("Enter why it is held back")
    await clean(ann, "surgery-wrong")
    await ann.page.get_by_label("Why it is held back").fill("She asks us to wait.")
    await ann.press("Hold it back")
    await ann.reads("It is held back. Nothing goes until somebody sends it.")
    await clean(ann, "surgery-held")
    # And the list has it, without a name
    await ann.go(f"{origin}/surgery-messages")
    await ann.reads("Held back")
    await ann.page.locator("text=Quillfeather").wait_for(state="detached")
    await clean(ann, "surgery-list")
    await ann.page.set_viewport_size({"width": 390, "height": 844})
    await clean(ann, "surgery-list-phone")
    await ann.page.get_by_role("link", name="Case").first.click()
    await clean(ann, "surgery-held-phone")


async def sends(ann: Device, origin: str) -> None:
    await ann.press("Send it after all")
    await ann.reads("It goes now, as it stands here.")
    for _ in range(60):
        await ann.go(f"{origin}{PAGE}")
        if await ann.page.get_by_text("Acknowledged", exact=True).count():
            break
        await asyncio.sleep(0.5)
    await ann.reads("by its system")
    await ann.reads("What went")
    await clean(ann, "surgery-acknowledged-phone")
