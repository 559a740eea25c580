# SPDX-License-Identifier: Apache-2.0
"""An organisation tightens what a role may open: who may, and that it holds."""

import asyncio
import secrets
from typing import Any

import msgspec
import pytest

from support.acts import Colleague, colleague, confirm
from support.desks import desk_of
from support.openings import code_of, desk, opens, prove, reach, records, spend
from support.warden import Installation, RunningWarden, running_warden
from wardkeep.disclosure.answers import Done, Refusal
from wardkeep.disclosure.limits import BudgetsRead, BudgetView, ReadBudgets, SetBudget
from wardkeep.disclosure.people import (
    ApproveRights,
    ListRightsRequests,
    RightsRequests,
    Waiting,
)
from wardkeep.identity.roles import Budget, Role
from wardkeep.warden import limits
from wardkeep.warden.service.limits_office import LimitsOffice

NURSE = Role.WARD_NURSE
PRODUCT = NURSE.budget
SAID = {"soft": 2, "hard": 4, "expected": 6, "reach": 3}
TIGHT = SetBudget(role=NURSE.value, **SAID)
HELD = msgspec.structs.replace(PRODUCT, **SAID)
LOOSER = {"soft": 3, "hard": 9}
LOOSE = SetBudget(role=NURSE.value, hard=5)


pytestmark = pytest.mark.usefixtures("ledger_of_its_own")


async def budget(warden: RunningWarden, who: Colleague) -> BudgetView:
    found = await warden.door.ask(ReadBudgets(who.token), BudgetsRead)
    assert isinstance(found, BudgetsRead), found
    [one] = [one for one in found.budgets if one.role == NURSE.value]
    return one


def numbers(one: BudgetView) -> Budget:
    return Budget(**one.here)


async def test_one_person_tightens_and_the_next_opening_meets_it(
    warden: RunningWarden,
) -> None:
    officer = await colleague(warden, "privacy_officer", name="Pia Swift")
    nurse = await colleague(warden, NURSE.value)
    others = await records(warden, 8)
    assert await reach(warden, nurse.token, others[:2]) == 2
    assert await confirm(warden, officer, TIGHT, Done) == Done()
    # A stolen session gets one more, the nurse with her passkey two
    assert await reach(warden, nurse.token, others[2:]) == 1
    refused = await opens(warden, nurse.token, others[3])
    assert isinstance(refused, Refusal)
    assert refused.code == "prove-again"
    assert "You have met 3 people" in refused.why
    assert await prove(warden, nurse) == Done()
    assert await spend(warden, nurse, others[3:]) == 1
    assert code_of(await opens(warden, nurse.token, others[5])) == "frozen"
    # And the officer was told from the second on, and who set it is shown
    assert {"soft-limit", "frozen"} <= {
        one.kind for one in (await desk(warden, officer)).alarms
    }
    shown = await budget(warden, officer)
    assert numbers(shown) == HELD
    assert (shown.set_by, shown.confirmed_by) == ("Pia Swift", "Pia Swift")
    assert Budget(**shown.most) == PRODUCT


async def test_the_work_explains_no_more_than_the_organisation_says(
    warden: RunningWarden,
) -> None:
    officer = await colleague(warden, "administrator")
    nurse = await colleague(warden, NURSE.value)
    assert await confirm(warden, officer, TIGHT, Done) == Done()
    expected = await records(warden, HELD.expected + HELD.reach + 1)
    for item in expected:
        await warden.relate(nurse.account, item.patient, organisation=warden.home)
    assert await reach(warden, nurse.token, expected) == len(expected) - 1


async def test_whatever_becomes_larger_waits_for_a_second_person(
    warden: RunningWarden,
) -> None:
    officer = await colleague(warden, "privacy_officer", name="Pia Swift")
    second = await colleague(warden, "administrator", name="Ada Moor")
    assert await confirm(warden, officer, TIGHT, Done) == Done()
    waiting = await confirm(warden, officer, LOOSE, Waiting)
    assert isinstance(waiting, Waiting), waiting
    assert numbers(await budget(warden, officer)) == HELD
    # Nobody agrees to their own wish
    agree = ApproveRights(waiting.request)
    assert code_of(await confirm(warden, officer, agree, Done)) == "second-person"
    listed = await warden.door.ask(ListRightsRequests(second.token), RightsRequests)
    assert isinstance(listed, RightsRequests)
    [request] = listed.requests
    assert ("Records close beyond", "5") in request.lines
    assert await confirm(warden, second, agree, Done) == Done()
    shown = await budget(warden, officer)
    assert numbers(shown) == msgspec.structs.replace(HELD, hard=5)
    assert (shown.set_by, shown.confirmed_by) == ("Pia Swift", "Ada Moor")


async def test_one_person_loosens_nothing_by_being_slower_than_another(
    warden: RunningWarden, monkeypatch: pytest.MonkeyPatch
) -> None:
    officer = await colleague(warden, "privacy_officer")
    other = await colleague(warden, "administrator")
    begun, go_on, held_alone = asyncio.Event(), asyncio.Event(), limits.held_alone

    async def slowly(*told: Any) -> Budget:
        if not begun.is_set():
            begun.set()
            await go_on.wait()
        return await held_alone(*told)

    monkeypatch.setattr(limits, "held_alone", slowly)
    between = SetBudget(role=NURSE.value, **LOOSER)
    late = asyncio.create_task(confirm(warden, other, between, Done))
    await begun.wait()
    assert await confirm(warden, officer, TIGHT, Done) == Done()
    go_on.set()
    assert code_of(await late) == "bad-rights"
    assert numbers(await budget(warden, officer)) == HELD


async def test_two_who_tighten_different_numbers_at_once_are_both_heard(
    warden: RunningWarden,
) -> None:
    officer = await colleague(warden, "privacy_officer")
    other = await colleague(warden, "administrator")
    for fewer in range(1, 6):
        prints, reach_ = PRODUCT.prints - fewer, PRODUCT.reach - fewer
        done = await asyncio.gather(
            confirm(warden, officer, SetBudget(role=NURSE.value, prints=prints), Done),
            confirm(warden, other, SetBudget(role=NURSE.value, reach=reach_), Done),
        )
        assert tuple(done) == (Done(), Done())
        both = msgspec.structs.replace(PRODUCT, prints=prints, reach=reach_)
        assert numbers(await budget(warden, officer)) == both


async def test_back_to_the_products_own_is_a_loosening_and_is_shown_as_nobodys(
    warden: RunningWarden,
) -> None:
    officer = await colleague(warden, "privacy_officer")
    second = await colleague(warden, "administrator")
    assert await confirm(warden, officer, TIGHT, Done) == Done()
    back = SetBudget(role=NURSE.value, **msgspec.structs.asdict(PRODUCT))
    waiting = await confirm(warden, officer, back, Waiting)
    assert isinstance(waiting, Waiting), waiting
    agree = ApproveRights(waiting.request)
    assert await confirm(warden, second, agree, Done) == Done()
    shown = await budget(warden, officer)
    assert (numbers(shown), shown.is_own) == (PRODUCT, False)


async def test_no_budget_is_larger_than_the_products(warden: RunningWarden) -> None:
    officer = await colleague(warden, "privacy_officer")
    wide = {one: most + 1 for one, most in msgspec.structs.asdict(PRODUCT).items()}
    below = [(one, -1) for one in wide]
    for name, number in (*wide.items(), *below, ("reach", 0), ("soft", 5)):
        act = SetBudget(role=NURSE.value, **{**SAID, name: number})
        assert code_of(await confirm(warden, officer, act, Done)) == "bad-rights"
    for role in ("finance_clerk", "service", "patient", "wizard"):
        act = SetBudget(role=role, **SAID)
        assert code_of(await confirm(warden, officer, act, Done)) == "bad-rights"
    assert numbers(await budget(warden, officer)) == PRODUCT


async def test_only_who_answers_for_it_sees_and_sets_budgets_and_only_at_home(
    warden: RunningWarden,
) -> None:
    nurse = await colleague(warden, NURSE.value)
    lead = await colleague(warden, "shift_lead")
    for who in (nurse, lead):
        asked = ReadBudgets(who.token)
        assert code_of(await warden.door.ask_any(asked)) == "not-your-work"
        assert code_of(await confirm(warden, who, TIGHT, Done)) == "not-your-work"
    home, warden.home = warden.home, f"org-{secrets.token_hex(4)}"
    await warden.organisation(warden.home)
    stranger = await colleague(warden, "privacy_officer")
    assert await confirm(warden, stranger, TIGHT, Done) == Done()
    warden.home = home
    officer = await colleague(warden, "privacy_officer")
    assert numbers(await budget(warden, officer)) == PRODUCT
    others = await records(warden, 10)
    assert await reach(warden, nurse.token, others) == 10


async def test_a_restart_forgets_no_budget(installation: Installation) -> None:
    async with running_warden(installation) as warden:
        warden.home = home = f"org-{secrets.token_hex(4)}"
        await warden.organisation(home)
        officer = await colleague(warden, "privacy_officer")
        assert await confirm(warden, officer, TIGHT, Done) == Done()
    async with running_warden(installation) as warden:
        warden.home = home
        again = await colleague(warden, "privacy_officer")
        assert numbers(await budget(warden, again)) == HELD
        nurse = await colleague(warden, NURSE.value)
        others = await records(warden, 5)
        assert await reach(warden, nurse.token, others) == HELD.reach


async def test_what_was_decided_last_holds_whoever_hears_of_it_first(
    warden: RunningWarden,
) -> None:
    """Both are in the database, one after the other; memory is told the other way."""
    officer = await colleague(warden, "privacy_officer")
    office = desk_of(warden, LimitsOffice)
    session = warden.service._sessions.use(officer.token)
    assert session is not None
    begins = []
    for hard in (9, 7):
        act = SetBudget(role=NURSE.value, hard=hard, soft=3)
        async with warden.service._database.transaction() as connection:
            begins.append(await office.grant(connection, officer.account, session, act))
    first, second = begins
    second()
    first()
    shown = await budget(warden, officer)
    assert numbers(shown).hard == 7
    assert "hard" in shown.has
    assert "sendings" in shown.lacks
