# SPDX-License-Identifier: Apache-2.0
"""A kiosk's pack of a day: what stands in it, and until when it is good."""

import base64
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
import pytest_asyncio

from drills.test_check_in import Kiosk
from drills.test_kiosks import device, paired, token_of
from support.acts import colleague
from support.clinics import OTHER, PLACE, Town, Who, clinic_town
from support.kiosk_packs import Held, take_pack
from support.ledgers import entry_about
from support.warden import Installation
from wardkeep.base.clock import LONDON, FrozenClock
from wardkeep.crypto.aead import Cipher, new_key
from wardkeep.disclosure.answers import Done, SignedIn
from wardkeep.disclosure.kiosk_packs import MOST_STOPS, Content, Stop
from wardkeep.disclosure.message import MAX_FRAME_BYTES
from wardkeep.disclosure.people import ListTeams, Teams
from wardkeep.disclosure.questions import SetWork
from wardkeep.identity.expected_at import Booked
from wardkeep.ledger.entry import MAX_ENTRY_BYTES, encode
from wardkeep.warden.service.check_ins import CheckInParts
from wardkeep.warden.service.kiosk_packs import (
    ENTRY_BYTES,
    MOST_ENTRIES,
    MOST_USES,
    PEOPLE_AN_ENTRY,
    KioskPacks,
    Voucher,
    _subject,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")
BORN = "1950-02-03"
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def clock() -> FrozenClock:
    # The device's own clock is the machine's: the pack's day is today.
    now = datetime.now(UTC)  # noqa: TID251 - the moment that assertions are made at
    return FrozenClock(now.replace(microsecond=0))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def town(installation: Installation, clock: FrozenClock) -> AsyncIterator[Town]:
    async with clinic_town(installation, clock=clock, home="packs") as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(town: Town) -> Who:
    return await town.works("receptionist")


async def kiosk(town: Town, clock: FrozenClock) -> Kiosk:
    """A device of a team that works in both clinics."""
    warden = town.warden
    ada = await colleague(warden, "administrator", name="Ada Holt")
    places = (f"Location/{PLACE}", f"Location/{OTHER}")
    made = SetWork(warden.home, (), (("Both clinics", places, ()),))
    assert await warden.operator.ask(made, Done) == Done()
    teams = await warden.door.ask(ListTeams(ada.token), Teams)
    assert isinstance(teams, Teams)
    team = next(one.id for one in teams.teams if one.name == "Both clinics")
    one = await device(warden)
    client_id = await paired(warden, ada, one, team=team)
    signed_in = await token_of(warden, one, client_id, clock)
    assert isinstance(signed_in, SignedIn), signed_in
    return Kiosk(warden, one, client_id, signed_in.token)


def standings(content: Content | None) -> list[str]:
    assert content is not None
    return [stop.standing for stop in content.stops]


def mine(held: Held) -> Content | None:
    return held.opened(BORN, "qui")


async def test_several_appointments_their_places_and_how_they_stand(
    town: Town, desk: Who, clock: FrozenClock
) -> None:
    """In the order of their day, as they were when the pack was made."""
    noon = clock.now().astimezone(LONDON).replace(hour=12, minute=0, second=0)
    starts = noon.astimezone(UTC)
    first = await town.books("today-1", "today-2", starts=starts)
    one = await kiosk(town, clock)
    held = await take_pack(one)
    content = mine(held)
    assert content is not None
    assert standings(content) == ["booked", "booked"]
    assert [held.pack.places[stop.place] for stop in content.stops] == [PLACE, OTHER]
    assert content.stops[0].starts_at == int(starts.timestamp())
    await town.clinic.desk.arrive(first, by=desk.by, opener=desk.opener)
    assert standings(mine(await take_pack(one)))[0] == "in"
    await town.clinic.desk.undo(first, by=desk.by, opener=desk.opener)
    await town.clinic.desk.cancel(first, why="Ill", by=desk.by, opener=desk.opener)
    assert standings(mine(await take_pack(one)))[0] == "cancelled"
    # When the day is over, it opens nobody and says until when it was good
    until = held.pack.until / 1_000_000
    assert clock.now().timestamp() < until <= clock.now().timestamp() + 25 * 3600


@pytest.mark.parametrize(
    ("hours", "is_good"), [(-1, False), (0, True), (47, True), (48, False)]
)
async def test_a_voucher_is_good_for_its_day_and_the_next(
    hours: int, *, is_good: bool
) -> None:
    began = datetime(2026, 11, 29, tzinfo=UTC)
    clock = FrozenClock(began + hours * HOUR)
    parts = CheckInParts(None, None, None, None, None, clock)  # type: ignore[arg-type]
    packs = KioskPacks(parts, None)  # type: ignore[arg-type]
    voucher = Voucher("patient", "appointment", "2026-11-29")
    assert packs._is_good(voucher, b"sealed") is is_good


async def test_what_was_used_up_is_forgotten_with_the_day() -> None:
    clock = FrozenClock(datetime(2026, 11, 29, 9, tzinfo=UTC))
    parts = CheckInParts(None, None, None, None, None, clock)  # type: ignore[arg-type]
    packs = KioskPacks(parts, None)  # type: ignore[arg-type]
    voucher = Voucher("patient", "appointment", "2026-11-29")
    tried = [packs._is_good(voucher, b"sealed") for _ in range(MOST_USES + 1)]
    assert tried == [True] * MOST_USES + [False]
    clock.move(timedelta(days=1))
    assert packs._is_good(voucher, b"sealed")


async def test_an_entry_has_room_for_the_longest_ids_there_are() -> None:
    voucher = msgspec.msgpack.encode(Voucher("p" * 64, "a" * 64, "2026-11-29"))
    sealed = base64.b64encode(Cipher(new_key()).seal(voucher, b"")).decode()
    stop = Stop(sealed, 4_999, 2**33, "cancelled")
    content = msgspec.json.encode(Content(stops=(stop,) * MOST_STOPS))
    assert len(content) <= ENTRY_BYTES
    assert MOST_ENTRIES * (ENTRY_BYTES + 100) < MAX_FRAME_BYTES


async def test_an_entry_of_the_ledger_has_room_for_a_hundred_of_the_longest() -> None:
    booked = Booked(
        patient="p" * 64,
        appointment="a" * 64,
        place="x",
        starts_at=datetime(2026, 11, 29, tzinfo=UTC),
        status="booked",
        is_in=False,
        tokens=(),
    )
    subjects = [_subject("p" * 64, [booked] * 9)] * PEOPLE_AN_ENTRY
    entry = msgspec.structs.replace(entry_about("p"), subjects=subjects)
    assert len(encode(entry)) < MAX_ENTRY_BYTES
