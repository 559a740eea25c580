# SPDX-License-Identifier: Apache-2.0
"""Flags: what staff must know at the door, and the way in, which is sealed."""

from datetime import date, timedelta

from wardkeep.assembly.demo.cast import Trait
from wardkeep.assembly.demo.chart.codes import Json, hl7, text_only
from wardkeep.assembly.demo.chart.sheet import Sheet
from wardkeep.fhir.home.way_in import WayIn, way_in_resource

_FALLS_AGE = 84
_OWN = ("resourceType", "id")
"""What the sheet says of each resource itself."""


def write_alerts(sheet: Sheet) -> None:
    story, person = sheet.story, sheet.person
    if story.has("falls") or person.age_on(story.last_day) >= _FALLS_AGE:
        _write_flag(sheet, "safety", "High risk of falls")
    if Trait.INTERPRETER in person.traits:
        _write_flag(sheet, "contact", "Needs an interpreter")
    if story.has("hearing"):
        _write_flag(sheet, "contact", "Hard of hearing: face the person, speak clearly")
    if Trait.SCALE_2 in person.traits:
        _write_flag(sheet, "clinical", "Oxygen saturation target 88% to 92%")
    if Trait.TWIN in person.traits:
        _write_flag(sheet, "admin", "Has a twin with nearly the same details")
    if Trait.KEY_SAFE in person.traits:
        _write_way_in(sheet)


def _write_flag(sheet: Sheet, category: str, words: str) -> None:
    sheet.write("Flag", _flag(sheet, category, words))


def _flag(sheet: Sheet, category: str, words: str) -> Json:
    died = sheet.person.died
    period = {"start": _since(sheet).isoformat()}
    if died is not None:
        period["end"] = died.isoformat()
    return {
        "status": "active" if died is None else "inactive",
        "category": [hl7("flag-category", category)],
        "code": text_only(words),
        "subject": sheet.patient,
        "period": period,
        "author": sheet.owner,
    }


def _since(sheet: Sheet) -> date:
    """A year ago, or since birth."""
    year_ago = sheet.story.last_day - timedelta(days=365)
    return max(year_ago, sheet.person.born)


def _write_way_in(sheet: Sheet) -> None:
    """The code of a key safe: released to the carer on the visit and nobody else."""
    chance = sheet.chance("key safe")
    code = "".join(str(chance.below(10)) for _ in range(4))
    agreed = _since(sheet)
    made = way_in_resource(
        WayIn(
            kind="key-safe",
            code=code,
            where="Beside the back door",
            notes="Put the key back, and turn the dial on.",
            backup="The neighbour at number 2",
            call="The coordinator on call",
            agreed_on=agreed,
            reviewed_on=agreed,
        ),
        patient=str(sheet.person.patient_id),
        id_="way-in",
        created=agreed,
    )
    content = {name: one for name, one in made.content.items() if name not in _OWN}
    sheet.write(made.type, {**content, "subject": sheet.patient})
