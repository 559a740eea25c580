# SPDX-License-Identifier: Apache-2.0
"""Which of a search's secrets name an element alone, and which hold a value."""

import pytest

from wardkeep.fhir.search.row_facts import (
    holds_no_value,
    month_terms,
    not_by_owner,
    other_time_key,
    range_key,
)
from wardkeep.fhir.search.terms import SEPARATOR, presence, term


@pytest.mark.parametrize(
    "name",
    [
        not_by_owner("Observation.subject"),
        range_key("Observation.effective"),
        other_time_key("Observation"),
    ],
)
def test_the_name_of_an_element_holds_no_value(name: bytes) -> None:
    assert holds_no_value(name)


@pytest.mark.parametrize(
    "secret",
    [
        b"",
        b"R",
        term("Patient.name", "w", "reed"),
        term("Patient.name", "w", f"{SEPARATOR}R{SEPARATOR}"),
        term("Observation.subject", "r", "Patient/patient-0001"),
        presence("Observation.subject"),
        *month_terms("Observation.effective", 0, 1),
    ],
)
def test_whatever_stands_for_a_value_is_told_apart(secret: bytes) -> None:
    assert not holds_no_value(secret)
