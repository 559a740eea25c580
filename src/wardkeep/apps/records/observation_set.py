# SPDX-License-Identifier: Apache-2.0
"""A set of observations as it is typed, and as FHIR resources.

One Observation a measurement, after the FHIR vital-signs profile
(https://hl7.org/fhir/R4/observation-vitalsigns.html), and one that holds them together
with the NEWS2 total and the scale that it was scored by.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

import msgspec

from wardkeep.base.ids import derived_uuid
from wardkeep.base.news2 import Score
from wardkeep.care.vital_signs import (
    NEWS2_CODE,
    SCALE_CODE,
    SYSTEM,
    VitalSet,
)
from wardkeep.web.forms import Form

_FIGURES = re.compile(r"([0-9]{1,3})(?:[.,]([0-9]+))?")
_UCUM = "http://unitsofmeasure.org"
_LOINC = "http://loinc.org"
_CATEGORY = {
    "coding": [
        {
            "system": "http://terminology.hl7.org/CodeSystem/observation-category",
            "code": "vital-signs",
            "display": "Vital Signs",
        }
    ]
}
_PRESSURE_PANEL = ("85354-9", "Blood pressure")
_CONSCIOUSNESS = ("67775-7", "Level of consciousness (ACVPU)")
LEVELS = (
    ("A", "Alert", "248234008"),
    ("C", "New confusion", "130987000"),
    ("V", "Responds to voice", "300202002"),
    ("P", "Responds to pain", "450847001"),
    ("U", "Unresponsive", "422768004"),
)
"""ACVPU: the letter, the words and the SNOMED CT code."""


class Measure(msgspec.Struct, frozen=True, kw_only=True):
    """One number of a set, with what it may be."""

    name: str
    words: str
    unit: str
    ucum: str
    code: str
    least: Decimal
    most: Decimal
    """Beyond these it cannot be, and is refused."""
    low: Decimal
    high: Decimal
    """Beyond these it is unusual, and is asked about."""
    places: int = 0

    def read(self, form: Form) -> Decimal | None:
        """The number as typed; None where it is empty or wrong."""
        typed = form.optional_text(self.name, called=self.words.lower(), at_most=8)
        if not typed:
            return None
        value = _number(typed, self.places)
        if value is not None and self.least <= value <= self.most:
            return value
        places = "whole numbers" if not self.places else "at most one decimal place"
        form.reject(
            self.name,
            wrong=f"{self.words} cannot be {typed}",
            mend=f"Enter {self.least} to {self.most} {self.unit}, {places}.",
        )
        return None


def _number(typed: str, places: int) -> Decimal | None:
    """Figures, and after a point or comma no more than so many; None for the rest."""
    match = _FIGURES.fullmatch(typed)
    if match is None or len(match[2] or "") > places:
        return None
    return Decimal(typed.replace(",", "."))


def _measure(
    name: str,
    words: str,
    units: tuple[str, str],
    code: str,
    *limits: int,
    places: int = 0,
) -> Measure:
    least, most, low, high = map(Decimal, limits)
    return Measure(
        name=name,
        words=words,
        unit=units[0],
        ucum=units[1],
        code=code,
        least=least,
        most=most,
        low=low,
        high=high,
        places=places,
    )


_A_MINUTE, _MMHG, _PER_CENT = ("/min", "/min"), ("mmHg", "mm[Hg]"), ("%", "%")
_CELSIUS, _FLOW = ("°C", "Cel"), ("L/min", "L/min")
_row = _measure
_SATURATION = (1, 100, 70, 100)
MEASURES = (
    _row("respiration_rate", "Respiration rate", _A_MINUTE, "9279-1", 0, 120, 6, 50),
    _row("oxygen_saturation", "Oxygen saturation", _PER_CENT, "59408-5", *_SATURATION),
    _row("oxygen_flow", "Oxygen flow", _FLOW, "3151-8", 0, 80, 0, 60),
    _row("systolic", "Systolic pressure", _MMHG, "8480-6", 20, 320, 60, 240),
    _row("diastolic", "Diastolic pressure", _MMHG, "8462-4", 10, 250, 30, 140),
    _row("pulse", "Pulse", _A_MINUTE, "8867-4", 0, 350, 30, 200),
    _row("temperature", "Temperature", _CELSIUS, "8310-5", 20, 46, 33, 42, places=1),
)  # fmt: skip


class ObservationSet(msgspec.Struct, frozen=True, kw_only=True):
    """One set as typed; what was not measured is None or empty."""

    id: str
    at: datetime
    is_scale_2: bool
    is_on_oxygen: bool | None = None
    oxygen_flow: Decimal | None = None
    level: str = ""
    respiration_rate: Decimal | None = None
    oxygen_saturation: Decimal | None = None
    systolic: Decimal | None = None
    diastolic: Decimal | None = None
    pulse: Decimal | None = None
    temperature: Decimal | None = None

    @property
    def vital(self) -> VitalSet:
        """What NEWS2 scores."""
        words = next((words for one, words, _ in LEVELS if one == self.level), None)
        return VitalSet(
            when=_instant(self.at),
            respiration_rate=self.respiration_rate,
            oxygen_saturation=self.oxygen_saturation,
            is_on_oxygen=self.is_on_oxygen,
            systolic=self.systolic,
            pulse=self.pulse,
            consciousness=words,
            temperature=self.temperature,
            is_scale_2=self.is_scale_2,
        )

    @property
    def measured(self) -> int:
        """How many of NEWS2's seven, and the diastolic pressure, are there."""
        return self.vital.measured + (self.diastolic is not None)


def unusual(taken: ObservationSet) -> tuple[str, ...]:
    """What is so unusual that somebody has to say that it is right."""
    found = []
    for one in MEASURES:
        value = getattr(taken, one.name)
        if value is not None and not one.low <= value <= one.high:
            found.append(f"{one.words} {value} {one.unit}")
    pair = (taken.systolic, taken.diastolic)
    if pair[0] is not None and pair[1] is not None and pair[0] <= pair[1]:
        found.append(f"Systolic {pair[0]} is not above diastolic {pair[1]}")
    return tuple(found)


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")


def resources_of(
    taken: ObservationSet, scored: Score, *, patient: str, author: dict[str, str]
) -> list[dict[str, object]]:
    """The set as FHIR resources, the one that holds them together last."""
    base: dict[str, object] = {
        "resourceType": "Observation",
        "status": "final",
        "category": [_CATEGORY],
        "subject": {"reference": f"Patient/{patient}"},
        "effectiveDateTime": _instant(taken.at),
        "performer": [author],
    }
    found = []
    for code, words, value in _values(taken):
        id_ = derived_uuid(taken.id, code)
        found.append({**base, "id": id_, "code": _loinc(code, words), **value})
    members = [{"reference": f"Observation/{one['id']}"} for one in found]
    whole = {**base, "id": taken.id, **_news2(taken, scored), "hasMember": members}
    return [*found, whole]


def _loinc(code: str, words: str) -> dict[str, object]:
    return {
        "coding": [{"system": _LOINC, "code": code, "display": words}],
        "text": words,
    }


def _values(
    taken: ObservationSet,
) -> Iterator[tuple[str, str, dict[str, object]]]:
    """Code, words and value of each measurement; both pressures are one."""
    by_name = {one.name: one for one in MEASURES}
    for name in ("respiration_rate", "oxygen_saturation", "pulse", "temperature"):
        measure, value = by_name[name], getattr(taken, name)
        if value is not None:
            yield (
                measure.code,
                measure.words,
                {"valueQuantity": _quantity(measure, value)},
            )
    if taken.is_on_oxygen is not None:
        yield from _oxygen(taken, by_name["oxygen_flow"])
    pressures: list[dict[str, object]] = [
        {
            "code": _loinc(by_name[name].code, by_name[name].words),
            "valueQuantity": _quantity(by_name[name], value),
        }
        for name in ("systolic", "diastolic")
        if (value := getattr(taken, name)) is not None
    ]
    if pressures:
        yield (*_PRESSURE_PANEL, {"component": pressures})
    for letter, words, code in LEVELS:
        if letter == taken.level:
            coding = {
                "system": "http://snomed.info/sct",
                "code": code,
                "display": words,
            }
            yield (
                *_CONSCIOUSNESS,
                {"valueCodeableConcept": {"coding": [coding], "text": words}},
            )


def _oxygen(
    taken: ObservationSet, flow: Measure
) -> Iterator[tuple[str, str, dict[str, object]]]:
    """On air it is a flow of 0; on oxygen the flow, or that it was not measured."""
    value = taken.oxygen_flow if taken.is_on_oxygen else Decimal(0)
    if value is None or (taken.is_on_oxygen and not value):
        words = "Oxygen, flow not measured"
        yield flow.code, flow.words, {"valueCodeableConcept": {"text": words}}
    else:
        yield flow.code, flow.words, {"valueQuantity": _quantity(flow, value)}


def _quantity(measure: Measure, value: Decimal) -> dict[str, object]:
    return {
        "value": value,
        "unit": measure.unit,
        "system": _UCUM,
        "code": measure.ucum,
    }


def _news2(taken: ObservationSet, scored: Score) -> dict[str, object]:
    """The total, or that there is none; and by which scale."""
    code = {"coding": [{"system": SYSTEM, "code": NEWS2_CODE}], "text": "NEWS2"}
    scale: dict[str, object] = {
        "code": {
            "coding": [{"system": SYSTEM, "code": SCALE_CODE}],
            "text": "SpO₂ scale",
        },
        "valueInteger": 2 if taken.is_scale_2 else 1,
    }
    said: dict[str, object] = {"code": code, "component": [scale]}
    if scored.total is None or scored.risk is None:
        reason = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
        is_unfit = scored.unfit is not None
        absence = "not-applicable" if is_unfit else "not-performed"
        words = scored.unfit.value if scored.unfit else "Not all was measured"
        coding = {"system": reason, "code": absence}
        said["dataAbsentReason"] = {"coding": [coding], "text": words}
    else:
        said["valueInteger"] = scored.total
        said["interpretation"] = [{"text": scored.risk.value}]
    return said
