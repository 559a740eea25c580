# SPDX-License-Identifier: Apache-2.0
"""Elements of a resource, found by the simple FHIRPath that patches use.

https://hl7.org/fhir/R4/fhirpatch.html: names, indexes, `where` with comparisons,
`first`, `last`, `extension` and casts. A place knows whose member it is, so that it can
be replaced, and which type the definitions give it. In JSON a primitive is two members,
`given` and `_given` (https://hl7.org/fhir/R4/json.html#primitive): a place is both.
"""

import re
from collections.abc import Callable, Iterator
from itertools import zip_longest
from typing import Any, NamedTuple

from wardkeep.fhir.model.definitions import definitions, is_resource_type
from wardkeep.fhir.model.members import is_primitive, members_of

Json = dict[str, Any]
RESOURCE = "Resource"


class Pair(NamedTuple):
    """The two halves of an element; None where there is no such half."""

    value: Any
    companion: Any
    """What stands under `_name`: a primitive's id and extensions."""


class Place(NamedTuple):
    """An element and where it stands."""

    owner: Json
    """The object whose member it is, or whose list's."""
    member: str
    """The member's JSON key in the owner; empty for the resource itself."""
    at: int | None
    """Its index, where the member is a list."""
    name: str
    """The element's name as FHIRPath has it: `value` for `valueQuantity`."""
    type: str
    """FHIR's name of its type; empty where the definitions do not say."""

    @property
    def pair(self) -> Pair:
        return Pair(
            _item(self.owner.get(self.member), self.at),
            _item(self.owner.get(f"_{self.member}"), self.at),
        )

    @property
    def value(self) -> Any:
        return self.pair.value


def _item(stood: Any, at: int | None) -> Any:
    if at is None:
        return stood
    return stood[at] if isinstance(stood, list) and at < len(stood) else None


def items_of(owner: Json, member: str) -> list[Pair]:
    """The elements of a member that repeats; one without either half is none."""
    values, companions = owner.get(member), owner.get(f"_{member}")
    both = zip_longest(
        values if isinstance(values, list) else [],
        companions if isinstance(companions, list) else [],
    )
    return [Pair(value, companion) for value, companion in both]


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
MOST_CHARACTERS = 1_000
MOST_BRACKETS = 8
"""Of conditions within conditions."""


def places(resource: Json, path: str) -> list[Place]:
    """Every element that the path leads to; none where nothing stands there.

    Raises:
        PathError: the path cannot be read, or names what the type does not have.
    """
    if len(path) > MOST_CHARACTERS or path.count("(") > MOST_STEPS:
        message = "its path is too long"
        raise PathError(message)
    root = Place({"": resource}, "", None, "", type_of(resource, RESOURCE))
    rest = path.strip()
    first = re.match(r"[A-Za-z]+", rest)
    if first is not None and first[0] in (root.type, RESOURCE, "DomainResource"):
        rest = rest[first.end() :]
    return _walk([root], rest, brackets=0)


def type_of(value: Any, type_: str) -> str:
    """What the definitions call it; a resource says so itself."""
    if type_ != RESOURCE:
        return type_
    named = value.get("resourceType") if isinstance(value, dict) else None
    if not is_resource_type(named):
        message = "it leads to a resource of no known type"
        raise PathError(message)
    return str(named)


def _walk(found: list[Place], rest: str, *, brackets: int) -> list[Place]:
    if brackets > MOST_BRACKETS:
        message = "it has too many conditions within conditions"
        raise PathError(message)
    for _ in range(MOST_STEPS):
        if not rest:
            return found
        found, rest = _step(found, rest, brackets)
    message = "it has too many steps"
    raise PathError(message)


def _step(found: list[Place], text: str, brackets: int) -> tuple[list[Place], str]:
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
    call = _CALLS.get(step["call"])
    if call is None:
        message = "it ends in a question, not in an element"
        raise PathError(message)
    return call(found, argument, brackets), rest


def _argument(text: str) -> tuple[str, str]:
    """What stands up to the bracket that closes, and what follows it."""
    depth, is_quoted, is_escaped = 1, False, False
    for at, character in enumerate(text):
        if is_escaped:
            is_escaped = False
        elif is_quoted:
            is_escaped, is_quoted = character == "\\", character != "'"
        elif character == "'":
            is_quoted = True
        elif character in "()":
            depth += 1 if character == "(" else -1
            if not depth:
                return text[:at].strip(), text[at + 1 :].strip()
    message = "a bracket of it is not closed"
    raise PathError(message)


def _into(place: Place, name: str) -> Iterator[Place]:
    value, companion = place.pair
    if is_primitive(place.type):
        node, type_ = companion, "Element"
    else:
        node, type_ = value, place.type
    if not isinstance(node, dict):
        return
    for key, named, of_type in _keys(type_of(node, type_), name):
        stands = [one for one in (key, f"_{key}") if one in node]
        if any(isinstance(node[one], list) for one in stands):
            for at, pair in enumerate(items_of(node, key)):
                if pair != (None, None):
                    yield Place(node, key, at, named, of_type)
        elif stands:
            yield Place(node, key, None, named, of_type)


def _keys(type_: str, name: str) -> list[tuple[str, str, str]]:
    """The JSON keys that a FHIRPath name stands for: key, element's name, type."""
    if not type_:
        return [(name, name, "")]
    if type_.partition("(")[0] not in definitions().types:
        message = "it goes below a type that has no elements"
        raise PathError(message)
    known = members_of(type_)
    found = [
        (key, name, member.type) for key, member in known.items() if member.name == name
    ]
    if not found:
        message = "it names an element that the type does not have"
        raise PathError(message)
    return found


def _where(found: list[Place], argument: str, brackets: int) -> list[Place]:
    tests = [_test(one, brackets + 1) for one in re.split(r"\s+and\s+", argument)]
    return [place for place in found if all(test(place) for test in tests)]


def _test(text: str, brackets: int) -> Callable[[Place], bool]:
    compared = _COMPARISON.match(text.strip())
    if compared is None:
        path, is_wanted = _existence(text.strip())
        return lambda place: bool(_below(place, path, brackets)) is is_wanted
    wanted = compared["plain"]
    if wanted is None:
        wanted = re.sub(r"\\(.)", r"\1", compared["text"])
    path, is_equal = compared["path"].strip(), compared["sign"] == "="

    def holds(place: Place) -> bool:
        values = [_spelled(one.value) for one in _below(place, path, brackets)]
        return (wanted in values) is is_equal and bool(values or not is_equal)

    return holds


def _existence(text: str) -> tuple[str, bool]:
    for ending, is_wanted in ((".exists()", True), (".empty()", False)):
        if text.endswith(ending):
            return text.removesuffix(ending), is_wanted
    message = "a condition of it is not understood"
    raise PathError(message)


def _below(place: Place, path: str, brackets: int) -> list[Place]:
    rest = path.removeprefix("$this").strip().removeprefix(".")
    return _walk([place], rest, brackets=brackets)


def _spelled(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _cast(found: list[Place], argument: str, _: int) -> list[Place]:
    name = argument.removeprefix("FHIR.").strip("` ")
    return [
        place for place in found if place.type.partition("(")[0].lower() == name.lower()
    ]


def _extension(found: list[Place], argument: str, _: int) -> list[Place]:
    url = argument.strip("'")
    inside = [one for place in found for one in _into(place, "extension")]
    return [
        one
        for one in inside
        if isinstance(one.value, dict) and one.value.get("url") == url
    ]


_CALLS: dict[str, Callable[[list[Place], str, int], list[Place]]] = {
    "where": _where,
    "first": lambda found, _, __: found[:1],
    "last": lambda found, _, __: found[-1:],
    "ofType": _cast,
    "as": _cast,
    "extension": _extension,
}
