# SPDX-License-Identifier: Apache-2.0
"""What is due: the next set of observations on a ward, and reviews, some late."""

from datetime import datetime, timedelta

from wardkeep.assembly.demo.chart.sheet import Sheet, entry_of
from wardkeep.assembly.demo.moments import moment
from wardkeep.care.due import OBSERVATIONS, REVIEW, due_id, due_request

_LAST_SET_HOUR = 22
_REVIEW_EVERY = 6
"""One patient in so many has a review to come; some were due last week."""


def write_due(sheet: Sheet) -> None:
    story, person = sheet.story, sheet.person
    if person.died is not None or sheet.organisation.kind != "hospital":
        return
    evening = moment(story.last_day, _LAST_SET_HOUR, 30)
    if story.stay is not None:
        hours = 6 if story.stay.course == "worsening" else 12
        _write(sheet, OBSERVATIONS, evening + timedelta(hours=hours), "")
    if person.position % _REVIEW_EVERY == 0:
        days = person.position % 9 - 4
        _write(sheet, REVIEW, evening + timedelta(days=days), "Review of treatment")


def _write(sheet: Sheet, kind: str, at: datetime, words: str) -> None:
    patient = str(sheet.person.patient_id)
    made = due_request(
        patient,
        kind=kind,
        at=at,
        author={"display": sheet.organisation.name},
        now=moment(sheet.story.last_day, _LAST_SET_HOUR) - timedelta(days=1),
        words=words,
    )
    made_type = str(made["resourceType"])
    fields = {name: one for name, one in made.items() if name not in _OWN}
    fields["subject"] = sheet.patient
    sheet.entries.append(entry_of(made_type, due_id(patient, kind), fields))


_OWN = ("resourceType", "id")
