# SPDX-License-Identifier: Apache-2.0
"""A nurse prints a record at night; a privacy officer makes a copy for the patient."""

import asyncio
import hashlib
import json
import zipfile
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from support.chromium import Device, arrive, chromium, clean, device
from support.paper import sheets_of
from support.program import Program
from support.served import Served, served
from support.warden import RunningWarden
from wardkeep.base.nhs_number import SYSTEM, nth_test_number
from wardkeep.disclosure.questions import Invite
from wardkeep.identity.roles import Role
from wardkeep.web.trouble import NOT_FOUND

pytestmark = pytest.mark.asyncio(loop_scope="module")
REASON = "goes to the hospice today"
LETTER = "Dear colleague, thank you for seeing Fern again."
NUMBER = nth_test_number(7)
SHOWN = f"{NUMBER[:3]} {NUMBER[3:6]} {NUMBER[6:]}"
SUMMARY = ("Asthma", "Salbutamol inhaler", "2 puffs", "Penicillin", "Rash")
ASKED = (
    *("Problems, allergies and alerts", "Medicines and vaccinations"),
    *("Observations and results", "Documents, notes and answers"),
)
MANY = 120
"""Results: some sheets of them."""


class Team(NamedTuple):
    """Enrolment links."""

    nurse: str
    colleague: str
    officer: str
    second: str


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("copies")) as running:
        running.found("fernhill")
        keys = tmp_path_factory.mktemp("keys")
        with closing(Program(running, keys, organisation="fernhill")) as program:
            program.put(patient("fern", "ASHDOWN", NUMBER))
            for n in range(Role.WARD_NURSE.budget.prints + 1):
                program.put(patient(f"p{n}", f"FENWICK{n}", nth_test_number(20 + n)))
            for content in record("fern"):
                program.put(content)
        yield running


def patient(id_: str, family: str, number: str) -> dict[str, Any]:
    return {
        "resourceType": "Patient",
        "id": id_,
        "identifier": [{"system": SYSTEM, "value": number}],
        "name": [{"family": family, "given": ["Fern"]}],
        "gender": "female",
        "birthDate": "1950-02-03",
        "address": [{"line": ["2 Reed Lane"], "city": "Fernhill"}],
    }


def record(patient_id: str) -> Iterator[dict[str, Any]]:
    of = {"subject": {"reference": f"Patient/{patient_id}"}}
    yield {
        "resourceType": "Condition",
        "id": "asthma",
        "code": {"text": "Asthma"},
        "onsetDateTime": "2009-04-02",
        **of,
    }
    yield {
        "resourceType": "AllergyIntolerance",
        "id": "penicillin",
        "code": {"text": "Penicillin"},
        "reaction": [{"manifestation": [{"text": "Rash"}]}],
        "patient": of["subject"],
    }
    yield {
        "resourceType": "MedicationRequest",
        "id": "salbutamol",
        "status": "active",
        "intent": "order",
        "medicationCodeableConcept": {"text": "Salbutamol inhaler"},
        "dosageInstruction": [{"text": "2 puffs when needed"}],
        "authoredOn": "2024-05-01",
        **of,
    }
    yield {
        "resourceType": "DocumentReference",
        "id": "letter",
        "status": "current",
        "description": "Letter to the hospice",
        "date": "2026-11-20T09:00:00Z",
        "content": [
            {
                "attachment": {
                    "contentType": "text/plain",
                    "data": b64encode(LETTER.encode()).decode(),
                }
            }
        ],
        **of,
    }
    for n in range(MANY):
        yield {
            "resourceType": "Observation",
            "id": f"pulse-{n}",
            "status": "final",
            "code": {"text": "Heart rate"},
            "effectiveDateTime": f"2026-{1 + n % 10:02d}-{1 + n % 28:02d}T09:00:00Z",
            "valueQuantity": {"value": n, "unit": "/min"},
            **of,
        }


@pytest.fixture(scope="module")
def team(server: Served) -> Team:
    return asyncio.run(_team(server))


async def _team(server: Served) -> Team:
    warden = RunningWarden(server, None)  # type: ignore[arg-type]
    warden.home = "fernhill"
    nurse = await warden.account("ward_nurse", name="Nora Swift")
    for n in range(Role.WARD_NURSE.budget.prints + 1):
        await warden.relate(nurse, f"p{n}", organisation="fernhill")
    links = []
    for account in (
        nurse,
        await warden.account("ward_nurse", name="Noah Vale"),
        await warden.account("privacy_officer", name="Pia Swift"),
        await warden.account("privacy_officer", name="Petra Moor"),
    ):
        secret = await warden.tell(Invite(account=account, valid_hours=1))
        links.append(f"{server.origin}/enrol/{secret}")
    await warden.operator.close()
    return Team(*links)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as running:
        yield running


async def test_a_nurse_prints_at_night_and_every_sheet_says_whose_it_is(
    server: Served, team: Team, browser: Browser
) -> None:
    async with device(browser) as nora:
        await opens(nora, server, team.nurse)
        # The screen is not for paper: it says where to print from, and nothing else
        [sheet] = await sheets_of(nora)
        assert "choose Print" in sheet
        assert not any(words in sheet for words in ("ASHDOWN", "Asthma", SHOWN))
        # One tap
        await nora.press("Print")
        await nora.reads("counts as printed by you")
        await clean(nora, "print-summary")
        [sheet] = await sheets_of(nora)
        assert all(words in sheet for words in SUMMARY)
        assert "Who else opened" not in sheet
        assert sheet.count("/min") == 1
        await prints_all_of_it(nora)
        await own_document(nora, server)
        await nora.page.set_viewport_size({"width": 390, "height": 844})
        await nora.go(f"{server.origin}/patients/fern/print")
        await clean(nora, "print-summary-phone")
        await nora.go(f"{server.origin}/patients/fern")
        await clean(nora, "print-record-phone")
        await runs_out(nora, server)
        assert nora.complaints == []


async def opens(nurse: Device, server: Served, link: str) -> None:
    await arrive(nurse, link)
    await nurse.go(f"{server.origin}/patients/fern")
    await nurse.page.get_by_label("Reason").fill(REASON)
    await nurse.press("Open the record")
    await nurse.reads("Who else opened this record")


async def prints_all_of_it(nora: Device) -> None:
    await nora.press("Whole record")
    await nora.reads("Letter to the hospice")
    sheets = await sheets_of(nora)
    assert len(sheets) >= 3
    for n, sheet in enumerate(sheets, 1):
        for words in (
            *("ASHDOWN, Fern", SHOWN, "printed by Nora Swift, Ward nurse", "entry"),
            f"Page {n} of {len(sheets)}",
        ):
            assert words in sheet
    # 0 is a value, and each of them is there
    assert sum(sheet.count("/min") for sheet in sheets) == MANY


async def own_document(nora: Device, server: Served) -> None:
    await nora.go(f"{server.origin}/patients/fern/documents/letter")
    [sheet] = await sheets_of(nora)
    assert LETTER not in sheet
    await nora.press("Print")
    await nora.reads(LETTER)
    await clean(nora, "print-document")
    [sheet] = await sheets_of(nora)
    assert LETTER in sheet
    assert SHOWN in sheet
    for missing in ("p0/print?document=letter", "fern/print?part=everything"):
        await nora.go(f"{server.origin}/patients/{missing}")
        await nora.reads(NOT_FOUND.title)


async def runs_out(nora: Device, server: Served) -> None:
    """Her ward is expected, and so are so many prints of it a day."""
    most = Role.WARD_NURSE.budget.prints
    for n in range(most - 1):
        await nora.go(f"{server.origin}/patients/p{n}/print")
        await nora.reads("counts as printed by you")
    await nora.go(f"{server.origin}/patients/p{most}/print")
    await nora.reads("Not printed")
    await clean(nora, "print-spent")
    # It opens as before, and what was printed is printed again for nothing
    await nora.go(f"{server.origin}/patients/p{most}")
    await nora.reads("Who else opened this record")
    await nora.go(f"{server.origin}/patients/fern/print")
    await nora.reads("counts as printed by you")


async def test_an_officer_makes_a_copy_and_another_looks_at_it(
    server: Served, team: Team, browser: Browser
) -> None:
    async with (
        device(browser) as noah,
        device(browser) as pia,
        device(browser) as petra,
    ):
        # Given a record that a nurse printed
        await opens(noah, server, team.colleague)
        await noah.press("Print")
        await noah.reads("counts as printed by you")
        await arrive(pia, team.officer)
        await arrive(petra, team.second)
        await finds(pia, server)
        await pia.go(f"{server.origin}/patients/fern/copy")
        await pia.press("Go on")
        await pia.reads("There is a problem")
        await clean(pia, "copy-faults")
        await asks(pia)
        await pia.reads("What has left cannot be called back")
        await clean(pia, "copy-confirm")
        await pia.press("Sign for the copy with my passkey")
        await pia.reads("The copy is signed for")
        await clean(pia, "copy-signed")
        async with pia.page.expect_download() as coming:
            await pia.press("Download the copy")
        await asyncio.to_thread(holds, await (await coming.value).path())
        assert pia.complaints == []
        # The one who made it does not look at it; a colleague does
        await pia.go(f"{server.origin}/security/today")
        await clean(pia, "copy-today")
        await petra.go(f"{server.origin}/security")
        await petra.reads("A copy of a record was signed for")
        await clean(petra, "copy-desk")
        await petra.go(f"{server.origin}/patients/fern/history")
        await petra.reads("Signed for a copy")
        await petra.reads("Printed")


async def finds(pia: Device, server: Served) -> None:
    await pia.go(f"{server.origin}/patients/fern/copy")
    await pia.reads("Whose record is it?")
    await clean(pia, "copy-unknown")
    await pia.go(f"{server.origin}/find")
    await pia.page.get_by_label("NHS number").fill(NUMBER)
    await pia.press("Find")
    await pia.reads("ASHDOWN")


async def asks(pia: Device) -> None:
    await pia.page.get_by_label("The person asks for their data").check()
    await pia.page.get_by_label("Who asked").fill("herself, passport seen today")
    await pia.page.get_by_label("Reason").fill("letter of 20 November")
    for part in ASKED:
        await pia.page.get_by_label(part).check()
    await pia.page.locator("#since-day").fill("1")
    await pia.page.locator("#since-month").fill("3")
    await pia.page.locator("#since-year").fill("2026")
    await pia.press("Go on")


def holds(file: Path) -> None:
    """The files say the same, and the manifest names them as they are."""
    copy = zipfile.ZipFile(file)
    told = json.loads(copy.read("manifest.json"))
    assert told["files"] == [
        {
            "name": name,
            "bytes": len(copy.read(name)),
            "sha256": hashlib.sha256(copy.read(name)).hexdigest(),
        }
        for name in ("record.html", "record.json")
    ]
    assert (told["asked_by"], told["since"]) == (
        "herself, passport seen today",
        "2026-03-01",
    )
    bundle = json.loads(copy.read("record.json"))
    assert bundle["type"] == "collection"
    found = [one["resource"] for one in bundle["entry"]]
    assert {one["resourceType"] for one in found} == {
        *("Patient", "DocumentReference", "Observation", "AllergyIntolerance")
    }
    months = {
        one["effectiveDateTime"][5:7]
        for one in found
        if one["resourceType"] == "Observation"
    }
    assert months == {f"{n:02d}" for n in range(3, 11)}
    assert told["resources"]["Observation"] == told_of(found, "Observation")
    # Two months of results, and what is older than the period
    assert told["stays"] == {"other_times": MANY // 5 + 2}
    page = copy.read("record.html").decode()
    assert LETTER in page
    assert "ASHDOWN, Fern" in page
    assert "<script" not in page


def told_of(found: list[dict[str, Any]], type_: str) -> int:
    return sum(one["resourceType"] == type_ for one in found)
