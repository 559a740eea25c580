# SPDX-License-Identifier: Apache-2.0
"""The reviews of a life: measured, weighed, blood taken, year after year."""

from collections.abc import Iterator
from datetime import date, timedelta

from wardkeep.assembly.demo.body import Body
from wardkeep.assembly.demo.chart import measures
from wardkeep.assembly.demo.chart.codes import loinc, text_only
from wardkeep.assembly.demo.chart.measures import Occasion, Reading
from wardkeep.assembly.demo.chart.sheet import Sheet, led_by
from wardkeep.assembly.demo.moments import moment, weekday_on_or_after, years_between

_YEARS_KEPT = {"hospital": 7, "home care": 4}
_COUNT_EVERY = 3
_CHILD_AGE = 16
_BABY_AGE = 2
_HEALTHY_EVERY_DAYS = 1100
_MINUTES = 20

_KIDNEYS = text_only("Kidney function and salts")
_BLOOD_FATS = loinc("24331-1", "Cholesterol profile")
_BLOOD_COUNT = loinc("58410-2", "Full blood count")
_SUGAR = text_only("Diabetes blood test")
_THYROID = text_only("Thyroid function")


def write_reviews(sheet: Sheet, body: Body) -> None:
    for number, day in enumerate(_review_days(sheet)):
        when = _write_review(sheet, body, day)
        is_watched = body.years_since(day, "anaemia") is not None
        is_due = is_watched or number % _COUNT_EVERY == 0
        if is_due and _is_grown(sheet, day):
            measures.report(sheet, _BLOOD_COUNT, _blood_count(body, day), when)


def _is_grown(sheet: Sheet, day: date) -> bool:
    return years_between(sheet.person.born, day) >= _CHILD_AGE


def _review_days(sheet: Sheet) -> Iterator[date]:
    """Every year with a monitored problem, seldom without, before the last day."""
    story = sheet.story
    chance = sheet.chance("reviews")
    monitored = [d.onset for d in story.diagnosed if d.diagnosis.monitored]
    first = min(monitored, default=None)
    began = story.last_day - timedelta(days=365 * _YEARS_KEPT[sheet.organisation.kind])
    day = max(began, story.person.born + timedelta(days=42))
    while day < story.last_day - timedelta(days=9):
        yield weekday_on_or_after(day)
        is_monitored = first is not None and day >= first
        wait = 365 if is_monitored else _HEALTHY_EVERY_DAYS
        following = day + timedelta(days=chance.between(wait - 25, wait + 25))
        day = _day_of_diagnosis(monitored, day, following) or following


def _day_of_diagnosis(monitored: list[date], after: date, before: date) -> date | None:
    """A new diagnosis brings its own review and one when treatment has begun."""
    watched = (
        day
        for onset in monitored
        for day in (onset, onset + timedelta(days=180))
        if after < day < before
    )
    return min(watched, default=None)


def _write_review(sheet: Sheet, body: Body, day: date) -> Occasion:
    starts = moment(day, 9 + sheet.person.position % 7, sheet.person.position * 5 % 60)
    encounter = sheet.encounter(
        "AMB",
        "Review at the surgery",
        starts=starts,
        ends=starts + timedelta(minutes=_MINUTES),
        fields={"participant": led_by(sheet.staff("surgery-doctor"))},
    )
    when = Occasion(starts + timedelta(minutes=5), encounter)
    _measure(sheet, body, when)
    if _is_grown(sheet, day):
        _ask(sheet, when)
        _take_blood(sheet, body, when)
    return when


def _measure(sheet: Sheet, body: Body, when: Occasion) -> None:
    day = when.at.date()
    age = years_between(sheet.person.born, day)
    measures.observe(sheet, measures.WEIGHT, body.weight_kg(day), when)
    measures.observe(sheet, measures.HEIGHT, body.height_cm(day), when)
    if age < _BABY_AGE:
        head = body.around(37 + age * 8, 1.2)
        measures.observe(sheet, measures.HEAD, head, when)
        return
    measures.observe(sheet, measures.PULSE, body.pulse(day), when)
    measures.observe_pressure(sheet, body.pressure(day), when)


def _ask(sheet: Sheet, when: Occasion) -> None:
    """Habits; none at all is 0 and is written down as 0."""
    chance = sheet.chance("habits")
    smokes = sheet.story.has("copd") and chance.happens(50)
    cigarettes = chance.between(3, 20) if smokes else 0
    measures.observe(sheet, measures.CIGARETTES, cigarettes, when)
    alcohol = chance.pick((0, 0, 2, 6, 10, 14))
    measures.observe(sheet, measures.ALCOHOL, alcohol, when)


def _take_blood(sheet: Sheet, body: Body, when: Occasion) -> None:
    day = when.at.date()
    measures.report(sheet, _KIDNEYS, _kidneys(body, day), when)
    if body.years_since(day, "diabetes-1", "diabetes-2") is not None:
        sugar = (Reading(measures.HBA1C, body.hba1c(day)),)
        measures.report(sheet, _SUGAR, sugar, when)
    if body.years_since(day, "thyroid") is not None:
        level = (Reading(measures.THYROID, body.thyroid(day)),)
        measures.report(sheet, _THYROID, level, when)
    if body.years_since(day, "cholesterol", "angina", "hypertension") is not None:
        measures.report(sheet, _BLOOD_FATS, _blood_fats(body, day), when)


def _kidneys(body: Body, day: date) -> tuple[Reading, ...]:
    filtration = body.filtration(day)
    creatinine = body.creatinine(day, filtration)
    urea = round(creatinine / 15 + body.around(0.4, 0.6), 1)
    return (
        Reading(measures.SODIUM, round(body.around(139, 6))),
        Reading(measures.POTASSIUM, body.around(4.4, 0.6)),
        Reading(measures.UREA, urea),
        Reading(measures.CREATININE, creatinine),
        Reading(measures.FILTRATION, filtration),
    )


def _blood_count(body: Body, day: date) -> tuple[Reading, ...]:
    return (
        Reading(measures.HAEMOGLOBIN, body.haemoglobin(day)),
        Reading(measures.WHITE_CELLS, body.around(6.8, 2)),
        Reading(measures.PLATELETS, round(body.around(255, 90))),
        Reading(measures.BASOPHILS, abs(body.around(0.03, 0.06))),
    )


def _blood_fats(body: Body, day: date) -> tuple[Reading, ...]:
    return (
        Reading(measures.CHOLESTEROL, body.cholesterol(day)),
        Reading(measures.GOOD_CHOLESTEROL, body.around(1.4, 0.3)),
    )
