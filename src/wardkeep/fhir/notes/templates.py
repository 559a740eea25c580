# SPDX-License-Identifier: Apache-2.0
"""Templates of notes: an organisation's own headings, kept as Questionnaires.

https://hl7.org/fhir/R4/questionnaire.html: an item of type `text` for each heading,
with its hint. A resource has versions, so a template has them too; a note keeps the
headings that it was begun with.
"""

from collections.abc import Sequence

import msgspec

from wardkeep.fhir.model.resource import Resource, parse
from wardkeep.fhir.notes.note import NoteBrokenError
from wardkeep.fhir.notes.words import Section
from wardkeep.fhir.store.outcomes import OpenedResource

TYPE = "Questionnaire"
SYSTEM, CODE = "urn:wardkeep:questionnaire", "note-template"
_HINT = "urn:wardkeep:note:hint"


class Template(msgspec.Struct, frozen=True, kw_only=True):
    """One template; `version` is 0 before it is stored."""

    id: str
    title: str
    sections: tuple[Section, ...]
    is_used: bool = True
    """Whether it is offered; one that is not stays in history."""
    version: int = 0


def questionnaire_of(template: Template) -> Resource:
    """It as a resource, to be stored."""
    content: dict[str, object] = {
        "resourceType": TYPE,
        "id": template.id,
        "status": "active" if template.is_used else "retired",
        "title": template.title,
        "subjectType": ["Patient"],
        "code": [{"system": SYSTEM, "code": CODE}],
        "item": [_item(n, one) for n, one in enumerate(template.sections, 1)],
    }
    made = parse(msgspec.json.encode(content))
    if not isinstance(made, Resource):
        raise NoteBrokenError
    return made


def _item(number: int, one: Section) -> dict[str, object]:
    made: dict[str, object] = {
        "linkId": str(number),
        "text": one.heading,
        "type": "text",
    }
    if one.hint:
        made["extension"] = [{"url": _HINT, "valueString": one.hint}]
    return made


class _Extension(msgspec.Struct, frozen=True, rename="camel"):
    url: str = ""
    value_string: str = ""


class _Item(msgspec.Struct, frozen=True):
    text: str = ""
    extension: tuple[_Extension, ...] = ()


class _Code(msgspec.Struct, frozen=True):
    system: str = ""
    code: str = ""


class _Questionnaire(msgspec.Struct, frozen=True):
    status: str = ""
    title: str = ""
    code: tuple[_Code, ...] = ()
    item: tuple[_Item, ...] = ()


def read_template(opened: OpenedResource) -> Template | None:
    """A Questionnaire as a template; None where it is another one."""
    try:
        found = msgspec.json.decode(opened.text, type=_Questionnaire)
    except msgspec.DecodeError:
        return None
    if not any(one.system == SYSTEM and one.code == CODE for one in found.code):
        return None
    return Template(
        id=opened.id,
        title=found.title,
        sections=tuple(
            Section(heading=one.text, hint=_hint(one.extension)) for one in found.item
        ),
        is_used=found.status == "active",
        version=opened.version,
    )


def _hint(extensions: Sequence[_Extension]) -> str:
    return next((one.value_string for one in extensions if one.url == _HINT), "")
