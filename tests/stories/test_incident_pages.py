# SPDX-License-Identifier: Apache-2.0
"""A privacy officer declares what a stolen key and session reached; a patient reads it.

The key read three records. The session sent two of them on, to a surgery.
"""

import asyncio
import io
import zipfile
from collections.abc import Iterator
from contextlib import closing
from typing import NamedTuple

import pytest

from support.along import sends_along
from support.chromium import PHONE, Device, arrive, chromium, clean, device
from support.ledgers import entries_in
from support.program import Program
from support.served import Served, served
from support.warden import RunningWarden
from wardkeep.base.ids import OrganisationId
from wardkeep.disclosure.questions import Invite

pytestmark = pytest.mark.asyncio(loop_scope="module")
WHAT = "A program’s key was copied and used by somebody else."
DOING = "The key is stopped. We look at how it was copied."
ASK = "Fernhill privacy office, 020 7946 0000, day and night."


KILBY = "Kilby Surgery (ODS A82001)"


class Town(NamedTuple):
    """A running copy, whose key and session were stolen, and enrolment links."""

    server: Served
    thief: str
    session: str
    officer: str
    second: str
    nurse: str
    stranger: str


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("incident-pages")) as running:
        for slug in ("fernhill", "hollow"):
            running.found(slug)
        yield running


@pytest.fixture(scope="module")
def town(server: Served, tmp_path_factory: pytest.TempPathFactory) -> Town:
    keys = tmp_path_factory.mktemp("keys")
    with closing(Program(server, keys, organisation="fernhill")) as program:
        for one in ("anna", "bert", "cara"):
            name = [{"family": "ASHDOWN", "given": [one.title()]}]
            home = {"line": ["2 Reed Lane"], "city": "Fernhill", "postalCode": "ZZ1"}
            program.put(
                {
                    "resourceType": "Patient",
                    "id": one,
                    "name": name,
                    "birthDate": "1950-02-03",
                    **({} if one == "cara" else {"address": [home]}),
                }
            )
            program.put(
                {
                    "resourceType": "Condition",
                    "id": f"asthma-{one}",
                    "code": {"text": "Asthma"},
                    "subject": {"reference": f"Patient/{one}"},
                }
            )
        thief = program.id
    sent = {
        one: [("Patient", one), ("Condition", f"asthma-{one}")]
        for one in ("anna", "bert")
    }
    token = server.sign_in("fernhill", list(sent), "health_advisor")
    said = sends_along(server, token, sent, to=KILBY, of=OrganisationId(1))
    assert said == ["", ""]
    (session,) = {
        one.session for one in entries_in(server.layout.ledger) if one.action == "send"
    }
    links = asyncio.run(_links(server))
    return Town(server, thief, session, *links)


async def _links(server: Served) -> list[str]:
    warden = RunningWarden(server, None)  # type: ignore[arg-type]
    links = []
    for role, name, home in (
        ("privacy_officer", "Pia Swift", "fernhill"),
        ("privacy_officer", "Petra Lind", "fernhill"),
        ("ward_nurse", "Nell Rook", "fernhill"),
        ("privacy_officer", "Sam Strang", "hollow"),
    ):
        account = await warden.account(role, organisation=home, name=name)
        secret = await warden.tell(Invite(account=account, valid_hours=1))
        links.append(f"{server.origin}/enrol/{secret}")
    await warden.operator.close()
    return links


async def declares(pia: Device, town: Town) -> None:
    await pia.go(f"{town.server.origin}/security")
    await pia.press("Incidents")
    await pia.reads("No incident was declared")
    await clean(pia, "incidents-empty")
    await pia.press("Declare an incident")
    await pia.press("Count who was reached")
    await pia.reads("There is a problem")
    await clean(pia, "incident-declare-errors")
    await pia.page.get_by_label("What happened?").fill(WHAT)
    await pia.page.get_by_label("What is being done").fill(DOING)
    await pia.page.get_by_label("Whom to ask").fill(ASK)
    await pia.page.get_by_label("Network address").fill("1.2.3")
    await pia.press("Count who was reached")
    await pia.reads("1.2.3 is no network address")
    # What was typed is still there
    assert await pia.page.get_by_label("What happened?").input_value() == WHAT
    await pia.page.get_by_label("Network address").fill("")
    await pia.page.get_by_label("Program or app").fill(town.thief)
    await pia.page.get_by_label("Session", exact=True).fill(town.session)
    await pia.press("Count who was reached")
    await pia.reads("3 people of your organisation were reached")
    await pia.reads(f"Sent by message to {KILBY}")
    await pia.reads("there it is not in the hands of whoever used the account")
    await pia.reads("Nothing is declared yet")
    await clean(pia, "incident-counted")
    await goes_back_and_declares(pia)


async def goes_back_and_declares(pia: Device) -> None:
    await pia.press("Change what I typed")
    assert await pia.page.get_by_label("What happened?").input_value() == WHAT
    await pia.press("Count who was reached")
    await pia.reads("3 people of your organisation were reached")
    await pia.press("Go on to declare it")
    await pia.reads("Patients who were reached read it on their own page")
    await clean(pia, "incident-declare-confirm")
    await pia.press("Declare it with my passkey")
    await pia.reads("It is declared")
    await pia.reads("71 h")
    await clean(pia, "incidents")


async def takes_the_drafts(pia: Device) -> None:
    await pia.press(WHAT)
    await pia.reads("People reached")
    await pia.reads(f"Sent by message to {KILBY}")
    await clean(pia, "incident")
    await pia.press("Report to the regulator")
    await pia.reads("Still to be filled in")
    await pia.reads("article 33(3)(a)")
    await pia.reads(f"Sent by message to {KILBY}")
    await clean(pia, "incident-report")
    await pia.page.emulate_media(media="print")
    await pia.picture("incident-report-printed")
    await pia.page.emulate_media(media="screen")
    async with pia.page.expect_download() as begun:
        await pia.press("Download as a file")
    file = await (await begun.value).path()
    assert "data protection officer" in file.read_text(encoding="utf-8")
    await pia.press("Back to the incident")
    await signs_for_all_of_them(pia)


async def signs_for_all_of_them(pia: Device) -> None:
    await pia.press("Take the list and the letters")
    await pia.press("Sign for them with my passkey")
    await pia.press("Who was reached")
    await pia.reads("anna")
    assert (await pia.page.content()).count(f"Sent by message to {KILBY}") == 2
    await clean(pia, "incident-reached")
    assert "ASHDOWN" not in await pia.page.content()
    await pia.press("Back to the incident")
    async with pia.page.expect_download() as begun:
        await pia.press("Download all drafts and letters")
    packed = await (await begun.value).path()
    with zipfile.ZipFile(io.BytesIO(packed.read_bytes())) as found:
        names = set(found.namelist())
        assert found.testzip() is None
        letter = found.read("letters/an/anna.html").decode()
        other = found.read("letters/ca/cara.html").decode()
        table = found.read("people.csv").decode()
    assert {
        "report-to-regulator.html",
        "what-to-say.html",
        "evidence.json",
        "people.csv",
        "letters/be/bert.html",
    } <= names
    assert "problems and diagnoses" in letter
    assert DOING in letter
    assert "ASHDOWN" not in letter
    assert "Who else has it" in letter
    assert KILBY in letter
    assert KILBY not in other
    assert "anna" in table
    assert table.count(f"Sent by message to {KILBY}") == 2


async def revises_and_withdraws(pia: Device) -> None:
    await pia.press("Add what was found since")
    await pia.page.get_by_label("What is new?").fill("The ledger was read once more.")
    await pia.press("Count who was reached")
    await pia.press("Go on to revise it")
    await pia.press("Revise it with my passkey")
    await pia.reads("The new version is written down")
    await pia.press(WHAT)
    await pia.reads("The ledger was read once more.")
    await clean(pia, "incident-revised")
    await pia.press("It was none: withdraw it")
    await pia.press("Go on")
    await pia.reads("There is a problem")
    await pia.page.get_by_label("Why was it none?").fill("It was a drill of our own.")
    await clean(pia, "incident-withdraw")
    await pia.press("Go on")
    await pia.press("Withdraw it with my passkey")
    await pia.reads("It is withdrawn")
    await clean(pia, "incidents-withdrawn")


async def signs_in_as_patient(nell: Device, anna: Device, origin: str) -> None:
    await nell.go(f"{origin}/patients/anna")
    await nell.page.get_by_label("Reason").fill("rang about the letter of Tuesday")
    await nell.press("Open the record")
    await nell.press("The patient’s own sign-in")
    await nell.press("Give the patient a link")
    await nell.press("Make the link with my passkey")
    shown = nell.page.locator("[data-links]")
    await shown.get_by_text(f"{origin}/enrol/").first.wait_for()
    words = (await shown.inner_text()).split()
    await arrive(anna, next(word for word in words if "/enrol/" in word))


async def open_the_addresses(pia: Device, petra: Device, origin: str) -> None:
    """Anna and Bert have an address; Cara has none, and somebody decides."""
    await pia.go(f"{origin}/security/incidents")
    await pia.press(WHAT)
    await pia.press("Ask for the letters")
    await pia.press("Ask for them with my passkey")
    await pia.reads("Another privacy officer approves them; you cannot.")
    await clean(pia, "incident-letters-asked")
    await petra.go(f"{origin}/security/incidents")
    await petra.press(WHAT)
    await petra.press("Approve the letters")
    await clean(petra, "incident-letters-approve-phone")
    await petra.press("Approve them with my passkey")
    await petra.reads("It is approved")
    await clean(petra, "incident-letters-phone")
    async with petra.page.expect_download() as begun:
        await petra.press("Download the letters for the mail house")
    packed = await (await begun.value).path()
    with zipfile.ZipFile(io.BytesIO(packed.read_bytes())) as found:
        assert found.testzip() is None
        names = set(found.namelist())
        letter = found.read("letters/an/anna.html").decode()
        post = found.read("to-post.csv").decode()
        decide = found.read("to-decide.csv").decode()
    assert "letters/ca/cara.html" not in names
    assert "Dear Anna ASHDOWN" in letter
    assert "2 Reed Lane" in letter
    assert "Anna ASHDOWN" in post
    assert "no address that holds today" in decide
    assert "ASHDOWN" not in decide


async def looks_on_a_phone(petra: Device, origin: str) -> None:
    await petra.go(f"{origin}/security")
    await petra.press("An incident was declared that touches your patients: Pia Swift")
    await petra.press("See the incidents")
    await clean(petra, "incidents-phone")
    await petra.press(WHAT)
    await petra.reads("People reached")
    await clean(petra, "incident-phone")
    await petra.press("What to say: colleagues, website, telephone")
    await clean(petra, "incident-words-phone")
    await petra.go(f"{origin}/security/incidents/new")
    await clean(petra, "incident-declare-phone")


async def test_an_officer_declares_takes_drafts_and_a_patient_reads_of_it(
    town: Town,
) -> None:
    origin = town.server.origin
    async with (
        chromium() as browser,
        device(browser) as pia,
        device(browser) as nell,
        device(browser, viewport=PHONE) as anna,
        device(browser, viewport=PHONE) as petra,
        device(browser) as sam,
    ):
        # Given a privacy officer who knows which program's key was stolen
        await arrive(pia, town.officer)
        await arrive(petra, town.second)
        await arrive(sam, town.stranger)
        await arrive(nell, town.nurse)
        await signs_in_as_patient(nell, anna, origin)
        # When she counts, declares, and takes the drafts
        await declares(pia, town)
        await takes_the_drafts(pia)
        # Then the patient reads of it on her own page
        await anna.go(f"{origin}/my-record")
        await anna.reads("Somebody saw part of your record")
        await anna.reads("Problems and diagnoses")
        await anna.reads(ASK)
        await anna.reads(f"Sent by message to {KILBY}")
        await clean(anna, "incident-own-record-phone")
        # And a colleague has an alarm, and looks at it on her phone
        await looks_on_a_phone(petra, origin)
        # And two of them open the addresses, for the mail house
        await open_the_addresses(pia, petra, origin)
        # And another organisation's officer sees nothing of it
        await sam.go(f"{origin}/security/incidents")
        await sam.reads("No incident was declared")
        # And when it turns out to be none, the patient finds it no more
        await pia.page.reload()
        await revises_and_withdraws(pia)
        await anna.go(f"{origin}/my-record")
        await anna.reads("Who opened it")
        assert WHAT not in await anna.page.content()
        for one in (pia, nell, anna, petra, sam):
            assert one.complaints == []
