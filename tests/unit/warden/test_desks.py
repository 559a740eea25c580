# SPDX-License-Identifier: Apache-2.0
"""What the desks of containment and of apps answer to those whose work it is not."""

import secrets
from collections.abc import AsyncIterator

import pytest

from support.acts import Colleague, colleague, confirm
from support.warden import Installation, RunningWarden, running_warden
from wardkeep.disclosure.answers import Done, Refusal
from wardkeep.disclosure.containment import (
    BreakGlass,
    Containment,
    FreezeNow,
    ReadContainment,
    ReleaseFreeze,
    ReviewAlarm,
)
from wardkeep.disclosure.message import Message
from wardkeep.disclosure.smart import AppList, ListApps, WithdrawConsent

NOBODY = "00000000-0000-4000-8000-000000000000"
WHY = "rang, and it was she"


@pytest.fixture
async def warden(installation: Installation) -> AsyncIterator[RunningWarden]:
    async with running_warden(installation) as running:
        await at_home(running)
        yield running


async def at_home(warden: RunningWarden) -> None:
    """Everybody who comes from now on works in an organisation of their own."""
    warden.home = f"org-{secrets.token_hex(4)}"
    await warden.organisation(warden.home)


async def code_of(warden: RunningWarden, asked: Message) -> str:
    answer = await warden.door.ask_any(asked)  # type: ignore[arg-type]
    return answer.code if isinstance(answer, Refusal) else ""


async def release(warden: RunningWarden, who: Colleague, freeze: str, why: str) -> str:
    answer = await confirm(warden, who, ReleaseFreeze(freeze, why), Done)
    return answer.code if isinstance(answer, Refusal) else ""


async def desk_of(warden: RunningWarden, who: Colleague) -> Containment:
    answer = await warden.door.ask_any(ReadContainment(who.token))
    assert isinstance(answer, Containment), answer
    return answer


async def test_a_freeze_is_released_with_a_reason_by_its_own_organisation(
    warden: RunningWarden,
) -> None:
    officer = await colleague(warden, "privacy_officer")
    nurse = await colleague(warden, "ward_nurse")
    asked = FreezeNow(officer.token, "account", nurse.account, "seen at two places")
    assert await warden.door.ask_any(asked) == Done()
    [frozen] = (await desk_of(warden, officer)).freezes
    assert await release(warden, officer, NOBODY, WHY) == "no-such-freeze"
    assert await release(warden, officer, frozen.id, "ok") == "bad-rights"
    doctor = await colleague(warden, "doctor")
    assert await release(warden, doctor, frozen.id, WHY) == "not-your-work"
    home = warden.home
    await at_home(warden)
    stranger = await colleague(warden, "privacy_officer")
    assert await release(warden, stranger, frozen.id, WHY) == "no-such-freeze"
    warden.home = home
    assert await release(warden, officer, frozen.id, WHY) == ""
    assert await release(warden, officer, frozen.id, WHY) == "no-such-freeze"


async def test_broken_glass_is_looked_at_by_those_who_decide_with_a_verdict(
    warden: RunningWarden,
) -> None:
    officer = await colleague(warden, "privacy_officer")
    nurse = await colleague(warden, "ward_nurse")
    assert await confirm(warden, nurse, BreakGlass("p-1", "life"), Done) == Done()
    [alarm] = [one for one in (await desk_of(warden, officer)).alarms if one.patient]
    for who, verdict, code in (
        (nurse, "in-order", "not-your-work"),
        (officer, "fine", "bad-rights"),
        (officer, "in-order", ""),
    ):
        asked = ReviewAlarm(who.token, alarm.id, verdict, "cardiac arrest")
        assert await code_of(warden, asked) == code
    asked = ReviewAlarm(officer.token, "no id", "in-order", "cardiac arrest")
    assert await code_of(warden, asked) == "bad-rights"


async def test_glass_is_broken_for_a_record_on_one_of_the_grounds(
    warden: RunningWarden,
) -> None:
    nurse = await colleague(warden, "ward_nurse")
    for act in (BreakGlass("no id!", "life"), BreakGlass("p-1", "curiosity")):
        answer = await confirm(warden, nurse, act, Done)
        assert isinstance(answer, Refusal)
        assert answer.code == "bad-rights"


async def test_an_administrator_sees_the_apps_and_nobody_withdraws_anothers_consent(
    warden: RunningWarden,
) -> None:
    nurse = await colleague(warden, "ward_nurse")
    admin = await colleague(warden, "administrator")
    assert await code_of(warden, ListApps("nobody")) == "not-signed-in"
    assert await code_of(warden, ListApps(nurse.token)) == "not-your-work"
    assert await warden.door.ask_any(ListApps(admin.token)) == AppList(())
    assert await code_of(warden, WithdrawConsent("nobody", NOBODY)) == "not-signed-in"
    assert await code_of(warden, WithdrawConsent(nurse.token, NOBODY)) != ""
