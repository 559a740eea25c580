# SPDX-License-Identifier: Apache-2.0
"""From the sign-in page to the chart, in a real browser, for a nurse who comes back.

Three interactions: the passkey's button, the NHS number and Enter, the patient's name.
Typing is by machine: what is measured is what the nurse waits for.
"""

import asyncio
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.chromium import Device, chromium, device
from support.program import Program
from support.served import Served, served
from support.warden import RunningWarden
from wardkeep.base.nhs_number import SYSTEM, nth_test_number
from wardkeep.disclosure.questions import Invite

ROUNDS = 7
NUMBER = nth_test_number(7)
PATIENT = {
    "resourceType": "Patient",
    "id": "anna",
    "identifier": [{"system": SYSTEM, "value": NUMBER}],
    "name": [{"family": "ASHDOWN", "given": ["Test"]}],
    "birthDate": "1950-02-03",
}


def run() -> dict[str, float]:
    """Seconds, the middle and the longest of the rounds."""
    with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as running:
        running.found("fernhill")
        keys = Path(folder) / "keys"
        keys.mkdir()
        with closing(Program(running, keys, organisation="fernhill")) as program:
            program.put(PATIENT)
        waits = sorted(asyncio.run(_rounds(running)))
    return {
        "sign-in page to chart, 3 interactions, median s": waits[len(waits) // 2],
        f"the longest of {ROUNDS} s": waits[-1],
    }


async def _rounds(server: Served) -> list[float]:
    link = await _nurse(server)
    async with chromium() as browser, device(browser) as own:
        await own.go(link)
        await own.press("Make your passkey")
        await own.reads("Your passkey is ready")
        waits = []
        for _ in range(ROUNDS):
            await own.press("Sign out")
            await own.reads("You are signed out")
            waits.append(await _round(own))
        return waits


async def _nurse(server: Served) -> str:
    warden = RunningWarden(server, None)  # type: ignore[arg-type]
    account = await warden.account("ward_nurse", organisation="fernhill")
    await warden.relate(account, "anna")
    secret = await warden.tell(Invite(account=account, valid_hours=1))
    await warden.operator.close()
    return f"{server.origin}/enrol/{secret}"


async def _round(own: Device) -> float:
    began = time.perf_counter()
    await own.press("Sign in with your passkey")
    field = own.page.get_by_label("NHS number")
    await field.fill(NUMBER)
    await field.press("Enter")
    await own.page.get_by_role("link", name="ASHDOWN").first.click()
    await own.page.get_by_role("heading", name="Problems").wait_for()
    return time.perf_counter() - began
