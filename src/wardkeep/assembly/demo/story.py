# SPDX-License-Identifier: Apache-2.0
"""The plot of a demo life: what was found and when, stays, today's clinic.

Cheap to work out, so that it can be looked at without writing a record.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

import msgspec

from wardkeep.assembly.demo.cast import Trait
from wardkeep.assembly.demo.chance import Chance
from wardkeep.assembly.demo.diagnoses import (
    COPD,
    HYPERCAPNIC_FAILURE,
    LASTING,
    PASSING,
    PREGNANCY,
    TYPE_1_DIABETES,
    Diagnosis,
)
from wardkeep.assembly.demo.moments import moment, years_after
from wardkeep.assembly.demo.organisations import DemoOrganisation
from wardkeep.assembly.demo.people import NEWBORN_DAYS, Person, people_of

PREGNANT_DAYS = 140
_LOOK_BACK_YEARS = 9
_ADULT_AGE = 16
_WEEKS_BOOKED_BY = 8
_WEEKS_SHOWN = 3
_KEYS_THAT_EXCLUDE = (
    {"diabetes-1", "diabetes-2"},
    {"asthma", "copd"},
)


class Diagnosed(msgspec.Struct, frozen=True):
    """A diagnosis in one life."""

    diagnosis: Diagnosis
    onset: date
    ended: date | None


class Stay(msgspec.Struct, frozen=True, kw_only=True):
    """Days on a ward; no end where the patient is still there."""

    ward: str
    reason: str
    admitted: datetime
    discharged: datetime | None
    course: str
    """How it goes: recovering, steady or worsening."""


class ClinicVisit(msgspec.Struct, frozen=True):
    """An appointment that lies ahead or is today."""

    clinic: str
    starts: datetime


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the writers of the record agree upon."""

    person: Person
    today: date
    last_day: date
    """The last day on which anything was recorded."""
    diagnosed: tuple[Diagnosed, ...]
    avoids_penicillin: bool
    stay: Stay | None
    past_stay: Stay | None
    clinic_visits: tuple[ClinicVisit, ...]

    def onset_of(self, *keys: str) -> date | None:
        """When the first of these diagnoses was made."""
        found = [d.onset for d in self.diagnosed if d.diagnosis.key in keys]
        return min(found, default=None)

    def has(self, key: str) -> bool:
        return self.onset_of(key) is not None


def stories_of(organisation: DemoOrganisation, *, today: date) -> Iterator[Story]:
    for person in people_of(organisation, today=today):
        yield story_of(person, today=today)


def story_of(person: Person, *, today: date) -> Story:
    last_day = person.died or today - timedelta(days=1)
    chance = Chance(person.organisation, person.position, "story")
    diagnosed = tuple(_diagnosed(person, chance, last_day=last_day, today=today))
    stay = _stay_now(person, chance, today=today)
    return Story(
        person=person,
        today=today,
        last_day=last_day,
        diagnosed=diagnosed,
        avoids_penicillin=chance.happens(9),
        stay=stay,
        past_stay=_stay_before(person, chance, last_day=last_day),
        clinic_visits=tuple(_clinic_visits(person, diagnosed, stay, today=today)),
    )


def _diagnosed(
    person: Person, chance: Chance, *, last_day: date, today: date
) -> Iterator[Diagnosed]:
    found = {each.diagnosis.key: each for each in _given(person, last_day, today=today)}
    for diagnosis in LASTING:
        if _may_meet(diagnosis, person, last_day) and not _excluded(diagnosis, found):
            made = _drawn(diagnosis, person, chance, last_day=last_day)
            if made is not None:
                found[diagnosis.key] = made
    yield from found.values()
    for diagnosis in PASSING:
        if _may_meet(diagnosis, person, last_day) and chance.happens(diagnosis.per_100):
            yield from _passing(diagnosis, person, chance, last_day=last_day)


def _given(person: Person, last_day: date, *, today: date) -> Iterator[Diagnosed]:
    """What a written part brings with it."""
    if Trait.SCALE_2 in person.traits:
        yield Diagnosed(COPD, years_after(last_day, -12.4), None)
        yield Diagnosed(HYPERCAPNIC_FAILURE, years_after(last_day, -1.6), None)
    if Trait.LONG_RECORD in person.traits:
        yield Diagnosed(TYPE_1_DIABETES, years_after(person.born, 17.3), None)
    if Trait.PREGNANT in person.traits:
        yield Diagnosed(PREGNANCY, today - timedelta(days=PREGNANT_DAYS), None)
    if Trait.GAVE_BIRTH in person.traits:
        born = today - timedelta(days=NEWBORN_DAYS)
        yield Diagnosed(PREGNANCY, born - timedelta(days=279), born)


def _may_meet(diagnosis: Diagnosis, person: Person, last_day: date) -> bool:
    if diagnosis.gender not in (None, person.gender):
        return False
    return person.age_on(last_day) > diagnosis.ages[0]


def _excluded(diagnosis: Diagnosis, found: dict[str, Diagnosed]) -> bool:
    return any(
        diagnosis.key in pair and not pair.isdisjoint(found)
        for pair in _KEYS_THAT_EXCLUDE
    )


def _drawn(
    diagnosis: Diagnosis, person: Person, chance: Chance, *, last_day: date
) -> Diagnosed | None:
    oldest = min(person.age_on(last_day) - 1, diagnosis.ages[1])
    years = chance.between(diagnosis.ages[0], max(oldest, diagnosis.ages[0]))
    months = chance.below(12) / 12
    if not chance.happens(diagnosis.per_100):
        return None
    return Diagnosed(diagnosis, years_after(person.born, years + months + 0.02), None)


def _passing(
    diagnosis: Diagnosis, person: Person, chance: Chance, *, last_day: date
) -> Iterator[Diagnosed]:
    """An illness of the last years that is over again, or still in its days."""
    lived = (last_day - person.born).days - diagnosis.ages[0] * 365
    days_ago = chance.between(1, min(lived, _LOOK_BACK_YEARS * 365))
    onset = last_day - timedelta(days=days_ago)
    ended = onset + timedelta(days=diagnosis.lasts_days or 0)
    if person.age_on(onset) <= diagnosis.ages[1]:
        yield Diagnosed(diagnosis, onset, ended if ended <= last_day else None)


_OLDEST = 120
_REASONS = {
    "kestrel": (
        ("Pneumonia", 0, _OLDEST),
        ("Urine infection with confusion", 70, _OLDEST),
        ("Fall at home", 65, _OLDEST),
    ),
    "heron": (
        ("Pneumonia", 0, _OLDEST),
        ("Influenza with breathlessness", 0, _OLDEST),
    ),
    "wren": (
        ("Broken hip, repaired", 65, _OLDEST),
        ("Appendicitis, appendix removed", 0, 64),
    ),
    "otter": (
        ("Wheeze with a cold", 0, 10),
        ("Dehydration after a stomach bug", 0, 17),
    ),
}
"""Reasons for a stay on each ward, with the ages between which they are given."""


def _reason(person: Person, ward: str, chance: Chance, *, on: date) -> str:
    if Trait.WORSENING in person.traits:
        return "Sepsis from a chest infection"
    if Trait.SCALE_2 in person.traits:
        return "Flare-up of chronic lung disease"
    age = person.age_on(on)
    fitting = [name for name, low, high in _REASONS[ward] if low <= age <= high]
    return chance.pick(fitting)


def _stay_now(person: Person, chance: Chance, *, today: date) -> Stay | None:
    if person.ward is None:
        return None
    admitted = today - timedelta(days=chance.between(2, 6))
    course = chance.pick(("recovering", "recovering", "recovering", "steady"))
    is_worsening = Trait.WORSENING in person.traits
    return Stay(
        ward=person.ward,
        reason=_reason(person, person.ward, chance, on=admitted),
        admitted=moment(admitted, chance.between(8, 20), chance.below(60)),
        discharged=None,
        course="worsening" if is_worsening else course,
    )


def _stay_before(person: Person, chance: Chance, *, last_day: date) -> Stay | None:
    """A stay of the last years for some, and the last one for the dead."""
    grown = person.age_on(last_day) > _ADULT_AGE + _LOOK_BACK_YEARS
    days_ago = chance.between(90, 2000)
    if person.died is not None:
        days_ago = 60
    elif not (grown and chance.happens(24)):
        return None
    ward = chance.pick(("kestrel", "heron", "wren"))
    admitted = last_day - timedelta(days=days_ago)
    return Stay(
        ward=ward,
        reason=_reason(person, ward, chance, on=admitted),
        admitted=moment(admitted, 14, chance.below(60)),
        discharged=moment(admitted + timedelta(days=chance.between(2, 5)), 11),
        course="recovering",
    )


def _clinic_visits(
    person: Person,
    diagnosed: tuple[Diagnosed, ...],
    stay: Stay | None,
    *,
    today: date,
) -> Iterator[ClinicVisit]:
    """One in eight comes today, two more in eight in the next weeks."""
    if person.died is not None or stay is not None or person.organisation != "fernhill":
        return
    clinic = _clinic_of(person, diagnosed, today)
    weeks_ahead = person.position % _WEEKS_BOOKED_BY
    quarter_hours = person.position // _WEEKS_BOOKED_BY
    hour, quarter = 9 + quarter_hours // 4 % 8, quarter_hours % 4
    is_soon = weeks_ahead < _WEEKS_SHOWN or Trait.PREGNANT in person.traits
    if is_soon:
        day = today + timedelta(days=7 * weeks_ahead)
        yield ClinicVisit(clinic, moment(day, hour, quarter * 15))


def _clinic_of(person: Person, diagnosed: tuple[Diagnosed, ...], today: date) -> str:
    if person.age_on(today) < _ADULT_AGE:
        return "children"
    followed = (d.diagnosis.clinic for d in diagnosed if d.ended is None)
    return next((clinic for clinic in followed if clinic), "general")
