# SPDX-License-Identifier: Apache-2.0
"""A canary closes records for few who did no wrong."""

import pytest

from support.slips import OFF_LIST, OPENINGS_A_DAY, RECEPTION_A_DAY, Slips, slips


@pytest.fixture(scope="module")
def found() -> Slips:
    return slips(people=30_000, searches=20_000)


def test_false_freezes_stay_below_one_in_a_thousand_account_days(found: Slips) -> None:
    assert found.frozen_a_day(OPENINGS_A_DAY * OFF_LIST) < 1 / 10_000
    # Even if nothing explained anything, and each opening began with a search.
    assert found.frozen_a_day(OPENINGS_A_DAY) < 1 / 1_000


def test_a_busy_reception_is_above_it_where_nobody_reads_the_reason_page(
    found: Slips,
) -> None:
    """Said in the decision record; where it no longer holds, that is to be said."""
    busy = found.frozen_a_day(RECEPTION_A_DAY * OFF_LIST)
    assert 1 / 1_000 < busy < 2 / 1_000
    # One of twenty accounts is a reception's: the whole stays below.
    others = found.frozen_a_day(OPENINGS_A_DAY)
    assert 0.05 * busy + 0.95 * others < 1 / 1_000


def test_slips_land_on_canaries_as_often_as_canaries_are_shown(found: Slips) -> None:
    assert 0.0 < found.canary_beside < 0.07
    assert 0.0 < found.alone < 1.0
