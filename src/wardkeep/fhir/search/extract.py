# SPDX-License-Identifier: Apache-2.0
"""Many paths through a resource walked at once, as one tree of functions.

The tree is made once a resource type. Walking costs time by the keys that a resource
has, not by the parameters that its type could have.
"""

from collections.abc import Iterable
from typing import Any

from wardkeep.fhir.search.path import Step
from wardkeep.fhir.search.terms import Indexer, Range

Way = tuple[tuple[Step, ...], Indexer]
"""Steps, and what is done with the values they lead to."""


def collector(ways: Iterable[Way]) -> Indexer:
    """One function that walks all the ways from a node."""
    here: list[Indexer] = []
    onward: dict[Step, list[Way]] = {}
    for steps, indexer in ways:
        if steps:
            onward.setdefault(steps[0], []).append((steps[1:], indexer))
        else:
            here.append(indexer)
    if onward:
        here.append(_descent(onward))
    return here[0] if len(here) == 1 else _each_of(tuple(here))


def _each_of(indexers: tuple[Indexer, ...]) -> Indexer:
    def index(value: Any, terms: list[bytes], ranges: list[Range]) -> None:
        for one in indexers:
            one(value, terms, ranges)

    return index


def _descent(onward: dict[Step, list[Way]]) -> Indexer:
    by_key: dict[str, list[Indexer]] = {}
    for step, ways in onward.items():
        by_key.setdefault(step.key, []).append(_along(step, collector(ways)))
    branches = {
        key: found[0] if len(found) == 1 else _each_of(tuple(found))
        for key, found in by_key.items()
    }

    def index(node: dict[str, Any], terms: list[bytes], ranges: list[Range]) -> None:
        for key, value in node.items():
            branch = branches.get(key)
            if branch is not None:
                branch(value, terms, ranges)

    return index


def _along(step: Step, indexer: Indexer) -> Indexer:
    if step.where is not None:
        return _filtered(step.where, indexer, is_list=step.is_list)
    if not step.is_list:
        return indexer

    def index_list(values: list[Any], terms: list[bytes], ranges: list[Range]) -> None:
        for value in values[:1] if step.only_first else values:
            if value is not None:
                indexer(value, terms, ranges)

    return index_list


def _filtered(where: tuple[str, str], indexer: Indexer, *, is_list: bool) -> Indexer:
    member, wanted = where
    _, is_extension, url = member.partition("extension:")

    def keeps(node: dict[str, Any]) -> bool:
        if is_extension:
            return any(one.get("url") == url for one in node.get("extension", ()))
        return bool(node.get(member) == wanted)

    def index(value: Any, terms: list[bytes], ranges: list[Range]) -> None:
        for node in value if is_list else (value,):
            if keeps(node):
                indexer(node, terms, ranges)

    return index
