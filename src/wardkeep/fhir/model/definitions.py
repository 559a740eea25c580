# SPDX-License-Identifier: Apache-2.0
"""HL7's definitions of FHIR R4, read from the compiled file beside this module.

The file is made by tools/compile_fhir.py; docs/decisions/0004-compiled-fhir.md says
what is in it. Reading it takes a few milliseconds, once a process.
"""

from functools import cache
from pathlib import Path
from typing import NamedTuple

import msgspec

_ARTEFACT = Path(__file__).with_name("definitions.json")

ANY_RESOURCE = "Resource"
"""The target of a reference or parameter that may point to every type."""


class Element(NamedTuple):
    """One element of a type, as the StructureDefinition's snapshot has it."""

    least: int
    most: int
    """The largest number of occurrences; 0 where there is no bound."""
    types: tuple[str, ...]
    """FHIR types; a reference carries its targets, as in `Reference(Group|Patient)`."""
    value_set: str = ""
    """The value set it must come from, where that set's codes can be listed."""

    @property
    def is_list(self) -> bool:
        return self.most != 1


class TypeDefinition(msgspec.Struct, frozen=True):
    """A resource type, data type, backbone element or primitive."""

    kind: str
    base: str = ""
    abstract: bool = False
    pattern: str = ""
    elements: dict[str, Element] = {}
    """The type's own elements; `elements_of` adds those it inherits."""


class Parameter(msgspec.Struct, frozen=True):
    """A search parameter as one resource type has it."""

    type: str
    expression: str = ""
    targets: tuple[str, ...] = ()
    components: tuple[tuple[str, str], ...] = ()
    """For composites: (code of the component's parameter, its FHIRPath)."""


class Definitions(msgspec.Struct, frozen=True):
    """Everything that was compiled."""

    types: dict[str, TypeDefinition]
    value_sets: dict[str, tuple[tuple[str, str], ...]]
    parameters: dict[str, dict[str, Parameter]]
    compartments: dict[str, dict[str, tuple[str, ...]]]
    summaries: dict[str, tuple[str, ...]]
    """Of each resource type the elements that `_summary=true` shows."""


@cache
def definitions() -> Definitions:
    return msgspec.json.decode(_ARTEFACT.read_bytes(), type=Definitions)


def is_resource_type(name: object) -> bool:
    """Whether this names a type of resource that can exist (not an abstract one)."""
    known = definitions().types.get(name) if isinstance(name, str) else None
    return known is not None and known.kind == "resource" and not known.abstract


@cache
def elements_of(type_name: str) -> dict[str, Element]:
    """All elements of a type, inherited ones first; names of choices end in `[x]`."""
    definition = definitions().types[type_name]
    inherited = elements_of(definition.base) if definition.base else {}
    return inherited | definition.elements


@cache
def parameters_of(resource_type: str) -> dict[str, Parameter]:
    """All search parameters of a resource type by code, inherited ones included."""
    found = definitions().parameters.get(resource_type, {})
    base = definitions().types[resource_type].base
    return parameters_of(base) | found if base else found


def choice_name(name: str, type_name: str) -> str:
    """`value[x]` and `CodeableConcept` make `valueCodeableConcept`."""
    bare = type_name.partition("(")[0]
    return name.removesuffix("[x]") + bare[0].upper() + bare[1:]


def targets_of(type_name: str) -> frozenset[str]:
    """The targets of `Reference(Group|Patient)`; empty where any will do."""
    _, _, listed = type_name.partition("(")
    return frozenset(listed.removesuffix(")").split("|")) if listed else frozenset()
