# SPDX-License-Identifier: Apache-2.0
"""Budgets of an organisation: never wider than the product's."""

from datetime import UTC, datetime

from hypothesis import given, strategies as st

from wardkeep.identity.roles import PEOPLE, Budget, Role
from wardkeep.warden.limits import Limits, SetBy

SOMEBODY = SetBy("a", "b", datetime(2026, 11, 1, tzinfo=UTC))
number = st.integers(min_value=-5, max_value=2_000)


@given(
    role=st.sampled_from(PEOPLE),
    budget=st.builds(
        Budget,
        soft=number,
        hard=number,
        expected=number,
        reach=number,
        prints=number,
        copies=number,
    ),
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
