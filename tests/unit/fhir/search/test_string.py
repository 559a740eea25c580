# SPDX-License-Identifier: Apache-2.0
"""String search: by how a name begins, without regard to case or accents."""

from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from support.fhir_search import faults, matches, query, resource
from wardkeep.base.plain_text import MOST_SPELLINGS, folded, normalise, spellings
from wardkeep.fhir.search import index_of
from wardkeep.fhir.search.query import terms_in

ADA: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "p1",
    "name": [
        {"family": "O'Quillfeather-Émond", "given": ["Ada", "Li"], "prefix": ["Dr"]}
    ],
    "address": [
        {"line": ["1 High Street"], "city": "Fernhill", "postalCode": "AB1 2CD"}
    ],
}
WARD: dict[str, Any] = {
    "resourceType": "Location",
    "name": "Intensive Care Unit",
    "alias": ["ICU"],
}


@pytest.mark.parametrize(
    ("name", "value", "is_found"),
    [
        ("family", "oqu", True),
        ("family", "OQUILL", True),
        ("family", "o'quill", True),
        ("family", "o\u2019quill", True),
        ("family", "oquillfeather emond", True),
        ("family", "oquillfeather-émo", True),
        ("family", "oquillfeather smith", False),
        ("family", "quill", False),
        ("family", "ada", False),
        ("given", "ada", True),
        ("given", "li", True),
        ("given", "ad", True),
        ("given", "a", False),
        ("family", "emo", True),
        ("family", "oquillfeather em", True),
        ("family", "ond", False),
        ("name", "ada", True),
        ("name", "oqui", True),
        ("name", "dr", True),
        ("phonetic", "ada", True),
        ("name", "xyz,oqui", True),
        ("address", "fernh", True),
        ("address", "1 high st", True),
        ("address-city", "fern", True),
        ("address-city", "fernhillx", False),
        ("address-postalcode", "ab1 2", True),
        ("address-country", "eng", False),
        ("family:exact", "O'Quillfeather-Émond", True),
        ("family:exact", "o'quillfeather-émond", False),
        ("family:exact", "O'Quillfeather", False),
        ("address-city:exact", "Fernhill", True),
        ("address-city:exact", "fernhill", False),
    ],
)
def test_a_patient_is_found_by_how_names_begin(
    name: str,
    value: str,
    is_found: bool,  # noqa: FBT001
) -> None:
    assert matches(ADA, name, value) is is_found


def test_two_letters_find_beginnings_and_one_letter_never_a_list() -> None:
    assert matches(ADA, "given", "Li")
    assert matches(ADA, "given", "Ad")
    assert not matches(ADA, "given", "L")
    assert not query("Patient", ("given", "Li")).needs_confirming


def test_many_short_values_are_too_many_alternatives() -> None:
    letters = "abcdefghij"
    values = ",".join(one + other for one in letters for other in letters)
    assert faults("Patient", "name", values)


def test_names_answer_by_terms_alone_up_to_twelve_letters() -> None:
    assert not query("Patient", ("family", "oquillfeathe")).needs_confirming
    assert query("Patient", ("family", "oquillfeather")).needs_confirming


def test_other_strings_take_the_longest_beginning_and_then_confirm() -> None:
    assert query("Location", ("name", "inte")).needs_confirming
    assert not query("Location", ("name", "intens")).needs_confirming
    assert matches(WARD, "name", "inte")
    assert not matches(WARD, "name", "intr")
    assert not matches(WARD, "name", "intx")
    assert matches(WARD, "name", "icu")


def test_a_name_costs_few_terms() -> None:
    city = [one for one in index_of(resource(ADA)).terms if b".city\x1f" in one]
    assert len(city) == 3


@pytest.mark.parametrize("value", ["", "'", " - ", "."])
def test_a_search_for_no_letters_is_a_problem(value: str) -> None:
    assert faults("Patient", "name", value)


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("  Ada  May ", "ada may"),
        ("STRASSE", "strasse"),
        ("Straße", "strasse"),
        ("Łukasz", "łukasz"),
        ("Ａda", "ada"),  # noqa: RUF001 - a full-width letter
        ("a_b", "a b"),
        ("St. John's", "st johns"),
    ],
)
def test_normal_form_drops_what_people_write_differently(
    text: str, normal: str
) -> None:
    assert normalise(text) == normal


@pytest.mark.parametrize(
    ("held", "asked", "is_found"),
    [
        ("Łukasz", "Lukasz", True),
        ("Łukasz", "luk", True),
        ("Łukasz", "lu", True),
        ("Lukasz", "Łukasz", True),
        ("Świetlikówna-Łódzka", "lodzka", True),
        ("Søren", "Soren", True),
        ("Søren", "Seren", False),
        ("Ægir", "Aegir", True),
        ("Ægir", "aeg", True),
        ("Đorđević", "Djordjevic", False),
        ("Đorđević", "Dordevic", True),
        ("Þórdís", "Thordis", True),
        ("Yıldız", "Yildiz", True),  # noqa: RUF001 - that letter is meant
        ("Groß", "Gross", True),
        ("Wołodymyrowłowski-Łódź", "wolodymyrowlowski lodz", True),
        ("Wołodymyrowłowski-Łódź", "wolodymyrowlowski lots", False),
    ],
)
def test_a_name_is_found_as_an_english_keyboard_types_it(
    held: str,
    asked: str,
    is_found: bool,  # noqa: FBT001
) -> None:
    one = {"resourceType": "Patient", "name": [{"family": held, "given": ["x"]}]}
    assert matches(one, "family", asked) is is_found
    if len(asked) > len("abc"):
        assert matches(one, "family:contains", asked) is is_found
    # Places are written by the organisation itself
    place = {"resourceType": "Location", "name": "Łódź"}
    assert not matches(place, "name", "lodz")


def test_a_name_that_can_be_spelt_in_many_ways_costs_few_terms() -> None:
    [clause] = query("Patient", ("family", "oldhildolioldh")).clauses
    assert len(list(terms_in(query("Patient", ("family", "oldhildolioldh"))))) < 40
    assert len(clause.any_of) == 1
    assert spellings("oldhildolioldh")[0] == "oldhildolioldh"
    assert len(set(spellings("oldhildolioldh"))) == MOST_SPELLINGS


@given(st.text("ldołøđæaeþth ", max_size=12))
def test_every_spelling_of_a_name_is_the_same_name(name: str) -> None:
    assert {folded(one) for one in spellings(name)} == {folded(name)}
    assert spellings(name)[0] == name


letters = st.text("abÀç-' ", min_size=1, max_size=16)


@settings(max_examples=300, deadline=None)
@given(letters, letters)
def test_search_agrees_with_a_naive_reading(held: str, asked: str) -> None:
    wanted, found = normalise(asked), normalise(held)
    one = {"resourceType": "Patient", "name": [{"family": held, "given": ["x"]}]}
    place = {"resourceType": "Location", "name": held}
    if not wanted:
        assert faults("Patient", "family", asked)
        return
    words = found.split(" ")
    tails = [" ".join(words[at:]) for at in range(len(words))]
    if len(wanted) == 1:
        assert matches(one, "family", asked) is (wanted in tails)
        assert matches(place, "name", asked) is (found == wanted)
        return
    is_found = any(one.startswith(wanted) for one in tails)
    assert matches(one, "family", asked) is is_found
    assert matches(place, "name", asked) is found.startswith(wanted)
    assert matches(one, "family:exact", asked) is (held == asked)
