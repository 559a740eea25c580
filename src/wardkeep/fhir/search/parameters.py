# SPDX-License-Identifier: Apache-2.0
"""The search parameters of each resource type, compiled when first asked for.

A new type of parameter is a file in `params` and a line in `_TYPES`.
"""

from functools import cache

from wardkeep.fhir.model.definitions import Parameter, parameters_of
from wardkeep.fhir.search.params import (
    composite,
    date,
    number,
    quantity,
    reference,
    string,
    token,
    uri,
)
from wardkeep.fhir.search.path import Path, UnknownPathError, paths_of
from wardkeep.fhir.search.terms import Composition, ParameterType, SearchParameter

_TYPES = (
    token.TYPE,
    string.TYPE,
    reference.TYPE,
    date.TYPE,
    quantity.TYPE,
    number.TYPE,
    uri.TYPE,
)
TYPES: dict[str, ParameterType] = {one.name: one for one in _TYPES}
COMPOSITE = "composite"


@cache
def search_parameter(resource_type: str, code: str) -> SearchParameter | None:
    """The parameter; without paths where it exists but cannot be served."""
    found = parameters_of(resource_type).get(code)
    if found is None:
        return None
    if found.type == COMPOSITE:
        compositions = _compositions(resource_type, found)
        return SearchParameter(resource_type, code, found.type, components=compositions)
    paths = paths_of(found.expression, base=resource_type) if found.expression else ()
    return SearchParameter(
        resource_type, code, found.type, _indexed(found.type, paths), found.targets
    )


def _indexed(type_name: str, paths: tuple[Path, ...]) -> tuple[Path, ...]:
    """Of the paths, those that lead to values which this type can index."""
    kind = TYPES.get(type_name)
    if kind is None:
        return ()
    spread = [one for path in paths for one in kind.spread(path)]
    found = [path for path in spread if kind.indexer(path) is not None]
    return tuple(dict.fromkeys(found))


def _compositions(resource_type: str, found: Parameter) -> tuple[Composition, ...]:
    known = parameters_of(resource_type)
    compositions = []
    for base in paths_of(found.expression, base=resource_type):
        try:
            parts = tuple(
                _part(base, code, known[code], expression)
                for code, expression in found.components
            )
        except UnknownPathError:
            return ()  # %resource: a part that stands elsewhere
        composition = Composition(base, parts)
        if not composite.is_served(composition):
            return ()
        compositions.append(composition)
    return tuple(compositions)


def _part(
    base: Path, code: str, definition: Parameter, expression: str
) -> SearchParameter:
    below = paths_of(expression, base=base.type)
    paths = tuple(
        path._replace(
            element=base.element + path.element.removeprefix(base.type),
            steps=base.steps + path.steps,
        )
        for path in below
    )
    return SearchParameter(
        base.element.split(".")[0],
        code,
        definition.type,
        _indexed(definition.type, paths),
        definition.targets,
    )


def codes_of(resource_type: str) -> tuple[str, ...]:
    return tuple(parameters_of(resource_type))
