# SPDX-License-Identifier: Apache-2.0
"""FHIRPath Patch: https://hl7.org/fhir/R4/fhirpatch.html.

The operations of a Parameters resource: add, insert, delete, replace, move. The content
handed in is never changed: a patch that fails half way has done nothing.
"""

import copy
from collections.abc import Callable, Mapping
from typing import Any

from wardkeep.base.outcome import Problem
from wardkeep.fhir.model.members import Member, members_of
from wardkeep.fhir.patch.places import Json, PathError, Place, places

MOST_OPERATIONS = 1_000
_VALUE = "value"
_Parts = dict[str, Mapping[str, Any]]


class _FaultError(Exception):
    """Ends the patch; caught in this module."""

    def __init__(self, wrong: str) -> None:
        super().__init__(wrong)
        self.wrong = wrong


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
            return Problem(
                place=f"Parameters.parameter[{at}]",
                wrong=str(fault),
                mend="Correct the operation.",
            )
    _prune(resource)
    return resource


def _prune(node: Any) -> bool:
    """Leave out what deletions emptied; FHIR's JSON has no empty object or array."""
    if isinstance(node, dict):
        for key in [key for key, value in node.items() if _prune(value)]:
            del node[key]
        return not node
    if isinstance(node, list):
        node[:] = [one for one in node if not _prune(one)]
        return not node
    return False


def _apply(resource: Json, operation: Mapping[str, Any]) -> None:
    if operation.get("name") != "operation":
        raise _FaultError("it is not named operation")
    parts: _Parts = {str(part.get("name")): part for part in operation.get("part", [])}
    doer = _OPERATIONS.get(str(_plain(parts, "type")))
    if doer is None:
        raise _FaultError("its type is none of add, insert, delete, replace, move")
    doer(resource, parts)


def _plain(parts: _Parts, name: str) -> object:
    """The one value of a part."""
    part = parts.get(name, {})
    found = [value for key, value in part.items() if key.startswith(_VALUE)]
    if len(found) != 1:
        raise _FaultError(f"its {name} is missing")
    return found[0]


def _path(parts: _Parts) -> str:
    return str(_plain(parts, "path"))


def _single(resource: Json, parts: _Parts) -> Place:
    found = places(resource, _path(parts))
    if len(found) != 1:
        wrong = "nothing" if not found else "several elements"
        raise _FaultError(f"its path leads to {wrong}")
    return found[0]


def _number(parts: _Parts, name: str) -> int:
    found = _plain(parts, name)
    if not isinstance(found, int) or isinstance(found, bool) or found < 0:
        raise _FaultError(f"its {name} is no index")
    return found


# The value to set


def _given(parts: _Parts, type_: str) -> tuple[str, Any]:
    """(type's suffix as in `Quantity`, value); the suffix is empty for a backbone."""
    part = parts.get(_VALUE)
    if part is None:
        raise _FaultError("its value is missing")
    return _value_of(part, type_)


def _value_of(part: Mapping[str, Any], type_: str) -> tuple[str, Any]:
    for key, value in part.items():
        if key.startswith(_VALUE) and key != _VALUE:
            return key.removeprefix(_VALUE), copy.deepcopy(value)
    if "resource" in part:
        return "", copy.deepcopy(part["resource"])
    return "", _assembled(part.get("part", []), type_)


def _assembled(parts: list[Mapping[str, Any]], type_: str) -> Json:
    """A backbone element from its named parts."""
    made: Json = {}
    for part in parts:
        name = str(part.get("name", ""))
        member = _member(type_, name)
        suffix, value = _value_of(part, member.type if member else "")
        _set(made, _key(type_, name, suffix), value, is_list=_is_list(member))
    return made


def _set(holder: Json, key: str, value: Any, *, is_list: bool) -> None:
    if is_list:
        holder.setdefault(key, []).append(value)
    else:
        holder[key] = value


def _member(type_: str, name: str) -> Member | None:
    if not type_:
        return None
    for key, member in members_of(type_).items():
        if name in (key, member.name):
            return member
    raise _FaultError("it names an element that the type does not have")


def _is_list(member: Member | None) -> bool:
    return member is not None and member.element.is_list


def _key(type_: str, name: str, suffix: str) -> str:
    """`value` and `Quantity` make `valueQuantity` where the element is a choice."""
    known = members_of(type_) if type_ else {}
    if name in known or not known:
        return name
    key = f"{name}{suffix}"
    if key not in known:
        raise _FaultError("its value is of a type that the element does not have")
    return key


# The operations


def _add(resource: Json, parts: _Parts) -> None:
    """A new element, at the end where the element repeats."""
    place = _single(resource, parts)
    node, name = place.value, str(_plain(parts, "name"))
    if not isinstance(node, dict):
        raise _FaultError("its path leads to a plain value")
    type_ = _type_of(place)
    member = _member(type_, name)
    suffix, value = _given(parts, member.type if member else "")
    key = _key(type_, name, suffix)
    if key in node and not _is_list(member):
        raise _FaultError("the element is there already")
    _set(node, key, value, is_list=_is_list(member))


def _type_of(place: Place) -> str:
    if place.type == "Resource" and isinstance(place.value, dict):
        return str(place.value.get("resourceType", ""))
    return place.type


def _insert(resource: Json, parts: _Parts) -> None:
    found = places(resource, _path(parts))
    if not found or not isinstance(found[0].holder, list):
        raise _FaultError("its path leads to no list")
    values, at = found[0].holder, _number(parts, "index")
    if at > len(values):
        raise _FaultError("its index lies behind the end of the list")
    _, value = _given(parts, found[0].type)
    values.insert(at, value)


def _delete(resource: Json, parts: _Parts) -> None:
    found = places(resource, _path(parts))
    if len(found) > 1:
        raise _FaultError("its path leads to several elements")
    for place in found:
        _take_out(place)


def _take_out(place: Place) -> None:
    if place.member == "":
        raise _FaultError("it deletes the resource itself")
    if isinstance(place.holder, list):
        del place.holder[place.key]
        if not place.holder:
            del place.owner[place.member]
            place.owner.pop(f"_{place.member}", None)
        return
    del place.holder[place.key]
    place.owner.pop(f"_{place.member}", None)


def _replace(resource: Json, parts: _Parts) -> None:
    place = _single(resource, parts)
    suffix, value = _given(parts, place.type)
    if place.member == "":
        raise _FaultError("it replaces the resource itself")
    if not isinstance(place.holder, list) and suffix:
        base = _base_name(place)
        if place.member not in (base, f"{base}{suffix}"):
            del place.holder[place.key]
            place.holder[f"{base}{suffix}"] = value
            return
    place.holder[place.key] = value


def _base_name(place: Place) -> str:
    """`value` of `valueQuantity`, where that is how the choice was written."""
    kind = place.type.partition("(")[0]
    suffix = kind[:1].upper() + kind[1:]
    is_choice = suffix and place.member.endswith(suffix) and place.member != suffix
    return place.member.removesuffix(suffix) if is_choice else place.member


def _move(resource: Json, parts: _Parts) -> None:
    found = places(resource, _path(parts))
    if not found or not isinstance(found[0].holder, list):
        raise _FaultError("its path leads to no list")
    values = found[0].holder
    source, destination = _number(parts, "source"), _number(parts, "destination")
    if max(source, destination) >= len(values):
        raise _FaultError("its source or destination lies behind the list's end")
    values.insert(destination, values.pop(source))


_OPERATIONS: dict[str, Callable[[Json, _Parts], None]] = {
    "add": _add,
    "insert": _insert,
    "delete": _delete,
    "replace": _replace,
    "move": _move,
}
