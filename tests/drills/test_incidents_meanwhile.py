# SPDX-License-Identifier: Apache-2.0
"""Incidents of which two people sign at once, and a disk that is full in between.

What a page said when it was signed may be over when it is done: each is asked anew.
"""

import asyncio
from collections.abc import AsyncIterator

import pytest

from support.acts import Colleague, colleague, confirm, options_for
from support.incidents import (
    OFFICER,
    Attack,
    attack,
    count,
    counted,
    declared,
    listed,
    now,
    opened_by,
    read,
    settle,
    steps,
    without_passkey,
)
from support.ledgers import full_at
from support.openings import code_of, desk, opens, records
from support.owner import holding_up, until_waited_for
from support.warden import (
    Installation,
    RunningWarden,
    forget_ledger,
    running_warden,
)
from wardkeep.base.ids import new_uuid
from wardkeep.db.connection import Connection
from wardkeep.disclosure.answers import Answer, CeremonyOptions, Done, Refusal
from wardkeep.disclosure.confirming import Act, FinishConfirm
from wardkeep.disclosure.incident_desk import (
    ApproveLetters,
    AskLetters,
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
from wardkeep.disclosure.purpose import Action, Purpose
from wardkeep.disclosure.questions import Disclose, EndSession
from wardkeep.ledger import segment
from wardkeep.ledger.entry import encode
from wardkeep.ledger.incidents import Finding, Incident, keep
from wardkeep.ledger.index import INCIDENT_STEPS
from wardkeep.ledger.wanted import Wanted
from wardkeep.warden.incidents import PENDING

DECLARED, REVISED, WITHDRAWN = INCIDENT_STEPS
WHY = "It was a drill of our own."
NOT_THERE = "no-such-incident"


@pytest.fixture(autouse=True)
def _ledger_of_its_own(installation: Installation) -> None:
    forget_ledger(installation)


@pytest.fixture
async def warden(installation: Installation) -> AsyncIterator[RunningWarden]:
    async with running_warden(installation) as running:
        await settle(running)
        yield running


async def signed(warden: RunningWarden, who: Colleague, act: Act) -> FinishConfirm:
    """What the page sends when the passkey has signed."""
    options = await options_for(warden, who, act)
    assert isinstance(options, CeremonyOptions), options
    return FinishConfirm(who.token, act, who.key.sign_in(options.options))


def sent(warden: RunningWarden, asked: FinishConfirm) -> asyncio.Task[Answer]:
    return asyncio.create_task(warden.door.ask_any(asked))


def times(warden: RunningWarden, action: str) -> int:
    return [one.action for one in warden.entries()].count(action)


async def letters(warden: RunningWarden, who: Colleague, made: Attack) -> Answer:
    asked = Disclose(who.token, Purpose.AUDIT, "", Action.LETTERS, tuple(made.items))
    return await warden.door.ask_any(asked)


# Two sign at once


async def test_a_count_that_is_signed_for_in_two_tabs_is_declared_once(
    warden: RunningWarden, owner: Connection
) -> None:
    made = await attack(warden, 1)
    second = await colleague(warden, OFFICER)
    act = DeclareIncident(
        await count(warden, made.officer, Wanted(account=made.nurse.account))
    )
    both = [await signed(warden, made.officer, act) for _ in range(2)]
    async with holding_up(owner, made.officer.account):
        tabs = [sent(warden, one) for one in both]
        await until_waited_for(owner, many=2)
    given = [await one for one in tabs]
    codes = sorted("" if one == Done() else code_of(one) for one in given)
    assert codes == ["", "no-such-count"]
    assert steps(warden) == [DECLARED]
    assert len(await listed(warden, second)) == 1
    alarms = (await desk(warden, second)).alarms
    assert [one.kind for one in alarms].count("incident") == 1


async def test_an_incident_that_a_colleague_withdrew_meanwhile_ends_once(
    warden: RunningWarden, owner: Connection
) -> None:
    made = await attack(warden, 1)
    found = await declared(warden, made)
    second = await colleague(warden, OFFICER)
    mine = await signed(warden, made.officer, WithdrawIncident(found.id, WHY))
    theirs = WithdrawIncident(found.id, "Our own test, as the calendar says.")
    async with holding_up(owner, made.officer.account):
        waits = sent(warden, mine)
        await until_waited_for(owner)
        assert await confirm(warden, second, theirs, Done) == Done()
    assert code_of(await waits) == NOT_THERE
    assert steps(warden) == [DECLARED, WITHDRAWN]
    [view] = await listed(warden, second)
    assert view.withdrawn_why == theirs.why


async def test_no_letters_are_asked_for_of_what_is_withdrawn_meanwhile(
    warden: RunningWarden, owner: Connection
) -> None:
    made = await attack(warden, 1)
    found = await declared(warden, made)
    second = await colleague(warden, OFFICER)
    ask = await signed(warden, made.officer, AskLetters(found.id))
    async with holding_up(owner, made.officer.account):
        waits = sent(warden, ask)
        await until_waited_for(owner)
        ending = WithdrawIncident(found.id, WHY)
        assert await confirm(warden, second, ending, Done) == Done()
    assert code_of(await waits) == NOT_THERE
    assert times(warden, "ask-letters") == 0
    assert (await listed(warden, second))[0].letters is None


async def test_of_two_who_ask_for_letters_the_second_is_told_that_it_was_done(
    warden: RunningWarden, owner: Connection
) -> None:
    """Else the one who asked first could approve what the other asked for."""
    made = await attack(warden, 1)
    found = await declared(warden, made)
    second = await colleague(warden, OFFICER)
    act = AskLetters(found.id)
    late = await signed(warden, made.officer, act)
    async with holding_up(owner, made.officer.account):
        waits = sent(warden, late)
        await until_waited_for(owner)
        assert await confirm(warden, second, act, Done) == Done()
    assert code_of(await waits) == "already-there"
    assert times(warden, "ask-letters") == 1
    approve = ApproveLetters(found.id)
    assert code_of(await confirm(warden, second, approve, Done)) == "second-person"


async def test_of_two_who_approve_letters_one_opens_addresses(
    warden: RunningWarden, owner: Connection
) -> None:
    made = await attack(warden, 1)
    found = await declared(warden, made)
    assert await confirm(warden, made.officer, AskLetters(found.id), Done) == Done()
    second, third = [await colleague(warden, OFFICER) for _ in range(2)]
    act = ApproveLetters(found.id)
    late = await signed(warden, second, act)
    async with holding_up(owner, second.account):
        waits = sent(warden, late)
        await until_waited_for(owner)
        assert await confirm(warden, third, act, Done) == Done()
    assert code_of(await waits) == "not-asked"
    assert code_of(await letters(warden, second, made)) == "letters-not-approved"
    assert not isinstance(await letters(warden, third, made), Refusal)
    assert times(warden, "approve-letters") == 1
    alarms = (await desk(warden, made.officer)).alarms
    assert [one.kind for one in alarms].count("letters") == 1


# Counted of another version, or of what is not ours


async def test_who_was_read_of_a_version_before_are_not_the_newest_ones_people(
    warden: RunningWarden,
) -> None:
    """A page of drafts is left open, and a colleague revises: three more were met."""
    made = await attack(warden, 1)
    found = await declared(warden, made)
    begun = await warden.door.ask(
        BeginCount(session=made.officer.token, incident=found.id), CountBegun
    )
    assert isinstance(begun, CountBegun)
    second = await colleague(warden, OFFICER)
    more = await records(warden, 3)
    for item in more:
        await warden.relate(made.nurse.account, item.patient, organisation=warden.home)
        assert not isinstance(await opens(warden, made.nurse.token, item), Refusal)
    anew = await count(
        warden, second, incident=found.id, what="The ledger was read anew."
    )
    assert await confirm(warden, second, DeclareIncident(anew), Done) == Done()
    stale = await counted(warden, made.officer, begun.count)
    assert stale.reach is not None
    assert stale.reach.people == 1
    take = TakeDrafts(found.id)
    assert await confirm(warden, made.officer, take, Done) == Done()
    given = await read(warden, made.officer, found.id)
    assert isinstance(given, Reached)
    assert {one.patient for one in given.people} == {
        item.patient for item in (*made.items, *more)
    }


async def test_an_organisation_adds_nobody_to_what_the_operator_declared(
    warden: RunningWarden, installation: Installation
) -> None:
    made = await attack(warden, 1)
    number = (await opened_by(warden, made))[0]
    named = Wanted(account=made.nurse.account)
    operators = Incident(
        id=new_uuid(),
        found_at=now(),
        declared_at=now(),
        what="Somebody had the whole installation.",
        findings=(
            Finding(
                at=now(),
                why="As declared.",
                selectors=(named,),
                is_whole=True,
                people=((number, 1),),
            ),
        ),
    )
    keep(installation.layout.warden / "incidents", operators)
    asked = BeginCount(
        session=made.officer.token,
        selectors=(named,),
        incident=operators.id,
        found_at=now(),
        what="We think that it was somebody else too.",
    )
    assert code_of(await warden.door.ask_any(asked)) == NOT_THERE
    assert times(warden, "count-incident") == 0
    # Whose people were reached is counted for its drafts, by what was declared
    plain = BeginCount(session=made.officer.token, incident=operators.id)
    assert isinstance(await warden.door.ask_any(plain), CountBegun)


async def test_a_stolen_session_declares_no_count_that_is_not_its_own_or_not_read(
    warden: RunningWarden,
) -> None:
    made = await attack(warden, 1)
    second = await colleague(warden, OFFICER)
    mine = await count(warden, made.officer, Wanted(account=made.nurse.account))
    for who, id_ in ((second, mine), (made.officer, new_uuid())):
        given = await without_passkey(warden, who, DeclareIncident(id_))
        assert given.code == "not-confirmed"
    assert steps(warden) == []


async def test_a_session_that_has_ended_sees_and_counts_no_incident(
    warden: RunningWarden,
) -> None:
    made = await attack(warden, 1)
    found = await declared(warden, made)
    signed_out = await warden.door.ask_any(EndSession(made.officer.token))
    assert signed_out == Done()
    for question in (
        ListIncidents(made.officer.token),
        ReadReached(made.officer.token, found.id),
        BeginCount(session=made.officer.token, incident=found.id),
        LookAtCount(made.officer.token, new_uuid()),
    ):
        given = await warden.door.ask_any(question)
        assert code_of(given) == "not-signed-in", question


# A disk that is full in between


async def test_what_was_signed_for_and_cannot_be_written_down_is_not_declared(
    warden: RunningWarden, installation: Installation
) -> None:
    """The signature's own entry has room on the disk, and the incident's has not."""
    made = await attack(warden, 1)
    await declared(warden, made)
    [confirmed] = [one for one in warden.entries() if one.action == "confirm"]
    room = len(segment.frame_bytes(bytes(32), encode(confirmed)))
    id_ = await count(warden, made.officer, Wanted(account=made.nurse.account))
    act = DeclareIncident(id_)
    asked = await signed(warden, made.officer, act)
    folder = installation.layout.ledger
    size = max(one.stat().st_size for one in folder.glob("segment-*.ledger"))
    with full_at(size + room):
        given = await warden.door.ask_any(asked)
    assert code_of(given) == "ledger-cannot-write"
    assert times(warden, "confirm") == 2, "what was signed is told"
    assert len(await listed(warden, made.officer)) == 1
    assert not list(installation.layout.warden.glob(f"incidents/*/{PENDING}"))
    # The count is there still: it is signed for again, and not read again
    assert await confirm(warden, made.officer, act, Done) == Done()
    assert steps(warden) == [DECLARED, DECLARED]
    assert all(one.is_written for one in await listed(warden, made.officer))


async def test_letters_whose_approval_cannot_be_written_down_open_nobody(
    warden: RunningWarden, installation: Installation
) -> None:
    """The signature's own entry has room on the disk, and the approval's has not."""
    made = await attack(warden, 1)
    found = await declared(warden, made)
    assert await confirm(warden, made.officer, AskLetters(found.id), Done) == Done()
    confirmed = [one for one in warden.entries() if one.action == "confirm"][-1]
    room = len(segment.frame_bytes(bytes(32), encode(confirmed)))
    second = await colleague(warden, OFFICER)
    act = ApproveLetters(found.id)
    asked = await signed(warden, second, act)
    folder = installation.layout.ledger
    size = max(one.stat().st_size for one in folder.glob("segment-*.ledger"))
    with full_at(size + room + 40):
        given = await warden.door.ask_any(asked)
    assert code_of(given) == "ledger-cannot-write"
    assert code_of(await letters(warden, second, made)) == "letters-not-approved"
    assert times(warden, "approve-letters") == 0
    # There is room again, and it is approved as if nothing had been
    assert await confirm(warden, second, act, Done) == Done()
    assert not isinstance(await letters(warden, second, made), Refusal)
    assert times(warden, "approve-letters") == 1
