# SPDX-License-Identifier: Apache-2.0
"""FHIRPath Patch beyond HL7's cases: companions, lists, hostile patches."""

from typing import Any

import pytest
from hypothesis import given, strategies as st

from wardkeep.base.outcome import Problem
from wardkeep.fhir.patch import apply_fhirpath_patch

Json = dict[str, Any]
NOTE = {"extension": [{"url": "http://example.org/said", "valueString": "by phone"}]}


def patch(*operations: Json) -> Json:
    return {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "operation", "part": [part(*one) for one in operation.items()]}
            for operation in operations
        ],
    }


def part(name: str, value: Any) -> Json:
    if isinstance(value, dict):
        return {"name": name, **value}
    kinds = {"index": "Integer", "source": "Integer", "destination": "Integer"}
    return {"name": name, f"value{kinds.get(name, 'String')}": value}


def patient(**members: Any) -> Json:
    return {"resourceType": "Patient", "id": "a", **members}


def patched(before: Json, *operations: Json) -> Json:
    found = apply_fhirpath_patch(before, patch(*operations))
    assert not isinstance(found, Problem), found
    return found


def refused(before: Json, *operations: Json) -> str:
    found = apply_fhirpath_patch(before, patch(*operations))
    assert isinstance(found, Problem)
    return found.wrong


def test_a_value_that_is_only_an_extension_is_kept() -> None:
    value = {"_valueDate": NOTE}
    add = {"type": "add", "path": "Patient", "name": "birthDate", "value": value}
    assert patched(patient(), add) == patient(_birthDate=NOTE)


def test_a_value_and_its_extension_are_set_together() -> None:
    value = {"valueDate": "1931", "_valueDate": NOTE}
    replace = {"type": "replace", "path": "Patient.birthDate", "value": value}
    before = patient(_birthDate={"id": "old"})
    assert patched(before, replace) == patient(birthDate="1931", _birthDate=NOTE)


GIVEN = ["Ann", None, "May"]
COMPANIONS = [None, NOTE, {"id": "third"}]


@pytest.mark.parametrize(
    ("operation", "given", "companions"),
    [
        (
            {"type": "delete", "path": "Patient.name.given[0]"},
            [None, "May"],
            [NOTE, {"id": "third"}],
        ),
        (
            {"type": "delete", "path": "Patient.name.given[1]"},
            ["Ann", "May"],
            [None, {"id": "third"}],
        ),
        (
            {
                "type": "insert",
                "path": "Patient.name.given",
                "index": 0,
                "value": {"valueString": "Zoe"},
            },
            ["Zoe", "Ann", None, "May"],
            [None, None, NOTE, {"id": "third"}],
        ),
        (
            {
                "type": "move",
                "path": "Patient.name.given",
                "source": 1,
                "destination": 2,
            },
            ["Ann", "May", None],
            [None, {"id": "third"}, NOTE],
        ),
        (
            {
                "type": "replace",
                "path": "Patient.name.given[1]",
                "value": {"valueString": "Joy"},
            },
            ["Ann", "Joy", "May"],
            [None, None, {"id": "third"}],
        ),
        (
            {
                "type": "add",
                "path": "Patient.name",
                "name": "given",
                "value": {"valueString": "Zoe"},
            },
            ["Ann", None, "May", "Zoe"],
            [None, NOTE, {"id": "third"}, None],
        ),
    ],
    ids=["delete", "delete-without-value", "insert", "move", "replace", "add"],
)
def test_what_belongs_to_a_text_stays_beside_it(
    operation: Json, given: list[Any], companions: list[Any]
) -> None:
    before = patient(name=[{"given": GIVEN, "_given": COMPANIONS}])
    after = patched(before, operation)
    assert after == patient(name=[{"given": given, "_given": companions}])


def test_an_extension_is_added_to_a_text_that_has_none() -> None:
    add = {
        "type": "add",
        "path": "Patient.name.given[1]",
        "name": "extension",
        "value": {
            "part": [
                part("url", {"valueUri": "http://example.org/said"}),
                part("value", {"valueString": "by phone"}),
            ]
        },
    }
    after = patched(patient(name=[{"given": ["Ann", "May"]}]), add)
    assert after == patient(name=[{"given": ["Ann", "May"], "_given": [None, NOTE]}])


def test_deleting_a_texts_extension_leaves_the_others_in_their_places() -> None:
    before = patient(
        name=[{"given": ["Ann", "May"], "_given": [{"id": "x", **NOTE}, {"id": "y"}]}]
    )
    path = "Patient.name.given[0]"
    after = patched(
        before,
        {"type": "delete", "path": f"{path}.extension"},
        {"type": "delete", "path": f"{path}.id"},
    )
    assert after["name"] == [{"given": ["Ann", "May"], "_given": [None, {"id": "y"}]}]


def test_a_choice_is_not_added_beside_another_of_its_types() -> None:
    add = {
        "type": "add",
        "path": "Patient",
        "name": "deceased",
        "value": {"valueDateTime": "2020"},
    }
    before = patient(deceasedBoolean=True)
    assert "there already" in refused(before, add)


@pytest.mark.parametrize("type_", ["insert", "move"])
def test_indexes_that_could_be_of_several_lists_are_refused(type_: str) -> None:
    before = patient(name=[{"given": ["Ann", "May"]}, {"given": ["Annie", "Mae"]}])
    operation = {
        "type": type_,
        "path": "Patient.name.given",
        "index": 0,
        "source": 0,
        "destination": 1,
        "value": {"valueString": "Zoe"},
    }
    assert "several lists" in refused(before, operation)


def test_an_index_in_a_part_of_a_list_is_refused() -> None:
    before = patient(name=[{"use": "old", "text": "A"}, {"text": "B"}])
    operation = {
        "type": "insert",
        "path": "Patient.name.where(use = 'old')",
        "index": 0,
        "value": {"valueHumanName": {"text": "C"}},
    }
    assert "part of a list" in refused(before, operation)


@pytest.mark.parametrize(
    "path",
    [
        "Patient.name.given.extension('x').value.foo",
        "Patient.extension('x')",
        "Patient.active.extension",
        "Patient.name.exists()",
        "Patient.name.where(exists())",
        "Patient.name" + ".where(given" * 9 + ".exists()" + ")" * 9,
        "Patient.name.where(given = 'O\\'Hara')",
        "Patient." + "name." * 300 + "text",
        "Patient.contained.name",
        "Patient.name.first(",
        "Patient.name['x']",
        "",
        "Patient.managingOrganization.reference.id",
    ],
)
def test_odd_paths_are_answered(path: str) -> None:
    before = patient(
        active=True,
        name=[{"given": ["Ann"]}],
        extension=["no extension"],
        contained=[{"resourceType": "Nonsense"}],
        managingOrganization={"reference": "Organization/1"},
    )
    for type_ in ("add", "insert", "delete", "replace", "move"):
        operation = {"type": type_, "path": path, "value": {"valueString": "x"}}
        found = apply_fhirpath_patch(before, patch(operation))
        assert isinstance(found, dict | Problem)


_plain = st.none() | st.booleans() | st.integers(-2, 4) | st.sampled_from(["", "x"])
_values = st.recursive(
    _plain,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["name", "part", "valueString", "_valueString", "resource", "value"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)
_paths = st.lists(
    st.sampled_from(
        [
            "Patient",
            ".name",
            ".given",
            "[0]",
            "[1]",
            ".extension",
            ".where(given = 'Ann')",
            ".first()",
            ".value",
            ".contained",
            ".birthDate",
            ".active",
        ]
    ),
    max_size=5,
).map("".join)
_texts = st.sampled_from(
    ["add", "insert", "delete", "replace", "move", "name", "given"]
)


@given(
    st.lists(
        st.fixed_dictionaries(
            {},
            optional={
                "type": _texts | _values,
                "path": _paths | _values,
                "name": _texts | _values,
                "index": _values,
                "source": _values,
                "destination": _values,
                "value": _values,
            },
        ),
        max_size=4,
    ),
    _values,
)
def test_no_patch_raises(operations: list[Json], strange: Any) -> None:
    before = patient(
        birthDate="1931",
        name=[{"given": ["Ann", None], "_given": [None, {"id": "b"}]}],
        contained=[{"resourceType": "Organization", "name": "x"}],
    )
    sent = patch(*operations)
    sent["parameter"].append(strange)
    assert isinstance(apply_fhirpath_patch(before, sent), dict | Problem)
    sent["parameter"].pop()
    assert isinstance(apply_fhirpath_patch(before, sent), dict | Problem)
