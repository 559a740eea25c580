# SPDX-License-Identifier: Apache-2.0
"""FHIRPath Patch: https://hl7.org/fhir/R4/fhirpatch.html.

The operations of a Parameters resource: add, insert, delete, replace, move. The content
handed in is never changed: a patch that fails half way has done nothing.
"""

import copy
from collections.abc import Callable, Mapping
from typing import Any

from wardkeep.base.outcome import Problem
from wardkeep.fhir.model.definitions import definitions, is_resource_type
from wardkeep.fhir.model.members import Member, is_primitive, members_of
from wardkeep.fhir.model.strict_json import MOST_LEVELS
from wardkeep.fhir.patch.measure import measure
from wardkeep.fhir.patch.places import (
    RESOURCE,
    Json,
    Pair,
    PathError,
    Place,
    items_of,
    places,
)

MOST_OPERATIONS = 1_000
_VALUE = "value"
_Part = Mapping[str, Any]
_Parts = dict[str, _Part]
_MEND = "Correct the operation."


class _FaultError(Exception):
    """Ends the patch; caught in this module."""


def apply_fhirpath_patch(
    content: dict[str, object], parameters: Mapping[str, Any]
) -> dict[str, object] | Problem:
    """The patched content, or the first operation that cannot be done."""
    listed = parameters.get("parameter", [])
    if parameters.get("resourceType") != "Parameters" or not isinstance(listed, list):
        wrong = "it is no Parameters resource"
        return Problem(place="Parameters", wrong=wrong, mend="Send a FHIRPath Patch.")
    if len(listed) > MOST_OPERATIONS:
        wrong = f"it has more than {MOST_OPERATIONS} operations"
        return Problem(place="Parameters", wrong=wrong, mend="Send fewer.")
    resource: Json = copy.deepcopy(content)
    for at, operation in enumerate(listed):
        try:
            _apply(resource, operation)
        except (_FaultError, PathError) as fault:
            place = f"Parameters.parameter[{at}]"
            return Problem(place=place, wrong=str(fault), mend=_MEND)
    if measure(resource).levels > MOST_LEVELS:
        wrong = f"it nests deeper than {MOST_LEVELS} levels"
        return Problem(place="Parameters", wrong=wrong, mend="Flatten it.")
    _prune(resource)
    return resource


def _prune(node: Any) -> bool:
    """Leave out what deletions emptied; FHIR's JSON has no empty object or array."""
    if isinstance(node, dict):
        for key in [key for key, value in node.items() if _prune_member(key, value)]:
            del node[key]
        return not node
    if isinstance(node, list):
        node[:] = [one for one in node if not _prune(one)]
        return not node
    return False


def _prune_member(key: str, value: Any) -> bool:
    if key.startswith("_") and isinstance(value, list):
        # The places count: they say which value each one belongs to.
        value[:] = [None if _prune(one) else one for one in value]
        return all(one is None for one in value)
    return _prune(value)


def _apply(resource: Json, operation: object) -> None:
    if not isinstance(operation, dict) or operation.get("name") != "operation":
        message = "it is not named operation"
        raise _FaultError(message)
    parts: _Parts = {str(part.get("name")): part for part in _parts_of(operation)}
    doer = _OPERATIONS.get(str(_plain(parts, "type")))
    if doer is None:
        message = "its type is none of add, insert, delete, replace, move"
        raise _FaultError(message)
    doer(resource, parts)


def _parts_of(holder: _Part) -> list[_Part]:
    listed = holder.get("part", [])
    if not isinstance(listed, list):
        listed = [None]
    if not all(isinstance(part, dict) for part in listed):
        message = "its parts are no list of parts"
        raise _FaultError(message)
    return listed


def _plain(parts: _Parts, name: str) -> object:
    """The one value of a part."""
    part = parts.get(name, {})
    found = [value for key, value in part.items() if key.startswith(_VALUE)]
    if len(found) != 1:
        message = f"its {name} is missing"
        raise _FaultError(message)
    return found[0]


def _found(resource: Json, parts: _Parts) -> list[Place]:
    return places(resource, str(_plain(parts, "path")))


def _single(resource: Json, parts: _Parts) -> Place:
    found = _found(resource, parts)
    if len(found) != 1:
        message = f"its path leads to {'several elements' if found else 'nothing'}"
        raise _FaultError(message)
    return found[0]


def _number(parts: _Parts, name: str) -> int:
    found = _plain(parts, name)
    if not isinstance(found, int) or isinstance(found, bool) or found < 0:
        message = f"its {name} is no index"
        raise _FaultError(message)
    return found


# The value to set


def _given(parts: _Parts, type_: str) -> tuple[str, Pair]:
    """(type's suffix as in `Quantity`, value); the suffix is empty for a backbone."""
    part = parts.get(_VALUE)
    if part is None:
        message = "its value is missing"
        raise _FaultError(message)
    return _value_of(part, type_)


def _value_of(part: _Part, type_: str) -> tuple[str, Pair]:
    suffixes = {
        key.removeprefix("_").removeprefix(_VALUE)
        for key in part
        if key.removeprefix("_").startswith(_VALUE)
    }
    if len(suffixes) > 1:
        message = "it has several values where one belongs"
        raise _FaultError(message)
    for suffix in suffixes:
        key = f"{_VALUE}{suffix}"
        pair = Pair(part.get(key), part.get(f"_{key}"))
        return suffix, copy.deepcopy(pair)
    if "resource" in part:
        return "", Pair(copy.deepcopy(part["resource"]), None)
    return "", Pair(_assembled(_parts_of(part), type_), None)


def _assembled(parts: list[_Part], type_: str) -> Json:
    """A backbone element from its named parts."""
    made: Json = {}
    for part in parts:
        name = str(part.get("name", ""))
        member = _member(type_, name)
        suffix, pair = _value_of(part, member.type if member else "")
        key = _key(type_, name, suffix)
        if _is_list(member):
            _put_all(made, key, [*items_of(made, key), pair])
        else:
            _put(made, key, pair)
    return made


def _put(owner: Json, key: str, pair: Pair) -> None:
    """Set both halves of an element that does not repeat."""
    for name, half in ((key, pair.value), (f"_{key}", pair.companion)):
        if half is None:
            owner.pop(name, None)
        else:
            owner[name] = half


def _put_all(owner: Json, key: str, pairs: list[Pair]) -> None:
    """Set both halves of an element that repeats; the halves stay side by side."""
    for name, halves in (
        (key, [pair.value for pair in pairs]),
        (f"_{key}", [pair.companion for pair in pairs]),
    ):
        if any(half is not None for half in halves):
            owner[name] = halves
        else:
            owner.pop(name, None)


def _members(type_: str) -> dict[str, Member]:
    """Of the type; none where it is not known here."""
    name = type_.partition("(")[0]
    return members_of(name) if name in definitions().types else {}


def _member(type_: str, name: str) -> Member | None:
    known = _members(type_)
    for key, member in known.items():
        if name in (key, member.name):
            return member
    if type_:
        message = "it names an element that the type does not have"
        raise _FaultError(message)
    return None


def _is_list(member: Member | None) -> bool:
    return member is not None and member.element.is_list


def _key(type_: str, name: str, suffix: str) -> str:
    """`value` and `Quantity` make `valueQuantity` where the element is a choice."""
    known = _members(type_)
    if name in known or not known:
        return name
    key = f"{name}{suffix}"
    if key not in known:
        message = "its value is of a type that the element does not have"
        raise _FaultError(message)
    return key


# The operations


def _add(resource: Json, parts: _Parts) -> None:
    """A new element, at the end where the element repeats."""
    place = _single(resource, parts)
    name = str(_plain(parts, "name"))
    node, type_ = _holder(place)
    member = _member(type_, name)
    suffix, pair = _given(parts, member.type if member else "")
    key = _key(type_, name, suffix)
    if _is_list(member):
        _put_all(node, key, [*items_of(node, key), pair])
        return
    if any(one in node for one in _written(type_, name, key)):
        message = "the element is there already"
        raise _FaultError(message)
    _put(node, key, pair)


def _written(type_: str, name: str, key: str) -> list[str]:
    """Every JSON key that the element may stand under."""
    known = [one for one, member in _members(type_).items() if member.name == name]
    return [half for one in {key, *known} for half in (one, f"_{one}")]


def _holder(place: Place) -> tuple[Json, str]:
    """The object to which an element is added, and its type."""
    value, companion = place.pair
    if is_primitive(place.type):
        if companion is None:
            companion = {}
            _replace_at(place, Pair(value, companion))
        return companion, "Element"
    if not isinstance(value, dict):
        message = "its path leads to a plain value"
        raise _FaultError(message)
    if place.type != RESOURCE:
        return value, place.type
    named = value.get("resourceType")
    if not is_resource_type(named):
        message = "its path leads to a resource of no known type"
        raise _FaultError(message)
    return value, str(named)


def _replace_at(place: Place, pair: Pair) -> None:
    if place.at is None:
        _put(place.owner, place.member, pair)
        return
    pairs = items_of(place.owner, place.member)
    pairs[place.at] = pair
    _put_all(place.owner, place.member, pairs)


def _whole_list(found: list[Place]) -> tuple[Place, list[Pair]]:
    """The one list that the path leads to, all of it."""
    if not found or found[0].at is None:
        message = "its path leads to no list; add makes one"
        raise _FaultError(message)
    pairs = items_of(found[0].owner, found[0].member)
    if any(place.owner is not found[0].owner for place in found):
        message = "its path leads to several lists"
        raise _FaultError(message)
    if [place.at for place in found] != list(range(len(pairs))):
        message = "its path leads to a part of a list, where the indexes count in all"
        raise _FaultError(message)
    return found[0], pairs


def _insert(resource: Json, parts: _Parts) -> None:
    place, pairs = _whole_list(_found(resource, parts))
    at = _number(parts, "index")
    if at > len(pairs):
        message = "its index lies behind the end of the list"
        raise _FaultError(message)
    _, pair = _given(parts, place.type)
    pairs.insert(at, pair)
    _put_all(place.owner, place.member, pairs)


def _delete(resource: Json, parts: _Parts) -> None:
    found = _found(resource, parts)
    if len(found) > 1:
        message = "its path leads to several elements"
        raise _FaultError(message)
    for place in found:
        _take_out(place)


def _take_out(place: Place) -> None:
    if not place.member:
        message = "it deletes the resource itself"
        raise _FaultError(message)
    if place.at is None:
        _put(place.owner, place.member, Pair(None, None))
        return
    pairs = items_of(place.owner, place.member)
    del pairs[place.at]
    _put_all(place.owner, place.member, pairs)


def _replace(resource: Json, parts: _Parts) -> None:
    place = _single(resource, parts)
    suffix, pair = _given(parts, place.type)
    if not place.member:
        message = "it replaces the resource itself"
        raise _FaultError(message)
    is_choice = place.at is None and place.member != place.name
    if is_choice and suffix and place.member != f"{place.name}{suffix}":
        _take_out(place)
        _put(place.owner, f"{place.name}{suffix}", pair)
        return
    _replace_at(place, pair)


def _move(resource: Json, parts: _Parts) -> None:
    place, pairs = _whole_list(_found(resource, parts))
    source, destination = _number(parts, "source"), _number(parts, "destination")
    if max(source, destination) >= len(pairs):
        message = "its source or destination lies behind the list's end"
        raise _FaultError(message)
    pairs.insert(destination, pairs.pop(source))
    _put_all(place.owner, place.member, pairs)


_OPERATIONS: dict[str, Callable[[Json, _Parts], None]] = {
    "add": _add,
    "insert": _insert,
    "delete": _delete,
    "replace": _replace,
    "move": _move,
}
