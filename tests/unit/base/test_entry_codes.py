# SPDX-License-Identifier: Apache-2.0
"""Codes of key safes, doors and alarms are found in free text, and little else is."""

import re
import time
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from wardkeep.base import entry_codes
from wardkeep.base.entry_codes import (
    LONGEST_TEXT,
    STEMS,
    holds_entry_code,
    without_markup,
)

CODES = Path(__file__).parent / "codes"


def lines(name: str) -> list[str]:
    text = (CODES / name).read_text(encoding="utf-8")
    return [line.replace("\\t", "\t") for line in text.splitlines() if line]


HELD, UNSEEN, NOT_HELD = lines("held.txt"), lines("unseen.txt"), lines("not_held.txt")
MISSED = {
    "Door opens on 1984",
    "Daughter gave keysafe number over phone: 7293",
}
"""Known misses: a bare year after a word that says nothing, a number after `phone`."""


@pytest.mark.parametrize("text", [*HELD, *UNSEEN])
def test_a_code_is_found_however_it_is_told(text: str) -> None:
    assert holds_entry_code(text) is (text not in MISSED)
    assert holds_entry_code(f"Seen at home today. {text}") is (text not in MISSED)


@pytest.mark.parametrize("text", NOT_HELD)
def test_what_else_has_digits_is_left_alone(text: str) -> None:
    assert not holds_entry_code(text)


def test_the_corpus_is_large_enough_to_say_something() -> None:
    assert len(HELD) + len(UNSEEN) > 180
    assert len(NOT_HELD) > 100


def test_markup_and_invisible_letters_hide_nothing_from_it() -> None:
    assert holds_entry_code(without_markup("<p>Key <b>safe</b></p><p>48<i/>21</p>"))
    assert holds_entry_code("key\u00a0safe \uff14\uff18\uff12\uff11")
    assert holds_entry_code("key\u200bsafe 48\u200b21")


def test_every_text_of_the_corpus_has_a_stem_that_is_looked_for_first() -> None:
    for text in (*HELD, *UNSEEN):
        assert any(stem in text.lower() for stem in STEMS), text


def test_what_lies_beyond_a_hundred_pages_is_not_looked_at() -> None:
    assert not holds_entry_code("x " * (LONGEST_TEXT // 2) + "key safe 4821")


@pytest.mark.parametrize("piece", ["door ", "key safe ", "1 2 ", "12-34 door "])
def test_the_time_grows_with_the_length_and_no_faster(piece: str) -> None:
    def seconds(times: int) -> float:
        text = piece * times
        began = time.process_time()
        holds_entry_code(text)
        return time.process_time() - began

    seconds(100)
    short, long = seconds(1_000), seconds(10_000)
    assert long < 40 * short + 0.05


def test_each_number_is_looked_at_once_however_many_doors_are_near(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else a request of 64 MB, the most that is taken, holds all others up."""
    looked_at, is_code = 0, entry_codes._is_code

    def counted(text: str, found: re.Match[str]) -> bool:
        nonlocal looked_at
        looked_at += 1
        return is_code(text, found)

    monkeypatch.setattr(entry_codes, "_is_code", counted)
    assert not holds_entry_code("door 2021 " * 100)
    assert looked_at == 100


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300))
def test_no_text_breaks_it(text: str) -> None:
    assert holds_entry_code(text) in (True, False)
    assert holds_entry_code(f"{text}\nKey safe 4821\n{text}")
