# SPDX-License-Identifier: Apache-2.0
"""Assessments: filled in, no answer lost, scored, signed, compared, amended."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, FilePayload

from support.chromium import PHONE, Device, arrive, chromium, clean, device
from support.homes import visits
from support.program import Program
from support.served import Served, served
from support.warden import RunningWarden
from wardkeep.base.clock import SystemClock
from wardkeep.disclosure.questions import Invite
from wardkeep.fhir.assessments.library import library

pytestmark = pytest.mark.asyncio(loop_scope="module")
# Each story has its own person, so that none finds what another left.
PEOPLE = ("ann", "bea", "cal", "dee", "eva", "fay")


def patient(id_: str) -> dict[str, Any]:
    return {
        "resourceType": "Patient",
        "id": id_,
        "name": [{"family": "Fenwick", "given": [id_.title()]}],
        "birthDate": "1980-02-03",
    }


def on_shelf(name: str) -> dict[str, Any]:
    """One that comes with Wardkeep, in use."""
    volume = next(one for one in library() if one.name == name)
    return {**volume.content, "id": name, "status": "active"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("assessments")) as running:
        running.found("larkspur")
        keys = tmp_path_factory.mktemp("keys")
        with closing(Program(running, keys, organisation="larkspur")) as program:
            for id_ in PEOPLE:
                program.put(patient(id_))
            for name in ("phq-9", "core-assessment", "skin-checklist"):
                program.put(on_shelf(name))
        yield running


@pytest.fixture(scope="module")
def staff(server: Served) -> dict[str, str]:
    """A doctor and a coordinator who expect the patient, and an administrator."""
    return asyncio.run(_employ(server))


def _warden(server: Served) -> RunningWarden:
    warden = RunningWarden(server, None)  # type: ignore[arg-type]
    warden.home = "larkspur"
    return warden


async def _employ(server: Served) -> dict[str, str]:
    warden, now = _warden(server), SystemClock().now()
    found = {}
    for role, name in (
        ("doctor", "Rowan Ash"),
        ("community_coordinator", "Cora Marsh"),
        ("administrator", "Robin Vale"),
    ):
        found[role] = await warden.account(role, name=name)
        for id_ in PEOPLE:
            await visits(
                warden, found[role], id_, kind="caseload", starts=now, ends=None
            )
    await warden.operator.close()
    return found


async def come(own: Device, server: Served, account: str) -> None:
    """Arrive with a new passkey."""
    warden = _warden(server)
    secret = await warden.tell(Invite(account=account, valid_hours=1))
    await warden.operator.close()
    await arrive(own, f"{server.origin}/enrol/{secret}")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as running:
        yield running


async def begin(own: Device, server: Served, title: str, about: str) -> None:
    await own.go(f"{server.origin}/patients/{about}/assessments")
    await own.page.get_by_label("Which one").select_option(label=title)
    await own.press("Fill it in")
    await own.page.locator("#note-state").wait_for()


async def saved(own: Device) -> None:
    await own.page.locator('#note-state[data-is="saved"]').wait_for(timeout=30_000)


async def tick(own: Device, question: str, answer: str) -> None:
    group = own.page.get_by_role("group", name=question)
    await group.get_by_label(answer, exact=True).check()


async def test_a_scale_is_filled_in_by_keyboard_kept_signed_and_alarms(
    server: Served, staff: dict[str, str], browser: Browser
) -> None:
    async with device(browser) as rowan:
        await come(rowan, server, staff["doctor"])
        # Given a person with no assessment
        await rowan.go(f"{server.origin}/patients/ann/assessments")
        await rowan.reads("Nothing was assessed yet.")
        await clean(rowan, "assessments-none")
        await begin(rowan, server, "PHQ-9: depression", "ann")
        await clean(rowan, "assessment-empty")
        # When a doctor ticks with the keyboard alone and the browser is closed
        await answers_by_keyboard(rowan)
        await saved(rowan)
        address = rowan.page.url
        await rowan.page.close()
        page = await rowan.context.new_page()
        rowan.page = page
        await rowan.go(address)
        # Then all of it is there again, in this window
        chosen = await page.locator('input[type="radio"]:checked').count()
        assert chosen == 9
        await signs_with_a_gap_first(rowan)
        await shows_the_alarm_and_prints(rowan)
        # And the alert is on the banner, and the score a result of the record
        await rowan.go(f"{server.origin}/patients/ann")
        await rowan.reads("Thoughts of being better off dead or of self-harm: answered")
        await rowan.reads("PHQ-9 total")
        await clean(rowan, "record-with-alert")
        assert rowan.complaints == []


async def shows_the_alarm_and_prints(rowan: Device) -> None:
    """The score stands with its parts, and the answer that counts most first."""
    await rowan.reads("Act on this answer now")
    await rowan.reads("9 of 27, Mild")
    await rowan.reads("No permission required to reproduce")
    await clean(rowan, "assessment-signed")
    await rowan.press("Print")
    await rowan.reads("PHQ-9: depression, ")
    await clean(rowan, "assessment-print")
    await rowan.page.go_back()
    await rowan.press("Open the safety plan")
    await rowan.arrives("/patients/ann/plans#safety")


async def signs_with_a_gap_first(rowan: Device) -> None:
    """What was left out is asked about before it is signed."""
    await rowan.press("Sign")
    await rowan.reads("Without these there is no total:")
    await clean(rowan, "assessment-gaps")
    await tick(rowan, "9. Thoughts that you would be better off dead", "Several days")
    await saved(rowan)
    await rowan.press("Sign")


async def answers_by_keyboard(own: Device) -> None:
    """Eight questions: Tab to the next one, an arrow for the answer after the first."""
    first = own.page.locator("#questions input[type=radio]").first
    await first.focus()
    for _ in range(8):
        await own.page.keyboard.press("ArrowRight")
        await own.page.keyboard.press("Tab")
    await own.page.locator("#questions input[type=radio]").last.focus()
    await own.page.keyboard.press("ArrowLeft")


async def test_two_totals_are_compared_and_one_is_amended_and_struck_out(
    server: Served, staff: dict[str, str], browser: Browser
) -> None:
    async with device(browser) as rowan:
        await come(rowan, server, staff["doctor"])
        await sign_phq(rowan, server, "2024-01-09T10:00", "Nearly every day")
        await rowan.reads("27 of 27, Severe")
        await sign_phq(rowan, server, "2025-01-09T10:00", "Not at all")
        await rowan.reads("0 of 27, Minimal")
        # When the scale is looked at over time
        await rowan.press("This scale over time")
        await rowan.reads("Two dates side by side")
        assert await rowan.page.locator(".wk-answers__differs").count() == 9
        await rowan.page.get_by_text("\u22123").first.wait_for()
        await clean(rowan, "scale-over-time")
        await rowan.page.set_viewport_size({"width": 390, "height": 844})
        await clean(rowan, "scale-over-time-phone")
        await rowan.page.get_by_role("link", name="09-Jan-2025").first.click()
        await amends(rowan)
        await strikes_out(rowan)
        await rowan.go(f"{server.origin}/patients/bea/assessments")
        await clean(rowan, "assessments-phone")
        assert rowan.complaints == []


async def amends(rowan: Device) -> None:
    """It says why, and keeps what it said."""
    await rowan.press("Amend it")
    await tick(rowan, "1. Little interest", "Several days")
    await saved(rowan)
    await rowan.press("Sign")
    await rowan.reads("it is not said what is changed and why")
    await rowan.page.locator("#why").fill("She said so afterwards.")
    await saved(rowan)
    await rowan.press("Sign")
    await rowan.reads("1 of 27, Minimal")
    await rowan.press("What it said before")
    await rowan.reads("Before: Not at all")
    await clean(rowan, "assessment-versions-phone")
    await rowan.press("Back to the assessment")


async def strikes_out(rowan: Device) -> None:
    await rowan.page.get_by_text("It was entered in error").click()
    await rowan.press("Strike it out")
    await rowan.reads("Why it is an error is missing")
    await rowan.page.get_by_label("Why it is an error").fill("Wrong person.")
    await rowan.press("Strike it out")
    await rowan.page.locator(".nhsuk-tag", has_text="Entered in error").wait_for()
    await clean(rowan, "assessment-wrong-phone")


async def sign_phq(own: Device, server: Served, when: str, answer: str) -> None:
    await begin(own, server, "PHQ-9: depression", "bea")
    await own.page.locator("#when").fill(when)
    for group in (await own.page.locator("#questions fieldset").all())[:9]:
        await group.get_by_label(answer, exact=True).check()
    await saved(own)
    await own.press("Sign")


async def test_every_kind_of_question_on_a_phone_and_what_is_not_asked_is_not_there(
    server: Served, staff: dict[str, str], browser: Browser
) -> None:
    async with device(browser, viewport=PHONE) as cora:
        await come(cora, server, staff["community_coordinator"])
        await begin(cora, server, "Skin and pressure checklist", "cal")
        where = cora.page.get_by_text("Where", exact=True)
        assert not await where.is_visible()
        await tick(cora, "Is there a mark that does not fade", "Yes")
        await where.wait_for()
        await cora.page.get_by_label("At what time you looked").fill("14:05")
        await cora.page.get_by_label("Heel").check()
        await cora.page.get_by_label("Longest side of the largest one").fill("2,55")
        await saved(cora)
        await cora.press("Sign")
        await cora.reads("Write at most 1 digits after the point.")
        await clean(cora, "assessment-problems-phone")
        await cora.page.get_by_label("Longest side of the largest one").fill("2,5")
        await cora.page.get_by_label("What it looks like").fill(
            "Red, the size of a coin."
        )
        await cora.page.get_by_label("What is done, and when").fill(
            "Heels off the bed."
        )
        await saved(cora)
        await cora.press("Sign")
        await cora.reads("Red, the size of a coin.")
        await cora.reads("2.5")
        await clean(cora, "assessment-signed-phone")
        # And it is on the timeline, and found by a word inside it
        await cora.go(f"{server.origin}/patients/cal/timeline")
        await cora.page.get_by_role(
            "link", name="Skin and pressure checklist"
        ).wait_for()
        await cora.go(f"{server.origin}/patients/cal/search")
        await cora.page.get_by_label("What to look for").fill("coin")
        await cora.page.get_by_role("button", name="Search", exact=True).click()
        await cora.reads("1 found")
        await clean(cora, "search-in-assessments-phone")
        assert cora.complaints == []


async def test_without_scripts_it_is_filled_in_saved_and_signed_all_the_same(
    server: Served, staff: dict[str, str], browser: Browser
) -> None:
    async with device(browser) as rowan:
        await come(rowan, server, staff["doctor"])
        cookies = await rowan.context.cookies()
        plain = await browser.new_context(java_script_enabled=False)
        await plain.add_cookies(cookies)  # type: ignore[arg-type]
        page = await plain.new_page()
        await page.goto(f"{server.origin}/patients/dee/assessments")
        await page.get_by_label("Which one").select_option(label="Core assessment")
        await page.get_by_role("button", name="Fill it in").click()
        await page.get_by_text("Only if").first.wait_for()
        await page.get_by_label("What brings the person here").fill("Cannot sleep.")
        await page.get_by_role("button", name="Save", exact=True).click()
        kept = page.get_by_label("What brings the person here")
        assert await kept.input_value() == "Cannot sleep."
        await page.get_by_label("What the person is good at").fill("Sings.")
        await page.get_by_label("How you see it").fill("Low, with good days.")
        await page.get_by_role("button", name="Sign", exact=True).click()
        await page.get_by_text("It is signed and stands in the record.").wait_for()
        await page.get_by_text("Cannot sleep.").wait_for()
        await plain.close()


async def test_what_is_ticked_without_a_network_is_kept_here_and_sent_on_later(
    server: Served, staff: dict[str, str], browser: Browser
) -> None:
    async with device(browser) as rowan:
        await come(rowan, server, staff["doctor"])
        await begin(rowan, server, "PHQ-9: depression", "eva")
        address = rowan.page.url
        await rowan.context.set_offline(True)
        await tick(rowan, "3. Trouble falling", "Several days")
        await rowan.reads("Not saved yet: kept on this device.")
        await rowan.page.close(run_before_unload=False)
        await rowan.context.set_offline(False)
        rowan.page = await rowan.context.new_page()
        await rowan.go(address)
        # The window that comes next sends on what the last one left on this device
        ticked = rowan.page.locator('input[type="radio"]:checked')
        await ticked.first.wait_for(timeout=15_000)
        assert await ticked.count() == 1
        await rowan.press("Throw this draft away")


async def test_two_windows_lose_nothing_and_one_is_gone_on_with(
    server: Served, staff: dict[str, str], browser: Browser
) -> None:
    async with device(browser) as rowan:
        await come(rowan, server, staff["doctor"])
        await begin(rowan, server, "PHQ-9: depression", "fay")
        other = await rowan.context.new_page()
        await other.goto(rowan.page.url)
        await tick(rowan, "1. Little interest", "Several days")
        await saved(rowan)
        group = other.locator("fieldset").filter(has_text="1. Little interest")
        await group.get_by_label("Nearly every day", exact=True).check()
        await other.locator('#note-state[data-is="saved"]').wait_for(timeout=30_000)
        await rowan.press("Sign")
        await rowan.reads("Answers side by side")
        await clean(rowan, "assessment-texts")
        await rowan.page.get_by_role(
            "button", name=re.compile("Go on with yours")
        ).first.click()
        await rowan.page.locator("#note-state").wait_for()
        assert await rowan.page.locator('input[type="radio"]:checked').count() == 1
        await rowan.press("Throw this draft away")
        await rowan.reads("The draft was thrown away.")
        await rowan.press("Bring it back")
        assert await rowan.page.locator('input[type="radio"]:checked').count() == 1
        await rowan.press("Throw this draft away")


async def test_an_administrator_brings_one_in_and_reads_what_is_wrong_and_where(
    server: Served, staff: dict[str, str], browser: Browser
) -> None:
    async with device(browser) as robin:
        await come(robin, server, staff["administrator"])
        await robin.go(f"{server.origin}/questionnaires")
        await robin.press(
            "Bring one in from a file, or from those that come with Wardkeep"
        )
        await clean(robin, "bring-in")
        bad: dict[str, Any] = {
            "resourceType": "Questionnaire",
            "status": "active",
            "title": "W",
        }
        bad["item"] = [{"linkId": "1", "type": "attachment", "text": "Photo"}]
        await chooses(robin, bad)
        await robin.reads("It cannot be brought in")
        await robin.reads("which is not asked here")
        await clean(robin, "bring-in-wrong")
        good = {**bad, "item": [{"linkId": "1", "type": "string", "text": "How?"}]}
        good["title"] = "How it went"
        await chooses(robin, good)
        await robin.reads("How it went")
        await robin.reads("You may look at it.")
        await clean(robin, "questionnaire-looked-at")
        assert await robin.page.get_by_role("button", name="Use it").count() == 0
        # And from what comes with Wardkeep
        await robin.go(f"{server.origin}/assessments/bring-in")
        await robin.page.get_by_role("button", name=re.compile("GAD-7")).click()
        await robin.reads("0 to 4 Minimal")
        await robin.page.set_viewport_size({"width": 390, "height": 844})
        await clean(robin, "questionnaire-gad-phone")
        assert robin.complaints == []


async def chooses(own: Device, content: dict[str, Any]) -> None:
    file = FilePayload(
        name="scale.json",
        mimeType="application/json",
        buffer=json.dumps(content).encode(),
    )
    await own.page.locator("#chosen").set_input_files(files=[file])
    await own.reads("scale.json was read.")
    await own.press("Bring it in")
