# SPDX-License-Identifier: Apache-2.0
"""What a resource refers to through a search parameter: for includes and links."""

from functools import cache

from wardkeep.base.ids import is_fhir_id
from wardkeep.fhir.model.definitions import is_resource_type
from wardkeep.fhir.model.resource import Resource
from wardkeep.fhir.search.extract import collector
from wardkeep.fhir.search.parameters import codes_of, search_parameter
from wardkeep.fhir.search.terms import Indexer, Range, SearchParameter

Target = tuple[str, str]
"""(type, id) of a resource of this server."""


def references_at(parameter: SearchParameter, resource: Resource) -> list[Target]:
    """In the order of the resource; nothing twice."""
    found: dict[Target, None] = {}
    for constraint, gather in _gatherers(parameter.resource_type, parameter.code):
        said: list[bytes] = []
        gather(resource.content, said, [])
        for reference in said:
            target = target_of(reference.decode())
            if target is not None and constraint in ("", target[0]):
                found[target] = None
    return list(found)


def target_of(reference: str) -> Target | None:
    """`Patient/x` and `Patient/x/_history/1`; None for what is elsewhere."""
    type_, _, id_ = reference.partition("/_history/")[0].partition("/")
    return (type_, id_) if is_resource_type(type_) and is_fhir_id(id_) else None


@cache
def _gatherers(resource_type: str, code: str) -> tuple[tuple[str, Indexer], ...]:
    parameter = search_parameter(resource_type, code)
    if parameter is None:
        return ()
    return tuple(
        (path.constraint, collector([(path.steps, _gather)]))
        for path in parameter.paths
        if path.type.startswith("Reference")
    )


def _gather(node: dict[str, object], terms: list[bytes], _: list[Range]) -> None:
    reference = node.get("reference")
    if isinstance(reference, str):
        terms.append(reference.encode())


@cache
def reference_parameters(resource_type: str) -> tuple[SearchParameter, ...]:
    """Every parameter of a type that follows references."""
    found = [search_parameter(resource_type, code) for code in codes_of(resource_type)]
    return tuple(
        one
        for one in found
        if one is not None and one.type == "reference" and one.paths
    )
