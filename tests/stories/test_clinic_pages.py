# SPDX-License-Identifier: Apache-2.0
"""A clinic's day: a desk, a room, a waiting room's screen, all at once and live."""

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from typing import NamedTuple

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator

from support.chromium import PATIENCE_MS, PHONE, Device, arrive, chromium, clean, device
from support.clinics import PLACE
from support.program import Program
from support.served import Served, children_of, served
from support.warden import RunningWarden
from wardkeep.base.clock import LONDON, SystemClock
from wardkeep.disclosure.answers import Done
from wardkeep.disclosure.questions import Invite, SetWork
from wardkeep.fhir.clinics.resources import appointment, instant

pytestmark = pytest.mark.asyncio(loop_scope="module")
PEOPLE = {"ada": "ASHDOWN", "ben": "FENWICK", "cleo": "MARLOWE", "dora": "PENROSE"}
NOT_FOUND = 404
QUARTER = timedelta(minutes=15)


class Team(NamedTuple):
    """Enrolment links."""

    desk: str
    second: str
    doctor: str
    nurse: str


def today() -> datetime:
    """A moment of today that is near, whatever the time."""
    now = SystemClock().now().astimezone(LONDON)
    return now.replace(minute=now.minute // 5 * 5, second=0, microsecond=0)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("clinic")) as running:
        running.found("fernhill")
        keys = tmp_path_factory.mktemp("keys")
        with closing(Program(running, keys, organisation="fernhill")) as program:
            for one in resources():
                program.put(one)
        yield running


def resources() -> Iterator[dict[str, object]]:
    yield {"resourceType": "Location", "id": PLACE, "name": "Heart clinic"}
    for id_, family in PEOPLE.items():
        yield {
            "resourceType": "Patient",
            "id": id_,
            "name": [{"family": family, "given": [id_.title()]}],
            "birthDate": "1950-02-03",
        }
        if id_ != "dora":
            yield appointment(
                id_=f"{id_}-visit",
                patient=id_,
                place=PLACE,
                starts=today(),
                ends=today() + QUARTER,
                words="Heart clinic",
                made=today(),
            )
    yield {
        "resourceType": "Schedule",
        "id": "times",
        "actor": [{"reference": f"Location/{PLACE}"}],
    }
    tomorrow = (today() + timedelta(days=1)).replace(hour=9, minute=30)
    for n, id_ in enumerate(("nine-thirty", "nine-forty-five", "ten")):
        yield {
            "resourceType": "Slot",
            "id": id_,
            "schedule": {"reference": "Schedule/times"},
            "status": "free",
            "start": instant(tomorrow + n * QUARTER),
            "end": instant(tomorrow + (n + 1) * QUARTER),
        }


@pytest.fixture(scope="module")
def team(server: Served) -> Team:
    return asyncio.run(_team(server))


async def _team(server: Served) -> Team:
    warden = RunningWarden(server, None)  # type: ignore[arg-type]
    accounts = [
        await warden.account(role, name=name)
        for role, name in (
            ("receptionist", "Poppy Marsh"),
            ("receptionist", "Imran Finch"),
            ("doctor", "Rowan Ash"),
            ("ward_nurse", "Nell Swift"),
        )
    ]
    places = ((f"Location/{PLACE}"),)
    asked = SetWork("fernhill", (), (("Heart team", places, tuple(accounts)),))
    assert isinstance(await warden.operator.ask(asked, Done), Done)
    links = []
    for account in accounts:
        secret = await warden.tell(Invite(account=account, valid_hours=1))
        links.append(f"{server.origin}/enrol/{secret}")
    await warden.operator.close()
    await warden.door.close()
    return Team(*links)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as running:
        yield running


async def clean_on_both(own: Device, picture: str) -> None:
    """On a desk's screen, and on a phone's."""
    await clean(own, picture)
    desktop = own.page.viewport_size
    await own.page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    assert not await own.is_wider_than_its_screen()
    await own.picture(f"{picture}-phone")
    await own.page.set_viewport_size(desktop)  # type: ignore[arg-type]


def row(own: Device, id_: str) -> Locator:
    return own.page.locator(f"#a-{id_}-visit")


async def presses(own: Device, id_: str, words: str) -> None:
    """Press what a row offers, once the list is live."""
    button = row(own, id_).get_by_role("button", name=re.compile(f"^{words}"))
    await button.click(timeout=PATIENCE_MS)


async def stands(own: Device, id_: str, words: str) -> None:
    """Wait until a row says so, without loading the page again."""
    await row(own, id_).get_by_text(words).first.wait_for(timeout=PATIENCE_MS)


async def test_a_day_at_the_desk_in_the_room_and_on_the_screen(
    server: Served, team: Team, browser: Browser
) -> None:
    async with (
        device(browser) as poppy,
        device(browser) as imran,
        device(browser) as rowan,
        device(browser) as screen,
    ):
        # Given a desk of two, a doctor, and a screen that the desk let in
        everybody = (poppy, imran, rowan, screen)
        for own, link in zip(everybody[:3], team[:3], strict=True):
            await arrive(own, link)
        await opens(*everybody, server.origin)
        # When one checks somebody in, the others see it, with the name that they had
        await presses(poppy, "ada", "Check in")
        await poppy.reads("Checked in.")
        await stands(imran, "ada", "Waiting")
        await stands(imran, "ada", "ASHDOWN, Ada")
        await is_told_who_was_first(imran, server.origin)
        await chooses_first_name(poppy, "ada")
        await is_called(rowan, screen)
        await is_seen(rowan, screen)
        await stands(poppy, "ada", "Seen")
        await the_rest_of_the_day(poppy, server.origin)
        assert [one for own in everybody for one in own.complaints] == []
        await is_live_without_a_stream(screen)
        await is_loud_when_nobody_answers(screen, server)


async def is_live_without_a_stream(screen: Device) -> None:
    """Behind a proxy that lets no stream through it asks; with one it asks nobody."""
    asked: list[str] = []
    screen.page.on("request", lambda one: asked.append(one.url.partition("/screen")[2]))
    await screen.page.wait_for_timeout(2_000)
    assert "/now" not in asked, "the stream tells it everything"
    await screen.page.route("**/live/screen", lambda route: route.abort())
    await screen.page.reload()
    await screen.page.get_by_text("Live,").wait_for(timeout=PATIENCE_MS)
    await screen.page.wait_for_timeout(2_000)
    assert asked.count("/now") > 1
    assert await screen.page.locator(".wk-screen__lost").count() == 0
    await screen.page.unroute("**/live/screen")
    await screen.page.reload()
    await screen.page.get_by_text("Live,").wait_for(timeout=PATIENCE_MS)


async def is_loud_when_nobody_answers(screen: Device, server: Served) -> None:
    """The web process hangs, its connections open: three seconds, and a little more."""
    workers = [one for one, _ in children_of(server.child("web"))]
    assert workers
    for one in workers:
        os.kill(one, signal.SIGSTOP)
    try:
        lost = screen.page.get_by_text("This screen is not live.")
        await lost.wait_for(timeout=6_000)
        for what_may_be_old in ("#screen-list", "#screen-nobody"):
            assert not await screen.page.locator(what_may_be_old).is_visible()
        await screen.picture("clinics-screen-lost")
        assert await screen.faults() == []
    finally:
        for one in workers:
            os.kill(one, signal.SIGCONT)
    await screen.page.get_by_text("Live,").wait_for(timeout=PATIENCE_MS)


async def opens(
    poppy: Device, imran: Device, rowan: Device, screen: Device, origin: str
) -> None:
    await poppy.go(f"{origin}/clinics")
    await poppy.reads("Heart clinic")
    await clean_on_both(poppy, "clinics-board")
    await lets_in(poppy, screen, origin)
    for own in (poppy, imran):
        await own.go(f"{origin}/clinics/{PLACE}")
    await rowan.go(f"{origin}/clinics/{PLACE}?room=Room+4")
    await clean_on_both(poppy, "clinics-day")


async def is_told_who_was_first(imran: Device, origin: str) -> None:
    """Whoever has an old page presses again: no refusal."""
    told = await imran.context.request.post(
        f"{origin}/clinics/{PLACE}/do",
        form={"appointment": "ada-visit", "do": "check-in"},
        headers={"Origin": origin},
    )
    assert "at the desk already" in await told.text()


async def is_called(rowan: Device, screen: Device) -> None:
    """The screen says the name that was chosen and the room, and no more."""
    await stands(rowan, "ada", "Waiting")
    await presses(rowan, "ada", "Call")
    await screen.page.get_by_text("Ada", exact=True).wait_for()
    await screen.reads("to Room 4")
    assert await screen.page.get_by_text("ASHDOWN").count() == 0
    assert await screen.faults() == []
    await screen.picture("clinics-screen")
    await rowan.reads("Called to the screen.")


async def is_seen(rowan: Device, screen: Device) -> None:
    """Whoever is not there goes back a little; then the visit, and what came of it."""
    await presses(rowan, "ada", "Not there")
    await stands(rowan, "ada", "Waiting")
    await screen.reads("Nobody is called just now.")
    await presses(rowan, "ada", "Begin")
    await stands(rowan, "ada", "In the room")
    await clean_on_both(rowan, "clinics-room")
    await row(rowan, "ada").get_by_role("combobox").select_option("follow-up")
    await presses(rowan, "ada", "End the visit")


async def the_rest_of_the_day(poppy: Device, origin: str) -> None:
    """Who did not come, and it was a mistake; who moves; and who walks in."""
    await row(poppy, "ben").get_by_text("More").first.click()
    await presses(poppy, "ben", "Did not come")
    await poppy.reads("Marked as not come.")
    await presses(poppy, "ben", "Undo")
    await poppy.reads("Taken back.")
    await row(poppy, "cleo").get_by_text("More").first.click()
    await row(poppy, "cleo").get_by_role("link", name="Move").click()
    await clean_on_both(poppy, "clinics-move")
    await poppy.press("09:30")
    await poppy.reads("Moved to the new time.")
    assert await row(poppy, "cleo").count() == 0
    await poppy.press("Somebody walked in")
    await clean_on_both(poppy, "clinics-walk-in")
    await poppy.page.get_by_label("Surname").fill("Penrose")
    await poppy.page.get_by_label("First name").fill("Dora")
    await poppy.press("Find")
    await poppy.page.get_by_label("Why they came").fill("came with the letter")
    await clean_on_both(poppy, "clinics-found")
    await poppy.page.get_by_role("button", name="Check in now").click()
    await poppy.reads("PENROSE, Dora")
    await poppy.reads("Walked in")
    await books_a_time_that_is_taken(poppy, origin)


async def books_a_time_that_is_taken(poppy: Device, origin: str) -> None:
    """Somebody else was first with a quarter to ten: the next free time is offered."""
    await poppy.go(f"{origin}/clinics/{PLACE}/diary")
    await poppy.press("09:45")
    assert "09:45 at" in await poppy.page.locator("#content").inner_text()
    await poppy.page.get_by_label("Surname").fill("Penrose")
    await poppy.page.get_by_label("First name").fill("Dora")
    await poppy.press("Find")
    await poppy.page.get_by_label("Why it is booked").fill("to come again in a week")
    taken = await poppy.context.request.post(
        f"{origin}/clinics/{PLACE}/book",
        form={
            "slot": "nine-forty-five",
            "patient": "ben",
            "booking": "bens-next",
            "reason": "to come again in a week",
        },
        headers={"Origin": origin},
    )
    assert taken.ok
    await poppy.page.get_by_role("button", name="Book").click()
    await poppy.reads("Somebody else has just booked that time")
    await poppy.reads("10:00")
    await clean_on_both(poppy, "clinics-taken")


async def test_what_changes_on_a_list_comes_without_a_name(
    server: Served, team: Team, browser: Browser
) -> None:
    async with device(browser) as nell:
        await arrive(nell, team.nurse)
        told = await nell.context.request.get(
            f"{server.origin}/clinics/{PLACE}/now", headers={"Accept": "*/*"}
        )
        said = await told.text()
        assert "ben-visit" in said
        assert "FENWICK" not in said
        # And a list of a place that is not there is no page
        gone = await nell.context.request.get(f"{server.origin}/clinics/nowhere")
        assert gone.status == NOT_FOUND


async def lets_in(desk: Device, screen: Device, origin: str) -> None:
    await desk.go(f"{origin}/clinics/{PLACE}/screens")
    await desk.press("Add a screen")
    code = await desk.page.locator(".nhsuk-heading-xl").inner_text()
    await clean_on_both(desk, "clinics-screens")
    await screen.go(f"{origin}/screen")
    await screen.page.get_by_label("The code from").fill("1WRONGWRONG")
    await screen.press("Use this device as a screen")
    await screen.reads("That code is not right")
    assert await screen.faults() == []
    await screen.page.get_by_label("The code from").fill(code)
    await screen.press("Use this device as a screen")
    await screen.reads("Nobody is called just now.")


async def chooses_first_name(desk: Device, id_: str) -> None:
    await row(desk, id_).get_by_text("More").first.click()
    await row(desk, id_).get_by_label("Call by").select_option("first-name")
    await presses(desk, id_, "Note it")
    await desk.reads("Noted.")
