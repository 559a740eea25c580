# SPDX-License-Identifier: Apache-2.0
"""A small trust's week: honest work freezes nobody, and what does freeze is counted.

The whole trust is `python -m bench trust_week`; this is one of twenty times fewer.
"""

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given, strategies as st

from bench._register import Register
from bench._trust_day import Published
from bench._trust_people import POSTS, Places
from bench._week_counts import Counts, at_most
from bench.trust_week import DAYS, HOME, USUAL, week_of
from wardkeep.assembly.demo.chance import Chance
from wardkeep.base import nhs_number
from wardkeep.base.nhs_number import numbers_of_test_range
from wardkeep.identity.roles import PEOPLE, Role
from wardkeep.warden import alarms, freezes
from wardkeep.warden.glass import APART_SECONDS
from wardkeep.warden.limits import SetBy

ONE_IN = 20
ALL_WRONG = Published(6, 5, 100_000)
NUMBERS = st.sampled_from(list(numbers_of_test_range())[:500])


def figures_of(published: Published) -> tuple[dict[str, float], Counts]:
    with week_of(published, ONE_IN) as week:
        week.run()
        return week.figures(), week.counts


@pytest.fixture(scope="module")
def usual() -> tuple[dict[str, float], Counts]:
    return figures_of(USUAL)


def test_every_role_of_people_is_there_and_the_whole_has_its_published_size() -> None:
    assert {one.role for one in POSTS} == set(PEOPLE)
    opening = {
        role for role in PEOPLE if role.purposes and "direct-care" in role.purposes
    }
    assert {one.role for one in POSTS if one.work} == opening
    assert sum(one.many for one in POSTS) == 4_166
    _, *teams = Places()
    assert sum(teams) == 158
    assert all(sum(share for _, share in one.work) == 100 for one in POSTS if one.work)


def test_honest_work_spends_no_budget_and_trips_nothing(
    usual: tuple[dict[str, float], Counts],
) -> None:
    figures, counts = usual
    assert set(counts.frozen.values()) <= {freezes.CANARY}
    assert figures[f"alarms a day: {alarms.BREAKER}"] == 0
    assert not counts.refused
    assert counts.left["print"] > 0
    assert counts.left["send"] > 0
    assert figures["asked why, % of openings"] < 6
    # Receptions of clinics and call takers have the most searches and openings.
    assert counts.openings["receptionist, hall"] > 100 * DAYS
    assert counts.openings["health advisor"] > 25 * DAYS


def test_a_bad_night_is_told_of_and_holds_up_nobody_for_long(
    usual: tuple[dict[str, float], Counts],
) -> None:
    figures, counts = usual
    assert figures[f"alarms a day: {alarms.GLASS_AGAIN}"] > 0
    assert max(counts.glass_of.values()) >= 6
    assert figures["glass broken, % of openings"] < 1
    assert all(0 < one <= APART_SECONDS for one in counts.glass_waits)
    assert not any(account.startswith("administrator") for _, account in counts.frozen)


def test_whoever_meets_a_canary_by_a_slip_is_counted_and_released() -> None:
    """Each search that shows several people goes wrong: then some show a canary."""
    with week_of(ALL_WRONG, ONE_IN) as week:
        week.run()
        figures = week.figures()
        assert set(week.counts.frozen.values()) == {freezes.CANARY}
        assert not tuple(week.watch.freezes)
    assert figures[f"alarms a day: {alarms.CANARY}"] * DAYS >= len(week.counts.frozen)
    assert week.counts.put_off > 0
    assert week.counts.wrong["another row: opened"] > 0
    assert week.counts.wrong["another row: noticed on the page that asks"] > 0
    named = "false freezes, canary met, per 1,000 account-days"
    assert figures[named] > 1
    assert figures["false freezes, canary met, at most (95%)"] > figures[named]
    assert figures["false freezes, budget spent, per 1,000 account-days"] == 0


def test_a_budget_that_is_too_small_for_the_work_is_seen() -> None:
    """What the week is for: were a rule too tight, it would say so, and by what."""
    role = Role.COMMUNITY_COORDINATOR
    tight = msgspec.structs.replace(role.budget, soft=1, hard=1)
    with week_of(Published(15, 10, 0), ONE_IN) as week:
        by = SetBy("a", "b", datetime(2026, 11, 1, tzinfo=UTC))
        week.watch.limits.remember(HOME, role, tight, by)
        week.run()
        figures = week.figures()
    assert freezes.BUDGET in set(week.counts.frozen.values())
    assert figures["false freezes, budget spent, per 1,000 account-days"] > 1
    assert figures["false freezes, community coordinator, per 1,000"] > 1


@pytest.mark.parametrize(("seen", "most"), [(0, 2.996), (1, 4.744), (10, 16.962)])
def test_the_bound_is_the_one_of_the_books(seen: int, most: float) -> None:
    """One-sided 95% of a Poisson mean: half of chi-squared with 2n + 2 degrees."""
    assert at_most(seen) == pytest.approx(most, abs=0.001)


@given(NUMBERS, st.integers(0, 9), st.integers(1, 9))
def test_no_single_wrong_digit_names_anybody(
    number: str, place: int, more: int
) -> None:
    """So a number typed wrongly mostly finds nobody, and no canary either."""
    wrong = str((int(number[place]) + more) % 10)
    assert nhs_number.parse(number[:place] + wrong + number[place + 1 :]) is None


def test_who_looks_somebody_up_finds_them_but_by_a_slip() -> None:
    register = Register([f"x-{n}" for n in range(20_000)])
    chance = Chance("test")
    several = 0
    for n in range(2_000):
        found = register.look_up(f"x-{n}", chance, 0, rings=False)
        several += len(found.shown) > 1
        assert found.taken == f"x-{n}"
        assert found.taken in found.shown
        assert not found.slip
    assert several > 30
    slips = set()
    for n in range(2_000):
        found = register.look_up(f"x-{n}", chance, 20_000, rings=False)
        slips.add(found.slip)
        assert (found.taken == f"x-{n}") is (not found.slip)
        assert found.taken in found.shown
    assert {"another row", "typed wrong, name"} <= slips
    assert "typed wrong, number" not in slips
    assert len(register.canaries) == 20_000 * 7 // 93
