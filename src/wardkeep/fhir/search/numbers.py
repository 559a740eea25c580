# SPDX-License-Identifier: Apache-2.0
"""Numbers as searches write them: how far `5.4` reaches, and what is too large."""

import re
from decimal import Decimal, localcontext

from wardkeep.fhir.search.comparison import Asked

LOWEST, HIGHEST = Decimal("-1E+130"), Decimal("1E+130")
"""Stand for an open end; larger numbers are stored as these."""
_WRITTEN = re.compile(r"[+-]?\d{1,100}(?:\.\d{1,100})?(?:[eE][+-]?\d{1,2})?", re.ASCII)
_MOST_DIGITS = 130
_PRECISION = 400
_TENTH = Decimal("0.1")


def clamp(value: int | Decimal) -> Decimal:
    """A stored number within what the database can hold: 1e999999999 is JSON too."""
    number = Decimal(value)
    size = number.adjusted()
    if size >= _MOST_DIGITS:
        return HIGHEST if number > 0 else LOWEST
    if size <= -_MOST_DIGITS:
        return Decimal(0)
    with localcontext() as context:
        context.prec = _MOST_DIGITS
        return +number


def asked_number(text: str, prefix: str) -> Asked | None:
    """The stretch that a written number stands for; None where it is no number.

    `100` is 99.5 to 100.5, `1e2` is 50 to 150, as the specification has it; with
    a prefix other than eq, ne and ap the number is exact.
    """
    if _WRITTEN.fullmatch(text) is None:
        return None
    with localcontext() as context:
        context.prec = _PRECISION
        value = Decimal(text)
        exponent = value.as_tuple().exponent
        half = Decimal(5).scaleb(int(exponent) - 1)
        near = max(abs(value) * _TENTH, half)
        low, high = value, value
        if prefix in ("eq", "ne"):
            low, high = value - half, value + half
        return Asked(low, high, low == high, value - near, value + near)
