# SPDX-License-Identifier: Apache-2.0
"""An organisation's own incidents: who declares, who reads, and what a crash leaves."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import msgspec
import pytest

from support.acts import colleague, confirm, options_for
from support.incidents import (
    NURSE,
    OFFICER,
    TOLD,
    WHAT,
    attack,
    count,
    counted,
    declared,
    file_of,
    goes_on,
    listed,
    now,
    opened_by,
    patient,
    read,
    settle,
    steps,
    without_passkey,
)
from support.openings import code_of, desk, opens, records
from support.warden import (
    Installation,
    RunningWarden,
    forget_ledger,
    running_warden,
)
from wardkeep.base.clock import FrozenClock, SystemClock, microseconds_since_epoch
from wardkeep.base.ids import new_uuid
from wardkeep.disclosure.answers import Done, Refusal, SignedIn
from wardkeep.disclosure.confirming import FinishConfirm
from wardkeep.disclosure.incident_desk import (
    BeginCount,
    CountBegun,
    DeclareIncident,
    ListIncidents,
    LookAtCount,
    Reached,
    ReadReached,
    TakeDrafts,
    WithdrawIncident,
)
from wardkeep.disclosure.incidents import IncidentWritten, WriteIncident
from wardkeep.disclosure.patients import OwnAccess, ReadOwnAccess
from wardkeep.identity.roles import Role
from wardkeep.ledger.incidents import (
    Finding,
    Incident,
    Told,
    keep,
    request_of,
)
from wardkeep.ledger.index import INCIDENT_STEPS
from wardkeep.ledger.wanted import Wanted
from wardkeep.warden.incidents import PENDING
from wardkeep.warden.service.counting import MOST_A_DAY


@pytest.fixture(autouse=True)
def _ledger_of_its_own(installation: Installation) -> None:
    forget_ledger(installation)


@pytest.fixture
async def warden(installation: Installation) -> AsyncIterator[RunningWarden]:
    async with running_warden(installation) as running:
        await settle(running)
        yield running


# What an officer does


async def test_an_officer_declares_revises_and_withdraws_and_each_step_is_written(
    warden: RunningWarden,
) -> None:
    made = await attack(warden)
    # A ledger that is a second old has a checkpoint
    await asyncio.sleep(1.5)
    other = await colleague(warden, NURSE)
    [late] = await records(warden, 1)
    await warden.relate(other.account, late.patient, organisation=warden.home)
    await opens(warden, other.token, late)
    found = await declared(warden, made)
    assert (found.is_own, found.is_written) == (True, True)
    assert [one.people for one in found.versions] == [3]
    assert found.reach is not None
    assert found.reach.is_whole
    assert found.report_due_at == found.found_at + 72 * 3_600_000_000
    more = await count(
        warden,
        made.officer,
        Wanted(account=other.account),
        incident=found.id,
        what="A second account had been used.",
    )
    act = DeclareIncident(more)
    assert await confirm(warden, made.officer, act, Done) == Done()
    # It is declared once, however often it is sent
    again = await confirm(warden, made.officer, act, Done)
    assert code_of(again) == "no-such-count"
    [revised] = await listed(warden, made.officer)
    assert [one.people for one in revised.versions] == [3, 4]
    ending = WithdrawIncident(found.id, "It was a drill of our own.")
    assert await confirm(warden, made.officer, ending, Done) == Done()
    [ended] = await listed(warden, made.officer)
    assert ended.withdrawn_at
    assert ended.is_written
    assert code_of(await confirm(warden, made.officer, ending, Done)) == (
        "no-such-incident"
    )
    assert steps(warden) == list(INCIDENT_STEPS)
    alarms = (await desk(warden, made.officer)).alarms
    assert [one.kind for one in alarms] == ["incident"] * 3
    assert all(one.is_mine for one in alarms), "a colleague looks at it"


async def test_everybody_in_a_window_is_counted_and_nobody_reached_is_an_outcome(
    warden: RunningWarden,
) -> None:
    begin = now()
    made = await attack(warden, 2)
    everybody = Wanted(since=begin - 1_000_000, until=now() + 1_000_000)
    id_ = await count(warden, made.officer, everybody)
    view = await counted(warden, made.officer, id_)
    assert view.reach is not None
    assert view.reach.people == 2
    nobody = await count(warden, made.officer, Wanted(account=new_uuid()))
    view = await counted(warden, made.officer, nobody)
    assert view.reach is not None
    assert (view.reach.people, view.reach.first) == (0, 0)
    assert await confirm(warden, made.officer, DeclareIncident(nobody), Done) == Done()


async def test_what_is_typed_wrongly_is_told_with_its_mend(
    warden: RunningWarden,
) -> None:
    officer = await colleague(warden, OFFICER)
    usual: dict[str, object] = {
        "selectors": (Wanted(account="x"),),
        "found_at": now(),
        "what": WHAT,
        "told": TOLD,
    }
    for wrong in (
        {"selectors": ()},
        {"selectors": (Wanted(),)},
        {"selectors": (Wanted(since=1),)},
        {"selectors": (Wanted(account="x", since=2, until=1),)},
        {"selectors": (Wanted(address="1.2.3"),)},
        {"selectors": (Wanted(device="xyz"),)},
        {"selectors": (Wanted(session="x" * 300),)},
        {"selectors": (Wanted(account="x", since=-1),)},
        {"selectors": tuple(Wanted(account=f"x{n}") for n in range(30))},
        {"found_at": 0},
        {"found_at": now() + 3_600_000_000},
        {"what": "Oh."},
        {"told": None},
        {"told": Told(doing="", ask="x")},
    ):
        asked = BeginCount(session=officer.token, **{**usual, **wrong})  # type: ignore[arg-type]
        given = await warden.door.ask_any(asked)
        assert code_of(given) == "bad-incident", wrong


# Stolen sessions and a taken-over web process


async def test_a_stolen_officers_session_declares_reads_and_withdraws_nothing(
    warden: RunningWarden,
) -> None:
    made = await attack(warden)
    found = await declared(warden, made)
    id_ = await count(warden, made.officer, Wanted(account=made.nurse.account))
    before = steps(warden)
    for act in (
        DeclareIncident(id_),
        WithdrawIncident(found.id, "It was nothing at all."),
        TakeDrafts(found.id),
    ):
        await without_passkey(warden, made.officer, act)
    assert steps(warden) == before
    assert code_of(await read(warden, made.officer, found.id)) == "drafts-not-signed"
    assert [one.id for one in await listed(warden, made.officer)] == [found.id]


async def test_a_signature_is_for_that_count_and_that_incident(
    warden: RunningWarden,
) -> None:
    """A taken-over web process sends another act with the signature it was given."""
    made = await attack(warden)
    found = await declared(warden, made)
    mine = await count(warden, made.officer, Wanted(account=made.nurse.account))
    other = await count(warden, made.officer, Wanted(session=new_uuid()))
    options = await options_for(warden, made.officer, DeclareIncident(mine))
    assert not isinstance(options, Refusal)
    response = made.officer.key.sign_in(options.options)
    for act in (DeclareIncident(other), TakeDrafts(found.id)):
        given = await warden.door.ask_any(
            FinishConfirm(made.officer.token, act, response)
        )
        assert isinstance(given, Refusal)
    assert len(await listed(warden, made.officer)) == 1


async def test_only_a_privacy_officer_deals_with_incidents(
    warden: RunningWarden,
) -> None:
    made = await attack(warden)
    found = await declared(warden, made)
    for role in (NURSE, Role.ADMINISTRATOR.value, Role.SHIFT_LEAD.value):
        who = await colleague(warden, role)
        for question in (
            ListIncidents(who.token),
            ReadReached(who.token, found.id),
            BeginCount(session=who.token, selectors=(Wanted(account="x"),)),
            LookAtCount(who.token, new_uuid()),
        ):
            assert code_of(await warden.door.ask_any(question)) == "not-your-work"
        given = await confirm(warden, who, TakeDrafts(found.id), Done)
        assert code_of(given) == "not-your-work"


async def test_a_colleague_cannot_declare_what_another_counted(
    warden: RunningWarden,
) -> None:
    made = await attack(warden)
    id_ = await count(warden, made.officer, Wanted(account=made.nurse.account))
    second = await colleague(warden, OFFICER)
    look = await warden.door.ask_any(LookAtCount(second.token, id_))
    assert code_of(look) == "no-such-count"
    given = await confirm(warden, second, DeclareIncident(id_), Done)
    assert code_of(given) == "no-such-count"


async def test_counting_without_a_passkey_ends_after_some(
    warden: RunningWarden,
) -> None:
    """Narrow windows, one after the other, would tell who is a canary."""
    officer = await colleague(warden, OFFICER)
    for _ in range(MOST_A_DAY):
        await count(warden, officer, Wanted(session=new_uuid()))
    asked = BeginCount(
        session=officer.token,
        selectors=(Wanted(session=new_uuid()),),
        found_at=now(),
        what=WHAT,
        told=TOLD,
    )
    assert code_of(await warden.door.ask_any(asked)) == "too-many-counts"
    counts = [one for one in warden.entries() if one.action == "count-incident"]
    assert len(counts) == MOST_A_DAY


# Who was reached


async def test_drafts_are_read_by_the_session_that_signed_and_each_portion_is_written(
    warden: RunningWarden,
) -> None:
    made = await attack(warden)
    found = await declared(warden, made)
    second = await colleague(warden, OFFICER)
    assert await confirm(warden, second, TakeDrafts(found.id), Done) == Done()
    assert code_of(await read(warden, made.officer, found.id)) == "drafts-not-signed"
    given = await read(warden, second, found.id)
    assert isinstance(given, Reached)
    named = {item.patient for item in made.items}
    assert {one.patient for one in given.people} == named
    assert given.next == -1
    last = warden.entries()[-1]
    assert set(last.patients) == named
    assert last.request == f"incident {found.id}"
    [view] = await listed(warden, second)
    assert view.may_read_until > now()


async def test_the_signature_holds_a_quarter_of_an_hour(
    installation: Installation,
) -> None:
    clock = FrozenClock(SystemClock().now())
    async with running_warden(installation, clock=clock) as warden:
        await settle(warden)
        made = await attack(warden, 1)
        asked = microseconds_since_epoch(clock.now())
        id_ = await count(
            warden,
            made.officer,
            Wanted(account=made.nurse.account, since=1, until=asked + 1),
            found_at=asked,
        )
        clock.move(timedelta(seconds=1))
        assert await confirm(warden, made.officer, DeclareIncident(id_), Done) == (
            Done()
        )
        [found] = await listed(warden, made.officer)
        act = TakeDrafts(found.id)
        assert await confirm(warden, made.officer, act, Done) == Done()
        await goes_on(warden, made.officer, clock, minutes=14)
        assert isinstance(await read(warden, made.officer, found.id), Reached)
        await goes_on(warden, made.officer, clock, minutes=2)
        assert code_of(await read(warden, made.officer, found.id)) == (
            "drafts-not-signed"
        )


async def test_a_second_organisation_sees_nothing_of_it(
    warden: RunningWarden,
) -> None:
    made = await attack(warden)
    found = await declared(warden, made)
    first = warden.home
    await settle(warden)
    stranger = await colleague(warden, OFFICER)
    assert warden.home != first
    assert await listed(warden, stranger) == ()
    assert code_of(await read(warden, stranger, found.id)) == "no-such-incident"
    for act in (
        TakeDrafts(found.id),
        WithdrawIncident(found.id, "It is none of ours at all."),
    ):
        given = await confirm(warden, stranger, act, Done)
        assert code_of(given) == "no-such-incident"
    # To name the other's account reaches nobody of one's own, and tells no name
    id_ = await count(warden, stranger, Wanted(account=made.nurse.account))
    view = await counted(warden, stranger, id_)
    assert view.reach is not None
    assert view.reach.people == 0
    assert (await desk(warden, stranger)).alarms == ()


async def test_what_the_operator_declared_is_read_by_its_controller_and_not_changed(
    warden: RunningWarden, installation: Installation
) -> None:
    made = await attack(warden)
    number = (await opened_by(warden, made))[0]
    operators = Incident(
        id=new_uuid(),
        found_at=now(),
        declared_at=now(),
        what=WHAT,
        findings=(
            Finding(
                at=now(),
                why="As declared.",
                selectors=(Wanted(account=made.nurse.account),),
                is_whole=True,
                people=((number, 3),),
            ),
        ),
    )
    keep(installation.layout.warden / "incidents", operators)
    [unwritten] = await listed(warden, made.officer)
    assert not unwritten.is_written
    asked = WriteIncident(
        operators.id, operators.step, 1, operators.digest, ((number, 3),)
    )
    for _ in range(2):
        written = await warden.operator.ask(asked, IncidentWritten)
        assert isinstance(written, IncidentWritten)
    # A command that is started again writes nothing twice
    assert steps(warden) == [INCIDENT_STEPS[0]]
    [found] = await listed(warden, made.officer)
    assert (found.is_own, found.is_written, found.reach) == (False, True, None)
    assert found.versions[0].selectors == ()
    refused = await confirm(
        warden, made.officer, WithdrawIncident(found.id, "We think otherwise."), Done
    )
    assert code_of(refused) == "no-such-incident"
    assert code_of(await confirm(warden, made.officer, TakeDrafts(found.id), Done)) == (
        "not-counted"
    )
    begun = await warden.door.ask(
        BeginCount(session=made.officer.token, incident=found.id), CountBegun
    )
    assert isinstance(begun, CountBegun)
    await counted(warden, made.officer, begun.count)
    act = TakeDrafts(found.id)
    assert await confirm(warden, made.officer, act, Done) == Done()
    given = await read(warden, made.officer, found.id)
    assert isinstance(given, Reached)
    assert len(given.people) == 3


# The patient's own page


async def test_a_patient_is_told_what_was_counted_and_nobody_else_is(
    warden: RunningWarden,
) -> None:
    made = await attack(warden, 2)
    mine = await patient(warden, made, made.items[0])
    [spare] = await records(warden, 1)
    await warden.relate(made.nurse.account, spare.patient, organisation=warden.home)
    found = await declared(warden, made)
    # What the nurse opens after the count is no part of it
    await asyncio.sleep(0.01)
    await opens(warden, made.nurse.token, made.items[0])
    given = await warden.door.ask(ReadOwnAccess(mine), OwnAccess)
    assert isinstance(given, OwnAccess)
    [told] = given.incidents
    assert (told.what, told.told) == (WHAT, TOLD)
    assert not told.is_list_only
    assert told.types == (("Patient", 1),)
    assert len(told.entries) == 1
    other = await patient(warden, made, spare)
    given = await warden.door.ask(ReadOwnAccess(other), OwnAccess)
    assert isinstance(given, OwnAccess)
    assert given.incidents == ()
    ending = WithdrawIncident(found.id, "It was a drill of our own.")
    assert await confirm(warden, made.officer, ending, Done) == Done()
    given = await warden.door.ask(ReadOwnAccess(mine), OwnAccess)
    assert isinstance(given, OwnAccess)
    assert given.incidents == ()


# Files and crashes


async def test_a_file_that_was_changed_or_put_back_is_told(
    warden: RunningWarden, installation: Installation
) -> None:
    made = await attack(warden)
    found = await declared(warden, made)
    file = file_of(installation, found.id)
    first = file.read_bytes()
    more = await count(
        warden, made.officer, incident=found.id, what="The ledger was read anew."
    )
    assert await confirm(warden, made.officer, DeclareIncident(more), Done) == Done()
    newest = file.read_bytes()
    # Put back to what it was: its own digest fits, and the ledger has a newer one
    file.write_bytes(first)
    [told] = await listed(warden, made.officer)
    assert not told.is_written
    # Edited, with a digest that fits
    edited = msgspec.json.decode(newest, type=Incident)
    edited = msgspec.structs.replace(edited, what="Nothing happened at all.")
    edited = msgspec.structs.replace(edited, written=edited.digest)
    file.write_bytes(msgspec.json.encode(edited))
    [told] = await listed(warden, made.officer)
    assert not told.is_written
    ending = WithdrawIncident(found.id, "It was a drill of our own.")
    given = await confirm(warden, made.officer, ending, Done)
    assert code_of(given) == "no-such-incident"
    file.unlink()
    [lost] = await listed(warden, made.officer)
    assert (lost.id, lost.is_there) == (found.id, False)
    file.write_bytes(newest)
    assert (await listed(warden, made.officer))[0].is_written


async def test_a_kill_between_entry_and_file_is_finished_from_the_ledger(
    installation: Installation,
) -> None:
    async with running_warden(installation) as warden:
        await settle(warden)
        made = await attack(warden)
        found = await declared(warden, made)
    file = file_of(installation, found.id)
    said = msgspec.json.decode(file.read_bytes(), type=Incident)
    # As the disk is after a kill behind the entry: the file is pending still
    file.rename(file.with_name(PENDING))
    # And before one: pending, and the ledger has nothing
    unsaid = msgspec.structs.replace(said, id=new_uuid(), what="Never was written.")
    other = file_of(installation, unsaid.id)
    other.parent.mkdir()
    other.with_name(PENDING).write_bytes(msgspec.json.encode(unsaid))
    async with running_warden(installation) as warden:
        again = await warden.sign_in(made.officer.key)
        assert isinstance(again, SignedIn)
        officer = made.officer._replace(token=again.token)
        [told] = await listed(warden, officer)
        assert (told.id, told.is_written) == (found.id, True)
    assert not other.exists()
    assert not other.with_name(PENDING).exists()
    assert request_of(said).endswith(said.digest)


async def test_two_officers_who_revise_at_once_do_not_lose_a_version(
    warden: RunningWarden,
) -> None:
    made = await attack(warden)
    found = await declared(warden, made)
    second = await colleague(warden, OFFICER)
    what = "The ledger was read anew."
    mine = await count(warden, made.officer, incident=found.id, what=what)
    theirs = await count(warden, second, incident=found.id, what=what)
    given = await asyncio.gather(
        confirm(warden, made.officer, DeclareIncident(mine), Done),
        confirm(warden, second, DeclareIncident(theirs), Done),
    )
    codes = sorted("" if one == Done() else code_of(one) for one in given)
    assert codes == ["", "revised-meanwhile"]
    [revised] = await listed(warden, second)
    assert len(revised.versions) == 2
