# SPDX-License-Identifier: Apache-2.0
"""Codes, identifiers and words in a resource, for readers that want little of it."""

import msgspec


class Coding(msgspec.Struct, frozen=True):
    """A FHIR Coding."""

    system: str = ""
    code: str = ""


class Concept(msgspec.Struct, frozen=True):
    """A FHIR CodeableConcept."""

    coding: tuple[Coding, ...] = ()
    text: str = ""


class Identifier(msgspec.Struct, frozen=True):
    """A FHIR Identifier."""

    system: str = ""
    value: str = ""


class Payload(msgspec.Struct, frozen=True, rename="camel"):
    """What a FHIR Communication says in words."""

    content_string: str = ""


def words_in(payload: tuple[Payload, ...]) -> str:
    """All of them, a line each."""
    return "\n".join(one.content_string for one in payload)
