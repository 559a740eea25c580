# SPDX-License-Identifier: Apache-2.0
"""Hierarchies and value sets: HL7's own, and those that somebody stores."""

import json

import pytest

from wardkeep.fhir.model.definitions import definitions
from wardkeep.fhir.model.terminology import (
    CodeSystem,
    Composed,
    Terminology,
    ValueSet,
    code_system_in,
    hl7s_own,
    kin_of,
    value_set_in,
)

CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
ROLE_CODE = "http://terminology.hl7.org/CodeSystem/v3-RoleCode"
RAINBOW = CodeSystem(
    codes=("colour", "red", "rose", "blue", "teal", "green"),
    parents={
        "red": ("colour",),
        "rose": ("red",),
        "blue": ("colour",),
        "green": ("colour",),
        "teal": ("blue", "green"),
    },
)
KNOWN = Terminology(
    {"urn:rainbow": RAINBOW},
    {
        "urn:set:warm": ValueSet((Composed(system="urn:rainbow", codes=("red",)),)),
        "urn:set:all": ValueSet((Composed(system="urn:rainbow"),)),
    },
)


def pairs(*codes: str) -> frozenset[tuple[str, str]]:
    return frozenset(("urn:rainbow", code) for code in codes)


def expanded(*include: Composed, exclude: tuple[Composed, ...] = ()) -> object:
    here = {"urn:set:here": ValueSet(include, exclude)}
    return KNOWN.with_these(Terminology({}, here)).expand("urn:set:here")


def test_a_code_stands_below_each_of_its_parents() -> None:
    assert RAINBOW.descendants("blue") == {"blue", "teal"}
    assert RAINBOW.descendants("green") == {"green", "teal"}
    assert RAINBOW.ancestors("teal") == {"teal", "blue", "green", "colour"}


def test_a_circle_of_codes_ends() -> None:
    circle = CodeSystem(("a", "b"), {"a": ("b",), "b": ("a",)})
    assert circle.descendants("a") == circle.ancestors("a") == {"a", "b"}


@pytest.mark.parametrize(
    ("operation", "left"),
    [
        ("is-a", ("red", "rose")),
        ("descendent-of", ("rose",)),
        ("is-not-a", ("colour", "blue", "teal", "green")),
    ],
)
def test_filters_follow_the_hierarchy(operation: str, left: tuple[str, ...]) -> None:
    one = Composed(system="urn:rainbow", filters=(("concept", operation, "red"),))
    assert expanded(one) == pairs(*left)


def test_a_filter_that_is_not_known_lists_nothing() -> None:
    for filters in ((("concept", "regex", "r.*"),), (("parent", "=", "red"),)):
        assert expanded(Composed(system="urn:rainbow", filters=filters)) is None


def test_sets_are_joined_cut_and_taken_away() -> None:
    both = Composed(system="urn:rainbow", value_sets=("urn:set:warm",))
    assert expanded(both) == pairs("red")
    everything = Composed(value_sets=("urn:set:all|1.0",))
    without_red = (Composed(value_sets=("urn:set:warm",)),)
    assert expanded(everything, exclude=without_red) == pairs(
        "colour", "rose", "blue", "teal", "green"
    )


def test_a_set_within_itself_or_of_unknown_codes_lists_nothing() -> None:
    assert expanded(Composed(value_sets=("urn:set:here",))) is None
    assert expanded(Composed(system="http://snomed.info/sct")) is None
    assert expanded(Composed(value_sets=("urn:set:nowhere",))) is None


def test_hl7s_hierarchies_are_those_of_the_specification() -> None:
    clinical = hl7s_own().systems[CLINICAL]
    assert clinical.descendants("active") == {"active", "recurrence", "relapse"}
    assert clinical.descendants("inactive") == {"inactive", "remission", "resolved"}


def test_a_v3_code_with_several_parents_is_below_each() -> None:
    """NIENEXT names `child` codes that are nested elsewhere (v3-RoleCode)."""
    system = hl7s_own().systems[ROLE_CODE]
    several = {code: found for code, found in system.parents.items() if len(found) > 1}
    assert several
    for code, parents in several.items():
        assert all(code in system.descendants(parent) for parent in parents)


def test_the_value_sets_of_required_bindings_come_to_the_same_codes() -> None:
    """Compiled twice from the same package, by two ways."""
    different = []
    for name, listed in definitions().value_sets.items():
        urls = [
            f"{base}/ValueSet/{name}"
            for base in ("http://hl7.org/fhir", "http://terminology.hl7.org")
        ]
        [url] = [one for one in urls if hl7s_own().value_set(one) is not None]
        if hl7s_own().expand(url) != frozenset(map(tuple, listed)):
            different.append(name)
    assert not different


def test_most_of_hl7s_value_sets_can_be_listed() -> None:
    own = hl7s_own()
    listed = [url for url in own.value_sets if own.expand(url) is not None]
    assert (len(own.value_sets), len(listed)) == (1316, 1209)


def test_kin_without_a_system_is_looked_for_in_every_system() -> None:
    found = kin_of(KNOWN, None, "RED", is_below=True)
    assert found == pairs("red", "rose")
    assert kin_of(KNOWN, "urn:rainbow", "rose", is_below=False) == pairs(
        "rose", "red", "colour"
    )
    assert kin_of(KNOWN, "http://snomed.info/sct", "1", is_below=True) is None
    assert kin_of(KNOWN, "urn:rainbow", "beige", is_below=True) is None


def test_a_stored_code_system_is_read_with_its_nesting() -> None:
    stored = {
        "resourceType": "CodeSystem",
        "url": "urn:s",
        "content": "complete",
        "concept": [{"code": "a", "concept": [{"code": "b"}]}, {"code": "c"}],
    }
    found = code_system_in(json.dumps(stored).encode())
    assert found is not None
    url, system = found
    assert (url, system.codes) == ("urn:s", ("a", "b", "c"))
    assert system.descendants("a") == {"a", "b"}


@pytest.mark.parametrize("content", ["fragment", "example", "not-present"])
def test_a_code_system_without_all_its_codes_is_not_used(content: str) -> None:
    stored = {"resourceType": "CodeSystem", "url": "urn:s", "content": content}
    assert code_system_in(json.dumps(stored).encode()) is None


def test_codes_that_are_parts_are_not_kinds() -> None:
    stored = {
        "resourceType": "CodeSystem",
        "url": "urn:s",
        "content": "complete",
        "hierarchyMeaning": "part-of",
        "concept": [{"code": "a", "concept": [{"code": "b"}]}],
    }
    found = code_system_in(json.dumps(stored).encode())
    assert found is not None
    assert found[1].descendants("a") == {"a"}


def test_a_set_without_a_composition_is_as_large_as_its_expansion() -> None:
    stored = {
        "resourceType": "ValueSet",
        "url": "urn:v",
        "expansion": {
            "contains": [
                {
                    "system": "urn:s",
                    "code": "group",
                    "abstract": True,
                    "contains": [{"system": "urn:s", "code": "a"}],
                },
                {"system": "urn:t", "code": "b"},
            ]
        },
    }
    url, value_set = value_set_in(json.dumps(stored).encode())
    known = Terminology({}, {url: value_set})
    assert known.expand("urn:v") == frozenset({("urn:s", "a"), ("urn:t", "b")})
