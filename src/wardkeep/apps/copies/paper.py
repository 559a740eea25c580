# SPDX-License-Identifier: Apache-2.0
"""A record laid out for paper: plain tables, one a section, the newest first.

Paper and the readable file of a copy have the same sections. A chart's lines and
colours are for the screen: on paper a value stands beside its time and its range.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any, TypeVar, cast

import msgspec

from wardkeep.apps.copies.answers import ASSESSMENTS, Section, answered_in
from wardkeep.apps.copies.doses import DOSES, doses_of
from wardkeep.apps.copies.planned import Plan, planned_in
from wardkeep.care import reading
from wardkeep.care.depots import beside, depots_in
from wardkeep.care.documents import sheet_of
from wardkeep.care.people import banner_of
from wardkeep.care.pregnancy import pregnancies_in, unfit_at
from wardkeep.care.vital_signs import NEWS2_CODE
from wardkeep.fhir.store.outcomes import OpenedResource
from wardkeep.ui.banner import Banner
from wardkeep.ui.format import NOT_RECORDED, read_moment, show_date, show_moment

T = TypeVar("T")
H = TypeVar(
    "H",
    reading.Encounter,
    reading.Procedure,
    reading.Immunization,
    reading.Appointment,
)
Row = tuple[str, ...]
_WRONG = "entered-in-error"
_ENDED = ("inactive", "remission", "resolved")
_DENIES = ("716186003", "no-known-allergy")
_ACTIVE, _NO_RANGE = "Active", "Not given"
_LOW, _HIGH = "from {}", "up to {}"
_DEPOTS = "Depot injections"


class Letter(msgspec.Struct, frozen=True):
    """A document with its words, or why there are none."""

    title: str
    when: str
    text: str
    why_not: str


class Paper(msgspec.Struct, frozen=True, kw_only=True):
    """All of a sheet."""

    banner: Banner
    sections: tuple[Section, ...]
    plans: tuple[Plan, ...]
    letters: tuple[Letter, ...]
    unreadable: int
    """Resources that are not written as the standard asks."""


class Read(msgspec.Struct, frozen=True):
    """What was opened, as structs by their type."""

    by_type: dict[type, list[Any]]
    resources: Sequence[OpenedResource]
    today: date

    def of(self, type_: type[T]) -> list[T]:
        return cast("list[T]", self.by_type.get(type_, []))


def paper_of(
    resources: Sequence[OpenedResource],
    *,
    sections: Iterable[str],
    today: date,
    is_latest_only: bool = False,
    has_letters: bool = False,
) -> Paper:
    """A sheet of these sections (`SECTIONS`); of results all, or the latest of each."""
    found = Read({}, resources, today)
    for one in resources:
        part = reading.read(one.type, one.id, one.text)
        if part is not None:
            found.by_type.setdefault(type(part), []).append(part)
    names = tuple(sections)
    made = [SECTIONS[name](found) for name in names if name in SECTIONS]
    made = [one for one in made if one.rows or one.title not in (_DEPOTS, DOSES)]
    if ASSESSMENTS in names:
        made += answered_in(resources)
    if is_latest_only:
        made = [_latest(one) if one.title == _RESULTS else one for one in made]
    patients = found.of(reading.Patient)
    allergies = _allergies_of(found)
    return Paper(
        banner=banner_of(
            patients[0] if patients else reading.Patient(),
            today,
            allergies=tuple(one.code.words for one in allergies),
            is_free_of_known_allergies=bool(_stated_of(found)) and not allergies,
            alerts=tuple(row[0] for row in _alerts(found).rows),
        ),
        sections=tuple(made),
        plans=planned_in(resources),
        letters=_letters(resources) if has_letters else (),
        unreadable=len(found.of(reading.Unreadable)),
    )


# Sections


def _problems(found: Read) -> Section:
    stated = [one for one in found.of(reading.Condition) if not _is_wrong(one)]
    stated.sort(key=lambda one: one.onset_date_time or one.recorded_date, reverse=True)
    stated.sort(key=_has_ended)
    rows = [
        (
            _with_doubt(one),
            _day(one.onset_date_time or one.onset_period.start or one.recorded_date),
            _day(one.abatement_date_time) if one.abatement_date_time else "",
            "Ended" if _has_ended(one) else "Current",
        )
        for one in stated
    ]
    return Section(
        "Problems",
        ("Problem", "Since", "Until", "Now"),
        tuple(rows),
        "No problems recorded.",
    )


def _has_ended(stated: reading.Condition) -> bool:
    is_marked = stated.clinical_status.has_code(*_ENDED)
    return is_marked or bool(stated.abatement_date_time)


def _with_doubt(stated: reading.Condition | reading.AllergyIntolerance) -> str:
    """What it is, and in words how sure that is where nobody confirmed it."""
    status = stated.verification_status
    is_sure = status.has_code("confirmed") or not status.words
    return stated.code.words if is_sure else f"{stated.code.words} ({status.words})"


def _is_wrong(stated: reading.Condition | reading.AllergyIntolerance) -> bool:
    return stated.verification_status.has_code(_WRONG)


def _stated_of(found: Read) -> list[reading.AllergyIntolerance]:
    return [one for one in found.of(reading.AllergyIntolerance) if not _is_wrong(one)]


def _allergies_of(found: Read) -> list[reading.AllergyIntolerance]:
    """Those that there are; somebody may have stated that there is none."""
    return [
        one
        for one in _stated_of(found)
        if not one.code.has_code(*_DENIES)
        and not one.code.words.casefold().startswith("no known")
    ]


def _allergies(found: Read) -> Section:
    rows = [
        (
            _with_doubt(one),
            ", ".join(
                each.words for told in one.reaction for each in told.manifestation
            )
            or NOT_RECORDED,
            one.criticality.capitalize() or NOT_RECORDED,
        )
        for one in _allergies_of(found)
    ]
    return Section(
        "Allergies",
        ("Allergy", "Reaction", "Risk"),
        tuple(rows),
        "No known allergies." if _stated_of(found) else "No allergies recorded.",
    )


def _alerts(found: Read) -> Section:
    rows = [
        (one.code.words, _day(one.period.start))
        for one in found.of(reading.Flag)
        if one.status == "active" and not _is_ahead(one.period.start, found.today)
    ]
    return Section("Alerts", ("Alert", "Since"), tuple(rows), "No alerts.")


def _is_ahead(start: str, today: date) -> bool:
    """Whether an alert is none yet."""
    begins = read_moment(start) if "T" in start else None
    return begins is not None and begins.date() > today


def _depots(found: Read) -> Section:
    rows = [
        (
            one.medicine,
            one.dosage,
            f"{_day(one.due)}, {one.left}{f' ({one.tag})' if one.tag else ''}",
            f"{_day(one.opens)} to {_day(one.closes)}",
            show_moment(one.last) if one.last else "None recorded",
        )
        for one in depots_in(found.resources, found.today)
    ]
    return Section(
        _DEPOTS,
        ("Medicine", "Dose", "Next due", "May be given", "Last given"),
        tuple(rows),
        "No depot injections.",
    )


def _medicines(found: Read) -> Section:
    """Beside the depots, which stand in a table of their own above."""
    above = depots_in(found.resources, found.today)
    rows = [
        (
            one.medication_codeable_concept.words or one.medication_reference.display,
            _doses(one.dosage_instruction),
            _day(one.authored_on),
            one.status.capitalize(),
        )
        for one in beside(found.of(reading.MedicationRequest), above)
        if one.status != _WRONG
    ]
    rows += [
        (
            one.medication_codeable_concept.words,
            _doses(one.dosage),
            _day(one.effective_date_time or one.effective_period.start),
            one.status.capitalize(),
        )
        for one in found.of(reading.MedicationStatement)
        if one.status != _WRONG
    ]
    rows.sort(key=lambda row: row[3] != _ACTIVE)
    return Section(
        "Medicines",
        ("Medicine", "How it is taken", "Since", "State"),
        tuple(rows),
        "No other medicines recorded." if above else "No medicines recorded.",
    )


def _doses(lines: Iterable[reading.Dosage]) -> str:
    return "; ".join(line.text for line in lines if line.text) or NOT_RECORDED


_RESULTS = "Observations and results"


def _results(found: Read) -> Section:
    counted = [
        one
        for one in found.of(reading.Observation)
        if one.status not in (_WRONG, "cancelled")
    ]
    counted.sort(key=lambda one: reading.moment_of(one.when), reverse=True)
    rows = [
        (
            one.code.words,
            _unscored(one, found) or _value(one),
            _range(one),
            show_moment(one.when),
        )
        for one in counted
    ]
    return Section(
        _RESULTS,
        ("What", "Value", "Normal", "When"),
        tuple(rows),
        "No results recorded.",
    )


def _unscored(one: reading.Observation, found: Read) -> str:
    """Why a stored NEWS2 total is not printed; as pages, which withhold it too."""
    if not one.code.has_code(NEWS2_CODE):
        return ""
    patients = found.of(reading.Patient)
    born = patients[0].birth_date if patients else ""
    unfit = unfit_at(one.when, born, pregnancies_in(found.of(reading.Condition)))
    return f"No total: {unfit.value}" if unfit else ""


def _latest(section: Section) -> Section:
    """The first row of each kind: rows are the newest first."""
    first: dict[str, Row] = {}
    for row in section.rows:
        first.setdefault(row[0], row)
    return Section(
        f"{section.title}: the latest of each",
        section.columns,
        tuple(first.values()),
        section.empty,
    )


def _value(one: reading.Observation) -> str:
    parts = [
        f"{part.code.words}: {_said(part)}" for part in one.component if _said(part)
    ]
    told = "; ".join([*filter(None, [_said(one)]), *parts])
    return told or one.data_absent_reason.words or NOT_RECORDED


def _said(one: reading.Observation | reading.Component) -> str:
    """Whatever kind of value it has: on paper nobody can look it up."""
    if one.value_boolean is not None:
        return "Yes" if one.value_boolean else "No"
    if one.value_integer is not None:
        return str(one.value_integer)
    return (
        one.value_quantity.words
        or one.value_codeable_concept.words
        or one.value_string
        or one.value_ratio.words
        or _between(one.value_range.low.words, one.value_range.high.words)
        or (show_moment(one.value_date_time) if one.value_date_time else "")
        or one.value_time
    )


def _between(low: str, high: str) -> str:
    if low and high:
        return f"{low} to {high}"
    if low:
        return _LOW.format(low)
    return _HIGH.format(high) if high else ""


def _range(one: reading.Observation) -> str:
    normal = one.reference_range[0] if one.reference_range else reading.ReferenceRange()
    low, high = normal.low.value, normal.high.value
    if low is not None and high is not None:
        return f"{low} to {high}"
    if low is not None:
        return _LOW.format(low)
    return (normal.text or _NO_RANGE) if high is None else _HIGH.format(high)


def _reports(found: Read) -> Section:
    reports = sorted(
        found.of(reading.DiagnosticReport),
        key=lambda one: one.effective_date_time or one.issued,
        reverse=True,
    )
    rows = [
        (
            one.code.words,
            one.conclusion,
            show_moment(one.effective_date_time or one.issued),
        )
        for one in reports
        if one.status != _WRONG
    ]
    return Section(
        "Reports", ("Report", "Conclusion", "When"), tuple(rows), "No reports recorded."
    )


def _right(some: list[H]) -> list[H]:
    """Without what somebody entered in error."""
    return [one for one in some if one.status != _WRONG]


def _unless(status: str, usual: str) -> list[str]:
    """What is not over, or was not done, says so: paper must not read as if it was."""
    return [] if status in ("", usual) else [status.replace("-", " ")]


def _visits(found: Read) -> Section:
    happened: list[tuple[str, Row]] = []
    for stay in _right(found.of(reading.Encounter)):
        words = stay.type[0].words if stay.type else stay.class_.display
        why = [each.words for each in stay.reason_code]
        more = ", ".join([*why, *_unless(stay.status, "finished")])
        happened.append((stay.period.start, ("Visit or stay", words, more)))
    for done in _right(found.of(reading.Procedure)):
        when = done.performed_date_time or done.performed_period.start
        more = "".join(_unless(done.status, "completed"))
        happened.append((when, ("Procedure", done.code.words, more)))
    for dose in _right(found.of(reading.Immunization)):
        more = "".join(_unless(dose.status, "completed"))
        told = ("Vaccination", dose.vaccine_code.words, more)
        happened.append((dose.occurrence_date_time, told))
    for booked in _right(found.of(reading.Appointment)):
        services = ", ".join(each.words for each in booked.service_type)
        told = ("Appointment", booked.description or services, booked.status)
        happened.append((booked.start, told))
    happened.sort(key=lambda one: one[0], reverse=True)
    return Section(
        "Visits, procedures and appointments",
        ("When", "Kind", "What", "More"),
        tuple((show_moment(when), *row) for when, row in happened),
        "None recorded.",
    )


def _plans(found: Read) -> Section:
    rows = [
        (
            one.title or ", ".join(each.words for each in one.category),
            one.description,
            _day(one.period.start),
            one.status.capitalize(),
        )
        for one in found.of(reading.CarePlan)
        if one.status != _WRONG
    ]
    return Section(
        "Plans", ("Plan", "What", "Since", "State"), tuple(rows), "No plans recorded."
    )


def _documents(found: Read) -> Section:
    documents = sorted(
        found.of(reading.DocumentReference), key=lambda one: one.date, reverse=True
    )
    rows = [
        (one.description or one.type.words, show_moment(one.date))
        for one in documents
        if one.status == "current"
    ]
    return Section(
        "Documents", ("Document", "When"), tuple(rows), "No documents recorded."
    )


def _letters(resources: Sequence[OpenedResource]) -> tuple[Letter, ...]:
    sheets = [sheet_of(one) for one in resources if one.type == "DocumentReference"]
    return tuple(
        Letter(one.words, show_moment(one.when), one.text, one.why_not)
        for one in sheets
    )


def _day(text: str) -> str:
    return show_date(text)


SECTIONS: dict[str, Callable[[Read], Section]] = {
    "alerts": _alerts,
    "allergies": _allergies,
    "problems": _problems,
    "depots": _depots,
    "doses": lambda found: doses_of(found.resources),
    "medicines": _medicines,
    "results": _results,
    "reports": _reports,
    "visits": _visits,
    "plans": _plans,
    "documents": _documents,
}
