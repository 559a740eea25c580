# SPDX-License-Identifier: Apache-2.0
"""Words that PostgreSQL does not keep close nobody's desk and lose nobody's freeze.

The warden saves freezes and alarms of all organisations together; the pages take no
such words, and whoever has the socket need not use the pages.
"""

import secrets
from collections.abc import AsyncIterator

import pytest

from support.acts import Colleague, colleague, confirm
from support.openings import code_of, desk
from support.warden import Installation, RunningWarden, running_warden
from wardkeep.disclosure.answers import Done
from wardkeep.disclosure.containment import FreezeNow, ReleaseFreeze

NUL = "odd \0 openings"


@pytest.fixture
async def warden(installation: Installation) -> AsyncIterator[RunningWarden]:
    async with running_warden(installation) as running:
        yield running


async def officer_of_another(warden: RunningWarden) -> Colleague:
    warden.home = f"org-{secrets.token_hex(4)}"
    await warden.organisation(warden.home)
    return await colleague(warden, "privacy_officer")


async def test_hostile_words_of_one_organisation_leave_the_desk_of_others_open(
    warden: RunningWarden,
) -> None:
    hostile = await officer_of_another(warden)
    nurse = await colleague(warden, "ward_nurse")
    asked = FreezeNow(hostile.token, "account", nurse.account, NUL)
    assert await warden.door.ask(asked, Done) == Done()
    [frozen] = (await desk(warden, hostile)).freezes
    released = ReleaseFreeze(frozen.id, NUL)
    assert await confirm(warden, hostile, released, Done) == Done()
    officer = await officer_of_another(warden)
    other = await colleague(warden, "ward_nurse")
    asked = FreezeNow(officer.token, "account", other.account, "odd openings")
    assert await warden.door.ask(asked, Done) == Done()
    [one] = (await desk(warden, officer)).freezes
    assert one.because == "odd openings"


@pytest.mark.parametrize("target", ["", "not hexadecimal", "0\0", "ab" * 2000])
async def test_what_is_no_passkey_is_not_frozen(
    warden: RunningWarden, target: str
) -> None:
    officer = await officer_of_another(warden)
    asked = FreezeNow(officer.token, "device", target, "odd openings")
    assert code_of(await warden.door.ask_any(asked)) == "bad-rights"


async def test_what_one_desk_cannot_save_keeps_no_other_from_it(
    warden: RunningWarden,
) -> None:
    saved: list[str] = []

    async def fails() -> None:
        raise ValueError

    async def works() -> None:
        saved.append("saved")

    warden.service._saves = dict.fromkeys((fails, works))
    await warden.service._save_sessions()
    assert saved == ["saved"]
