# SPDX-License-Identifier: Apache-2.0
"""Incidents and their letters when something comes twice, or in between.

What a page showed, and what its signature was for, may be over by the time that the act
is done: the act looks again, and what is done is done once.
"""

import asyncio
from collections.abc import AsyncIterator

import pytest

from support.acts import Colleague, colleague, confirm
from support.desks import desk_of
from support.incidents import (
    OFFICER,
    WHAT,
    attack,
    count,
    counted,
    declared,
    file_of,
    listed,
    read,
    settle,
    steps,
    without_passkey,
)
from support.ledgers import no_room_in
from support.openings import code_of
from support.warden import Installation, RunningWarden, forget_ledger, running_warden
from wardkeep.base.ids import new_uuid
from wardkeep.disclosure.answers import Answer, Done
from wardkeep.disclosure.incident_desk import (
    ApproveLetters,
    AskLetters,
    BeginCount,
    CountBegun,
    DeclareIncident,
    Reached,
    TakeDrafts,
    WithdrawIncident,
)
from wardkeep.ledger.index import INCIDENT_STEPS
from wardkeep.ledger.wanted import Wanted
from wardkeep.warden.incidents import PENDING
from wardkeep.warden.service.incident_desk import IncidentDesk
from wardkeep.warden.sessions import Session

WHY = "It was a drill of our own."


@pytest.fixture(autouse=True)
def _ledger_of_its_own(installation: Installation) -> None:
    forget_ledger(installation)


@pytest.fixture
async def warden(installation: Installation) -> AsyncIterator[RunningWarden]:
    async with running_warden(installation) as running:
        await settle(running)
        yield running


def session_of(warden: RunningWarden, who: Colleague) -> Session:
    session = warden.service._sessions.use(who.token)
    assert session is not None
    return session


def codes(answers: list[Answer]) -> list[str]:
    return sorted("" if one == Done() else code_of(one) for one in answers)


async def test_one_count_is_declared_once_however_often_it_is_signed(
    warden: RunningWarden,
) -> None:
    made = await attack(warden, 1)
    act = DeclareIncident(await count(warden, made.officer, of(made.nurse)))
    desk, session = desk_of(warden, IncidentDesk), session_of(warden, made.officer)
    answers = await asyncio.gather(*[desk._declare(session, act) for _ in range(3)])
    assert codes(answers) == ["", "no-such-count", "no-such-count"]
    assert len(await listed(warden, made.officer)) == 1
    [found] = await listed(warden, made.officer)
    end = WithdrawIncident(found.id, WHY)
    answers = await asyncio.gather(*[desk._withdraw(session, end) for _ in range(2)])
    assert codes(answers) == ["", "no-such-incident"]
    assert steps(warden) == [INCIDENT_STEPS[0], INCIDENT_STEPS[2]]


def of(who: Colleague) -> Wanted:
    return Wanted(account=who.account)


async def test_a_count_that_is_nowhere_is_signed_for_by_nobody(
    warden: RunningWarden,
) -> None:
    made = await attack(warden, 1)
    await without_passkey(warden, made.officer, DeclareIncident(new_uuid()))
    assert steps(warden) == []


async def test_a_disk_that_fills_behind_the_signature_leaves_nothing_declared(
    warden: RunningWarden, installation: Installation
) -> None:
    made = await attack(warden, 1)
    act = DeclareIncident(await count(warden, made.officer, of(made.nurse)))
    desk, session = desk_of(warden, IncidentDesk), session_of(warden, made.officer)
    with no_room_in(installation.layout.ledger):
        assert code_of(await desk._declare(session, act)) == "ledger-cannot-write"
    assert await listed(warden, made.officer) == ()
    assert not list(installation.layout.warden.glob(f"incidents/*/{PENDING}"))
    assert await confirm(warden, made.officer, act, Done) == Done()
    assert len(await listed(warden, made.officer)) == 1


async def drafts_begun(
    warden: RunningWarden, who: Colleague, incident: str
) -> CountBegun:
    asked = BeginCount(session=who.token, incident=incident)
    begun = await warden.door.ask(asked, CountBegun)
    assert isinstance(begun, CountBegun), begun
    return begun


async def test_what_was_read_for_drafts_is_kept_once_and_of_its_version_alone(
    warden: RunningWarden, installation: Installation
) -> None:
    """Else a letter goes to whom an older version reached, or twice to nobody."""
    made = await attack(warden, 2)
    found = await declared(warden, made)
    kept = file_of(installation, found.id).parent
    [reach] = kept.glob("reach-*-1")
    first = await drafts_begun(warden, made.officer, found.id)
    for _ in range(2):
        await counted(warden, made.officer, first.count)
    assert reach.exists()
    # A revision comes while drafts of the version before are read.
    stale = await drafts_begun(warden, made.officer, found.id)
    more = await count(
        warden,
        made.officer,
        incident=found.id,
        what="The ledger was read anew.",
    )
    revised = await confirm(warden, made.officer, DeclareIncident(more), Done)
    assert revised == Done()
    counting = desk_of(warden, IncidentDesk)._parts.counting
    await counted(warden, made.officer, stale.count)
    left = counting.find(stale.count, session_of(warden, made.officer))
    assert left is not None
    assert not left.is_kept
    drafts = TakeDrafts(found.id)
    assert await confirm(warden, made.officer, drafts, Done) == Done()
    given = await read(warden, made.officer, found.id)
    assert isinstance(given, Reached)
    assert len(given.people) == 2


async def test_letters_are_asked_for_and_approved_once_and_of_what_stands(
    warden: RunningWarden,
) -> None:
    made = await attack(warden, 1)
    found = await declared(warden, made)
    second = await colleague(warden, OFFICER)
    desk = desk_of(warden, IncidentDesk)._parts.letters
    mine, theirs = [session_of(warden, one) for one in (made.officer, second)]
    ask, approve = AskLetters(found.id), ApproveLetters(found.id)
    answers = await asyncio.gather(desk._ask(mine, ask), desk._ask(theirs, ask))
    assert codes(answers) == ["", "already-there"]
    asker, other = (mine, theirs) if answers[0] == Done() else (theirs, mine)
    assert code_of(await desk._approve(asker, approve)) == "second-person"
    ending = WithdrawIncident(found.id, WHY)
    assert await confirm(warden, made.officer, ending, Done) == Done()
    assert code_of(await desk._approve(other, approve)) == "no-such-incident"
    assert code_of(await desk._ask(other, ask)) == "no-such-incident"
    actions = [one.action for one in warden.entries()]
    assert actions.count("ask-letters") == 1
    assert "approve-letters" not in actions
    assert [one.what for one in await listed(warden, second)] == [WHAT]
