# SPDX-License-Identifier: Apache-2.0
"""What goes along with a referral: few, by people, and nobody is held up."""

import msgspec
import pytest

from wardkeep.disclosure.purpose import Action, Purpose, Tier
from wardkeep.identity.roles import PEOPLE, Role
from wardkeep.identity.scopes import Scopes
from wardkeep.warden.budgets import Budgets
from wardkeep.warden.rules import judge
from wardkeep.warden.rules.opening import GLASS, Opening

ALONG = (("Encounter", "c", 1), ("Observation", "o", 1), ("Flag", "f", 2))
SEND = Opening(
    role=Role.HEALTH_ADVISOR,
    purpose=Purpose.DIRECT_CARE,
    reason="",
    action=Action.SEND,
    tier=Tier.RECORD,
    relationship="queue",
    patients_asked=1,
    is_key_ours=True,
    resources=ALONG,
    taken_out_left=0,
)
"""A call taker refers a caller, and what was measured goes along."""


def code(**changed: object) -> str:
    """The refusal's code; empty where it opens."""
    refused = judge(msgspec.structs.replace(SEND, **changed))
    return "" if refused is None else refused.code


def test_what_is_in_order_goes_along() -> None:
    assert code() == ""
    assert code(tier=Tier.BANNER, resources=(("Patient", "p", 1),)) == ""


def test_the_last_of_the_day_goes_and_the_next_stays() -> None:
    assert code(taken_out_left=30) == ""
    assert code(taken_out_left=0) == ""
    for tie in ("appointment", "queue", "visit"):
        assert code(taken_out_left=-1, relationship=tie) == "sendings-spent"


@pytest.mark.parametrize(
    "types", [("Encounter",), ("Patient",), ("Patient", "Encounter")]
)
def test_the_referral_itself_is_refused_to_nobody_for_its_number(
    types: tuple[str, ...],
) -> None:
    needed = tuple((one, "x", 1) for one in types)
    assert code(resources=needed, taken_out_left=-50) == ""


def test_nothing_that_names_nothing_passes_as_needed() -> None:
    assert code(resources=(), taken_out_left=-1) == "sendings-spent"


def test_broken_glass_is_no_reason_to_leave_anything_here() -> None:
    assert code(relationship=GLASS, taken_out_left=-50) == ""


def test_programs_and_apps_send_nothing_along() -> None:
    assert code(scopes=Scopes({"*": frozenset("crus")})) == "people-refer"


def test_somebody_whom_no_work_explains_needs_a_reason() -> None:
    assert code(relationship="") == "reason-needed"
    assert code(relationship="", reason="rang, and the call was cut off") == ""


@pytest.mark.parametrize("role", list(Role))
def test_a_way_into_a_home_never_goes_along(role: Role) -> None:
    told = code(role=role, tier=Tier.SEALED, is_support_granted=True)
    assert told in {"role-does-not-reach", "not-granted", "not-your-record"}


def test_only_who_refers_in_urgent_care_sends_anything_along() -> None:
    sends = {role for role in PEOPLE if role.budget.sendings}
    assert sends == {
        Role.HEALTH_ADVISOR,
        Role.URGENT_CARE_CLINICIAN,
        Role.SHIFT_LEAD,
    }


def test_it_is_counted_by_people_and_the_same_person_again_is_free() -> None:
    budgets, account = Budgets(), (1, "tim")
    budget = msgspec.structs.replace(Role.HEALTH_ADVISOR.budget, sendings=2)

    def left(patient: str) -> int:
        return budgets.left_after(
            account, {patient}, action="send", budget=budget, now=0.0
        )

    for patient in ("p", "q"):
        assert left(patient) >= 0
        budgets.take_out(account, [patient], action="send", now=0.0)
    assert (left("p"), left("r")) == (0, -1)
    assert budgets.counts_out(account, now=0.0) == (0, 0, 2, 0)


def test_it_weighs_as_an_opening_so_that_no_referral_closes_records() -> None:
    budgets, account = Budgets(), (1, "tim")
    budgets.take_out(account, ["p"], action="send", now=0.0)
    budgets.opened(account, "s", ["p"], is_list=False, now=0.0)
    standing = budgets.after(
        account,
        "s",
        {"q"},
        budget=Role.HEALTH_ADVISOR.budget,
        action="send",
        now=0.0,
    )
    assert (standing.day, standing.day_opened) == (2, 2)
