# SPDX-License-Identifier: Apache-2.0
"""What a stolen desk, screen, code or dump of a clinic is good for."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from support.clinics import OTHER, PLACE, Town, Who, clinic_town
from support.warden import Installation
from wardkeep.assembly.database import WARDEN, address_for
from wardkeep.base.clock import FrozenClock
from wardkeep.base.ids import OrganisationId
from wardkeep.db.connection import connect
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.clinics.outcomes import CheckedIn, NoSuchAppointment
from wardkeep.fhir.clinics.words import Channel
from wardkeep.fhir.store.listing import Lister
from wardkeep.fhir.store.outcomes import FoundPatients
from wardkeep.ledger.entry import Entry

pytestmark = pytest.mark.asyncio(loop_scope="module")
NINE = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)
PEOPLE = 45
TABLES = ("booking", "slot", "entry", "step", "screen", "label")


@pytest.fixture(scope="module")
def clock() -> FrozenClock:
    return FrozenClock(NINE)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def town(installation: Installation, clock: FrozenClock) -> AsyncIterator[Town]:
    async with clinic_town(installation, clock=clock, home="larkspur") as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(town: Town) -> Who:
    return await town.works("receptionist")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def listed(town: Town) -> list[str]:
    """Appointments of people of whom the desk's work tells."""
    return [await town.books(f"listed-{n}", starts=NINE) for n in range(PEOPLE)]


def a_key() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


async def lists(town: Town, who: Who, ids: list[str]) -> FoundPatients | Refusal:
    lister = Lister(town.database, town.warden.door)
    return await lister.people(ids, opener=who.opener)


def named(entries: list[Entry]) -> set[str]:
    return {whom.patient for one in entries for whom in one.subjects}


async def test_a_clinics_list_names_each_person_in_the_ledger_in_order(
    town: Town, desk: Who, listed: list[str]
) -> None:
    wanted = [f"{one}-patient" for one in reversed(listed)]
    before = len(town.warden.entries())
    found = await lists(town, desk, [*wanted, "nobody", wanted[0]])
    assert isinstance(found, FoundPatients), found
    assert [one.id for one in found.patients] == wanted
    told = town.warden.entries()[before:]
    assert named(told) == set(wanted)
    assert {one.outcome for one in told} == {"grant"}


async def test_a_desk_elsewhere_is_shown_25_and_then_nobody(
    town: Town, listed: list[str]
) -> None:
    """Whom no work explains: the list stops as a whole, half of it is not told."""
    stranger = await town.works("receptionist", places=())
    everybody = [f"{one}-patient" for one in listed]
    found = await lists(town, stranger, everybody)
    assert isinstance(found, Refusal), found


async def test_an_empty_list_asks_nobody(town: Town, desk: Who) -> None:
    before = len(town.warden.entries())
    assert await lists(town, desk, []) == FoundPatients(patients=())
    assert len(town.warden.entries()) == before


async def test_what_a_desk_rewrote_is_still_others_work(
    town: Town, desk: Who, listed: list[str]
) -> None:
    """Else a list would have to be proved by noon: 25 check-ins, 25 strangers."""
    ids = listed[:30]
    for one in ids:
        told = await town.clinic.desk.arrive(one, by=desk.by, opener=desk.opener)
        assert isinstance(told, CheckedIn), told
    found = await lists(town, desk, [f"{one}-patient" for one in ids])
    assert isinstance(found, FoundPatients), found


async def test_another_organisation_sees_and_moves_nothing(town: Town) -> None:
    booked = await town.books("ours", starts=NINE)
    elsewhere = OrganisationId(town.organisation + 1)
    assert await town.clinic.rows.of_places(elsewhere, [PLACE], NINE.date()) == ()
    thief = await town.works("receptionist")
    opener = type(thief.opener)(session=thief.opener.session, organisation=elsewhere)
    told = await town.clinic.desk.arrive(booked, by=thief.by, opener=opener)
    assert told == NoSuchAppointment()


async def test_a_code_lets_one_screen_in_once_and_not_for_long(
    town: Town, desk: Who, clock: FrozenClock
) -> None:
    screens = town.clinic.screens
    code = await screens.begin(town.organisation, PLACE, desk.by.account)
    assert await screens.pair(code, b"no key") is None
    assert await screens.pair(f"{town.organisation}BBBBBBBB", a_key()) is None
    assert await screens.pair("99999999999999999BBBBBBBB", a_key()) is None
    secret = await screens.pair(f" {code.lower()} ", a_key())
    assert secret
    assert await screens.pair(code, a_key()) is None
    assert await screens.called(secret) is not None
    assert await screens.called(secret[:-1] + "_") is None
    late = await screens.begin(town.organisation, PLACE, desk.by.account)
    clock.move(timedelta(minutes=11))
    assert await screens.pair(late, a_key()) is None


async def test_a_stolen_screen_sees_its_clinic_until_somebody_ends_it(
    town: Town, desk: Who
) -> None:
    screens, doctor = town.clinic.screens, await town.works("doctor", Channel.ROOM)
    code = await screens.begin(town.organisation, OTHER, desk.by.account)
    secret = await screens.pair(code, a_key())
    assert secret
    booked = await town.books("called", starts=NINE)
    await town.clinic.desk.arrive(booked, by=desk.by, opener=desk.opener)
    await town.clinic.room.call(
        booked, room="Room 1", words="Test", by=doctor.by, opener=doctor.opener
    )
    assert await screens.called(secret) == ()
    [mine] = await screens.of_place(town.organisation, OTHER)
    await screens.end(town.organisation, mine.id)
    assert await screens.called(secret) is None


async def test_a_dump_of_the_clinics_tells_no_name(town: Town) -> None:
    async with town.database.connection(town.organisation) as connection:
        for table in TABLES:
            rows = await connection.fetch(f"select t::text as t from clinic.{table} t")  # noqa: S608 - names of ours
            said = " ".join(row["t"] for row in rows)
            assert "Quillfeather" not in said, table
            assert "heart clinic" not in said, table
            assert b"Test".hex() not in said, table


async def test_a_room_is_no_place_for_a_name(town: Town, desk: Who) -> None:
    """The database itself takes no room that could be somebody."""
    booked = await town.books("roomed", starts=NINE)
    told = await town.clinic.desk.arrive(booked, by=desk.by, opener=desk.opener)
    assert isinstance(told, CheckedIn), told
    async with town.database.connection(town.organisation) as connection:
        with pytest.raises(Exception, match="room"):
            await connection.execute("update clinic.entry set room = 'Ada Ashdown'")


async def test_an_erasure_takes_the_queue_with_it(town: Town, desk: Who) -> None:
    """Only the warden may erase, and what stood beside the record is gone as well."""
    booked = await town.books("erased", starts=NINE)
    work, by, opener = town.clinic.desk, desk.by, desk.opener
    await work.arrive(booked, by=by, opener=opener)
    await work.undo(booked, by=by, opener=opener)
    assert await rows_of(town, booked) > 0
    made = town.warden.installation
    warden = await connect(address_for(made.settings, made.layout, WARDEN))
    await warden.fetch(
        "select * from record.erase_patient($1, $2)",
        town.organisation,
        f"{booked}-patient",
    )
    await warden.close()
    assert await rows_of(town, booked) == 0


async def rows_of(town: Town, appointment: str) -> int:
    found = 0
    async with town.database.connection(town.organisation) as connection:
        for table in ("booking", "entry", "step"):
            found += await connection.fetch_value(
                f"select count(*) from clinic.{table} where appointment = $1",  # noqa: S608 - names of ours
                appointment,
            )
    return found
