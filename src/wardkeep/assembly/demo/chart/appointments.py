# SPDX-License-Identifier: Apache-2.0
"""Appointments of today and the next weeks, in clinics and at home."""

from datetime import datetime, timedelta

from wardkeep.assembly.demo.chart.codes import Json, text_only
from wardkeep.assembly.demo.chart.sheet import Sheet, as_class
from wardkeep.assembly.demo.moments import instant
from wardkeep.assembly.demo.rounds import visits_on
from wardkeep.assembly.demo.staff import staff_of

_CLINIC_MINUTES = 15
_PLANNED_DAYS = 3


def write_appointments(sheet: Sheet) -> None:
    for visit in sheet.story.clinic_visits:
        place = sheet.place(visit.clinic)
        _write_appointment(
            sheet,
            place["display"],
            starts=visit.starts,
            ends=visit.starts + timedelta(minutes=_CLINIC_MINUTES),
            with_whom=[place, sheet.staff(_who_leads(sheet, visit.clinic))],
        )
    if sheet.organisation.kind == "home care":
        _write_home_visits(sheet)


def _who_leads(sheet: Sheet, clinic: str) -> str:
    members = staff_of(sheet.organisation).values()
    return next(member.key for member in members if clinic in member.places)


def _write_home_visits(sheet: Sheet) -> None:
    today = sheet.story.today
    for ahead in range(_PLANNED_DAYS):
        for visit in visits_on(sheet.person, today + timedelta(days=ahead)):
            words = f"{visit.slot.name} visit: {visit.slot.help_given}"
            _write_appointment(
                sheet,
                words,
                starts=visit.starts,
                ends=visit.ends,
                with_whom=[sheet.staff(visit.carer)],
                kind=as_class("HH", words),
            )


def _write_appointment(
    sheet: Sheet,
    words: str,
    *,
    starts: datetime,
    ends: datetime,
    with_whom: list[Json],
    kind: Json | None = None,
) -> None:
    actors = (sheet.patient, *with_whom)
    sheet.write(
        "Appointment",
        {
            "status": "booked",
            "serviceType": [kind or text_only(words)],
            "description": words,
            "start": instant(starts),
            "end": instant(ends),
            "minutesDuration": (ends - starts) // timedelta(minutes=1),
            "participant": [{"actor": actor, "status": "accepted"} for actor in actors],
        },
    )
