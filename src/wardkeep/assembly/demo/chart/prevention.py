# SPDX-License-Identifier: Apache-2.0
"""Vaccinations and planned procedures, each at the age at which it is offered."""

from collections.abc import Iterator
from datetime import date, timedelta

from wardkeep.assembly.demo.chart.codes import Json, text_only
from wardkeep.assembly.demo.chart.sheet import Sheet
from wardkeep.assembly.demo.moments import instant, moment, years_after, years_between

_CHILDHOOD = (
    (56, "Six-in-one vaccine, first"),
    (84, "Six-in-one vaccine, second"),
    (112, "Six-in-one vaccine, third"),
    (370, "Measles, mumps and rubella vaccine, first"),
    (1220, "Measles, mumps and rubella vaccine, second"),
    (1220, "Four-in-one pre-school booster"),
)
_FIRST_BIRTH_YEAR_ON_RECORD = 1995
_FLU_AGE = 65
_FLU_YEARS = 5
_GROWN_UP_JABS = (
    (65, "Pneumococcal vaccine"),
    (70, "Shingles vaccine"),
)
_PROCEDURES = (
    ("cataract", 1.1, "Cataract removed, new lens"),
    ("arthritis", 6.5, "Hip replacement"),
    ("angina", 0.2, "Coronary angiogram and stent"),
    ("diabetes-2", 0.4, "Photograph of the retina"),
    ("diabetes-1", 0.4, "Photograph of the retina"),
    ("wrist-fracture", 0.002, "Plaster cast on the wrist"),
    ("reflux", 0.3, "Camera examination of the stomach"),
)


def write_prevention(sheet: Sheet) -> None:
    chance = sheet.chance("vaccines")
    for day, name in sorted(_vaccines(sheet)):
        if chance.happens(88):
            _write_vaccine(sheet, name, day)
    for key, years, name in _PROCEDURES:
        onset = sheet.story.onset_of(key)
        if onset is not None and chance.happens(60):
            _write_procedure(sheet, key, name, day=years_after(onset, years))


def _vaccines(sheet: Sheet) -> Iterator[tuple[date, str]]:
    born, last_day = sheet.person.born, sheet.story.last_day
    offered: list[tuple[date, str]] = []
    if born.year >= _FIRST_BIRTH_YEAR_ON_RECORD:
        offered += [(born + timedelta(days=days), name) for days, name in _CHILDHOOD]
    offered += [(years_after(born, age + 0.1), name) for age, name in _GROWN_UP_JABS]
    offered += [(day, "Influenza vaccine") for day in _flu_days(born, last_day)]
    for day, name in offered:
        if day <= last_day:
            yield day, name


def _flu_days(born: date, last_day: date) -> Iterator[date]:
    for year in range(last_day.year - _FLU_YEARS, last_day.year + 1):
        day = date(year, 10, 4 + born.day % 20)
        if years_between(born, day) >= _FLU_AGE:
            yield day


def _write_vaccine(sheet: Sheet, name: str, day: date) -> None:
    fields: Json = {
        "status": "completed",
        "vaccineCode": text_only(name),
        "patient": sheet.patient,
        "occurrenceDateTime": day.isoformat(),
        "primarySource": True,
        "lotNumber": f"DEMO{day.year}{day.month:02d}",
    }
    sheet.write("Immunization", fields)


def _write_procedure(sheet: Sheet, key: str, name: str, *, day: date) -> None:
    if day > sheet.story.last_day:
        return
    sheet.write(
        "Procedure",
        {
            "status": "completed",
            "code": text_only(name),
            "subject": sheet.patient,
            "performedDateTime": instant(moment(day, 11, 15)),
            "reasonReference": [sheet.conditions[key]],
        },
    )
