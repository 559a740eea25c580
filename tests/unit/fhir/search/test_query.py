# SPDX-License-Identifier: Apache-2.0
"""Queries: "and" between parameters, "or" within one, and nothing is ever ignored."""

from typing import Any

import pytest
from hypothesis import given, strategies as st

from support.fhir_search import faults, matches, query, resource
from wardkeep.base.outcome import Problem
from wardkeep.base.plain_text import spellings
from wardkeep.fhir.model.definitions import parameters_of
from wardkeep.fhir.model.type_codes import type_names
from wardkeep.fhir.search import (
    Query,
    holds,
    identifier_term,
    index_of,
    parse_query,
    terms_in,
)
from wardkeep.fhir.search.terms import split, unescape

PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "p1",
    "identifier": [{"system": "http://x.org", "value": "N1"}],
    "name": [{"family": "Quillfeather"}],
    "gender": "female",
    "birthDate": "1970-02-28",
}


def test_parameters_are_joined_by_and_values_by_or() -> None:
    one = resource(PATIENT)
    asked = query("Patient", ("gender", "female,male"), ("birthdate", "1970"))
    assert holds(asked, one)
    assert not holds(query("Patient", ("gender", "female"), ("gender", "male")), one)
    assert not holds(query("Observation", ("status", "final")), one)
    assert holds(query("Patient"), one)


@pytest.mark.parametrize(
    ("type_name", "name", "value", "said"),
    [
        ("Patient", "colour", "red", "no such search parameter"),
        ("Patient", "Gender", "male", "no such search parameter"),
        ("Patient", "", "x", "no such search parameter"),
        ("Observation", "birthdate", "1970", "no such search parameter"),
        ("Patient", "gender:exact", "male", "no such modifier"),
        ("Patient", "gender:", "male", ""),
        ("Patient", "birthdate:not", "1970", "no such modifier"),
        ("Patient", "_id:not", "p1", "no such modifier"),
        ("Patient", "_id", "a b", "does not fit"),
        ("Observation", "code-value-quantity:not", "a$1", "no such modifier"),
        ("Patient", "gender:missing", "perhaps", "neither true nor false"),
        ("Patient", "gender.name", "x", "references only"),
        ("Observation", "subject:Practitioner.name", "x", "not refer to that type"),
        ("Observation", "subject.colour", "x", "no such search parameter"),
        ("Provenance", "target.name", "x", "refer to anything"),
        ("Patient", "_has:Observation:patient", "x", "cannot be read"),
        ("Patient", "_has:Observation:code:code", "x", "does not refer to Patient"),
        ("Organization", "partof." * 6 + "name", "x", "steps"),
        ("Patient", "_text", "x", "encrypted"),
        ("Patient", "_content", "x", "encrypted"),
        ("Patient", "_filter", "x", "filter language"),
        ("Location", "near", "1|2", "places"),
        ("Patient", "age", "5", "does not say"),
        ("Patient", "gender", "\ud800", "not text"),
        ("Patient", "_id", ",".join(["p"] + [f"p{n}" for n in range(2_001)]), "than"),
    ],
)
def test_what_is_not_served_is_refused_by_name(
    type_name: str, name: str, value: str, said: str
) -> None:
    if not said:
        assert matches(PATIENT, name, value) is False
        return
    assert said in faults(type_name, name, value)[0]


def test_every_problem_of_a_query_is_told_at_once() -> None:
    found = parse_query("Patient", [("a", "1"), ("gender", "male"), ("b", "2")])
    assert isinstance(found, tuple)
    assert [one.place for one in found if isinstance(one, Problem)] == ["a", "b"]


def test_a_query_names_a_type_and_has_a_bounded_number_of_parameters() -> None:
    assert isinstance(parse_query("Nothing", []), tuple)
    assert isinstance(parse_query("Patient", [("gender", "male")] * 51), tuple)


def test_an_odd_name_is_not_repeated() -> None:
    found = parse_query("Patient", [("<b>Quillfeather", "1")])
    assert "Quillfeather" not in str(found)


def test_the_terms_of_a_query_are_those_that_are_indexed() -> None:
    asked = query(
        "Patient",
        ("identifier", "http://x.org|n1"),
        ("family", "quil"),
        ("family:exact", "Quillfeather"),
        ("deceased", "false"),
        ("_id", "p1"),
    )
    wanted, held = set(terms_in(asked)), set(index_of(resource(PATIENT)).terms)
    assert identifier_term("Patient", "http://x.org", "N1") in wanted & held
    assert len(wanted) == 3 + len(spellings("quil"))
    assert len(wanted & held) == 3
    pair = query("Observation", ("combo-code-value-quantity", "a$1||mg"))
    assert len(set(terms_in(pair))) == 4
    loose = query("Location", ("name", "ward"))
    assert all(b"\x1fp\x1fwar" in one for one in terms_in(loose))


def test_every_parameter_of_r4_is_served_or_refused_by_name() -> None:
    samples = {
        "token": "a|b",
        "string": "abc",
        "date": "2021",
        "reference": "Patient/1",
        "quantity": "1||mg",
        "number": "1",
        "uri": "http://x.org",
    }
    refused = set()
    for type_name in type_names():
        for code, one in parameters_of(type_name).items():
            if one.type == "composite":
                continue
            value = "p1" if code == "_id" else samples.get(one.type, "x")
            if not isinstance(parse_query(type_name, [(code, value)]), Query):
                refused.add(code)
    assert refused == {
        *("_content", "_text", "_query", "near"),
        *("age", "birthOrderBoolean"),
    }


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a,b", ["a", "b"]),
        (r"a\,b,c", [r"a\,b", "c"]),
        ("", [""]),
        (",", ["", ""]),
        ("a\\", ["a\\"]),
    ],
)
def test_escaped_separators_do_not_split(text: str, parts: list[str]) -> None:
    assert split(text, ",") == parts


def test_a_split_can_be_limited() -> None:
    assert split("a|b|c", "|", most=1) == ["a", "b|c"]


@pytest.mark.parametrize(
    ("text", "plain"),
    [("a", "a"), (r"a\,b\|c\$d\\e", r"a,b|c$d\e"), (r"a\n", r"a\n"), ("a\\", "a\\")],
)
def test_escapes_are_taken_off(text: str, plain: str) -> None:
    assert unescape(text) == plain


names = st.sampled_from(sorted(parameters_of("Observation"))) | st.text(max_size=9)
modifiers = st.sampled_from(["", ":not", ":exact", ":Patient", ":below", ":x"])


@given(st.lists(st.tuples(names, modifiers, st.text(max_size=12)), max_size=3))
def test_no_query_whatever_raises(asked: list[tuple[str, str, str]]) -> None:
    pairs = [(name + modifier, value) for name, modifier, value in asked]
    found = parse_query("Observation", pairs)
    assert isinstance(found, Query | tuple)
    if isinstance(found, Query):
        assert all(isinstance(one, bytes) for one in terms_in(found))
