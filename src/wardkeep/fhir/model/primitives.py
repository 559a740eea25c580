# SPDX-License-Identifier: Apache-2.0
"""FHIR's primitive types: what is well-formed, and which time a date stands for.

Source: https://hl7.org/fhir/R4/datatypes.html#primitive. The patterns there are XML
Schema's; these accept the same texts, cannot be made to backtrack (possessive
quantifiers), and know the calendar: 2021-02-30 is no date.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import NamedTuple

from wardkeep.fhir.model.xhtml import is_narrative

Check = Callable[[object], object]
"""True-like for a right value; false, or a TypeError, for a wrong one."""

_LEAP = r"\d\d(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00"
_YEAR = r"(?!0000)\d{4}"
_DAY = (
    rf"(?:{_YEAR}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])"
    r"|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)|02-(?:0[1-9]|1\d|2[0-8]))"
    rf"|(?!0000)(?:{_LEAP})-02-29)"
)
_MONTH = rf"{_YEAR}-(?:0[1-9]|1[0-2])"
_TIME = r"(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d{1,100})?"
_ZONE = r"(?:Z|[+-](?:(?:0\d|1[0-3]):[0-5]\d|14:00))"
_INT_32_LOW, _INT_32_HIGH = -(2**31), 2**31 - 1

PATTERNS: dict[str, re.Pattern[str]] = {
    name: re.compile(pattern, re.ASCII)
    for name, pattern in {
        "base64Binary": r"\s*+(?:[0-9a-zA-Z+/=]{4}\s*+)++",
        "canonical": r"\S+",
        "code": r"\S++(?:\s\S++)*+",
        "date": rf"{_DAY}|{_MONTH}|{_YEAR}",
        "dateTime": rf"{_DAY}(?:T{_TIME}{_ZONE})?|{_MONTH}|{_YEAR}",
        "id": r"[A-Za-z0-9\-.]{1,64}",
        "instant": rf"{_DAY}T{_TIME}{_ZONE}",
        "markdown": r"[^\f\v]+",
        "oid": r"urn:oid:[0-2](?:\.(?:0|[1-9]\d*))+",
        "string": r"[^\f\v]+",
        "time": _TIME,
        "uri": r"\S+",
        "url": r"\S+",
        "uuid": r"urn:uuid:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    }.items()
}


def _is_integer(value: object) -> bool:
    # type(), because in Python True is an int as well.
    return type(value) is int and _INT_32_LOW <= value <= _INT_32_HIGH


def _is_positive(value: object) -> bool:
    return type(value) is int and 1 <= value <= _INT_32_HIGH


def _is_unsigned(value: object) -> bool:
    return type(value) is int and 0 <= value <= _INT_32_HIGH


LARGEST_EXPONENT = 300
"""Of a decimal, either way: what a double holds. A number of a billion digits is no
measurement; the first sum with it would fail, and the record could not be opened."""
_LARGEST_WHOLE = 10**LARGEST_EXPONENT


def _is_decimal(value: object) -> bool:
    if type(value) is Decimal:
        return -LARGEST_EXPONENT <= value.adjusted() <= LARGEST_EXPONENT
    return type(value) is int and -_LARGEST_WHOLE < value < _LARGEST_WHOLE


def _is_boolean(value: object) -> bool:
    return value is True or value is False


CHECKS: dict[str, Callable[..., object]] = {
    name: pattern.fullmatch for name, pattern in PATTERNS.items()
} | {
    "boolean": _is_boolean,
    "decimal": _is_decimal,
    "integer": _is_integer,
    "positiveInt": _is_positive,
    "unsignedInt": _is_unsigned,
    "xhtml": is_narrative,
}
"""What every value of a primitive type passes; a wrong JSON type raises TypeError."""


def is_valid(type_name: str, value: object) -> bool:
    """Whether the value is one of this primitive type."""
    try:
        return bool(CHECKS[type_name](value))
    except TypeError:
        return False


class Span(NamedTuple):
    """A stretch of time in UTC microseconds since 1970, both ends included."""

    low: int
    high: int


EARLIEST, LATEST = -(2**62), 2**62
"""Stand for an open end."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ORDINAL_1970 = date(1970, 1, 1).toordinal()
_SECOND = 1_000_000
_MINUTE = 60 * _SECOND
_DAY_LONG = 86_400 * _SECOND
_LAST_YEAR = 9999
_MONTHS = 12
_WHEN = re.compile(
    r"(?P<day>\d{4}(?:-\d\d(?:-\d\d)?)?)"
    r"(?:T(?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:\.(?P<part>\d+))?)?"
    r"(?P<zone>Z|[+-]\d\d:\d\d)?)?",
    re.ASCII,
)
_YEAR_LONG, _MONTH_LONG = len("2021"), len("2021-02")
_PART_DIGITS = 6
_USUAL_MARKS = ("-", "-", "T", ":")
_USUAL_WIDTHS = {
    len("2021-02-03T04:05:06Z"): _SECOND,
    len("2021-02-03T04:05:06+00:00"): _SECOND,
    len("2021-02-03T04:05:06.789Z"): 1_000,
    len("2021-02-03T04:05:06.789+00:00"): 1_000,
}


def span_of(text: object) -> Span | None:
    """The time that a date, dateTime or instant stands for; None where it is wrong.

    `2021` is the whole of that year. A time without seconds, which searches may use,
    is a whole minute. A date without a zone is taken as UTC.
    """
    if not isinstance(text, str):
        return None
    width = _USUAL_WIDTHS.get(len(text))
    return (_usual_moment(text, width) if width else None) or _any_span(text)


def _usual_moment(text: str, width: int) -> Span | None:
    """Moments to the second or millisecond with a zone, by the C library's reader.

    It reads other forms too, which the marks at fixed places rule out.
    """
    if (text[4], text[7], text[10], text[13]) != _USUAL_MARKS or text[11:13] == "24":
        return None
    try:
        delta = datetime.fromisoformat(text) - _EPOCH
    except (ValueError, TypeError):
        return None  # not this form, or no zone
    low = (delta.days * 86_400 + delta.seconds) * _SECOND + delta.microseconds
    return Span(low, low + width - 1)


def _any_span(text: str) -> Span | None:
    found = _WHEN.fullmatch(text)
    if found is None:
        return None
    try:
        start, end = _days(found["day"])
    except ValueError:
        return None
    if found["hour"] is None:
        return Span(start * _DAY_LONG, end * _DAY_LONG - 1)
    return _moment(found, start * _DAY_LONG)


def _days(text: str) -> tuple[int, int]:
    """The first day, counted from 1970, and the day after the last."""
    year = int(text[:_YEAR_LONG])
    if len(text) == _YEAR_LONG:
        return _ordinal(year, 1), _ordinal(year + 1, 1)
    month = int(text[_YEAR_LONG + 1 : _MONTH_LONG])
    if len(text) == _MONTH_LONG:
        return _ordinal(year, month), _ordinal(year, month + 1)
    day = date(year, month, int(text[_MONTH_LONG + 1 :])).toordinal() - _ORDINAL_1970
    return day, day + 1


def _ordinal(year: int, month: int) -> int:
    if month == _MONTHS + 1:
        year, month = year + 1, 1
    if year > _LAST_YEAR:
        return date.max.toordinal() + 1 - _ORDINAL_1970
    return date(year, month, 1).toordinal() - _ORDINAL_1970


def _moment(found: re.Match[str], day_start: int) -> Span | None:
    hour, minute = int(found["hour"]), int(found["minute"])
    second = int(found["second"] or 0)
    if hour >= 24 or minute >= 60 or second > 60:  # noqa: PLR2004 - a clock's own
        return None
    low = day_start + (hour * 60 + minute) * _MINUTE + second * _SECOND
    low -= _offset_minutes(found["zone"]) * _MINUTE
    if found["second"] is None:
        return Span(low, low + _MINUTE - 1)
    part = found["part"] or ""
    low += int(part[:_PART_DIGITS].ljust(_PART_DIGITS, "0"))
    width = _SECOND // 10 ** min(len(part), _PART_DIGITS)
    return Span(low, low + width - 1)


def _offset_minutes(zone: str | None) -> int:
    if zone is None or zone == "Z":
        return 0
    minutes = int(zone[1:3]) * 60 + int(zone[4:6])
    return -minutes if zone[0] == "-" else minutes
