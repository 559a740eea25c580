# SPDX-License-Identifier: Apache-2.0
"""Somebody leaves: their whole caseload goes to two colleagues by one signature."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import closing

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from support.chromium import PHONE, Device, arrive, chromium, clean, device
from support.referrals import (
    HOME,
    MIND,
    employ,
    episode,
    link,
    load_teams,
    patient,
    program_of,
)
from support.served import Served, served
from support.warden import RunningWarden
from wardkeep.assembly.database import WEB, address_for
from wardkeep.base.clock import SystemClock
from wardkeep.base.ids import OrganisationId, derived_uuid, new_uuid
from wardkeep.db.connection import Database
from wardkeep.disclosure.answers import SessionView
from wardkeep.disclosure.questions import CheckSession
from wardkeep.fhir.referrals.hand_overs import MOVED, HandOvers

pytestmark = pytest.mark.asyncio(loop_scope="module")
CASELOAD = f"/referrals/teams/{MIND}/caseload"
MANY = 43


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("whole-caseload")) as running:
        running.found(HOME)
        keys = tmp_path_factory.mktemp("keys")
        with closing(program_of(running, keys)) as program:
            load_teams(program)
            for n in range(MANY):
                program.put(patient(f"left-{n}", f"Left{n}", "Test"))
                program.put(episode(f"place-{n}", f"left-{n}", "nell"))
            for n in range(2):
                program.put(patient(f"half-{n}", f"Half{n}", "Test"))
                program.put(episode(f"half-{n}", f"half-{n}", "vera"))
        yield running


@pytest.fixture(scope="module")
def links(server: Served) -> dict[str, str]:
    return asyncio.run(_links(server))


async def _links(server: Served) -> dict[str, str]:
    warden, accounts = await employ(server)
    found = {
        key: await link(server, warden, account) for key, account in accounts.items()
    }
    await warden.operator.close()
    return found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as running:
        yield running


async def test_a_leavers_caseload_goes_to_two_colleagues_by_one_signature(
    server: Served, links: dict[str, str], browser: Browser
) -> None:
    async with device(browser, viewport=PHONE) as abel:
        await arrive(abel, links["abel"])
        # Given Nell, who leaves, with more people than one page has
        await abel.go(f"{server.origin}{CASELOAD}?worker=nell")
        await abel.reads(f"Who takes over all {MANY} from Nell Ferris")
        # When nobody is chosen, the page says so, and nothing is planned
        await abel.press("Look at who gets whom")
        await abel.reads("Choose one colleague or several.")
        await clean(abel, "whole-caseload-problem-phone")
        # And two colleagues are chosen
        for name in ("Cora Marsh", "Vera Tillage"):
            await abel.page.get_by_label(f"Community mind team: {name}").last.check()
        await abel.press("Look at who gets whom")
        await abel.reads("Nothing is done yet.")
        await abel.reads("Cora Marsh, Community mind team: 22")
        await abel.reads("Vera Tillage, Community mind team: 21")
        await clean(abel, "whole-caseload-plan-phone")
        await abel.page.get_by_role("link", name="More people").click()
        await abel.reads("Back")
        # When it is signed for, once
        await signs(abel, "Nell has left the trust")
        await until_done(abel)
        await clean(abel, "whole-caseload-done-phone")
        # Then nobody is on Nell's caseload any more
        await abel.go(f"{server.origin}{CASELOAD}")
        await abel.reads("Vera Tillage (23)")
        await abel.reads("Cora Marsh (22)")
        assert await abel.page.get_by_text("Nell Ferris (").count() == 0
        assert abel.complaints == []


async def until_done(own: Device) -> None:
    """Press as often as the page says that there are more to go."""
    go_on = own.page.get_by_role("button", name=re.compile("^(Hand over now|Go on)$"))
    for _ in range(MANY):
        assert await go_on.count(), await own.page.inner_text("main")
        async with own.page.expect_navigation(timeout=60_000):
            await go_on.click()
        if "It is done." in await own.page.content():
            return
    raise AssertionError(await own.page.content())


async def signs(own: Device, why: str) -> None:
    await own.page.get_by_label("Reason", exact=True).fill(why)
    await own.press("Go on to sign")
    await own.reads("Hand over the care of patients")
    await own.press("Sign with my passkey")
    await own.reads("Hand over now")


async def test_who_moved_after_a_take_back_was_planned_is_taken_back_too(
    server: Served, links: dict[str, str], browser: Browser
) -> None:
    async with device(browser) as vera:
        await arrive(vera, links["vera"])
        token = next(
            one["value"]
            for one in await vera.page.context.cookies()
            if one["name"].endswith("wardkeep")
        )
        # Given a hand-over of two, of whom one had moved when it was planned back
        plan = await a_plan_half_taken_back(server, token)
        await vera.go(f"{server.origin}/referrals/hand-overs/{plan}")
        await vera.reads("It is done.")
        await vera.reads("It is being taken back")
        await clean(vera, "hand-over-half-taken-back")
        # When the other is to be taken back too
        await vera.press("Take the other 1 back too")
        # Then both are in the plan
        await vera.reads("Taking a hand-over back")
        for n in range(2):
            await vera.reads(f"HALF{n}")


async def a_plan_half_taken_back(server: Served, token: str) -> str:
    """As the web process leaves it, where the one that is second to move was late."""
    warden = RunningWarden(server, None)  # type: ignore[arg-type]
    seen = await warden.door.ask(CheckSession(token), SessionView)
    assert isinstance(seen, SessionView)
    await warden.door.close()
    database = Database(address_for(server.settings, server.layout, WEB), size=1)
    kept, organisation = HandOvers(database), OrganisationId(seen.organisation)
    now, plan = SystemClock().now(), new_uuid()
    moves = [(f"half-{n}", MIND, "cora") for n in range(2)]
    common = {"from_team": MIND, "by": seen.account, "now": now}
    await kept.plan(organisation, plan, moves, **common)  # type: ignore[arg-type]
    await kept.mark(organisation, plan, "half-0", MOVED, now=now)
    back = [("half-0", MIND, "vera")]
    back_id = derived_uuid("hand-over-back", plan)
    await kept.plan(organisation, back_id, back, undoes=plan, **common)  # type: ignore[arg-type]
    await kept.mark(organisation, plan, "half-1", MOVED, now=now)
    await database.close()
    return plan
