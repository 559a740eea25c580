# SPDX-License-Identifier: Apache-2.0
"""Documents: letters and plans in plain words, as DocumentReferences."""

import base64
from datetime import date, datetime, timedelta

from wardkeep.assembly.demo.chart.codes import Json, loinc
from wardkeep.assembly.demo.chart.sheet import Sheet
from wardkeep.assembly.demo.moments import instant, moment
from wardkeep.assembly.demo.story import Diagnosed, Stay

DISCHARGE = loinc("18842-5", "Discharge letter")
CLINIC_LETTER = loinc("34108-1", "Clinic letter")
CARE_PLAN = loinc("18776-5", "Care plan")
NOTE = loinc("34109-9", "Note")

_LETTER_YEARS = 8


def write_document(
    sheet: Sheet,
    kind: Json,
    lines: tuple[str, ...],
    *,
    at: datetime,
    author: Json,
    encounter: Json | None = None,
) -> None:
    """A short text; the store treats it as it treats a scanned page."""
    words = kind["text"]
    text = "\n".join((f"{words}: {sheet.person.full_name.strip()}", "", *lines))
    fields: Json = {
        "status": "current",
        "type": kind,
        "subject": sheet.patient,
        "date": instant(at),
        "author": [author],
        "custodian": sheet.owner,
        "content": [
            {
                "attachment": {
                    "contentType": "text/plain; charset=utf-8",
                    "language": "en-GB",
                    "data": base64.b64encode(text.encode()).decode("ascii"),
                    "title": words,
                    "creation": instant(at),
                }
            }
        ],
    }
    if encounter is not None:
        fields["context"] = {"encounter": [encounter]}
    sheet.write("DocumentReference", fields)


def write_discharge_letter(
    sheet: Sheet, *, stay: Stay, encounter: Json, author: Json
) -> None:
    discharged = stay.discharged or stay.admitted
    lines = (
        f"Came in on {_in_words(stay.admitted.date())} with: {stay.reason}.",
        f"Went home on {_in_words(discharged.date())}.",
        "Better with treatment. Usual medicines go on unchanged.",
        "Asked of the surgery: blood tests in four weeks, please.",
    )
    write_document(
        sheet, DISCHARGE, lines, at=discharged, author=author, encounter=encounter
    )


def write_admission_note(
    sheet: Sheet, *, stay: Stay, encounter: Json, author: Json
) -> None:
    lines = (
        f"Admitted with: {stay.reason}.",
        "Examined, blood taken, treatment begun. Family told.",
        "Plan: observations every four hours; review each morning.",
    )
    at = stay.admitted + timedelta(hours=2)
    write_document(sheet, NOTE, lines, at=at, author=author, encounter=encounter)


def write_clinic_letters(sheet: Sheet) -> None:
    """One for each recent problem that a clinic follows."""
    followed = [d for d in sheet.story.diagnosed if d.diagnosis.clinic and not d.ended]
    for diagnosed in followed:
        seen = max(
            diagnosed.onset + timedelta(days=30),
            sheet.story.last_day - timedelta(days=365 * _LETTER_YEARS),
        )
        if seen < sheet.story.last_day:
            _write_clinic_letter(sheet, diagnosed, seen)


def _write_clinic_letter(sheet: Sheet, diagnosed: Diagnosed, seen: date) -> None:
    taken = ", ".join(each.name for each in diagnosed.diagnosis.medicines)
    lines = (
        f"Seen on {_in_words(seen)} about: {diagnosed.diagnosis.name}.",
        f"We talked about what helps and about: {taken or 'no new medicine'}.",
        "Please come back sooner if things get worse.",
    )
    author = sheet.staff("surgery-doctor")
    write_document(sheet, CLINIC_LETTER, lines, at=moment(seen, 16, 20), author=author)


def write_death_notice(sheet: Sheet) -> None:
    """The only thing that may be dated after a death."""
    died = sheet.person.died
    if died is None:
        return
    lines = (
        f"Died peacefully on {_in_words(died)}, with family present.",
        "Appointments and visits are cancelled. Condolences were sent.",
    )
    at = moment(died + timedelta(days=1), 10)
    write_document(sheet, NOTE, lines, at=at, author=sheet.staff("surgery-doctor"))


def _in_words(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
