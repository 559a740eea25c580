# SPDX-License-Identifier: Apache-2.0
"""Names and addresses for letters: two officers, one session, half an hour."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import NamedTuple

import msgspec
import pytest

from support.acts import Colleague, colleague, confirm
from support.incidents import (
    NURSE,
    OFFICER,
    Attack,
    attack,
    count,
    declared,
    goes_on,
    listed,
    settle,
    without_passkey,
)
from support.openings import code_of, desk, opens, records
from support.warden import (
    Installation,
    RunningWarden,
    running_warden,
)
from wardkeep.base.clock import FrozenClock, SystemClock, microseconds_since_epoch
from wardkeep.base.ids import new_uuid
from wardkeep.disclosure.answers import Answer, Done, Grant, Refusal
from wardkeep.disclosure.containment import AccountRead, ReadAccount
from wardkeep.disclosure.incident_desk import (
    ApproveLetters,
    AskLetters,
    DeclareIncident,
    IncidentView,
    Reached,
    ReadReached,
    WithdrawIncident,
)
from wardkeep.disclosure.purpose import Action, Purpose, Tier
from wardkeep.disclosure.questions import Disclose, Item
from wardkeep.ledger.wanted import Wanted
from wardkeep.warden.budgets import TRIES
from wardkeep.warden.rules.list_is_short import LONGEST_LIST

SPENT = "letters-not-approved"


class Asked(NamedTuple):
    """An incident, of which one officer asked for letters; a second one is there."""

    made: Attack
    second: Colleague
    found: IncidentView


pytestmark = pytest.mark.usefixtures("ledger_of_its_own")


@pytest.fixture
async def warden(installation: Installation) -> AsyncIterator[RunningWarden]:
    async with running_warden(installation) as running:
        await settle(running)
        yield running


async def letters(
    warden: RunningWarden, who: Colleague, items: Sequence[Item]
) -> Answer:
    asked = Disclose(who.token, Purpose.AUDIT, "", Action.LETTERS, tuple(items))
    return await warden.door.ask_any(asked)


async def asked_for(warden: RunningWarden, many: int = 3) -> Asked:
    made = await attack(warden, many)
    second = await colleague(warden, OFFICER, name="Petra Lind")
    found = await declared(warden, made)
    given = await confirm(warden, made.officer, AskLetters(found.id), Done)
    assert given == Done(), given
    return Asked(made, second, found)


async def approved(warden: RunningWarden, many: int = 3) -> Asked:
    asked = await asked_for(warden, many)
    act = ApproveLetters(asked.found.id)
    assert await confirm(warden, asked.second, act, Done) == Done()
    return asked


async def test_two_officers_open_the_addresses_in_the_second_ones_session(
    warden: RunningWarden,
) -> None:
    asked = await asked_for(warden)
    made, second, found = asked
    assert code_of(await letters(warden, second, made.items)) == SPENT
    [view] = await listed(warden, second)
    assert view.letters is not None
    assert (view.letters.asked_by, view.letters.is_mine) == ("Pia Swift", False)
    act = ApproveLetters(found.id)
    assert await confirm(warden, second, act, Done) == Done()
    given = await letters(warden, second, made.items)
    assert isinstance(given, Grant), given
    last = warden.entries()[-1]
    assert (last.action, last.purpose) == ("letters", "audit")
    assert last.reason == f"Letter about incident {found.id}"
    assert set(last.patients) == {item.patient for item in made.items}
    # Who reads whom to write to needs no further signature
    reads = await warden.door.ask_any(ReadReached(second.token, found.id))
    assert isinstance(reads, Reached)
    # It is approved once, and somebody else looks at it afterwards
    assert code_of(await confirm(warden, second, act, Done)) == "not-asked"
    alarms = (await desk(warden, made.officer)).alarms
    assert [one.is_mine for one in alarms if one.kind == "letters"] == [False]


async def test_who_asks_cannot_approve_and_opens_nothing(
    warden: RunningWarden,
) -> None:
    made, second, found = await asked_for(warden)
    act = ApproveLetters(found.id)
    assert code_of(await confirm(warden, made.officer, act, Done)) == "second-person"
    # Not in another session of the same account either
    again = await warden.sign_in(made.officer.key)
    assert not isinstance(again, Refusal)
    other = made.officer._replace(token=again.token)
    assert code_of(await confirm(warden, other, act, Done)) == "second-person"
    assert await confirm(warden, second, act, Done) == Done()
    assert code_of(await letters(warden, other, made.items)) == SPENT
    # Nor does the approver's account in another session
    again = await warden.sign_in(second.key)
    assert not isinstance(again, Refusal)
    elsewhere = second._replace(token=again.token)
    assert code_of(await letters(warden, elsewhere, made.items)) == SPENT


async def test_a_stolen_session_asks_and_approves_nothing(
    warden: RunningWarden,
) -> None:
    made, second, found = await asked_for(warden)
    for who in (made.officer, second):
        for act in (AskLetters(found.id), ApproveLetters(found.id)):
            await without_passkey(warden, who, act)
    assert code_of(await letters(warden, second, made.items)) == SPENT
    actions = [one.action for one in warden.entries()]
    assert actions.count("ask-letters") == 1
    assert "approve-letters" not in actions


async def test_an_approval_opens_those_who_were_reached_by_name_and_nothing_else(
    warden: RunningWarden,
) -> None:
    made, second, _ = await approved(warden)
    [stranger] = await records(warden, 1)
    assert code_of(await letters(warden, second, [stranger])) == SPENT
    assert code_of(await letters(warden, second, [*made.items, stranger])) == SPENT
    for changed in (
        {"resources": (("Condition", "x", 1),)},
        {"resources": ()},
        {"tier": Tier.RECORD},
    ):
        item = msgspec.structs.replace(made.items[0], **changed)
        assert isinstance(await letters(warden, second, [item]), Refusal), changed
    # And it explains no opening of another kind
    assert isinstance(await letters(warden, second, made.items), Grant)
    one = made.items[0]
    for action in (Action.READ, Action.COPY, Action.PRINT):
        asked = Disclose(second.token, Purpose.AUDIT, "", action, (one,))
        assert isinstance(await warden.door.ask_any(asked), Refusal), action


async def test_addresses_come_twenty_at_a_time_and_spend_no_budget(
    warden: RunningWarden,
) -> None:
    many = 2 * LONGEST_LIST + 1
    made, second, _ = await approved(warden, many)
    too_many = made.items[: LONGEST_LIST + 1]
    assert code_of(await letters(warden, second, too_many)) == "list-too-long"
    for start in range(0, many, LONGEST_LIST):
        lot = made.items[start : start + LONGEST_LIST]
        assert isinstance(await letters(warden, second, lot), Grant)
    stands = await warden.door.ask(
        ReadAccount(made.officer.token, second.account), AccountRead
    )
    assert isinstance(stands, AccountRead)
    assert (stands.others, stands.copied) == (0, 0)


async def test_it_ends_after_half_an_hour(installation: Installation) -> None:
    clock = FrozenClock(SystemClock().now())
    async with running_warden(installation, clock=clock) as warden:
        await settle(warden)
        made = await attack(warden, 2)
        second = await colleague(warden, OFFICER)
        clock.move(timedelta(seconds=1))
        at = microseconds_since_epoch(clock.now())
        selector = Wanted(account=made.nurse.account)
        id_ = await count(warden, made.officer, selector, found_at=at)
        act = DeclareIncident(id_)
        assert await confirm(warden, made.officer, act, Done) == Done()
        [found] = await listed(warden, second)
        ask, approve = AskLetters(found.id), ApproveLetters(found.id)
        assert await confirm(warden, made.officer, ask, Done) == Done()
        assert await confirm(warden, second, approve, Done) == Done()
        await goes_on(warden, second, clock, minutes=29)
        assert isinstance(await letters(warden, second, made.items), Grant)
        await goes_on(warden, second, clock, minutes=2)
        assert code_of(await letters(warden, second, made.items)) == SPENT
        # And is asked for once more, if need be
        assert await confirm(warden, second, ask, Done) == Done()


async def test_what_is_withdrawn_or_revised_opens_nothing_more(
    warden: RunningWarden,
) -> None:
    made, second, found = await approved(warden)
    more = await count(
        warden, made.officer, incident=found.id, what="The ledger was read anew."
    )
    assert await confirm(warden, made.officer, DeclareIncident(more), Done) == Done()
    assert code_of(await letters(warden, second, made.items)) == SPENT
    # Of the new version letters are asked for anew
    act = ApproveLetters(found.id)
    assert code_of(await confirm(warden, second, act, Done)) == "not-asked"
    ask = AskLetters(found.id)
    assert await confirm(warden, made.officer, ask, Done) == Done()
    assert await confirm(warden, second, act, Done) == Done()
    assert isinstance(await letters(warden, second, made.items), Grant)
    ending = WithdrawIncident(found.id, "It was a drill of our own.")
    assert await confirm(warden, made.officer, ending, Done) == Done()
    assert code_of(await letters(warden, second, made.items)) == SPENT
    given = await confirm(warden, made.officer, ask, Done)
    assert code_of(given) == "no-such-incident"


async def test_whoever_tries_without_approval_is_frozen(
    warden: RunningWarden,
) -> None:
    made = await attack(warden, TRIES + 2)
    thief = await colleague(warden, OFFICER)
    codes = [code_of(await letters(warden, thief, [item])) for item in made.items]
    assert codes[0] == SPENT
    assert (await desk(warden, made.officer)).freezes
    # And a nurse's session opens no address by it either
    given = await letters(warden, made.nurse, [made.items[0]])
    assert code_of(given) == "purpose-does-not-fit"


async def test_a_second_organisation_asks_and_approves_nothing(
    warden: RunningWarden,
) -> None:
    made, _, found = await asked_for(warden)
    await settle(warden)
    stranger = await colleague(warden, OFFICER)
    for act in (AskLetters(found.id), ApproveLetters(found.id)):
        given = await confirm(warden, stranger, act, Done)
        assert code_of(given) == "no-such-incident"
    assert isinstance(await letters(warden, stranger, made.items), Refusal)


async def test_only_privacy_officers_ask_and_approve(warden: RunningWarden) -> None:
    _, _, found = await asked_for(warden)
    for role in (NURSE, "administrator"):
        who = await colleague(warden, role)
        for act in (AskLetters(found.id), ApproveLetters(found.id)):
            given = await confirm(warden, who, act, Done)
            assert code_of(given) in ("not-your-work", "device-bound"), role


async def test_two_who_approve_at_once_are_one(warden: RunningWarden) -> None:
    made, second, found = await asked_for(warden)
    third = await colleague(warden, OFFICER)
    act = ApproveLetters(found.id)
    given = await asyncio.gather(
        confirm(warden, second, act, Done), confirm(warden, third, act, Done)
    )
    codes = sorted("" if one == Done() else code_of(one) for one in given)
    # The second signature is over what is not asked for any more
    assert codes[0] == ""
    assert codes[1] in ("not-asked", "not-confirmed", "expired")
    opened = [
        isinstance(await letters(warden, who, made.items), Grant)
        for who in (second, third)
    ]
    assert sorted(opened) == [False, True]


async def test_nothing_is_asked_for_where_nobody_was_reached(
    warden: RunningWarden,
) -> None:
    made = await attack(warden, 1)
    id_ = await count(warden, made.officer, Wanted(account=new_uuid()))
    assert await confirm(warden, made.officer, DeclareIncident(id_), Done) == Done()
    [found] = await listed(warden, made.officer)
    given = await confirm(warden, made.officer, AskLetters(found.id), Done)
    assert code_of(given) == "not-counted"
    assert not isinstance(await opens(warden, made.nurse.token, made.items[0]), Refusal)
