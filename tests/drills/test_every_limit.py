# SPDX-License-Identifier: Apache-2.0
"""Every number of a budget: lowered by one person, at once; raised by nobody alone.

Numbers come from the class, so that one to come is drilled as well.
"""

import secrets
from datetime import timedelta

import msgspec
import pytest

from support.acts import Colleague, colleague, confirm, options_for
from support.authenticator import SoftwareAuthenticator
from support.homes import code_of as way_in_code, home, visits
from support.openings import code_of, opens, reach, records
from support.owner import owner_of
from support.warden import ORIGIN, Installation, RunningWarden, running_warden
from wardkeep.base.clock import SystemClock, microseconds_since_epoch
from wardkeep.disclosure.answers import CeremonyOptions, Done, Grant
from wardkeep.disclosure.car_lists import TakeList
from wardkeep.disclosure.confirming import FinishConfirm
from wardkeep.disclosure.limits import LEAST, BudgetsRead, ReadBudgets, SetBudget
from wardkeep.disclosure.people import (
    AddPeople,
    ApproveRights,
    ChangeRole,
    NewPerson,
    Waiting,
)
from wardkeep.disclosure.purpose import Action, Purpose
from wardkeep.disclosure.questions import Disclose, Item
from wardkeep.disclosure.ways_in import AskWayIn, WayInStanding
from wardkeep.identity.roles import PEOPLE, Budget, Role
from wardkeep.ledger.entry import Entry
from wardkeep.warden.service.limits_office import SET_BUDGET

NUMBERS = Budget.__struct_fields__
OFFICER, TAKER, CARER = Role.PRIVACY_OFFICER, Role.HEALTH_ADVISOR, Role.CARER

pytestmark = pytest.mark.usefixtures("ledger_of_its_own")


def role_with(number: str) -> tuple[Role, int]:
    """A role in which the number alone can be lowered by one, and what it is then."""
    for role in PEOPLE:
        fewer = getattr(role.budget, number) - 1
        then = msgspec.structs.replace(role.budget, **{number: fewer})
        is_sound = then.soft <= then.hard and then.own_work <= then.own_today
        if role.budget.hard and fewer >= LEAST.get(number, 0) and is_sound:
            return role, fewer
    raise AssertionError(number)


def only(role: Role, **said: int) -> SetBudget:
    return SetBudget(role=role.value, **said)


async def held(warden: RunningWarden, who: Colleague, role: Role) -> Budget:
    found = await warden.door.ask(ReadBudgets(who.token), BudgetsRead)
    assert isinstance(found, BudgetsRead), found
    [one] = [one for one in found.budgets if one.role == role.value]
    return Budget(**one.here)


def set_budgets(warden: RunningWarden) -> list[Entry]:
    return [one for one in warden.entries() if one.action == SET_BUDGET]


async def waits(
    warden: RunningWarden, officer: Colleague, act: SetBudget
) -> ApproveRights:
    """What a second person would agree to; whoever asked does not."""
    waiting = await confirm(warden, officer, act, Waiting)
    assert isinstance(waiting, Waiting), waiting
    agree = ApproveRights(waiting.request)
    assert code_of(await confirm(warden, officer, agree, Done)) == "second-person"
    return agree


@pytest.mark.parametrize("number", NUMBERS)
async def test_a_stolen_session_of_an_officer_raises_no_number_alone(
    warden: RunningWarden, number: str
) -> None:
    role, fewer = role_with(number)
    most = getattr(role.budget, number)
    officer = await colleague(warden, OFFICER.value)
    second = await colleague(warden, "administrator")
    lower = only(role, **{number: fewer})
    assert await confirm(warden, officer, lower, Done) == Done()
    [entry] = set_budgets(warden)
    assert entry.request == f"{role.value} {number} {most}>{fewer}"
    tight = await held(warden, officer, role)
    assert tight == msgspec.structs.replace(role.budget, **{number: fewer})

    # With the session alone: their own passkey signs nothing
    raise_it = only(role, **{number: most})
    options = await options_for(warden, officer, raise_it)
    assert isinstance(options, CeremonyOptions)
    forged = SoftwareAuthenticator(origin=ORIGIN).sign_in(options.options)
    answer = await warden.door.ask_any(FinishConfirm(officer.token, raise_it, forged))
    assert code_of(answer) == "not-confirmed"

    # With a touch of the owner's: it waits, also behind a number that becomes less
    less = next(one for one in NUMBERS if one != number and getattr(tight, one) > 1)
    mixed = only(role, **{number: most, less: getattr(tight, less) - 1})
    asked = [await waits(warden, officer, act) for act in (raise_it, mixed)]
    assert await held(warden, officer, role) == tight
    assert len(set_budgets(warden)) == 1

    # And with a second person it holds
    assert await confirm(warden, second, asked[1], Done) == Done()
    assert getattr(await held(warden, officer, role), number) == most
    assert f" {number} {fewer}>{most}" in set_budgets(warden)[-1].request


async def test_nobody_is_moved_alone_out_of_a_role_that_was_tightened(
    warden: RunningWarden,
) -> None:
    """By the product's numbers a ward nurse has less than a doctor; not here."""
    officer = await colleague(warden, OFFICER.value)
    doctor = await colleague(warden, "doctor")
    moved = ChangeRole(doctor.account, "ward_nurse")
    tight = only(Role.DOCTOR, prints=3)
    assert await confirm(warden, officer, tight, Done) == Done()
    waiting = await confirm(warden, officer, moved, Waiting)
    assert isinstance(waiting, Waiting), waiting
    # Where both are tight, it is a smaller role again
    assert await confirm(warden, officer, only(Role.WARD_NURSE, prints=3), Done) == (
        Done()
    )
    assert await confirm(warden, officer, moved, Done) == Done()


async def test_whom_a_role_lets_into_homes_is_given_by_two(
    warden: RunningWarden,
) -> None:
    officer = await colleague(warden, OFFICER.value)
    nurse = await colleague(warden, "ward_nurse")
    for act in (
        ChangeRole(nurse.account, CARER.value),
        AddPeople((NewPerson("Tam Reed", CARER.value),)),
    ):
        waiting = await confirm(warden, officer, act, Waiting)
        assert isinstance(waiting, Waiting), waiting


async def test_an_organisation_lets_a_role_into_one_home_and_then_into_none(
    warden: RunningWarden,
) -> None:
    officer = await colleague(warden, OFFICER.value)
    carer = await colleague(warden, CARER.value)
    homes, now = [await home(warden) for _ in range(3)], SystemClock().now()
    ends = now + timedelta(minutes=20)
    for one in homes:
        await visits(warden, carer.account, one.patient, starts=now, ends=ends)
    first, other, last = [one.items[0] for one in homes]
    assert await way_in_code(warden, carer.token, first) == ""
    assert (await way_in(warden, carer, last)).is_open

    assert await confirm(warden, officer, only(CARER, homes=1), Done) == Done()
    # In the session that was open before; whom it was let in to today again
    assert await way_in_code(warden, carer.token, other) == "homes-spent"
    assert await way_in_code(warden, carer.token, first) == ""
    assert await confirm(warden, officer, only(CARER, homes=0), Done) == Done()
    for item in (first, other, last):
        assert await way_in_code(warden, carer.token, item) == "homes-spent"
    standing = await way_in(warden, carer, last)
    assert (standing.is_open, standing.is_visitor) == (False, False)
    # Another organisation's carers, and other roles of this one, are let in as before
    nurse = await colleague(warden, "hospice_nurse")
    await visits(warden, nurse.account, last.patient, starts=now, ends=ends)
    assert await way_in_code(warden, nurse.token, last) == ""


async def way_in(warden: RunningWarden, who: Colleague, item: Item) -> WayInStanding:
    asked = AskWayIn(who.token, item.patient)
    found = await warden.door.ask(asked, WayInStanding)
    assert isinstance(found, WayInStanding), found
    return found


async def round_of(warden: RunningWarden, who: Colleague, many: int) -> list[Item]:
    """Patients to whom somebody's work leads."""
    found = await records(warden, many)
    for item in found:
        await warden.relate(who.account, item.patient, organisation=warden.home)
    return found


async def test_a_list_that_was_signed_for_before_carries_no_more_than_now(
    warden: RunningWarden,
) -> None:
    driver = await colleague(warden, Role.URGENT_CARE_CLINICIAN.value)
    officer = await colleague(warden, OFFICER.value)
    hers = await round_of(warden, driver, 2)
    until = microseconds_since_epoch(SystemClock().now() + timedelta(hours=2))
    named = tuple(one.patient for one in hers)
    act = TakeList(car="Car 1", patients=named, until=until)
    assert await confirm(warden, driver, act, Done) == Done()
    tight = only(Role.URGENT_CARE_CLINICIAN, homes=1)
    assert await confirm(warden, officer, tight, Done) == Done()
    first, second = [
        await opens(warden, driver.token, one, action=Action.CARRY) for one in hers
    ]
    assert isinstance(first, Grant)
    assert code_of(second) == "list-spent"
    assert code_of(await confirm(warden, driver, act, Done)) == "bad-rights"


async def test_an_organisation_lets_one_referral_go_with_more_and_it_holds_at_once(
    warden: RunningWarden,
) -> None:
    officer = await colleague(warden, OFFICER.value)
    taker = await colleague(warden, TAKER.value)
    first, second = await round_of(warden, taker, 2)
    assert await confirm(warden, officer, only(TAKER, sendings=1), Done) == Done()
    assert await sent(warden, taker, first) == ""
    assert await sent(warden, taker, second) == "sendings-spent"
    # The same person again; and nobody's referral itself is held up
    assert await sent(warden, taker, first) == ""
    assert await sent(warden, taker, second, "Patient", "Encounter") == ""
    assert await confirm(warden, officer, only(TAKER, sendings=0), Done) == Done()
    assert await sent(warden, taker, first) == "sendings-spent"


async def sent(
    warden: RunningWarden,
    who: Colleague,
    item: Item,
    *types: str,
) -> str:
    """The refusal's code; empty where it goes."""
    named = types or ("Patient", "Encounter", "Observation")
    refs = tuple((one, "x", 1) for one in named)
    items = (msgspec.structs.replace(item, resources=refs),)
    asked = Disclose(
        who.token, Purpose.DIRECT_CARE, "", Action.SEND, items, request="to Fernhill"
    )
    answer = await warden.door.ask_any(asked)
    return "" if isinstance(answer, Grant) else code_of(answer)


async def test_others_work_explains_a_call_taker_half_of_what_a_shift_of_calls_does(
    warden: RunningWarden,
) -> None:
    """Whoever has a queue of everybody's calls before them has the ordinary number."""
    budget = TAKER.budget
    assert (budget.others_work, budget.expected) == (70, 140)
    officer = await colleague(warden, OFFICER.value)
    taker = await colleague(warden, TAKER.value)
    tight = only(TAKER, others_work=4, reach=1)
    assert await confirm(warden, officer, tight, Done) == Done()
    others = await round_of(warden, taker, 7)
    assert await reach(warden, taker.token, others) == 5
    assert code_of(await opens(warden, taker.token, others[6])) == "prove-again"


async def test_a_restart_keeps_every_number(installation: Installation) -> None:
    slug = f"org-{secrets.token_hex(4)}"
    roles = {role_with(one)[0] for one in NUMBERS}
    tight = {
        role: Budget(*[number // 2 for number in msgspec.structs.astuple(role.budget)])
        for role in roles
    }
    async with running_warden(installation) as warden:
        warden.home = slug
        await warden.organisation(slug)
        officer = await colleague(warden, OFFICER.value)
        for role, budget in tight.items():
            act = only(role, **msgspec.structs.asdict(budget))
            assert await confirm(warden, officer, act, Done) == Done()
    async with running_warden(installation) as warden:
        warden.home = slug
        again = await colleague(warden, OFFICER.value)
        found = {role: await held(warden, again, role) for role in roles}
        assert found == tight


async def test_what_was_set_before_there_were_such_numbers_says_nothing_of_them(
    installation: Installation,
) -> None:
    """But of sheets as many of a hundred as of prints: so it was worked out."""
    role, slug = Role.URGENT_CARE_CLINICIAN, f"org-{secrets.token_hex(4)}"
    async with running_warden(installation) as warden:
        warden.home = slug
        number = await warden.organisation(slug)
        officer = await colleague(warden, OFFICER.value)
        assert await confirm(warden, officer, only(role, prints=5), Done) == Done()
    async with owner_of(installation) as owner:
        await owner.execute(
            "update warden.budget set homes = null, sendings = null, sheets = null,"
            " others_work = null, own_work = null, own_today = null"
            " where organisation = $1",
            number,
        )
    async with running_warden(installation) as warden:
        warden.home = slug
        again = await colleague(warden, OFFICER.value)
        usual = role.budget
        expected = msgspec.structs.replace(usual, prints=5, sheets=usual.sheets // 2)
        assert await held(warden, again, role) == expected
