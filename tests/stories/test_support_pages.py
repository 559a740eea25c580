# SPDX-License-Identifier: Apache-2.0
"""A privacy officer lets support see one record, watches it, and ends it."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from support.chromium import PHONE, Device, arrive, chromium, clean, device
from support.program import Program
from support.served import Served, served
from support.warden import RunningWarden
from wardkeep.disclosure.questions import Invite

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("support")) as running:
        running.found("fernhill")
        _fill(running, tmp_path_factory.mktemp("keys"))
        yield running


def _fill(server: Served, folder: Path) -> None:
    with closing(Program(server, folder, organisation="fernhill")) as program:
        for id_, family in (("anna", "ASHDOWN"), ("bert", "BRACKEN")):
            program.put(
                {
                    "resourceType": "Patient",
                    "id": id_,
                    "name": [{"family": family, "given": ["Test"]}],
                    "birthDate": "1950-02-03",
                }
            )


@pytest.fixture(scope="module")
def links(server: Served) -> dict[str, str]:
    """Enrolment links: two who may grant, and one of support."""
    told = server.command("support", "invite", "--name", "Wren Hollis", "--json")
    found = {"wren": str(json.loads(told)["link"])}
    found |= asyncio.run(_links(server))
    return found


async def _links(server: Served) -> dict[str, str]:
    warden = RunningWarden(server, None)  # type: ignore[arg-type]
    found = {}
    people = (("ada", "Ada Holt", "administrator"), ("pia", "Pia S", "privacy_officer"))
    for key, name, role in people:
        account = await warden.account(role, organisation="fernhill", name=name)
        secret = await warden.tell(Invite(account=account, valid_hours=1))
        found[key] = f"{server.origin}/enrol/{secret}"
    await warden.operator.close()
    return found


async def ask(ada: Device, origin: str) -> None:
    await ada.go(f"{origin}/support")
    await clean(ada, "support-empty")
    await ada.press("Let support see a record")
    await ada.press("Go on")
    await ada.reads("There is a problem")
    await clean(ada, "support-grant-wrong")
    await ada.page.get_by_label("Wren Hollis").check()
    await ada.page.get_by_label("Which patients").fill(f"{origin}/patients/anna")
    await ada.page.get_by_label("The whole record").check()
    await ada.page.get_by_label("What for").fill("call 4711, the chart stays empty")
    await ada.press("Go on")
    await ada.reads("Let Wren Hollis of support see one patient for 15 minutes")
    await clean(ada, "support-confirm")
    await ada.press("Ask with my passkey")
    await ada.reads("Nothing changes until a colleague confirms it")


async def confirm(pia: Device, origin: str) -> None:
    await pia.go(f"{origin}/people/requests")
    await pia.page.get_by_role("link", name="Decide").first.click()
    await pia.press("Go on to confirm it")
    await pia.press("Confirm with my passkey")
    await pia.reads("Confirmed. It holds now.")
    await pia.go(f"{origin}/support")
    await pia.press("Wren Hollis")
    await pia.reads("Live ·")


async def test_support_sees_one_record_while_it_is_watched(
    server: Served, links: dict[str, str]
) -> None:
    origin = server.origin
    async with (
        chromium() as browser,
        device(browser) as ada,
        device(browser, viewport=PHONE) as pia,
        device(browser) as wren,
    ):
        # Given Wren of support sees nothing
        await nothing_for(wren, links["wren"], origin)
        # When Ada asks and Pia confirms
        await arrive(ada, links["ada"])
        await ask(ada, origin)
        await arrive(pia, links["pia"])
        await confirm(pia, origin)
        # Then Wren opens that record and no other, and Pia sees it happen
        await opened_by(wren, origin)
        await pia.page.get_by_role("link", name="anna").wait_for(timeout=15000)
        await clean(pia, "support-watch-phone")
        # And one button ends it
        await pia.press("End it now")
        await pia.reads("by Pia S")
        await wren.go(f"{origin}/patients/anna")
        await wren.reads("Your session has ended")
        assert pia.complaints == []


async def nothing_for(wren: Device, link: str, origin: str) -> None:
    await arrive(wren, link)
    await wren.go(f"{origin}/helping")
    await wren.reads("Nothing is granted to you now")
    await clean(wren, "support-nothing")
    await wren.go(f"{origin}/patients/anna")
    assert "ASHDOWN" not in await wren.page.content()


async def opened_by(wren: Device, origin: str) -> None:
    await wren.go(f"{origin}/helping")
    await clean(wren, "support-granted")
    await wren.page.get_by_role("button", name="Go there").click()
    await wren.go(f"{origin}/helping")
    await wren.press("Open the record anna")
    await wren.reads("ASHDOWN")
    await clean(wren, "support-record")
    await wren.go(f"{origin}/patients/bert")
    assert "BRACKEN" not in await wren.page.content()
