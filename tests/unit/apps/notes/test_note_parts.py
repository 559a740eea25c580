# SPDX-License-Identifier: Apache-2.0
"""Parts of the pages of notes: what differs, what is found, what is wrong."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from wardkeep.apps.notes.searching import matching
from wardkeep.apps.notes.typed import problems_in, without_hints, words_in
from wardkeep.base.differences import GONE, MOST_PAIRS, NEW, SAME, differences
from wardkeep.care.typed import moment_of, typed_moment
from wardkeep.fhir.notes.note import Note
from wardkeep.fhir.notes.words import LONGEST_TEXT, Section, Words
from wardkeep.web.forms import Form

NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
WORDS = Words(title="T", when="2026-07-01T12:30", sections=(Section("H", "text"),))


@given(st.text("ab \n", max_size=60), st.text("ab \n", max_size=60))
def test_the_pieces_make_up_both_texts(earlier: str, later: str) -> None:
    pieces = list(differences(earlier, later))
    assert "".join(it.text for it in pieces if it.kind != GONE) == later
    assert "".join(it.text for it in pieces if it.kind != NEW) == earlier


def test_texts_that_would_take_too_long_to_compare_are_shown_whole() -> None:
    lines = int(MOST_PAIRS**0.5) + 1
    earlier, later = "a\n" * (lines * 7), "b\n" * (lines * 7)
    kinds = [it.kind for it in differences(earlier, later)]
    assert kinds == [GONE, NEW]


def note(text: str) -> Note:
    return Note(
        id="n",
        patient="p",
        title="Round",
        sections=(Section("Plan", text),),
        written=NOW,
        about=NOW,
    )


def test_a_note_is_found_by_all_words_whatever_their_case_and_order() -> None:
    notes = [note("Ask the STRASSE family."), note("Nothing here.")]
    [found] = matching(notes, "family ask")
    assert found.note is notes[0]
    assert [it.text for it in found.pieces if it.kind == NEW] == ["Ask", "family"]
    assert list(matching(notes, "family penguin")) == []
    assert list(matching(notes, "  ")) == []
    assert [one.note for one in matching(notes, "a.k")] == []


def test_a_form_is_read_word_for_word_and_a_page_that_sent_none_has_none() -> None:
    form = Form(
        {
            "title": " A  title ",
            "when": "2026-07-01T12:30",
            "heading-0": "H",
            "hint-0": "hint",
            "text-0": "\r\n two\r\n\tlines ",
        }
    )
    words = words_in(form)
    assert words is not None
    assert words.title == "A title"
    assert words.sections == (Section("H", "\n two\n\tlines ", "hint"),)
    assert words_in(Form({"place": "x:1"})) is None


@pytest.mark.parametrize(
    ("words", "place"),
    [
        (Words(title="T", sections=(Section("H", "  \n"),)), "text-0"),
        (Words(title=" ", sections=WORDS.sections), "title"),
        (Words(title="T", sections=WORDS.sections, when="soon"), "when"),
        (Words(title="T", sections=WORDS.sections, when="2026-07-01T13:06"), "when"),
        (Words(title="T", sections=(Section("", "x" * (LONGEST_TEXT + 1)),)), "text-0"),
    ],
)
def test_what_cannot_be_signed_is_told_with_its_place(words: Words, place: str) -> None:
    problems = list(problems_in(words, is_amendment=False, now=NOW))
    assert [one.place for one in problems] == [place]
    assert all(one.mend.endswith(".") for one in problems)


def test_what_is_in_order_can_be_signed_and_an_amendment_says_why() -> None:
    assert list(problems_in(WORDS, is_amendment=False, now=NOW)) == []
    [problem] = problems_in(WORDS, is_amendment=True, now=NOW)
    assert problem.place == "why"


def test_times_are_typed_as_in_london() -> None:
    assert typed_moment(NOW) == "2026-07-01T13:00"
    moment = moment_of("2026-07-01T13:00")
    assert moment is not None
    assert moment - NOW == timedelta(0)
    assert moment_of("2026-07-01T13:00+05:00") is None


def test_headings_without_a_text_and_hints_are_not_signed() -> None:
    words = Words(sections=(Section("A", "x", "hint"), Section("B", " ", "hint")))
    assert without_hints(words) == (Section("A", "x"),)
    assert [it.kind for it in differences("x", "x")] == [SAME]
