# SPDX-License-Identifier: Apache-2.0
"""A nurse gives a patient a link; the patient sees who opened the record, no more."""

import asyncio
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from support.chromium import PHONE, Device, chromium, clean, device
from support.program import Program
from support.served import Served, served
from support.warden import RunningWarden
from wardkeep.base.nhs_number import SYSTEM, nth_test_number
from wardkeep.disclosure.questions import Invite

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("patients")) as running:
        running.found("fernhill")
        _fill(running, tmp_path_factory.mktemp("keys"))
        yield running


def _fill(server: Served, folder: Path) -> None:
    with closing(Program(server, folder, organisation="fernhill")) as program:
        for n, (id_, family) in enumerate((("anna", "ASHDOWN"), ("bert", "BRACKEN"))):
            program.put(
                {
                    "resourceType": "Patient",
                    "id": id_,
                    "identifier": [{"system": SYSTEM, "value": nth_test_number(n)}],
                    "name": [{"family": family, "given": ["Test"]}],
                    "birthDate": "1950-02-03",
                }
            )


@pytest.fixture(scope="module")
def link(server: Served) -> str:
    return asyncio.run(_link(server))


async def _link(server: Served) -> str:
    warden = RunningWarden(server, None)  # type: ignore[arg-type]
    account = await warden.account(
        "ward_nurse", organisation="fernhill", name="Nell Rook"
    )
    secret = await warden.tell(Invite(account=account, valid_hours=1))
    await warden.operator.close()
    return f"{server.origin}/enrol/{secret}"


async def opens(nell: Device, origin: str) -> None:
    await nell.go(f"{origin}/patients/anna")
    await nell.page.get_by_label("Reason").fill("rang about the letter of Tuesday")
    await nell.press("Open the record")
    await nell.reads("ASHDOWN")


async def gives_a_link(nell: Device, origin: str) -> str:
    await nell.press("The patient’s own sign-in")
    await nell.reads("This patient does not sign in here")
    await clean(nell, "patient-account-none")
    await nell.press("Give the patient a link")
    await nell.reads("Do it only when the person stands before you")
    await clean(nell, "patient-invite")
    await nell.press("Make the link with my passkey")
    shown = nell.page.locator("[data-links]")
    await shown.get_by_text(f"{origin}/enrol/").first.wait_for()
    await clean(nell, "patient-link")
    found = await shown.inner_text()
    return next(word for word in found.split() if "/enrol/" in word)


async def sees_it(anna: Device, given: str, origin: str) -> None:
    await anna.go(given)
    assert "take this work on" not in await anna.page.content()
    await clean(anna, "patient-enrol-phone")
    await anna.press("Make your passkey")
    await anna.arrives("/account?enrolled=yes")
    await clean(anna, "patient-my-account-phone")
    await anna.go(f"{origin}/")
    await anna.arrives("/my-record")
    await anna.reads("Test ASHDOWN")
    await anna.reads("Ward nurse")
    await anna.reads("letter of Tuesday")
    await anna.reads("Gave you a link to sign in")
    text = await anna.page.content()
    assert "Nell Rook" not in text
    await clean(anna, "patient-my-record-phone")
    await anna.page.get_by_role("link", name="I do not recognise this").first.click()
    await anna.page.get_by_label("What should they know?").fill("I was in Spain")
    await clean(anna, "patient-question-phone")
    await anna.press("Ask them to look")
    await anna.reads("looks at it within three days")


async def test_a_patient_sees_who_opened_the_record_and_no_more(
    server: Served, link: str
) -> None:
    origin = server.origin
    async with (
        chromium() as browser,
        device(browser) as nell,
        device(browser, viewport=PHONE) as anna,
    ):
        # Given a nurse who opened the record
        await nell.go(link)
        await nell.press("Make your passkey")
        await nell.reads("Your passkey is ready")
        await opens(nell, origin)
        # When she gives the patient, who stands there, a link
        given = await gives_a_link(nell, origin)
        # Then the patient sees who opened it
        await sees_it(anna, given, origin)
        # And nothing else
        for path in ("/find", "/patients/anna", "/patients/bert", "/people"):
            await anna.go(f"{origin}{path}")
            text = await anna.page.content()
            assert "BRACKEN" not in text
            assert "Your role does not include this page" in text, path
        # And the nurse can end it
        await nell.go(f"{origin}/patients/anna/sign-in")
        await clean(nell, "patient-account")
        await nell.press("End the patient’s account")
        await clean(nell, "patient-account-end")
        await nell.page.get_by_role("button", name="End the patient’s account").click()
        await nell.reads("The patient’s account has ended")
        await anna.go(f"{origin}/my-record")
        await anna.reads("Your session has ended")
        assert nell.complaints == []
