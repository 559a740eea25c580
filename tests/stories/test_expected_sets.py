# SPDX-License-Identifier: Apache-2.0
"""A nurse opens her ward's patient unasked, and is asked once the stay is over."""

import asyncio
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from typing import NamedTuple

import pytest

from support.chromium import PHONE, Device, arrive, chromium, clean, device
from support.program import Program
from support.served import Served, served
from support.warden import RunningWarden
from wardkeep.base.clock import SystemClock
from wardkeep.disclosure.questions import Invite

pytestmark = pytest.mark.asyncio(loop_scope="module")
WARD, WARD_NAME = "Location/kestrel", "Kestrel, first floor"
PATIENT = {
    "resourceType": "Patient",
    "id": "p1",
    "name": [{"family": "ASHDOWN", "given": ["Test"]}],
    "birthDate": "1950-02-03",
}


class Team(NamedTuple):
    """Enrolment links."""

    nurse: str
    administrator: str


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("expected")) as running:
        running.found("fernhill")
        yield running


@pytest.fixture(scope="module")
def program(
    server: Served, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Program]:
    keys = tmp_path_factory.mktemp("keys")
    with closing(Program(server, keys, organisation="fernhill")) as made:
        made.put(PATIENT)
        made.put({"resourceType": "Location", "id": "kestrel", "name": WARD_NAME})
        yield made


@pytest.fixture(scope="module")
def team(server: Served) -> Team:
    return asyncio.run(_team(server))


async def _team(server: Served) -> Team:
    warden = RunningWarden(server, None)  # type: ignore[arg-type]
    links = []
    for role, name in (("ward_nurse", "Nell Rook"), ("administrator", "Ada Holt")):
        account = await warden.account(role, organisation="fernhill", name=name)
        secret = await warden.tell(Invite(account=account, valid_hours=1))
        links.append(f"{server.origin}/enrol/{secret}")
    await warden.operator.close()
    return Team(*links)


def stay(*, ended_days_ago: float | None = None) -> dict[str, object]:
    """The patient's stay on the ward, as the hospital's own system writes it."""
    now = SystemClock().now()
    period = {"start": (now - timedelta(days=20)).isoformat()}
    if ended_days_ago is not None:
        period["end"] = (now - timedelta(days=ended_days_ago)).isoformat()
    return {
        "resourceType": "Encounter",
        "id": "e1",
        "status": "in-progress" if ended_days_ago is None else "finished",
        "class": {
            "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode",
            "code": "IMP",
        },
        "subject": {"reference": "Patient/p1"},
        "period": period,
        "location": [{"location": {"reference": WARD}}],
    }


async def places_the_team(own: Device, origin: str) -> None:
    await own.go(f"{origin}/people/teams")
    await own.page.get_by_label("A new team").fill("Kestrel Ward")
    await own.press("Add the team")
    await own.reads("0 places")
    await own.page.get_by_role("link", name="change where Kestrel").click()
    await own.page.get_by_text("By what the record").click()
    await own.page.get_by_label("References of others").fill("The ward upstairs")
    await own.press("Go on")
    await own.reads("Write each as Location")
    await own.go(f"{origin}/people/teams")
    await own.page.get_by_role("link", name="change where Kestrel").click()
    await clean(own, "expected-places")
    await own.page.get_by_label(WARD_NAME).check()
    await own.press("Go on")
    await own.reads("It says whose records open without a question")
    await clean(own, "expected-places-confirm")
    await own.press("Save with my passkey")
    await own.reads("1 place")
    await clean(own, "expected-teams")


async def puts_the_nurse_in(own: Device, origin: str) -> None:
    await own.go(f"{origin}/people")
    await own.page.get_by_role("link", name="Nell Rook").click()
    await own.reads("In no team")
    await own.press("Teams and practitioner")
    await clean(own, "expected-work")
    await own.press("Put into the team")
    await own.reads("There is a problem")
    await clean(own, "expected-work-problem")
    await own.page.get_by_label("Team", exact=True).select_option(label="Kestrel Ward")
    await own.page.get_by_label("For a shift").check()
    await own.press("Put into the team")
    await own.reads("Location/kestrel")
    await own.press("Put them in with my passkey")
    await own.reads("Kestrel Ward, until")
    await clean(own, "expected-person")


async def test_a_ward_nurse_is_not_asked_until_the_stay_is_over(
    server: Served, program: Program, team: Team
) -> None:
    origin = server.origin
    async with (
        chromium() as browser,
        device(browser, viewport=PHONE) as nell,
        device(browser) as ada,
    ):
        # Given a patient who lies on the ward, and a nurse who is in no team
        program.put(stay())
        await arrive(nell, team.nurse)
        await nell.go(f"{origin}/patients/p1")
        await nell.reads("Why are you opening")
        # When an administrator says where the team works, and who is on shift
        await arrive(ada, team.administrator)
        await places_the_team(ada, origin)
        await puts_the_nurse_in(ada, origin)
        # Then the record opens without a question, and says why
        await nell.go(f"{origin}/patients/p1")
        await nell.reads("because of a stay on your ward")
        await clean(nell, "expected-record-phone")
        await nell.press("Who else opened this record")
        await nell.reads("Expected: a stay on their ward")
        # And five days after discharge it still does, for the letter
        program.put(stay(ended_days_ago=5))
        await nell.go(f"{origin}/patients/p1")
        await nell.reads("because of a stay on your ward")
        # But not once that is over
        program.put(stay(ended_days_ago=8))
        await nell.go(f"{origin}/patients/p1")
        await nell.reads("Why are you opening")
        # And when the stay is deleted, the older one does not come back
        program.put(stay())
        await nell.go(f"{origin}/patients/p1")
        await nell.reads("because of a stay on your ward")
        assert program.ask("DELETE", "Encounter/e1").status in (200, 204)
        await nell.go(f"{origin}/patients/p1")
        await nell.reads("Why are you opening")
