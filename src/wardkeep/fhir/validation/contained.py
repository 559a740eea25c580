# SPDX-License-Identifier: Apache-2.0
"""Contained resources: a `#id` leads to one of them, and they contain no others.

Source: https://hl7.org/fhir/R4/references.html#contained and the invariant dom-2.
"""

import re
from collections.abc import Iterator

from wardkeep.base.outcome import Problem
from wardkeep.fhir.model.resource import Resource

_LOCAL = re.compile(rb'"reference":"#([^"]*)"')
"""In compact JSON this can only be a member: a string's own marks are escaped."""
_CONTAINED, _CARRIED = b'"contained":[', b'"resource":{'


def is_surely_right(resource: Resource) -> bool:
    """The quick answer, from the text; no is not final."""
    compact = resource.compact
    wanted = set(_LOCAL.findall(compact)) if b'"reference":"#' in compact else set()
    inner = compact.count(_CONTAINED)
    if not wanted and not inner:
        return True
    found = resource.content.get("contained")
    if _CARRIED in compact or inner != 1 or not isinstance(found, list):
        return False  # resources within resources, each with contained ones
    ids = {one["id"].encode() for one in found if "id" in one}
    return wanted <= ids | {b""}


def problems_in(type_name: str, content: dict[str, object]) -> tuple[Problem, ...]:
    return tuple(_in_resource(content, type_name))


def _in_resource(content: dict[str, object], place: str) -> Iterator[Problem]:
    contained = content.get("contained")
    inner = contained if isinstance(contained, list) else []
    ids = {one.get("id") for one in inner if isinstance(one, dict)}
    for position, one in enumerate(inner):
        if isinstance(one, dict) and "contained" in one:
            yield Problem(
                place=f"{place}.contained[{position}]",
                wrong="a contained resource contains another (dom-2)",
                mend="Contain both in the outermost resource.",
            )
    for where, reference in _references(content, place):
        if reference != "#" and reference[1:] not in ids:
            yield Problem(
                place=where,
                wrong="it points to a contained resource that is not there",
                mend="Contain it, or point elsewhere.",
            )
    yield from _nested(content, place)


def _references(node: object, place: str) -> Iterator[tuple[str, str]]:
    """Local references of this resource, not of resources that a bundle carries."""
    if isinstance(node, list):
        for position, one in enumerate(node):
            yield from _references(one, f"{place}[{position}]")
    elif isinstance(node, dict):
        for key, value in node.items():
            if key == "reference" and isinstance(value, str) and value[:1] == "#":
                yield f"{place}.reference", value
            elif not _is_carried(key, value):
                yield from _references(value, f"{place}.{key}")


def _is_carried(key: str, value: object) -> bool:
    """Whether this is the resource of a Bundle's entry or of Parameters."""
    return key == "resource" and isinstance(value, dict) and "resourceType" in value


def _nested(node: object, place: str) -> Iterator[Problem]:
    if isinstance(node, list):
        for position, one in enumerate(node):
            yield from _nested(one, f"{place}[{position}]")
    elif isinstance(node, dict):
        for key, value in node.items():
            here = f"{place}.{key}"
            if isinstance(value, dict) and _is_carried(key, value):
                yield from _in_resource(value, here)
            else:
                yield from _nested(value, here)
