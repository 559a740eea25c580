# SPDX-License-Identifier: Apache-2.0
"""An erasure between a question and what follows from it leaves nothing behind either.

The database is really stopped at a statement, by a lock that somebody else holds.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio

from support.acts import ApproveErasure
from support.clinics import PLACE, Town, Who, clinic_town
from support.owner import owner_of, until_waited_for
from support.warden import Installation
from wardkeep.base.clock import FrozenClock, microseconds_since_epoch
from wardkeep.db.connection import Connection
from wardkeep.disclosure.answers import Created, Done, Grant, NewKeys, Refusal
from wardkeep.disclosure.purpose import Action, Purpose, Tier
from wardkeep.disclosure.questions import (
    AskErasure,
    Disclose,
    ForWork,
    Item,
    NewPatientKeys,
    SaidTie,
)
from wardkeep.fhir.clinics.outcomes import CheckedIn
from wardkeep.fhir.clinics.resources import draft
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.store.change import Beside, Change, Guard
from wardkeep.fhir.store.outcomes import Opener, Written
from wardkeep.fhir.wards.level import Level, level_content
from wardkeep.fhir.wards.stay import admission

pytestmark = pytest.mark.asyncio(loop_scope="module")
NINE = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)
WHY = "asked in a letter of 1 May"
HOUR = 3_600_000_000
WARD = "Location/ward-7"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def town(installation: Installation) -> AsyncIterator[Town]:
    home = f"org-{secrets.token_hex(4)}"
    async with clinic_town(installation, clock=FrozenClock(NINE), home=home) as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(town: Town) -> Who:
    return await town.works("receptionist")


@pytest_asyncio.fixture(loop_scope="module")
async def owner(town: Town) -> AsyncIterator[Connection]:
    async with owner_of(town.warden.installation) as connection:
        await served(connection, town)
        yield connection


async def served(connection: Connection, town: Town) -> None:
    asked = "select set_config('wardkeep.organisation', $1, false)"
    await connection.execute(asked, str(town.organisation))


async def erase(town: Town, patient: str) -> None:
    officer = await town.warden.session("privacy_officer")
    administrator = await town.warden.session("administrator")
    question = AskErasure(officer, patient, "person-asked", WHY)
    asked = await town.warden.door.ask(question, Created)
    assert isinstance(asked, Created), asked
    done = await ApproveErasure(administrator, asked.id).by(town.warden.door)
    assert done == Done(), done


async def left_of(owner: Connection, patient: str) -> dict[str, int]:
    """Rows that name somebody, by table; without those where there are none."""
    by_number = (
        *("record.resource", "record.history", "record.note_draft"),
        *("clinic.booking", "clinic.entry", "clinic.correction", "clinic.capture"),
        *("referral.listed", "referral.episode", "referral.hand_over_item"),
        *("bars.brought", "bars.outgoing"),
        *("ward.stay", "ward.level", "ward.sheet", "ward.leave", "ward.step"),
    )
    found = {}
    number = await owner.fetch_value(
        "select number from record.patient where id = $1", patient
    )
    for table in by_number:
        sql = f"select count(*) from {table} where patient = $1"  # noqa: S608 - names of ours
        found[table] = await owner.fetch_value(sql, number)
    for table in ("warden.tie", "warden.relationship", "warden.check_in_link"):
        sql = f"select count(*) from {table} where patient = $1"  # noqa: S608 - names of ours
        found[table] = await owner.fetch_value(sql, patient)
    return {table: many for table, many in found.items() if many}


def pulse(id_: str, patient: str) -> dict[str, object]:
    return {
        "resourceType": "Observation",
        "id": id_,
        "status": "final",
        "code": {"text": "pulse"},
        "subject": {"reference": f"Patient/{patient}"},
    }


async def doctor_of(town: Town) -> Opener:
    return Opener(
        session=await town.warden.session("doctor"),
        organisation=town.organisation,
        reason="rang about results from Tuesday",
    )


# What is written meanwhile


async def test_who_had_the_keys_before_it_writes_nothing_after_it(
    town: Town, owner: Connection
) -> None:
    booked = await town.books("keys-before", starts=NINE)
    patient, lock = f"{booked}-patient", secrets.randbits(40)
    change = Change(
        drafts=[draft(pulse("keys-before-pulse", patient), "keys-before-pulse")],
        expected=[0],
        guards=(Guard(lock=lock, sql="select where false", values=()),),
    )
    await owner.execute("select pg_advisory_lock($1)", lock)
    opener = await doctor_of(town)
    writing = asyncio.create_task(town.writer.write(change, opener=opener))
    await until_waited_for(owner)
    await erase(town, patient)
    await owner.execute("select pg_advisory_unlock($1)", lock)
    written = await writing
    assert isinstance(written, Refusal), written
    assert written.code == "erased"
    assert await left_of(owner, patient) == {}


async def test_what_is_being_written_when_it_begins_is_destroyed_with_the_rest(
    town: Town, owner: Connection
) -> None:
    booked = await town.books("half-written", starts=NINE)
    patient, lock = f"{booked}-patient", secrets.randbits(40)
    waits = Beside(sql="select pg_advisory_xact_lock($1)", values=(lock,))
    change = Change(
        drafts=[draft(pulse("half-written-pulse", patient), "half-written-pulse")],
        expected=[0],
        beside=(waits,),
    )
    await owner.execute("select pg_advisory_lock($1)", lock)
    opener = await doctor_of(town)
    writing = asyncio.create_task(town.writer.write(change, opener=opener))
    await until_waited_for(owner)
    erasing = asyncio.create_task(erase(town, patient))
    await until_waited_for(owner, many=2)
    await owner.execute("select pg_advisory_unlock($1)", lock)
    assert isinstance(await writing, Written)
    await erasing
    assert await left_of(owner, patient) == {}


@pytest.mark.parametrize("table", ["booking", "correction", "capture", "handed"])
async def test_the_web_roles_password_puts_nothing_beside_an_erased_record(
    town: Town, owner: Connection, table: str
) -> None:
    booked = await town.books(f"beside-{table}", starts=NINE)
    patient = f"{booked}-patient"
    await erase(town, patient)
    with pytest.raises(Exception, match="erased_stay_erased"):
        await put_beside(town, patient, table, f"beside-{table}-2")
    assert await left_of(owner, patient) == {}


async def put_beside(town: Town, patient: str, table: str, id_: str) -> None:
    async with town.database.connection(town.organisation) as connection:
        number = await connection.fetch_value(
            "select number from record.patient where id = $1", patient
        )
        if table == "booking":
            await connection.execute(
                "insert into clinic.booking (patient, starts_at, ends_at, organisation,"
                " day, appointment, place, status)"
                " values ($1, $2, $2, $3, $4, $5, $6, 'booked')",
                number,
                NINE,
                town.organisation,
                NINE.date(),
                id_,
                PLACE,
            )
        elif table == "handed":
            await connection.execute(
                "with plan as (insert into referral.hand_over (id, made_by, made_at,"
                " organisation, from_team) values (gen_random_uuid(),"
                " gen_random_uuid(), $1, $2, 'team-a') returning id)"
                " insert into referral.hand_over_item (hand_over, patient,"
                " organisation, episode, was_team, was_worker, to_team, to_worker)"
                " select id, $3, $2, $4, 'team-a', 'a', 'team-b', 'b' from plan",
                NINE,
                town.organisation,
                number,
                id_,
            )
        elif table == "capture":
            await connection.execute(
                "insert into clinic.capture (id, kiosk, claimed_at, came_at,"
                " organisation, appointment, kiosk_name, became, patient) values"
                " (gen_random_uuid(), gen_random_uuid(), $1, $1, $2, $3, 'Main"
                " entrance', 'not-on', $4)",
                NINE,
                town.organisation,
                id_,
                number,
            )
        else:
            await connection.execute(
                "insert into clinic.correction (organisation, id, patient, asked_at,"
                " state) values ($1, $2, $3, $4, 'waiting')",
                town.organisation,
                id_,
                number,
                NINE,
            )


async def test_an_erasure_takes_what_stands_beside_a_record_without_a_resource(
    town: Town, owner: Connection, desk: Who
) -> None:
    """A queue, a booking and a correction whose resources are gone already."""
    booked = await town.books("no-resource", "no-resource-2", starts=NINE)
    patient = f"{booked}-patient"
    came = await town.clinic.desk.arrive(booked, by=desk.by, opener=desk.opener)
    assert isinstance(came, CheckedIn), came
    await town.clinic.desk.undo(booked, by=desk.by, opener=desk.opener)
    await put_beside(town, patient, "booking", "no-resource-3")
    await put_beside(town, patient, "correction", "no-resource-4")
    await put_beside(town, patient, "capture", "no-resource-5")
    # As if the appointments had been destroyed when no trigger was there.
    async with owner.transaction():
        for word in ("disable", "enable"):
            await owner.execute(
                f"alter table record.resource {word} trigger clinic_forgets"
            )
            await owner.execute(
                "delete from record.resource where patient ="
                " (select number from record.patient where id = $1)",
                patient,
            )
    steps = "select count(*) from clinic.step where appointment like 'no-resource%'"
    assert {"clinic.entry", "clinic.booking"} < (await left_of(owner, patient)).keys()
    assert await owner.fetch_value(steps) >= 3
    await erase(town, patient)
    assert await left_of(owner, patient) == {}
    assert await owner.fetch_value(steps) == 0


async def test_links_by_which_somebody_checks_in_go_with_the_record(
    town: Town, owner: Connection
) -> None:
    booked = await town.books("linked", starts=NINE)
    patient, somebody = f"{booked}-patient", await town.warden.account("receptionist")
    await owner.execute(
        "insert into warden.check_in_link (secret_hash, organisation, account, patient,"
        " appointment, made_by, made_at, valid_until)"
        " values ($1, $2, $3::text::uuid, $4, $5, $3::text::uuid, $6, $7)",
        secrets.token_bytes(32),
        town.organisation,
        somebody,
        patient,
        booked,
        NINE,
        NINE + timedelta(hours=2),
    )
    assert "warden.check_in_link" in await left_of(owner, patient)
    await erase(town, patient)
    assert await left_of(owner, patient) == {}


# What work explains


async def test_ties_that_wait_for_others_tell_nobody_of_an_erased_record(
    town: Town, owner: Connection
) -> None:
    """Ties of one organisation are written in a row: somebody's holds this one up."""
    session = await town.warden.import_session(town.warden.home)
    named = tuple(f"tied-{secrets.token_hex(4)}" for _ in range(2))
    made = await town.warden.door.ask(NewPatientKeys(session, named), NewKeys)
    assert isinstance(made, NewKeys), made
    held, gone = (
        Item(one.patient, Tier.RECORD, one.wrapped[1], (("Encounter", f"e-{n}", 1),))
        for n, one in enumerate(made.patients)
    )
    doctor = await town.warden.session("doctor")
    assert isinstance(await admits(town, doctor, held), Grant)
    async with owner.transaction():
        await owner.execute(
            "select from warden.tie where patient = $1 for update", held.patient
        )
        first = asyncio.create_task(admits(town, doctor, held))
        await until_waited_for(owner)
        second = asyncio.create_task(admits(town, doctor, gone))
        await erase(town, gone.patient)
        assert not second.done()
    assert isinstance(await first, Grant)
    assert isinstance(await second, Grant)
    assert (await left_of(owner, held.patient)).keys() == {"warden.tie"}
    assert await left_of(owner, gone.patient) == {}
    again = await admits(town, doctor, gone)
    assert isinstance(again, Refusal)
    assert again.code == "erased"


async def test_a_slow_write_of_one_organisations_ties_holds_up_no_other(
    town: Town, owner: Connection
) -> None:
    doctors, items = [], []
    for home in (town.warden.home, f"org-{secrets.token_hex(4)}"):
        if home != town.warden.home:
            await town.warden.organisation(home)
        session = await town.warden.import_session(home)
        named = (f"tied-{secrets.token_hex(4)}",)
        made = await town.warden.door.ask(NewPatientKeys(session, named), NewKeys)
        assert isinstance(made, NewKeys), made
        [one] = made.patients
        encounter = (("Encounter", f"e-{secrets.token_hex(4)}", 1),)
        items.append(Item(one.patient, Tier.RECORD, one.wrapped[1], encounter))
        doctors.append(await town.warden.session("doctor", organisation=home))
    assert isinstance(await admits(town, doctors[0], items[0]), Grant)
    async with owner.transaction():
        await owner.execute(
            "select from warden.tie where patient = $1 for update", items[0].patient
        )
        held = asyncio.create_task(admits(town, doctors[0], items[0]))
        await until_waited_for(owner)
        async with asyncio.timeout(10):
            assert isinstance(await admits(town, doctors[1], items[1]), Grant)
        assert not held.done()
    assert isinstance(await held, Grant)


async def admits(town: Town, token: str, item: Item) -> Grant | Refusal:
    now = microseconds_since_epoch(town.clock.now())
    [(type_, id_, _)] = item.resources
    tie = SaidTie(type_, id_, WARD, "ward", now, now + HOUR)
    asked = Disclose(
        token,
        Purpose.DIRECT_CARE,
        "rang about results from Tuesday",
        Action.WRITE,
        (item,),
    )
    given = await town.warden.door.ask_any(ForWork(asked, (tie,)))
    assert isinstance(given, Grant | Refusal), given
    return given


async def test_what_a_ward_knew_of_somebody_goes_with_them(
    town: Town, owner: Connection
) -> None:
    patient = "on-ward"
    person: dict[str, object] = {
        "resourceType": "Patient",
        "id": patient,
        "name": [{"family": "Wardman"}],
        "birthDate": "1950-02-03",
    }
    stay = admission(
        "on-ward-stay",
        patient=patient,
        ward=Person("Location/heron", "Heron"),
        bed=Person("Location/heron-1", "Bed 1"),
        at=NINE,
        reason="",
        expected=None,
    )
    level = Level(
        id="on-ward-level",
        patient=patient,
        code="general",
        every=60,
        began=NINE,
        by=Person("", "Nia Night"),
        reason="",
    )
    await town.load([person, stay, level_content(level)])
    found = await left_of(owner, patient)
    assert {"ward.stay", "ward.level"} < found.keys()
    await erase(town, patient)
    assert await left_of(owner, patient) == {}
