# SPDX-License-Identifier: Apache-2.0
"""DIALOG+: rated together, held against last time, talked about, agreed, followed."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from support.chromium import PHONE, Device, arrive, chromium, clean, device
from support.homes import visits
from support.program import Program
from support.served import Served, served
from support.warden import RunningWarden
from wardkeep.base.clock import SystemClock
from wardkeep.disclosure.questions import Invite
from wardkeep.fhir.assessments.library import library

pytestmark = pytest.mark.asyncio(loop_scope="module")
PEOPLE = ("ann", "bea")
TABLET = {"viewport": {"width": 1080, "height": 810}, "has_touch": True}
SUBJECTS = (
    *("Mental health", "Physical health", "Job situation", "Accommodation"),
    *("Leisure activities", "Relationship with partner or family", "Friendships"),
    *("Personal safety", "Medication", "Practical help"),
    "Meetings with mental health professionals",
)
STEPS = (
    *("1 Totally dissatisfied", "2 Very dissatisfied", "3 Fairly dissatisfied"),
    *("4 In the middle", "5 Fairly satisfied", "6 Very satisfied"),
    "7 Totally satisfied",
)


def patient(id_: str) -> dict[str, Any]:
    return {
        "resourceType": "Patient",
        "id": id_,
        "name": [{"family": "Fenwick", "given": [id_.title()]}],
        "birthDate": "1980-02-03",
    }


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    volume = next(one for one in library() if one.name == "dialog")
    with served(tmp_path_factory.mktemp("dialog")) as running:
        running.found("larkspur")
        keys = tmp_path_factory.mktemp("keys")
        with closing(Program(running, keys, organisation="larkspur")) as program:
            for id_ in PEOPLE:
                program.put(patient(id_))
            program.put({**volume.content, "id": "dialog", "status": "active"})
            program.put(
                {
                    "resourceType": "Location",
                    "id": "north",
                    "name": "North team",
                    "status": "active",
                }
            )
        yield running


def _warden(server: Served) -> RunningWarden:
    warden = RunningWarden(server, None)  # type: ignore[arg-type]
    warden.home = "larkspur"
    return warden


@pytest.fixture(scope="module")
def staff(server: Served) -> dict[str, str]:
    """Two who expect the patients."""
    return asyncio.run(_employ(server))


async def _employ(server: Served) -> dict[str, str]:
    warden, now, found = _warden(server), SystemClock().now(), {}
    for role, name in (("doctor", "Rowan Ash"), ("care_coordinator", "Nia Birch")):
        found[role] = await warden.account(role, name=name)
        for id_ in PEOPLE:
            await visits(
                warden, found[role], id_, kind="caseload", starts=now, ends=None
            )
    await warden.operator.close()
    return found


async def come(own: Device, server: Served, account: str) -> None:
    warden = _warden(server)
    secret = await warden.tell(Invite(account=account, valid_hours=1))
    await warden.operator.close()
    await arrive(own, f"{server.origin}/enrol/{secret}")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as running:
        yield running


async def follow(own: Device, words: str, about: str) -> None:
    """A link or a button that says to whoever hears it what it is about."""
    name = re.compile(rf"^{re.escape(words)} ?: {re.escape(about)}$")
    link = own.page.get_by_role("link", name=name)
    await link.or_(own.page.get_by_role("button", name=name)).first.click()


async def rate(own: Device, server: Served, about: str, *, day: str, step: int) -> None:
    """All subjects alike, accommodation lower and with more help; signed."""
    await own.go(f"{server.origin}/patients/{about}/assessments")
    await own.page.get_by_label("Which one").select_option(
        label="DIALOG: satisfaction with life and treatment"
    )
    await own.press("Fill it in")
    await own.page.locator("#note-state").wait_for()
    await own.page.locator("#when").fill(day)
    for subject in SUBJECTS:
        lower = 1 if subject == "Accommodation" else step
        group = own.page.get_by_role("group", name=subject, exact=True)
        await group.get_by_label(STEPS[lower - 1], exact=True).check()
    wanted = own.page.get_by_role("group", name="More help wanted: accommodation")
    await wanted.get_by_label("Yes").check()
    await own.page.locator('#note-state[data-is="saved"]').wait_for(timeout=30_000)


async def test_two_people_rate_choose_talk_and_agree_on_a_tablet(
    server: Served, staff: dict[str, str], browser: Browser
) -> None:
    async with device(browser, **TABLET) as rowan:
        await come(rowan, server, staff["doctor"])
        # Given ratings from last year, and ratings of today
        await rate(rowan, server, "ann", day="2025-01-09T10:00", step=4)
        await rowan.press("Sign")
        await rowan.reads("Life 3.63 of 7; Treatment 4.00 of 7")
        await rate(rowan, server, "ann", day="2026-01-09T10:00", step=6)
        await clean(rowan, "dialog-rating-tablet")
        await rowan.press("Sign")
        await rowan.reads("Life 5.38 of 7; Treatment 6.00 of 7")
        await clean(rowan, "dialog-signed-tablet")
        # When they go through it together
        await rowan.press("Go through it together")
        await rowan.reads("More help wanted")
        assert await rowan.page.get_by_text("+2", exact=True).count() == 10
        assert await rowan.page.get_by_text("Same", exact=True).count() == 1
        await clean(rowan, "dialog-together-tablet")
        together = rowan.page.url
        await follow(rowan, "Talk about it", "Accommodation")
        await rowan.reads("Rated 1 Totally dissatisfied")
        await clean(rowan, "dialog-talk-tablet")
        await talks_and_loses_nothing(rowan)
        await agrees(rowan)
        # Then it is saved, on the page, in the plans and on paper
        await rowan.reads("What you agreed about “Accommodation” is saved.")
        await clean(rowan, "dialog-agreed-tablet")
        await stands_everywhere(rowan, server, together)
        assert rowan.complaints == []


async def talks_and_loses_nothing(rowan: Device) -> None:
    """The browser dies in the middle; the words are there when it comes back."""
    words = rowan.page.get_by_label("1. Understanding")
    await words.fill("Damp since autumn. A window that opens has helped.")
    await rowan.page.locator("#kept-state", has_text="Saved at").wait_for()
    address = rowan.page.url
    await rowan.page.close()
    rowan.page = await rowan.context.new_page()
    await rowan.go(address)
    kept = await rowan.page.get_by_label("1. Understanding").input_value()
    assert kept.startswith("Damp since autumn.")


async def agrees(rowan: Device) -> None:
    """A line without anybody is asked about; then who does what stands."""
    page = rowan.page
    await page.get_by_label("2. Looking forward").fill("One dry room by Christmas.")
    await page.get_by_label("3. Exploring options").fill("Council, sister, a fan.")
    await page.get_by_label("Action 1", exact=True).fill("Ring the housing office")
    await rowan.press("Save what we agreed")
    await rowan.reads("Choose who does it.")
    await clean(rowan, "dialog-talk-error-tablet")
    await page.locator("#who-1").select_option(label="North team")
    day = await page.evaluate(
        "new Date(Date.now() + 6 * 864e5).toISOString().slice(0, 10)"
    )
    await page.locator("#by-1").fill(day)
    await page.get_by_label("Action 2", exact=True).fill("Keep the window open at noon")
    await page.locator("#who-2").select_option(label="The person")
    await rowan.press("Save what we agreed")


async def stands_everywhere(rowan: Device, server: Served, together: str) -> None:
    await follow(rowan, "Its task", "Ring the housing office")
    await rowan.reads("Accommodation: Ring the housing office")
    await rowan.press("What was agreed")
    await rowan.arrives("/plans#talk-" + together.split("/")[-2] + ".4")
    await rowan.reads("Agreed together")
    await rowan.reads("Keep the window open at noon")
    await clean(rowan, "dialog-plans-tablet")
    await follow(rowan, "Print it", "Accommodation")
    await rowan.reads("Agreed together: Accommodation")
    await clean(rowan, "dialog-print")
    # And next time it is what they begin with, until it is reached
    await rate(rowan, server, "ann", day="2026-06-09T10:00", step=6)
    await rowan.press("Sign")
    await rowan.press("Go through it together")
    await rowan.reads("Agreed before, and still open")
    await rowan.page.set_viewport_size({"width": 390, "height": 844})
    await clean(rowan, "dialog-together-phone")
    await follow(rowan, "Reached", "Accommodation")
    await rowan.go(f"{server.origin}/patients/ann/plans")
    await rowan.reads("What is over (1)")
    await rowan.page.get_by_text("What is over (1)").click()
    await follow(rowan, "Open it again", "Accommodation")
    await rowan.reads("Accommodation")


async def test_after_three_subjects_the_others_wait_and_two_who_write_meet(
    server: Served, staff: dict[str, str], browser: Browser
) -> None:
    async with device(browser, viewport=PHONE) as rowan, device(browser) as nia:
        await come(rowan, server, staff["doctor"])
        await come(nia, server, staff["care_coordinator"])
        await rate(rowan, server, "bea", day="2026-01-09T10:00", step=3)
        await clean(rowan, "dialog-rating-phone")
        await rowan.press("Sign")
        await rowan.press("Go through it together")
        together = rowan.page.url
        first = await talks_about_three(rowan)
        # Then the fourth is not offered, nor taken by its address
        await rowan.reads("3 were talked about: that is what one meeting carries.")
        assert await rowan.page.locator(".wk-subjects__go").count() == 0
        await rowan.go(first[: first.rindex(".")] + ".7")
        await rowan.reads("Enough was gone through this time")
        await meet(rowan, nia, first)
        await nia.go(together)
        await nia.reads("The choir.")
        assert rowan.complaints == []
        assert nia.complaints == []


async def talks_about_three(rowan: Device) -> str:
    """The address of the first."""
    first = ""
    for subject in SUBJECTS[:3]:
        await follow(rowan, "Talk about it", subject)
        await rowan.page.get_by_label("2. Looking forward").fill("A little more.")
        first = first or rowan.page.url
        if subject == SUBJECTS[0]:
            await clean(rowan, "dialog-talk-phone")
        await rowan.press("Save what we agreed")
        await rowan.reads(f"What you agreed about “{subject}” is saved.")
    return first


async def meet(rowan: Device, nia: Device, address: str) -> None:
    """Whoever saves second sees both."""
    await nia.go(address)
    await rowan.go(address)
    await rowan.page.get_by_label("2. Looking forward").fill("A walk each day.")
    await rowan.press("Save what we agreed")
    await rowan.reads("is saved.")
    await nia.page.get_by_label("3. Exploring options").fill("The choir.")
    await nia.press("Save what we agreed")
    await nia.reads("Somebody else changed it while you wrote")
    await nia.reads("A walk each day.")
    kept = await nia.page.get_by_label("3. Exploring options").input_value()
    assert kept == "The choir."
    await clean(nia, "dialog-talk-met")
    await nia.press("Save what we agreed")
    await nia.arrives("#talked")
