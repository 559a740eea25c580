# SPDX-License-Identifier: Apache-2.0
"""Token search: codes with and without their system, identifiers, yes and no."""

from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from support.fhir_search import faults, matches, query, resource
from wardkeep.fhir.search import HasTerm, LacksTerm, index_of

LOINC = "http://loinc.org"


def observation(**members: Any) -> dict[str, Any]:
    status = {"resourceType": "Observation", "id": "o1", "status": "final"}
    return status | {"code": {"text": "x"}} | members


def coded(*codings: dict[str, str]) -> dict[str, Any]:
    return observation(code={"coding": list(codings)})


PULSE = coded({"system": LOINC, "code": "8867-4"}, {"code": "local"})
PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "p1",
    "active": True,
    "identifier": [
        {
            "system": "https://fhir.nhs.uk/Id/nhs-number",
            "value": "9990000018",
            "type": {"coding": [{"system": "http://x.org/t", "code": "NH"}]},
        },
        {"value": "A|B,C"},
    ],
    "telecom": [
        {"system": "phone", "value": "01632 960001"},
        {"system": "email", "value": "ada@example.org"},
    ],
}


@pytest.mark.parametrize(
    ("value", "is_found"),
    [
        ("8867-4", True),
        (f"{LOINC}|8867-4", True),
        (f"{LOINC}|", True),
        ("|8867-4", False),
        ("|local", True),
        ("local", True),
        ("LOCAL", True),
        ("http://other.org|8867-4", False),
        ("http://other.org|", False),
        ("8867", False),
        ("other,8867-4", True),
        ("other,another", False),
    ],
)
def test_codes_are_found_in_every_form(value: str, is_found: bool) -> None:  # noqa: FBT001
    assert matches(PULSE, "code", value) is is_found
    assert matches(PULSE, "combo-code", value) is is_found
    assert matches(PULSE, "code:not", value) is not is_found


@pytest.mark.parametrize(
    ("name", "value", "is_found"),
    [
        ("identifier", "9990000018", True),
        ("identifier", "https://fhir.nhs.uk/Id/nhs-number|9990000018", True),
        ("identifier", "https://fhir.nhs.uk/Id/nhs-number|", True),
        ("identifier", r"A\|B\,C", True),
        ("identifier", r"|A\|B\,C", True),
        ("identifier", r"A\|B", False),
        ("identifier:of-type", "http://x.org/t|NH|9990000018", True),
        ("identifier:of-type", "http://x.org/t|NH|9990000026", False),
        ("active", "true", True),
        ("active", "false", False),
        ("telecom", "01632 960001", True),
        ("telecom", "phone|01632 960001", True),
        ("phone", "01632 960001", True),
        ("phone", "ada@example.org", False),
        ("email", "ADA@example.org", True),
        ("email", "email|ada@example.org", True),
        ("email", "phone|01632 960001", False),
        ("deceased", "false", True),
        ("deceased", "true", False),
        ("_id", "p1", True),
        ("_id", "p2,p1", True),
        ("_id", "p2", False),
    ],
)
def test_patients_are_found_by_tokens(name: str, value: str, is_found: bool) -> None:  # noqa: FBT001
    assert matches(PATIENT, name, value) is is_found


@pytest.mark.parametrize(
    ("died", "true", "false"),
    [
        ({"deceasedBoolean": True}, True, False),
        ({"deceasedBoolean": False}, False, True),
        ({"deceasedDateTime": "2021"}, True, False),
    ],
)
def test_who_died_is_asked_in_either_form(
    died: dict[str, Any],
    true: bool,  # noqa: FBT001
    false: bool,  # noqa: FBT001
) -> None:
    assert matches(PATIENT | died, "deceased", "true") is true
    assert matches(PATIENT | died, "deceased", "false") is false
    assert not matches(PATIENT | died, "deceased", "perhaps")


def test_codes_of_a_fixed_set_have_their_system_implied() -> None:
    one = observation()
    assert matches(one, "status", "final")
    assert matches(one, "status", "http://hl7.org/fhir/observation-status|final")
    assert not matches(one, "status", "amended")


def test_tags_are_found_on_every_type() -> None:
    one = observation(meta={"tag": [{"system": "http://x.org", "code": "t"}]})
    assert matches(one, "_tag", "http://x.org|t")


@pytest.mark.parametrize("value", ["", "|", "||", ","])
def test_an_empty_token_is_a_problem(value: str) -> None:
    assert faults("Observation", "code", value)


@pytest.mark.parametrize("value", ["a|b", "a||c", "|b|c", "9990000018"])
def test_of_type_wants_three_parts(value: str) -> None:
    assert faults("Patient", "identifier:of-type", value)


def test_of_type_is_for_identifiers_only() -> None:
    assert faults("Observation", "code:of-type", "a|b|c")


def test_a_systems_end_cannot_pass_for_a_codes_start() -> None:
    one = coded({"system": "http://a", "code": "b|c"})
    other = coded({"system": "http://a|b", "code": "c"})
    assert not set(index_of(resource(one)).terms) & {
        term for term in index_of(resource(other)).terms if b"\x1fs\x1f" in term
    }


def test_a_very_long_code_becomes_a_short_term_and_is_still_found() -> None:
    code = "long" * 1_000
    one = coded({"system": LOINC, "code": code})
    assert max(map(len, index_of(resource(one)).terms)) < 200
    assert matches(one, "code", code)
    assert not matches(one, "code", code + "r")
    asked = query("Observation", ("code", code)).clauses[0].any_of[0]
    assert isinstance(asked, HasTerm)


def test_living_patients_are_asked_for_by_what_they_lack() -> None:
    (match,) = query("Patient", ("deceased", "false")).clauses[0].any_of
    assert isinstance(match, LacksTerm)


def test_a_coding_without_a_code_is_found_by_its_system() -> None:
    one = coded({"system": LOINC, "display": "x"}, {"display": "y"})
    assert matches(one, "code", f"{LOINC}|")


systems = st.sampled_from([None, "http://a", "http://b"])
codes = st.sampled_from(["1", "2", "x", "X"])


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.tuples(systems, codes), min_size=1, max_size=3),
    st.lists(
        st.tuples(st.sampled_from(["", "|"]) | systems, codes), min_size=1, max_size=3
    ),
    st.booleans(),
)
def test_search_agrees_with_a_naive_reading_of_the_specification(
    held: list[tuple[str | None, str]],
    asked: list[tuple[str | None, str]],
    is_negated: bool,  # noqa: FBT001 - drawn by hypothesis
) -> None:
    """`asked` holds (system, code); None: any system; "" or "|": no system."""
    codings = [
        {"code": code} | ({"system": system} if system else {}) for system, code in held
    ]

    def agrees(system: str | None, code: str) -> bool:
        return any(
            code.lower() == one.lower()
            and (system is None or (system.strip("|") or None) == of)
            for of, one in held
        )

    texts = [
        code if system is None else f"{system.strip('|')}|{code}"
        for system, code in asked
    ]
    expected = any(agrees(system, code) for system, code in asked) != is_negated
    name = "code:not" if is_negated else "code"
    assert matches(coded(*codings), name, ",".join(texts)) is expected
