# SPDX-License-Identifier: Apache-2.0
"""Words of notes come back as they were typed, in FHIR and in a draft's box."""

from hypothesis import given, strategies as st

from wardkeep.fhir.model.xhtml import is_narrative
from wardkeep.fhir.notes.words import (
    Section,
    Words,
    joined,
    narrative_of,
    read_words,
    storable,
    text_of,
    write_words,
)

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)


@given(TEXTS)
def test_a_text_comes_back_from_its_narrative_word_for_word(text: str) -> None:
    div = narrative_of(text)
    assert is_narrative(div)
    assert text_of(div) == storable(text)


@given(TEXTS)
def test_only_what_xml_cannot_hold_is_left_out(text: str) -> None:
    kept = storable(text)
    assert storable(kept) == kept
    assert set(text) - set(kept) <= {"\r", *map(chr, range(32)), "\ufffe", "\uffff"}


def test_markup_that_was_typed_is_text_and_markup_from_elsewhere_is_left_out() -> None:
    assert text_of(narrative_of("<b>loud</b><br/>&amp;")) == "<b>loud</b><br/>&amp;"
    elsewhere = (
        '<div xmlns="http://www.w3.org/1999/xhtml"><p>Slept <b>well</b></p></div>'
    )
    assert text_of(elsewhere).split() == ["Slept", "well"]


def test_the_box_of_a_draft_has_words_or_nothing() -> None:
    words = Words(title="T", when="2026-01-02T03:04", sections=(Section("H", "x"),))
    assert read_words(write_words(words)) == words
    for broken in (b"", b"[]", b'{"sections": 5}', b"\xff"):
        assert read_words(broken) is None


def test_two_texts_together_lose_no_word_of_either() -> None:
    one = Words(title="T", sections=(Section("A", "first"), Section("B", "same")))
    other = Words(title="U", sections=(Section("A", "second"), Section("C", "more")))
    both = joined(one, other)
    assert both.title == "T"
    assert [section.heading for section in both.sections] == ["A", "B", "C"]
    assert both.sections[0].text == "first\n––––\nsecond"
    longer = Words(sections=(Section("A", "first and more"),))
    assert joined(one, longer).sections[0].text == "first and more"
    assert joined(longer, one).sections[0].text == "first and more"


def test_what_was_changed_and_why_is_kept_from_both() -> None:
    assert joined(Words(why="a"), Words(why="b")).why == "a\nb"
    assert joined(Words(why="a"), Words(why="a")).why == "a"
