# SPDX-License-Identifier: Apache-2.0
"""Date search: periods, precision and prefixes as the specification has them."""

from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from support.fhir_search import faults, matches, query, resource
from wardkeep.fhir.model import span_of
from wardkeep.fhir.model.primitives import EARLIEST, LATEST
from wardkeep.fhir.search import InRange, index_of


def observation(**effective: Any) -> dict[str, Any]:
    whole = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}}
    return whole | effective


def at(text: str) -> dict[str, Any]:
    return observation(effectiveDateTime=text)


def during(start: str | None, end: str | None) -> dict[str, Any]:
    period = {"start": start, "end": end}
    return observation(
        effectivePeriod={key: text for key, text in period.items() if text}
    )


@pytest.mark.parametrize(
    ("content", "value", "is_found"),
    [
        (at("2010-05-17T10:00:00Z"), "2010", True),
        (at("2010-05-17T10:00:00Z"), "2010-05-17", True),
        (at("2010-05-17T10:00:00Z"), "2010-05-17T10:00Z", True),
        (at("2010-05-17T10:00:00Z"), "2010-05-17T10:00:00.5Z", False),
        (at("2010-05-17T23:30:00-02:00"), "2010-05-18", True),
        (at("2010"), "2010-05", False),
        (at("2010"), "ne2010-05", True),
        (at("2010"), "ap2010-05", True),
        (at("2010"), "gt2010-05", True),
        (at("2010"), "lt2010-05", True),
        (at("2010"), "sa2010-05", False),
        (at("2010"), "eb2011", True),
        (at("2010"), "sa2009", True),
        (at("2010"), "ge2010", True),
        (at("2010"), "gt2010", False),
        (at("2010"), "le2010", True),
        (at("2010"), "lt2010", False),
        (at("2010-01-01"), "le2010-01-01", True),
        (at("2010-01-02"), "le2010-01-01", False),
        (during("2010-01-01", None), "gt2030", True),
        (during("2010-01-01", None), "lt2010", False),
        (during(None, "2010-12-31"), "lt1900", True),
        (during("2010-02-01", "2010-02-10"), "2010-02", True),
        (during("2010-02-01", "2010-03-10"), "2010-02", False),
        (during("2010-02-01", "2010-03-10"), "ap2010-02", True),
        (at("2010"), "2009,2010", True),
    ],
)
def test_dates_are_compared_as_stretches_of_time(
    content: dict[str, Any],
    value: str,
    is_found: bool,  # noqa: FBT001
) -> None:
    assert matches(content, "date", value) is is_found


def test_a_schedule_reaches_from_its_first_to_its_last_moment() -> None:
    timing = {
        "event": ["2010-01-01", "2010-03-01"],
        "repeat": {"boundsPeriod": {"end": "2010-04-01"}},
    }
    (found,) = index_of(resource(observation(effectiveTiming=timing))).ranges
    assert (found.low, found.high) == (EARLIEST, span_of("2010-04-01").high)  # type: ignore[union-attr]
    events = {"event": ["2010-03-01", "2010-01-01"]}
    (found,) = index_of(resource(observation(effectiveTiming=events))).ranges
    assert found.low == span_of("2010-01-01").low  # type: ignore[union-attr]
    nothing = {"repeat": {"frequency": 1}}
    assert index_of(resource(observation(effectiveTiming=nothing))).ranges == ()


def test_a_period_without_dates_is_not_indexed() -> None:
    masked = {"extension": [{"url": "x", "valueCode": "masked"}]}
    assert index_of(resource(observation(effectivePeriod=masked))).ranges == ()


def test_when_it_was_stored_is_asked_of_the_row_itself() -> None:
    (match,) = query("Observation", ("_lastUpdated", "sa2010")).clauses[0].any_of
    assert isinstance(match, InRange)
    assert match.element == "Observation.meta.lastUpdated"
    stored = at("2010") | {"meta": {"lastUpdated": "2010-01-01T00:00:00Z"}}
    assert [one.element for one in index_of(resource(stored)).ranges] == [
        "Observation.effective"
    ]


def test_a_plus_sign_that_a_url_lost_is_put_back() -> None:
    assert matches(at("2010-05-17T10:00:00Z"), "date", "2010-05-17T11:00:00 01:00")


@pytest.mark.parametrize(
    "value", ["", "ge", "yesterday", "2021-02-30", "xx2010", "1/2/10"]
)
def test_what_is_no_date_is_a_problem(value: str) -> None:
    assert faults("Observation", "date", value)


days = st.dates().map(str)
stretches = days | days.map(lambda day: day[:7]) | days.map(lambda day: day[:4])
prefixes = st.sampled_from(["", "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb"])


@settings(max_examples=400, deadline=None)
@given(stretches | st.tuples(days, days), prefixes, stretches)
def test_prefixes_agree_with_a_naive_reading(
    held: str | tuple[str, str], prefix: str, asked: str
) -> None:
    """https://hl7.org/fhir/R4/search.html#prefix, word for word."""
    start, end = (held, held) if isinstance(held, str) else sorted(held)
    first, last, wanted = span_of(start), span_of(end), span_of(asked)
    assert first is not None
    assert last is not None
    assert wanted is not None
    is_inside = wanted.low <= first.low and last.high <= wanted.high
    expected = {
        "": is_inside,
        "eq": is_inside,
        "ne": not is_inside,
        "gt": last.high > wanted.high,
        "lt": first.low < wanted.low,
        "ge": last.high > wanted.high or is_inside,
        "le": first.low < wanted.low or is_inside,
        "sa": first.low > wanted.high,
        "eb": last.high < wanted.low,
    }[prefix]
    content = at(held) if isinstance(held, str) else during(start, end)
    assert matches(content, "date", prefix + asked) is expected


def test_open_ends_are_beyond_every_date() -> None:
    assert EARLIEST < span_of("0001").low < span_of("9999").high < LATEST  # type: ignore[union-attr]
