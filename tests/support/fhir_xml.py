# SPDX-License-Identifier: Apache-2.0
"""FHIR's XML read into the content of its JSON, for cases that exist as XML only."""

from typing import Any
from xml.etree import ElementTree as ET

from wardkeep.fhir.model.members import members_of

_FHIR = "{http://hl7.org/fhir}"
_XHTML = "{http://www.w3.org/1999/xhtml}"


def resource_of(node: ET.Element) -> dict[str, Any]:
    """A resource element as JSON content."""
    type_ = node.tag.removeprefix(_FHIR)
    return {"resourceType": type_, **_members(node, type_)}


def _members(node: ET.Element, type_: str) -> dict[str, Any]:
    known = members_of(type_)
    found: dict[str, Any] = {
        name: value for name, value in node.attrib.items() if name in ("id", "url")
    }
    for child in node:
        if child.tag.startswith(_XHTML):
            text = ET.tostring(child, encoding="unicode").strip()
            found["div"] = text.replace("xmlns:html=", "xmlns=").replace("html:", "")
            continue
        key = child.tag.removeprefix(_FHIR)
        member = known[key]
        value = _value(child, member.type, is_primitive=member.is_primitive)
        if member.element.is_list:
            found.setdefault(key, []).append(value)
        else:
            found[key] = value
    return found


def _value(node: ET.Element, type_: str, *, is_primitive: bool) -> Any:
    if is_primitive:
        return _primitive(node.get("value", ""), type_)
    if type_ == "Resource":
        return resource_of(node[0])
    return _members(node, type_)


def _primitive(text: str, type_: str) -> Any:
    if type_ == "boolean":
        return text == "true"
    if type_ in ("integer", "positiveInt", "unsignedInt"):
        return int(text)
    return text
