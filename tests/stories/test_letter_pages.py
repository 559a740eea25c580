# SPDX-License-Identifier: Apache-2.0
"""A carer writes a letter, a doctor approves it, it leaves, and it can be withdrawn."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

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

pytestmark = pytest.mark.asyncio(loop_scope="module")
PATIENT = {
    "resourceType": "Patient",
    "id": "ann",
    "name": [{"family": "Fenwick", "given": ["Ann"], "prefix": ["Mrs"]}],
    "birthDate": "1940-02-03",
    "gender": "female",
    "identifier": [
        {"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9990000042"}
    ],
    "address": [{"line": ["2 Reed Lane"], "city": "Larkspur", "postalCode": "LK1 2AB"}],
    "generalPractitioner": [{"reference": "Organization/gp", "display": "The surgery"}],
}
SURGERY = {
    "resourceType": "Organization",
    "id": "gp",
    "name": "Larkspur Surgery",
    "address": [{"line": ["1 High Street"], "city": "Larkspur"}],
}


SEND = """async () => {
  const form = document.querySelector("form[action$='/letters/new']");
  const body = new URLSearchParams(new FormData(form));
  return (await fetch(form.action, { method: "POST", body })).url;
}"""


class Team(NamedTuple):
    """Enrolment links."""

    carer: str
    doctor: str


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("letters")) as running:
        running.found("larkspur")
        keys = tmp_path_factory.mktemp("keys")
        with closing(Program(running, keys, organisation="larkspur")) as program:
            program.put(SURGERY)
            program.put(PATIENT)
            program.put({"resourceType": "Patient", "id": "bob"})
        yield running


@pytest.fixture(scope="module")
def team(server: Served) -> Team:
    return asyncio.run(_team(server))


async def _team(server: Served) -> Team:
    warden = RunningWarden(server, None)  # type: ignore[arg-type]
    warden.home = "larkspur"
    links = []
    for role, name in (("carer", "Cara Finch"), ("doctor", "Rowan Ash")):
        account = await warden.account(role, name=name)
        for patient in ("ann", "bob"):
            now = SystemClock().now()
            await visits(
                warden, account, patient, kind="caseload", starts=now, ends=None
            )
        secret = await warden.tell(Invite(account=account, valid_hours=1))
        links.append(f"{server.origin}/enrol/{secret}")
    await warden.operator.close()
    return Team(*links)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as running:
        yield running


async def fill(own: Device, label: str, text: str) -> None:
    await own.page.get_by_label(label, exact=True).fill(text)


async def test_a_letter_is_written_approved_sent_and_withdrawn(
    server: Served, team: Team, browser: Browser, tmp_path: Path
) -> None:
    origin = server.origin
    async with device(browser, viewport=PHONE) as cara, device(browser) as rowan:
        await arrive(cara, team.carer)
        await arrive(rowan, team.doctor)
        # Given a carer with a patient about whom nobody wrote
        await cara.go(f"{origin}/patients/ann/letters")
        await cara.reads("No letters have been written here")
        await clean(cara, "letters-none-phone")
        address = await writes(cara)
        assert "Approve in my name" not in await cara.page.content()
        # When a doctor reads it, changes it and approves it
        await rowan.go(f"{origin}/patients/ann/letters")
        await rowan.press("Your patient was seen")
        await clean(rowan, "letter-draft")
        await changes_at_once(rowan, cara, address)
        await rowan.go(address)
        await rowan.press("Approve in my name")
        await rowan.reads("It is approved")
        await clean(rowan, "letter-approved")
        # Then there is a PDF with the words, and nobody changes them any more
        await has_a_pdf(rowan, tmp_path)
        await cara.go(f"{address}/change")
        await cara.reads("Somebody else changed it just now")
        await overwrites(cara, address)
        # And that it left, and why it was withdrawn, is noted
        await leaves_and_comes_back(rowan)
        await rowan.go(f"{origin}/patients/ann/letters")
        await rowan.reads("Withdrawn")
        await clean(rowan, "letters-list")
        # And it is no letter of anybody else
        await rowan.go(address.replace("/ann/", "/bob/"))
        await rowan.reads("There is no such page")
        assert cara.complaints == []
        assert rowan.complaints == []


async def writes(cara: Device) -> str:
    await cara.press("Write to the GP")
    to = cara.page.get_by_label("To", exact=True)
    assert await to.input_value() == "Larkspur Surgery\n1 High Street\nLarkspur"
    await fill(cara, "Letter", "She was glad. مرحبا")
    await cara.press("Save it for approval")
    # A problem loses nothing of what was typed
    await cara.reads("has a character that cannot be printed")
    await clean(cara, "letter-problem-phone")
    body = cara.page.get_by_label("Letter", exact=True)
    assert await body.input_value() == "She was glad. مرحبا"
    await body.fill("Dear colleague,\n\n# What we found\nShe was glad.\n- Sleeps well")
    await fill(cara, "Subject", "Your patient was seen")
    # Sent a second time, it is written once
    assert "/letters/" in await cara.page.evaluate(SEND)
    await cara.press("Save it for approval")
    await cara.reads("Nobody has approved it yet")
    await clean(cara, "letter-saved-phone")
    return cara.page.url.partition("?")[0]


async def changes_at_once(rowan: Device, cara: Device, address: str) -> None:
    """Both open it; the second to save is shown both texts, and loses neither."""
    await rowan.go(f"{address}/change")
    await cara.go(f"{address}/change")
    await fill(cara, "Letter", "Dear colleague,\n\nShe was very glad.")
    await cara.press("Save it for approval")
    await cara.reads("Nobody has approved it yet")
    await fill(rowan, "Letter", "Dear colleague,\n\nShe seemed glad.")
    await rowan.press("Save it for approval")
    await rowan.reads("Somebody else changed it while you wrote")
    await rowan.reads("She was very glad.")
    mine = rowan.page.get_by_label("Letter", exact=True)
    assert await mine.input_value() == "Dear colleague,\n\nShe seemed glad."
    await clean(rowan, "letter-both")
    await rowan.press("Save it for approval")
    await rowan.reads("She seemed glad.")


async def overwrites(cara: Device, address: str) -> None:
    """The form of a new letter, with an approved one's id and version: it stays."""
    forged = {
        "which": address.rpartition("/")[2],
        "subject": "Forged",
        "to": "Somebody",
        "body": "Forged words",
    }
    for version in range(1, 8):
        answer = await cara.context.request.post(
            f"{address.rpartition('/')[0]}/new",
            form={**forged, "version": str(version)},
            headers={"Origin": address.partition("/patients")[0]},
        )
        assert "Somebody else changed it just now" in await answer.text()


async def has_a_pdf(rowan: Device, folder: Path) -> None:
    async with rowan.page.expect_download() as coming:
        await rowan.page.get_by_role("link", name="Download the PDF").click()
    file = folder / "letter.pdf"
    await (await coming.value).save_as(file)
    assert file.read_bytes().startswith(b"%PDF-")


async def leaves_and_comes_back(rowan: Device) -> None:
    await rowan.page.get_by_label("By post").check()
    await rowan.press("Note that it left")
    await rowan.reads("It is noted that it left")
    await rowan.press("Withdraw it")
    await rowan.press("Withdraw it")
    await rowan.reads("There is a problem")
    await clean(rowan, "letter-withdraw")
    await fill(rowan, "Why", "It was about somebody else’s visit.")
    await rowan.press("Withdraw it")
    await rowan.reads("Withdrawn: It was about somebody else’s visit.")
    await clean(rowan, "letter-withdrawn")
