# SPDX-License-Identifier: Apache-2.0
"""Story: 111 sends a case to an emergency department, books a time, and hears back.

Two organisations' pages. Given a case that a clinician has, When she chooses a service
and a time and has read what leaves, Then it is there, on the front door's list; what
the nurse there decides comes back to her and stays red until she has read it; of two
who book one time, one has it.
"""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.along import asked, flag, pulse
from support.calls import Answered
from support.chromium import DESKTOP, PHONE, Device, chromium, clean, device
from support.partners import found_clinic, now, person, put_in_the_team
from support.program import Program
from support.served import Served, eventually
from support.two_sites import TwoSites
from support.urgent import call, put_in_a_queue, queue_places, waiting
from support.wards import Worker, practitioner

ANN = Worker("urgent_care_clinician", "Ann Advice", "ann")
SECOND, THIRD = "9990000026", "9990000034"


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoSites]:
    folder: Path = tmp_path_factory.mktemp("front-door")
    running = Served(folder, WARDKEEP_WEB_WORKERS="1")
    try:
        running.await_ready()
        made = TwoSites(running, folder)
        found_clinic(made.fernhill, soon=True)
        here = running.origin
        made.points_at(
            f"{here}/fhir", f"{here}/oauth/token", more=("--books", "--validates")
        )
        made.points_at(
            f"{here}/fhir",
            f"{here}/oauth/token",
            service="2000000555",
            name="Puddleford children's unit",
            more=("--to-age", "15"),
        )
        for one in (*queue_places(), practitioner(ANN)):
            made.north.put(one)
        yield made
        made.close()
    finally:
        running.stop()


def rings(north: Program, id_: str, code: str, number: str, family: str) -> str:
    """Somebody who rang, and waits."""
    name = [{"family": family, "given": ["Odette"]}]
    north.put({**person(number, name=name), "id": id_})
    north.put(call(id_, at=now(), complaint="Palpitations since noon"))
    for one in waiting(id_, code, given=now()):
        north.put(one)
    return f"{id_}-entry"


def test_a_case_goes_to_an_emergency_department_and_the_answer_comes_back(
    sites: TwoSites,
) -> None:
    first = rings(sites.north, "odette", "clinician-1h", "9990000018", "Quillfeather")
    second = rings(sites.north, "sorrel", "clinician-1h", SECOND, "Sorrelby")
    ann = sites.stack.sign_in("north", [], "urgent_care_clinician")
    nurse = sites.stack.sign_in("fernhill", [], "care_coordinator")
    asyncio.run(put_in_a_queue(sites.stack, ann, "north", "ann", "clinician"))
    asyncio.run(put_in_the_team(sites.stack, nurse, "fernhill"))
    asyncio.run(_story(sites, ann, nurse, (first, second)))


async def _story(sites: TwoSites, ann: str, nurse: str, cases: tuple[str, str]) -> None:
    async with (
        chromium() as browser,
        device(browser, viewport=DESKTOP) as hers,
        device(browser, viewport=PHONE) as theirs,
    ):
        for own, token in ((hers, ann), (theirs, nurse)):
            await own.takes_session(sites.stack.origin, token)
        await asyncio.to_thread(_measures, sites, "odette")
        await _refers(sites, hers, cases[0])
        await _declines(sites, theirs)
        await _reads_the_answer(sites, hers)
        await _loses_the_race(sites, hers, cases[1])
        assert (hers.complaints, theirs.complaints) == ([], [])


def _measures(sites: TwoSites, id_: str) -> None:
    north, call = sites.north, Answered(id_, f"{id_}-case")
    north.put(flag(f"{id_}-chair", id_, "CW", "Threw a chair at a crew"))
    north.put(flag(f"{id_}-ears", id_, "RA", "Deaf: write it down"))
    north.put(pulse(f"{id_}-pulse", id_, 130))
    north.put(asked(f"{id_}-asked", call))


async def _begins(sites: TwoSites, own: Device, case: str) -> None:
    await own.go(f"{sites.stack.origin}/urgent-queue/cases/{case}")
    await own.press("Take it")
    await own.page.get_by_role("link", name="Send it to another service").click()
    await own.page.get_by_label("What it comes to").select_option(
        "emergency-department-1h"
    )
    # What is opened on the page before it would be closed again on the next.
    async with own.page.expect_navigation():
        await own.press("Show who takes it")


async def _refers(sites: TwoSites, own: Device, case: str) -> None:
    await _begins(sites, own, case)
    # A service that does not take her says why, and cannot be chosen.
    await own.page.get_by_text("Services that do not take it").click()
    await own.reads("It takes people up to 15.")
    await own.page.get_by_label("What you found").fill(
        "Pulse 130 and irregular, breathless on stairs. To come by taxi with her son."
    )
    await own.page.get_by_label("Fernhill Hospital").check()
    await own.page.get_by_label("Deaf: write it down").uncheck()
    # What stays here stays so when the page is lost and comes again.
    await own.page.get_by_text("Saved at").wait_for()
    await own.go(own.page.url)
    await own.reads("have not sent it")
    assert not await own.page.get_by_label("Deaf: write it down").is_checked()
    assert await own.page.get_by_label("Measured: Pulse 130 /min").is_checked()
    await own.press("Show free times")
    await own.reads("Base One")
    assert not await own.page.get_by_label("Deaf: write it down").is_checked()
    await clean(own, "bars-times-desktop")
    await own.page.get_by_role("radio").nth(2).check()
    await own.press("Show what is sent")
    # Everything that leaves is read before it does.
    for words in ("Pulse 130 and irregular", "999 000 0018", "Time that is booked"):
        await own.reads(words)
    for words in ("Threw a chair", "Pulse 130 /min", "Short of breath? Yes"):
        await own.reads(words)
    leaves = own.page.get_by_role("region", name="The referral")
    assert await leaves.get_by_text("Deaf: write it down").count() == 0
    await clean(own, "bars-check-desktop")
    await own.press("Send it and book the time")
    await own.reads("It is on its way.")
    await own.page.get_by_role(
        "button", name="It is with them: end the case"
    ).wait_for()
    await own.page.get_by_role("button", name="Ask how the booking stands").click()
    await own.reads("They have the booking. Nobody has come yet.")
    await clean(own, "bars-there-desktop")
    await own.press("It is with them: end the case")
    await own.reads("The case is ended")


async def _declines(sites: TwoSites, own: Device) -> None:
    await own.go(f"{sites.stack.origin}/referrals/teams/front-door")
    await own.reads("QUILLFEATHER")
    await clean(own, "bars-list-phone")
    await own.page.get_by_role("link", name="QUILLFEATHER").first.click()
    await own.reads("Pulse 130 and irregular")
    await own.reads("To be seen by")
    for words in ("Threw a chair at a crew", "Asked and measured already, by North"):
        await own.reads(words)
    for words in ("Pulse 130 /min", "Short of breath? Yes"):
        await own.reads(words)
    await clean(own, "bars-came-along-phone")
    await own.page.get_by_text("Decline", exact=True).first.click()
    await own.page.get_by_label("Why, and what you suggest").fill(
        "Better seen by the urgent treatment centre, open until ten."
    )
    await own.press("Decline")
    await own.reads("Told by message")
    await clean(own, "bars-declined-phone")


async def _reads_the_answer(sites: TwoSites, own: Device) -> None:
    """A case that was ended is not forgotten: the answer may say no."""
    await own.go(f"{sites.stack.origin}/urgent-queue/messages")
    await own.reads("Answered: read it")
    await clean(own, "bars-messages-desktop")
    await own.page.locator(".wk-live li a").first.click()
    await own.page.get_by_role("link", name="What was sent").click()
    await own.reads("Better seen by the urgent treatment centre")
    await clean(own, "bars-answered-desktop")
    await own.press("I have read it")
    await own.reads("It is written down that you have read it.")
    await own.go(f"{sites.stack.origin}/urgent-queue/messages")
    await own.reads("Nothing that was sent needs anybody.")


async def _loses_the_race(sites: TwoSites, own: Device, case: str) -> None:
    await _begins(sites, own, case)
    await own.page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    await own.page.get_by_label("What you found").fill("The same as her sister.")
    await own.page.get_by_label("Fernhill Hospital").check()
    await own.press("Show free times")
    # Somebody else books the first of them meanwhile.
    free = own.page.get_by_role("radio").nth(2)
    slot = (await free.get_attribute("value") or "").partition("|")[0]
    booked = await asyncio.to_thread(sites.books, slot, THIRD)
    assert booked.status == 200, booked
    await free.check()
    await clean(own, "bars-times-phone")
    await own.press("Show what is sent")
    await own.reads("Time that is booked")
    await clean(own, "bars-check-phone")
    await own.press("Send it and book the time")
    await own.reads("The time is taken, or it is over there.")
    await clean(own, "bars-refused-phone")
    # The referral is there all the same, and another time is one press away.
    await own.press("I have read it")
    await own.press("Show free times")
    await own.press("Book this time")
    await own.page.get_by_role("button", name="Ask how the booking stands").wait_for()
    await own.page.get_by_text("Take it back", exact=True).first.click()
    await own.page.get_by_label("Why it is taken back").fill("She feels well again.")
    await own.press("Take it back")
    await asyncio.to_thread(eventually, lambda: _is_back(sites), sites.stack.log)
    await own.reads("Taken back there")
    await clean(own, "bars-back-phone")


def _is_back(sites: TwoSites) -> bool:
    """At the other side, referral and booking."""
    found = sites.fernhill.search("ServiceRequest", ("patient.family", "Sorrelby"))
    booked = sites.fernhill.search("Appointment", ("patient.family", "Sorrelby"))
    states = {one["status"] for one in (*found.resources, *booked.resources)}
    return bool(found.resources) and states == {"revoked", "cancelled"}
