# SPDX-License-Identifier: Apache-2.0
"""A few people on a ward who are under the Mental Health Act, each at another point.

As referrals they stand beside the records and not in them: nobody's record has one.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

import msgspec

from wardkeep.assembly.demo.chart.codes import Json
from wardkeep.assembly.demo.chart.sheet import entry_of
from wardkeep.assembly.demo.organisations import DemoOrganisation
from wardkeep.assembly.demo.staff import staff_of
from wardkeep.base.ids import derived_uuid
from wardkeep.fhir.mha.due import end_of_section
from wardkeep.fhir.mha.periods import day_of
from wardkeep.fhir.mha.rules import known_rules
from wardkeep.fhir.mha.section import (
    FLAG,
    TYPE,
    Entry,
    Section,
    flag_content,
    flag_id,
    section_content,
)
from wardkeep.fhir.model.person import Person

_WARD = "kestrel"
_ADULT_AGE, _YEAR = 18, 4


class _Plot(msgspec.Struct, frozen=True, kw_only=True):
    """One of them: the section, how many hours ago it began, what was written since."""

    code: str
    hours: int
    entries: tuple[tuple[str, int, str, str], ...] = ()
    """Kind, hours ago, outcome, number of a form."""
    leave_until: int | None = None
    """Hours ago; less than nothing: ahead."""
    hearing_in_hours: int | None = None


_DAY = 24
_FINE = tuple(("paper", 150 * _DAY, "fine", form) for form in ("A6", "A7", "H3"))
_PLOTS = (
    _Plot(
        code="3",
        hours=150 * _DAY + 3,
        entries=(
            *_FINE,
            ("medicine-first", 149 * _DAY, "", ""),
            ("certificate", 80 * _DAY, "second-opinion", "T3"),
            ("nearest-relative", 149 * _DAY, "told", ""),
            ("tribunal-applied", 30 * _DAY, "patient", ""),
            ("report", 12 * _DAY, "clinical", ""),
            ("report", 11 * _DAY, "social", ""),
            ("rights", 20 * _DAY, "understood", ""),
        ),
        hearing_in_hours=9 * _DAY,
    ),
    _Plot(
        code="2",
        hours=25 * _DAY,
        entries=(
            ("paper", 24 * _DAY, "fine", "A2"),
            ("paper", 24 * _DAY, "fine", "A3"),
            ("paper", 24 * _DAY, "fine", "H3"),
            ("nearest-relative", 24 * _DAY, "told", ""),
            ("rights", _DAY, "refused", ""),
        ),
    ),
    _Plot(code="5(2)", hours=60, entries=(("paper", 59, "received", "H1"),)),
    _Plot(
        code="2",
        hours=3 * _DAY,
        entries=(
            ("paper", 70, "fine", "A2"),
            ("paper", 70, "to-mend", "A4"),
            ("paper", 70, "fine", "H3"),
            ("rights", 48, "understood", ""),
        ),
        leave_until=2,
    ),
    _Plot(
        code="3",
        hours=100 * _DAY,
        entries=(
            *_FINE,
            ("medicine-first", 95 * _DAY, "", ""),
            ("nearest-relative", 99 * _DAY, "identified", ""),
            ("rights", 27 * _DAY, "understood", ""),
        ),
    ),
)


def plots() -> Iterator[_Plot]:
    """For as many people as there are plots."""
    return iter(_PLOTS)


def sections_of(
    organisation: DemoOrganisation, bundle: Json, told: Iterator[_Plot], now: datetime
) -> list[Json]:
    """The next plot, for an adult who is on the ward now; else nothing."""
    person = bundle["entry"][0]["resource"]
    born = person.get("birthDate", "")[:_YEAR]
    is_adult = born.isdigit() and int(born) < day_of(now).year - _ADULT_AGE
    ward = f"Location/{organisation.place_id(_WARD)}"
    if not is_adult or not _is_on(bundle, ward):
        return []
    plot = next(told, None)
    if plot is None:
        return []
    return _entries(organisation, plot, person["id"], Person(ward, "Kestrel Ward"), now)


def _is_on(bundle: Json, ward: str) -> bool:
    stays = [one["resource"] for one in bundle["entry"]]
    return any(
        one["resourceType"] == "Encounter"
        and one["status"] == "in-progress"
        and any(it["location"]["reference"] == ward for it in one.get("location", ()))
        for one in stays
    )


def _entries(
    organisation: DemoOrganisation,
    plot: _Plot,
    patient: str,
    ward: Person,
    now: datetime,
) -> list[Json]:
    member = staff_of(organisation)["coordinator"]
    by = Person(f"Practitioner/{member.practitioner_id}", member.name)
    id_ = derived_uuid("demo-mha-section", organisation.slug, patient)
    whole = now.replace(second=0, microsecond=0)
    began = whole - timedelta(hours=plot.hours)
    section = Section(
        id=id_,
        code=plot.code,
        began=began,
        place=ward,
        entries=tuple(_written(plot, whole, by)),
    )
    rules = known_rules()
    rule = rules.section_on(plot.code, day_of(began))
    if rule is None:
        return []
    expires = end_of_section(section.facts, rules)
    made = (
        section_content(section, rule, patient=patient, author=by, expires=expires),
        flag_content(section, rule, patient=patient, expires=expires),
    )
    for content in made:
        content["subject"] = {"reference": f"urn:uuid:{patient}"}
    return [entry_of(TYPE, id_, made[0]), entry_of(FLAG, flag_id(id_), made[1])]


def _written(plot: _Plot, now: datetime, by: Person) -> Iterator[Entry]:
    for nth, (kind, hours, outcome, form) in enumerate(plot.entries):
        at = min(now - timedelta(hours=min(hours, plot.hours)), now)
        yield Entry(
            id=f"demo-{nth}",
            kind=kind,
            at=at,
            recorded=at,
            by=by,
            outcome=outcome,
            form=form,
        )
    if plot.leave_until is not None:
        at = now - timedelta(hours=plot.leave_until + 4)
        yield Entry(
            id="demo-leave",
            kind="leave",
            at=at,
            recorded=at,
            by=by,
            until=now - timedelta(hours=plot.leave_until),
            outcome="unescorted",
            words="To the park and back, alone, with a telephone.",
        )
    if plot.hearing_in_hours is not None:
        at = now - timedelta(days=14)
        yield Entry(
            id="demo-hearing",
            kind="tribunal-hearing",
            at=at,
            recorded=at,
            by=by,
            until=now + timedelta(hours=plot.hearing_in_hours),
            words="By video, room 2.",
        )
