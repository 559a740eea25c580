# SPDX-License-Identifier: Apache-2.0
"""What a row says of its resource, so that the database can search without a key.

Terms become keyed tokens. Ranges are three numbers each: a keyed element, a low and a
high end; numbers are mapped to integers in the same order. What the row says already
is left out (docs/formats/search-facts.md):

- that the resource belongs to its owner, where its usual element says so;
- the time of its first clinical element, where that is one second: `clinical_at`.
"""

import struct
from datetime import date
from decimal import Decimal
from functools import cache, lru_cache
from typing import NamedTuple

from wardkeep.fhir.model.resource import Resource
from wardkeep.fhir.search.clinical_date import ELEMENTS
from wardkeep.fhir.search.compartment import owner_element
from wardkeep.fhir.search.index import index_of
from wardkeep.fhir.search.terms import SEPARATOR, Range, term
from wardkeep.fhir.search.units import stored_mark

SECOND = 999_999
"""Microseconds from a time's low end to its high one where it tells seconds."""
_DOUBLE, _LONG = struct.Struct(">d"), struct.Struct(">q")
_WITHOUT_SIGN = 0x7FFF_FFFF_FFFF_FFFF


class FactRange(NamedTuple):
    """One range as its row has it."""

    key: bytes
    """A term; its token stands in the row."""
    low: int
    high: int


class RowFacts(NamedTuple):
    """All that is written beside a sealed resource."""

    terms: tuple[bytes, ...]
    ranges: tuple[FactRange, ...]
    present: int


def ordered(value: int | Decimal) -> int:
    """A number as an integer of 64 bits: the order stays (IEEE 754, totalOrder).

    Two numbers that differ behind the seventeenth digit may become one.
    """
    raw: int = _LONG.unpack(_DOUBLE.pack(float(value)))[0]
    return raw if raw >= 0 else -(raw & _WITHOUT_SIGN)


@cache
def range_key(element: str) -> bytes:
    """The term of an element's ranges."""
    return term(element, "R", "")


@cache
def other_time_key(resource_type: str) -> bytes:
    """Says that `clinical_at` is not the time of the type's first element."""
    return term(resource_type, "~", "clinical_at")


@cache
def not_by_owner(element: str) -> bytes:
    """Says that the owner's usual element does not name the owner."""
    return term(element, "~", "")


_NAMES, _BETWEEN = (b"R", b"~"), SEPARATOR.encode()


def holds_no_value(secret: bytes) -> bool:
    """Whether a term or key names an element and nothing that somebody wrote."""
    return secret.partition(_BETWEEN)[2].partition(_BETWEEN)[0] in _NAMES


@cache
def clinical_element(resource_type: str) -> str:
    """The element whose time `clinical_at` is, if it has one."""
    names = ELEMENTS.get(resource_type)
    return f"{resource_type}.{names[0]}" if names else ""


MOST_MONTHS = 240
LONG_MONTHS = 24
"""What lasts longer has one term for all of its months."""
_DAY = 86_400 * 1_000_000
_EPOCH = date(1970, 1, 1).toordinal()


def month_terms(element: str, low: int, high: int) -> tuple[bytes, ...]:
    """Terms of the months of a stretch, and the one of what lasts long.

    None at all where the stretch has more than `MOST_MONTHS`.
    """
    months = _months(low, high, most=MOST_MONTHS)
    if not months:
        return ()
    return (*(_month_term(element, one) for one in months), _month_term(element, -1))


@lru_cache(maxsize=8192)
def _month_term(element: str, month: int) -> bytes:
    return term(element, "m", str(month))


def _months(low: int, high: int, *, most: int) -> range:
    """Months since the year 0; empty where there are too many to count."""
    if high < low or high - low > most * 31 * _DAY:
        return range(0)
    first, last = _month(low // _DAY), _month(high // _DAY)
    return range(first, last + 1)


@lru_cache(maxsize=8192)
def _month(days: int) -> int:
    """The month of a day, which is counted from 1970."""
    ordinal = _EPOCH + days
    day = date.fromordinal(max(1, min(date.max.toordinal(), ordinal)))
    return day.year * 12 + day.month


def _own_months(resource_type: str, ranges: tuple[Range, ...]) -> tuple[bytes, ...]:
    """The months in which the resource's clinical element lies."""
    element = clinical_element(resource_type)
    found: dict[bytes, None] = {}
    for one in ranges:
        if one.element == element:
            low, high = int(one.low), int(one.high)
            months = _months(low, high, most=LONG_MONTHS)
            for month in months or (-1,):
                found[_month_term(element, month)] = None
    return tuple(found)


def row_facts(resource: Resource, *, owner: str, clinical_at: int | None) -> RowFacts:
    """`clinical_at` in UTC microseconds, as the row will have it."""
    index = index_of(resource)
    terms = dict.fromkeys(index.terms)
    for one in index.ranges:
        terms.update(dict.fromkeys(map(stored_mark, one.marks)))
    terms.update(dict.fromkeys(_own_months(resource.type, index.ranges)))
    if owner and resource.type != "Patient":
        _leave_owner_out(terms, resource.type, owner)
    return RowFacts(
        tuple(terms),
        _ranges(resource.type, index.ranges, clinical_at),
        index.present,
    )


def _leave_owner_out(terms: dict[bytes, None], resource_type: str, owner: str) -> None:
    element = owner_element(resource_type)
    if not element:
        return
    own = term(element, "r", f"Patient/{owner}")
    if own in terms:
        del terms[own]
    else:
        terms[not_by_owner(element)] = None


def _ranges(
    resource_type: str, ranges: tuple[Range, ...], clinical_at: int | None
) -> tuple[FactRange, ...]:
    usual = clinical_element(resource_type)
    of_usual = [one for one in ranges if one.element == usual]
    is_said = (
        len(of_usual) == 1
        and of_usual[0].low == clinical_at
        and of_usual[0].high - of_usual[0].low == SECOND
    )
    found = [
        FactRange(range_key(one.element), _number(one.low), _number(one.high))
        for one in ranges
        if not (is_said and one.element == usual)
    ]
    if clinical_at is not None and usual and not of_usual:
        found.append(FactRange(other_time_key(resource_type), 0, 0))
    return tuple(dict.fromkeys(found))


def _number(value: int | Decimal) -> int:
    return value if isinstance(value, int) else ordered(value)
