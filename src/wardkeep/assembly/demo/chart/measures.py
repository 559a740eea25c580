# SPDX-License-Identifier: Apache-2.0
"""What is measured, in which unit, and how an Observation of it is written.

LOINC codes (https://loinc.org/license/) with names in our own words; units UCUM.
"""

from datetime import datetime

import msgspec

from wardkeep.assembly.demo.chart.codes import UCUM, Json, hl7, loinc, snomed, text_only
from wardkeep.assembly.demo.chart.sheet import Sheet
from wardkeep.assembly.demo.moments import instant


class Measure(msgspec.Struct, frozen=True, kw_only=True):
    """A quantity, its unit and the range in which a report calls it normal."""

    code: Json
    unit: str
    ucum: str
    low: float | None = None
    high: float | None = None
    category: str = "laboratory"


class Reading(msgspec.Struct, frozen=True):
    """A measure with its value; a value of 0 is a value."""

    measure: Measure
    value: float


class Occasion(msgspec.Struct, frozen=True):
    """When and in which encounter something was observed."""

    at: datetime
    encounter: Json | None = None


def _laboratory(code: str, name: str, unit: str, *limits: float | None) -> Measure:
    low, high = limits or (None, None)
    ucum = _UCUM_FOR.get(unit, unit)
    return Measure(code=loinc(code, name), unit=unit, ucum=ucum, low=low, high=high)


def _vital(code: str, name: str, unit: str) -> Measure:
    ucum = _UCUM_FOR.get(unit, unit)
    return Measure(code=loinc(code, name), unit=unit, ucum=ucum, category="vital-signs")


def _asked(code: Json, unit: str) -> Measure:
    ucum = _UCUM_FOR.get(unit, unit)
    return Measure(code=code, unit=unit, ucum=ucum, category="survey")


_UCUM_FOR = {
    "mmHg": "mm[Hg]",
    "/min": "/min",
    "°C": "Cel",
    "10*9/L": "10*9/L",
    "µmol/L": "umol/L",
    "mL/min/1.73 m²": "mL/min/{1.73_m2}",
    "mIU/L": "m[IU]/L",
    "IU/L": "[IU]/L",
    "/10": "{score}",
    "a day": "{count}/d",
    "units a week": "{units}/wk",
    "in the last year": "{count}/a",
}

RESPIRATORY_RATE = _vital("9279-1", "Respiratory rate", "/min")
OXYGEN_SATURATION = _vital("59408-5", "Oxygen saturation", "%")
OXYGEN_FLOW = _vital("3151-8", "Inhaled oxygen flow", "L/min")
SYSTOLIC = _vital("8480-6", "Systolic blood pressure", "mmHg")
DIASTOLIC = _vital("8462-4", "Diastolic blood pressure", "mmHg")
PULSE = _vital("8867-4", "Pulse", "/min")
TEMPERATURE = _vital("8310-5", "Temperature", "°C")
HEIGHT = _vital("8302-2", "Height", "cm")
WEIGHT = _vital("29463-7", "Weight", "kg")
HEAD = _vital("9843-4", "Head circumference", "cm")

HBA1C = _laboratory("59261-8", "HbA1c", "mmol/mol", 20, 41)
GLUCOSE = _laboratory("15074-8", "Blood glucose", "mmol/L", 4.0, 9.0)
FILTRATION = _laboratory("98979-8", "Estimated GFR", "mL/min/1.73 m²", 60, None)
CREATININE = _laboratory("14682-9", "Creatinine", "µmol/L", 45, 104)
SODIUM = _laboratory("2951-2", "Sodium", "mmol/L", 133, 146)
POTASSIUM = _laboratory("2823-3", "Potassium", "mmol/L", 3.5, 5.3)
UREA = _laboratory("22664-7", "Urea", "mmol/L", 2.5, 7.8)
CHOLESTEROL = _laboratory("14647-2", "Total cholesterol", "mmol/L", None, 5.0)
GOOD_CHOLESTEROL = _laboratory("14646-4", "HDL cholesterol", "mmol/L", 1.0, None)
THYROID = _laboratory("3016-3", "Thyroid stimulating hormone", "mIU/L", 0.3, 4.5)
HAEMOGLOBIN = _laboratory("718-7", "Haemoglobin", "g/L", 115, 165)
WHITE_CELLS = _laboratory("6690-2", "White cells", "10*9/L", 4.0, 11.0)
PLATELETS = _laboratory("777-3", "Platelets", "10*9/L", 150, 400)
BASOPHILS = _laboratory("704-7", "Basophils", "10*9/L", 0, 0.1)
INFLAMMATION = _laboratory("1988-5", "C-reactive protein", "mg/L", 0, 5)

APGAR_1 = _asked(loinc("9272-6", "Apgar score at one minute"), "/10")
APGAR_5 = _asked(loinc("9274-2", "Apgar score at five minutes"), "/10")
PAIN = _asked(loinc("72514-3", "Pain score"), "/10")
CIGARETTES = _asked(text_only("Cigarettes smoked"), "a day")
ALCOHOL = _asked(text_only("Alcohol"), "units a week")
FALLS = _asked(text_only("Falls"), "in the last year")

_PRESSURE_PANEL = loinc("85354-9", "Blood pressure")
_CONSCIOUSNESS = loinc("67775-7", "Level of consciousness (ACVPU)")
CONSCIOUSNESS_LEVELS = {
    "Alert": snomed("248234008", "Alert"),
    "New confusion": snomed("130987000", "New confusion"),
    "Responds to voice": snomed("300202002", "Responds to voice"),
}

_CATEGORIES = {
    key: [hl7("observation-category", key, words)]
    for key, words in (
        ("vital-signs", "Vital Signs"),
        ("laboratory", "Laboratory"),
        ("survey", "Survey"),
    )
}
_LOW, _NORMAL, _HIGH = (
    [hl7("v3-ObservationInterpretation", code, words)]
    for code, words in (("L", "Low"), ("N", "Normal"), ("H", "High"))
)


def observe(sheet: Sheet, measure: Measure, value: float, when: Occasion) -> Json:
    """Writes one measured quantity and answers a reference to it."""
    fields = _observed(sheet, measure.category, measure.code, when)
    fields["valueQuantity"] = _quantity(measure, value)
    if measure.category == "laboratory":
        fields["interpretation"] = _interpreted(measure, value)
        fields["referenceRange"] = [_normal_range(measure)]
    return sheet.write("Observation", fields)


def observe_pressure(sheet: Sheet, pressure: tuple[int, int], when: Occasion) -> Json:
    fields = _observed(sheet, "vital-signs", _PRESSURE_PANEL, when)
    fields["component"] = [
        {"code": measure.code, "valueQuantity": _quantity(measure, value)}
        for measure, value in zip((SYSTOLIC, DIASTOLIC), pressure, strict=True)
    ]
    return sheet.write("Observation", fields)


def observe_consciousness(sheet: Sheet, level: str, when: Occasion) -> Json:
    """One of the letters of ACVPU, in words."""
    fields = _observed(sheet, "vital-signs", _CONSCIOUSNESS, when)
    fields["valueCodeableConcept"] = CONSCIOUSNESS_LEVELS[level]
    return sheet.write("Observation", fields)


def report(
    sheet: Sheet, name: Json, readings: tuple[Reading, ...], when: Occasion
) -> Json:
    """A laboratory report with its results."""
    results = [observe(sheet, each.measure, each.value, when) for each in readings]
    fields: Json = {
        "status": "final",
        "category": [hl7("v2-0074", "LAB", "Laboratory")],
        "code": name,
        "subject": sheet.patient,
        "effectiveDateTime": instant(when.at),
        "issued": instant(when.at),
        "performer": [sheet.owner],
        "result": results,
    }
    if when.encounter is not None:
        fields["encounter"] = when.encounter
    return sheet.write("DiagnosticReport", fields)


def _observed(sheet: Sheet, category: str, code: Json, when: Occasion) -> Json:
    fields: Json = {
        "status": "final",
        "category": _CATEGORIES[category],
        "code": code,
        "subject": sheet.patient,
        "effectiveDateTime": instant(when.at),
    }
    if when.encounter is not None:
        fields["encounter"] = when.encounter
    return fields


def _quantity(measure: Measure, value: float) -> Json:
    return {
        "value": value,
        "unit": measure.unit,
        "system": UCUM,
        "code": measure.ucum,
    }


def _interpreted(measure: Measure, value: float) -> list[Json]:
    if measure.low is not None and value < measure.low:
        return _LOW
    if measure.high is not None and value > measure.high:
        return _HIGH
    return _NORMAL


def _normal_range(measure: Measure) -> Json:
    limits = {"low": measure.low, "high": measure.high}
    return {
        side: _quantity(measure, limit)
        for side, limit in limits.items()
        if limit is not None
    }
