# SPDX-License-Identifier: Apache-2.0
"""Finding a patient's sections and the organisation's rules, and saving a section."""

import base64
from collections.abc import Sequence

import msgspec
from starlette.responses import Response

from wardkeep.base.ids import derived_uuid
from wardkeep.care.legal_status import Found, section_in
from wardkeep.care.of_patient import WRITERS, refused
from wardkeep.care.opening import me, opener_of
from wardkeep.care.writing import NOT_SAVED, drafted_anew
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.mha.due import end_of_section
from wardkeep.fhir.mha.periods import day_of
from wardkeep.fhir.mha.rules import Rules, SectionRule, known_rules, shipped_text
from wardkeep.fhir.mha.section import (
    TYPE,
    Section,
    flag_content,
    section_content,
)
from wardkeep.fhir.store.change import Change
from wardkeep.fhir.store.draft import Draft
from wardkeep.fhir.store.outcomes import Conflict, NotFound, Written
from wardkeep.fhir.store.reading import Reader
from wardkeep.fhir.store.writing import Writer
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

OFFICE = WRITERS.but("carer", "health_advisor")
"""Who sees the list and writes about sections."""
RULES_ID = derived_uuid("mental-health-act-rules")
LIBRARY = "Library"
_NO_RULE = Trouble(
    status=409,
    title="The rules do not know this section",
    why="The organisation’s rules have no such section, so no date can be worked out.",
    mend="Ask an administrator to load rules that have it, then try again.",
)


class RuleBook(msgspec.Struct, frozen=True, kw_only=True):
    """The rules of an organisation, and where they come from."""

    rules: Rules
    text: bytes
    version: int = 0
    """Of the Library that has them; 0: those that came with this version."""


class _Attachment(msgspec.Struct, frozen=True):
    data: str = ""


class _Library(msgspec.Struct, frozen=True):
    content: tuple[_Attachment, ...] = ()


async def rule_book(visit: Visit) -> RuleBook | Response:
    """Loaded by the organisation; else those that came with this version."""
    opened = await visit.services[Reader].shared(
        [(LIBRARY, RULES_ID)], opener=opener_of(visit)
    )
    if isinstance(opened, Refusal):
        return visit.refuse(opened)
    for one in opened.resources:
        kept = msgspec.json.decode(one.text, type=_Library)
        text = base64.b64decode(kept.content[0].data)
        return RuleBook(rules=known_rules(text), text=text, version=one.version)
    return RuleBook(rules=known_rules(), text=shipped_text())


async def find_section(visit: Visit) -> Found | Response:
    """The one that the address names, of the patient there."""
    opened = await visit.services[Reader].one(
        TYPE, visit.path("section"), opener=opener_of(visit)
    )
    if isinstance(opened, Refusal):
        return refused(visit, opened)
    if isinstance(opened, NotFound):
        return visit.tell(NOT_FOUND)
    [one] = opened.resources
    found = section_in(one) if one.patient == visit.path("id") else None
    return visit.tell(NOT_FOUND) if found is None else found


def rule_of(section: Section, rules: Rules) -> SectionRule | None:
    return rules.section_on(section.code, day_of(section.began))


async def save(
    visit: Visit, rules: Rules, changed: Sequence[tuple[Section, int]]
) -> Written | Conflict | Response:
    """Write sections in the place of those versions, with their alerts, or nothing."""
    drafts: list[Draft] = []
    expected: list[int | None] = []
    for section, version in changed:
        rule = rule_of(section, rules)
        if rule is None:
            return visit.tell(_NO_RULE)
        expires = end_of_section(section.facts, rules)
        patient = visit.path("id")
        content = section_content(
            section, rule, patient=patient, author=await me(visit), expires=expires
        )
        flag = flag_content(section, rule, patient=patient, expires=expires)
        drafts += [drafted_anew(content), drafted_anew(flag)]
        expected += [version, None]
    written = await visit.services[Writer].write(
        Change(drafts=drafts, expected=expected), opener=opener_of(visit)
    )
    if isinstance(written, Refusal):
        return refused(visit, written)
    if isinstance(written, Written | Conflict):
        return written
    return visit.tell(NOT_SAVED)


def address_of(visit: Visit, section: str = "") -> str:
    below = f"/{section}" if section else ""
    return f"/patients/{visit.path('id')}/mental-health-act{below}"
