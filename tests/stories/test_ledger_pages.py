# SPDX-License-Identifier: Apache-2.0
"""A privacy officer reads why something was refused, and who opened a record."""

import asyncio
from collections.abc import Iterator
from contextlib import closing

import pytest

from support.chromium import PHONE, Device, arrive, chromium, clean, device
from support.program import Program
from support.served import Served, served
from support.warden import RunningWarden
from wardkeep.disclosure.questions import Invite

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("ledger")) as running:
        running.found("fernhill")
        keys = tmp_path_factory.mktemp("keys")
        with closing(Program(running, keys, organisation="fernhill")) as program:
            program.put(
                {
                    "resourceType": "Patient",
                    "id": "p1",
                    "name": [{"family": "ASHDOWN", "given": ["Test"]}],
                    "birthDate": "1950-02-03",
                }
            )
        yield running


async def links(server: Served) -> tuple[str, str]:
    warden = RunningWarden(server, None)  # type: ignore[arg-type]
    made = []
    for role, name in (
        ("ward_nurse", "Nell Rook"),
        ("privacy_officer", "Pia Swift"),
    ):
        account = await warden.account(role, organisation="fernhill", name=name)
        secret = await warden.tell(Invite(account=account, valid_hours=1))
        made.append(f"{server.origin}/enrol/{secret}")
    await warden.operator.close()
    return made[0], made[1]


@pytest.fixture(scope="module")
def team(server: Served) -> tuple[str, str]:
    return asyncio.run(links(server))


async def refuse_and_open(nurse: Device, link: str, origin: str) -> None:
    """Opening without a reason is refused; with one it is granted."""
    await arrive(nurse, link)
    await nurse.go(f"{origin}/patients/p1")
    await nurse.page.get_by_label("Reason").fill("rang about results of Tuesday")
    await nurse.press("Open the record")


async def test_a_refusal_is_read_in_plain_words_on_desk_and_phone(
    server: Served, team: tuple[str, str]
) -> None:
    nurse_link, officer_link = team
    origin = server.origin
    async with (
        chromium() as browser,
        device(browser, viewport=PHONE) as nurse,
        device(browser) as officer,
    ):
        await arrive(officer, officer_link)
        await officer.go(f"{origin}/security/refusals")
        await officer.reads("Nothing was refused here.")
        await refuse_and_open(nurse, nurse_link, origin)
        await officer.go(f"{origin}/security")
        await officer.page.get_by_role("link", name="What was refused, and why").click()
        for words in (
            "Nell Rook",
            "No relationship explained the opening",
            "What would have allowed it: A reason in a few words",
        ):
            await officer.reads(words)
        await clean(officer, "refusals")
        await read_history(officer)
        await officer.page.set_viewport_size({"width": 390, "height": 844})
        for page in ("security/refusals", "patients/p1/history"):
            await officer.go(f"{origin}/{page}")
            await clean(officer, f"{page.replace('/', '-')}-on-a-phone")
        for closed in ("security/refusals", "patients/p1/history.csv"):
            answer = await nurse.page.goto(f"{origin}/{closed}")
            assert answer is not None
            assert answer.status == 403


async def read_history(officer: Device) -> None:
    await officer.page.get_by_role("link", name="Record 1", exact=True).first.click()
    await officer.reads("Who opened this record")
    await officer.reads("1 Patient")
    await clean(officer, "history-of-a-patient")
    async with officer.page.expect_download() as saved:
        await officer.page.get_by_role("link", name="All of it as CSV").click()
    text = (await (await saved.value).path()).read_text(encoding="utf-8")
    assert text.startswith("entry,at,account,")
    assert "reason is given" in text
