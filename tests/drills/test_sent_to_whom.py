# SPDX-License-Identifier: Apache-2.0
"""A stolen session sends two people's referrals on: everybody reads to whom."""

from collections.abc import AsyncIterator

import msgspec
import pytest

from support.acts import Colleague, colleague, confirm
from support.incidents import (
    OFFICER,
    Attack,
    count,
    counted,
    declared,
    patient,
    read,
    settle,
)
from support.openings import code_of, opens, records
from support.warden import Installation, RunningWarden, running_warden
from wardkeep.disclosure.answers import Done, Grant, LedgerPage
from wardkeep.disclosure.containment import AccountRead, ReadAccount
from wardkeep.disclosure.incident_desk import OwnIncident, Reached, TakeDrafts
from wardkeep.disclosure.patients import OwnAccess, ReadOwnAccess
from wardkeep.disclosure.purpose import Action, Purpose
from wardkeep.disclosure.questions import Disclose, Item, ReadLedger
from wardkeep.fhir.audit.events import event_of
from wardkeep.identity.roles import Role
from wardkeep.ledger.onward import MOST_NAMED, OnwardSum
from wardkeep.ledger.wanted import Wanted

pytestmark = pytest.mark.usefixtures("ledger_of_its_own")
KILBY = "Kilby Surgery (ODS A82001)"
LEFT = (("Patient", "x", 1), ("Encounter", "c", 1), ("Flag", "f", 1))


@pytest.fixture
async def warden(installation: Installation) -> AsyncIterator[RunningWarden]:
    async with running_warden(installation) as running:
        await settle(running)
        yield running


async def sends(
    warden: RunningWarden, who: Colleague, item: Item, to: str = KILBY
) -> None:
    asked = Disclose(
        who.token,
        Purpose.DIRECT_CARE,
        "",
        Action.SEND,
        (msgspec.structs.replace(item, resources=LEFT),),
        request=f"to {to}",
    )
    given = await warden.door.ask_any(asked)
    assert isinstance(given, Grant), given


async def stolen(warden: RunningWarden) -> Attack:
    """Three people were opened, and two of them referred to a surgery."""
    officer = await colleague(warden, OFFICER, name="Pia Swift")
    taker = await colleague(warden, Role.HEALTH_ADVISOR.value, name="Tim Taker")
    items = await records(warden, 3)
    for item in items:
        await warden.relate(taker.account, item.patient, organisation=warden.home)
        assert isinstance(await opens(warden, taker.token, item), Grant)
    for item in items[:2]:
        await sends(warden, taker, item)
    return Attack(officer, taker, items)


async def told(warden: RunningWarden, made: Attack, item: Item) -> OwnIncident:
    mine = await patient(warden, made, item)
    given = await warden.door.ask(ReadOwnAccess(mine), OwnAccess)
    assert isinstance(given, OwnAccess)
    lines = [one.sent_to for one in given.lines if one.action == "send"]
    (incident,) = given.incidents
    assert lines == [to for _, to in incident.onward]
    return incident


async def test_an_incident_says_to_whom_two_of_three_people_were_sent(
    warden: RunningWarden,
) -> None:
    made = await stolen(warden)
    found = await declared(warden, made)
    assert found.reach is not None
    assert (found.reach.people, found.reach.opened) == (3, 3)
    # Disclosed to the surgery, and told apart from what the session saw
    assert found.reach.onward == (OnwardSum(way="send", to=KILBY, people=2, records=6),)
    assert code_of(await read(warden, made.officer, found.id)) == "drafts-not-signed"
    for item, onward in zip(
        made.items, [(("send", KILBY),), (("send", KILBY),), ()], strict=True
    ):
        assert (await told(warden, made, item)).onward == onward


async def test_the_list_of_people_names_which_of_them_and_what_of_them(
    warden: RunningWarden,
) -> None:

    made = await stolen(warden)
    found = await declared(warden, made)
    act = TakeDrafts(found.id)
    assert await confirm(warden, made.officer, act, Done) == Done()
    given = await read(warden, made.officer, found.id)
    assert isinstance(given, Reached)
    by_patient = {one.patient: one for one in given.people}
    for item in made.items[:2]:
        one = by_patient[item.patient]
        assert [(it.way, it.to) for it in one.onward] == [("send", KILBY)]
        sent = {it.type for it in one.resources if it.onward}
        assert sent == {"Patient", "Encounter", "Flag"}
    assert by_patient[made.items[2].patient].onward == []


async def test_the_desk_and_an_audit_event_name_the_receiver(
    warden: RunningWarden,
) -> None:
    made = await stolen(warden)
    asked = ReadAccount(made.officer.token, made.nurse.account)
    account = await warden.door.ask(asked, AccountRead)
    assert isinstance(account, AccountRead)
    sent = {one.patient: one.sent_to for one in account.lines if one.sent_to}
    assert sent == {one.patient: KILBY for one in made.items[:2]}
    page = await warden.door.ask(
        ReadLedger(made.officer.token, account=made.nurse.account), LedgerPage
    )
    assert isinstance(page, LedgerPage)
    events = {
        one.patient: msgspec.json.decode(event_of(one, name="here").text)
        for one in page.lines
        if one.action == "send"
    }
    assert set(events) == set(sent)
    for event in events.values():
        who, server, receiver = event["agent"]
        assert who["who"]["display"] == "Tim Taker"
        assert [one["requestor"] for one in event["agent"]] == [True, False, False]
        assert receiver["who"]["display"] == KILBY
        codes = [one["type"]["coding"][0]["code"] for one in (server, receiver)]
        assert codes == ["110153", "110152"], "from the source to the destination"


async def test_a_web_process_that_invents_names_hides_nobody(
    warden: RunningWarden,
) -> None:
    """Another name with each press for the same person, which is free of the number."""
    made = await stolen(warden)
    many = MOST_NAMED + 5
    for n in range(many):
        await sends(warden, made.nurse, made.items[2], f"<b>Surgery {n}</b>")
    id_ = await count(warden, made.officer, Wanted(account=made.nurse.account))
    reach = (await counted(warden, made.officer, id_)).reach
    assert reach is not None
    assert (reach.people, len(reach.onward), reach.onward_more) == (3, MOST_NAMED, 2)
    assert reach.onward[0] == OnwardSum(way="send", to=KILBY, people=2, records=6)
