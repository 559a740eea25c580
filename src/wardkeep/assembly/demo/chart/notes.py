# SPDX-License-Identifier: Apache-2.0
"""Progress notes of those who lie on a ward: signed, late, amended, one to co-sign.

They are of the last hours before today, so that whoever signs in reads a ward at work.
"""

from datetime import datetime, timedelta

from wardkeep.assembly.demo.chart.codes import Json, loinc
from wardkeep.assembly.demo.chart.sheet import Sheet, entry_of
from wardkeep.assembly.demo.moments import instant, moment
from wardkeep.assembly.demo.stable_ids import stable_id
from wardkeep.assembly.demo.staff import staff_of
from wardkeep.fhir.notes.cosigning import CODE, SYSTEM
from wardkeep.fhir.notes.words import narrative_of

_PROGRESS_NOTE = loinc("11506-3", "Progress note")
_ONE_IN = 4
"""So many of the ward's patients have a note that waits to be co-signed."""
_SLEPT = (
    "Slept in stretches, comfortable this morning.\nAte half of breakfast, drinking"
    " well. Up to the chair with one to help."
)
_BREATHLESS = (
    "More short of breath since the night, and muddled at times. Says: “I can’t get"
    " comfortable.”"
)
_SEEN = (
    "Seen by the doctor on call at 05:10. Bloods repeated, oxygen as prescribed.\n"
    "Observations hourly. Family told by telephone."
)
_RANG = (
    "Rang the daughter at her request. She knows the plan and comes this afternoon.\n"
    "Written after the shift: the ward was busy."
)
_STEADY = (
    ("How they are", _SLEPT),
    ("What we do", "Observations every four hours. Physiotherapy today."),
)
_WORSE = (("How they are", _BREATHLESS), ("What we do", _SEEN))
_FAMILY = (("", _RANG),)


def write_notes(sheet: Sheet) -> None:
    """Nothing for those who lie on no ward of the organisation's own."""
    stay = sheet.story.stay
    is_hospital = sheet.organisation.kind == "hospital"
    if stay is None or stay.discharged is not None or not is_hospital:
        return
    nurse, doctor = f"nurse-{stay.ward}", _doctor(sheet)
    if nurse not in staff_of(sheet.organisation):
        return
    evening = moment(sheet.story.last_day, 21, 40)
    words = _WORSE if stay.course == "worsening" else _STEADY
    waits = sheet.chance("co-sign").below(_ONE_IN) == 0
    _write(sheet, "Ward round", words, at=evening, by=nurse, co_signer=doctor * waits)
    if sheet.chance("late note").below(_ONE_IN) == 0:
        about = evening - timedelta(hours=6)
        _write(sheet, "Call with family", _FAMILY, at=evening, by=nurse, about=about)


def _doctor(sheet: Sheet) -> str:
    """The first clinician who has an account."""
    return next(
        key
        for key, one in staff_of(sheet.organisation).items()
        if one.role == "clinician" and one.has_account
    )


def _write(  # noqa: PLR0913 - a note has this many parts, each named
    sheet: Sheet,
    title: str,
    words: tuple[tuple[str, str], ...],
    *,
    at: datetime,
    by: str,
    about: datetime | None = None,
    co_signer: str = "",
) -> None:
    author = sheet.staff(by)
    note = sheet.write(
        "Composition",
        {
            "extension": [{"url": "urn:wardkeep:note:by", "valueReference": author}],
            "status": "preliminary" if co_signer else "final",
            "type": _PROGRESS_NOTE,
            "subject": sheet.patient,
            "date": instant(at),
            "author": [author],
            "title": title,
            "attester": [
                {"mode": "professional", "time": instant(at), "party": author}
            ],
            "event": [{"period": {"start": instant(about or at)}}],
            "section": [_section(heading, text) for heading, text in words],
        },
    )
    if co_signer:
        _ask(sheet, note, at=at, asked_by=author, owner=sheet.staff(co_signer))


def _section(heading: str, text: str) -> Json:
    said: Json = {"text": {"status": "additional", "div": narrative_of(text)}}
    return {"title": heading, **said} if heading else said


def _ask(
    sheet: Sheet, note: Json, *, at: datetime, asked_by: Json, owner: Json
) -> None:
    """The Task has the note's own id (wardkeep.fhir.notes.cosigning)."""
    id_ = note["reference"].removeprefix("urn:uuid:")
    fields: Json = {
        "status": "requested",
        "intent": "order",
        "code": {"coding": [{"system": SYSTEM, "code": CODE}], "text": "Co-sign"},
        "focus": note,
        "for": sheet.patient,
        "authoredOn": instant(at),
        "lastModified": instant(at),
        "requester": asked_by,
        "owner": owner,
    }
    entry = entry_of("Task", id_, fields)
    # The note has its fullUrl; nobody refers to this one by its own.
    url = stable_id(sheet.person.organisation, "co-sign", id_)
    sheet.entries.append({**entry, "fullUrl": f"urn:uuid:{url}"})


TEMPLATES = (
    (
        "Ward round",
        (
            ("How they are", "In their own words, then what you see"),
            ("What we found", "Observations, examination, results"),
            ("What we think", "Is it better, the same, or worse?"),
            ("What we do", "Who does what by when, and what would make you call"),
        ),
    ),
    (
        "Handing over a worry",
        (
            ("What is happening now", "In one sentence"),
            ("What came before", "Why they are here, what has been done"),
            ("What I see", "Numbers first"),
            ("What I ask of you", "And by when"),
        ),
    ),
    (
        "Contact at home",
        (
            ("What we talked about", "Whose words they are"),
            ("How they are", ""),
            ("What was agreed", "And the next contact"),
        ),
    ),
)


def template_entries(organisation: str) -> list[Json]:
    """The templates of an organisation, as entries of its bundle."""
    return [
        entry_of(
            "Questionnaire",
            stable_id(organisation, "note-template", title),
            {
                "status": "active",
                "title": title,
                "subjectType": ["Patient"],
                "code": [
                    {"system": "urn:wardkeep:questionnaire", "code": "note-template"}
                ],
                "item": [
                    _item(number, heading, hint)
                    for number, (heading, hint) in enumerate(headings, 1)
                ],
            },
        )
        for title, headings in TEMPLATES
    ]


def _item(number: int, heading: str, hint: str) -> Json:
    said: Json = {"linkId": str(number), "text": heading, "type": "text"}
    if hint:
        said["extension"] = [{"url": "urn:wardkeep:note:hint", "valueString": hint}]
    return said
