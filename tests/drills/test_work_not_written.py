# SPDX-License-Identifier: Apache-2.0
"""Work that never came to be explains nobody, and hides nothing that still stands.

With a stolen session: whoever has a change refused, by a guard, a race or the door at
the second of two patients, has written nobody into anybody's care.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from support.acts import colleague
from support.clinics import OTHER, PLACE, Town, Who, clinic_town
from support.warden import Installation, running_warden
from wardkeep.assembly.database import WEB, address_for
from wardkeep.base.clock import SystemClock, microseconds_since_epoch
from wardkeep.base.ids import OrganisationId
from wardkeep.db.connection import NO_ORGANISATION, Connection, Database
from wardkeep.db.errors import DatabaseUnavailableError
from wardkeep.disclosure.answers import Done, Grant, Refusal
from wardkeep.disclosure.not_written import NotWritten
from wardkeep.disclosure.purpose import Action, Purpose, Tier
from wardkeep.disclosure.questions import Disclose, ForWork, Item, SaidTie, SetWork
from wardkeep.fhir.clinics.resources import appointment, draft
from wardkeep.fhir.store.change import Change, Guard
from wardkeep.fhir.store.keys import patients_by_id
from wardkeep.fhir.store.outcomes import (
    AlreadyThere,
    NotFound,
    Opened,
    Opener,
    Written,
)
from wardkeep.fhir.store.reading import Reader
from wardkeep.fhir.store.writing import Writer
from wardkeep.identity.roles import REACH

Content = dict[str, Any]
REASON = "rang about results from Tuesday"
HOUR = 3600 * 1_000_000
MET = Guard(lock=1, sql="select 1", values=())


@pytest.fixture
async def town(installation: Installation) -> AsyncIterator[Town]:
    async with clinic_town(installation, home=f"org-{secrets.token_hex(4)}") as made:
        yield made


async def registered(town: Town) -> str:
    """Somebody who is here and of whom nothing else is written."""
    patient = f"p-{secrets.token_hex(6)}"
    await town.load([{"resourceType": "Patient", "id": patient}])
    return patient


def seen_soon(patient: str, *, id_: str = "", place: str = PLACE) -> Content:
    starts = SystemClock().now() + timedelta(hours=1)
    return appointment(
        id_=id_ or f"a-{secrets.token_hex(6)}",
        patient=patient,
        place=place,
        starts=starts,
        ends=starts + timedelta(minutes=15),
        words="Heart clinic",
        made=starts,
    )


def change_of(
    *contents: Content, expected: Sequence[int] = (), guards: Sequence[Guard] = ()
) -> Change:
    return Change(
        drafts=[draft(one, str(one["id"])) for one in contents],
        expected=list(expected) or [0 for _ in contents],
        guards=list(guards),
    )


async def writes(town: Town, who: Who, change: Change) -> object:
    opener = Opener(
        session=who.opener.session, organisation=town.organisation, reason=REASON
    )
    return await town.writer.write(change, opener=opener)


async def opens(town: Town, who: Who, patient: str) -> str:
    """Open without a reason: why it opened, or the refusal's code in brackets."""
    reader = Reader(town.database, town.warden.door)
    found = await reader.one("Patient", patient, opener=who.opener)
    assert not isinstance(found, NotFound), found
    return found.relationship if isinstance(found, Opened) else f"({found.code})"


async def test_what_a_guard_refused_explains_nobody_and_what_is_written_at_once(
    town: Town,
) -> None:
    thief, friend = await town.works("doctor"), await town.works("doctor")
    patient = await registered(town)
    work = seen_soon(patient)
    refused = await writes(town, thief, change_of(work, guards=[MET]))
    assert isinstance(refused, AlreadyThere), refused
    assert await opens(town, friend, patient) == "(reason-needed)"
    written = await writes(town, thief, change_of(work))
    assert isinstance(written, Written), written
    assert await opens(town, friend, patient) == "appointment"


async def test_whoever_lost_a_race_does_not_take_the_winners_work_away(
    town: Town,
) -> None:
    place = await town.works("doctor", places=(f"Location/{PLACE}",))
    other = await town.works("doctor", places=(f"Location/{OTHER}",))
    patient = await registered(town)
    first = seen_soon(patient)
    assert isinstance(await writes(town, place, change_of(first)), Written)
    moved = seen_soon(patient, id_=str(first["id"]), place=OTHER)
    late = change_of(moved, expected=[1], guards=[MET])
    assert isinstance(await writes(town, other, late), AlreadyThere)
    assert await opens(town, place, patient) == "appointment, self-made"
    friend = await town.works("doctor", places=(f"Location/{OTHER}",))
    assert await opens(town, friend, patient) == "(reason-needed)"


async def test_a_change_that_the_door_refuses_at_its_last_patient_tells_nothing(
    town: Town,
) -> None:
    """The others' keys were given, and the ledger says so; but there is no work."""
    thief, friend = await town.works("doctor"), await town.works("doctor")
    named = [f"p-{secrets.token_hex(6)}" for _ in range(REACH + 1)]
    await town.load([{"resourceType": "Patient", "id": one} for one in named])
    many = change_of(*(seen_soon(one) for one in named))
    refused = await writes(town, thief, many)
    assert isinstance(refused, Refusal), refused
    assert await opens(town, friend, named[0]) == "(reason-needed)"


async def test_who_hangs_up_while_it_is_written_tells_nothing(town: Town) -> None:
    thief, friend = await town.works("doctor"), await town.works("doctor")
    patient = await registered(town)
    slow = Guard(lock=2, sql="select from pg_sleep(60)", values=())
    change = change_of(seen_soon(patient), guards=[slow])
    writing = asyncio.create_task(writes(town, thief, change))
    async with asyncio.timeout(20):
        while await opens(town, friend, patient) != "appointment":  # noqa: ASYNC110 - the warden tells nobody
            await asyncio.sleep(0.02)
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert await opens(town, friend, patient) == "(reason-needed)"


class _Deaf(Database):
    """A database that commits and is lost before it can say so."""

    @asynccontextmanager
    async def transaction(
        self, organisation: OrganisationId = NO_ORGANISATION
    ) -> AsyncIterator[Connection]:
        async with super().transaction(organisation) as connection:
            yield connection
        raise DatabaseUnavailableError


async def test_what_may_have_been_committed_explains(
    installation: Installation, town: Town
) -> None:
    """A connection breaks in the night, and nobody is a stranger to the ward by it."""
    nurse, friend = await town.works("doctor"), await town.works("doctor")
    patient = await registered(town)
    address = address_for(installation.settings, installation.layout, WEB)
    deaf = _Deaf(address, size=2)
    writer = Writer(deaf, town.warden.door, clock=town.clock)
    opener = Opener(
        session=nurse.opener.session, organisation=town.organisation, reason=REASON
    )
    never = Guard(lock=3, sql="select 1 where false", values=())
    change = change_of(seen_soon(patient), guards=[never])
    with pytest.raises(DatabaseUnavailableError):
        await writer.write(change, opener=opener)
    await deaf.close()
    assert await opens(town, friend, patient) == "appointment"


async def test_what_was_taken_back_stays_so_over_a_restart(
    installation: Installation, town: Town
) -> None:
    thief = await town.works("doctor")
    friend = await colleague(town.warden, "doctor")
    places = (("Heart team", (f"Location/{PLACE}",), (friend.account,)),)
    placed = SetWork(town.warden.home, (), places)
    assert await town.warden.operator.ask(placed, Done) == Done()
    patient = await registered(town)
    refused = await writes(town, thief, change_of(seen_soon(patient), guards=[MET]))
    assert isinstance(refused, AlreadyThere), refused
    await town.warden.service.close()
    async with running_warden(installation) as again:
        signed_in = await again.sign_in(friend.key)
        assert not isinstance(signed_in, Refusal)
        reader = Reader(town.database, again.door)
        opener = Opener(session=signed_in.token, organisation=town.organisation)
        found = await reader.one("Patient", patient, opener=opener)
        assert isinstance(found, Refusal), found
        assert found.code == "reason-needed"


# What the warden takes


async def test_a_question_that_was_overtaken_by_its_end_tells_nothing(
    town: Town,
) -> None:
    nurse, friend = await town.works("doctor"), await town.works("doctor")
    patient = await registered(town)
    async with town.database.connection(town.organisation) as connection:
        found = await patients_by_id(connection, town.organisation, [patient])
    item = Item(
        patient,
        Tier.RECORD,
        found[patient].wrapped_key(Tier.RECORD),
        (("Appointment", "a-1", 1),),
    )
    asked = Disclose(
        nurse.opener.session, Purpose.DIRECT_CARE, REASON, Action.WRITE, (item,)
    )
    at = microseconds_since_epoch(town.clock.now())
    tie = SaidTie("Appointment", "a-1", f"Location/{PLACE}", "clinic", at, at + HOUR)
    door = town.warden.door
    assert await door.ask_any(NotWritten("late")) == Done()
    assert isinstance(await door.ask_any(ForWork(asked, (tie,), "late")), Grant)
    assert await opens(town, friend, patient) == "(reason-needed)"
    assert isinstance(await door.ask_any(ForWork(asked, (tie,), "kept")), Grant)
    assert await door.ask_any(NotWritten("of another")) == Done()
    assert await opens(town, friend, patient) == "clinic"
    assert await door.ask_any(NotWritten("kept")) == Done()
    assert await opens(town, friend, patient) == "(reason-needed)"
    for wrong in (
        ForWork(asked, (tie,), "x" * 65),
        NotWritten(""),
        NotWritten("x" * 65),
    ):
        answer = await door.ask_any(wrong)
        assert isinstance(answer, Refusal)
        assert answer.code == "not-understood"
