# SPDX-License-Identifier: Apache-2.0
"""Records that written parts ask for: a birth, one full of zeros, one without end."""

from datetime import timedelta

from wardkeep.assembly.demo.body import Body
from wardkeep.assembly.demo.cast import Trait
from wardkeep.assembly.demo.chart import measures
from wardkeep.assembly.demo.chart.codes import text_only
from wardkeep.assembly.demo.chart.measures import Occasion, Reading
from wardkeep.assembly.demo.chart.sheet import Sheet, led_by
from wardkeep.assembly.demo.moments import moment

_SUGAR_DIARY_DAYS = 560
_SUGAR_HOURS = (7, 12, 18, 22)
"""Before meals and at bedtime: 2,240 readings in all."""

_ZEROS = (
    measures.PAIN,
    measures.CIGARETTES,
    measures.ALCOHOL,
    measures.FALLS,
    measures.OXYGEN_FLOW,
)
_ZERO_RESULTS = (
    Reading(measures.BASOPHILS, 0),
    Reading(measures.INFLAMMATION, 0),
)
_AT_BIRTH = (
    (Reading(measures.APGAR_1, 8), 1),
    (Reading(measures.APGAR_5, 10), 5),
    (Reading(measures.WEIGHT, 3.4), 20),
    (Reading(measures.HEIGHT, 51.0), 20),
    (Reading(measures.HEAD, 34.8), 20),
)


def write_written_parts(sheet: Sheet, body: Body) -> None:
    if Trait.NEWBORN in sheet.person.traits:
        _write_birth(sheet)
    if Trait.ZERO_RESULTS in sheet.person.traits:
        _write_zeros(sheet)
    if Trait.LONG_RECORD in sheet.person.traits:
        _write_sugar_diary(sheet, body)


def _write_zeros(sheet: Sheet) -> None:
    when = Occasion(moment(sheet.story.last_day - timedelta(days=3), 10, 30))
    for measure in _ZEROS:
        measures.observe(sheet, measure, 0, when)
    measures.report(sheet, text_only("Blood test"), _ZERO_RESULTS, when)


def _write_birth(sheet: Sheet) -> None:
    """Weighed and measured on the day; Apgar scores at one and five minutes."""
    born = moment(sheet.person.born, 4, 12)
    encounter = sheet.encounter(
        "IMP",
        "Birth",
        starts=born,
        ends=born + timedelta(hours=30),
        fields={"participant": led_by(sheet.staff("midwife"))},
    )
    for reading, minutes in _AT_BIRTH:
        when = Occasion(born + timedelta(minutes=minutes), encounter)
        measures.observe(sheet, reading.measure, reading.value, when)


def _write_sugar_diary(sheet: Sheet, body: Body) -> None:
    first = sheet.story.last_day - timedelta(days=_SUGAR_DIARY_DAYS)
    for number in range(_SUGAR_DIARY_DAYS):
        day = first + timedelta(days=number)
        for hour in _SUGAR_HOURS:
            value = body.around(8.4, 4.6)
            when = Occasion(moment(day, hour, number % 40))
            measures.observe(sheet, measures.GLUCOSE, value, when)
