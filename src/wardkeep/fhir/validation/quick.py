# SPDX-License-Identifier: Apache-2.0
"""The quick answer to "is this resource right?", by functions compiled per type.

Each type becomes a table from JSON key to check. Checks of primitives are functions
written in C (a pattern's `fullmatch`, a code set's `__contains__`), so a resource
costs one look-up and one call for each key. A wrong JSON type makes them raise
TypeError and an unknown key KeyError: both mean no. The answer no is not final (an
unusual right resource gets it too): `walk` then looks closely and names the places.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

from wardkeep.fhir.model.definitions import (
    definitions,
    is_resource_type,
    targets_of,
)
from wardkeep.fhir.model.members import (
    Member,
    choices_of,
    is_primitive,
    members_of,
    required_of,
)
from wardkeep.fhir.model.primitives import CHECKS
from wardkeep.fhir.validation.references import usual

Check = Callable[[Any], object]


def is_surely_right(type_name: str, content: dict[str, object]) -> bool:
    try:
        return bool(_resource_check(type_name)(content))
    except (KeyError, TypeError):
        return False


class _Table(dict[str, Check]):
    """The checks of one type, each compiled when its key is first met."""

    def __init__(self, type_name: str) -> None:
        super().__init__()
        self._type_name = type_name
        self._members = members_of(type_name)

    def __missing__(self, key: str) -> Check:
        check = self[key] = self._compile(key)
        return check

    def _compile(self, key: str) -> Check:
        member = self._members.get(key)
        if member is None:
            companion = self._members[key.removeprefix("_")]  # KeyError: unknown key
            if not companion.is_primitive:
                raise KeyError(key)
            member = companion._replace(type="Element")
        check = self._override(key) or _check_of(member)
        return _list_of(check) if member.element.is_list else check

    def _override(self, key: str) -> Check | None:
        bare, _, _ = self._type_name.partition("(")
        targets = targets_of(self._type_name)
        if bare == "Reference" and key == "reference":
            return usual(targets).fullmatch
        if bare == "Reference" and key == "type" and targets:
            return targets.__contains__
        return None


def _check_of(member: Member) -> Check:
    pairs = definitions().value_sets.get(member.element.value_set)
    if pairs and member.type == "code":
        return frozenset(code for _, code in pairs).__contains__
    if pairs and member.type == "CodeableConcept":
        return _concept_from(frozenset(pairs))
    if is_primitive(member.type):
        return CHECKS[member.type]
    special = {"Resource": _any_resource, "Extension": _extension_check()}
    return special.get(member.type) or _object_check(member.type)


def _list_of(check: Check) -> Check:
    def check_list(values: Any) -> object:
        if type(values) is not list or not values:
            return False
        for value in values:  # noqa: SIM110 - a generator would double the cost
            if not check(value):
                return False
        return True

    return check_list


@cache
def _object_check(type_name: str) -> Check:
    table = _Table(type_name)
    is_whole = _wholeness(type_name)

    def check_object(node: Any) -> object:
        if type(node) is not dict or not node or ("id" in node and len(node) == 1):
            return False
        for key, value in node.items():
            if not table[key](value):
                return False
        return is_whole is None or is_whole(node)

    return check_object


def _wholeness(type_name: str) -> Check | None:
    """Whether what is required is there and no choice is made twice."""
    required = tuple(required_of(type_name).items())
    groups = tuple(choices_of(type_name).values())
    choices = frozenset[str]().union(*groups)
    if not required and not groups:
        return None

    def is_whole(node: dict[str, object]) -> bool:
        for name, names in required:
            if name not in node and names.isdisjoint(node):
                return False
        if not groups:
            return True
        made = choices.intersection(node)
        return len(made) < 2 or all(  # noqa: PLR2004 - one choice cannot be double
            len(made & group) < 2  # noqa: PLR2004 - as above
            for group in groups
        )

    return is_whole


@cache
def _extension_check() -> Check:
    table = _Table("Extension")

    def check_extension(node: Any) -> object:
        # The usual form: a URL, and beside it one value or nested extensions.
        if type(node) is not dict or len(node) != 2 or "url" not in node:  # noqa: PLR2004
            return False
        if "id" in node:
            return False
        for key, value in node.items():  # noqa: SIM110 - as above
            if not table[key](value):
                return False
        return True

    return check_extension


def _concept_from(pairs: frozenset[tuple[str, str]]) -> Check:
    is_concept = _object_check("CodeableConcept")

    def check_concept(node: Any) -> object:
        return is_concept(node) and any(
            (coding.get("system"), coding.get("code")) in pairs
            for coding in node.get("coding", ())
        )

    return check_concept


@cache
def _resource_check(type_name: str) -> Check:
    table = _Table(type_name)
    table["resourceType"] = frozenset((type_name,)).__contains__
    is_whole = _wholeness(type_name)

    def check_resource(node: Any) -> object:
        for key, value in node.items():
            if not table[key](value):
                return False
        return is_whole is None or is_whole(node)

    return check_resource


def _any_resource(node: Any) -> object:
    type_name = node["resourceType"] if type(node) is dict else None
    return is_resource_type(type_name) and _resource_check(str(type_name))(node)
