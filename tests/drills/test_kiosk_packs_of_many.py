# SPDX-License-Identifier: Apache-2.0
"""A kiosk's pack of a day on which more come than there is room or time for."""

from datetime import UTC, datetime

import pytest

from drills.test_kiosk_pack_days import BORN, kiosk
from support.clinics import clinic_town
from support.kiosk_packs import take_pack
from support.warden import Installation
from wardkeep.base.clock import LONDON, FrozenClock
from wardkeep.disclosure.kiosk_packs import Content
from wardkeep.warden.contracts import PACKED
from wardkeep.warden.service import kiosk_packs, slow_keys


async def test_of_too_many_the_first_of_the_day_are_in_it_and_named(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who is left out goes to the desk; nobody is in the ledger who was not in it."""
    monkeypatch.setattr(kiosk_packs, "MOST_PEOPLE", 2)
    now = datetime.now(UTC).replace(microsecond=0)  # noqa: TID251 - as devices sign
    noon = now.astimezone(LONDON).replace(hour=12, minute=0, second=0).astimezone(UTC)
    clock = FrozenClock(now)
    async with clinic_town(installation, clock=clock, home="many") as town:
        for number in range(3):
            await town.books(f"many-{number}", starts=noon.replace(minute=10 * number))
        mine = await kiosk(town, clock)
        held = await take_pack(mine)
        [entry] = [
            one
            for one in town.warden.entries()
            if (one.action, one.organisation) == (PACKED, town.organisation)
        ]
        assert list(entry.patients) == ["many-0-patient", "many-1-patient"]
        # All share the facts: who is in it is asked for one more.
        assert held.opened(BORN, "qui") == Content(needs_more=True)


async def test_what_there_was_no_time_for_is_in_the_next_one(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime.now(UTC).replace(microsecond=0)  # noqa: TID251 - as devices sign
    noon = now.astimezone(LONDON).replace(hour=12, minute=0, second=0).astimezone(UTC)
    clock = FrozenClock(now)
    async with clinic_town(installation, clock=clock, home="hasty") as town:
        await town.books("hasty", starts=noon)
        mine = await kiosk(town, clock)
        with monkeypatch.context() as hasty:
            hasty.setattr(slow_keys, "AT_MOST_SECONDS", -1.0)
            held = await take_pack(mine)
        assert held.pack.left == 1
        assert held.opened(BORN, "qui") is None
        held = await take_pack(mine)
        assert held.pack.left == 0
        content = held.opened(BORN, "qui")
        assert content is not None
        assert len(content.stops) == 1
