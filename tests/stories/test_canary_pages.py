# SPDX-License-Identifier: Apache-2.0
"""A nurse slips and opens a canary; a program walks through everybody and meets one."""

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from support.chromium import PHONE, Device, chromium, device
from support.program import Program
from support.served import Served, served
from support.warden import RunningWarden
from wardkeep.base.ids import new_uuid
from wardkeep.base.nhs_number import SYSTEM, nth_test_number
from wardkeep.disclosure.questions import Invite

pytestmark = pytest.mark.asyncio(loop_scope="module")
PATIENTS, A_SLIP = 12, "REEDMACE"
HELD_WITHIN_SECONDS = 5.0


def patient(id_: str, n: int, family: str) -> dict[str, object]:
    return {
        "resourceType": "Patient",
        "id": id_,
        "identifier": [{"system": SYSTEM, "value": nth_test_number(n)}],
        "name": [{"family": family, "given": ["Test"]}],
        "birthDate": "1950-02-03",
    }


def pulse(of: str) -> dict[str, object]:
    """Something clinical: a banner alone opens again once a list has shown it."""
    return {
        "resourceType": "Observation",
        "id": new_uuid(),
        "status": "final",
        "code": {"text": "Pulse"},
        "subject": {"reference": f"Patient/{of}"},
        "valueQuantity": {"value": 72, "unit": "/min"},
    }


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("canaries")) as running:
        running.found("fernhill")
        keys = tmp_path_factory.mktemp("keys")
        with closing(Program(running, keys, organisation="fernhill")) as program:
            for n in range(PATIENTS):
                one = patient(new_uuid(), n, f"ASHDOWN{n}")
                program.put(one)
                program.put(pulse(str(one["id"])))
        running.command(
            *("canary", "plant", str(nobody(tmp_path_factory.mktemp("nobody")))),
            *("--organisation", "fernhill"),
        )
        yield running


def nobody(folder: Path) -> Path:
    record = patient(new_uuid(), 500, A_SLIP)
    found = pulse(str(record["id"]))
    bundle = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": record}, {"resource": found}],
    }
    (folder / "1.json").write_text(json.dumps(bundle))
    return folder


async def arrive(own: Device, server: Served, role: str, name: str) -> None:
    warden = RunningWarden(server, None)  # type: ignore[arg-type]
    account = await warden.account(role, organisation="fernhill", name=name)
    secret = await warden.tell(Invite(account=account, valid_hours=1))
    await warden.operator.close()
    await own.go(f"{server.origin}/enrol/{secret}")
    await own.press("Make your passkey")
    await own.reads("Your passkey is ready")


async def find(own: Device, server: Served, family: str) -> None:
    await own.go(f"{server.origin}/find")
    await own.page.get_by_label("Surname").fill(family)
    await own.page.get_by_label("First name").fill("Test")
    await own.press("Find")
    await own.page.get_by_role("link", name=family).first.click()


async def open_found(own: Device, server: Served, family: str) -> None:
    await find(own, server, family)
    await own.reads("Why are you opening this record?")
    await own.page.get_by_label("Reason").fill("rang about results from Tuesday")
    await own.press("Open the record")


async def test_a_slip_closes_records_the_glass_stays_and_a_lead_releases(
    server: Served,
) -> None:
    async with (
        chromium() as browser,
        device(browser, viewport=PHONE) as nell,
        device(browser) as pia,
        device(browser) as lena,
    ):
        await arrive(nell, server, "ward_nurse", "Nell Rook")
        await arrive(pia, server, "privacy_officer", "Pia Swift")
        await arrive(lena, server, "shift_lead", "Lena Marsh")
        await open_found(nell, server, "ASHDOWN1")
        await nell.reads("ASHDOWN1")
        # Who goes back from the page that asks why has opened nothing
        await find(nell, server, A_SLIP)
        await nell.reads("Why are you opening this record?")
        await open_found(nell, server, "ASHDOWN2")
        await nell.reads("ASHDOWN2")
        # The record of nobody looks like any other
        here = nell.page.url
        await open_found(nell, server, A_SLIP)
        await nell.reads(A_SLIP)
        await nell.picture("canary-opened-phone")
        # And from then on records are closed, in words that give nothing away
        await nell.go(here)
        await nell.reads("Records are closed for you")
        await nell.reads("break the glass for this record")
        assert "canar" not in (await nell.page.content()).lower()
        assert await nell.faults() == []
        await nell.picture("canary-closed-phone")
        await looks(pia, server)
        # The shift lead releases, and is not told either
        await lena.go(f"{server.origin}/security")
        assert "nobody" not in (await lena.page.content()).lower()
        await lena.press("Nell Rook")
        await lena.page.get_by_label("Why it may be released").fill("the wrong line")
        await lena.press("Go on")
        await lena.press("Release with my passkey")
        await lena.reads("It is released")
        await nell.go(here)
        await nell.reads("ASHDOWN2")


async def looks(pia: Device, server: Served) -> None:
    await pia.go(f"{server.origin}/security")
    await pia.press("Somebody opened a record of nobody: Nell Rook")
    await pia.reads("of no real person")
    assert await pia.faults() == []
    assert not await pia.is_wider_than_its_screen()
    await pia.picture("canary-alarm")
    # What she is told does not say which it was
    assert A_SLIP not in await pia.page.content()


async def test_a_program_that_pages_through_everybody_is_stopped_in_every_process(
    server: Served, tmp_path: Path
) -> None:
    def walk() -> tuple[int, float, list[int]]:
        scope = "system/Patient.rs"
        with closing(
            Program(server, tmp_path, organisation="fernhill", scope=scope)
        ) as thief:
            # No page of one: a canary alone is shown, as any record that is opened.
            address, met = "Patient?_count=5", 0
            while True:
                reply = thief.get(address)
                if reply.status != 200:
                    break
                met += len(reply.resources)
                assert A_SLIP not in reply.raw.decode()
                address = reply.link("next")
            began = time.monotonic()
            # Connections of their own reach the other web processes.
            after = []
            for _ in range(12):
                with closing(thief.twin(server)) as other:
                    after.append(other.get("Patient?_count=1").status)
            return met, time.monotonic() - began, after

    met, took, after = await asyncio.to_thread(walk)
    assert met < PATIENTS + 1
    assert 200 not in after
    assert took < HELD_WITHIN_SECONDS
