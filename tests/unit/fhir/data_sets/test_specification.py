# SPDX-License-Identifier: Apache-2.0
"""The file of a data set: what ships is whole, and what is not is told by its place."""

from importlib.resources import files

import pytest

from wardkeep.disclosure.data_sets import AS_FILES, DATA_SETS
from wardkeep.fhir.data_sets.specification import (
    MISSING,
    UNKNOWN,
    SpecificationError,
    read_specification,
    specification,
)

SHIPPED = (files("wardkeep.fhir.data_sets") / "mhsds/v6.toml").read_text("utf-8")
MANDATORY = {"MHS000Header", "MHS001MPI", "MHS002GP", "MHS101Referral"}


def test_every_data_set_that_people_agree_on_has_its_file() -> None:
    for name in AS_FILES:
        known = DATA_SETS[name]
        found = specification(name)
        assert (found.title, found.version) == (known.title, known.version)
        assert {one.name for one in found.table} >= MANDATORY


def test_tables_and_items_are_numbered_once() -> None:
    found = specification("mhsds")
    uids = [column.uid for table in found.table for column in table.columns]
    assert len(uids) == len(set(uids))
    for table in found.table:
        number = table.name[3:6]
        assert all(one.uid.startswith(f"M{number}") for one in table.columns)


def test_no_column_takes_free_words() -> None:
    """What people write in their own words is no fact that any column asks for."""
    asked = {
        column.fact
        for table in specification("mhsds").table
        for column in table.columns
    }
    assert not asked & {"name", "address", "words", "note", "why", "others", "text"}


def test_codes_that_nobody_held_against_a_publication_say_so() -> None:
    assert {one.checked for one in specification("mhsds").codes} == {""}


@pytest.mark.parametrize(
    ("there", "instead", "place"),
    [
        ('codes = "gender"', 'codes = "colour"', "MHS001MPI.Gender"),
        ('within = "contact"', 'within = "kontakt"', "MHS202CareActivity"),
        ('column = "EthnicCategory"', 'column = "Ethnic"', "no-ethnic-category"),
        (', from = "team_type", required = true', ", required = true", "MHS902"),
    ],
)
def test_a_file_that_names_nothing_is_refused_by_its_place(
    there: str, instead: str, place: str
) -> None:
    assert there in SHIPPED
    with pytest.raises(SpecificationError, match=place):
        read_specification(SHIPPED.replace(there, instead).encode())


def test_a_file_with_a_word_too_many_is_refused() -> None:
    with pytest.raises(SpecificationError, match="cannot be read"):
        read_specification(SHIPPED.replace("most = 20", "longest = 20").encode())


def test_a_rule_counts_in_words() -> None:
    found = specification("mhsds")
    table = found.of_source("patient")
    column = next(one for one in table.columns if one.name == "EthnicCategory")
    rule = found.rule_for(table, column, MISSING)
    assert found.words(rule, 12) == "12 patients have no ethnic category"
    assert found.words(rule, 1) == "1 patient has no ethnic category"


def test_what_no_rule_names_is_said_plainly_and_found_again() -> None:
    found = specification("mhsds")
    table = found.of_source("contact")
    column = next(one for one in table.columns if one.name == "AttendStatus")
    rule = found.rule_for(table, column, UNKNOWN)
    words = "2 contacts lack the data set’s code for attendance status"
    assert found.words(rule, 2) == words
    assert found.rule_named(rule.code) == rule
    for gone in ("MHS999.Gone.missing", "no-such-rule", ""):
        assert found.rule_named(gone) is None
