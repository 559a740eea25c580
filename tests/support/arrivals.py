# SPDX-License-Identifier: Apache-2.0
"""A clinic of today, people who are expected in it, and a kiosk at its door."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from playwright.async_api import expect

from support.chromium import Device
from support.program import Program
from support.served import Served
from support.warden import RunningWarden
from wardkeep.base.clock import LONDON, SystemClock
from wardkeep.disclosure.answers import Done
from wardkeep.disclosure.questions import Invite, SetWork
from wardkeep.fhir.clinics.words import EARLY_MINUTES

CLINIC, TEAM = "clinic-3", "Clinics"
BORN = "1950-02-03"
_NINE = re.compile(r"^.{4} .{4}$")


def person(id_: str, family: str, given: str, born: str = BORN) -> dict[str, Any]:
    return {
        "resourceType": "Patient",
        "id": id_,
        "name": [{"use": "official", "family": family, "given": [given]}],
        "birthDate": born,
        "telecom": [
            {"system": "phone", "value": "07700 900456"},
            {"system": "email", "value": "someone@example.org"},
        ],
        "address": [{"use": "home", "line": ["2 Reed Lane"], "postalCode": "ZZ91 3AB"}],
    }


def today_at(minutes: float) -> datetime:
    """So many minutes from now, and still today: a test may run around midnight."""
    now = SystemClock().now()
    first = now.astimezone(LONDON).replace(hour=0, minute=0, second=1)
    last = first.replace(hour=23, minute=59, second=59)
    wanted = min(now + timedelta(minutes=minutes), last.astimezone(UTC))
    return max(wanted, first.astimezone(UTC))


def early_words() -> str:
    """What is said of an appointment in two and a half hours, or late in the evening
    of today's last, which is early no more in the last hour of the day."""
    early = today_at(150) - SystemClock().now() > timedelta(minutes=EARLY_MINUTES)
    return "You are early. Please come back at" if early else "Check in now"


def appointment(
    patient: str, *, minutes: float = 15, place: str = CLINIC, **more: object
) -> dict[str, Any]:
    """One that begins so many minutes from now."""
    starts = today_at(minutes)
    return {
        "resourceType": "Appointment",
        "id": f"of-{patient}",
        "status": "booked",
        "start": starts.isoformat(),
        "end": (starts + timedelta(minutes=20)).isoformat(),
        "participant": [
            {"actor": {"reference": f"Patient/{patient}"}, "status": "accepted"},
            {"actor": {"reference": f"Location/{place}"}, "status": "accepted"},
        ],
        **more,
    }


def place(id_: str = CLINIC, name: str = "Clinic 3") -> dict[str, Any]:
    return {"resourceType": "Location", "id": id_, "status": "active", "name": name}


def fill(program: Program, *people: tuple[str, str, str]) -> None:
    """The clinic, and people with an appointment a quarter of an hour from now."""
    program.put(place())
    for id_, family, given in people:
        program.put(person(id_, family, given))
        program.put(appointment(id_))


async def staff(server: Served, organisation: str, *roles: str) -> list[str]:
    """Enrolment links of new colleagues; all of them work in the clinic's team."""
    warden = RunningWarden(server, None)  # type: ignore[arg-type]
    accounts = [
        await warden.account(role, organisation=organisation, name=f"{role.title()} A")
        for role in roles
    ]
    made = SetWork(
        organisation, (), ((TEAM, (f"Location/{CLINIC}",), tuple(accounts)),)
    )
    assert await warden.operator.ask(made, Done) == Done()
    links = [
        f"{server.origin}/enrol/"
        f"{await warden.tell(Invite(account=account, valid_hours=1))}"
        for account in accounts
    ]
    await warden.operator.close()
    await warden.door.close()
    return links


async def let_in(ada: Device, kiosk: Device, origin: str) -> None:
    """Pair a device: the administrator, signed in, types the code that it shows."""
    await kiosk.go(f"{origin}/kiosk")
    shown = kiosk.page.locator("#kiosk-code")
    await expect(shown).to_have_text(_NINE, timeout=15_000)
    code = await shown.text_content() or ""
    await ada.go(f"{origin}/kiosks")
    await ada.page.get_by_label("The code on its screen").fill(code)
    await ada.page.get_by_label("What it is called").fill("Main entrance")
    await ada.page.get_by_label("It checks people in").select_option(label=TEAM)
    await ada.press("Go on")
    await ada.press("Make it a kiosk")
    await ada.page.get_by_role("button", name="End").first.wait_for(timeout=15_000)
    await kiosk.page.get_by_role("link", name="English").wait_for(timeout=60_000)
