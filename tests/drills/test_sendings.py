# SPDX-License-Identifier: Apache-2.0
"""What goes along with referrals, and somebody who stole a call taker's session."""

import secrets
from collections.abc import AsyncIterator

import msgspec
import pytest

from support.acts import Colleague, colleague
from support.openings import code_of, desk, opens, records
from support.warden import Installation, RunningWarden, forget_ledger, running_warden
from wardkeep.disclosure.answers import AccessHistory, Answer, Grant
from wardkeep.disclosure.containment import AccountRead, ReadAccount
from wardkeep.disclosure.pulse import PulseRead, ReadPulse
from wardkeep.disclosure.purpose import Action, Purpose, Tier
from wardkeep.disclosure.questions import Disclose, Item, ReadAccessHistory
from wardkeep.identity.roles import Role

TAKER, OFFICER = Role.HEALTH_ADVISOR, Role.PRIVACY_OFFICER
MOST = TAKER.budget.sendings
NEEDED = (("Patient", "x", 1), ("Encounter", "c", 1))
ALONG = (*NEEDED, ("Observation", "o", 1), ("Flag", "f", 1))


@pytest.fixture(autouse=True)
def _ledger_of_its_own(installation: Installation) -> None:
    forget_ledger(installation)


@pytest.fixture
async def warden(installation: Installation) -> AsyncIterator[RunningWarden]:
    async with running_warden(installation) as running:
        running.home = f"org-{secrets.token_hex(4)}"
        await running.organisation(running.home)
        yield running


async def callers(warden: RunningWarden, who: Colleague, many: int) -> list[Item]:
    """Whose calls the account answered: the work explains them."""
    found = await records(warden, many)
    for item in found:
        await warden.relate(who.account, item.patient, organisation=warden.home)
    return found


async def sends(
    warden: RunningWarden,
    token: str,
    item: Item,
    *,
    named: tuple[tuple[str, str, int], ...] = ALONG,
    to: str = "Fernhill Hospital",
) -> Answer:
    asked = Disclose(
        token,
        Purpose.DIRECT_CARE,
        "",
        Action.SEND,
        (msgspec.structs.replace(item, resources=named),),
        request=f"to {to}",
    )
    return await warden.door.ask_any(asked)


async def until_refused(
    warden: RunningWarden, who: Colleague, items: list[Item]
) -> tuple[int, str]:
    for n, item in enumerate(items):
        answer = await sends(warden, who.token, item)
        if not isinstance(answer, Grant):
            return n, code_of(answer)
    return len(items), ""


async def test_a_stolen_session_sends_along_what_a_shift_does_and_no_more(
    warden: RunningWarden,
) -> None:
    taker = await colleague(warden, TAKER.value)
    officer = await colleague(warden, OFFICER.value)
    hers = await callers(warden, taker, MOST + 3)
    assert await until_refused(warden, taker, hers) == (MOST, "sendings-spent")
    # Nobody is held up: who it is about and the case go on, and all of it opens.
    for item in hers[MOST:]:
        answer = await sends(warden, taker.token, item, named=NEEDED)
        assert isinstance(answer, Grant)
        assert isinstance(await opens(warden, taker.token, item), Grant)
    # The same person again, as after a message that was refused there
    assert isinstance(await sends(warden, taker.token, hers[0]), Grant)
    alarms = [one.kind for one in (await desk(warden, officer)).alarms]
    assert alarms == ["sendings"]
    found = await warden.door.ask(
        ReadAccount(officer.token, taker.account), AccountRead
    )
    assert isinstance(found, AccountRead)
    assert (found.sent, found.printed, found.others) == (MOST, 0, 0)


async def test_a_start_of_the_warden_forgets_none_of_them(
    installation: Installation,
) -> None:
    async with running_warden(installation) as first:
        first.home = f"org-{secrets.token_hex(4)}"
        await first.organisation(first.home)
        taker = await colleague(first, TAKER.value)
        hers = await callers(first, taker, MOST + 1)
        assert await until_refused(first, taker, hers[:MOST]) == (MOST, "")
    async with running_warden(installation) as second:
        second.home = first.home
        answer = await sends(second, taker.token, hers[MOST])
        assert code_of(answer) == "sendings-spent"


async def test_the_entry_and_the_patients_history_say_to_whom(
    warden: RunningWarden,
) -> None:
    taker = await colleague(warden, TAKER.value)
    officer = await colleague(warden, OFFICER.value)
    [item] = await callers(warden, taker, 1)
    assert isinstance(await sends(warden, taker.token, item), Grant)
    found = await warden.door.ask(
        ReadAccessHistory(officer.token, item.patient, 10, -1), AccessHistory
    )
    assert isinstance(found, AccessHistory)
    (line,) = [one for one in found.lines if one.action == "send"]
    assert (line.sent_to, line.outcome) == ("Fernhill Hospital", "grant")
    assert line.types == "1 Encounter, 1 Flag, 1 Observation, 1 Patient"
    pulse = await warden.door.ask(ReadPulse(officer.token), PulseRead)
    assert isinstance(pulse, PulseRead)
    assert sum(one.sent for one in pulse.hours) == 1


async def test_a_recipients_name_poses_as_nothing_else(warden: RunningWarden) -> None:
    """What follows `to` is the web process's word; an app's entry begins otherwise."""
    taker = await colleague(warden, TAKER.value)
    officer = await colleague(warden, OFFICER.value)
    [item] = await callers(warden, taker, 1)
    asked = Disclose(
        taker.token,
        Purpose.DIRECT_CARE,
        "",
        Action.SEND,
        (msgspec.structs.replace(item, resources=ALONG),),
        request="app 1234: read",
    )
    assert isinstance(await warden.door.ask_any(asked), Grant)
    found = await warden.door.ask(
        ReadAccessHistory(officer.token, item.patient, 10, -1), AccessHistory
    )
    assert isinstance(found, AccessHistory)
    assert found.lines[0].sent_to == "“app 1234: read”"


async def test_what_is_sealed_and_a_role_that_refers_nobody_send_nothing(
    warden: RunningWarden,
) -> None:
    taker = await colleague(warden, TAKER.value)
    nurse = await colleague(warden, Role.WARD_NURSE.value)
    [item] = await callers(warden, taker, 1)
    sealed = msgspec.structs.replace(item, tier=Tier.SEALED)
    answer = await sends(warden, taker.token, sealed, named=(("Basic", "w", 1),))
    assert code_of(answer) in {"role-does-not-reach", "not-this-organisation"}
    await warden.relate(nurse.account, item.patient, organisation=warden.home)
    assert code_of(await sends(warden, nurse.token, item)) == "sendings-spent"
