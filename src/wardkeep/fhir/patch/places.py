# SPDX-License-Identifier: Apache-2.0
"""Places in a resource, found by the simple FHIRPath that patches use.

https://hl7.org/fhir/R4/fhirpatch.html: names, indexes, `where` with comparisons,
`first`, `last`, `extension` and casts. A place knows what holds it, so that it can be
replaced, and which type the definitions give it.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from wardkeep.fhir.model.members import members_of

Json = dict[str, Any]


class Place(NamedTuple):
    """A value and where it stands."""

    holder: Any
    """The object or list that has it."""
    key: Any
    type: str
    """FHIR's name of its type; empty where the definitions do not say."""
    owner: Json
    """The object whose member it is, or whose list's."""
    member: str
    """The member's JSON key in the owner."""

    @property
    def value(self) -> Any:
        return self.holder[self.key]


class PathError(ValueError):
    """A path that is not read here; the text is the reason, without any value."""


_STEP = re.compile(
    r"""\s*(?:
      \.?\s*(?P<call>where|first|last|ofType|as|extension|exists|empty)\s*\(
    | \.?\s*`?(?P<name>[A-Za-z_][A-Za-z0-9_]*)`?
    | \[\s*(?P<index>[0-9]{1,6})\s*\]
    )""",
    re.VERBOSE,
)
_COMPARISON = re.compile(
    r"^(?P<path>[^=!<>]+?)\s*(?P<sign>!=|=)\s*"
    r"(?:'(?P<text>(?:[^'\\]|\\.)*)'|(?P<plain>true|false|-?[0-9]+(?:\.[0-9]+)?))$"
)
MOST_STEPS = 64


def places(resource: Json, path: str) -> list[Place]:
    """Every place that the path leads to; none where nothing stands there.

    Raises:
        PathError: the path cannot be read, or names what the type does not have.
    """
    type_ = str(resource.get("resourceType", ""))
    root = Place({"": resource}, "", type_, {"": resource}, "")
    found, rest = [root], path.strip()
    first = re.match(r"[A-Za-z]+", rest)
    if first is not None and first[0] in (type_, "Resource", "DomainResource"):
        rest = rest[first.end() :]
    for _ in range(MOST_STEPS):
        if not rest:
            return found
        found, rest = _step(found, rest)
    message = "it has too many steps"
    raise PathError(message)


def _step(found: list[Place], text: str) -> tuple[list[Place], str]:
    step = _STEP.match(text)
    if step is None:
        message = "a part of it is not understood"
        raise PathError(message)
    rest = text[step.end() :].strip()
    if step["index"] is not None:
        at = int(step["index"])
        return found[at : at + 1], rest
    if step["name"] is not None:
        return [one for place in found for one in _into(place, step["name"])], rest
    argument, rest = _argument(rest)
    return _CALLS[step["call"]](found, argument), rest


def _argument(text: str) -> tuple[str, str]:
    """What stands up to the bracket that closes, and what follows it."""
    depth, is_quoted = 1, False
    for at, character in enumerate(text):
        if character == "'" and text[at - 1 : at] != "\\":
            is_quoted = not is_quoted
        elif not is_quoted and character in "()":
            depth += 1 if character == "(" else -1
            if not depth:
                return text[:at].strip(), text[at + 1 :].strip()
    message = "a bracket of it is not closed"
    raise PathError(message)


def _into(place: Place, name: str) -> Iterator[Place]:
    node = place.value
    if not isinstance(node, dict):
        return
    for key, type_ in _keys(place.type, node, name):
        value = node.get(key)
        if isinstance(value, list):
            for at, one in enumerate(value):
                if one is not None:
                    yield Place(value, at, type_, node, key)
        elif key in node:
            yield Place(node, key, type_, node, key)


def _keys(type_: str, node: Json, name: str) -> list[tuple[str, str]]:
    """The JSON keys that a FHIRPath name stands for, with their types."""
    if not type_:
        return [(name, "")]
    if type_ == "Resource":
        type_ = str(node.get("resourceType", ""))
    known = members_of(type_)
    found = [(key, member.type) for key, member in known.items() if member.name == name]
    if not found:
        message = "it names an element that the type does not have"
        raise PathError(message)
    return found


def _where(found: list[Place], argument: str) -> list[Place]:
    tests = [_test(one) for one in re.split(r"\s+and\s+", argument)]
    return [place for place in found if all(test(place) for test in tests)]


def _test(text: str) -> Callable[[Place], bool]:
    compared = _COMPARISON.match(text.strip())
    if compared is None:
        path, is_wanted = _existence(text.strip())
        return lambda place: bool(_below(place, path)) is is_wanted
    wanted = compared["plain"]
    if wanted is None:
        wanted = re.sub(r"\\(.)", r"\1", compared["text"])
    path, is_equal = compared["path"].strip(), compared["sign"] == "="

    def holds(place: Place) -> bool:
        values = [_spelled(one.value) for one in _below(place, path)]
        return (wanted in values) is is_equal and bool(values or not is_equal)

    return holds


def _existence(text: str) -> tuple[str, bool]:
    for ending, is_wanted in ((".exists()", True), (".empty()", False)):
        if text.endswith(ending):
            return text.removesuffix(ending), is_wanted
    message = "a condition of it is not understood"
    raise PathError(message)


def _below(place: Place, path: str) -> list[Place]:
    found, rest = [place], path.removeprefix("$this.").strip()
    for _ in range(MOST_STEPS):
        if not rest or rest == "$this":
            return found
        found, rest = _step(found, rest)
    return []


def _spelled(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _cast(found: list[Place], argument: str) -> list[Place]:
    name = argument.removeprefix("FHIR.").strip("` ")
    return [
        place for place in found if place.type.partition("(")[0].lower() == name.lower()
    ]


def _extension(found: list[Place], argument: str) -> list[Place]:
    url = argument.strip("'")
    inside = [one for place in found for one in _into(place, "extension")]
    return [one for one in inside if one.value.get("url") == url]


_CALLS: dict[str, Callable[[list[Place], str], list[Place]]] = {
    "where": _where,
    "first": lambda found, _: found[:1],
    "last": lambda found, _: found[-1:],
    "ofType": _cast,
    "as": _cast,
    "extension": _extension,
}
