# SPDX-License-Identifier: Apache-2.0
"""Drills at the door: what someone with a session, a socket or a dump would try."""

import os
from datetime import date
from pathlib import Path

import msgspec
import pytest

from support.warden import Installation, RunningWarden, running_warden
from wardkeep.disclosure.answers import NewKeys, Refusal
from wardkeep.disclosure.client import WardenClient, WardenUnavailableError
from wardkeep.disclosure.purpose import Action, Purpose, Tier
from wardkeep.disclosure.questions import Disclose, Invite, Item, NewPatientKeys
from wardkeep.disclosure.sealed import OpenGrant
from wardkeep.ledger.verify import verify

REASON = "rang about results from Tuesday"
TODAY = date(2026, 11, 23)


async def item_for(warden: RunningWarden, tier: Tier = Tier.RECORD) -> Item:
    """A new patient's wrapped key, as it would lie in the database."""
    token = await warden.import_session()
    given = await warden.operator.ask(NewPatientKeys(token, ("p-1",)), NewKeys)
    assert isinstance(given, NewKeys), given
    wrapped = given.patients[0].wrapped[tier - 1]
    return Item("p-1", tier, wrapped, (("Observation", "o-1", 1),))


async def ask(
    warden: RunningWarden,
    session: str,
    *items: Item,
    reason: str = REASON,
    action: Action = Action.READ,
) -> OpenGrant | Refusal:
    return await warden.door.disclose(
        session, purpose=Purpose.DIRECT_CARE, reason=reason, action=action, items=items
    )


async def begun(warden: RunningWarden) -> Item:
    if not await has_organisation(warden):
        await warden.organisation()
    return await item_for(warden)


async def has_organisation(warden: RunningWarden) -> bool:
    return bool(len(warden.service._keystore))


async def test_a_reason_opens_and_every_answer_is_in_the_ledger(
    installation: Installation,
) -> None:
    async with running_warden(installation) as warden:
        item = await begun(warden)
        doctor = await warden.session("doctor")
        refused = await ask(warden, doctor, item, reason="")
        assert isinstance(refused, Refusal)
        assert refused.needs_reason
        granted = await ask(warden, doctor, item)
        assert isinstance(granted, OpenGrant)
        ledger = warden.service._ledger
        assert ledger.read(refused.entry).outcome == "refusal:reason-needed"
        entry = ledger.read(granted.entry)
        assert (entry.outcome, entry.reason, entry.patients) == (
            "grant",
            REASON,
            ("p-1",),
        )
        assert list(entry.resources()) == [("Observation", "o-1", 1)]


@pytest.mark.parametrize(
    ("role", "tier", "code"),
    [
        ("receptionist", Tier.RECORD, "role-does-not-reach"),
        ("administrator", Tier.BANNER, "role-does-not-reach"),
        ("privacy_officer", Tier.RECORD, "role-does-not-reach"),
        ("doctor", Tier.SEALED, "role-does-not-reach"),
    ],
)
async def test_a_role_does_not_reach_what_its_work_does_not_need(
    installation: Installation, role: str, tier: Tier, code: str
) -> None:
    async with running_warden(installation) as warden:
        await begun(warden)
        session = await warden.session(role)
        answer = await ask(warden, session, await item_for(warden, tier))
        assert isinstance(answer, Refusal)
        assert answer.code == code


async def test_a_relationship_explains_itself_and_an_ended_session_opens_nothing(
    installation: Installation,
) -> None:
    async with running_warden(installation) as warden:
        item = await begun(warden)
        nurse = await warden.account("ward_nurse")
        token, _ = await warden.enrol(nurse)
        await warden.relate(nurse, "p-1")
        granted = await ask(warden, token, item, reason="")
        assert isinstance(granted, OpenGrant)
        assert granted.relationships == ("ward",)
        answer = await ask(warden, "no-such-token", item)
        assert isinstance(answer, Refusal)
        assert answer.code == "not-signed-in"


async def test_another_organisations_key_does_not_open(
    installation: Installation,
) -> None:
    async with running_warden(installation) as warden:
        item = await begun(warden)
        await warden.organisation("larkspur")
        stranger = await warden.session("doctor", organisation="larkspur")
        answer = await ask(warden, stranger, item)
        assert isinstance(answer, Refusal)
        assert answer.code == "not-this-organisation"


async def test_many_records_at_once_are_refused(installation: Installation) -> None:
    async with running_warden(installation) as warden:
        one = await begun(warden)
        doctor = await warden.session("doctor")
        two = msgspec.structs.replace(one, patient="p-2")
        for answer in (
            await ask(warden, doctor, one, two),
            await ask(warden, doctor),
            await ask(warden, doctor, one, action=Action.FIND),
        ):
            assert isinstance(answer, Refusal)


async def test_the_door_makes_no_account_and_the_desk_opens_no_record(
    installation: Installation,
) -> None:
    async with running_warden(installation) as warden:
        item = await begun(warden)
        question = Invite(account="x", valid_hours=1)
        answer = await warden.door.ask(question, NewKeys)
        assert isinstance(answer, Refusal)
        assert answer.code == "not-understood"
        token = await warden.import_session()
        asked = Disclose(token, Purpose.IMPORT, REASON, Action.READ, (item,))
        for socket in (warden.operator, warden.door):
            answer = await socket.ask(asked, NewKeys)
            assert isinstance(answer, Refusal)


async def test_without_a_ledger_that_can_be_written_nothing_opens(
    installation: Installation,
) -> None:
    async with running_warden(installation) as warden:
        item = await begun(warden)
        doctor = await warden.session("doctor")
        ledger = warden.service._ledger
        good = ledger._file
        ledger._file = os.open(os.devnull, os.O_RDONLY)
        answer = await ask(warden, doctor, item)
        assert isinstance(answer, Refusal)
        assert answer.code == "ledger-cannot-write"
        os.close(ledger._file)
        ledger._file = good
        assert isinstance(await ask(warden, doctor, item), OpenGrant)


async def test_a_warden_that_starts_anew_knows_sessions_keys_and_entries(
    installation: Installation,
) -> None:
    async with running_warden(installation) as warden:
        item = await begun(warden)
        doctor = await warden.session("doctor")
        before = warden.service._ledger.committed_size
    async with running_warden(installation) as warden:
        assert warden.service._ledger.committed_size >= before
        assert isinstance(await ask(warden, doctor, item), OpenGrant)
    report = verify(
        installation.layout.ledger,
        warden.service.ledger.verify_key,
        origin=warden.service._origin,
    )
    assert report.is_whole, report.summary


async def test_a_warden_that_is_gone_is_said_plainly(tmp_path: Path) -> None:
    client = WardenClient(tmp_path / "nobody.sock", asker="test")
    with pytest.raises(WardenUnavailableError):
        await client.ask(NewPatientKeys("t", ("p",)), NewKeys)
