# SPDX-License-Identifier: Apache-2.0
"""Budgets of an organisation: never wider than the product's."""

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given, strategies as st

from wardkeep.apps.security.budgets import COLUMNS, LEAVES, OF_THE_WORK, PARTS
from wardkeep.disclosure.limits import LEAST, NO_MORE_THAN, WORDS, SetBudget
from wardkeep.identity.roles import PEOPLE, Budget, Role
from wardkeep.warden.limits import Limits, SetBy
from wardkeep.warden.service.limits_office import budget_of, told

SOMEBODY = SetBy("a", "b", datetime(2026, 11, 1, tzinfo=UTC))
NUMBERS = Budget.__struct_fields__
number = st.integers(min_value=-5, max_value=2_000)


@given(
    role=st.sampled_from(PEOPLE),
    budget=st.builds(Budget, *[number] * len(NUMBERS)),
)
def test_whatever_is_remembered_nobody_gets_more_than_the_role(
    role: Role, budget: Budget
) -> None:
    limits = Limits()
    limits.remember(1, role, budget, SOMEBODY)
    held = limits.of(1, role)
    assert held == budget.within(role.budget)
    assert held.within(role.budget) == held
    assert limits.of(2, role) == role.budget
    assert (limits.set_by(1, role) is None) is (held == role.budget)


def test_setting_the_products_budget_forgets_ones_own() -> None:
    limits, role = Limits(), Role.CARER
    limits.remember(1, role, Budget(1, 1, 1, 1), SOMEBODY)
    assert limits.set_by(1, role) == SOMEBODY
    limits.remember(1, role, role.budget, SOMEBODY)
    assert limits.set_by(1, role) is None
    assert limits.of(1, role) == role.budget


def test_each_number_of_a_budget_has_words_a_place_in_the_act_and_one_on_the_page() -> (
    None
):
    asked = [one for part in PARTS for one in part.hints]
    assert set(WORDS) == set(NUMBERS)
    assert sorted(asked) == sorted(NUMBERS)
    assert set(SetBudget.__struct_fields__) == {"role", *NUMBERS}
    assert sorted([*COLUMNS, *OF_THE_WORK, *LEAVES]) == sorted(NUMBERS)
    assert set(LEAST) | set(NO_MORE_THAN) | set(NO_MORE_THAN.values()) <= set(NUMBERS)


@pytest.mark.parametrize("role", PEOPLE)
def test_the_products_own_numbers_could_be_set(role: Role) -> None:
    for low, high in NO_MORE_THAN.items():
        assert getattr(role.budget, low) <= getattr(role.budget, high)
    for name, least in LEAST.items():
        assert getattr(role.budget, name) >= least or not role.budget.hard


@given(role=st.sampled_from(PEOPLE), names=st.sets(st.sampled_from(NUMBERS)))
def test_an_act_changes_what_it_names_and_its_entry_tells_old_and_new(
    role: Role, names: set[str]
) -> None:
    now = role.budget
    then = budget_of(SetBudget(role=role.value, **dict.fromkeys(names, 7777)), now)
    for name in NUMBERS:
        assert getattr(then, name) == (7777 if name in names else getattr(now, name))
    first, *changed = told(role, now, then).split(" ")
    assert first == role.value
    pairs = dict(zip(changed[::2], changed[1::2], strict=True))
    assert pairs == {name: f"{getattr(now, name)}>7777" for name in names}


def test_an_act_that_waited_since_there_were_six_numbers_names_these_and_no_other() -> (
    None
):
    old = msgspec.msgpack.encode(["SetBudget", "ward_nurse", 2, 4, 6, 3, 1, 0])
    act = msgspec.msgpack.decode(old, type=SetBudget)
    six = {"soft": 2, "hard": 4, "expected": 6, "reach": 3, "prints": 1, "copies": 0}
    assert act.named == six
    now = Role.WARD_NURSE.budget
    assert budget_of(act, now) == msgspec.structs.replace(now, **six)
