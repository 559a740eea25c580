# SPDX-License-Identifier: Apache-2.0
"""Stays on a ward: the encounter, sets of vital signs for NEWS2, blood, treatment.

A home-care agency knows of a stay elsewhere by its discharge letter alone.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import islice

from wardkeep.assembly.demo.body import Body
from wardkeep.assembly.demo.cast import Trait
from wardkeep.assembly.demo.chance import Chance
from wardkeep.assembly.demo.chart import measures
from wardkeep.assembly.demo.chart.codes import Json, text_only
from wardkeep.assembly.demo.chart.letters import (
    write_admission_note,
    write_discharge_letter,
)
from wardkeep.assembly.demo.chart.measures import Occasion, Reading
from wardkeep.assembly.demo.chart.problems import chosen_for, prescribe, write_condition
from wardkeep.assembly.demo.chart.sheet import Sheet, led_by
from wardkeep.assembly.demo.diagnoses import Medicine
from wardkeep.assembly.demo.moments import instant, moment
from wardkeep.assembly.demo.story import Stay

_HOURS_BETWEEN_SETS = 4
_LAST_HOUR = 22
_DOCTOR_OF = {
    "kestrel": "dr-kestrel",
    "heron": "dr-heron",
    "wren": "dr-wren",
    "otter": "dr-otter",
}
_SCALE_2_TARGET = 90
_OPERATIONS = {
    "Broken hip, repaired": "Repair of broken hip",
    "Appendicitis, appendix removed": "Removal of appendix by keyhole surgery",
}
_INTRAVENOUS = Medicine(
    "Co-amoxiclav 1.2 g injection",
    "Into a vein every 12 hours",
    is_penicillin=True,
)
_SALBUTAMOL = Medicine("Salbutamol 2.5 mg nebules", "By nebuliser every 12 hours")
_PAIN_RELIEF = Medicine("Paracetamol 1 g infusion", "Into a vein every 12 hours")
TREATMENTS = {
    "Pneumonia": _INTRAVENOUS,
    "Sepsis from a chest infection": _INTRAVENOUS,
    "Flare-up of chronic lung disease": _SALBUTAMOL,
    "Wheeze with a cold": _SALBUTAMOL,
    "Influenza with breathlessness": Medicine(
        "Oseltamivir 75 mg capsules", "One capsule every 12 hours for 5 days"
    ),
    "Urine infection with confusion": Medicine(
        "Gentamicin injection", "Into a vein, dose by weight and kidney function"
    ),
    "Broken hip, repaired": _PAIN_RELIEF,
    "Appendicitis, appendix removed": _PAIN_RELIEF,
    "Dehydration after a stomach bug": Medicine(
        "Oral rehydration salts", "Small sips, one sachet in 200 ml of water"
    ),
}
"""What a ward gives for the reason of a stay; a fall at home needs no medicine."""
_SETS_BETWEEN_DOSES = 3
_UNWELL_FROM = 0.3
_GRAVE_FROM = 0.6
_CONFUSED_FROM = 0.85


def write_stays(sheet: Sheet, body: Body) -> None:
    for number, stay in enumerate((sheet.story.past_stay, sheet.story.stay)):
        if stay is not None:
            _write_stay(sheet, body, stay=stay, number=number)


def _write_stay(sheet: Sheet, body: Body, *, stay: Stay, number: int) -> None:
    ended = stay.discharged
    doctor = sheet.staff(_doctor_of(sheet, stay))
    condition = write_condition(
        sheet,
        f"stay-{number}",
        text_only(stay.reason),
        onset=stay.admitted.date(),
        ended=None if ended is None else ended.date(),
    )
    encounter = sheet.encounter(
        "IMP",
        "Stay in hospital",
        starts=stay.admitted,
        ends=ended,
        fields={
            "participant": led_by(doctor),
            "reasonCode": [text_only(stay.reason)],
            "diagnosis": [{"condition": condition}],
            **_where(sheet, stay),
        },
    )
    if sheet.organisation.kind == "hospital":
        write_admission_note(sheet, stay=stay, encounter=encounter, author=doctor)
        _write_sets(sheet, body, stay=stay, encounter=encounter)
        _write_blood(sheet, body, stay=stay, encounter=encounter)
        _write_procedures(sheet, stay=stay, encounter=encounter, condition=condition)
        _write_treatment(sheet, stay=stay, encounter=encounter, condition=condition)
    if ended is not None:
        write_discharge_letter(sheet, stay=stay, encounter=encounter, author=doctor)


def _doctor_of(sheet: Sheet, stay: Stay) -> str:
    at_home = sheet.organisation.kind == "home care"
    return "surgery-doctor" if at_home else _DOCTOR_OF[stay.ward]


def _where(sheet: Sheet, stay: Stay) -> Json:
    """A stay elsewhere is known to the home-care agency, its ward is not."""
    if sheet.organisation.kind == "home care":
        return {}
    status = "active" if stay.discharged is None else "completed"
    return {"location": [{"location": sheet.place(stay.ward), "status": status}]}


def _set_times(sheet: Sheet, stay: Stay) -> Iterator[datetime]:
    """Every four hours, from the first half hour to the evening before today."""
    until = stay.discharged or moment(sheet.story.last_day, _LAST_HOUR, 30)
    at = stay.admitted + timedelta(minutes=25)
    while at < until:
        yield at
        at += timedelta(hours=_HOURS_BETWEEN_SETS)


def _write_sets(sheet: Sheet, body: Body, *, stay: Stay, encounter: Json) -> None:
    times = list(_set_times(sheet, stay))
    chance = sheet.chance(f"sets {stay.admitted}")
    for number, at in enumerate(times):
        illness = _illness(stay.course, (number + 1) / len(times))
        scattered = max(0.0, chance.around(illness, 0.12))
        _write_set(sheet, body, scattered, Occasion(at, encounter))


def _illness(course: str, share_of_stay: float) -> float:
    """How ill, from 0 (well) to 1 (gravely), as the stay goes on."""
    if course == "worsening":
        return 0.2 + 0.75 * share_of_stay
    if course == "steady":
        return 0.25
    return 0.65 * (1 - share_of_stay)


def _write_set(sheet: Sheet, body: Body, illness: float, when: Occasion) -> None:
    day = when.at.date()
    systolic, diastolic = body.pressure(day)
    needs_oxygen = illness > _UNWELL_FROM
    breaths = round(body.around(16 + 10 * illness, 1.5) + _young(sheet, day) * 0.9)
    pulse = round(body.pulse(day) + 38 * illness)
    temperature = body.around(36.7 + 1.9 * illness, 0.3)
    pressure = (round(systolic - 32 * illness), round(diastolic - 18 * illness))
    observe = measures.observe
    observe(sheet, measures.RESPIRATORY_RATE, breaths, when)
    saturation = _saturation(sheet, body, illness)
    observe(sheet, measures.OXYGEN_SATURATION, saturation, when)
    flow = _oxygen_flow(sheet, illness) if needs_oxygen else 0
    observe(sheet, measures.OXYGEN_FLOW, flow, when)
    measures.observe_pressure(sheet, pressure, when)
    observe(sheet, measures.PULSE, pulse, when)
    level = "New confusion" if illness > _CONFUSED_FROM else "Alert"
    measures.observe_consciousness(sheet, level, when)
    observe(sheet, measures.TEMPERATURE, temperature, when)


def _young(sheet: Sheet, day: date) -> float:
    """Years short of twelve: small children breathe faster."""
    return max(0.0, 12 - sheet.person.age_on(day))


def _saturation(sheet: Sheet, body: Body, illness: float) -> int:
    middle = 97.4 - 6 * illness
    if Trait.SCALE_2 in sheet.person.traits:
        middle = _SCALE_2_TARGET + 0.5 - 4 * illness
    return min(100, round(body.around(middle, 1.2)))


def _oxygen_flow(sheet: Sheet, illness: float) -> int:
    """Litres a minute; little for those whom more would harm."""
    if Trait.SCALE_2 in sheet.person.traits:
        return 2
    return 2 if illness < _GRAVE_FROM else 6


def _write_blood(sheet: Sheet, body: Body, *, stay: Stay, encounter: Json) -> None:
    at = stay.admitted + timedelta(hours=1)
    chance = sheet.chance(f"blood {stay.admitted}")
    inflamed = round(chance.around(88, 70))
    readings = (
        Reading(measures.INFLAMMATION, inflamed),
        Reading(measures.WHITE_CELLS, round(chance.around(13.5, 4), 1)),
        Reading(measures.HAEMOGLOBIN, body.haemoglobin(at.date())),
    )
    measures.report(
        sheet, text_only("Blood on admission"), readings, Occasion(at, encounter)
    )


def _write_procedures(
    sheet: Sheet, *, stay: Stay, encounter: Json, condition: Json
) -> None:
    chance = sheet.chance(f"procedures {stay.admitted}")
    fields: Json = {
        "status": "completed",
        "subject": sheet.patient,
        "encounter": encounter,
        "reasonReference": [condition],
    }
    for name, hours in _procedures(stay, chance):
        at = instant(stay.admitted + timedelta(hours=hours))
        done = {"code": text_only(name), "performedDateTime": at}
        sheet.write("Procedure", {**fields, **done})


def _write_treatment(
    sheet: Sheet, *, stay: Stay, encounter: Json, condition: Json
) -> None:
    """The ward's prescription and each dose that was given."""
    planned = TREATMENTS.get(stay.reason)
    medicine = None if planned is None else chosen_for(sheet, planned)
    if medicine is None:
        return
    request = prescribe(
        sheet,
        medicine,
        reason=condition,
        on=stay.admitted.date(),
        is_over=stay.discharged is not None,
        requester=sheet.staff(_doctor_of(sheet, stay)),
    )
    for at in islice(_set_times(sheet, stay), 0, None, _SETS_BETWEEN_DOSES):
        given: Json = {
            "status": "completed",
            "medicationCodeableConcept": text_only(medicine.name),
            "subject": sheet.patient,
            "context": encounter,
            "effectiveDateTime": instant(at),
            "request": request,
        }
        sheet.write("MedicationAdministration", given)


def _procedures(stay: Stay, chance: Chance) -> Iterator[tuple[str, int]]:
    operation = _OPERATIONS.get(stay.reason)
    if operation is not None:
        yield operation, chance.between(4, 11)
    yield "Cannula put into a vein", 1
