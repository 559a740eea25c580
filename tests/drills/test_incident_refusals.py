# SPDX-License-Identifier: Apache-2.0
"""Incidents that are refused: stale pages, others' incidents, a disk that is full.

Each is a page that was left open while something changed, or a session that sends what
its page does not offer.
"""

from collections.abc import AsyncIterator

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
    listed,
    now,
    read,
    settle,
    steps,
)
from support.ledgers import no_room_in
from support.openings import code_of
from support.warden import (
    Installation,
    RunningWarden,
    running_warden,
)
from wardkeep.base.ids import new_uuid
from wardkeep.disclosure.answers import CeremonyOptions, Done
from wardkeep.disclosure.confirming import ActDescription, DescribeAct, FinishConfirm
from wardkeep.disclosure.incident_desk import (
    ApproveLetters,
    AskLetters,
    BeginCount,
    CountBegun,
    DeclareIncident,
    TakeDrafts,
    WithdrawIncident,
)
from wardkeep.disclosure.incidents import WriteIncident
from wardkeep.ledger.index import INCIDENT_STEPS
from wardkeep.ledger.reaching import PEOPLE
from wardkeep.ledger.wanted import Wanted
from wardkeep.warden.incidents import PENDING

WHY = "It was a drill of our own."
NOT_THERE, NOT_READ = "no-such-incident", "not-counted"


pytestmark = pytest.mark.usefixtures("ledger_of_its_own")


@pytest.fixture
async def warden(installation: Installation) -> AsyncIterator[RunningWarden]:
    async with running_warden(installation) as running:
        await settle(running)
        yield running


def _begin(token: str, incident: str) -> BeginCount:
    return BeginCount(
        session=token,
        selectors=(Wanted(session=new_uuid()),),
        incident=incident,
        found_at=now(),
        what=WHAT,
        told=TOLD,
    )


async def test_what_is_not_there_or_has_ended_is_not_counted_anew(
    warden: RunningWarden,
) -> None:
    made = await attack(warden, 1)
    found = await declared(warden, made)
    stale = await count(
        warden, made.officer, incident=found.id, what="The ledger was read anew."
    )
    ending = WithdrawIncident(found.id, WHY)
    assert await confirm(warden, made.officer, ending, Done) == Done()
    for incident in (new_uuid(), "x", found.id):
        given = await warden.door.ask_any(_begin(made.officer.token, incident))
        assert code_of(given) == NOT_THERE, incident
    # What had been counted before it ended revises nothing either
    given = await confirm(warden, made.officer, DeclareIncident(stale), Done)
    assert code_of(given) == NOT_THERE
    assert steps(warden) == [INCIDENT_STEPS[0], INCIDENT_STEPS[2]]


async def test_a_revision_says_nothing_of_what_is_done_where_nothing_new_is(
    warden: RunningWarden,
) -> None:
    made = await attack(warden, 1)
    found = await declared(warden, made)
    more = await count(
        warden,
        made.officer,
        incident=found.id,
        what="The ledger was read anew.",
        told=None,
    )
    asked = DescribeAct(made.officer.token, DeclareIncident(more))
    described = await warden.door.ask(asked, ActDescription)
    assert isinstance(described, ActDescription)
    named = [name for name, _ in described.lines]
    assert named == ["What is new", "Whose openings", "People reached"]


async def test_whoever_is_no_officer_declares_and_withdraws_nothing(
    warden: RunningWarden,
) -> None:
    made = await attack(warden, 1)
    found = await declared(warden, made)
    mine = await count(warden, made.officer, Wanted(account=made.nurse.account))
    for act in (DeclareIncident(mine), WithdrawIncident(found.id, WHY)):
        given = await confirm(warden, made.nurse, act, Done)
        assert code_of(given) == "not-your-work"
    thin = WithdrawIncident(found.id, "xx")
    assert code_of(await confirm(warden, made.officer, thin, Done)) != NOT_THERE
    assert not (await listed(warden, made.officer))[0].withdrawn_at


async def test_what_is_still_counted_is_not_declared(warden: RunningWarden) -> None:
    made = await attack(warden, 1)
    asked = _begin(made.officer.token, "")
    first = await warden.door.ask(asked, CountBegun)
    # One is read after the other: this one waits for its turn.
    second = await warden.door.ask(asked, CountBegun)
    assert isinstance(first, CountBegun)
    assert isinstance(second, CountBegun)
    act = DeclareIncident(second.count)
    assert code_of(await confirm(warden, made.officer, act, Done)) == NOT_READ
    await counted(warden, made.officer, second.count)
    assert await confirm(warden, made.officer, act, Done) == Done()


async def test_a_full_disk_declares_nothing_and_leaves_nothing_pending(
    warden: RunningWarden, installation: Installation
) -> None:
    made = await attack(warden, 1)
    id_ = await count(warden, made.officer, Wanted(account=made.nurse.account))
    act = DeclareIncident(id_)
    options = await options_for(warden, made.officer, act)
    assert isinstance(options, CeremonyOptions)
    response = made.officer.key.sign_in(options.options)
    with no_room_in(installation.layout.ledger):
        given = await warden.door.ask_any(
            FinishConfirm(made.officer.token, act, response)
        )
    assert code_of(given) == "ledger-cannot-write"
    assert await listed(warden, made.officer) == ()
    assert not list(installation.layout.warden.glob(f"incidents/*/{PENDING}"))
    # The count is there still, so it is declared without being counted again
    assert await confirm(warden, made.officer, act, Done) == Done()
    assert steps(warden) == [INCIDENT_STEPS[0]]


async def test_letters_are_asked_for_once_and_of_what_stands(
    warden: RunningWarden,
) -> None:
    made = await attack(warden, 1)
    found = await declared(warden, made)
    second = await colleague(warden, OFFICER)
    ask = AskLetters(found.id)
    assert await confirm(warden, made.officer, ask, Done) == Done()
    for who in (made.officer, second):
        assert code_of(await confirm(warden, who, ask, Done)) == "already-there"
    nobody = AskLetters(new_uuid())
    given = await warden.door.ask_any(FinishConfirm(second.token, nobody, b"{}"))
    assert code_of(given) in (NOT_THERE, "not-confirmed", "expired")


async def test_who_was_reached_is_counted_anew_where_the_file_cannot_be_read(
    warden: RunningWarden, installation: Installation
) -> None:
    """Somebody edited the file of those who were reached: it is read by nobody."""
    made = await attack(warden, 2)
    found = await declared(warden, made)
    second = await colleague(warden, OFFICER)
    assert await confirm(warden, made.officer, TakeDrafts(found.id), Done) == Done()
    assert await confirm(warden, made.officer, AskLetters(found.id), Done) == Done()
    approve = ApproveLetters(found.id)
    options = await options_for(warden, second, approve)
    assert isinstance(options, CeremonyOptions)
    for people in file_of(installation, found.id).parent.rglob(PEOPLE):
        people.write_bytes(b"\xff" * people.stat().st_size)
    given = await read(warden, made.officer, found.id)
    assert code_of(given) == NOT_READ
    response = second.key.sign_in(options.options)
    given = await warden.door.ask_any(FinishConfirm(second.token, approve, response))
    assert code_of(given) == NOT_READ


async def test_the_operators_command_writes_of_organisations_that_are_there(
    warden: RunningWarden,
) -> None:
    made = await attack(warden, 1)
    number = next(
        one.organisation
        for one in warden.entries()
        if one.account == made.nurse.account
    )
    digest = "0" * 64
    for touched in (((number, 1), (number, 1)), ((number, -1),), ((10**6, 1),)):
        asked = WriteIncident(new_uuid(), INCIDENT_STEPS[0], 1, digest, touched)
        given = await warden.operator.ask_any(asked)
        assert code_of(given).startswith("bad"), touched
    assert steps(warden) == []
    alone = WriteIncident(new_uuid(), INCIDENT_STEPS[0], 1, digest, ())
    await warden.operator.ask_any(alone)
    # Where nobody was touched it is written of no organisation, and alarms nobody
    assert [one.organisation for one in warden.entries()][-1] == 0
    assert steps(warden) == [INCIDENT_STEPS[0]]


async def test_a_nurse_begins_no_count_by_the_officers_page(
    warden: RunningWarden,
) -> None:
    nurse = await colleague(warden, NURSE)
    given = await warden.door.ask_any(_begin(nurse.token, ""))
    assert code_of(given) == "not-your-work"
