# SPDX-License-Identifier: Apache-2.0
"""Date parameters: dates of any precision, periods, schedules.

https://hl7.org/fhir/R4/search.html#date. Everything becomes a stretch of UTC
microseconds: `2010` is all of that year, a period without an end never ends, a
schedule reaches from its first to its last known moment.
"""

from collections.abc import Callable
from typing import Any

from wardkeep.base.outcome import Problem
from wardkeep.fhir.model.primitives import EARLIEST, LATEST, Span, span_of
from wardkeep.fhir.search.comparison import Asked, bounds_of, split_prefix
from wardkeep.fhir.search.days import day_terms, days_within
from wardkeep.fhir.search.path import Path
from wardkeep.fhir.search.terms import (
    Indexer,
    InRange,
    Match,
    ParameterType,
    Range,
    SearchParameter,
    bad_value,
    itself,
    unescape,
)

_DAY = 86_400 * 1_000_000


def span_of_period(node: dict[str, Any]) -> Span | None:
    start, end = span_of(node.get("start")), span_of(node.get("end"))
    if start is None and end is None:
        return None
    return Span(start.low if start else EARLIEST, end.high if end else LATEST)


def span_of_timing(node: dict[str, Any]) -> Span | None:
    """From the first to the last of its events and bounds."""
    moments = [span for one in node.get("event", ()) if (span := span_of(one))]
    bounds = node.get("repeat", {}).get("boundsPeriod")
    period = span_of_period(bounds) if bounds else None
    spans = [*moments, period] if period else moments
    if not spans:
        return None
    return Span(min(one.low for one in spans), max(one.high for one in spans))


SPANS: dict[str, Callable[[Any], Span | None]] = {
    "date": span_of,
    "dateTime": span_of,
    "instant": span_of,
    "Period": span_of_period,
    "Timing": span_of_timing,
}


IDENTIFYING = frozenset(
    f"{person}.birthDate"
    for person in ("Patient", "Person", "Practitioner", "RelatedPerson")
)
"""Dates that would name a person in a dump: found by terms, never by ranges."""


def indexer(path: Path) -> Indexer | None:
    span = SPANS.get(path.type)
    if span is None:
        return None  # Age, Range and string tell no date
    element, read = path.element, span
    if element in IDENTIFYING:
        return _identifying(element)

    def index(value: Any, _: list[bytes], ranges: list[Range]) -> None:
        found = read(value)
        if found is not None:
            ranges.append(Range(element, found.low, found.high))

    return index


def _identifying(element: str) -> Indexer:
    def index(value: Any, terms: list[bytes], _: list[Range]) -> None:
        found = span_of(value)
        if found is not None:
            terms.extend(day_terms(element, found))

    return index


def query(
    parameter: SearchParameter, _modifier: str, text: str
) -> tuple[Match, ...] | Problem:
    name, rest = split_prefix(unescape(text))
    # A plus sign that was not escaped in a URL arrives as a space.
    span = span_of(rest.replace(" ", "+"))
    if span is None:
        return bad_value(parameter, "Write a date as in ge2010-05-01T10:00:00Z.")
    reach = max(span.high - span.low, _DAY)
    asked = Asked(
        low=span.low,
        high=span.high,
        is_high_included=True,
        near_low=span.low - reach,
        near_high=span.high + reach,
    )
    alternatives = bounds_of(name, asked)
    found: list[Match] = []
    for element in dict.fromkeys(path.element for path in parameter.paths):
        for bounds in alternatives:
            if element in IDENTIFYING:
                found.extend(days_within(element, bounds))
            else:
                found.append(InRange(element, bounds))
    return tuple(found)


TYPE = ParameterType(
    name="date",
    modifiers=frozenset({"missing"}),
    spread=itself,
    indexer=indexer,
    query=query,
)
