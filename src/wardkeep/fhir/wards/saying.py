# SPDX-License-Identifier: Apache-2.0
"""Codes, extensions and moments of ward resources, read and written."""

from datetime import UTC, datetime
from typing import Any

from wardkeep.fhir.model.moments import moment_in
from wardkeep.fhir.model.person import Person, person_in, reference_to
from wardkeep.fhir.work.expects import Content, listed

SYSTEM = "urn:wardkeep:ward"
BY = f"{SYSTEM}:by"


def written(moment: datetime) -> str:
    """A moment as FHIR has it, to the second."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def code_in(node: object, system: str) -> str:
    """The code of that system in a CodeableConcept; empty where it has none."""
    coded = listed(node, "coding") if isinstance(node, dict) else []
    said = next((one.get("code") for one in coded if one.get("system") == system), "")
    return said if isinstance(said, str) else ""


def is_of(concepts: object, code: str) -> bool:
    """Whether one of some CodeableConcepts, or the one, has a code of ours."""
    nodes = concepts if isinstance(concepts, list) else [concepts]
    return any(code_in(one, SYSTEM) == code for one in nodes)


def concept(system: str, code: str, text: str) -> Content:
    return {"coding": [{"system": system, "code": code}], "text": text}


def said_in(node: Content) -> dict[str, Content]:
    """Extensions by their address."""
    return {str(one.get("url")): one for one in listed(node, "extension")}


def text_said(node: Content, url: str) -> str:
    found = said_in(node).get(url, {}).get("valueString")
    return found if isinstance(found, str) else ""


def moment_said(node: Content, url: str) -> datetime | None:
    return moment_in(said_in(node).get(url, {}).get("valueDateTime"))


def person_said(node: Content, url: str) -> Person:
    return person_in(said_in(node).get(url, {}).get("valueReference"))


def put_extension(content: Content, url: str, **value: Any) -> None:
    """Say this in place of what the extension said; without a value, nothing of it."""
    others = [one for one in listed(content, "extension") if one.get("url") != url]
    if value:
        others.append({"url": url, **value})
    if others:
        content["extension"] = others
    else:
        content.pop("extension", None)


def of_person(person: Person) -> Content:
    """An extension's value."""
    return {"valueReference": reference_to(person)}


def texts_in(node: Content, name: str) -> str:
    """The words of the first CodeableConcept of a list."""
    found = next((one.get("text") for one in listed(node, name)), "")
    return found if isinstance(found, str) else ""
