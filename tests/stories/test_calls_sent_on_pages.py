# SPDX-License-Identifier: Apache-2.0
"""Story: a call taker refers and books while the caller is still there.

Given a call that came to an emergency department, When it is ended, Then who takes it
is on the next page, with the times of this moment beside it; one press, by keyboard,
refers and books; the time is read out; another press ends the case.
"""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.along import asked, flag, pulse
from support.calls import Answered
from support.chromium import DESKTOP, PHONE, Device, chromium, clean, device
from support.partners import found_clinic, person
from support.served import Served
from support.two_sites import TwoSites
from support.wards import Worker, practitioner, work

TIM = Worker("health_advisor", "Tim Taker", "tim")
NUMBERS = ("9990000018", "9990000026")


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoSites]:
    folder: Path = tmp_path_factory.mktemp("on-the-line")
    running = Served(folder, WARDKEEP_WEB_WORKERS="1")
    try:
        running.await_ready()
        made = TwoSites(running, folder)
        found_clinic(made.fernhill, soon=True)
        here = (f"{running.origin}/fhir", f"{running.origin}/oauth/token")
        made.points_at(*here, more=("--books", "--validates"))
        made.points_at(*here, service="2000000555", name="Puddleford treatment centre")
        made.north.put(practitioner(TIM))
        for number, id_ in zip(NUMBERS, ("odette", "sorrel"), strict=True):
            name = [{"family": f"{id_.title()}by", "given": ["Odette"]}]
            made.north.put({**person(number, name=name), "id": id_})
        yield made
        made.close()
    finally:
        running.stop()


def test_the_time_is_read_out_while_the_caller_is_there(sites: TwoSites) -> None:
    token = sites.stack.sign_in("north", ["odette", "sorrel"], "health_advisor")
    asyncio.run(work(sites.stack, "north", [(token, TIM)]))
    asyncio.run(_story(sites, token))


async def _story(sites: TwoSites, token: str) -> None:
    async with chromium() as browser, device(browser, viewport=DESKTOP) as own:
        await own.takes_session(sites.stack.origin, token)
        await _answers(sites, own, "Odetteby", "07700900301")
        await own.reads("Refer and book")
        await own.reads("Refer, and book")
        await own.reads("Base One")
        await _leaves_one_here(own)
        await clean(own, "calls-send-desktop")
        await own.page.get_by_role("button", name="Refer, and book").first.focus()
        await own.page.keyboard.press("Enter")
        await own.reads("The time is booked.")
        await own.reads("Tell the caller:")
        await _reads_what_went(own)
        await clean(own, "calls-sent-desktop")
        await own.press("The caller knows: end the case")
        await own.reads("It came to")
        assert await own.page.get_by_text("Refer and book at another").count() == 0
        await own.page.set_viewport_size(PHONE)  # type: ignore[arg-type]
        await _answers(sites, own, "Sorrelby", "07700900302")
        await own.reads("Refer, and book")
        await clean(own, "calls-send-phone")
        await own.page.get_by_role("button", name="Refer without a time").first.click()
        await own.reads("expects you")
        await clean(own, "calls-sent-phone")
        # It was the wrong person's: all of it is taken back.
        await own.press("Take it back")
        await own.reads("The end is taken back")
        assert own.complaints == []


async def _leaves_one_here(own: Device) -> None:
    """What goes along is ticked; by keyboard one of it stays."""
    for words in ("Open tuberculosis", "Always goes", "Pulse 130 /min"):
        await own.reads(words)
    await own.page.get_by_label("Deaf: write it down").focus()
    await own.page.keyboard.press("Space")


async def _reads_what_went(own: Device) -> None:
    await own.page.get_by_text("What was sent").click()
    await own.reads("Short of breath? Yes")
    went = own.page.locator("details", has_text="What was sent")
    assert await went.get_by_text("Deaf: write it down").count() == 0


def _asks_and_measures(sites: TwoSites, call: Answered) -> None:
    """What a triage and a device would have written meanwhile."""
    id_, north = call.patient, sites.north
    north.put(flag(f"{id_}-cough", id_, "IR", "Open tuberculosis"))
    north.put(flag(f"{id_}-ears", id_, "RA", "Deaf: write it down"))
    north.put(pulse(f"{id_}-pulse", id_, 130))
    north.put(asked(f"{id_}-asked", call))


async def _answers(sites: TwoSites, own: Device, family: str, number: str) -> None:
    await own.go(f"{sites.stack.origin}/calls")
    await own.page.get_by_label("Number to ring back on").fill(number)
    await own.press("Answer the call")
    await own.reads("not known yet who it is about")
    await own.page.get_by_label("Surname of the patient").fill(family)
    await own.page.get_by_label("First name of the patient").fill("Odette")
    await own.press("Look for this person")
    await own.page.get_by_role("button", name="This is the patient").first.click()
    await own.reads("To know first")
    path = own.page.url.split("/")
    call = Answered(path[path.index("patients") + 1], path[path.index("calls") + 1])
    await asyncio.to_thread(_asks_and_measures, sites, call)
    await own.page.get_by_role("link", name="End the call").click()
    await own.page.get_by_label("What it comes to").select_option(
        "emergency-department-1h"
    )
    await own.page.get_by_label("What was said and agreed").fill("Comes by taxi.")
    await own.page.get_by_label("When to ring again").fill("Ring if it gets worse.")
    await own.press("End the call")
