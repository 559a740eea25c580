# SPDX-License-Identifier: Apache-2.0
"""A chart: what one patient's resources say, sorted as a clinician looks for it."""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import TypeVar, cast

import msgspec

from wardkeep.base.clock import LONDON
from wardkeep.base.ids import derived_uuid, is_fhir_id
from wardkeep.care import reading
from wardkeep.care.pregnancy import Pregnancy, pregnancies_in
from wardkeep.care.timeline import Happening, happening_of
from wardkeep.care.vital_signs import VitalSet, vital_sets
from wardkeep.fhir.contacts.contact import MECHANISM_SYSTEM
from wardkeep.fhir.mha.section import EXPIRES
from wardkeep.fhir.mha.words import until_words
from wardkeep.ui.format import read_moment

NO_KNOWN_ALLERGY_CODES = ("716186003", "no-known-allergy")
"""SNOMED CT 716186003 |No known allergy|; also written as plain text."""
_ENDED_PROBLEM = ("inactive", "remission", "resolved")
_WRONG = ("entered-in-error",)
_CURRENT_MEDICINE = ("active", "on-hold", "draft", "intended", "unknown", "")
_SCALE_2_WORDS = "hypercapnic respiratory failure"
MOST_POINTS = 200
BY_WORDS = "words-"
"""Begins the key of a series that has no code."""

T = TypeVar("T")
Parts = dict[type, list[object]]
"""What was read, by its type here."""


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the problem list."""

    id: str
    words: str
    since: str
    until: str
    is_current: bool
    certainty: str


class Medicine(msgspec.Struct, frozen=True, kw_only=True):
    """A medicine, how it is taken, and since when."""

    id: str
    is_prescription: bool
    """Whether it is an order, which whoever prescribes it stops elsewhere."""
    words: str
    dosage: str
    since: str
    status: str
    is_current: bool


L = TypeVar("L", Problem, Medicine)


class Allergy(msgspec.Struct, frozen=True, kw_only=True):
    """What the patient reacts to, and how."""

    id: str
    words: str
    reaction: str
    criticality: str
    certainty: str


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """What whoever meets the patient has to know first."""

    id: str
    words: str
    kind: str
    since: str
    until: str
    is_current: bool
    expires: datetime | None = None
    """Until when a section of the Mental Health Act holds; None of other alerts."""

    def has_begun(self, now: datetime) -> bool:
        """Whether it is one already: an alert may be written before its day."""
        begins = read_moment(self.since) if "T" in self.since else None
        return begins is None or begins <= now

    def has_ended(self, now: datetime) -> bool:
        """Whether its last day is over. A section's end is said in words instead."""
        if not self.until or self.expires is not None:
            return False
        if "T" in self.until:
            ends = read_moment(self.until)
            return ends is not None and ends <= now
        try:
            last = date.fromisoformat(self.until)
        except ValueError:
            return False
        return last < now.astimezone(LONDON).date()

    def words_at(self, now: datetime) -> str:
        """What it says, and until when: past that, that somebody has to act."""
        if self.expires is None:
            return self.words
        until = until_words(self.expires)
        if now >= self.expires:
            return f"{self.words}: PAST ITS END, {until}. Ring the Act office now"
        return f"{self.words} until {until}"


class Point(msgspec.Struct, frozen=True):
    """One measured value."""

    when: str
    value: Decimal
    interpretation: str = ""
    id: str = ""


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of measurement over time, the oldest first."""

    key: str
    words: str
    unit: str
    latest: str
    latest_when: str
    interpretation: str
    low: Decimal | None
    high: Decimal | None
    points: tuple[Point, ...]
    count: int


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """A document and its text, where it carries one."""

    id: str
    words: str
    when: str
    content_type: str
    data: str


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """An encounter: a stay, a clinic, a visit at home."""

    id: str
    words: str
    kind: str
    start: str
    end: str
    status: str
    reason: str
    is_contact: bool
    """Whether it has a page of its own: it was recorded as a contact."""


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the record page shows."""

    patient: reading.Patient
    problems: tuple[Problem, ...]
    medicines: tuple[Medicine, ...]
    allergies: tuple[Allergy, ...]
    is_free_of_known_allergies: bool
    """Somebody recorded that there are none; not the same as nothing recorded."""
    denial: str
    """Id of the entry which says that there are none; empty without one."""
    alerts: tuple[Alert, ...]
    """Those that stand first."""
    series: tuple[Series, ...]
    vital_sets: tuple[VitalSet, ...]
    is_spo2_scale_2: bool
    pregnancies: tuple[Pregnancy, ...]
    visits: tuple[Visit, ...]
    documents: tuple[Document, ...]
    timeline: tuple[Happening, ...]
    unreadable: tuple[reading.Unreadable, ...]
    resources: int


def build_chart(resources: Iterable[tuple[str, str, bytes]]) -> Chart:
    """A chart from (type, id, JSON) of every resource that was opened."""
    read = [reading.read(*one) for one in resources]
    parts: Parts = {}
    for part in read:
        parts.setdefault(type(part), []).append(part)
    patients = _of(parts, reading.Patient)
    conditions = [c for c in _of(parts, reading.Condition) if not _is_wrong(c)]
    observations = [o for o in _of(parts, reading.Observation) if _counts(o)]
    stated = [a for a in _of(parts, reading.AllergyIntolerance) if _is_stated(a)]
    allergies = [_allergy(one) for one in stated if not _denies_allergies(one)]
    happenings = [happening_of(part) for part in read]
    return Chart(
        patient=patients[0] if patients else reading.Patient(),
        problems=_newest_first([_problem(c) for c in conditions]),
        medicines=_newest_first(
            [
                one
                for one in (
                    *map(_requested, _of(parts, reading.MedicationRequest)),
                    *map(_stated, _of(parts, reading.MedicationStatement)),
                )
                if one.status not in _WRONG
            ]
        ),
        allergies=tuple(allergies),
        is_free_of_known_allergies=bool(stated) and not allergies,
        denial=next((one.id for one in stated if _denies_allergies(one)), ""),
        alerts=_alerts(_of(parts, reading.Flag)),
        series=_series(observations),
        vital_sets=vital_sets(observations),
        is_spo2_scale_2=any(
            _SCALE_2_WORDS in condition.code.words.casefold()
            and not condition.verification_status.has_code("refuted")
            for condition in conditions
        ),
        pregnancies=pregnancies_in(conditions),
        visits=_visits(_of(parts, reading.Encounter)),
        documents=_documents(_of(parts, reading.DocumentReference)),
        timeline=tuple(
            sorted(
                (one for one in happenings if one is not None),
                key=lambda one: one.when,
                reverse=True,
            )
        ),
        unreadable=tuple(_of(parts, reading.Unreadable)),
        resources=len(read),
    )


def _of(parts: Parts, type_: type[T]) -> list[T]:
    return cast("list[T]", parts.get(type_, []))


def _is_wrong(stated: reading.Condition | reading.AllergyIntolerance) -> bool:
    return stated.verification_status.has_code(*_WRONG)


def _is_stated(stated: reading.AllergyIntolerance) -> bool:
    """Whether it still holds: one that was found not to be is neither."""
    return not (_is_wrong(stated) or stated.clinical_status.has_code(*_ENDED_PROBLEM))


def _counts(observation: reading.Observation) -> bool:
    return observation.status not in ("entered-in-error", "cancelled")


def _denies_allergies(stated: reading.AllergyIntolerance) -> bool:
    words = stated.code.words.casefold()
    is_denial = stated.code.has_code(*NO_KNOWN_ALLERGY_CODES)
    return is_denial or words.startswith("no known")


def _alerts(flags: list[reading.Flag]) -> tuple[Alert, ...]:
    found = [
        Alert(
            id=one.id,
            words=one.code.words,
            kind=", ".join(kind.words for kind in one.category),
            since=one.period.start,
            until=one.period.end,
            is_current=one.status == "active",
            expires=_expires(one),
        )
        for one in flags
        if one.status != "entered-in-error"
    ]
    return tuple(sorted(found, key=lambda one: not one.is_current))


def _expires(flag: reading.Flag) -> datetime | None:
    said = [one.value_date_time for one in flag.extension if one.url == EXPIRES]
    return read_moment(said[0]) if said and "T" in said[0] else None


def _newest_first(lines: list[L]) -> tuple[L, ...]:
    by_date = sorted(lines, key=lambda line: line.since, reverse=True)
    return tuple(sorted(by_date, key=lambda line: not line.is_current))


def _problem(condition: reading.Condition) -> Problem:
    since = condition.onset_date_time or condition.onset_period.start
    is_ended = condition.clinical_status.has_code(*_ENDED_PROBLEM)
    return Problem(
        id=condition.id,
        words=condition.code.words,
        since=since or condition.recorded_date,
        until=condition.abatement_date_time,
        is_current=not (is_ended or condition.abatement_date_time),
        certainty=_unless_confirmed(condition.verification_status),
    )


def _unless_confirmed(status: reading.Concept) -> str:
    return "" if status.has_code("confirmed") else status.words


def _requested(request: reading.MedicationRequest) -> Medicine:
    words = request.medication_codeable_concept.words
    return Medicine(
        id=request.id,
        is_prescription=True,
        words=words or request.medication_reference.display,
        dosage=_dosage(request.dosage_instruction),
        since=request.authored_on,
        status=request.status,
        is_current=request.status in _CURRENT_MEDICINE,
    )


def _stated(statement: reading.MedicationStatement) -> Medicine:
    return Medicine(
        id=statement.id,
        is_prescription=False,
        words=statement.medication_codeable_concept.words,
        dosage=_dosage(statement.dosage),
        since=statement.effective_date_time or statement.effective_period.start,
        status=statement.status,
        is_current=statement.status in _CURRENT_MEDICINE,
    )


def _dosage(lines: tuple[reading.Dosage, ...]) -> str:
    return "; ".join(line.text for line in lines if line.text)


def _allergy(stated: reading.AllergyIntolerance) -> Allergy:
    reactions = [
        concept.words for one in stated.reaction for concept in one.manifestation
    ]
    return Allergy(
        id=stated.id,
        words=stated.code.words,
        reaction=", ".join(reactions),
        criticality=stated.criticality,
        certainty=_unless_confirmed(stated.verification_status),
    )


def _visits(encounters: list[reading.Encounter]) -> tuple[Visit, ...]:
    visits = [
        Visit(
            id=one.id,
            words=one.type[0].words if one.type else one.class_.display,
            kind=one.class_.display or one.class_.code,
            start=one.period.start,
            end=one.period.end,
            status=one.status,
            reason=", ".join(reason.words for reason in one.reason_code),
            is_contact=any(
                it.system == MECHANISM_SYSTEM for kind in one.type for it in kind.coding
            ),
        )
        for one in encounters
        if one.status != "entered-in-error"
    ]
    return tuple(sorted(visits, key=lambda visit: visit.start, reverse=True))


def _documents(references: list[reading.DocumentReference]) -> tuple[Document, ...]:
    documents = [_document(one) for one in references if one.status == "current"]
    return tuple(sorted(documents, key=lambda one: one.when, reverse=True))


def _document(reference: reading.DocumentReference) -> Document:
    content = reference.content[0] if reference.content else reading.Content()
    attachment = content.attachment
    return Document(
        id=reference.id,
        words=attachment.title or reference.description or reference.type.words,
        when=reference.date,
        content_type=attachment.content_type,
        data=attachment.data,
    )


def _series(observations: list[reading.Observation]) -> tuple[Series, ...]:
    """Measured quantities by code and unit, the most recently measured first."""
    groups: dict[tuple[str, str], list[_Measured]] = {}
    for observation in observations:
        for measured in _measured(observation):
            groups.setdefault((measured.key, measured.unit), []).append(measured)
    found = [_one_series(group) for group in groups.values()]
    found.sort(key=lambda one: reading.moment_of(one.latest_when), reverse=True)
    return tuple(found)


class _Measured(msgspec.Struct, frozen=True, kw_only=True):
    key: str
    words: str
    unit: str
    when: str
    value: Decimal
    shown: str
    of: reading.Observation


def key_of(code: reading.Concept) -> str:
    """What a series is called in an address: its code, or a mark of its words."""
    known = next((one.code for one in code.coding if one.code), "")
    is_fit = is_fhir_id(known) and not known.startswith(BY_WORDS)
    return known if is_fit else f"{BY_WORDS}{derived_uuid(code.words)[:13]}"


def _measured(observation: reading.Observation) -> Iterable[_Measured]:
    parts = [(observation.code, observation.value_quantity)]
    parts += [(part.code, part.value_quantity) for part in observation.component]
    for code, quantity in parts:
        if quantity.value is not None:
            yield _Measured(
                key=key_of(code),
                words=code.words,
                unit=quantity.unit or quantity.code,
                when=observation.when,
                value=quantity.value,
                shown=quantity.words,
                of=observation,
            )


def _one_series(group: list[_Measured]) -> Series:
    group.sort(key=lambda one: reading.moment_of(one.when))
    latest = group[-1]
    of = latest.of
    range_ = of.reference_range[0] if of.reference_range else reading.ReferenceRange()
    return Series(
        key=latest.key,
        words=latest.words,
        unit=latest.unit,
        latest=latest.shown,
        latest_when=latest.when,
        interpretation=_interpreted(of),
        low=range_.low.value,
        high=range_.high.value,
        points=tuple(
            Point(one.when, one.value, _interpreted(one.of), one.of.id)
            for one in group[-MOST_POINTS:]
        ),
        count=len(group),
    )


def _interpreted(of: reading.Observation) -> str:
    words = ", ".join(one.words for one in of.interpretation)
    return "" if words.casefold() in ("normal", "n") else words
