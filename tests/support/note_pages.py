# SPDX-License-Identifier: Apache-2.0
"""A ward with two doctors and a patient, for stories and drills about notes."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from support.chromium import Device
from support.program import Program
from support.served import Served
from support.warden import RunningWarden
from wardkeep.base.ids import new_uuid
from wardkeep.disclosure.answers import Done
from wardkeep.disclosure.questions import Invite, SetWork

WARD = "Location/larch-ward"
ROWAN, IDA = "Practitioner/rowan", "Practitioner/ida"


class Staff(NamedTuple):
    """Enrolment links of two doctors who expect the patient, and their accounts."""

    rowan: str
    ida: str
    accounts: tuple[str, str]


def open_ward(server: Served, keys: Path) -> Staff:
    """An organisation with a patient on a ward, and who works there."""
    server.found("fernhill")
    program = Program(server, keys, organisation="fernhill")
    for id_, name in ((ROWAN, "Dr Rowan Ash"), (IDA, "Dr Ida Wren")):
        program.put(
            {
                "resourceType": "Practitioner",
                "id": id_.partition("/")[2],
                "name": [{"text": name}],
            }
        )
    for id_, family in (("pat", "HAZEL"), ("other", "BIRCH")):
        program.put(
            {
                "resourceType": "Patient",
                "id": id_,
                "name": [{"family": family, "given": ["Test"]}],
                "birthDate": "1950-02-03",
            }
        )
    program.close()
    return asyncio.run(_employ(server))


async def _employ(server: Served) -> Staff:
    warden = RunningWarden(server, None)  # type: ignore[arg-type]
    rowan = await warden.account("doctor", name="Dr Rowan Ash")
    ida = await warden.account("doctor", name="Dr Ida Wren")
    asked = SetWork("fernhill", ((rowan, (ROWAN,)), (ida, (IDA,))), ())
    assert isinstance(await warden.operator.ask(asked, Done), Done)
    links = []
    for account in (rowan, ida):
        for patient in ("pat", "other"):
            await warden.relate(account, patient)
        secret = await warden.tell(Invite(account=account, valid_hours=2))
        links.append(f"{server.origin}/enrol/{secret}")
    await warden.operator.close()
    return Staff(links[0], links[1], (rowan, ida))


async def arrive(own: Device, link: str) -> None:
    await own.go(link)
    await own.press("Make your passkey")
    await own.reads("Your passkey is ready")


async def begin(own: Device, origin: str, *, button: str = "Write a note") -> str:
    """A new draft, open in the page; its address."""
    await own.go(f"{origin}/patients/pat/notes")
    await own.press(button)
    await own.page.locator("#text-0").wait_for()
    return own.page.url


async def saved(own: Device) -> None:
    """Wait until the page says that the server has it all."""
    await own.page.locator('#note-state[data-is="saved"]').wait_for(timeout=30_000)


async def text_on(own: Device) -> str:
    typed: str = await own.page.locator("#text-0").input_value()
    return typed


async def add(own: Device, words: str) -> None:
    """Type at the end of the text, key by key."""
    field = own.page.locator("#text-0")
    await field.focus()
    await own.page.keyboard.press("Control+End")
    await own.page.keyboard.type(words)


def new_note() -> Mapping[str, str]:
    """The fields with which a draft is begun."""
    return {"draft": new_uuid(), "template": ""}
