# SPDX-License-Identifier: Apache-2.0
"""Care at home: the team, the plan in plain words, and the visits already made."""

from datetime import timedelta

from wardkeep.assembly.demo.chance import Chance
from wardkeep.assembly.demo.chart import measures
from wardkeep.assembly.demo.chart.codes import Json, text_only
from wardkeep.assembly.demo.chart.letters import CARE_PLAN, write_document
from wardkeep.assembly.demo.chart.measures import Occasion
from wardkeep.assembly.demo.chart.sheet import Sheet, led_by
from wardkeep.assembly.demo.moments import instant, moment
from wardkeep.assembly.demo.rounds import (
    HomeVisit,
    area_of,
    package_of,
    round_of,
    visits_on,
)

_PLAN_DAYS_AGO = 240
_VISITED_DAYS = 7
_NURSING_EVERY = 9
"""The community nurse has every ninth client on her list."""
_NOTES = (
    "Ate well and was in good spirits.",
    "A little tired today; had tea and toast.",
    "Declined a wash; will ask again at the next visit.",
    "Skin checked: no redness.",
    "Daughter was visiting. All well.",
)
_AIDS = ("a walking frame", "a grab rail in the bathroom", "a raised chair", "a stick")


def write_home_care(sheet: Sheet) -> None:
    if sheet.organisation.kind != "home care":
        return
    team = _write_team(sheet)
    _write_plan(sheet, team)
    for ago in range(_VISITED_DAYS, 0, -1):
        for visit in visits_on(
            sheet.person, sheet.story.last_day + timedelta(days=1 - ago)
        ):
            _write_visit(sheet, visit)


def _period(sheet: Sheet) -> Json:
    began = sheet.story.last_day - timedelta(days=_PLAN_DAYS_AGO)
    period = {"start": began.isoformat()}
    if sheet.person.died is not None:
        period["end"] = sheet.person.died.isoformat()
    return period


def _coordinator(sheet: Sheet) -> str:
    return f"coordinator-{area_of(sheet.person)}"


def _write_team(sheet: Sheet) -> Json:
    number = round_of(sheet.person)
    # Carers come by visit and are not on it: each is let in for the visit alone.
    members = [(_coordinator(sheet), "Coordinator")]
    if sheet.person.position % _NURSING_EVERY == 0:
        members.append(("nurse", "Community nurse"))
    return sheet.write(
        "CareTeam",
        {
            "status": "active" if sheet.person.died is None else "inactive",
            "name": f"Home care team, round {number + 1}",
            "subject": sheet.patient,
            "period": _period(sheet),
            "participant": [
                {"role": [text_only(words)], "member": sheet.staff(key)}
                for key, words in members
            ],
            "managingOrganization": [sheet.owner],
        },
    )


def _write_plan(sheet: Sheet, team: Json) -> None:
    author = sheet.staff(_coordinator(sheet))
    died = sheet.person.died is not None
    slots = package_of(sheet.person)
    fields: Json = {
        "status": "completed" if died else "active",
        "intent": "plan",
        "title": "Care at home",
        "subject": sheet.patient,
        "period": _period(sheet),
        "author": author,
        "careTeam": [team],
        "activity": [
            {
                "detail": {
                    "status": "completed" if died else "in-progress",
                    "description": f"{slot.name}: {slot.help_given}",
                }
            }
            for slot in slots
        ],
    }
    if sheet.conditions:
        fields["addresses"] = list(sheet.conditions.values())
    sheet.write("CarePlan", fields)
    _write_plan_in_words(sheet, author)


def _write_plan_in_words(sheet: Sheet, author: Json) -> None:
    chance = sheet.chance("plan")
    slots = package_of(sheet.person)
    lines = (
        f"We visit {len(slots)} times a day."
        if len(slots) > 1
        else "We visit once a day.",
        *(f"{slot.name}: {slot.help_given}." for slot in slots),
        f"Uses {chance.pick(_AIDS)}.",
        "Likes to be asked before anything is moved.",
    )
    at = moment(sheet.story.last_day - timedelta(days=_PLAN_DAYS_AGO), 14)
    write_document(sheet, CARE_PLAN, lines, at=at, author=author)


def _write_visit(sheet: Sheet, visit: HomeVisit) -> None:
    chance = sheet.chance(f"visit {visit.starts}")
    encounter = sheet.encounter(
        "HH",
        f"{visit.slot.name} visit",
        starts=visit.starts,
        ends=visit.ends,
        fields={"participant": led_by(sheet.staff(visit.carer))},
    )
    when = Occasion(visit.ends, encounter)
    _write_note(sheet, visit, encounter=encounter, chance=chance)
    if visit.slot.name == "Morning":
        pain = max(0, chance.between(-3, 4))
        measures.observe(sheet, measures.PAIN, pain, when)


def _write_note(
    sheet: Sheet, visit: HomeVisit, *, encounter: Json, chance: Chance
) -> None:
    sheet.write(
        "Observation",
        {
            "status": "final",
            "code": text_only("Note of the visit"),
            "subject": sheet.patient,
            "encounter": encounter,
            "effectiveDateTime": instant(visit.ends),
            "performer": [sheet.staff(visit.carer)],
            "valueString": chance.pick(_NOTES),
        },
    )
