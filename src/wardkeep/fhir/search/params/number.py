# SPDX-License-Identifier: Apache-2.0
"""Number parameters: probabilities, positions; https://hl7.org/fhir/R4/search.html#number."""

from decimal import Decimal
from typing import Any

from wardkeep.base.outcome import Problem
from wardkeep.fhir.search.comparison import bounds_of, split_prefix
from wardkeep.fhir.search.numbers import HIGHEST, LOWEST, asked_number, clamp
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


def indexer(path: Path) -> Indexer | None:
    element = path.element

    def index_number(value: int | Decimal, _: list[bytes], ranges: list[Range]) -> None:
        number = clamp(value)
        ranges.append(Range(element, number, number))

    def index_range(node: dict[str, Any], _: list[bytes], ranges: list[Range]) -> None:
        low = node.get("low", {}).get("value")
        high = node.get("high", {}).get("value")
        if low is not None or high is not None:
            start = LOWEST if low is None else clamp(low)
            end = HIGHEST if high is None else clamp(high)
            ranges.append(Range(element, start, end))

    if path.type in ("decimal", "integer", "positiveInt", "unsignedInt"):
        return index_number
    return index_range if path.type == "Range" else None


def query(
    parameter: SearchParameter, _modifier: str, text: str
) -> tuple[Match, ...] | Problem:
    name, rest = split_prefix(unescape(text))
    asked = asked_number(rest, name)
    if asked is None:
        return bad_value(parameter, "Write a number as in 5.4, 1e2 or gt100.")
    return tuple(
        InRange(element, bounds)
        for element in dict.fromkeys(path.element for path in parameter.paths)
        for bounds in bounds_of(name, asked)
    )


TYPE = ParameterType(
    name="number",
    modifiers=frozenset({"missing"}),
    spread=itself,
    indexer=indexer,
    query=query,
)
