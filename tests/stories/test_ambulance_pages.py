# SPDX-License-Identifier: Apache-2.0
"""Story: a call comes to an ambulance, and whoever sends them has it in seconds.

Two organisations' pages. Given a clinician who rang somebody back, When it comes to an
ambulance and she presses nothing more, Then the desk of the ambulance service has it
first on its list, with where to go and whom to ring back, also where nobody knows who
it is; their number stands on her page, and what they say comes back to her.
"""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.chromium import PHONE, Device, chromium, clean, device
from support.partners import SERVICE, now, person, put_in_the_team
from support.served import Served
from support.two_sites import TwoSites
from support.urgent import call, put_in_a_queue, queue_places, waiting
from support.wards import Worker, practitioner
from wardkeep.fhir.urgent.caller import unknown_patient
from wardkeep.fhir.urgent.case import PLACE

ANN = Worker("urgent_care_clinician", "Ann Advice", "ann")
NARROW = {"width": 360, "height": 760}
WHERE = "Bus stop at the end of Mill Lane, opposite the chapel"


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoSites]:
    folder: Path = tmp_path_factory.mktemp("ambulances")
    running = Served(folder, WARDKEEP_WEB_WORKERS="1")
    try:
        running.await_ready()
        made = TwoSites(running, folder)
        running.command(
            *("partner", "ambulances", "--organisation", "north"),
            *("--service", SERVICE),
        )
        for one in (*queue_places(), practitioner(ANN)):
            made.north.put(one)
        yield made
        made.close()
    finally:
        running.stop()


def rings(sites: TwoSites, id_: str, patient: dict[str, Any]) -> None:
    """Somebody who rang from where they do not live, and waits."""
    sites.north.put({**patient, "id": id_})
    case = call(id_, at=now(), complaint="Chest feels tight")
    parts = [{"url": "text", "valueString": WHERE}]
    case["extension"] = [{"url": PLACE, "extension": parts}]
    sites.north.put(case)
    for one in waiting(id_, "clinician-1h", given=now()):
        sites.north.put(one)


def test_an_ambulance_is_asked_for_and_what_its_desk_says_comes_back(
    sites: TwoSites,
) -> None:
    rings(sites, "odette", person())
    rings(sites, "nobody", unknown_patient("nobody"))
    ann = sites.stack.sign_in("north", [], "urgent_care_clinician")
    desk = sites.stack.sign_in("fernhill", [], "care_coordinator")
    skills = ("clinician", "ambulance")
    asyncio.run(put_in_a_queue(sites.stack, ann, "north", "ann", *skills))
    asyncio.run(put_in_the_team(sites.stack, desk, "fernhill"))
    asyncio.run(_story(sites, ann, desk))


async def _story(sites: TwoSites, ann: str, desk: str) -> None:
    async with (
        chromium() as browser,
        device(browser, viewport=PHONE) as hers,
        device(browser, viewport=NARROW) as theirs,
    ):
        for own, token in ((hers, ann), (theirs, desk)):
            await own.takes_session(sites.stack.origin, token)
        await _asks(sites, hers, "nobody", "Not breathing well")
        await _asks(sites, hers, "odette", "Grey and sweating")
        await clean(hers, "ambulance-acknowledged-phone")
        await _takes(sites, theirs)
        await _reads(hers)
        assert (hers.complaints, theirs.complaints) == ([], [])


async def _asks(sites: TwoSites, own: Device, who: str, why: str) -> None:
    """She chooses what it comes to, and nothing else."""
    await own.go(f"{sites.stack.origin}/urgent-queue/cases/{who}-entry")
    await own.press("Take it")
    await own.page.get_by_label("Disposition").select_option("ambulance-2")
    await own.page.get_by_label("Why, and what was agreed").fill(why)
    await own.press("Save and go on")
    await own.reads("For five seconds it can be stopped here.")
    await clean(own, "ambulance-asked-phone")
    page = own.page

    async def is_acknowledged() -> bool:
        await page.reload()
        return await page.get_by_text("Acknowledged: ").count() > 0

    for _ in range(60):
        if await is_acknowledged():
            return
        await asyncio.sleep(0.5)
    raise AssertionError(sites.stack.log.read_text(encoding="utf-8"))


async def _takes(sites: TwoSites, own: Device) -> None:
    await own.go(f"{sites.stack.origin}/referrals/teams/front-door")
    await own.reads("Emergency")
    await own.reads("QUILLFEATHER")
    await clean(own, "ambulance-list-narrow")
    await own.page.get_by_role("link", name="QUILLFEATHER").first.click()
    for words in (WHERE, "Ring back on 01632960123", "Grey and sweating", "Our number"):
        await own.reads(words)
    await clean(own, "ambulance-request-narrow")
    await own.page.get_by_text("Accept", exact=True).first.click()
    await own.page.get_by_label("A word to whoever referred").fill(
        "Crew 12, there in four minutes."
    )
    await own.press("Accept")
    await own.reads("Told by message")
    # Of whom nobody knows who it is: as much as there is.
    await own.go(f"{sites.stack.origin}/referrals/teams/front-door")
    await own.page.locator("td a").first.click()
    for words in (WHERE, "Ring back on 01632960123", "Not breathing well"):
        await own.reads(words)
    await clean(own, "ambulance-nobody-narrow")


async def _reads(own: Device) -> None:
    await own.page.get_by_role("link", name="What was sent").click()
    await own.reads("Crew 12, there in four minutes.")
    await own.reads("Request for an ambulance")
    await own.page.get_by_text("What was sent", exact=True).last.click()
    await own.reads("Where to go")
    await clean(own, "ambulance-answered-phone")
    await own.press("I have read it")
    await own.reads("It is written down that you have read it.")
