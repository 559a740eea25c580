# SPDX-License-Identifier: Apache-2.0
"""Who may be given a role by one person alone: whoever gains nothing by it, in no way.

Fields and numbers come from the classes, so that one to come is looked at as well.
"""

from collections.abc import Mapping

import msgspec
import pytest
from hypothesis import given, strategies as st

from wardkeep.identity.roles import (
    GUARDED,
    PEOPLE,
    Budget,
    Held,
    Rights,
    Role,
    needs_second_person,
)

NUMBERS = Budget.__struct_fields__
budgets = st.builds(Budget, *[st.integers(0, 9)] * len(NUMBERS))
ordinary = st.sampled_from([one for one in PEOPLE if one not in GUARDED])
COORDINATOR = "community_coordinator"
VISITORS = {one.value for one in PEOPLE if one.budget.homes}
SOME = Rights(
    title="Some",
    tiers=frozenset({"banner"}),
    purposes=frozenset({"direct-care"}),
    budget=Budget(*[3] * len(NUMBERS)),
)


def by_product(role: Role) -> Budget:
    return role.budget


def as_held(held: Mapping[Role, Budget]) -> Held:
    return held.__getitem__


def gains(old: Role, new: Role) -> bool:
    """Whether the new role reaches what the old one does not, numbers left aside."""
    return not (
        new.tiers <= old.tiers
        and new.purposes <= old.purposes
        and new.may_seal <= old.may_seal
    )


@given(old=ordinary, new=ordinary, had=budgets, has=budgets)
def test_a_second_person_is_needed_wherever_any_number_rises(
    old: Role, new: Role, had: Budget, has: Budget
) -> None:
    if old is new:
        has = had
    rises = any(getattr(has, one) > getattr(had, one) for one in NUMBERS)
    held = as_held({old: had, new: has})
    assert needs_second_person(old, new, held) is (rises or gains(old, new))


@pytest.mark.parametrize("number", NUMBERS)
@given(had=budgets)
def test_one_more_of_one_number_and_less_of_all_others_needs_a_second_person(
    number: str, had: Budget
) -> None:
    old, new = Role.DOCTOR, Role.WARD_NURSE
    more = {number: getattr(had, number) + 1}
    held = {old: had, new: msgspec.structs.replace(Budget(), **more)}
    assert needs_second_person(old, new, as_held(held))
    held[new] = Budget()
    assert not needs_second_person(old, new, as_held(held))


@given(old=ordinary, new=st.sampled_from(sorted(GUARDED, key=lambda one: one.value)))
def test_guarded_work_is_given_by_two_whatever_it_opens(old: Role, new: Role) -> None:
    held = as_held({old: Budget(*[9] * len(NUMBERS)), new: Budget()})
    assert needs_second_person(old, new, held)
    assert needs_second_person(None, new, held)
    assert not needs_second_person(new, new, held)


@given(role=ordinary, has=budgets)
def test_who_had_nothing_is_given_by_one_what_opens_nothing(
    role: Role, has: Budget
) -> None:
    opens = bool(role.tiers) or bool(role.purposes) or role.may_seal
    needed = needs_second_person(None, role, as_held({role: has}))
    assert needed is (opens or has != Budget())


def test_by_the_products_own_numbers_few_roles_are_given_by_one_person() -> None:
    """Written out, so that a number that is changed shows here for whom it matters."""
    alone = {
        (old.value, new.value)
        for old in PEOPLE
        for new in PEOPLE
        if old is not new and not needs_second_person(old, new, by_product)
    }
    assert alone == {
        *(
            (one.value, "finance_clerk")
            for one in PEOPLE
            if one.value != "finance_clerk"
        ),
        *((one, "ward_nurse") for one in ("care_coordinator", "doctor", "shift_lead")),
        ("care_coordinator", "doctor"),
        *((one, "carer") for one in VISITORS - {"carer"}),
        *((one, COORDINATOR) for one in VISITORS - {"carer", COORDINATOR}),
        *((one, "hospice_nurse") for one in VISITORS - {"carer", "hospice_nurse"}),
    }


def _more(value: object) -> object:
    match value:
        case frozenset():
            return value | {"more"}
        case bool():
            return True
        case Budget():
            return msgspec.structs.replace(value, soft=value.soft + 1)
        case _:
            raise AssertionError(value)


@pytest.mark.parametrize(
    "name", [one for one in Rights.__struct_fields__ if one != "title"]
)
def test_whatever_a_role_has_more_of_is_more(name: str) -> None:
    wider = msgspec.structs.replace(SOME, **{name: _more(getattr(SOME, name))})
    assert not wider.is_within(SOME)
    assert SOME.is_within(wider)
    assert SOME.is_within(msgspec.structs.replace(SOME, title="Other"))


@given(one=budgets, other=budgets)
def test_the_tighter_of_two_is_within_both_and_nothing_wider_is(
    one: Budget, other: Budget
) -> None:
    both = one.within(other)
    assert both.is_within(one)
    assert both.is_within(other)
    for name in NUMBERS:
        assert getattr(both, name) == min(getattr(one, name), getattr(other, name))
