# SPDX-License-Identifier: Apache-2.0
"""A log as lines, and content in use as a Library: what goes in comes out."""

import pytest
from hypothesis import given, strategies as st

from support.triage import NURSE
from wardkeep.care.writing import drafted
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.triage.engine import Answer, SetAside
from wardkeep.fhir.triage.in_use import Approval, in_use, library_of
from wardkeep.fhir.triage.library import NAMES, shipped, shipped_content
from wardkeep.fhir.triage.written_log import changed, entries_in, lines_of
from wardkeep.fhir.validation import check

WORDS = st.text("ab |\n\t1.", max_size=30)
APPROVAL = Approval(
    lead="Dr Ada Example, GMC 0000000",
    day="2026-11-29",
    words="All rules",
    by=Person(NURSE, "Lil Marsh"),
)


def test_answers_and_reasons_come_back_as_they_were() -> None:
    entries = (
        Answer(link="pulse", value="96.5", at="2026-11-29T04:00:00+00:00"),
        Answer(link="stridor", value="", at="2026-11-29T04:00:01+00:00"),
        SetAside(rule="stridor", by=NURSE, why="a snore | not a stridor", at="x"),
    )
    assert entries_in(lines_of(entries), by=NURSE) == entries


def test_a_form_cannot_name_somebody_else() -> None:
    line = lines_of([SetAside(rule="stridor", by="Practitioner/other", why="because")])
    [found] = entries_in(line, by=NURSE)
    assert isinstance(found, SetAside)
    assert found.by == NURSE


@given(text=WORDS)
def test_no_text_brings_it_down_and_a_reason_is_one_line(*, text: str) -> None:
    entries_in(text, by=NURSE)
    line = lines_of([SetAside(rule="r", by=NURSE, why=text, at="t")])
    assert "\n" not in line


def test_what_the_fields_say_beyond_the_log_is_added_in_their_order() -> None:
    shown = {"a": "yes", "b": "", "c": "no", "d": "yes"}
    found = changed({"a": "yes", "b": "yes", "c": "yes"}, shown, at="t")
    assert [(one.link, one.value) for one in found] == [
        ("b", ""),
        ("c", "no"),
        ("d", "yes"),
    ]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("is_on", [True, False])
def test_content_in_use_is_whole_and_says_whose_act_it_was(
    *, name: str, is_on: bool
) -> None:
    made = drafted(library_of(name, shipped(name), APPROVAL, is_on=is_on)).resource
    assert check(made) == ()
    found = in_use(made.compact, 3)
    assert found is not None
    assert found.is_on is is_on
    assert found.approval == APPROVAL
    assert found.version == 3
    assert found.content.named == shipped_content(name).named


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{}",
        b'{"content":[{"data":"AAAA"},{"data":"AAAA"}]}',
        b'{"content":[{"data":"?"}]}',
        b'{"content":[{"data":"e30="},{"data":"e30="}]}',
    ],
)
def test_what_holds_no_content_is_never_in_use(text: bytes) -> None:
    assert in_use(text, 1) is None
