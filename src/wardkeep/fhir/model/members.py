# SPDX-License-Identifier: Apache-2.0
"""The JSON keys that an object of a FHIR type may have, choices written out.

`Observation.value[x]` becomes `valueQuantity`, `valueString` and so on: see
https://hl7.org/fhir/R4/json.html.
"""

from functools import cache
from typing import NamedTuple

from wardkeep.fhir.model.definitions import (
    Element,
    choice_name,
    definitions,
    elements_of,
)


class Member(NamedTuple):
    """What stands under one JSON key."""

    name: str
    """The element's name as in FHIRPath: `value` for `valueQuantity`."""
    type: str
    element: Element

    @property
    def is_primitive(self) -> bool:
        return is_primitive(self.type)


def is_primitive(type_name: str) -> bool:
    known = definitions().types.get(type_name)
    return known is not None and known.kind == "primitive"


@cache
def members_of(type_name: str) -> dict[str, Member]:
    """By JSON key; the `_name` companions of primitives are not listed."""
    found: dict[str, Member] = {}
    for name, element in elements_of(type_name.partition("(")[0]).items():
        bare = name.removesuffix("[x]")
        for one in element.types:
            key = choice_name(name, one) if name.endswith("[x]") else name
            found[key] = Member(bare, one, element)
    return found


@cache
def choices_of(type_name: str) -> dict[str, frozenset[str]]:
    """For each choice of the type, its JSON keys (companions as well)."""
    keys: dict[str, set[str]] = {}
    for key, member in members_of(type_name).items():
        if key != member.name:
            keys.setdefault(member.name, set()).update((key, f"_{key}"))
    return {name: frozenset(group) for name, group in keys.items()}


@cache
def required_of(type_name: str) -> dict[str, frozenset[str]]:
    """For each element that must be there, the JSON keys that satisfy it."""
    keys: dict[str, set[str]] = {}
    for key, member in members_of(type_name).items():
        if member.element.least:
            keys.setdefault(member.name, set()).update((key, f"_{key}"))
    return {name: frozenset(group) for name, group in keys.items()}
