# SPDX-License-Identifier: Apache-2.0
"""Rules name types by the numbers that rows carry, and years end on the same day."""

from datetime import UTC, datetime

import pytest

from wardkeep.disclosure.retention import RULES, years_before
from wardkeep.fhir.model.type_codes import type_code
from wardkeep.fhir.search.clinical_date import ELEMENTS


def test_types_have_the_numbers_of_the_store() -> None:
    for rule in RULES.values():
        for code, name in rule.types.items():
            assert type_code(name) == code


def test_items_that_go_by_themselves_have_a_day() -> None:
    for rule in RULES.values():
        assert set(rule.types.values()) <= set(ELEMENTS)


def test_no_type_is_kept_by_two_rules() -> None:
    codes = [code for rule in RULES.values() for code in rule.types]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize(
    ("day", "years", "wanted"),
    [
        ((2026, 11, 24), 8, (2018, 11, 24)),
        ((2024, 2, 29), 8, (2016, 2, 28)),
        ((2024, 2, 29), 1, (2023, 2, 28)),
        ((2026, 1, 1), 25, (2001, 1, 1)),
    ],
)
def test_so_many_years_before_is_the_same_day(
    day: tuple[int, int, int], years: int, wanted: tuple[int, int, int]
) -> None:
    moment = datetime(*day, 12, tzinfo=UTC)
    assert years_before(moment, years) == datetime(*wanted, 12, tzinfo=UTC)
