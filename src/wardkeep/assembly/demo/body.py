# SPDX-License-Identifier: Apache-2.0
"""A body over the years: measurements that follow from age, problems and treatment.

Trends are the point: sugar falls once metformin starts, kidneys lose their
filtration year by year, pressure comes down with tablets. Normal ageing and the
inverse of CKD-EPI 2021 (https://doi.org/10.1056/NEJMoa2102953) do the rest.
"""

import math
from datetime import date

from wardkeep.assembly.demo.chance import Chance
from wardkeep.assembly.demo.moments import DAYS_A_YEAR
from wardkeep.assembly.demo.story import Story

_GROWN_AT = 17
_PREGNANCY_YEARS = 0.77
_IRON_WORKS_WITHIN_YEARS = 0.5
_TREATMENT_BITES_AFTER_YEARS = 0.3


class Body:
    """Answers what would be measured on a day; asking twice gives scatter."""

    def __init__(self, story: Story) -> None:
        person = story.person
        self._story = story
        self._chance = Chance(person.organisation, person.position, "body")
        chance = self._chance
        female = person.gender != "male"
        self._is_female = female
        self._adult_height = chance.around(162 if female else 175, 12)
        self._adult_bmi = chance.around(27.5, 7)
        self._filtration_at_40 = chance.around(98, 10)
        self._pressure_at_40 = chance.around(122, 9)
        self._cholesterol = chance.around(4.9, 0.6)

    def years_since(self, day: date, *keys: str) -> float | None:
        """Years since the first of these diagnoses; None before it."""
        onset = self._story.onset_of(*keys)
        if onset is None or onset > day:
            return None
        return (day - onset).days / DAYS_A_YEAR

    def height_cm(self, day: date) -> float:
        return round(self._adult_height * _share_of_height(self._age(day)), 1)

    def weight_kg(self, day: date) -> float:
        age = self._age(day)
        grown = min(1.0, age / _GROWN_AT)
        bmi = 15.5 + (self._adult_bmi - 15.5) * grown
        pregnant = self.years_since(day, "pregnancy")
        added = (
            0.0 if pregnant is None or pregnant > _PREGNANCY_YEARS else pregnant * 14
        )
        metres = self._adult_height * _share_of_height(age) / 100
        return round(self._chance.around(bmi * metres * metres + added, 0.5), 1)

    def pressure(self, day: date) -> tuple[int, int]:
        """Systolic and diastolic, in mmHg."""
        age = self._age(day)
        systolic = self._pressure_at_40 + (min(age, 80) - 40) * 0.3
        systolic -= max(0.0, 16 - age) * 1.4
        raised = self.years_since(day, "hypertension")
        if raised is not None:
            systolic += 34 if raised < _TREATMENT_BITES_AFTER_YEARS else 10
        top = round(self._chance.around(systolic, 10))
        return top, round(self._chance.around(top * 0.61, 6))

    def pulse(self, day: date) -> int:
        young = max(0.0, 12 - self._age(day)) * 4.5
        return round(self._chance.around(73 + young, 11))

    def hba1c(self, day: date) -> int:
        """Glycated haemoglobin, mmol/mol."""
        middle = 37.0
        since = self.years_since(day, "diabetes-2", "diabetes-1")
        if since is not None:
            treated = since >= _TREATMENT_BITES_AFTER_YEARS
            middle = 52 + min(since, 15) * 0.7 if treated else 78
        return round(self._chance.around(middle, 4))

    def filtration(self, day: date) -> int:
        """Estimated glomerular filtration rate, mL/min/1.73 m²."""
        rate = self._filtration_at_40 - (self._age(day) - 40) * 0.75
        since = self.years_since(day, "kidney")
        if since is not None:
            rate = min(rate, 56) - since * 1.9
        return max(16, round(self._chance.around(rate, 3)))

    def creatinine(self, day: date, filtration: int) -> int:
        """The creatinine in µmol/L that gives this filtration rate."""
        kappa, power, factor = (
            (61.9, -0.241, 1.012) if self._is_female else (79.6, -0.302, 1.0)
        )
        base = 142 * factor * 0.9938 ** self._age(day)
        ratio = filtration / base
        exponent = 1 / -1.2 if ratio < 1 else 1 / power
        return round(kappa * math.pow(ratio, exponent))

    def cholesterol(self, day: date) -> float:
        """Total cholesterol, mmol/L; a statin takes a third."""
        raised = 1.5 if self._story.has("cholesterol") else 0.0
        since = self.years_since(day, "cholesterol", "angina", "stroke")
        level = self._cholesterol + raised
        if since is not None and since >= _TREATMENT_BITES_AFTER_YEARS:
            level *= 0.66
        return round(self._chance.around(level, 0.3), 1)

    def thyroid(self, day: date) -> float:
        """Thyroid stimulating hormone, mIU/L."""
        since = self.years_since(day, "thyroid")
        untreated = since is not None and since < _TREATMENT_BITES_AFTER_YEARS
        return round(self._chance.around(14 if untreated else 2.2, 1.1), 1)

    def haemoglobin(self, day: date) -> int:
        """In g/L; iron brings it back within half a year."""
        middle = 132.0 if self._is_female else 146.0
        since = self.years_since(day, "anaemia")
        if since is not None and since < _IRON_WORKS_WITHIN_YEARS:
            middle -= 32 * (1 - 2 * since)
        return round(self._chance.around(middle, 8))

    def around(self, middle: float, spread: float) -> float:
        """Anything else, scattered about its middle, to one decimal."""
        return round(self._chance.around(middle, spread), 1)

    def _age(self, day: date) -> float:
        return (day - self._story.person.born).days / DAYS_A_YEAR


def _share_of_height(age: float) -> float:
    """How much of the adult height a child has reached: 30% at birth."""
    if age >= _GROWN_AT:
        return 1.0
    infancy = 0.22 * math.pow(min(age, 2) / 2, 0.6)
    return min(1.0, 0.30 + infancy + max(0.0, age - 2) * 0.032)
