# SPDX-License-Identifier: Apache-2.0
"""The moment that a resource speaks of, which puts a record in order."""

from typing import Any

import pytest

from support.fhir_search import resource
from wardkeep.fhir.model import span_of
from wardkeep.fhir.search import clinical_date
from wardkeep.fhir.search.clinical_date import ELEMENTS
from wardkeep.fhir.search.path import paths_of


def observation(**members: Any) -> dict[str, Any]:
    whole = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}}
    return whole | members


@pytest.mark.parametrize(
    ("members", "moment"),
    [
        ({"effectiveDateTime": "2021-02-03T10:00:00Z"}, "2021-02-03T10:00:00Z"),
        ({"effectiveDateTime": "2021-02"}, "2021-02-01"),
        ({"effectivePeriod": {"start": "2021", "end": "2022"}}, "2021"),
        ({"effectiveTiming": {"event": ["2022", "2021"]}}, "2021"),
        ({"issued": "2020-01-01T00:00:00Z", "effectiveDateTime": "2019"}, "2019"),
        ({"issued": "2020-01-01T00:00:00Z"}, "2020"),
        ({}, None),
    ],
)
def test_the_first_element_with_a_date_counts(
    members: dict[str, Any], moment: str | None
) -> None:
    span = span_of(moment) if moment else None
    expected = span.low if span else None
    assert clinical_date(resource(observation(**members))) == expected


def test_a_period_without_a_start_counts_by_its_end() -> None:
    span = span_of("2022")
    assert span is not None
    period = observation(effectivePeriod={"end": "2022"})
    assert clinical_date(resource(period)) == span.high


def test_deeper_elements_count_as_well() -> None:
    specimen = {
        "resourceType": "Specimen",
        "collection": {"collectedDateTime": "2021"},
    }
    span = span_of("2021")
    assert span is not None
    assert clinical_date(resource(specimen)) == span.low


def test_types_without_a_row_have_no_moment() -> None:
    assert clinical_date(resource({"resourceType": "Patient"})) is None


def test_every_row_of_the_table_names_elements_that_exist() -> None:
    for type_name, elements in ELEMENTS.items():
        assert elements
        for name in elements:
            assert paths_of(f"{type_name}.{name}", base=type_name)
