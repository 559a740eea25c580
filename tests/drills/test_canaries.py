# SPDX-License-Identifier: Apache-2.0
"""Canaries: who opens one is stopped at once, everywhere; nobody else notices."""

import asyncio
import secrets
import time
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from support.acts import Colleague, colleague, confirm
from support.warden import Installation, RunningWarden, running_warden
from wardkeep.assembly.database import OWNER, address_for
from wardkeep.base.clock import FrozenClock, SystemClock, microseconds_since_epoch
from wardkeep.crypto.aead import BoxCannotBeOpenedError
from wardkeep.db.connection import Connection, connect
from wardkeep.db.errors import DatabaseUnavailableError
from wardkeep.disclosure.answers import (
    Answer,
    Done,
    Grant,
    NewKeys,
    Refusal,
    SessionView,
    SignedIn,
)
from wardkeep.disclosure.canaries import (
    MOST_NAMED,
    CanaryCounts,
    CountCanaries,
    PickCanaries,
    PickedCanaries,
    PlantCanaries,
    RetireCanaries,
)
from wardkeep.disclosure.client import WardenClient
from wardkeep.disclosure.containment import (
    BreakGlass,
    Containment,
    ReadContainment,
    ReleaseFreeze,
)
from wardkeep.disclosure.purpose import Action, Purpose, Tier
from wardkeep.disclosure.questions import (
    CheckSession,
    Disclose,
    ForWork,
    Item,
    NewPatientKeys,
    SaidTie,
    SetWork,
)
from wardkeep.warden import canaries, erasures
from wardkeep.warden.rotations import (
    ROOT_WRAPPED,
    put_rewrapped,
    wrapped_by_root,
)
from wardkeep.warden.service.planting import load_canaries

REASON = "rang about results from Tuesday"


def code_of(answer: Answer) -> str:
    assert isinstance(answer, Refusal), answer
    return answer.code


async def patients(
    warden: RunningWarden, many: int, *, canaries: int = 0
) -> tuple[list[Item], list[Item]]:
    """So many patients, and so many canaries, as the door is asked for each."""
    named = tuple(f"p-{secrets.token_hex(6)}" for _ in range(many + canaries))
    if canaries:
        asked = PlantCanaries(warden.home, named[many:])
        counts = await warden.operator.ask(asked, CanaryCounts)
        assert isinstance(counts, CanaryCounts), counts
    session = await warden.import_session(warden.home)
    made = await warden.door.ask(NewPatientKeys(session, named), NewKeys)
    assert isinstance(made, NewKeys), made
    items = [
        Item(one.patient, Tier.BANNER, one.wrapped[0], (("Patient", one.patient, 1),))
        for one in made.patients
    ]
    return items[:many], items[many:]


async def opens(
    warden: RunningWarden,
    token: str,
    *items: Item,
    action: Action = Action.READ,
    reason: str = REASON,
) -> Answer:
    asked = Disclose(token, Purpose.DIRECT_CARE, reason, action, items)
    return await warden.door.ask_any(asked)


async def desk(warden: RunningWarden, who: Colleague) -> Containment:
    found = await warden.door.ask(ReadContainment(who.token), Containment)
    assert isinstance(found, Containment), found
    return found


async def test_one_opening_closes_records_for_the_account_in_every_process_at_once(
    warden: RunningWarden,
) -> None:
    nurse = await colleague(warden, "ward_nurse")
    second = await warden.sign_in(nurse.key)
    assert isinstance(second, SignedIn)
    (real, other), (trap,) = await patients(warden, 2, canaries=1)
    assert isinstance(await opens(warden, nurse.token, real), Grant)
    # The fictional record is shown: what stops the account does not say which it was.
    assert isinstance(await opens(warden, nurse.token, trap), Grant)
    began = time.monotonic()
    elsewhere = WardenClient(
        warden.installation.layout.door_socket, asker="another web process"
    )
    try:
        for token in (nurse.token, second.token):
            for item in (real, other):
                asked = Disclose(
                    token, Purpose.DIRECT_CARE, REASON, Action.READ, (item,)
                )
                assert code_of(await elsewhere.ask_any(asked)) == "frozen"
    finally:
        await elsewhere.close()
    assert time.monotonic() - began < 5
    # Where it was opened it is read to its end, for a moment, and nowhere else.
    assert isinstance(await opens(warden, nurse.token, trap), Grant)
    assert code_of(await opens(warden, second.token, trap)) == "frozen"
    # A session of later is no way round it.
    again = await warden.sign_in(nurse.key)
    assert isinstance(again, SignedIn)
    assert code_of(await opens(warden, again.token, other)) == "frozen"


async def test_being_shown_one_in_a_list_is_nothing(warden: RunningWarden) -> None:
    clerk = await colleague(warden, "receptionist")
    officer = await colleague(warden, "privacy_officer")
    (real,), (trap,) = await patients(warden, 1, canaries=1)
    shown = await opens(warden, clerk.token, real, trap, action=Action.FIND, reason="")
    assert isinstance(shown, Grant)
    assert isinstance(await opens(warden, clerk.token, real), Grant)
    # Whom nothing explains is asked for a reason first: a wrong click ends there.
    nurse = await colleague(warden, "ward_nurse")
    assert code_of(await opens(warden, nurse.token, trap, reason="")) == "reason-needed"
    assert isinstance(await opens(warden, nurse.token, real), Grant)
    assert isinstance(await opens(warden, clerk.token, real), Grant)
    assert (await desk(warden, officer)).freezes == ()


async def test_a_relationship_or_broken_glass_is_no_way_round_it(
    warden: RunningWarden,
) -> None:
    for how in ("related", "glass"):
        nurse = await colleague(warden, "ward_nurse")
        (real,), (trap,) = await patients(warden, 1, canaries=1)
        if how == "related":
            await warden.relate(nurse.account, trap.patient, organisation=warden.home)
        else:
            act = BreakGlass(trap.patient, "life")
            assert await confirm(warden, nurse, act, Done) == Done()
        assert isinstance(await opens(warden, nurse.token, trap, reason=""), Grant)
        assert code_of(await opens(warden, nurse.token, real)) == "frozen", how


@pytest.mark.parametrize("action", [Action.WRITE, Action.DELETE])
async def test_writing_to_one_closes_records_and_nothing_is_written(
    warden: RunningWarden, action: Action
) -> None:
    nurse = await colleague(warden, "ward_nurse")
    officer = await colleague(warden, "privacy_officer")
    (real,), (trap,) = await patients(warden, 1, canaries=1)
    refused = await opens(warden, nurse.token, trap, action=action)
    assert code_of(refused) == "frozen"
    assert code_of(await opens(warden, nurse.token, real)) == "frozen"
    [alarm] = (await desk(warden, officer)).alarms
    assert alarm.account == nurse.account


async def test_one_account_leads_no_colleagues_to_nobody(
    warden: RunningWarden,
) -> None:
    """A stay of nobody on a ward would close records for whoever works there."""
    nurse, other = [await colleague(warden, "ward_nurse") for _ in range(2)]
    _, (trap,) = await patients(warden, 0, canaries=1)
    ward = "Location/w-1"
    placed = SetWork(warden.home, (), (("Ward 1", (ward,), (other.account,)),))
    assert await warden.operator.ask(placed, Done) == Done()
    now = microseconds_since_epoch(SystemClock().now())
    stay = SaidTie("Encounter", "e-1", ward, "ward", now, now + 3_600_000_000)
    written = msgspec.structs.replace(trap, resources=(("Encounter", "e-1", 1),))
    asked = Disclose(nurse.token, Purpose.DIRECT_CARE, REASON, Action.WRITE, (written,))
    refused = await warden.door.ask_any(ForWork(asked, (stay,)))
    assert code_of(refused) == "frozen"
    unexplained = await opens(warden, other.token, trap, reason="")
    assert code_of(unexplained) == "reason-needed"


async def test_at_night_the_glass_is_still_there_and_a_shift_lead_releases(
    warden: RunningWarden,
) -> None:
    nurse = await colleague(warden, "ward_nurse")
    lead = await colleague(warden, "shift_lead", name="Lena Marsh")
    officer = await colleague(warden, "privacy_officer", name="Priya Vane")
    (bed, other), (trap,) = await patients(warden, 2, canaries=1)
    assert isinstance(await opens(warden, nurse.token, trap), Grant)
    # The pages stay, so that she reads why and breaks the glass for the one at hand.
    assert isinstance(await warden.door.ask_any(CheckSession(nurse.token)), SessionView)
    act = BreakGlass(bed.patient, "life")
    assert await confirm(warden, nurse, act, Done) == Done()
    assert isinstance(await opens(warden, nurse.token, bed), Grant)
    assert code_of(await opens(warden, nurse.token, other)) == "frozen"
    [freeze] = (await desk(warden, lead)).freezes
    assert freeze.may_release
    # Neither she nor the lead is told that it was a canary; who decides is.
    assert "canar" not in f"{freeze.cause} {freeze.because}"
    assert [one.kind for one in (await desk(warden, lead)).alarms] == []
    told = [one for one in (await desk(warden, officer)).alarms if one.kind == "canary"]
    assert [one.account for one in told] == [nurse.account]
    assert (told[0].patient, "no real person" in told[0].detail) == ("", True)
    release = ReleaseFreeze(freeze.id, "talked with her, the wrong line of the list")
    assert await confirm(warden, lead, release, Done) == Done()
    assert isinstance(await opens(warden, nurse.token, other), Grant)


async def test_nobody_asks_at_the_door_which_they_are(warden: RunningWarden) -> None:
    officer = await colleague(warden, "privacy_officer")
    _, (trap,) = await patients(warden, 0, canaries=1)
    number = warden.entries()[-1].organisation
    for asked in (
        CountCanaries(warden.home),
        PlantCanaries(warden.home, ("x-1",)),
        RetireCanaries(warden.home, is_met_only=False),
        PickCanaries(number, (trap.patient,)),
    ):
        assert code_of(await warden.door.ask_any(asked)) == "not-understood"
    # Nor does an entry that a privacy officer reads name one.
    assert officer.token
    for entry in warden.entries():
        if entry.action in {"plant-canaries", "pick-canaries"}:
            assert entry.patients == ()


async def test_the_operator_counts_them_and_picks_out_whom_a_scope_named(
    warden: RunningWarden,
) -> None:
    nurse = await colleague(warden, "ward_nurse")
    (real,), (trap, unmet) = await patients(warden, 1, canaries=2)
    await opens(warden, nurse.token, trap)
    counts = await warden.operator.ask(CountCanaries(warden.home), CanaryCounts)
    assert isinstance(counts, CanaryCounts)
    assert (counts.living, counts.met, counts.retired) == (2, 1, 0)
    asked = PickCanaries(counts.organisation, (real.patient, trap.patient))
    assert await warden.operator.ask(asked, PickedCanaries) == PickedCanaries(
        (trap.patient,)
    )
    asked = PickCanaries(counts.organisation + 1, (trap.patient,))
    assert await warden.operator.ask(asked, PickedCanaries) == PickedCanaries(())
    gone = await warden.operator.ask(
        RetireCanaries(warden.home, is_met_only=True), CanaryCounts
    )
    assert isinstance(gone, CanaryCounts)
    assert (gone.living, gone.met, gone.retired) == (1, 0, 1)
    doctor = await colleague(warden, "doctor")
    assert code_of(await opens(warden, doctor.token, trap)) == "erased"
    assert isinstance(await opens(warden, doctor.token, real), Grant)
    assert isinstance(await opens(warden, doctor.token, unmet), Grant)
    assert code_of(await opens(warden, doctor.token, real)) == "frozen"
    # A scope of before still has to know that nobody is behind it.
    asked = PickCanaries(counts.organisation, (trap.patient,))
    assert await warden.operator.ask(asked, PickedCanaries) == PickedCanaries(
        (trap.patient,)
    )


@pytest.mark.parametrize(
    "named", [(), ("a", "a"), ("no/id",), tuple(f"p{n}" for n in range(MOST_NAMED + 1))]
)
async def test_what_is_no_list_of_ids_is_refused(
    warden: RunningWarden, named: tuple[str, ...]
) -> None:
    asked = PlantCanaries(warden.home, named)
    assert code_of(await warden.operator.ask_any(asked)) == "bad-canaries"
    picked = PickCanaries(1, named if len(named) > 2 else ())
    assert code_of(await warden.operator.ask_any(picked)) == "bad-canaries"


async def test_of_an_organisation_that_is_not_there_nothing_is_told(
    warden: RunningWarden,
) -> None:
    for asked in (
        PlantCanaries("nowhere", ("p1",)),
        CountCanaries("nowhere"),
        RetireCanaries("nowhere", is_met_only=False),
    ):
        assert code_of(await warden.operator.ask_any(asked)) == "no-such-organisation"


async def test_a_restart_forgets_no_canary_and_the_database_names_none(
    installation: Installation,
) -> None:
    async with running_warden(installation) as warden:
        warden.home = home = f"org-{secrets.token_hex(4)}"
        await warden.organisation(home)
        nurse = await colleague(warden, "ward_nurse")
        doctor = await colleague(warden, "doctor")
        (real,), (trap, other) = await patients(warden, 1, canaries=2)
        assert isinstance(await opens(warden, nurse.token, trap), Grant)
        async with warden.service._database.connection() as connection:
            rows = await connection.fetch("select * from warden.canary_list")
        for row in rows:
            assert trap.patient.encode() not in bytes(row["sealed"])
        assert {len(row["sealed"]) for row in rows} == {4096 + 28}
        # As killed before it could save the freeze.
        warden.service._saves.clear()
    async with running_warden(installation) as warden:
        warden.home = home
        assert code_of(await opens(warden, nurse.token, real)) == "frozen"
        assert isinstance(await opens(warden, doctor.token, real), Grant)
        assert isinstance(await opens(warden, doctor.token, other), Grant)
        assert code_of(await opens(warden, doctor.token, real)) == "frozen"


async def test_the_record_of_nobody_closes_with_all_others_after_a_moment(
    installation: Installation,
) -> None:
    clock = FrozenClock(datetime(2026, 11, 28, 9, 0, tzinfo=UTC))
    async with running_warden(installation, clock=clock) as warden:
        warden.home = f"org-{secrets.token_hex(4)}"
        await warden.organisation(warden.home)
        nurse = await colleague(warden, "ward_nurse")
        _, (trap,) = await patients(warden, 0, canaries=1)
        for _ in range(3):
            # Reading on does not put off the end.
            assert isinstance(await opens(warden, nurse.token, trap), Grant)
            clock.move(timedelta(seconds=1.3))
        clock.move(timedelta(seconds=0.2))
        assert code_of(await opens(warden, nurse.token, trap)) == "frozen"


async def test_a_list_that_was_changed_or_moved_is_not_believed(
    warden: RunningWarden,
) -> None:
    await patients(warden, 0, canaries=1)
    other_home, warden.home = warden.home, f"org-{secrets.token_hex(4)}"
    await warden.organisation(warden.home)
    await patients(warden, 0, canaries=1)
    assert other_home != warden.home
    service, root_key = warden.service, warden.service._keystore._root
    async with service._database.connection() as connection:
        one, other = (await connection.fetch("select * from warden.canary_list"))[-2:]
    number, own = one["organisation"], bytes(one["sealed"])
    for column, value in (
        ("sealed", bytes(other["sealed"])),
        ("sealed", own[:-1] + bytes((own[-1] ^ 1,))),
        ("wrapped_key", bytes(other["wrapped_key"])),
    ):
        await _put(warden.installation, number, **{column: value})
        with pytest.raises(BoxCannotBeOpenedError):
            await load_canaries(service._database, root_key)
        await _put(
            warden.installation,
            number,
            sealed=own,
            wrapped_key=bytes(one["wrapped_key"]),
        )
    await load_canaries(service._database, root_key)


async def _put(installation: Installation, organisation: int, **columns: bytes) -> None:
    address = address_for(installation.settings, installation.layout, OWNER)
    connection = await connect(address)
    for name, value in columns.items():
        await connection.execute(
            f"update warden.canary_list set {name} = $2 where organisation = $1",  # noqa: S608 - names of columns, written here
            organisation,
            value,
        )
    await connection.close()


async def test_what_the_database_did_not_hear_is_told_again(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running_warden(installation) as warden:
        warden.home = f"org-{secrets.token_hex(4)}"
        await warden.organisation(warden.home)
        _, (trap,) = await patients(warden, 0, canaries=1)
        nurse = await colleague(warden, "ward_nurse")
        assert isinstance(await opens(warden, nurse.token, trap), Grant)

        async def away(*_: object) -> None:
            raise DatabaseUnavailableError

        with monkeypatch.context() as patched:
            patched.setattr(canaries, "keep", away)
            await warden.service._save_sessions()
            # Nor is anything planted that the list could not be told of.
            asked = PlantCanaries(warden.home, ("p-later",))
            said = await warden.operator.ask_any(asked)
            assert code_of(said) == "database-unavailable"
        home = warden.home
    async with running_warden(installation) as warden:
        # That it was met was told again when the warden closed.
        counts = await warden.operator.ask(CountCanaries(home), CanaryCounts)
        assert isinstance(counts, CanaryCounts)
        assert counts.met == 1


async def test_an_older_list_never_arrives_after_a_newer_one(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running_warden(installation) as warden:
        warden.home = f"org-{secrets.token_hex(4)}"
        await warden.organisation(warden.home)
        keep, is_first = canaries.keep, True

        async def slowly_at_first(
            connection: Connection, one: canaries.SealedList
        ) -> None:
            nonlocal is_first
            if is_first:
                is_first = False
                await asyncio.sleep(0.3)
            await keep(connection, one)

        with monkeypatch.context() as patched:
            patched.setattr(canaries, "keep", slowly_at_first)
            await asyncio.gather(
                *(
                    warden.operator.ask_any(PlantCanaries(warden.home, (one,)))
                    for one in ("p-sooner", "p-later")
                )
            )
            warden.service._saves.clear()
        home = warden.home
    async with running_warden(installation) as warden:
        counts = await warden.operator.ask(CountCanaries(home), CanaryCounts)
        assert isinstance(counts, CanaryCounts)
        assert counts.living == 2


async def test_retired_ones_are_asked_for_at_once_at_a_start(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running_warden(installation) as warden:
        warden.home = f"org-{secrets.token_hex(4)}"
        await warden.organisation(warden.home)
        await patients(warden, 0, canaries=5)
        retired = RetireCanaries(warden.home, is_met_only=False)
        counts = await warden.operator.ask(retired, CanaryCounts)
        assert isinstance(counts, CanaryCounts)
        assert (counts.living, counts.retired) == (0, 5)
    destroyed: list[str] = []

    async def counted(_: Connection, *, organisation: int, patient: str) -> None:
        destroyed.append(f"{organisation} {patient}")

    monkeypatch.setattr(erasures, "destroy_rows", counted)
    async with running_warden(installation):
        assert destroyed == []


async def test_the_key_of_the_list_is_turned_with_the_root_key(
    warden: RunningWarden,
) -> None:
    await patients(warden, 0, canaries=1)
    service, root_key = warden.service, warden.service._keystore._root
    [where] = [one for one in ROOT_WRAPPED if one.table == "canary_list"]
    async with service._database.connection() as connection:
        before = await wrapped_by_root(connection, where)
        for key, wrapped in before:
            identity = where.identity.format(key).encode()
            anew = root_key.wrap(root_key.unwrap(wrapped, identity), identity)
            await put_rewrapped(connection, where, key=key, old=wrapped, new=anew)
        turned = dict(await wrapped_by_root(connection, where))
    assert not set(turned.values()) & {wrapped for _, wrapped in before}
    await load_canaries(service._database, root_key)
