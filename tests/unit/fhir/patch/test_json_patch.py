# SPDX-License-Identifier: Apache-2.0
"""JSON Patch beyond HL7's cases: what a hostile patch may not do."""

from typing import Any

from hypothesis import given, strategies as st

from wardkeep.base.outcome import Problem
from wardkeep.fhir.model.strict_json import MOST_LEVELS
from wardkeep.fhir.patch import apply_json_patch


def refused(before: dict[str, Any], *operations: dict[str, Any]) -> str:
    found = apply_json_patch(before, list(operations))
    assert isinstance(found, Problem)
    return found.wrong


def test_copies_do_not_double_a_document_without_end() -> None:
    copy = {"op": "copy", "from": "/a", "path": "/a/-"}
    assert "copies and moves too much" in refused({"a": [1]}, *[copy] * 64)


def test_copies_of_long_texts_count_by_their_characters() -> None:
    copy = {"op": "copy", "from": "/a", "path": "/b/-"}
    before = {"a": "x" * 1_000_000, "b": []}
    assert "copies and moves too much" in refused(before, *[copy] * 20)


def test_moves_of_large_values_end() -> None:
    there = {"op": "move", "from": "/a", "path": "/b"}
    back = {"op": "move", "from": "/b", "path": "/a"}
    wrong = refused({"a": [0] * 100_000}, *[there, back] * 20)
    assert "copies and moves too much" in wrong


def test_nothing_is_nested_deeper_than_may_come_in_at_once() -> None:
    grow = [
        {"op": "add", "path": "/a" * level, "value": {"a": {}}}
        for level in range(1, MOST_LEVELS + 2)
    ]
    assert "nests deeper" in refused({}, *grow)


def test_moves_do_not_nest_deeper_either() -> None:
    inner: Any = {}
    for _ in range(MOST_LEVELS // 2):
        inner = {"a": inner}
    place = "/a" * (MOST_LEVELS // 2)
    move = {"op": "move", "from": "/b", "path": f"{place}/b"}
    assert "nests deeper" in refused({"a": inner, "b": inner}, move)


OPERATIONS = ["add", "remove", "replace", "move", "copy", "test"]
_values = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 4) | st.sampled_from(["", "a"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from("ab-0"), inner, max_size=3)
    ),
    max_leaves=6,
)
_pointers = st.lists(st.sampled_from(["a", "b", "-", "0", "~0", "~"]), max_size=4).map(
    lambda parts: "".join(f"/{part}" for part in parts)
)


@given(
    st.dictionaries(st.sampled_from("ab"), _values),
    st.lists(
        st.fixed_dictionaries(
            {
                "op": st.sampled_from(
                    ["add", "remove", "replace", "move", "copy", "test"]
                )
            },
            optional={
                "path": _pointers | _values,
                "from": _pointers | _values,
                "value": _values,
            },
        )
        | _values,
        max_size=5,
    ),
)
def test_no_patch_raises_or_changes_what_it_was_given(
    before: dict[str, Any], operations: list[Any]
) -> None:
    was = repr(before)
    assert isinstance(apply_json_patch(before, operations), dict | Problem)
    assert repr(before) == was
