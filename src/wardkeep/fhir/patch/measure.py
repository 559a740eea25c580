# SPDX-License-Identifier: Apache-2.0
"""How large and how deep a JSON value is, without recursion: patches make both grow."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from wardkeep.fhir.model.strict_json import MOST_LEVELS

VALUE_WEIGHT = 32
"""A value that is copied takes about as long as so many characters."""


class Measure(NamedTuple):
    """Of one value."""

    levels: int
    """Objects and arrays one within the other; 0 for a plain value. Counting ends one
    above what may be."""
    weight: int
    """`VALUE_WEIGHT` for each value, and the characters of all keys and texts."""


def measure(value: Any) -> Measure:
    levels, weight, row = 0, 0, [value]
    while row and levels <= MOST_LEVELS + 1:
        below: list[Any] = []
        for node in row:
            weight += VALUE_WEIGHT + _characters(node)
            below.extend(_children(node))
        levels += any(isinstance(node, dict | list) for node in row)
        row = below
    return Measure(levels, weight)


def _children(node: Any) -> Iterable[Any]:
    if isinstance(node, dict):
        return node.values()
    return node if isinstance(node, list) else ()


def _characters(node: Any) -> int:
    if isinstance(node, str):
        return len(node)
    return sum(map(len, node)) if isinstance(node, dict) else 0
