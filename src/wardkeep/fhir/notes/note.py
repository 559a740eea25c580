# SPDX-License-Identifier: Apache-2.0
"""A progress note as a FHIR Composition, and back (docs/formats/note.md).

https://hl7.org/fhir/R4/composition.html. Signing makes a version: `final`, or
`preliminary` while a colleague is asked to co-sign; amending makes the next one,
`amended`. Who signed and co-signed is in `attester`; when what it tells happened is in
`event.period`, when it was written in `date`, and both are kept.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from wardkeep.base.clock import LONDON
from wardkeep.disclosure.purpose import Tier
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.model.resource import Resource, parse
from wardkeep.fhir.notes.words import Section, narrative_of, storable, text_of
from wardkeep.fhir.store.outcomes import OpenedResource

TYPE = "Composition"
LATE_AFTER = timedelta(hours=4)
"""From here on a note is marked as a late entry: a shift's end is not late."""
SIGNED, WAITING, AMENDED, WRONG = "final", "preliminary", "amended", "entered-in-error"
RESTRICTED = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality",
    "code": "R",
    "display": "restricted",
}
"""The label that puts a note into the sealed tier."""
_PROGRESS_NOTE = {
    "coding": [
        {"system": "http://loinc.org", "code": "11506-3", "display": "Progress note"}
    ]
}
_PART = "urn:wardkeep:note:"
_BY, _WHY, _BEGUN_BY = f"{_PART}by", f"{_PART}why", f"{_PART}begun-by"


class NoteBrokenError(Exception):
    """What was made here is no resource; our own fault."""


class Attester(msgspec.Struct, frozen=True):
    """Who signed, and when; the first is the author, the others signed with them."""

    time: str = ""
    party: Person = Person()
    mode: str = "professional"


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """A note, in one of its versions."""

    id: str
    patient: str
    title: str
    sections: tuple[Section, ...]
    status: str = SIGNED
    written: datetime
    """When it was first signed; UTC."""
    about: datetime
    """When what it tells happened; UTC."""
    authors: tuple[Person, ...] = ()
    attesters: tuple[Attester, ...] = ()
    is_sealed: bool = False
    by: Person = Person()
    """Who made this version."""
    why: str = ""
    """What this version changed and why; empty of the first one."""
    begun_by: str = ""
    """Whose draft it was, where somebody else finished it."""
    version: int = 0
    """As it is stored; 0 before."""
    changed: datetime | None = None
    """When this version was stored."""

    @property
    def signed(self) -> datetime:
        """When this version was signed."""
        last = self.attesters[-1].time if self.attesters else ""
        return _moment(last) or self.changed or self.written

    @property
    def is_late(self) -> bool:
        return self.written - self.about >= LATE_AFTER

    @property
    def is_wrong(self) -> bool:
        return self.status == WRONG

    @property
    def is_waiting(self) -> bool:
        return self.status == WAITING


def resource_of(note: Note) -> Resource:
    """It as a resource, to be stored."""
    content: dict[str, object] = {
        "resourceType": TYPE,
        "id": note.id,
        "extension": list(_extensions(note)),
        "status": note.status,
        "type": _PROGRESS_NOTE,
        "subject": {"reference": f"Patient/{note.patient}"},
        "date": _instant(note.written),
        "author": note.authors,
        "title": storable(note.title),
        "attester": [
            {"mode": one.mode, "time": one.time, "party": one.party}
            for one in note.attesters
        ],
        "event": [{"period": {"start": _instant(note.about)}}],
        "section": [_section(one) for one in note.sections],
    }
    if note.is_sealed:
        content["meta"] = {"security": [RESTRICTED]}
        content["confidentiality"] = RESTRICTED["code"]
    kept = {name: value for name, value in content.items() if value}
    made = parse(msgspec.json.encode(kept))
    if not isinstance(made, Resource):
        raise NoteBrokenError
    return made


def _extensions(note: Note) -> Sequence[dict[str, object]]:
    found: list[dict[str, object]] = []
    if note.by != Person():
        found.append({"url": _BY, "valueReference": note.by})
    if note.why:
        found.append({"url": _WHY, "valueString": storable(note.why)})
    if note.begun_by:
        found.append({"url": _BEGUN_BY, "valueString": note.begun_by})
    return found


def _section(one: Section) -> dict[str, object]:
    made: dict[str, object] = {
        "text": {"status": "additional", "div": narrative_of(one.text)}
    }
    if one.heading:
        made = {"title": one.heading, **made}
    return made


def _instant(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


class _Narrative(msgspec.Struct, frozen=True):
    div: str = ""


class _Section(msgspec.Struct, frozen=True):
    title: str = ""
    text: _Narrative = _Narrative()
    section: tuple["_Section", ...] = ()


class _Extension(msgspec.Struct, frozen=True, rename="camel"):
    url: str = ""
    value_string: str = ""
    value_reference: Person = Person()


class _Period(msgspec.Struct, frozen=True):
    start: str = ""


class _Event(msgspec.Struct, frozen=True):
    period: _Period = _Period()


class _Composition(msgspec.Struct, frozen=True):
    status: str = ""
    date: str = ""
    title: str = ""
    author: tuple[Person, ...] = ()
    attester: tuple[Attester, ...] = ()
    event: tuple[_Event, ...] = ()
    section: tuple[_Section, ...] = ()
    extension: tuple[_Extension, ...] = ()


_decode = msgspec.json.Decoder(_Composition).decode


def read_note(opened: OpenedResource) -> Note | None:
    """A Composition as a note; None where it is written in another way.

    One that came from elsewhere is read as far as it says the same.
    """
    try:
        found = _decode(opened.text)
        written = _moment(found.date) or _day(found.date) or opened.last_updated
        starts = [one.period.start for one in found.event if one.period.start]
        about = _moment(starts[0]) if starts else None
    except (msgspec.DecodeError, ValueError):
        return None
    said = {one.url: one for one in found.extension}
    return Note(
        id=opened.id,
        patient=opened.patient,
        title=found.title,
        sections=tuple(_read_sections(found.section)),
        status=found.status,
        written=written,
        about=about or written,
        authors=found.author,
        attesters=found.attester,
        is_sealed=opened.tier is Tier.SEALED,
        by=said.get(_BY, _Extension()).value_reference,
        why=said.get(_WHY, _Extension()).value_string,
        begun_by=said.get(_BEGUN_BY, _Extension()).value_string,
        version=opened.version,
        changed=opened.last_updated,
    )


def _read_sections(found: Sequence[_Section]) -> list[Section]:
    sections: list[Section] = []
    for one in found:
        if one.text.div or not one.section:
            sections.append(Section(one.title, text_of(one.text.div)))
        sections += _read_sections(one.section)
    return sections


def _moment(text: str) -> datetime | None:
    """An instant with its offset; None for a day alone."""
    moment = datetime.fromisoformat(text) if "T" in text else None
    return moment if moment is not None and moment.tzinfo else None


def _day(text: str) -> datetime | None:
    """A day alone, or a month or year of others': as it begins, and never as today."""
    if not text or "T" in text:
        return None
    first = f"{text}-01-01"[: len("2020-01-01")]
    return datetime.fromisoformat(first).replace(tzinfo=LONDON)
