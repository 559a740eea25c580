# SPDX-License-Identifier: Apache-2.0
"""The close look at a resource: every structural problem, each with its place.

Rules: https://hl7.org/fhir/R4/json.html (representation), the snapshots'
cardinalities and types, required bindings, and ext-1 and ele-1, which are about
structure. Slow (hundreds of microseconds) and run only where `quick` says no.
"""

import re

from wardkeep.base.outcome import Problem
from wardkeep.fhir.model import xhtml
from wardkeep.fhir.model.definitions import (
    definitions,
    is_resource_type,
    targets_of,
)
from wardkeep.fhir.model.members import (
    Member,
    choices_of,
    members_of,
    required_of,
)
from wardkeep.fhir.model.primitives import is_valid
from wardkeep.fhir.validation.references import fault_of

MOST_PROBLEMS = 100
"""More than anyone mends at once; a hostile body must not become a larger answer."""
_SHOWABLE_KEY = re.compile(r"_?[A-Za-z][A-Za-z0-9]{0,63}")


def problems_in(type_name: str, content: dict[str, object]) -> tuple[Problem, ...]:
    walk = _Walk()
    walk.resource(content, type_name, type_name)
    return tuple(walk.problems)


class _Walk:
    """Goes through a resource and notes what is wrong."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def note(self, place: str, wrong: str, mend: str) -> None:
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(Problem(place=place, wrong=wrong, mend=mend))

    def resource(self, node: object, type_name: str, place: str) -> None:
        if not isinstance(node, dict) or node.get("resourceType") != type_name:
            self.note(place, "it is not this type of resource", "Name its type.")
            return
        rest = {key: value for key, value in node.items() if key != "resourceType"}
        self._members(rest, type_name, place)

    def _any_resource(self, node: object, place: str) -> None:
        type_name = node.get("resourceType") if isinstance(node, dict) else None
        if not isinstance(type_name, str) or not is_resource_type(type_name):
            wrong = "it is not a FHIR R4 resource"
            self.note(place, wrong, "Put a resource here, with its resourceType.")
            return
        self.resource(node, type_name, place)

    def element(
        self, node: object, type_name: str, place: str, *, has_value: bool = False
    ) -> None:
        """An object; `has_value` where it accompanies a primitive that is there."""
        if not isinstance(node, dict):
            self.note(place, "it is not a JSON object", "Put an object here.")
        elif not node:
            self.note(place, "it is empty", "Fill it in or leave it out.")
        else:
            if set(node) == {"id"} and not has_value:
                wrong = "it has neither a value nor children (ele-1)"
                self.note(place, wrong, "Fill it in or leave it out.")
            self._members(node, type_name, place)
            self._own_rules(node, type_name, place)

    def _members(self, node: dict[str, object], type_name: str, place: str) -> None:
        known = members_of(type_name)
        for key in node:
            member = known.get(key)
            if member is not None:
                self._member(node, key, member, place)
                continue
            companion = known.get(key[1:]) if key.startswith("_") else None
            if companion is None or not companion.is_primitive:
                self._unknown(key, place)
            elif key[1:] not in node:
                self._member(node, key[1:], companion, place)
        self._required(node, type_name, place)
        self._choices(node, type_name, place)

    def _unknown(self, key: str, place: str) -> None:
        shown = f" `{key}`" if _SHOWABLE_KEY.fullmatch(key) else ""
        wrong = f"it has an element{shown} that FHIR R4 does not define here"
        self.note(place, wrong, "Remove it, or carry it as an extension.")

    def _required(self, node: dict[str, object], type_name: str, place: str) -> None:
        for name, keys in required_of(type_name).items():
            if keys.isdisjoint(node):
                self.note(f"{place}.{name}", "it is required", "Add it.")

    def _choices(self, node: dict[str, object], type_name: str, place: str) -> None:
        for name, keys in choices_of(type_name).items():
            present = {key.removeprefix("_") for key in keys.intersection(node)}
            if len(present) > 1:
                wrong = "it is given in two types at once"
                self.note(f"{place}.{name}", wrong, "Keep one of them.")

    def _member(
        self, node: dict[str, object], key: str, member: Member, place: str
    ) -> None:
        here = f"{place}.{member.name}"
        value, companion = node.get(key), node.get(f"_{key}")
        has_value, has_companion = key in node, f"_{key}" in node
        if not member.is_primitive:
            self._values(value, member, here)
        elif (has_value and value is None) or (has_companion and companion is None):
            self.note(here, "it is null", "Leave it out instead.")
        elif member.element.is_list:
            self._primitives(value, companion, member, here)
        else:
            if has_value:
                self._value(value, member, here)
            if has_companion:
                self.element(companion, "Element", here, has_value=has_value)

    def _values(self, value: object, member: Member, place: str) -> None:
        if not member.element.is_list:
            self._value(value, member, place)
            return
        if self._is_filled_list(value, place) and isinstance(value, list):
            for position, one in enumerate(value):
                self._value(one, member, f"{place}[{position}]")

    def _is_filled_list(self, value: object, place: str) -> bool:
        if not isinstance(value, list):
            self.note(place, "it is not a JSON array", "Put it into an array.")
        elif not value:
            self.note(place, "the array is empty", "Fill it in or leave it out.")
        else:
            return True
        return False

    def _primitives(
        self, values: object, companions: object, member: Member, place: str
    ) -> None:
        """A list of primitives and, position by position, their companions."""
        given = [one for one in (values, companions) if one is not None]
        if not all(self._is_filled_list(one, place) for one in given):
            return
        left = values if isinstance(values, list) else []
        right = companions if isinstance(companions, list) else []
        if left and right and len(left) != len(right):
            wrong = "its values and their extensions differ in number"
            self.note(place, wrong, "Pair them up; null stands for none.")
            return
        for position in range(max(len(left), len(right))):
            here = f"{place}[{position}]"
            value = left[position] if left else None
            companion = right[position] if right else None
            if value is None and companion is None:
                self.note(here, "it is null", "Fill it in or leave it out.")
            if value is not None:
                self._value(value, member, here)
            if companion is not None:
                has_value = value is not None
                self.element(companion, "Element", here, has_value=has_value)

    def _value(self, value: object, member: Member, place: str) -> None:
        if member.type == "Resource":
            self._any_resource(value, place)
        elif member.is_primitive:
            self._primitive(value, member, place)
        else:
            self.element(value, member.type, place)
            if member.type == "CodeableConcept":
                self._concept(value, member, place)

    def _primitive(self, value: object, member: Member, place: str) -> None:
        if member.type == "xhtml":
            self._narrative(value, place)
            return
        if not is_valid(member.type, value):
            wrong = f"it is not a FHIR {member.type}"
            mend = f"See https://hl7.org/fhir/R4/datatypes.html#{member.type}."
            self.note(place, wrong, mend)
            return
        pairs = definitions().value_sets.get(member.element.value_set)
        if pairs and value not in {code for _, code in pairs}:
            self._not_bound(member, place)

    def _narrative(self, value: object, place: str) -> None:
        fault = xhtml.fault_of(value)
        if fault:
            mend = "See https://hl7.org/fhir/R4/narrative.html#xhtml."
            self.note(place, fault, mend)

    def _concept(self, value: object, member: Member, place: str) -> None:
        pairs = definitions().value_sets.get(member.element.value_set)
        codings = value.get("coding") if isinstance(value, dict) else None
        if not pairs or not isinstance(codings, list):
            return  # text alone: whether that is enough is for profiles to say
        found = {
            (one.get("system"), one.get("code"))
            for one in codings
            if isinstance(one, dict) and isinstance(one.get("code"), str)
        }
        if found.isdisjoint(pairs):
            self._not_bound(member, place)

    def _not_bound(self, member: Member, place: str) -> None:
        name = member.element.value_set
        wrong = f"its code is not in the value set {name} that FHIR R4 requires"
        self.note(place, wrong, f"Choose from https://hl7.org/fhir/R4/valueset-{name}.")

    def _own_rules(self, node: dict[str, object], type_name: str, place: str) -> None:
        if type_name == "Extension":
            has_value = any(key.startswith(("value", "_value")) for key in node)
            if has_value == ("extension" in node):
                wrong = "it must have either a value or extensions (ext-1)"
                self.note(place, wrong, "Keep one of the two.")
        elif type_name.startswith("Reference"):
            self._reference(node, targets_of(type_name), place)

    def _reference(
        self, node: dict[str, object], targets: frozenset[str], place: str
    ) -> None:
        text, said_type = node.get("reference"), node.get("type")
        if isinstance(text, str):
            fault = fault_of(text, targets)
            if fault:
                mend = "Write Type/id, #id, urn:uuid:… or an absolute URL."
                self.note(f"{place}.reference", fault, mend)
        if targets and is_resource_type(said_type) and said_type not in targets:
            wrong = f"it is none of {', '.join(sorted(targets))}"
            self.note(f"{place}.type", wrong, "Point to one of these types.")
