# SPDX-License-Identifier: Apache-2.0
"""A section of the Act as a FHIR Observation of a legal status, with all its entries.

https://hl7.org/fhir/R4/observation.html: `effectivePeriod` is when it holds, `value` is
the status in UK Core's classification, and each entry is a `component`, so that
`component-code` finds them. So what was done and what follows from it are one version,
of which two people never both write the next. Not an Encounter with UK Core's
LegalStatus extension: stays come from other software that would write over it, and one
stay has several sections. Not a Consent: nobody consents to it. A Flag with the same
change says it in the banner of every page.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec

from wardkeep.base.ids import derived_uuid
from wardkeep.fhir.mha.entry_kinds import ENTRY_KINDS, STRUCK
from wardkeep.fhir.mha.facts import Fact, Facts
from wardkeep.fhir.mha.rules import SectionRule
from wardkeep.fhir.model.person import Person, person_in, reference_to
from wardkeep.fhir.work.expects import Content, listed

TYPE, FLAG = "Observation", "Flag"
SYSTEM = "urn:wardkeep:mha"
STATUS = "legal-status"
SECTIONS, ENTRIES, OUTCOMES = (
    f"{SYSTEM}:section",
    f"{SYSTEM}:entry",
    f"{SYSTEM}:outcome",
)
CLASSIFICATION = (
    "https://fhir.hl7.org.uk/CodeSystem/UKCore-LegalStatusClassificationEngland"
)
EXPIRES, PLACE = f"{SYSTEM}:expires", f"{SYSTEM}:place"
_AT, _UNTIL, _FORM, _WORDS = (
    f"{SYSTEM}:{it}" for it in ("at", "until", "form", "words")
)
_BY, _WHOM, _RECORDED, _ABOUT = (
    f"{SYSTEM}:{it}" for it in ("by", "whom", "recorded", "about")
)


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry, as it was written."""

    id: str
    kind: str
    at: datetime
    recorded: datetime
    by: Person
    until: datetime | None = None
    outcome: str = ""
    form: str = ""
    whom: str = ""
    words: str = ""
    about: str = ""
    """Of one that takes another back: its id."""
    place: Person = Person()

    @property
    def fact(self) -> Fact:
        return Fact(self.kind, self.at, self.until, self.outcome, self.form)


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """One section of one patient, as it stands."""

    id: str
    code: str
    began: datetime
    place: Person
    entries: tuple[Entry, ...] = ()

    @property
    def struck(self) -> frozenset[str]:
        """Ids of entries that were taken back."""
        return frozenset(one.about for one in self.entries if one.kind == STRUCK)

    @property
    def holding(self) -> tuple[Entry, ...]:
        gone = self.struck
        return tuple(
            one for one in self.entries if one.id not in gone and one.kind != STRUCK
        )

    @property
    def facts(self) -> Facts:
        return Facts(
            section=self.id,
            code=self.code,
            began=self.began,
            facts=tuple(one.fact for one in self.holding),
        )

    @property
    def ward(self) -> Person:
        """Where the papers say that the patient is now."""
        moved = [one.place for one in self.holding if one.place.reference]
        return moved[-1] if moved else self.place

    def has(self, entry: str) -> bool:
        return any(one.id == entry for one in self.entries)


def is_section(content: Content) -> bool:
    """Whether an Observation is one."""
    code = content.get("code")
    coded = listed(code, "coding") if isinstance(code, dict) else []
    return any(
        one.get("system") == SYSTEM and one.get("code") == STATUS for one in coded
    )


def read_section(content: Content) -> Section | None:
    """What an Observation says as a section; None where it is none."""
    period, value = content.get("effectivePeriod"), content.get("valueCodeableConcept")
    began = _moment(period.get("start")) if isinstance(period, dict) else None
    coded = listed(value, "coding") if isinstance(value, dict) else []
    code = next((one.get("code") for one in coded if one.get("system") == SECTIONS), "")
    if (
        not is_section(content)
        or began is None
        or not isinstance(code, str)
        or not code
    ):
        return None
    entries = tuple(_entries(content))
    if content.get("status") == "entered-in-error":
        entries = (*entries, _made_in_error(began))
    return Section(
        id=str(content.get("id", "")),
        code=code,
        began=began,
        place=person_in(_said(content).get(PLACE, {}).get("valueReference")),
        entries=entries,
    )


def _made_in_error(began: datetime) -> Entry:
    """For what other software marked so; ours has an entry that says why."""
    return Entry(id="marked", kind="in-error", at=began, recorded=began, by=Person())


def _moment(said: object) -> datetime | None:
    if not isinstance(said, str):
        return None
    try:
        found = datetime.fromisoformat(said)
    except ValueError:
        return None
    return None if found.tzinfo is None else found.astimezone(UTC)


def _said(content: Content) -> dict[str, Content]:
    return {str(one.get("url")): one for one in listed(content, "extension")}


def _entries(content: Content) -> Iterator[Entry]:
    for one in listed(content, "component"):
        entry = _entry(one)
        if entry is not None:
            yield entry


def _code_in(node: object, system: str) -> str:
    coded = listed(node, "coding") if isinstance(node, dict) else []
    said = next((one.get("code") for one in coded if one.get("system") == system), "")
    return said if isinstance(said, str) else ""


def _entry(component: Content) -> Entry | None:
    said = _said(component)

    def text(url: str) -> str:
        found = said.get(url, {}).get("valueString")
        return found if isinstance(found, str) else ""

    kind = _code_in(component.get("code"), ENTRIES)
    at = _moment(said.get(_AT, {}).get("valueDateTime"))
    recorded = _moment(said.get(_RECORDED, {}).get("valueInstant"))
    if (kind not in ENTRY_KINDS and kind != STRUCK) or at is None:
        return None
    return Entry(
        id=str(component.get("id", "")),
        kind=kind,
        at=at,
        recorded=recorded or at,
        by=person_in(said.get(_BY, {}).get("valueReference")),
        until=_moment(said.get(_UNTIL, {}).get("valueDateTime")),
        outcome=_code_in(component.get("valueCodeableConcept"), OUTCOMES),
        form=text(_FORM),
        whom=text(_WHOM),
        words=text(_WORDS),
        about=text(_ABOUT),
        place=person_in(said.get(PLACE, {}).get("valueReference")),
    )


def section_content(
    section: Section,
    rule: SectionRule,
    *,
    patient: str,
    author: Person,
    expires: datetime | None,
) -> Content:
    """It as a resource's content."""
    ended = section.facts.ended
    period = {"start": _written(section.began)}
    if ended is not None:
        period["end"] = _written(max(ended.at, section.began))
    content: Content = {
        "resourceType": TYPE,
        "id": section.id,
        "status": _status(section),
        "code": {
            "coding": [{"system": SYSTEM, "code": STATUS}],
            "text": "Mental Health Act legal status",
        },
        "subject": {"reference": f"Patient/{patient}"},
        "effectivePeriod": period,
        "performer": [reference_to(author)],
        "valueCodeableConcept": {
            "coding": _codings(section, rule),
            "text": rule.name,
        },
        "component": [_component(one) for one in section.entries],
    }
    extensions = _extensions(section, expires)
    if extensions:
        content["extension"] = extensions
    if not section.entries:
        del content["component"]
    return content


def _codings(section: Section, rule: SectionRule) -> list[Content]:
    own = {"system": SECTIONS, "code": section.code}
    if not rule.legal_status:
        return [own]
    return [{"system": CLASSIFICATION, "code": rule.legal_status}, own]


def _status(section: Section) -> str:
    if section.facts.is_mistake:
        return "entered-in-error"
    return "amended" if section.entries else "final"


def _extensions(section: Section, expires: datetime | None) -> list[Content]:
    found: list[Content] = []
    if expires is not None:
        found.append({"url": EXPIRES, "valueDateTime": _written(expires)})
    if section.place.reference:
        found.append({"url": PLACE, "valueReference": reference_to(section.place)})
    return found


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def _component(entry: Entry) -> Content:
    title = ENTRY_KINDS[entry.kind].title if entry.kind in ENTRY_KINDS else "Taken back"
    extensions: list[Content] = [
        {"url": _AT, "valueDateTime": _written(entry.at)},
        {"url": _RECORDED, "valueInstant": _written(entry.recorded)},
        {"url": _BY, "valueReference": reference_to(entry.by)},
    ]
    if entry.until is not None:
        extensions.append({"url": _UNTIL, "valueDateTime": _written(entry.until)})
    texts = ((_FORM, entry.form), (_WHOM, entry.whom), (_WORDS, entry.words))
    for url, text in (*texts, (_ABOUT, entry.about)):
        if text:
            extensions.append({"url": url, "valueString": text})
    if entry.place.reference:
        extensions.append({"url": PLACE, "valueReference": reference_to(entry.place)})
    component: Content = {
        "id": entry.id,
        "extension": extensions,
        "code": {
            "coding": [{"system": ENTRIES, "code": entry.kind}],
            "text": title,
        },
    }
    if entry.outcome:
        coding = {"system": OUTCOMES, "code": entry.outcome}
        component["valueCodeableConcept"] = {"coding": [coding]}
    return component


def flag_id(section: str) -> str:
    return derived_uuid("mha-flag", section)


def flag_content(
    section: Section, rule: SectionRule, *, patient: str, expires: datetime | None
) -> Content:
    """The alert that says it on every page; words about time are the page's own."""
    ended = section.facts.ended
    period: dict[str, Any] = {"start": _written(section.began)}
    if ended is not None:
        period["end"] = _written(max(ended.at, section.began))
    status = "active" if ended is None else "inactive"
    content: Content = {
        "resourceType": FLAG,
        "id": flag_id(section.id),
        "status": "entered-in-error" if section.facts.is_mistake else status,
        "category": [
            {
                "coding": [{"system": SYSTEM, "code": STATUS}],
                "text": "Mental Health Act",
            }
        ],
        "code": {
            "coding": [{"system": SECTIONS, "code": section.code}],
            "text": rule.now_words,
        },
        "subject": {"reference": f"Patient/{patient}"},
        "period": period,
    }
    if expires is not None:
        content["extension"] = [{"url": EXPIRES, "valueDateTime": _written(expires)}]
    return content
