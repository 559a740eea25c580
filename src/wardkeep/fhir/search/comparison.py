# SPDX-License-Identifier: Apache-2.0
"""The prefixes of ordered parameters (eq, ne, gt …) as bounds on stored ranges.

https://hl7.org/fhir/R4/search.html#prefix. A stored range and the asked one are both
stretches: `eq` wants the stored one inside the asked, `ap` wants them to overlap.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

from wardkeep.fhir.search.terms import Bound

PREFIXES = ("eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap")
_PREFIX_LENGTH = 2

Value = int | Decimal


class Asked(NamedTuple):
    """The stretch that a search's value stands for."""

    low: Value
    high: Value
    is_high_included: bool
    """A day ends with its last microsecond; 5.4 reaches up to 5.45, not to it."""
    near_low: Value
    near_high: Value
    """What `ap` takes as near enough, both ends included."""


def split_prefix(text: str) -> tuple[str, str]:
    """`ge2010` gives `ge` and `2010`; without a prefix it is `eq`."""
    head, rest = text[:_PREFIX_LENGTH], text[_PREFIX_LENGTH:]
    return (head, rest) if head in PREFIXES else ("eq", text)


def bounds_of(name: str, asked: Asked) -> tuple[tuple[Bound, ...], ...]:
    """Alternatives; within one, all bounds must hold."""
    return _ALTERNATIVES[name](asked)


def _within(asked: Asked) -> tuple[tuple[Bound, ...], ...]:
    operator = "<=" if asked.is_high_included else "<"
    return ((Bound("low", ">=", asked.low), Bound("high", operator, asked.high)),)


def _not_within(asked: Asked) -> tuple[tuple[Bound, ...], ...]:
    operator = ">" if asked.is_high_included else ">="
    above = Bound("high", operator, asked.high)
    return (Bound("low", "<", asked.low),), (above,)


_ALTERNATIVES: dict[str, Callable[[Asked], tuple[tuple[Bound, ...], ...]]] = {
    "eq": _within,
    "ne": _not_within,
    "gt": lambda asked: ((Bound("high", ">", asked.high),),),
    "lt": lambda asked: ((Bound("low", "<", asked.low),),),
    "ge": lambda asked: (
        (Bound("high", ">", asked.high),),
        (Bound("low", ">=", asked.low),),
    ),
    "le": lambda asked: (
        (Bound("low", "<", asked.low),),
        (Bound("high", "<=", asked.high),),
    ),
    "sa": lambda asked: ((Bound("low", ">", asked.high),),),
    "eb": lambda asked: ((Bound("high", "<", asked.low),),),
    "ap": lambda asked: (
        (Bound("low", "<=", asked.near_high), Bound("high", ">=", asked.near_low)),
    ),
}
