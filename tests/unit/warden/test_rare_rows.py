# SPDX-License-Identifier: Apache-2.0
"""Rows that are rarely met: what two share, what has no role, what waits."""

import asyncio
import json
import secrets
from collections import deque
from datetime import UTC, datetime

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from support.acts import ApproveErasure, colleague, confirm
from support.clinics import clinic_town
from support.desks import desk_of
from support.openings import code_of, opens, records
from support.owner import until_waited_for
from support.smart import assertion
from support.warden import (
    NOBODY,
    ORIGIN,
    Installation,
    RunningWarden,
)
from wardkeep.base.ids import new_uuid
from wardkeep.db.connection import Connection
from wardkeep.disclosure.answers import (
    Created,
    Done,
    Refusal,
    SignedIn,
)
from wardkeep.disclosure.check_in import CheckInAnswer
from wardkeep.disclosure.containment import AccountRead, ReadAccount
from wardkeep.disclosure.people import (
    ApproveRights,
    Waiting,
)
from wardkeep.disclosure.provisioning import (
    ListProvisioned,
    ProvisionedList,
    ProvisionedUser,
    ProvisioningRefused,
    SaveProvisioned,
)
from wardkeep.disclosure.questions import (
    AskErasure,
    ClientSignIn,
    RegisterClient,
    SetRetention,
)
from wardkeep.disclosure.support import GrantSupport
from wardkeep.fhir.model.type_codes import type_code
from wardkeep.identity.roles import Role
from wardkeep.ledger.entry import Subject
from wardkeep.warden.erasures import Erasure
from wardkeep.warden.service import check_ins, disposing, ways_in
from wardkeep.warden.service.check_ins import CheckIns
from wardkeep.warden.service.disposing import WrongRuleError
from wardkeep.warden.service.looking import Looking
from wardkeep.warden.service.ways_in import WaysInDesk

TOKEN_URL = f"{ORIGIN}/oauth/token"


def erasure(rule: str, before: datetime | None) -> Erasure:
    return Erasure(
        id=new_uuid(),
        organisation=1,
        patient="",
        ground="retention-ended",
        reason="the term is over",
        asked_by=NOBODY,
        asked_role="privacy_officer",
        asked_at=datetime(2026, 11, 29, tzinfo=UTC),
        rule=rule,
        before=before,
    )


async def test_of_a_kiosk_that_guesses_it_is_told_once(warden: RunningWarden) -> None:
    nurse = await colleague(warden, "ward_nurse")
    session = warden.service._sessions.use(nurse.token)
    assert session is not None
    desk = desk_of(warden, CheckIns)
    desk._missed[session.account] = deque()
    for _ in range(check_ins.MISSES_AN_HOUR + 2):
        assert desk._miss(session) == CheckInAnswer("go-to-the-desk")
    warden.service.ledger.commit()
    told = [one for one in warden.entries() if one.action == "check-in-misses"]
    assert [one.session for one in told] == [session.id]
    kept = {session.account: deque([1.0, 2.0, 3.0])}
    assert list(check_ins._since(kept, session.account, 2.5)) == [3.0]


# Looking


async def test_what_two_share_in_the_index_is_read_as_neithers(
    warden: RunningWarden, monkeypatch: pytest.MonkeyPatch
) -> None:
    nurse = await colleague(warden, "ward_nurse")
    session = warden.service._sessions.use(nurse.token)
    assert session is not None
    desk = desk_of(warden, Looking)
    ledger = type(warden.service.ledger)
    monkeypatch.setattr(ledger, "entries_about", lambda *_, **__: [0])
    assert isinstance(desk._own_entry(session, 0), Refusal)


async def test_an_account_is_shown_by_the_role_that_it_had_last(
    warden: RunningWarden,
) -> None:
    officer, nurse = [
        await colleague(warden, role) for role in ("privacy_officer", "ward_nurse")
    ]
    [item] = await records(warden, 1)
    await opens(warden, nurse.token, item)
    last = warden.entries()[-1]
    # What is destroyed in somebody's name later has no role.
    warden.service.ledger.append(msgspec.structs.replace(last, role="", purpose=""))
    await warden.door.ask_any(ReadAccount(officer.token, NOBODY))
    read = await warden.door.ask_any(ReadAccount(officer.token, nurse.account))
    assert isinstance(read, AccountRead)
    assert read.hard == Role.WARD_NURSE.budget.hard


async def test_sealed_things_are_read_a_few_at_a_time(
    warden: RunningWarden, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ways_in, "_A_TURN", 1)
    nurse = await colleague(warden, "ward_nurse")
    [item] = await records(warden, 1)
    await opens(warden, nurse.token, item)
    last = warden.entries()[-1]
    sealed = Subject.about(
        patient="p-1",
        tier="sealed",
        relationship="visit",
        resources=(("Flag", "f", 1),),
    )
    for _ in range(3):
        made = msgspec.structs.replace(last, subjects=(sealed,))
        warden.service.ledger.append(made)
    warden.service.ledger.commit()
    desk = desk_of(warden, WaysInDesk)
    await desk._up_to_date(last.organisation)
    assert desk._books[last.organisation].read == 3


# Erasures


async def test_a_disposal_that_a_stop_cut_off_goes_on_when_the_ledger_is_written(
    warden: RunningWarden,
) -> None:
    eraser = warden.service._eraser
    due = erasure("diaries", datetime(1990, 1, 1, tzinfo=UTC))
    eraser._to_dispose.append(msgspec.structs.replace(due, approved_by=NOBODY))
    eraser.write_with(eraser._written)
    assert eraser._to_dispose == []
    await asyncio.gather(*eraser._tasks)


async def test_a_disposal_that_waits_ends_with_the_warden(
    warden: RunningWarden,
) -> None:
    eraser = warden.service._eraser
    due = erasure("health-record", None)  # it would say that its rule is wrong
    started = asyncio.Event()

    async def waits(*_: object, **__: object) -> None:
        started.set()
        await asyncio.Event().wait()

    eraser._disposer.destroy = waits  # type: ignore[method-assign]
    eraser._begin_disposal(due)
    await started.wait()
    [task] = eraser._tasks
    await eraser.close()
    assert task.cancelled()


async def test_a_term_that_grows_while_an_approval_waits_spares_what_it_spares(
    warden: RunningWarden, owner: Connection
) -> None:
    officers = [await warden.session("privacy_officer") for _ in range(2)]
    asked = []
    for rule, patient, ground in (
        ("", f"p-{secrets.token_hex(4)}", "person-asked"),
        ("diaries", "", "retention-ended"),
    ):
        question = AskErasure(officers[0], patient, ground, "the term is over", rule)
        made = await warden.door.ask(question, Created)
        assert isinstance(made, Created), made
        asked.append(made.id)
    async with owner.transaction():
        await owner.execute(
            "select from warden.erasure where id = $1::text::uuid for update", asked[0]
        )
        first = asyncio.create_task(
            ApproveErasure(officers[1], asked[0]).by(warden.door)
        )
        await until_waited_for(owner)
        second = asyncio.create_task(
            ApproveErasure(officers[1], asked[1]).by(warden.door)
        )
        await asyncio.sleep(0.5)  # it waits for the first, in the warden
        longer = SetRetention(officers[0], "diaries", 40, is_held=False)
        assert await warden.door.ask_any(longer) == Done()
    assert await first == Done()
    assert code_of(await second) == "not-due"


# Support and directories


async def test_support_has_one_grant_at_a_time_and_none_from_itself(
    warden: RunningWarden, owner: Connection
) -> None:
    ada, pia = [
        await colleague(warden, role) for role in ("administrator", "privacy_officer")
    ]
    await warden.organisation("support")
    wren = await warden.account("support", organisation="support", name="Wren")
    await warden.enrol(wren)
    act = GrantSupport(
        account=wren, patients=("p-1",), minutes=5, reason="call 4711: it stays empty"
    )
    waits = await confirm(warden, ada, act, Waiting)
    assert isinstance(waits, Waiting), waits
    assert await confirm(warden, pia, ApproveRights(waits.request), Done) == Done()
    again = await confirm(warden, ada, act, Waiting)
    assert isinstance(again, Refusal)
    await owner.execute(
        "insert into warden.membership (account, organisation, role)"
        " select $1::text::uuid, number, 'support' from warden.organisation"
        " where slug = 'support'",
        ada.account,
    )
    own = msgspec.structs.replace(act, account=ada.account)
    assert code_of(await confirm(warden, ada, own, Waiting)) == "not-yourself"


async def test_a_directory_finds_by_what_users_have(warden: RunningWarden) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    public = {**ECAlgorithm.to_jwk(key.public_key(), as_dict=True), "kid": "k1"}
    keys = json.dumps({"keys": [public]}).encode()
    made = RegisterClient(warden.home, "Directory", keys, "scim", 0)
    client = await warden.operator.ask(made, Created)
    assert isinstance(client, Created), client
    signed_in = await warden.door.ask_any(
        ClientSignIn(assertion(key, client.id, TOKEN_URL))
    )
    assert isinstance(signed_in, SignedIn), signed_in
    odd = ListProvisioned(session=signed_in.token, attribute="shoeSize", value="42")
    assert isinstance(await warden.door.ask_any(odd), ProvisioningRefused)
    unseen = ListProvisioned(session=signed_in.token, attribute="id", value="\x00")
    assert await warden.door.ask_any(unseen) == ProvisionedList(0, ())
    waits = SaveProvisioned(
        session=signed_in.token,
        user_name="wren@example.org",
        display_name="Wren Alder",
        role="ward_nurse",
        is_active=False,
    )
    assert isinstance(await warden.door.ask_any(waits), ProvisionedUser)
    twice = await warden.door.ask_any(waits)
    assert isinstance(twice, ProvisioningRefused)


# What has been kept for long enough


async def test_whole_records_are_never_disposed_of_by_their_age(
    warden: RunningWarden,
) -> None:
    async def written() -> bool:
        return True

    disposer = warden.service._eraser._disposer
    for rule, before in (
        ("health-record", datetime(2000, 1, 1, tzinfo=UTC)),
        ("diaries", None),
    ):
        with pytest.raises(WrongRuleError):
            await disposer.destroy(erasure(rule, before), written=written)


async def test_a_disposal_waits_while_the_ledger_cannot_be_written(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disposing, "AGAIN_SECONDS", 0.01)
    home, told = f"org-{secrets.token_hex(4)}", [False, True, True, True]

    async def written() -> bool:
        return told.pop(0)

    async with clinic_town(installation, home=home) as town:
        old = {
            "resourceType": "Schedule",
            "id": "old",
            "actor": [{"display": "Room 2"}],
            "planningHorizon": {"start": "2001-01-01", "end": "2001-02-01"},
        }
        await town.load([old])
        due = msgspec.structs.replace(
            erasure("diaries", datetime(2010, 1, 1, tzinfo=UTC)),
            organisation=town.organisation,
            approved_by=NOBODY,
        )
        await town.warden.service._eraser._disposer.destroy(due, written=written)
        async with town.database.connection(town.organisation) as connection:
            left = await connection.fetch_value(
                "select count(*) from record.resource where type = $1",
                type_code("Schedule"),
            )
    assert (left, told) == (0, [True, True])
