# SPDX-License-Identifier: Apache-2.0
"""Composite parameters: two values that must stand together.

https://hl7.org/fhir/R4/search.html#composite. Where they can stand in one place only
(an Observation's code and value), "and" says as much and nothing is stored. Where
places repeat (its components), the pair itself is indexed:

    k  the terms of both parts, joined
    -  a range carries the terms of the other part as marks
"""

from collections.abc import Callable
from itertools import product
from typing import Any

from wardkeep.base.outcome import Problem
from wardkeep.fhir.search.terms import (
    SEPARATOR,
    AllOf,
    Composition,
    HasTerm,
    Indexer,
    InRange,
    Match,
    Range,
    SearchParameter,
    bad_value,
    split,
)

_SEPARATOR = SEPARATOR.encode()
_JOINT = b"\x1e"
_UNJOINED = (b"y", b"o")
"""Terms "any code of the system" and of-type stay out of pairs."""
_PAIR = 2
Ask = Callable[[SearchParameter, str], tuple[Match, ...] | Problem]


def is_served(composition: Composition) -> bool:
    """Two parts in repeated places; more only where the place does not repeat."""
    return composition.is_single or len(composition.parts) == _PAIR


def indexer(element: str, collectors: tuple[Indexer, ...]) -> Indexer:
    """Indexes the pairs in one place; `collectors` gather the parts' terms there."""
    first, second = collectors
    start = f"{element}{SEPARATOR}k{SEPARATOR}".encode()

    def index(node: Any, terms: list[bytes], ranges: list[Range]) -> None:
        left: list[bytes] = []
        right: list[bytes] = []
        found: list[Range] = []
        first(node, left, found)
        second(node, right, found)
        marks = tuple(filter(_is_joined, left))
        ranges.extend(one._replace(marks=one.marks + marks) for one in found)
        pairs = product(marks, filter(_is_joined, right))
        terms.extend(start + _JOINT.join(pair) for pair in pairs)

    return index


def _is_joined(one: bytes) -> bool:
    return one.split(_SEPARATOR, 2)[1] not in _UNJOINED


def query(
    parameter: SearchParameter, text: str, *, ask: Ask
) -> tuple[Match, ...] | Problem:
    texts = split(text, "$")
    found: list[Match] = []
    for composition in parameter.components:
        if len(texts) != len(composition.parts):
            mend = f"Write {len(composition.parts)} values with $ between them."
            return bad_value(parameter, mend)
        asked: list[tuple[Match, ...]] = []
        for part, one in zip(composition.parts, texts, strict=True):
            answer = ask(part, one)
            if isinstance(answer, Problem):
                return answer
            asked.append(answer)
        for matches in product(*asked):
            joined = _joined(composition, matches)
            if joined is None:
                mend = "In a pair, write code, |code or system|code."
                return bad_value(parameter, mend)
            found.append(joined)
    return tuple(found)


def _joined(composition: Composition, matches: tuple[Match, ...]) -> Match | None:
    if composition.is_single:
        return AllOf(matches)
    match matches:
        case HasTerm(left), HasTerm(right) if _is_joined(left) and _is_joined(right):
            start = f"{composition.base.element}{SEPARATOR}k{SEPARATOR}".encode()
            return HasTerm(start + left + _JOINT + right)
        case HasTerm(left), InRange(element, bounds, marks, _) if _is_joined(left):
            return InRange(element, bounds, (*marks, left), is_repeated=True)
        case _:
            return None
