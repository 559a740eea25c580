# SPDX-License-Identifier: Apache-2.0
"""A referral from its first word to discharge; two who triage; one from outside."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from datetime import timedelta

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from support.chromium import PHONE, Device, arrive, chromium, clean, device
from support.homes import visits
from support.referrals import (
    HOME,
    MIND,
    employ,
    episode,
    link,
    load_teams,
    patient,
    program_of,
    referral,
)
from support.served import Served, served
from wardkeep.base.clock import SystemClock

pytestmark = pytest.mark.asyncio(loop_scope="module")
LIST = f"/referrals/teams/{MIND}"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("referrals")) as running:
        running.found(HOME)
        keys = tmp_path_factory.mktemp("keys")
        with closing(program_of(running, keys)) as program:
            load_teams(program)
            program.put(patient("ann", "Fenwick", "Ann"))
            program.put(patient("ben", "Oakley", "Ben"))
            today = SystemClock().now().date()
            long_ago = (today - timedelta(days=40)).isoformat()
            program.put(referral("waits-long", "ben", authoredOn=long_ago))
            program.put(referral("ben-heart", "ben", "heart-team"))
            for n in range(3):
                program.put(patient(f"kept-{n}", f"Kept{n}", "Test"))
                program.put(episode(f"place-{n}", f"kept-{n}", "nell"))
        yield running


@pytest.fixture(scope="module")
def links(server: Served) -> dict[str, str]:
    return asyncio.run(_links(server))


async def _links(server: Served) -> dict[str, str]:
    warden, accounts = await employ(server)
    now = SystemClock().now()
    await visits(warden, accounts["rowan"], "ann", kind="ward", starts=now, ends=None)
    found = {
        key: await link(server, warden, account) for key, account in accounts.items()
    }
    desk = await warden.account("receptionist", name="Robin Vale")
    found["robin"] = await link(server, warden, desk)
    await warden.operator.close()
    return found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as running:
        yield running


async def fill(own: Device, label: str, text: str) -> None:
    await own.page.get_by_label(label, exact=True).fill(text)


async def opened(own: Device, words: str) -> None:
    """Open the part of the page in which a step's form is."""
    await own.page.locator("summary", has_text=words).click()


async def test_a_referral_is_sent_triaged_by_one_of_two_seen_and_ended(
    server: Served, links: dict[str, str], browser: Browser
) -> None:
    async with (
        device(browser) as rowan,
        device(browser) as cora,
        device(browser, viewport=PHONE) as nell,
        device(browser) as robin,
    ):
        for key, own in (
            *(("rowan", rowan), ("cora", cora)),
            *(("nell", nell), ("robin", robin)),
        ):
            await arrive(own, links[key])
        # Given a doctor who refers somebody of their ward, urgently
        await rowan.go(f"{server.origin}/patients/ann/referrals")
        await rowan.reads("Nobody has referred this person to a team.")
        await clean(rowan, "referrals-none")
        await sends(rowan)
        address = rowan.page.url.partition("?")[0]
        # Then the team reads it first in its list, loudly, with no reason on the list
        await cora.go(f"{server.origin}/referrals")
        await cora.reads("1 urgent to triage")
        await clean(cora, "referrals-mine")
        await cora.go(f"{server.origin}{LIST}")
        await cora.reads("1 urgent to triage")
        assert "Hears voices" not in await cora.page.content()
        await clean(cora, "referrals-team")
        # When two triage at once, one does, and the other is shown what came of it
        await two_triage(cora, nell, address)
        # And the referrer sees the question, and answers it
        await rowan.go(f"{server.origin}/referrals")
        await rowan.reads("More information asked")
        await clean(rowan, "referrals-sent")
        await rowan.go(address)
        await opened(rowan, "Answer")
        await fill(rowan, "Your answer", "None since March.")
        await rowan.press("Answer")
        await rowan.reads("Answered.")
        await works_it(cora, address)
        # And a desk is not shown it
        await robin.go(f"{server.origin}{LIST}")
        await robin.reads("Your role does not include this page")
        for own in (rowan, cora, nell):
            assert own.complaints == []


async def sends(rowan: Device) -> None:
    await rowan.press("Refer to a team")
    await rowan.press("Send the referral")
    await rowan.reads("There is a problem")
    await clean(rowan, "referral-problem")
    await rowan.page.get_by_label("To which team").select_option(
        label="Community mind team"
    )
    await rowan.page.get_by_label("Urgent", exact=True).check()
    await fill(rowan, "What is asked for", "Assessment this week")
    await fill(rowan, "Reason", "Hears voices since Sunday.")
    await rowan.press("Send the referral")
    await rowan.reads("It is sent.")
    await clean(rowan, "referral-sent")


async def two_triage(cora: Device, nell: Device, address: str) -> None:
    for own in (cora, nell):
        await own.go(address)
        await own.reads("Hears voices since Sunday.")
    await clean(nell, "referral-phone")
    await opened(cora, "Ask for more information")
    await fill(cora, "What do you need to know?", "Any seizures?")
    await cora.press("Ask for more information")
    await cora.reads("Asked for more information.")
    await opened(nell, "Decline")
    await fill(nell, "Why, and what you suggest instead", "Not for us.")
    await nell.press("Decline")
    await nell.reads("Somebody else was first, so nothing was done")
    await nell.reads("Any seizures?")
    await nell.reads("Not for us.")
    await clean(nell, "referral-second-phone")


async def works_it(cora: Device, address: str) -> None:
    await cora.go(address)
    await cora.press("Take it for triage")
    await cora.reads("Being triaged")
    await opened(cora, "Decline")
    await fill(cora, "Why, and what you suggest instead", "By mistake.")
    await cora.press("Decline")
    await cora.reads("Declined")
    await cora.press("Take the last step back")
    await cora.reads("Being triaged")
    await opened(cora, "Accept")
    await cora.press("Accept")
    await cora.reads("Accepted, waiting")
    await opened(cora, "Allocate to a caseload")
    await cora.page.get_by_label("Whose caseload").select_option(label="Nell Ferris")
    await cora.press("Allocate to a caseload")
    await cora.reads("Allocated to Nell Ferris")
    await clean(cora, "referral-allocated")
    await opened(cora, "Stop the clock: seen")
    await fill(cora, "Year", "1999")
    await cora.press("Stop the clock: seen")
    await cora.reads("There is a problem")
    for part in ("Day", "Month", "Year"):
        await fill(cora, part, "")
    await cora.press("Stop the clock: seen")
    await cora.reads("the clock has stopped")
    await opened(cora, "Discharge")
    await cora.press("Discharge")
    await cora.reads("Discharged")
    await clean(cora, "referral-ended")


async def test_a_letter_from_outside_is_typed_in_and_late_and_known_are_said(
    server: Served, links: dict[str, str], browser: Browser
) -> None:
    async with device(browser) as vera:
        await arrive(vera, links["vera"])
        # Given somebody who waits for 40 days where four weeks are the longest
        await vera.go(f"{server.origin}{LIST}")
        await vera.reads("1 longer than 4 weeks.")
        await vera.reads("Another team too")
        await clean(vera, "referrals-late")
        await vera.go(f"{server.origin}/patients/ben/referrals/waits-long")
        await vera.reads("Known to another team as well")
        await vera.reads("Heart team")
        # When a letter comes about somebody whom nobody here knows
        await types_letter(vera, f"{server.origin}{LIST}/take")
        # Then it is on the list, and who declines it is told to tell
        await vera.reads("It is sent.")
        await declines(vera)
        # And the same person is found the next time, and not made twice
        await vera.go(f"{server.origin}{LIST}/take")
        await fill(vera, "Surname", "Newcombe")
        await fill(vera, "First name", "Ida")
        await vera.press("Look for the patient")
        await vera.reads("NEWCOMBE, Ida")
        await clean(vera, "referral-found")
        assert vera.complaints == []


async def types_letter(vera: Device, take: str) -> None:
    await vera.go(take)
    await clean(vera, "referral-take")
    await fill(vera, "Surname", "Newcombe")
    for part, value in (("Day", "29"), ("Month", "2"), ("Year", "1988")):
        await fill(vera, part, value)
    await vera.press("Look for the patient")
    await vera.reads("register the patient with the referral")
    await fill(vera, "First name", "Ida")
    await vera.page.get_by_label("Female", exact=True).check()
    await fill(vera, "Who referred", "Dr Quince, Puddle Lane Surgery")
    await vera.page.get_by_label("Routine", exact=True).check()
    await fill(vera, "What is asked for", "Assessment")
    await fill(vera, "Reason", "Cannot sleep.")
    await clean(vera, "referral-register")
    await vera.press("Register the patient and put it on the list")


async def declines(vera: Device) -> None:
    await opened(vera, "Decline")
    await fill(vera, "Why, and what you suggest instead", "Try the sleep class.")
    await vera.press("Decline")
    await vera.reads("whoever referred has to know")
    await opened(vera, "Say that whoever referred knows")
    await fill(vera, "How they were told", "Rang the surgery.")
    await clean(vera, "referral-declined")
    await vera.press("Say that whoever referred knows")
    await vera.reads("Whoever referred was told.")


async def test_a_caseload_is_handed_over_by_one_signature_and_back(
    server: Served, links: dict[str, str], browser: Browser
) -> None:
    async with device(browser) as abel:
        await arrive(abel, links["abel"])
        # Given a colleague's caseload, two of three people are chosen
        await abel.go(f"{server.origin}{LIST}/caseload?worker=nell")
        await abel.press("Look at it before it is done")
        await abel.reads("Nobody is chosen")
        await clean(abel, "hand-over-problem")
        for name in ("KEPT0", "KEPT2"):
            await abel.page.get_by_label(name).check()
        await abel.page.get_by_label("Who takes over").select_option(
            label="Community mind team: Cora Marsh"
        )
        await abel.press("Look at it before it is done")
        await abel.reads("Nothing is done yet.")
        await clean(abel, "hand-over-plan")
        plan = abel.page.url
        # When it is signed for with the passkey, once
        await signs(abel, "Nell is on leave")
        await abel.press("Hand over now")
        # Then each is done, and whose they were is read
        await abel.reads("It is done.")
        await clean(abel, "hand-over-done")
        assert await abel.page.get_by_text("Handed over").count() == 2
        await abel.go(f"{server.origin}{LIST}/caseload?worker=cora")
        await abel.reads("KEPT2")
        # And it is taken back the same way
        await abel.go(plan)
        await abel.press("Plan to take it back")
        await signs(abel, "Nell is back already")
        await abel.press("Hand over now")
        await abel.reads("It is done.")
        await abel.go(f"{server.origin}{LIST}/caseload?worker=nell")
        for n in range(3):
            await abel.reads(f"KEPT{n}")
        assert abel.complaints == []


async def signs(abel: Device, why: str) -> None:
    await fill(abel, "Reason", why)
    await abel.press("Go on to sign")
    await abel.reads("Hand over the care of patients")
    await clean(abel, "hand-over-sign")
    await abel.press("Sign with my passkey")
    await abel.reads("Hand over now")
