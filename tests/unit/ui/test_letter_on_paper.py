# SPDX-License-Identifier: Apache-2.0
"""The letter's PDF: whole, the same each time, and nothing in it that runs."""

import re
import zlib
from datetime import date

import msgspec
import pytest

from wardkeep.ui.paper.letter import (
    Letter,
    letter_pdf,
    lines_of,
    parts_of,
    unprintable,
)

LETTER = Letter(
    sender=("Larkspur",),
    to=("Dr Łukasiewicz", "1 High Street"),
    day=date(2026, 11, 28),
    about=("FENWICK, Ann", "Born 03-Feb-1940"),
    subject="Your patient was seen",
    body="Dear colleague,\n\n# What we found\n- Sleeps well\n- Eats well\n\nYours",
    signed_by=("Rowan Ash", "Doctor"),
    copies=("The patient",),
    number="Letter 12345678",
)


def glyphs(pdf: bytes) -> int:
    """How many characters are drawn, on all sheets; each is two bytes."""
    shown = 0
    for stream in re.findall(rb"stream\r?\n(.*?)endstream", pdf, re.DOTALL):
        try:
            text = zlib.decompress(stream)
        except zlib.error:
            continue
        shown += text.count(b"Tj") + text.count(b"TJ")
    return shown


def sheets(pdf: bytes) -> int:
    return len(re.findall(rb"/Type /Page\b", pdf))


def test_the_same_letter_makes_the_same_file() -> None:
    assert letter_pdf(LETTER) == letter_pdf(LETTER)
    assert letter_pdf(LETTER).startswith(b"%PDF-")


def test_a_long_letter_goes_on_over_as_many_sheets_as_it_takes() -> None:
    long = msgspec.structs.replace(LETTER, body="A line of it.\n\n" * 200)
    assert sheets(letter_pdf(LETTER)) == 1
    assert sheets(letter_pdf(long)) > 3
    assert glyphs(letter_pdf(long)) > 200


def test_nothing_in_it_runs_or_leads_elsewhere() -> None:
    odd = msgspec.structs.replace(
        LETTER, body="<script>alert(1)</script> https://example.org **bold** {nb}"
    )
    pdf = letter_pdf(odd)
    for word in (b"/JavaScript", b"/JS", b"/URI", b"/Launch", b"/GoToR"):
        assert word not in pdf


@pytest.mark.parametrize(
    ("text", "lacking"),
    [
        ("Łódź – “x” 5 µg ≥ 3 → ≤ ↑\n\tβ Ж ’", ""),
        ("Ann مرحبا", "م"),
        ("a 😀", "😀"),
        ("", ""),
    ],
)
def test_what_the_face_lacks_is_named(text: str, lacking: str) -> None:
    assert unprintable(text) == lacking


def test_a_body_is_headings_points_and_paragraphs() -> None:
    body = "Dear\ncolleague,\n\n# Found\n- one\n* two\nafter\n#no heading\n\n\n- three"
    assert list(parts_of(body)) == [
        ("paragraph", "Dear\ncolleague,"),
        ("heading", "Found"),
        ("point", "one"),
        ("point", "two"),
        ("paragraph", "after\n#no heading"),
        ("point", "three"),
    ]
    assert list(parts_of("")) == []


def test_an_address_is_its_lines() -> None:
    assert lines_of("  A \n\n B\n") == ("A", "B")
