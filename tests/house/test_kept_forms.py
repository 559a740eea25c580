# SPDX-License-Identifier: Apache-2.0
"""Forms whose words are kept: no question has the name of a hidden field.

What a hidden field of that name carries would be stored as somebody's words, or their
words would be left out of what is kept (decision 42).
"""

import re
from pathlib import Path

import pytest

from wardkeep.apps.records.entries.kinds import KINDS as ENTRIES
from wardkeep.care.keeping import BESIDE_THE_WORDS, is_beside_the_words
from wardkeep.fhir.plans.kinds import KINDS as PLANS

SOURCE = Path(__file__).resolve().parents[2] / "src" / "wardkeep"
FORMS = sorted(
    path
    for path in (SOURCE / "apps").rglob("*.html")
    if "keep.hidden(" in path.read_text(encoding="utf-8")
)
HIDDEN = re.compile(r'<input[^>]*type="hidden"[^>]*>')
NAMED = re.compile(r'\bname="([^"]*)"')
MACRO = re.compile(r'\b\w+\.(?!hidden|form)\w+\("([a-z][a-z_-]*)"[,)]')
"""A macro that draws a field is called with its name first."""


def hidden_in(text: str) -> set[str]:
    found = [NAMED.search(one) for one in HIDDEN.findall(text)]
    return {one[1] for one in found if one is not None}


def typed_in(text: str) -> set[str]:
    shown = HIDDEN.sub("", text)
    return {*NAMED.findall(shown), *MACRO.findall(shown)}


def test_there_are_forms_to_look_at() -> None:
    assert len(FORMS) > 5


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.name)
def test_no_question_has_the_name_of_a_hidden_field(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    typed = {one for one in typed_in(text) if is_beside_the_words(one)}
    assert not typed, f"{path}: {sorted(typed)} would not be kept"


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.name)
def test_every_hidden_field_is_known_as_one(path: Path) -> None:
    names = hidden_in(path.read_text(encoding="utf-8"))
    unknown = {one for one in names if not is_beside_the_words(one)}
    assert not unknown, f"{path}: {sorted(unknown)} would be kept as somebody's words"


def test_no_question_that_code_names_has_such_a_name() -> None:
    entries = {field.name for kind in ENTRIES.values() for field in kind.fields}
    plans = {one.code for kind in PLANS.values() for one in kind.sections}
    assert entries
    assert plans
    assert not {one for one in entries | plans if is_beside_the_words(one)}


def test_what_is_looked_for_is_found() -> None:
    form = '<input type="hidden" name="version" value="1"><input name="place">'
    form += '{{ kit.input("which", "Which?", "", ()) }}'
    assert hidden_in(form) == {"version"} <= BESIDE_THE_WORDS
    assert typed_in(form) == {"place", "which"}
