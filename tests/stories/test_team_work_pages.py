# SPDX-License-Identifier: Apache-2.0
"""A ward's day: handed over and taken over, a task taken and done, letters approved."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import closing

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from support.chromium import PHONE, Device, arrive, chromium, clean, device
from support.program import Program
from support.served import Served, served
from support.wards import (
    OTHER_WARD,
    WARD,
    Worker,
    about,
    patient,
    places,
    practitioner,
    put_to_work,
    stay,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")
NIA = Worker("ward_nurse", "Nia Night", "nia")
DAN = Worker("ward_nurse", "Dan Day", "dan")
ROWAN = Worker("doctor", "Rowan Ash", "rowan")
EVERYBODY = (NIA, DAN, ROWAN)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("team-work")) as running:
        running.found("fernhill")
        keys = tmp_path_factory.mktemp("keys")
        with closing(Program(running, keys, organisation="fernhill")) as program:
            for one in (*places(), *map(practitioner, EVERYBODY)):
                program.put(one)
            for id_, family, number in (
                ("ann", "Ashdown", "9990000042"),
                ("bea", "Birch", "9990000050"),
            ):
                for one in (patient(id_, family, number), stay(id_), *about(id_)):
                    program.put(one)
        yield running


@pytest.fixture(scope="module")
def links(server: Served) -> dict[str, str]:
    where = [(WARD, ("Nia Night", "Dan Day", "Rowan Ash")), (OTHER_WARD, ())]
    return asyncio.run(put_to_work(server, "fernhill", EVERYBODY, where))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as running:
        yield running


async def fill(own: Device, label: str, text: str) -> None:
    await own.page.get_by_label(label, exact=True).fill(text)


async def choose(own: Device, label: str, option: str) -> None:
    await own.page.get_by_label(label, exact=True).select_option(label=option)


async def test_a_ward_hands_over_gives_tasks_writes_and_approves(
    server: Served, links: dict[str, str], browser: Browser
) -> None:
    origin = server.origin
    async with (
        device(browser) as nia,
        device(browser, viewport=PHONE) as dan,
        device(browser) as rowan,
    ):
        for own, name in ((nia, "Nia Night"), (dan, "Dan Day"), (rowan, "Rowan Ash")):
            await arrive(own, links[name])
        await hands_over(nia, dan, origin)
        await gives_and_takes_a_task(nia, dan, origin)
        await writes_and_reads(nia, rowan, origin)
        await has_letters_approved(nia, rowan, origin)
        for own in (nia, dan, rowan):
            assert own.complaints == []


async def hands_over(nia: Device, dan: Device, origin: str) -> None:
    # Given a ward about whom nothing was written, and both nurses before its sheet
    await nia.go(f"{origin}/handover")
    await nia.reads("Handover, Heron Ward")
    await nia.reads("Nothing waits to be taken over")
    assert "Falls out of bed" not in await nia.page.content()
    await clean(nia, "handover-sheet")
    await dan.go(f"{origin}/handover")
    await clean(dan, "handover-sheet-phone")
    # When the one who goes types a line, and it saves itself
    await nia.page.get_by_role("link", name="ASHDOWN, Ann").click()
    await nia.reads("Falls out of bed")
    await nia.reads("Potassium 5.9")
    await clean(nia, "handover-one")
    await fill(nia, "Your line for the next shift", "Drip moved to the left arm.")
    await nia.reads("Saved")
    # Then the one who comes sees it without doing anything
    await dan.reads("1 to take over")
    await dan.page.get_by_role("link", name="ASHDOWN, Ann").click()
    await dan.reads("Drip moved to the left arm.")
    await clean(dan, "handover-one-phone")
    # And writes beside it; both are there
    await fill(dan, "Your line for the next shift", "Asked for her glasses.")
    await nia.reads("Asked for her glasses.")
    # His own page has to know that, too: it asks before it is left with unsaved words
    await dan.reads("Saved")
    await dan.page.get_by_role("button", name="Take over, and show the next").click()
    await dan.reads("The one before is taken over")
    await dan.go(f"{origin}/handover")
    await dan.reads("Taken over")
    await nia.go(f"{origin}/handover/Location.heron/patients/ann")
    await nia.reads("Last taken over by Dan Day")
    await nia.page.get_by_text("Lines of earlier shifts").click()
    await nia.reads("Drip moved to the left arm.")
    await clean(nia, "handover-taken")
    await prints(nia, origin)


async def prints(nia: Device, origin: str) -> None:
    await nia.go(f"{origin}/handover/Location.heron/print")
    await nia.press("Lay it out for paper")
    await nia.reads("There is a problem")
    await clean(nia, "handover-choose")
    await nia.page.get_by_label("ASHDOWN, Ann, born 02-Jan-1950").check()
    await nia.press("Lay it out for paper")
    await nia.reads("Printed by Nia Night")
    assert "BIRCH" not in await nia.page.content()
    await clean(nia, "handover-paper")


async def gives_and_takes_a_task(nia: Device, dan: Device, origin: str) -> None:
    await dan.go(f"{origin}/tasks?show=team")
    await dan.reads("Nothing waits for your teams")
    await clean(dan, "tasks-none-phone")
    await nia.go(f"{origin}/patients/ann/results")
    await nia.page.get_by_role("link", name="Make a task of it").click()
    await nia.press("Make the task")
    await nia.reads("There is a problem")
    await clean(nia, "task-new-problem")
    await fill(nia, "What is to be done", "Repeat the potassium at four")
    await choose(nia, "Who is to do it", "Heron Ward")
    await choose(nia, "How urgent", "Urgent")
    await nia.press("Make the task")
    await nia.reads("It is made")
    await nia.reads("Nobody yet; it waits in Heron Ward")
    await clean(nia, "task-made")
    # It is on the list of whoever may take it, by its kind and not by its words
    await dan.reads("Chase a result")
    assert "Repeat the potassium" not in await dan.page.content()
    await clean(dan, "tasks-team-phone")
    await dan.page.get_by_role("button", name="Take it").click()
    await dan.reads("It is yours")
    await dan.reads("Repeat the potassium at four")
    await finishes_and_hands_on(nia, dan, origin)


async def finishes_and_hands_on(nia: Device, dan: Device, origin: str) -> None:
    # The list says that it is taken
    await nia.go(f"{origin}/tasks?show=team")
    await nia.reads("Somebody has it")
    await clean(nia, "tasks-team")
    await dan.press("It is done")
    await dan.reads("There is a problem")
    await clean(dan, "task-problem-phone")
    await fill(dan, "What came of it", "4.6, told the doctor")
    await dan.press("It is done")
    await dan.reads("Done: 4.6, told the doctor")
    await dan.press("Undo what I did last")
    await dan.reads("It is as it was before")
    await dan.page.get_by_text("Hand it on").first.click()
    await choose(dan, "To whom", "Rowan Ash")
    await dan.page.get_by_role("button", name="Hand it on").click()
    await dan.reads("Handed on to Rowan Ash")
    await clean(dan, "task-handed-phone")
    await nia.go(f"{origin}/tasks?show=asked")
    await nia.reads("Waits")
    await clean(nia, "tasks-asked")


async def writes_and_reads(nia: Device, rowan: Device, origin: str) -> None:
    # Given a doctor before their first page, where a task and nothing unread waits
    await rowan.go(f"{origin}/caseload")
    await rowan.reads("1 task")
    await rowan.reads("0 unread messages")
    await clean(rowan, "caseload-waits")
    # When a nurse writes about a patient
    await nia.go(f"{origin}/patients/ann/tasks")
    await clean(nia, "tasks-of-patient")
    await nia.press("Write to a colleague")
    await nia.press("Send it")
    await nia.reads("There is a problem")
    await clean(nia, "message-new-problem")
    await choose(nia, "To", "Rowan Ash")
    await fill(nia, "Subject", "The left arm")
    await fill(nia, "Message", "It is sore and red. Would you look?")
    await nia.press("Send it")
    await nia.reads("It is sent")
    await nia.reads("Nobody has read it yet")
    await clean(nia, "message-sent")
    await reads_and_answers(nia, rowan, origin)


async def reads_and_answers(nia: Device, rowan: Device, origin: str) -> None:
    # Then it is counted on the first page by itself, and read by opening it
    await rowan.reads("1 unread message")
    await rowan.page.get_by_role("link", name="1 unread message").click()
    await rowan.reads("About ASHDOWN, Ann")
    assert "sore and red" not in await rowan.page.content()
    await clean(rowan, "messages")
    await rowan.page.get_by_role("link", name="About ASHDOWN, Ann").click()
    await rowan.reads("It is sore and red")
    await nia.reads("Read by Rowan Ash")
    await fill(rowan, "Your answer", "I come at ten.")
    await rowan.press("Send the answer")
    await nia.reads("I come at ten.")
    await rowan.go(f"{origin}/messages")
    await rowan.reads("Nothing unread")
    await fill(rowan, "Look through your messages", "RED")
    await rowan.press("Look")
    await rowan.reads("It is sore and red")
    await clean(rowan, "messages-found")


async def has_letters_approved(nia: Device, rowan: Device, origin: str) -> None:
    await rowan.go(f"{origin}/letters")
    await rowan.reads("No letter waits for you")
    for patient_, subject in (("ann", "Going home"), ("bea", "Seen today")):
        await nia.go(f"{origin}/patients/{patient_}/letters/new")
        await fill(nia, "To", "The surgery")
        await fill(nia, "Subject", subject)
        await fill(nia, "Letter", "All is well.")
        await choose(nia, "Who is to approve it", "Rowan Ash")
        await nia.press("Save it for approval")
        await nia.reads("Rowan Ash was asked to approve it")
    await nia.go(f"{origin}/letters")
    await nia.reads("Sent for approval by you")
    await clean(nia, "letters-by-me")
    # The list grows by itself; then both are approved with the keyboard alone
    await rowan.page.get_by_role("link", name="Letter about").nth(1).wait_for()
    await clean(rowan, "letters-for-me")
    await rowan.press("Read them one by one")
    await rowan.reads("Going home")
    await clean(rowan, "letter-in-queue")
    await rowan.page.wait_for_load_state()
    await rowan.page.keyboard.press("Control+Enter")
    await rowan.reads("Seen today")
    await rowan.page.wait_for_load_state()
    await rowan.page.keyboard.press("Control+Enter")
    await rowan.reads("That was the last one")
    await nia.page.reload()
    await nia.reads("None of your letters waits for anybody")
