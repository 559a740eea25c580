# SPDX-License-Identifier: Apache-2.0
"""How urgent care's resources say codes and moments, and how these are read again."""

from collections.abc import Iterable
from datetime import UTC, datetime

from wardkeep.fhir.work.expects import Content, listed


def concept(system: str, code: str, text: str = "") -> Content:
    """A CodeableConcept with one code."""
    made: Content = {"coding": [{"system": system, "code": code}]}
    if text:
        made["text"] = text
    return made


def code_in(node: object, system: str) -> str:
    """The first code of a system, of a CodeableConcept or a list of them."""
    nodes: Iterable[object] = node if isinstance(node, list) else (node,)
    for one in nodes:
        for coding in listed(one, "coding") if isinstance(one, dict) else ():
            code = coding.get("code")
            if coding.get("system") == system and isinstance(code, str):
                return code
    return ""


def text_in(node: object) -> str:
    """The words of a CodeableConcept; empty where it has none."""
    found = node.get("text") if isinstance(node, dict) else None
    return found if isinstance(found, str) else ""


def id_in(node: object, type_: str) -> str:
    """The id in a Reference to a resource of a type; empty where it is another."""
    said = node.get("reference") if isinstance(node, dict) else None
    kind, _, id_ = said.partition("/") if isinstance(said, str) else ("", "", "")
    return id_ if kind == type_ else ""


def instant(at: datetime) -> str:
    """As it is stored: UTC, to the millisecond."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds")
