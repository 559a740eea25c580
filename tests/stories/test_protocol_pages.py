# SPDX-License-Identifier: Apache-2.0
"""Content of one's own: begun, written, mended, tried, reviewed by another, in use."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import closing

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from support.chromium import Device, arrive, chromium, clean, device
from support.homes import visits
from support.program import Program
from support.served import Served, served
from support.warden import RunningWarden
from wardkeep.base.clock import SystemClock
from wardkeep.disclosure.questions import Invite

pytestmark = pytest.mark.asyncio(loop_scope="module")
HOME = "larkspur"
NARROW = {"width": 360, "height": 740}
STAFF = (
    ("author", "shift_lead", "Lil Marsh"),
    ("second", "doctor", "Ash Vale"),
    ("nurse", "urgent_care_clinician", "Ona Reed"),
)
SECOND = "Dr Ash Vale, GMC 0000000"
WORDS = "Noisy breathing in: the airway may be closing"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("protocols")) as running:
        running.found(HOME)
        keys = tmp_path_factory.mktemp("keys")
        with closing(Program(running, keys, organisation=HOME)) as program:
            program.put(
                {
                    "resourceType": "Patient",
                    "id": "ann",
                    "name": [{"family": "Fenwick", "given": ["Ann"]}],
                    "birthDate": "1950-02-03",
                }
            )
        yield running


@pytest.fixture(scope="module")
def links(server: Served) -> dict[str, str]:
    return asyncio.run(_links(server))


async def _links(server: Served) -> dict[str, str]:
    warden = RunningWarden(server, None)  # type: ignore[arg-type]
    warden.home = HOME
    found = {}
    now = SystemClock().now()
    for key, role, name in STAFF:
        account = await warden.account(role, name=name)
        await visits(warden, account, "ann", kind="caseload", starts=now, ends=None)
        secret = await warden.tell(Invite(account=account, valid_hours=1))
        found[key] = f"{server.origin}/enrol/{secret}"
    await warden.operator.close()
    return found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as running:
        yield running


async def fill(own: Device, name: str, value: str) -> None:
    await own.page.locator(f'[name="{name}"]').fill(value)


async def test_content_is_written_by_one_and_reviewed_by_another_before_its_use(
    server: Served, browser: Browser, links: dict[str, str]
) -> None:
    async with device(browser) as author, device(browser, viewport=NARROW) as second:
        await arrive(author, links["author"])
        await arrive(second, links["second"])
        whole = await _begun(server, author)
        await _changed_and_wrong(author, whole)
        await _mended(author, whole)
        frozen = await _tried_and_sent(author, whole)
        await _held_and_reviewed(server, second, frozen)
        await _taken_into_use(server, second, frozen)
        assert author.complaints == []
        assert second.complaints == []
    await _clinician_reads(server, browser, links)


async def _begun(server: Served, author: Device) -> str:
    """From what is shipped, under a name of one's own; where it is."""
    await author.go(f"{server.origin}/protocols")
    await author.reads("Nobody has begun a protocol yet.")
    await author.press("Begin")
    await author.reads("what it is called is missing")
    await fill(author, "title", "Larkspur checklist")
    await author.press("Begin")
    await author.reads("Nothing. Every rule has a source")
    await clean(author, "protocol-draft")
    return author.page.url


async def _changed_and_wrong(author: Device, whole: str) -> None:
    """It is kept while it is typed, wrong or not, and does not go to review so."""
    await author.go(f"{whole}/rules/stridor")
    await author.reads("Passes")
    await fill(author, "words", WORDS)
    await fill(author, "condition", "%stridor and %nothing")
    await author.reads("Kept at")
    await author.go(f"{whole}/rules/stridor")
    await author.reads("%nothing is no question and no variable")
    assert await author.page.locator("[name=words]").input_value() == WORDS
    await clean(author, "protocol-rule-wrong")
    await author.go(whole)
    await author.press("Send to review")
    await author.reads("Something is still wrong with it")
    await author.reads("%nothing is no question and no variable")


async def _mended(author: Device, whole: str) -> None:
    """Each example says what came out of it."""
    await author.go(f"{whole}/rules/stridor")
    await fill(author, "condition", "%stridor")
    await author.page.locator("[name=disposition]").select_option("ambulance-2")
    await author.press("Save and run its examples")
    await author.reads("Meant: it holds, Ambulance, category 1")
    await clean(author, "protocol-rule-fails")
    examples = (
        "age=40; stridor=yes -> holds, ambulance-2",
        "age=40; stridor=no -> does not hold",
    )
    await fill(author, "examples", "\n".join(examples))
    await author.press("Save and run its examples")
    await author.reads("Meant: it holds, Ambulance, category 2")
    assert await author.page.get_by_text("Fails", exact=True).count() == 0


async def _tried_and_sent(author: Device, whole: str) -> str:
    """Answers tried by hand; what would change; then it changes no more."""
    await author.go(f"{whole}/try")
    await author.page.locator("[name=q-stridor]").select_option("yes")
    await author.press("Work it out")
    await author.reads("Suggested: Ambulance, category 2")
    await clean(author, "protocol-try")
    await author.go(f"{whole}/compare")
    await author.reads("Changed: its words, what follows, its examples.")
    await author.reads("Before: Ambulance, category 1")
    await clean(author, "protocol-compare")
    await author.go(whole)
    await author.press("Send to review")
    await author.reads("You wrote on it, so somebody else reviews it.")
    return author.page.url.partition("?")[0]


async def _held_and_reviewed(server: Served, second: Device, frozen: str) -> None:
    """A second person reads, holds a rule against its original, and reviews it."""
    await second.go(f"{server.origin}/protocols")
    await second.page.get_by_role("link", name="Larkspur checklist").click()
    await second.reads("Waits for review")
    await clean(second, "protocol-waits-phone")
    await second.go(f"{frozen}/held/stridor")
    await fill(second, "name", SECOND)
    await fill(second, "clause", "Box 1, second edition")
    await clean(second, "protocol-held-rule-phone")
    await second.press("I held it against the original")
    await second.reads("It is marked, in your name.")
    await second.go(f"{frozen}/review")
    await second.press("Decide")
    await second.reads("your name and registration is missing")
    await clean(second, "protocol-review-phone")
    await fill(second, "name", SECOND)
    await fill(second, "words", "What changed, against Box 1")
    await second.page.get_by_label("It can be taken into use").check()
    await second.press("Decide")
    await second.reads("Your decision is stored, in your name.")


async def _taken_into_use(server: Served, second: Device, frozen: str) -> None:
    """Where content is taken into use, under its own words."""
    await second.go(f"{server.origin}/triage")
    await second.reads("Your own: Larkspur checklist")
    await clean(second, "triage-content-own-phone")
    own = frozen.rpartition("/")[2]
    await fill(second, f"lead-{own}", SECOND)
    await fill(second, f"words-{own}", "As reviewed")
    await second.page.locator(f"form:has([value='{own}']) button").click()
    await second.reads("It is in use from now on, in your name.")


async def _clinician_reads(
    server: Served, browser: Browser, links: dict[str, str]
) -> None:
    """Beside the rule stands who held it; over all of them, how many nobody did."""
    async with device(browser) as nurse:
        await arrive(nurse, links["nurse"])
        await nurse.go(f"{server.origin}/patients/ann/triage/new")
        await nurse.reads("4 were held against the original publication by nobody")
        await nurse.page.locator('[name="q-stridor"][value="yes"]').focus()
        await nurse.page.keyboard.press("Space")
        await nurse.reads("Suggested: Ambulance, category 2")
        await nurse.page.get_by_text("Source, held against the original").click()
        await nurse.reads("Held against the original by Dr Ash Vale")
        await clean(nurse, "triage-new-held")
        assert nurse.complaints == []
