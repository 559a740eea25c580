# SPDX-License-Identifier: Apache-2.0
"""A coordinator sets a way in; a carer at the door is shown it, for 20 seconds."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from datetime import timedelta
from typing import NamedTuple

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from support.chromium import PHONE, Device, arrive, chromium, clean, device
from support.homes import visits
from support.program import Program
from support.served import Served, served
from support.warden import RunningWarden
from wardkeep.base.clock import SystemClock
from wardkeep.disclosure.answers import Done
from wardkeep.disclosure.questions import EndAccount, Invite

pytestmark = pytest.mark.asyncio(loop_scope="module")
CODE = "C4821Y"
HIDDEN = "It is hidden. Go back to show it again."


class Team(NamedTuple):
    """Enrolment links, and the carer's account."""

    coordinator: str
    carer: str
    officer: str
    account: str


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("homes")) as running:
        running.found("larkspur")
        keys = tmp_path_factory.mktemp("keys")
        with closing(Program(running, keys, organisation="larkspur")) as program:
            for id_, family in (("now", "ASHDOWN"), ("later", "FENWICK")):
                program.put(patient(id_, family))
        yield running


def patient(id_: str, family: str) -> dict[str, object]:
    return {
        "resourceType": "Patient",
        "id": id_,
        "name": [{"family": family, "given": ["Test"]}],
        "birthDate": "1940-02-03",
        "address": [{"line": ["2 Reed Lane"], "city": "Larkspur"}],
    }


@pytest.fixture(scope="module")
def team(server: Served) -> Team:
    return asyncio.run(_team(server))


async def _team(server: Served) -> Team:
    warden = RunningWarden(server, None)  # type: ignore[arg-type]
    warden.home = "larkspur"
    coordinator = await warden.account("care_coordinator", name="Cora Marsh")
    carer = await warden.account("carer", name="Cara Finch")
    officer = await warden.account("privacy_officer", name="Pia Swift")
    now = SystemClock().now()
    for id_ in ("now", "later"):
        await visits(warden, coordinator, id_, kind="caseload", starts=now, ends=None)
    for id_, starts in (("now", now), ("later", now + timedelta(hours=3))):
        ends = starts + timedelta(minutes=30)
        await visits(warden, carer, id_, starts=starts, ends=ends)
    links = []
    for account in (coordinator, carer, officer):
        secret = await warden.tell(Invite(account=account, valid_hours=1))
        links.append(f"{server.origin}/enrol/{secret}")
    await warden.operator.close()
    return Team(links[0], links[1], links[2], carer)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as running:
        yield running


async def is_shown(own: Device) -> bool:
    shown: bool = await own.page.get_by_text(CODE).first.is_visible()
    return shown


async def test_from_the_coordinator_to_the_carer_at_the_door(
    server: Served, team: Team, browser: Browser
) -> None:
    origin = server.origin
    async with (
        device(browser) as cora,
        device(browser, viewport=PHONE) as cara,
        device(browser) as pia,
    ):
        await arrive(cora, team.coordinator)
        await sets(cora, origin)
        # When Cara is there, her record of the client has a button
        await arrive(cara, team.carer)
        await cara.go(f"{origin}/patients/now")
        await clean(cara, "way-in-record-phone")
        await cara.press("Way in")
        await clean(cara, "way-in-open-phone")
        await cara.press("Show the way in")
        await cara.reads("Left of the back door")
        assert await is_shown(cara)
        await clean(cara, "way-in-shown-phone")
        await hides(cara)
        # Then nothing of it is left on paper, behind the back button, or in the address
        await leaves_nothing(cara, origin)
        # And where she has no visit yet she reads when
        await cara.go(f"{origin}/patients/later/way-in")
        await cara.reads("30 minutes before your visit")
        await clean(cara, "way-in-later-phone")
        await is_asked_again_after_a_restart(server, cara)
        await is_due_when_she_left(server, team, (cora, pia))
        assert cara.complaints == []
        assert cora.complaints == []


async def sets(cora: Device, origin: str) -> None:
    await cora.go(f"{origin}/patients/now/way-in")
    await clean(cora, "way-in-none")
    await cora.press("Add a way in")
    await cora.page.get_by_label("Code", exact=True).fill(CODE)
    await cora.press("Set it")
    await cora.reads("There is a problem")
    assert await cora.page.get_by_label("Code", exact=True).input_value() == CODE
    await clean(cora, "way-in-problem")
    await cora.page.get_by_label("Key safe").check()
    await cora.page.get_by_label("Where it is").fill("Left of the back door")
    await cora.page.get_by_label("Who else").fill("Ned Reed, 01632 960 123")
    await cora.page.get_by_label("Whom to ring").fill("On call, 01632 960 100")
    await cora.page.get_by_label("The person, or whoever").check()
    await cora.press("Set it")
    await cora.reads("It is set.")
    await clean(cora, "way-in-set")
    assert not await is_shown(cora)
    await cora.press("Replace way in 1")
    await cora.reads("Replace a way in")
    assert await cora.page.get_by_label("Code", exact=True).input_value() == ""


async def hides(cara: Device) -> None:
    """By itself after 20 seconds, which here pass in a moment; and on Escape."""
    shown = cara.page.locator("#way-in")
    seconds = "getComputedStyle(document.getElementById('way-in')).animationDelay"
    assert await cara.page.evaluate(seconds) == "20s"
    # What a screen reader is on is the code, at once.
    assert await shown.evaluate("node => node === document.activeElement")
    await cara.page.emulate_media(media="print")
    assert not await is_shown(cara)
    await cara.page.emulate_media(media="screen")
    assert await is_shown(cara)
    await cara.page.evaluate("window.dispatchEvent(new Event('blur'))")
    await cara.reads(HIDDEN)
    assert await shown.count() == 0
    await clean(cara, "way-in-hidden-phone")


async def leaves_nothing(cara: Device, origin: str) -> None:
    assert CODE not in await cara.page.content()
    assert CODE not in cara.page.url
    await cara.go(f"{origin}/patients/now")
    await cara.page.go_back()
    assert CODE not in await cara.page.content()


async def test_it_hides_after_twenty_seconds_without_a_script(
    server: Served, browser: Browser
) -> None:
    """The style sheet's own clock is moved on; no script of the page is there."""
    show = f"""() => {{
      const shown = document.createElement("div");
      shown.className = "wk-way-in";
      shown.textContent = "{CODE}";
      document.getElementById("content").append(shown);
    }}"""
    later = "document.getAnimations().forEach(one => { one.currentTime = 20_001; })"
    async with device(browser) as own:
        await own.go(f"{server.origin}/sign-in")
        await own.page.evaluate(show)
        assert await is_shown(own)
        await own.page.evaluate(later)
        assert not await is_shown(own)


async def is_asked_again_after_a_restart(server: Served, cara: Device) -> None:
    """A session alone is not enough: the passkey was not used since."""
    await asyncio.to_thread(server.restart)
    await asyncio.to_thread(server.await_ready)
    await cara.go(f"{server.origin}/patients/now/way-in")
    await cara.press("Show the way in")
    await cara.reads("given to you and nobody else")
    await clean(cara, "way-in-passkey-phone")
    await cara.press("Go on with your passkey")
    await cara.reads("Left of the back door")
    assert await is_shown(cara)


async def is_due_when_she_left(
    server: Served, team: Team, others: tuple[Device, Device]
) -> None:
    cora, pia = others
    await arrive(pia, team.officer)
    await cora.go(f"{server.origin}/ways-in")
    await cora.reads("No way in has to be changed.")
    await clean(cora, "ways-in-none")
    warden = RunningWarden(server, None)  # type: ignore[arg-type]
    assert isinstance(await warden.operator.ask(EndAccount(team.account), Done), Done)
    await warden.operator.close()
    for own, name in ((cora, "ways-in-due"), (pia, "ways-in-due-officer")):
        await own.go(f"{server.origin}/ways-in")
        await own.reads("Seen by somebody who has left since")
        await own.reads("Cara Finch")
        assert not await is_shown(own)
        await clean(own, name)
