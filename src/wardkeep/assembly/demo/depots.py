# SPDX-License-Identifier: Apache-2.0
"""A few people who get a depot injection, each at another point of its interval.

As sections of the Act they stand beside the records and not in them. Doses, intervals
and windows are examples, and nobody's advice.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import msgspec

from wardkeep.assembly.demo.chart.codes import Json
from wardkeep.assembly.demo.chart.sheet import entry_of
from wardkeep.assembly.demo.organisations import DemoOrganisation
from wardkeep.assembly.demo.staff import staff_of
from wardkeep.base.clock import LONDON
from wardkeep.base.ids import derived_uuid
from wardkeep.care.writing import drafted
from wardkeep.fhir.depots.dose import (
    NOT_DONE as DOSE_NOT_DONE,
    TYPE as DOSE,
    Dose,
    dose_content,
    dose_id,
)
from wardkeep.fhir.depots.schedule import (
    FLAG,
    GIVEN,
    NOT_DONE,
    PUT_OFF,
    TYPE,
    Entry,
    Schedule,
    flag_content,
    flag_id,
    schedule_content,
)
from wardkeep.fhir.model.person import Person

_ADULT_AGE, _YEAR = 18, 4
_WARD, _CLINIC = ("kestrel", "Kestrel Ward"), ("general", "General clinic")


class _Plot(msgspec.Struct, frozen=True, kw_only=True):
    """One of them: what, how often, and in how many days it is due."""

    medicine: str
    dose: int
    every: int
    early: int
    late: int
    due_in: int
    """Days from today; less than nothing: past."""
    doses: int = 3
    """Given before."""
    is_on_ward: bool = False
    not_given: str = ""
    """Why a try on the day that it was due came to nothing."""
    put_off: int = 0
    """By so many days, to the day that is due now."""


_PLOTS = (
    _Plot(
        medicine="Paliperidone palmitate prolonged-release injection",
        dose=100,
        every=28,
        early=7,
        late=7,
        due_in=3,
        is_on_ward=True,
    ),
    _Plot(
        medicine="Zuclopenthixol decanoate injection",
        dose=200,
        every=14,
        early=2,
        late=2,
        due_in=-5,
        not_given="did-not-attend",
    ),
    _Plot(
        medicine="Aripiprazole prolonged-release injection",
        dose=400,
        every=28,
        early=2,
        late=7,
        due_in=-2,
        not_given="declined",
    ),
    _Plot(
        medicine="Flupentixol decanoate injection",
        dose=40,
        every=14,
        early=2,
        late=3,
        due_in=0,
    ),
    _Plot(
        medicine="Haloperidol decanoate injection",
        dose=50,
        every=28,
        early=3,
        late=3,
        due_in=6,
        put_off=7,
    ),
    _Plot(
        medicine="Medroxyprogesterone injection",
        dose=150,
        every=84,
        early=14,
        late=7,
        due_in=24,
        doses=5,
    ),
    _Plot(
        medicine="Risperidone prolonged-release injection",
        dose=25,
        every=14,
        early=1,
        late=3,
        due_in=-9,
        is_on_ward=True,
        not_given="unwell",
    ),
)


def plots() -> list[_Plot]:
    """For as many people as there are plots; each is taken out when it is told."""
    return list(_PLOTS)


def depots_of(
    organisation: DemoOrganisation, bundle: Json, told: list[_Plot], now: datetime
) -> list[Json]:
    """The next plot that fits an adult; else nothing."""
    person = bundle["entry"][0]["resource"]
    today = now.astimezone(LONDON).date()
    born = person.get("birthDate", "")[:_YEAR]
    is_alive = not any(name.startswith("deceased") for name in person)
    if not born.isdigit() or int(born) >= today.year - _ADULT_AGE or not is_alive:
        return []
    is_on_ward = _is_on(bundle, f"Location/{organisation.place_id(_WARD[0])}")
    plot = next((one for one in told if one.is_on_ward is is_on_ward), None)
    if plot is None:
        return []
    told.remove(plot)
    return _entries(organisation, plot, person["id"], now)


def _is_on(bundle: Json, ward: str) -> bool:
    stays = [one["resource"] for one in bundle["entry"]]
    return any(
        one["resourceType"] == "Encounter"
        and one["status"] == "in-progress"
        and any(it["location"]["reference"] == ward for it in one.get("location", ()))
        for one in stays
    )


def _entries(
    organisation: DemoOrganisation, plot: _Plot, patient: str, now: datetime
) -> list[Json]:
    staff = staff_of(organisation)
    doctor, nurse = staff["dr-kestrel"], staff["nurse-kestrel"]
    by = Person(f"Practitioner/{nurse.practitioner_id}", nurse.name)
    key, name = _WARD if plot.is_on_ward else _CLINIC
    id_ = derived_uuid("demo-depot", organisation.slug, patient)
    due = now.astimezone(LONDON).date() + timedelta(days=plot.due_in - plot.put_off)
    first = due - timedelta(days=plot.every * plot.doses)
    schedule = Schedule(
        id=id_,
        patient=patient,
        medicine=plot.medicine,
        dose=Decimal(plot.dose),
        unit="mg",
        route="im",
        every=plot.every,
        early=plot.early,
        late=plot.late,
        counts="given",
        first=first,
        place=Person(f"Location/{organisation.place_id(key)}", name),
        prescriber=doctor.name,
        began=_at(first - timedelta(days=7)),
        author=Person("", doctor.name),
        entries=tuple(_written(plot, first, due, by, now)),
    )
    made = [
        (TYPE, id_, schedule_content(schedule)),
        (FLAG, flag_id(id_), flag_content(schedule, now=now)),
        *(
            (DOSE, dose_id(id_, one.entry), dose_content(one, schedule))
            for one in _doses(plot, schedule)
        ),
    ]
    return [_entry(*one, patient=patient) for one in made]


def _entry(kind: str, id_: str, content: Json, *, patient: str) -> Json:
    """With numbers as JSON has them, and the patient as the bundle names them."""
    fields: Json = msgspec.json.decode(drafted(content).resource.compact)
    fields["subject"] = {"reference": f"urn:uuid:{patient}"}
    return entry_of(kind, id_, fields)


def _at(day: date) -> datetime:
    return datetime.combine(day, time(10, 30), LONDON).astimezone(UTC)


def _written(
    plot: _Plot, first: date, due: date, by: Person, now: datetime
) -> Iterator[Entry]:
    every = timedelta(days=plot.every)
    for nth in range(plot.doses):
        day = first + every * nth
        yield Entry(
            id=f"demo-{nth}",
            kind=GIVEN,
            at=_at(day),
            recorded=_at(day),
            by=by,
            due=day,
            to=day + every,
            side=_side(nth),
        )
    if plot.not_given:
        at = min(_at(due), now)
        yield Entry(id="demo-not", kind=NOT_DONE, at=at, recorded=at, by=by, due=due)
    if plot.put_off:
        at = min(_at(due), now - timedelta(days=1))
        yield Entry(
            id="demo-later",
            kind=PUT_OFF,
            at=at,
            recorded=at,
            by=by,
            due=due,
            to=due + timedelta(days=plot.put_off),
            words="Away with family until the weekend.",
            who="Dr Juniper Ashbottom",
        )


def _side(nth: int) -> str:
    return ("left", "right")[nth % 2]


def _doses(plot: _Plot, schedule: Schedule) -> Iterator[Dose]:
    for nth, entry in enumerate(schedule.entries):
        if entry.kind == NOT_DONE:
            yield Dose(
                entry=entry.id,
                at=entry.at,
                by=entry.by,
                status=DOSE_NOT_DONE,
                reason=plot.not_given,
                seen="Rang in the afternoon, and agreed a new try with the doctor.",
            )
        elif entry.kind == GIVEN:
            yield Dose(
                entry=entry.id,
                at=entry.at,
                by=entry.by,
                dose=schedule.dose,
                unit=schedule.unit,
                site="deltoid",
                side=entry.side,
                batch=f"DEMO{nth + 41}",
                expires=f"{entry.at.year + 2}-06",
                seen="Well, no soreness from last time.",
            )
