# SPDX-License-Identifier: Apache-2.0
"""Somebody as a FHIR Reference names them."""

import msgspec


class Person(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who wrote, signed or is asked for something; either may be empty."""

    reference: str = ""
    display: str = ""

    @property
    def words(self) -> str:
        return self.display or self.reference or "Somebody who is not named"


def person_in(node: object) -> Person:
    """What a FHIR Reference says; an empty one where it is none."""
    if not isinstance(node, dict):
        return Person()
    reference, display = node.get("reference"), node.get("display")
    return Person(
        reference if isinstance(reference, str) else "",
        display if isinstance(display, str) else "",
    )


def reference_to(person: Person) -> dict[str, str]:
    """Somebody as a FHIR Reference in content."""
    said = msgspec.structs.asdict(person)
    return {name: value for name, value in said.items() if value}
