# SPDX-License-Identifier: Apache-2.0
"""Risk, safety plan and care plan: written together, changed at once, put back."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import closing

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from support.chromium import CACHE, PHONE, Device, arrive, chromium, clean, device
from support.homes import visits
from support.program import Program
from support.served import Served, served
from support.warden import RunningWarden
from wardkeep.base.clock import SystemClock
from wardkeep.disclosure.questions import Invite

pytestmark = pytest.mark.asyncio(loop_scope="module")
PATIENT = {
    "resourceType": "Patient",
    "id": "ann",
    "name": [{"family": "Fenwick", "given": ["Ann"]}],
    "birthDate": "1980-02-03",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("plans")) as running:
        running.found("larkspur")
        keys = tmp_path_factory.mktemp("keys")
        with closing(Program(running, keys, organisation="larkspur")) as program:
            program.put(PATIENT)
        yield running


@pytest.fixture(scope="module")
def links(server: Served) -> list[str]:
    return asyncio.run(_links(server))


async def _links(server: Served) -> list[str]:
    """Of a nurse and a doctor who expect the patient, and a desk that may not write."""
    warden = RunningWarden(server, None)  # type: ignore[arg-type]
    warden.home = "larkspur"
    found = []
    now = SystemClock().now()
    for role, name in (
        ("community_coordinator", "Cora Marsh"),
        ("doctor", "Rowan Ash"),
        ("receptionist", "Robin Vale"),
    ):
        account = await warden.account(role, name=name)
        await visits(warden, account, "ann", kind="caseload", starts=now, ends=None)
        secret = await warden.tell(Invite(account=account, valid_hours=1))
        found.append(f"{server.origin}/enrol/{secret}")
    await warden.operator.close()
    return found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as running:
        yield running


async def fill(own: Device, label: str, text: str) -> None:
    await own.page.get_by_label(label, exact=True).fill(text)


async def test_a_safety_plan_is_made_changed_by_two_and_put_back(
    server: Served, links: list[str], browser: Browser
) -> None:
    plans = f"{server.origin}/patients/ann/plans"
    async with (
        device(browser, viewport=PHONE) as cora,
        device(browser) as rowan,
        device(browser) as robin,
    ):
        for own, link in zip((cora, rowan, robin), links, strict=True):
            await arrive(own, link)
        # Given a person with no plan, a coordinator writes one with her on a phone
        await cora.go(plans)
        await cora.reads("Nobody has written one.")
        await clean(cora, "plans-none-phone")
        await writes(cora, plans)
        # When a doctor and she change it at once
        await rowan.go(f"{plans}/safety/change")
        await cora.go(f"{plans}/safety/change")
        await changes(cora, "Ring my sister Jo", "Jo has a new number")
        await cora.reads("It is saved.")
        await changes(rowan, "Ring my sister, or Sam", "Sam came along")
        # Then the second is shown where both differ, and nothing typed is lost
        await rowan.reads("Somebody else changed it while you wrote")
        await clean(rowan, "plan-both")
        asked = rowan.page.get_by_label("Whom I can ask for help", exact=True)
        assert await asked.input_value() == "Ring my sister, or Sam"
        await rowan.press("Save it")
        await rowan.reads("It is saved.")
        await clean(rowan, "plans-shown")
        await only_dates_differ(cora, rowan, plans)
        # And what it said before can be read and put back
        await puts_back(rowan, plans)
        await prints(rowan, plans)
        # And a desk is not shown it
        await robin.go(plans)
        await robin.reads("Your role does not include this page")
        for own in (cora, rowan):
            assert own.complaints == []


async def prints(rowan: Device, plans: str) -> None:
    """A plan alone, laid out for paper and counted as a print."""
    await rowan.go(plans)
    await rowan.page.locator('a[href$="/print?plan=safety"]').click()
    await rowan.reads("counts as printed by you today")
    await rowan.reads("Whom I can ask for help")
    assert await rowan.page.get_by_text("Harm to themselves").count() == 0
    await clean(rowan, "plan-printed")
    folder = CACHE / "pictures"
    await rowan.page.pdf(path=folder / "plan-printed.pdf", prefer_css_page_size=True)


async def writes(cora: Device, plans: str) -> None:
    await cora.go(f"{plans}/safety/change")
    await cora.press("Save it")
    await cora.reads("There is a problem")
    await clean(cora, "plan-problem-phone")
    await fill(cora, "My warning signs", "I stop answering the door.")
    await fill(cora, "Whom I can ask for help", "Ring my sister")
    await fill(cora, "Made with", "Ann, in her kitchen")
    await fill(cora, "Year", "1999")
    await cora.press("Save it")
    await cora.reads("That is no day on which it can be looked at again")
    signs = cora.page.get_by_label("My warning signs", exact=True)
    assert await signs.input_value() == "I stop answering the door."
    await fill(cora, "Year", str(SystemClock().now().year + 1))
    await cora.press("Save it")
    await cora.reads("It is saved.")
    await clean(cora, "plans-saved-phone")


async def changes(own: Device, help_: str, why: str) -> None:
    await fill(own, "Whom I can ask for help", help_)
    await fill(own, "What was changed, and why", why)
    await own.press("Save it")


async def only_dates_differ(cora: Device, rowan: Device, plans: str) -> None:
    """Where the sections are the same, the second is not told that theirs is saved."""
    for own in (cora, rowan):
        await own.go(f"{plans}/safety/change")
        await fill(own, "What was changed, and why", "Looked at again")
    await fill(cora, "Made with", "Ann and Jo")
    await cora.press("Save it")
    await cora.reads("It is saved.")
    await fill(rowan, "Made with", "Ann and Sam")
    await rowan.press("Save it")
    await rowan.reads("is not saved yet")
    await rowan.reads("made with Ann and Jo")
    await clean(rowan, "plan-both-dates")
    await rowan.press("Save it")
    await rowan.reads("It is saved.")


async def puts_back(rowan: Device, plans: str) -> None:
    await rowan.go(f"{plans}/safety/history")
    await rowan.reads("Jo has a new number")
    await clean(rowan, "plan-history")
    await rowan.press("Put version 1 back")
    await rowan.reads("It is saved.")
    shown = rowan.page.locator("#safety")
    assert "Ring my sister\n" in f"{await shown.inner_text()}\n"
    assert "Sam" not in await shown.inner_text()
    await rowan.go(f"{plans}/safety/history")
    await rowan.reads("Version 1 was put back.")
