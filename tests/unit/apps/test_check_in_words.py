# SPDX-License-Identifier: Apache-2.0
"""Every language says everything, with the same parts in it."""

import re
from pathlib import Path

import pytest

from wardkeep.apps.check_in.details import begun, details_of, masked
from wardkeep.apps.check_in.directing import LEADS_ELSEWHERE
from wardkeep.apps.check_in.where import where_of
from wardkeep.apps.check_in.words import SAFETY_RELEVANT, language, languages
from wardkeep.care import reading
from wardkeep.fhir.clinics.directions import Directions
from wardkeep.fhir.clinics.places import Place

_PART = re.compile(r"{\w+}")
_LETTERS = {
    "ar": "\u0600-\u06ff",
    "ur": "\u0600-\u06ff",
    "pa": "\u0a00-\u0a7f",
    "bn": "\u0980-\u09ff",
    "gu": "\u0a80-\u0aff",
}
ROOT = Path(__file__).parents[3]


def test_there_are_ten_languages_and_more_and_english_is_first() -> None:
    assert len(languages()) == 13
    assert next(iter(languages())) == "en"


@pytest.mark.parametrize("code", list(languages()))
def test_a_language_has_every_message_with_the_same_parts(code: str) -> None:
    one, english = languages()[code], languages()["en"]
    assert one.messages.keys() == english.messages.keys()
    for key, words in english.messages.items():
        said = one.messages[key]
        assert sorted(_PART.findall(said)) == sorted(_PART.findall(words)), key
        assert said.strip() == said, key
        assert said, key
    assert one.direction == ("rtl" if code in ("ar", "ur") else "ltr")


@pytest.mark.parametrize("code", [one for one in languages() if one != "en"])
def test_a_language_is_translated_and_written_in_its_own_letters(code: str) -> None:
    one, english = languages()[code], languages()["en"]
    same = {key for key, said in one.messages.items() if said == english.messages[key]}
    assert same <= {"at_time", "email", "no"}
    letters = _LETTERS.get(code)
    if letters is not None:
        assert re.search(f"[{letters}]", one.name)
        for key, said in one.messages.items():
            bare = _PART.sub("", said)
            assert key == "at_time" or re.search(f"[{letters}]", bare), key


def test_another_word_than_a_language_is_english() -> None:
    assert language("xx") is language("") is language("../en") is languages()["en"]
    assert language("cy").title == "Cofrestru"
    with pytest.raises(AttributeError):
        _ = language("cy").nothing


def test_safety_relevant_messages_are_named_where_reviewers_look() -> None:
    text = (ROOT / "docs" / "how-to" / "check-in.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(\w+)`", text.partition("Safety-relevant")[2]))
    assert named == SAFETY_RELEVANT
    assert languages()["en"].messages.keys() >= SAFETY_RELEVANT


@pytest.mark.parametrize(
    ("known", "end"),
    [
        ("07700 900456", "456"),
        ("+44 7700 900 456", "456"),
        ("ZZ91 3AB", "3AB"),
        ("12345", "5"),
        ("", ""),
        ("  ", ""),
    ],
)
def test_of_what_is_known_the_end_is_shown(known: str, end: str) -> None:
    assert masked(known) == end


@pytest.mark.parametrize(
    ("known", "shown"),
    [
        ("Fernhill Surgery", "F… S…"),
        ("Robin  Quince", "R… Q…"),
        ("- Ash", "A…"),
        ("", ""),
    ],
)
def test_of_a_name_the_beginning_of_each_word_is_shown(known: str, shown: str) -> None:
    assert begun(known) == shown


def test_of_nobody_known_nothing_is_hinted_at() -> None:
    shown = details_of(reading.Patient(), language("en"))
    assert {one.hint for one in shown} == {""}
    contact = reading.ContactPerson(name=reading.Name(family="Ash", given=("Bo",)))
    person = reading.Patient(
        contact=(contact,), general_practitioner=(reading.Reference(reference="x/1"),)
    )
    hints = {one.name: one.hint for one in details_of(person, language("en"))}
    assert hints["contact"] == "B… A…"
    # A practice that is known by a number alone has no name to begin with
    assert hints["gp"] == hints["contact_phone"] == ""


def test_the_way_is_said_in_a_language_and_marked_where_it_is_another() -> None:
    texts = {"area": {"en": "blue chairs"}, "way": {"en": "left", "ar": "يسارًا"}}
    place = Place(id="c", name="Clinic 3", directions=Directions(texts=texts))
    area, way = where_of(place, language("ar")).lines
    assert (area.text, area.code, area.direction) == ("blue chairs", "en", "ltr")
    assert area.before == language("ar").waiting_area.partition("{area}")[0]
    assert (way.before, way.text, way.code) == ("", "يسارًا", "ar")
    assert where_of(None, language("ar")).lines == ()


@pytest.mark.parametrize(
    ("text", "leads"),
    [
        ("ring 0300 123 4567", True),
        ("see https://example.org", True),
        ("WWW.example.org", True),
        ("write to desk@example.org", True),
        ("(0300) 123-4567", True),
        ("Room 12, floor 3, 40 steps, lift B2", False),
        ("Building 100, level 2: 250 metres", False),
    ],
)
def test_a_way_leads_to_a_waiting_area_and_nowhere_else(
    text: str,
    leads: bool,  # noqa: FBT001 - a case
) -> None:
    assert bool(LEADS_ELSEWHERE.search(text)) is leads
