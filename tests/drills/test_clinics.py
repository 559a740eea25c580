# SPDX-License-Identifier: Apache-2.0
"""A clinic with many at once: one entry each, one booking a slot, and plain answers."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio

from support.clinics import OTHER, PLACE, Town, Who, clinic_town
from support.warden import Installation
from wardkeep.base.clock import FrozenClock
from wardkeep.base.ids import new_uuid
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.clinics.changing import Arriving
from wardkeep.fhir.clinics.diary import Wanted
from wardkeep.fhir.clinics.outcomes import (
    AlreadyIn,
    Booked,
    CheckedIn,
    FreeSlot,
    Moved,
    NotOn,
    NotSo,
    SlotTaken,
    TooEarly,
    TooLate,
    WrongDay,
    WrongSite,
)
from wardkeep.fhir.clinics.resources import OUTCOME_URL, Outcome, instant
from wardkeep.fhir.clinics.room import visit_id
from wardkeep.fhir.clinics.words import Channel, Doer, ShownAs, Standing
from wardkeep.fhir.store.outcomes import Opened
from wardkeep.fhir.store.reading import Reader

pytestmark = pytest.mark.asyncio(loop_scope="module")
NINE = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DR_ASH = {"display": "Dr Ash"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def town(installation: Installation) -> AsyncIterator[Town]:
    async with clinic_town(installation, clock=FrozenClock(NINE)) as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(town: Town) -> Who:
    return await town.works("receptionist")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def doctor(town: Town) -> Who:
    return await town.works("doctor", Channel.ROOM)


async def entries(town: Town, appointment: str, *, status: str = "%") -> int:
    async with town.database.connection(town.organisation) as connection:
        found: int = await connection.fetch_value(
            "select count(*) from clinic.entry where appointment = $1"
            " and status like $2",
            appointment,
            status,
        )
    return found


async def status_of(town: Town, appointment: str) -> str:
    line = await town.clinic.rows.one(town.organisation, appointment)
    assert line is not None
    return line.status


def at_a_kiosk(who: Who, *places: str) -> Doer:
    return who.by._replace(channel=Channel.KIOSK, places=frozenset(places))


async def test_fifty_receptionists_and_six_kiosks_make_one_entry(
    town: Town, desk: Who
) -> None:
    booked = await town.books("raced", starts=NINE + 10 * MINUTE)
    ways = [desk.by] * 50 + [at_a_kiosk(desk)] * 6
    answers = await asyncio.gather(
        *[town.clinic.desk.arrive(booked, by=by, opener=desk.opener) for by in ways]
    )
    assert {type(one) for one in answers} == {CheckedIn, AlreadyIn}
    assert sum(isinstance(one, CheckedIn) for one in answers) == 1
    assert await entries(town, booked) == 1
    assert await status_of(town, booked) == "checked-in"
    [first] = [one for one in answers if isinstance(one, CheckedIn)]
    told = [one for one in answers if isinstance(one, AlreadyIn)]
    assert {one.route[0].ticket for one in told} == {first.route[0].ticket}


async def test_a_whole_desk_on_one_clinic_makes_one_entry_each_and_no_number_twice(
    town: Town, desk: Who
) -> None:
    booked = [
        await town.books(f"desk-{n}", starts=NINE, place=OTHER) for n in range(12)
    ]
    before = await tickets(town, OTHER)
    pressed = [booked[(n * 5 + k) % 12] for n in range(56) for k in range(4)]
    answers = await asyncio.gather(
        *[
            town.clinic.desk.arrive(one, by=desk.by, opener=desk.opener)
            for one in pressed
        ]
    )
    assert {type(one) for one in answers} == {CheckedIn, AlreadyIn}
    assert sum(isinstance(one, CheckedIn) for one in answers) == len(booked)
    now = await tickets(town, OTHER)
    assert len(now) == len(before) + len(booked)
    assert len(set(now)) == len(now)


async def tickets(town: Town, place: str) -> list[int]:
    async with town.database.connection(town.organisation) as connection:
        rows = await connection.fetch(
            "select ticket from clinic.entry where place = $1", place
        )
    return [row["ticket"] for row in rows]


async def test_of_two_who_book_one_slot_one_does_and_the_other_is_offered_others(
    town: Town, desk: Who
) -> None:
    slots = await with_slots(town)
    await town.books("slot-a", starts=NINE)
    await town.books("slot-b", starts=NINE)

    async def books(patient: str) -> object:
        wanted = Wanted(
            id=new_uuid(),
            patient=patient,
            place=PLACE,
            words="Heart clinic",
            slot=slots[0],
        )
        return await town.clinic.diary.book(wanted, opener=desk.opener)

    told = await asyncio.gather(books("slot-a-patient"), books("slot-b-patient"))
    assert {type(one) for one in told} == {Booked, SlotTaken}, told
    [taken] = [one for one in told if isinstance(one, SlotTaken)]
    assert [one.id for one in taken.free] == [one.id for one in slots[1:]]


async def with_slots(town: Town) -> list[FreeSlot]:
    starts = [NINE + timedelta(days=1, minutes=15 * n) for n in range(3)]
    await town.load(
        [
            {
                "resourceType": "Schedule",
                "id": "heart-times",
                "actor": [{"reference": f"Location/{PLACE}"}],
            },
            *[
                {
                    "resourceType": "Slot",
                    "id": f"slot-{n}",
                    "schedule": {"reference": "Schedule/heart-times"},
                    "status": "free",
                    "start": instant(one),
                    "end": instant(one + 15 * MINUTE),
                }
                for n, one in enumerate(starts)
            ],
        ]
    )
    found = await town.clinic.diary.free(
        PLACE, since=NINE, until=NINE + timedelta(days=2), opener=town.loader
    )
    assert not isinstance(found, Refusal)
    return list(found)


async def test_the_same_booking_sent_twice_is_made_once(town: Town, desk: Who) -> None:
    await town.books("twice", starts=NINE)
    wanted = Wanted(
        id=new_uuid(), patient="twice-patient", place=PLACE, words="Walk-in"
    )
    first = await town.clinic.diary.book(wanted, opener=desk.opener)
    again = await town.clinic.diary.book(wanted, opener=desk.opener)
    assert first == again == Booked(appointment=wanted.id, starts_at=NINE)


@pytest.mark.parametrize(
    ("starts", "places", "expected"),
    [
        (NINE + 3 * 60 * MINUTE, (), TooEarly),
        (NINE - 30 * MINUTE, (), TooLate),
        (NINE + timedelta(days=1), (), WrongDay),
        (NINE + 10 * MINUTE, (OTHER,), WrongSite),
    ],
)
async def test_a_kiosk_has_a_plain_answer_for_each_case(
    town: Town,
    desk: Who,
    starts: datetime,
    places: tuple[str, ...],
    expected: type,
) -> None:
    booked = await town.books(new_uuid(), starts=starts)
    by = at_a_kiosk(desk, *places)
    told = await town.clinic.desk.arrive(booked, by=by, opener=desk.opener)
    assert isinstance(told, expected), told
    assert await entries(town, booked) == 0


async def test_a_cancelled_one_says_so_and_its_undo_brings_it_back(
    town: Town, desk: Who
) -> None:
    booked = await town.books("cancelled", starts=NINE)
    work = town.clinic.desk
    done = await work.cancel(booked, why="Rang", by=desk.by, opener=desk.opener)
    assert isinstance(done, Moved), done
    told = await work.arrive(booked, by=at_a_kiosk(desk), opener=desk.opener)
    assert told == NotOn(standing=Standing.CANCELLED, starts_at=NINE)
    back = await work.undo(booked, by=desk.by, opener=desk.opener)
    assert isinstance(back, Moved), back
    assert back.line.standing is Standing.EXPECTED


async def test_several_appointments_are_one_arrival_and_a_route(
    town: Town, desk: Who
) -> None:
    first, second = "route-1", "route-2"
    await town.books(first, second, starts=NINE + 5 * MINUTE)
    told = await town.clinic.desk.arrive(
        second, by=at_a_kiosk(desk), opener=desk.opener
    )
    assert isinstance(told, CheckedIn), told
    assert [one.appointment for one in told.route] == [first, second]


async def test_checked_in_by_mistake_is_taken_back_once(town: Town, desk: Who) -> None:
    booked = await town.books("mistake", starts=NINE)
    work = town.clinic.desk
    await work.arrive(booked, by=desk.by, opener=desk.opener)
    told = await asyncio.gather(
        *[work.undo(booked, by=desk.by, opener=desk.opener) for _ in range(5)]
    )
    assert sum(isinstance(one, Moved) for one in told) == 1, told
    assert await status_of(town, booked) == "booked"
    assert await entries(town, booked, status="undone") == 1
    again = await work.arrive(booked, by=desk.by, opener=desk.opener)
    assert isinstance(again, CheckedIn), again


async def test_from_the_call_to_what_came_of_it(
    town: Town, desk: Who, doctor: Who
) -> None:
    booked = await town.books("seen", starts=NINE)
    shown = Arriving(shown_as=ShownAs.FIRST_NAME)
    desk_work, room = town.clinic.desk, town.clinic.room
    await desk_work.arrive(booked, by=desk.by, opener=desk.opener, arriving=shown)
    line = await town.clinic.rows.one(town.organisation, booked)
    assert line is not None
    by, opener = doctor.by, doctor.opener
    called = await room.call(booked, room="Room 4", words="Test", by=by, opener=opener)
    assert isinstance(called, Moved), called
    back = await room.requeue(booked, by=by, opener=opener)
    assert isinstance(back, Moved), back
    begun = await asyncio.gather(
        *[
            room.start(booked, author={"display": "Dr Ash"}, by=by, opener=opener)
            for _ in range(3)
        ]
    )
    assert sum(isinstance(one, Moved) for one in begun) == 1, begun
    ended = await asyncio.gather(
        *[
            room.finish(booked, Outcome.FOLLOW_UP, by=by, opener=opener)
            for _ in range(3)
        ]
    )
    assert sum(isinstance(one, Moved) for one in ended) == 1, ended
    assert await status_of(town, booked) == "fulfilled"
    reader = Reader(town.database, town.warden.door)
    held = await reader.one("Encounter", visit_id(line), opener=doctor.opener)
    assert isinstance(held, Opened), held
    assert OUTCOME_URL.encode() in held.resources[0].text


async def test_a_desk_begins_no_visit(town: Town, desk: Who) -> None:
    """A receptionist's session, stolen or not, writes nothing clinical."""
    booked = await town.books("not-hers", starts=NINE)
    await town.clinic.desk.arrive(booked, by=desk.by, opener=desk.opener)
    told = await town.clinic.room.start(
        booked, author=DR_ASH, by=desk.by, opener=desk.opener
    )
    assert isinstance(told, Refusal), told
    assert told.code == "role-does-not-reach"
    line = await town.clinic.rows.one(town.organisation, booked)
    assert line is not None
    assert line.standing is Standing.WAITING


async def test_who_left_is_not_called(town: Town, desk: Who, doctor: Who) -> None:
    booked = await town.books("left", starts=NINE)
    await town.clinic.desk.arrive(booked, by=desk.by, opener=desk.opener)
    gone = await town.clinic.desk.left(booked, by=desk.by, opener=desk.opener)
    assert isinstance(gone, Moved), gone
    told = await town.clinic.room.call(
        booked, room="Room 1", words="", by=doctor.by, opener=doctor.opener
    )
    assert isinstance(told, NotSo), told
    assert told.line.standing is Standing.LEFT


async def test_who_was_marked_as_not_come_by_mistake_is_expected_again(
    town: Town, desk: Who
) -> None:
    booked = await town.books("missed", starts=NINE)
    work, by, opener = town.clinic.desk, desk.by, desk.opener
    done = await work.no_show(booked, by=by, opener=opener)
    assert isinstance(done, Moved), done
    assert await status_of(town, booked) == "noshow"
    back = await work.undo(booked, by=by, opener=opener)
    assert isinstance(back, Moved), back
    assert back.line.standing is Standing.EXPECTED


async def test_undo_pressed_twice_takes_back_one_step(
    town: Town, desk: Who, doctor: Who
) -> None:
    """The page names what it takes back: the call, and not the arrival before it."""
    booked = await town.books("undo-twice", starts=NINE)
    work, rows = town.clinic.desk, town.clinic.rows
    await work.arrive(booked, by=desk.by, opener=desk.opener)
    await town.clinic.room.call(
        booked, room="Room 4", words="", by=doctor.by, opener=doctor.opener
    )
    last = await rows.last_step(town.organisation, booked)
    assert last is not None
    by, opener = desk.by, desk.opener
    first = await work.undo(booked, by=by, opener=opener, step=last.number)
    assert isinstance(first, Moved), first
    second = await work.undo(booked, by=by, opener=opener, step=last.number)
    assert isinstance(second, NotSo), second
    assert second.line.standing is Standing.WAITING


async def test_a_call_whose_answer_was_lost_is_sent_again_and_calls_once(
    town: Town, desk: Who, doctor: Who
) -> None:
    booked = await town.books("call-twice", starts=NINE)
    await town.clinic.desk.arrive(booked, by=desk.by, opener=desk.opener)
    rows, room = town.clinic.rows, town.clinic.room
    other = await town.works("doctor", Channel.ROOM)

    async def calls(who: Who, after: int | None) -> object:
        return await room.call(
            booked, room="Room 4", words="", by=who.by, opener=who.opener, after=after
        )

    for _ in ("call", "call again"):
        last = await rows.last_step(town.organisation, booked)
        assert last is not None
        assert isinstance(await calls(doctor, last.number), Moved)
        called = await rows.last_step(town.organisation, booked)
        assert called is not None
        assert isinstance(await calls(doctor, last.number), Moved)
        assert isinstance(await calls(other, last.number), NotSo)
        assert await rows.last_step(town.organisation, booked) == called


async def test_whose_time_was_booked_by_somebody_else_gets_a_plain_answer(
    town: Town, desk: Who
) -> None:
    """Whoever left and comes back finds their time taken: that is no error page."""
    first, second = "came-back", "took-the-time"
    slot = FreeSlot(
        id="slot-taken", schedule="-", starts_at=NINE, ends_at=NINE + 15 * MINUTE
    )
    diary, work = town.clinic.diary, town.clinic.desk
    by, opener = desk.by, desk.opener
    for one in (first, second):
        await town.books(f"{one}-before", starts=NINE)
    wanted = [
        Wanted(
            id=one, patient=f"{one}-before-patient", place=PLACE, words="", slot=slot
        )
        for one in (first, second)
    ]
    assert isinstance(await diary.book(wanted[0], opener=opener), Booked)
    assert isinstance(await work.arrive(first, by=by, opener=opener), CheckedIn)
    assert isinstance(await work.left(first, by=by, opener=opener), Moved)
    assert isinstance(await diary.book(wanted[1], opener=opener), Booked)
    told = await work.arrive(first, by=by, opener=opener)
    assert told == NotOn(standing=Standing.LEFT, starts_at=NINE)
