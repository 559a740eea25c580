# SPDX-License-Identifier: Apache-2.0
"""A kiosk that is never seen again had its packs of two days: each day is named."""

from datetime import UTC, datetime, timedelta

from drills.test_kiosk_pack_days import kiosk
from support.clinics import clinic_town
from support.desks import desk_of
from support.warden import Installation
from wardkeep.base.clock import LONDON, FrozenClock
from wardkeep.warden.contracts import PACKED
from wardkeep.warden.service.kiosk_packs import KioskPacks
from wardkeep.warden.sessions import Session


async def test_who_was_in_yesterdays_pack_is_named_for_todays_too(
    installation: Installation,
) -> None:
    # A device signs by the machine's own clock: it is let in now, and stays.
    now = datetime.now(UTC)  # noqa: TID251 - the moment that assertions are made at
    clock = FrozenClock(now.replace(microsecond=0))
    today = now.astimezone(LONDON)
    late = today.replace(hour=23, minute=30, second=0, microsecond=0)
    noon = (late + timedelta(days=1)).replace(hour=12, minute=0)
    async with clinic_town(installation, clock=clock, home="days") as town:
        # Before midnight in one clinic, and behind it in the other.
        await town.books("late", "early", starts=late.astimezone(UTC))
        mine = await kiosk(town, clock)
        desk = desk_of(town.warden, KioskPacks)
        session = desk._kiosk(mine.token)
        assert isinstance(session, Session)
        for _ in range(2):
            await name(desk, session)
        clock.move(noon.astimezone(UTC) - clock.now())
        for _ in range(2):
            await name(desk, session)
        named = [one for one in town.warden.entries() if one.action == PACKED]
        told = [
            (entry.request, who.patient, [id_ for _, id_, _ in who.resources()])
            for entry in named
            for who in entry.subjects
        ]
        assert told == [
            (f"pack of {late.date()}", "late-patient", ["late"]),
            (f"pack of {noon.date()}", "late-patient", ["early"]),
        ]


async def name(desk: KioskPacks, session: Session) -> None:
    """As each time that a pack is made."""
    maker = desk._maker(session)
    async with desk._parts.database.connection() as connection:
        people = await desk._people(connection, maker)
    desk._name(maker, people)
    desk._ledger.commit()
