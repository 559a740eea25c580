# SPDX-License-Identifier: Apache-2.0
"""Lists that go onto phones: stolen sessions, a taken-over process, and what ends them.

On a real warden. That the bytes on a phone are worth nothing is shown in
`tests/stories/test_car_on_phone.py`.
"""

import secrets
from datetime import timedelta

import msgspec
import pytest

from support.acts import Colleague, colleague, confirm
from support.authenticator import SoftwareAuthenticator
from support.openings import REASON, code_of, opens, reach, records
from support.owner import rested
from support.warden import (
    ORIGIN,
    Installation,
    RunningWarden,
    running_warden,
)
from wardkeep.base.clock import FrozenClock, SystemClock, microseconds_since_epoch
from wardkeep.disclosure.answers import (
    Answer,
    CeremonyOptions,
    Done,
    Grant,
    NewKeys,
    Passkeys,
    SessionView,
    SignedIn,
)
from wardkeep.disclosure.car_lists import (
    MOST_PEOPLE,
    AskList,
    ListStanding,
    ReadSignedList,
    SignedListView,
    TakeList,
)
from wardkeep.disclosure.containment import (
    AccountRead,
    BreakGlass,
    FreezeNow,
    ReadAccount,
)
from wardkeep.disclosure.people import ChangePasskeys, Links, VouchFor
from wardkeep.disclosure.purpose import Action, Purpose, Tier
from wardkeep.disclosure.questions import (
    BeginAddPasskey,
    CheckSession,
    Disclose,
    EndAccount,
    FinishAddPasskey,
    Item,
    ListPasskeys,
    NewPatientKeys,
    RevokePasskey,
)
from wardkeep.identity.roles import Role
from wardkeep.ledger.beginnings import phone_until_in
from wardkeep.warden.budgets import TRIES
from wardkeep.warden.car_lists import TAKEN_WITHIN_SECONDS

DRIVER, LEAD, OFFICER = (
    Role.URGENT_CARE_CLINICIAN,
    Role.SHIFT_LEAD,
    Role.PRIVACY_OFFICER,
)
HOMES = DRIVER.budget.homes


pytestmark = pytest.mark.usefixtures("ledger_of_its_own")


async def round_of(warden: RunningWarden, who: Colleague, many: int) -> list[Item]:
    """Patients to whom somebody's work leads."""
    found = await records(warden, many)
    for item in found:
        await warden.relate(who.account, item.patient, organisation=warden.home)
    return found


def list_of(*items: Item, hours: float = 8) -> TakeList:
    until = SystemClock().now() + timedelta(hours=hours)
    return TakeList(
        car="Car 1",
        patients=tuple(one.patient for one in items),
        until=microseconds_since_epoch(until),
    )


async def carries(warden: RunningWarden, who: Colleague, item: Item) -> Answer:
    return await opens(warden, who.token, item, action=Action.CARRY)


async def standing(warden: RunningWarden, voucher: bytes) -> bool:
    found = await warden.door.ask(AskList(voucher), ListStanding)
    assert isinstance(found, ListStanding), found
    return found.stays


async def taken(warden: RunningWarden, who: Colleague, *items: Item) -> bytes:
    """Signed for, and given; the phone's voucher."""
    assert await confirm(warden, who, list_of(*items), Done) == Done()
    for one in items:
        assert isinstance(await carries(warden, who, one), Grant)
    view = await warden.door.ask(ReadSignedList(who.token), SignedListView)
    assert isinstance(view, SignedListView), view
    return view.voucher


def test_a_phone_takes_as_many_as_its_owner_visits() -> None:
    assert HOMES == MOST_PEOPLE


async def test_a_stolen_session_puts_nobody_onto_a_phone_and_is_frozen_for_trying(
    warden: RunningWarden,
) -> None:
    driver = await colleague(warden, DRIVER.value)
    hers = await round_of(warden, driver, TRIES)
    for one in hers:
        assert code_of(await carries(warden, driver, one)) == "list-not-signed"
    assert code_of(await opens(warden, driver.token, hers[0])) == "not-signed-in"
    # Nor does the warden tell it anything of a list
    asked = await warden.door.ask_any(ReadSignedList(driver.token))
    assert code_of(asked) == "not-signed-in"


async def test_a_taken_over_process_gets_whom_the_passkey_signed_for_and_nobody_else(
    warden: RunningWarden,
) -> None:
    driver = await colleague(warden, DRIVER.value)
    hers = await round_of(warden, driver, 3)
    [stranger] = await records(warden, 1)
    signed = list_of(hers[0], hers[1], stranger)
    assert await confirm(warden, driver, signed, Done) == Done()
    assert isinstance(await carries(warden, driver, hers[0]), Grant)
    # Not on the list; on it, but no work leads there, whatever reason is typed
    assert code_of(await carries(warden, driver, hers[2])) == "list-not-signed"
    assert code_of(await carries(warden, driver, stranger)) == "not-on-a-list"
    # Nor does the glass put anybody onto a phone
    broken = await confirm(warden, driver, BreakGlass(stranger.patient, "life"), Done)
    assert broken == Done()
    assert code_of(await carries(warden, driver, stranger)) == "not-on-a-list"
    # One at a time, and nothing sealed
    pair = await opens(warden, driver.token, *hers[:2], action=Action.CARRY)
    assert code_of(pair) == "one-patient-at-a-time"
    sealed = msgspec.structs.replace(
        hers[1], tier=Tier.SEALED, wrapped_key=await sealed_key(warden, hers[1])
    )
    assert code_of(await carries(warden, driver, sealed)) in {
        "not-this-organisation",
        "role-does-not-reach",
    }


async def sealed_key(warden: RunningWarden, item: Item) -> bytes:
    """Some sealed tier's key; that of another patient opens nothing anyway."""
    session = await warden.import_session(warden.home)
    made = await warden.door.ask(
        NewPatientKeys(session, (f"{item.patient}-2",)), NewKeys
    )
    assert isinstance(made, NewKeys), made
    return made.patients[0].wrapped[-1]


async def test_until_when_it_lies_there_is_the_wardens_word_in_the_ledger(
    warden: RunningWarden,
) -> None:
    driver = await colleague(warden, DRIVER.value)
    [one] = await round_of(warden, driver, 1)
    act = list_of(one)
    assert await confirm(warden, driver, act, Done) == Done()
    # A process that was taken over says something else; nobody listens
    lie = Disclose(
        *(driver.token, Purpose.DIRECT_CARE, REASON, Action.CARRY, (one,)),
        "on a phone until 1",
    )
    assert isinstance(await warden.door.ask_any(lie), Grant)
    [entry] = [it for it in warden.entries() if it.action == "carry"]
    assert phone_until_in(entry.request) == act.until
    assert tuple(entry.patients) == (one.patient,)


async def test_what_is_signed_for_is_few_short_and_for_whoever_visits(
    warden: RunningWarden,
) -> None:
    driver = await colleague(warden, DRIVER.value)
    lead = await colleague(warden, LEAD.value)
    hers = await round_of(warden, driver, HOMES + 1)
    refused = await confirm(warden, lead, list_of(hers[0]), Done)
    assert code_of(refused) == "not-your-work"
    for act in (
        *(list_of(), list_of(hers[0], hers[0]), list_of(*hers)),
        *(list_of(hers[0], hours=13), list_of(hers[0], hours=-1)),
        TakeList(car="x" * 100, patients=(hers[0].patient,), until=0),
    ):
        assert code_of(await confirm(warden, driver, act, Done)) == "bad-rights"
    # Fourteen homes in 24 hours; taken again, each is one
    for _ in range(2):
        await taken(warden, driver, *hers[:HOMES])
    assert await confirm(warden, driver, list_of(hers[HOMES]), Done) == Done()
    assert code_of(await carries(warden, driver, hers[HOMES])) == "list-spent"
    # On the screen all of them open, for that is the work
    assert await reach(warden, driver.token, hers) == len(hers)


async def test_a_restart_forgets_no_phone_and_keeps_no_signature(
    installation: Installation,
) -> None:
    async with running_warden(installation) as warden:
        warden.home = home = f"org-{secrets.token_hex(4)}"
        await warden.organisation(home)
        driver = await colleague(warden, DRIVER.value)
        hers = await round_of(warden, driver, HOMES + 1)
        voucher = await taken(warden, driver, *hers[:HOMES])
    async with running_warden(installation) as warden:
        warden.home = home
        assert code_of(await carries(warden, driver, hers[0])) == "list-not-signed"
        assert await confirm(warden, driver, list_of(hers[HOMES]), Done) == Done()
        assert code_of(await carries(warden, driver, hers[HOMES])) == "list-spent"
        # What lies on the phone is known again by its voucher
        assert await standing(warden, voucher)


async def test_a_signature_holds_for_minutes(installation: Installation) -> None:
    clock = FrozenClock(SystemClock().now())
    async with running_warden(installation, clock=clock) as warden:
        warden.home = f"org-{secrets.token_hex(4)}"
        await warden.organisation(warden.home)
        driver = await colleague(warden, DRIVER.value)
        [one] = await round_of(warden, driver, 1)
        voucher = await taken(warden, driver, one)
        clock.move(timedelta(seconds=TAKEN_WITHIN_SECONDS + 1))
        assert code_of(await carries(warden, driver, one)) == "list-not-signed"
        assert await standing(warden, voucher)
        # And the list itself until its time, whoever asks
        clock.move(timedelta(hours=8))
        assert not await standing(warden, voucher)


async def test_an_officer_reads_how_many_went_onto_a_phone(
    warden: RunningWarden,
) -> None:
    officer = await colleague(warden, OFFICER.value)
    driver = await colleague(warden, DRIVER.value)
    hers = await round_of(warden, driver, 3)
    for _ in range(2):
        await taken(warden, driver, *hers)
    read = await warden.door.ask(
        ReadAccount(officer.token, driver.account), AccountRead
    )
    assert isinstance(read, AccountRead), read
    assert (read.carried, read.printed, read.copied) == (3, 0, 0)


async def test_a_freeze_or_an_end_takes_the_list_at_the_next_contact(
    warden: RunningWarden,
) -> None:
    officer = await colleague(warden, OFFICER.value)
    drivers = [await colleague(warden, DRIVER.value) for _ in range(3)]
    vouchers = []
    for one in drivers:
        [home] = await round_of(warden, one, 1)
        vouchers.append(await taken(warden, one, home))
    frozen, ended, _ = drivers
    ask = FreezeNow(officer.token, "account", frozen.account, "phone lost on the A64")
    assert await warden.door.ask(ask, Done) == Done()
    assert await warden.operator.ask(EndAccount(ended.account), Done) == Done()
    assert [await standing(warden, one) for one in vouchers] == [False, False, True]


async def test_who_lost_the_phone_and_its_passkey_takes_the_list_along(
    warden: RunningWarden,
) -> None:
    ada = await colleague(warden, "administrator")
    driver = await colleague(warden, DRIVER.value)
    [home] = await round_of(warden, driver, 1)
    voucher = await taken(warden, driver, home)
    vouched = VouchFor(driver.account, "came to the desk with their badge")
    links = await confirm(warden, ada, vouched, Links)
    assert isinstance(links, Links), links
    assert await standing(warden, voucher)
    fresh = SoftwareAuthenticator(origin=ORIGIN)
    back = await warden.use_link(links.links[0].secret, fresh)
    assert isinstance(back, SignedIn), back
    assert not await standing(warden, voucher)


async def test_a_list_goes_with_the_passkey_that_took_it_and_not_with_the_sign_ins(
    warden: RunningWarden,
) -> None:
    driver = await colleague(warden, DRIVER.value)
    [home] = await round_of(warden, driver, 1)
    assert await confirm(warden, driver, ChangePasskeys(), Done) == Done()
    options = await warden.door.ask(BeginAddPasskey(driver.token), CeremonyOptions)
    assert isinstance(options, CeremonyOptions), options
    phone = SoftwareAuthenticator(origin=ORIGIN)
    response = phone.register(options.options)
    added = FinishAddPasskey(driver.token, response, "The phone")
    assert await warden.door.ask(added, Done) == Done()
    await rested(warden.installation)
    # Signed in with one, and the list taken with the other
    voucher = await taken(warden, driver._replace(key=phone), home)
    found = await warden.door.ask(ListPasskeys(driver.token), Passkeys)
    assert isinstance(found, Passkeys), found
    [lost] = [one.credential for one in found.passkeys if one.label == "The phone"]
    assert await standing(warden, voucher)
    assert await warden.door.ask(RevokePasskey(driver.token, lost), Done) == Done()
    assert not await standing(warden, voucher)
    # The session is another passkey's, and lives
    assert isinstance(
        await warden.door.ask_any(CheckSession(driver.token)), SessionView
    )


async def test_no_voucher_but_ours_is_believed(warden: RunningWarden) -> None:
    driver = await colleague(warden, DRIVER.value)
    [one] = await round_of(warden, driver, 1)
    voucher = await taken(warden, driver, one)
    spoilt = voucher[:-1] + bytes((voucher[-1] ^ 1,))
    another = (int.from_bytes(voucher[:8]) + 1).to_bytes(8) + voucher[8:]
    for wrong in (b"", b"x", spoilt, another, voucher[:8], secrets.token_bytes(3_000)):
        assert not await standing(warden, wrong)
    assert await standing(warden, voucher)
