# SPDX-License-Identifier: Apache-2.0
"""Floods, portions and rare rows: what is kept, what is dropped, what waits."""

import asyncio
import json
import secrets
from datetime import UTC, datetime

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from support.acts import colleague
from support.desks import desk_of
from support.openings import code_of, opens, records
from support.owner import owner_of, until_waited_for
from support.registered_app import OFFLINE, registered
from support.warden import NOBODY, RunningWarden
from wardkeep.base.clock import SystemClock
from wardkeep.base.ids import new_uuid
from wardkeep.db.connection import Connection
from wardkeep.db.errors import DatabaseRefusedError
from wardkeep.disclosure.answers import CeremonyOptions, Created, Done, Refusal
from wardkeep.disclosure.containment import (
    AccountRead,
    Containment,
    FreezeNow,
    ReadAccount,
    ReadContainment,
)
from wardkeep.disclosure.kiosks import BeginPairing, PairingBegun
from wardkeep.disclosure.purpose import Action, Purpose, Tier
from wardkeep.disclosure.questions import Disclose, EndSession, Item
from wardkeep.disclosure.smart import (
    BeginLaunch,
    CheckToken,
    LaunchGiven,
    RegisterApp,
)
from wardkeep.disclosure.waking import BeginWake, FinishWake
from wardkeep.identity.roles import Role
from wardkeep.ledger.compacting import Compacted
from wardkeep.warden import freezes, limits
from wardkeep.warden.data_keys import SizedVersion, VersionName
from wardkeep.warden.freezes import Freeze, Freezes
from wardkeep.warden.patrol import Slow
from wardkeep.warden.pulse import Unusual
from wardkeep.warden.root_key import RootKeyUnavailableError
from wardkeep.warden.service import (
    authorizing,
    federation,
    kiosks,
    rotating,
    rotation_of_patients,
)
from wardkeep.warden.service.by_support import note_opening
from wardkeep.warden.service.federation import Bounded
from wardkeep.warden.service.picture import Picture
from wardkeep.warden.support_grants import Opened, SupportGrants

# Floods


async def test_a_flood_of_launches_pushes_out_the_oldest(
    warden: RunningWarden, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(authorizing, "MOST_LAUNCHES", 2)
    question = RegisterApp(
        organisation=warden.home,
        name="Growth charts",
        redirect_uris=("http://localhost:9/back",),
        launch_url="http://localhost:9/launch",
        scope="launch user/Patient.rs",
        patients_per_hour=10,
    )
    made = await warden.operator.ask(question, Created)
    assert isinstance(made, Created), made
    nurse = await colleague(warden, "ward_nurse")
    for _ in range(4):
        given = await warden.door.ask_any(BeginLaunch(nurse.token, made.id, "p-1"))
        assert isinstance(given, LaunchGiven)


async def test_a_flood_of_devices_that_wait_pushes_out_the_oldest(
    warden: RunningWarden, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kiosks, "MOST_PAIRINGS", 2)
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    jwk = {**ECAlgorithm.to_jwk(key, as_dict=True), "kid": "kiosk"}
    for _ in range(4):
        asked = BeginPairing(json.dumps(jwk).encode())
        assert isinstance(await warden.door.ask_any(asked), PairingBegun)


def test_a_flood_of_ways_to_a_provider_pushes_out_the_oldest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(federation, "MOST_WAYS", 2)
    waiting: Bounded[int] = Bounded()
    for n in range(4):
        waiting.keep(f"way-{n}", n)
    assert list(waiting.values()) == [2, 3]


# Freezes and limits


def freeze(kind: str, target: str) -> Freeze:
    return Freeze(
        id=new_uuid(),
        organisation=1,
        kind=kind,
        target=target,
        because="seen at two places",
        cause=freezes.BY_HAND,
        frozen_at=datetime(2026, 11, 29, tzinfo=UTC),
    )


def test_of_two_freezes_of_one_account_the_other_still_holds() -> None:
    held = Freezes()
    first, second = (freeze(freezes.ACCOUNT, NOBODY) for _ in range(2))
    held.add(first)
    held.add(second)
    at = datetime(2026, 11, 29, tzinfo=UTC)
    held.release(first, at=at, by="ada", reason="a mistake")
    assert [one.id for one in held] == [second.id]
    held.release(second, at=at, by="ada", reason="a mistake")
    held.release(second, at=at, by="ada", reason="once more")
    assert len(held) == 0


async def test_a_release_while_the_freeze_is_saved_is_saved_as_well(
    warden: RunningWarden, owner: Connection
) -> None:
    """Else a restart would freeze again whom somebody had released."""
    nurse = await colleague(warden, "ward_nurse")
    held, at = Freezes(), datetime(2026, 11, 29, tzinfo=UTC)
    number = [e.organisation for e in warden.entries() if e.account == nurse.account][
        -1
    ]
    one = msgspec.structs.replace(
        freeze(freezes.ACCOUNT, nurse.account), organisation=number
    )
    held.add(one)
    async with owner_of(warden.installation) as other:
        async with owner.transaction():
            await owner.execute("lock table warden.freeze in exclusive mode")
            saving = asyncio.create_task(held.save(other))
            await until_waited_for(owner)
            held.release(one, at=at, by=nurse.account, reason="a mistake")
        await saving
        await held.save(other)
    saved = await owner.fetch_value(
        "select released_at from warden.freeze where id = $1::text::uuid", one.id
    )
    assert saved == at


async def test_a_frozen_app_is_out_and_its_person_is_not(
    warden: RunningWarden,
) -> None:
    app = await registered(warden)
    doctor, officer = [
        await colleague(warden, role) for role in ("doctor", "privacy_officer")
    ]
    access = await app.exchange(await app.allow(doctor.token, OFFLINE))
    asked = FreezeNow(officer.token, "app", app.id, "sends much to elsewhere")
    assert await warden.door.ask_any(asked) == Done()
    out = await warden.door.ask_any(CheckToken(access.access_token))
    assert isinstance(out, Refusal)
    [item] = await records(warden, 1)
    assert not isinstance(await opens(warden, doctor.token, item), Refusal)


async def test_limits_of_a_role_that_there_is_no_more_are_passed_over(
    warden: RunningWarden, owner: Connection
) -> None:
    async with owner.transaction():
        await owner.execute(
            "insert into warden.budget (organisation, role, soft, hard, expected,"
            " reach, asked_by, confirmed_by, set_at)"
            " select number, 'alchemist', 1, 1, 1, 1, $2::text::uuid,"
            " $2::text::uuid, now() from warden.organisation where slug = $1",
            warden.home,
            await warden.account("administrator"),
        )
        found = await limits.load_all(owner)
        await owner.execute("delete from warden.budget where role = 'alchemist'")
    assert found.of(1, Role.WARD_NURSE) == Role.WARD_NURSE.budget


# What is looked at behind everybody's back


async def test_what_a_check_of_the_files_says_is_on_every_desk_once(
    warden: RunningWarden, monkeypatch: pytest.MonkeyPatch
) -> None:
    officer = await colleague(warden, "privacy_officer")
    compaction = warden.service.compaction

    async def found(*_: object, **__: object) -> Compacted:
        return Compacted(fault="entry 3 is not as it was written")

    monkeypatch.setattr(compaction, "_run", found)
    for when in (0.0, 1.0, 10.0**6):  # due, not yet, and due again
        await compaction._look(when)
    desk = await warden.door.ask_any(ReadContainment(officer.token))
    assert isinstance(desk, Containment)
    told = [one.detail for one in desk.alarms if "entry 3" in one.detail]
    assert len(told) == 1


async def test_who_goes_through_records_for_weeks_is_told_of(
    warden: RunningWarden,
) -> None:
    officer, nurse = [
        await colleague(warden, role) for role in ("privacy_officer", "ward_nurse")
    ]
    number = [one for one in warden.entries() if one.account == nurse.account][-1]
    picture = desk_of(warden, Picture)
    picture._tell(Slow(number.organisation, nurse.account, 251, 250, 1))
    desk = await warden.door.ask_any(ReadContainment(officer.token))
    assert isinstance(desk, Containment)
    assert any("251 different people in four weeks" in a.detail for a in desk.alarms)
    view = picture._view(Unusual(nurse.account, "ward_nurse", 60, 20))
    assert (view.who, view.today, view.usual) == ("Rowan Ash", 60, 20)


async def test_an_account_without_a_role_is_shown_without_a_budget(
    warden: RunningWarden,
) -> None:
    officer = await colleague(warden, "privacy_officer")
    read = await warden.door.ask_any(ReadAccount(officer.token, NOBODY))
    assert isinstance(read, AccountRead)
    assert (read.soft, read.hard) == (0, 0)


async def test_an_account_of_another_organisation_is_like_one_that_is_none(
    warden: RunningWarden,
) -> None:
    officer = await colleague(warden, "privacy_officer")
    elsewhere = f"org-{secrets.token_hex(4)}"
    await warden.organisation(elsewhere)
    theirs = await warden.account("ward_nurse", organisation=elsewhere, name="Elsie Ng")
    await warden.enrol(theirs)
    assert [one for one in warden.entries() if one.account == theirs]
    nobody = await warden.door.ask_any(ReadAccount(officer.token, NOBODY))
    assert isinstance(nobody, AccountRead)
    for before in (-1, 10**6):
        read = await warden.door.ask_any(ReadAccount(officer.token, theirs, before))
        assert read == msgspec.structs.replace(nobody, account=theirs)
    ours = await warden.account("ward_nurse", name="Uma Reed")
    read = await warden.door.ask_any(ReadAccount(officer.token, ours))
    assert isinstance(read, AccountRead)
    assert read.display_name == "Uma Reed"


# Support


async def test_an_opening_without_a_grant_is_noted_for_nobody() -> None:
    grants = SupportGrants(SystemClock())

    class Supporter(msgspec.Struct):
        role: Role = Role.SUPPORT
        account: str = NOBODY
        organisation: int = 1

    item = Item("p-1", Tier.BANNER, b"", (("Patient", "p-1", 1),))
    asked = Disclose("", Purpose.SUPPORT, "", Action.READ, (item,))
    note_opening(grants, Supporter(), asked)  # type: ignore[arg-type]
    assert grants._unsaved == []


async def test_openings_that_cannot_be_saved_wait_for_the_next_time(
    owner: Connection,
) -> None:
    grants = SupportGrants(SystemClock())
    at = datetime(2026, 11, 29, tzinfo=UTC)
    grants._unsaved.append(Opened(NOBODY, 1, at, "p-1", "banner"))
    with pytest.raises(DatabaseRefusedError):  # no such grant
        await grants.save(owner)
    assert len(grants._unsaved) == 1


# Keys


def test_nothing_is_one_portion_of_nothing() -> None:
    assert list(rotation_of_patients._portions([])) == []
    one = SizedVersion(VersionName(1, b"x", 1), rotation_of_patients.BYTES_AT_ONCE + 1)
    assert [len(some) for some in rotation_of_patients._portions([one, one])] == [1, 1]


def test_a_new_root_key_in_a_device_has_to_be_named() -> None:
    now = datetime(2026, 11, 29, 1, 2, 3, tzinfo=UTC)
    assert (
        rotating._next_address("file:root.key", now) == "file:root-20261129T010203.key"
    )
    with pytest.raises(RootKeyUnavailableError, match="--to"):
        rotating._next_address("pkcs11:token=wardkeep", now)


async def test_before_the_ledger_is_written_no_key_is_replaced() -> None:
    assert await rotating._not_yet() is False


# Sessions


async def test_a_session_that_ends_while_it_wakes_stays_over(
    warden: RunningWarden, owner: Connection
) -> None:
    nurse = await colleague(warden, "ward_nurse")
    options = await warden.door.ask(BeginWake(nurse.token), CeremonyOptions)
    assert isinstance(options, CeremonyOptions), options
    response = nurse.key.sign_in(options.options)
    async with owner.transaction():
        await owner.execute("select from warden.credential for update")
        asked = warden.door.ask_any(FinishWake(nurse.token, response))
        waking = asyncio.create_task(asked)
        await until_waited_for(owner)
        assert await warden.door.ask_any(EndSession(nurse.token)) == Done()
    assert code_of(await waking) == "not-signed-in"
