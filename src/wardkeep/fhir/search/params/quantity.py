# SPDX-License-Identifier: Apache-2.0
"""Quantity parameters: a number with its unit.

https://hl7.org/fhir/R4/search.html#quantity. The number is a range as for number
parameters; its unit is a mark on that range, so that 120 of one unit and 80 of another
in one resource are never mixed up. Kinds of mark:

    q  the unit's code, and its text where that differs   number||code
    s  the unit's system and code                         number|system|code

A unit that is named with UCUM's system is looked for in all common units of its
dimension, the number converted: 5.4 mg finds 0.0054 g. Others are compared as written.
"""

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

from wardkeep.base.outcome import Problem
from wardkeep.fhir.search.comparison import bounds_of, split_prefix
from wardkeep.fhir.search.numbers import HIGHEST, LOWEST, asked_number, clamp
from wardkeep.fhir.search.path import Path
from wardkeep.fhir.search.terms import (
    SEPARATOR,
    Bound,
    Indexer,
    InRange,
    Match,
    ParameterType,
    Range,
    SearchParameter,
    bad_value,
    itself,
    prefix,
    split,
    term,
    unescape,
)
from wardkeep.fhir.search.ucum.units import Conversion, like
from wardkeep.fhir.search.units import UCUM

_QUANTITIES = ("Quantity", "Age", "Count", "Distance", "Duration")
_CURRENCIES = "urn:iso:std:iso:4217"
_PARTS = 3
_PRECISION = 40
_Bounds = tuple[Bound, ...]
_Marks = Callable[[dict[str, Any]], tuple[bytes, ...]]


def _marks_of(element: str) -> _Marks:
    q, s = prefix(element, "q"), prefix(element, "s")

    def marks(node: dict[str, Any]) -> tuple[bytes, ...]:
        code, unit, system = node.get("code"), node.get("unit"), node.get("system")
        found = []
        if code is not None:
            found.append((q + code).encode())
            if system is not None:
                found.append((s + system + SEPARATOR + code).encode())
        if unit is not None and unit != code:
            found.append((q + unit).encode())
        return tuple(found)

    return marks


def _ends(node: dict[str, Any]) -> tuple[Decimal, Decimal] | None:
    """A comparator opens one end: "less than 5" may be anything below."""
    value = node.get("value")
    if value is None:
        return None
    number, comparator = clamp(value), node.get("comparator", "")
    low = LOWEST if comparator.startswith("<") else number
    return low, HIGHEST if comparator.startswith(">") else number


def indexer(path: Path) -> Indexer | None:
    if path.type in _QUANTITIES:
        return _quantity(path.element)
    if path.type == "Money":
        return _money(path.element)
    return _range(path.element) if path.type == "Range" else None


def _quantity(element: str) -> Indexer:
    marks_of = _marks_of(element)

    def index(node: dict[str, Any], _: list[bytes], ranges: list[Range]) -> None:
        ends = _ends(node)
        if ends is not None:
            ranges.append(Range(element, *ends, marks_of(node)))

    return index


def _money(element: str) -> Indexer:
    marks_of = _marks_of(element)

    def index(node: dict[str, Any], _: list[bytes], ranges: list[Range]) -> None:
        ends = _ends(node)
        if ends is not None:
            unit = {"code": node.get("currency"), "system": _CURRENCIES}
            ranges.append(Range(element, *ends, marks_of(unit)))

    return index


def _range(element: str) -> Indexer:
    marks_of = _marks_of(element)

    def index(node: dict[str, Any], _: list[bytes], ranges: list[Range]) -> None:
        low, high = _ends(node.get("low", {})), _ends(node.get("high", {}))
        if low is not None or high is not None:
            unit = node.get("low") or node.get("high") or {}
            ends = (low[0] if low else LOWEST, high[1] if high else HIGHEST)
            ranges.append(Range(element, *ends, marks_of(unit)))

    return index


def query(
    parameter: SearchParameter, _modifier: str, text: str
) -> tuple[Match, ...] | Problem:
    parts = [unescape(part) for part in split(text, "|")]
    name, number = split_prefix(parts[0])
    asked = asked_number(number, name)
    if asked is None or len(parts) not in (1, _PARTS):
        return bad_value(parameter, "Write 5.4, 5.4||mg or 5.4|system|code.")
    repeated = {
        path.element: any(step.is_list for step in path.steps)
        for path in parameter.paths
    }
    every = bounds_of(name, asked)
    return tuple(
        InRange(element, bounds, marks, is_repeated)
        for element, is_repeated in repeated.items()
        for marks, converted in _in_units(element, parts[1:], every)
        for bounds in converted
    )


def _in_units(
    element: str, unit: list[str], every: Iterable[_Bounds]
) -> Iterator[tuple[tuple[bytes, ...], tuple[_Bounds, ...]]]:
    """The marks of each unit that will do, and the bounds in that unit."""
    if not any(unit):
        yield (), tuple(every)
        return
    system, code = unit
    if not system:
        yield (term(element, "q", code),), tuple(every)
        return
    alike = like(code) if system == UCUM else ()
    for one in alike or (Conversion(code, Fraction(1), Fraction(0)),):
        mark = term(element, "s", system + SEPARATOR + one.code)
        yield (mark,), tuple(_converted(bounds, one) for bounds in every)


def _converted(bounds: _Bounds, to: Conversion) -> _Bounds:
    if to.factor == 1 and not to.offset:
        return bounds
    return tuple(
        one._replace(value=_decimal(Fraction(one.value) * to.factor + to.offset))
        for one in bounds
    )


def _decimal(value: Fraction) -> Decimal:
    with localcontext() as context:
        context.prec = _PRECISION
        return clamp(Decimal(value.numerator) / Decimal(value.denominator))


TYPE = ParameterType(
    name="quantity",
    modifiers=frozenset({"missing"}),
    spread=itself,
    indexer=indexer,
    query=query,
)
