# SPDX-License-Identifier: Apache-2.0
"""Primitives: what HL7's patterns accept we accept, save days that do not exist."""

import calendar
import re
import time
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given, strategies as st

from wardkeep.fhir.model.definitions import definitions
from wardkeep.fhir.model.primitives import CHECKS, PATTERNS, Span, is_valid, span_of

SECOND = 1_000_000
DAY = 86_400 * SECOND


@pytest.mark.parametrize("name", sorted(set(PATTERNS) - {"xhtml"}))
def test_our_patterns_accept_what_hl7s_accept(name: str) -> None:
    theirs = definitions().types[name].pattern or r"\S+"

    @given(st.from_regex(re.compile(theirs, re.ASCII), fullmatch=True))
    def hold(text: str) -> None:
        if name in ("date", "dateTime", "instant") and not _is_real_day(text[:10]):
            assert not is_valid(name, text)
        elif name not in ("canonical", "uri", "url", "code") or text.strip():
            assert is_valid(name, text)

    hold()


def _is_real_day(text: str) -> bool:
    if len(text) < len("2021-02-03"):
        return text[:4] != "0000"
    year, month, day = (int(part) for part in text.split("-"))
    return day <= calendar.monthrange(year, month)[1]


def test_every_primitive_of_the_definitions_has_a_check() -> None:
    named = {n for n, one in definitions().types.items() if one.kind == "primitive"}
    assert named == set(CHECKS)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("date", "2020-02-29"),
        ("date", "2000-02-29"),
        ("date", "2021"),
        ("dateTime", "2021-12-31T23:59:60Z"),
        ("instant", "2015-02-07T13:28:17.239+02:00"),
        ("boolean", True),
        ("integer", -(2**31)),
        ("decimal", Decimal("1.00")),
        ("decimal", 7),
        ("positiveInt", 1),
        ("unsignedInt", 0),
        ("string", " a\nb "),
        ("code", "a b"),
        ("base64Binary", "AAAA \n BBB="),
        ("oid", "urn:oid:1.2.3"),
    ],
)
def test_right_values_pass(name: str, value: object) -> None:
    assert is_valid(name, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("date", "2021-02-30"),
        ("date", "2021-02-29"),
        ("date", "1900-02-29"),
        ("date", "2021-04-31"),
        ("date", "2021-13"),
        ("date", "0000"),
        ("date", "21"),
        ("date", "\u0662\u0660\u0662\u0661"),
        ("dateTime", "2021-02-03T10:00"),
        ("dateTime", "2021-02-03T10:00:00"),
        ("dateTime", "2021-02-03T25:00:00Z"),
        ("instant", "2021-02-03"),
        ("time", "24:00:00"),
        ("boolean", "true"),
        ("boolean", 1),
        ("integer", True),
        ("integer", 2**31),
        ("integer", Decimal("1.0")),
        ("decimal", "1.0"),
        ("decimal", False),
        ("positiveInt", 0),
        ("unsignedInt", -1),
        ("string", ""),
        ("string", 7),
        ("string", None),
        ("code", " a"),
        ("code", "a  b"),
        ("id", "a_b"),
        ("id", "a" * 65),
        ("uri", "a b"),
        ("uuid", "urn:uuid:C757873D-EC9A-4326-A141-556F43239520"),
        ("base64Binary", "AAA"),
        ("xhtml", ""),
        ("string", ["a"]),
        ("string", {}),
    ],
)
def test_wrong_values_do_not_pass(name: str, value: object) -> None:
    assert not is_valid(name, value)


@pytest.mark.parametrize("name", sorted(PATTERNS))
def test_no_pattern_can_be_made_to_backtrack_for_long(name: str) -> None:
    hostile = ["A" * 100_001 + " !", "AAAA " * 20_000 + "!", " \n" * 50_000 + "\x0b"]
    began = time.monotonic()
    for text in hostile:
        is_valid(name, text)
        is_valid(name, "urn:oid:1" + ".1" * 50_000 + "x")
    assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    ("text", "low", "width"),
    [
        ("1970", 0, 365 * DAY),
        ("1970-01", 0, 31 * DAY),
        ("1970-12", 334 * DAY, 31 * DAY),
        ("1970-01-01", 0, DAY),
        ("1970-01-01T00:00Z", 0, 60 * SECOND),
        ("1970-01-01T00:00:01Z", SECOND, SECOND),
        ("1970-01-01T00:00:60Z", 60 * SECOND, SECOND),
        ("1970-01-01T00:00:01.5Z", SECOND * 3 // 2, SECOND // 10),
        ("1970-01-01T00:00:00.123Z", 123_000, 1_000),
        ("1970-01-01T00:00:00.1234567Z", 123_456, 1),
        ("1970-01-01T01:00:00+01:00", 0, SECOND),
        ("1969-12-31T19:00:00-05:00", 0, SECOND),
        ("1970-01-01T00:00:00", 0, SECOND),
    ],
)
def test_a_date_is_all_of_the_time_it_names(text: str, low: int, width: int) -> None:
    assert span_of(text) == Span(low, low + width - 1)


def test_the_last_year_has_an_end() -> None:
    last = span_of("9999-12")
    assert last is not None
    assert last == span_of("9999-12-01")._replace(high=last.high)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "text",
    [
        *("", "x", "2021-02-30", "2021-13", "0000", "2021-02-03T24:00:00Z"),
        *("2021-02-03T10:60:00Z", "2021-02-03T10:00:61Z", "2021-W01-1T10:00:00Z"),
        *("2021-02-03 10:00:00Z", "2021-02-03T10:00:00X", None, 2021),
    ],
)
def test_what_is_no_date_names_no_time(text: object) -> None:
    assert span_of(text) is None


offsets = st.integers(min_value=-14 * 60, max_value=14 * 60)
moments = st.datetimes(
    min_value=datetime(2, 1, 1),  # noqa: DTZ001 - hypothesis wants it bare
    max_value=datetime(9998, 1, 1),  # noqa: DTZ001 - as above
)


@given(moments, offsets, st.sampled_from(["seconds", "milliseconds", "microseconds"]))
def test_a_moment_is_the_same_in_every_zone(
    moment: datetime, minutes: int, precision: str
) -> None:
    zone = timezone(timedelta(minutes=minutes))
    local = moment.replace(tzinfo=zone)
    text = local.isoformat(timespec=precision)
    span = span_of(text)
    width = {"seconds": SECOND, "milliseconds": 1_000, "microseconds": 1}[precision]
    exact = (local - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    assert span is not None
    assert span.low <= exact <= span.high
    assert span.high - span.low == width - 1
