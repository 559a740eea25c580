# SPDX-License-Identifier: Apache-2.0
"""Assessments: what clinicians may fill in, and how two people did over a year."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache

import msgspec

from wardkeep.assembly.demo.cast import Trait
from wardkeep.assembly.demo.chart.codes import Json
from wardkeep.assembly.demo.chart.sheet import Sheet, entry_of
from wardkeep.assembly.demo.moments import moment
from wardkeep.assembly.demo.stable_ids import stable_id
from wardkeep.care.writing import drafted
from wardkeep.fhir.assessments.assessment import SIGNED, Act, Asked, resource_of
from wardkeep.fhir.assessments.library import library
from wardkeep.fhir.assessments.scores import flag_of, observation_of
from wardkeep.fhir.assessments.talks import Action, Talk, talk_content, talk_id
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.questionnaires.questionnaire import (
    Questionnaire,
    placed,
    read_questionnaire,
)
from wardkeep.fhir.questionnaires.response import answered
from wardkeep.fhir.questionnaires.scale import alarms_of, result_of
from wardkeep.fhir.questionnaires.shelf import ACTIVE
from wardkeep.ui.format import show_date

_FIRST_VERSION = 1
_PHQ_9 = ((352, "2323221131"), (171, "2212111111"), (18, "1112101001"))
"""Days before the demo, and the answers, the last one how hard it makes life."""
_DIALOG = ((171, "22112333444", "1349"), (18, "43234555655", "3"))
"""Days before the demo, ratings of the eleven subjects from 1 to 7, and with which of
the first nine more help was wanted."""
_TALK = {
    "understanding": "The letters about rent pile up unopened. Last year a day for post"
    " helped.",
    "forward": "The post is opened once a week, and the rent is known.",
    "options": "Her sister sits beside her on Sundays. The advice office is near.",
}
_GAD_7 = ((352, "22322112"), (18, "11101101"))
_CORE = {
    "presenting": "“I cannot face the mornings.” Since spring, after a row at home.",
    "referred": "2",
    "urgent": "false",
    "mental": "One stay in 2011. Talking helped, tablets made her sleepy.",
    "physical": "Aching knees. Eats little at noon.",
    "weight": "64.5",
    "home": "0",
    "help": "0",
    "children": "false",
    "strengths": "Sings in a choir. A sister who rings each evening. Her dog.",
    "wishes": "To sleep through, and to go back to the choir.",
    "view": "Low for half a year, with good days. Wants help and has people near her.",
}
_FALLS = {
    "fell": "true",
    "fell-often": "2",
    "fell-how": "On the way to the kitchen at night; the daughter helped her up.",
    "afraid": "true",
    "unsteady": "true",
    "aid": "2",
    "dizzy": "false",
    "confused": "false",
    "medicines": "true",
    "sight": "false",
    "water": "true",
    "feet": "false",
    "home": "true",
    "done": "Light on the landing by Friday (the daughter). Medicines looked at by the"
    " surgery. Frame stays beside the bed.",
}


def shelf_entries(slug: str) -> Iterator[Json]:
    """What comes with Wardkeep, in use."""
    for volume in library():
        fields = {
            name: one for name, one in volume.content.items() if name != "resourceType"
        }
        fields["status"] = ACTIVE
        yield entry_of("Questionnaire", _id_of(slug, volume.name), fields)


def _id_of(slug: str, name: str) -> str:
    return stable_id(slug, "Questionnaire", name)


@cache
def _read(slug: str, name: str) -> Questionnaire:
    volume = next(one for one in library() if one.name == name)
    text = msgspec.json.encode({**volume.content, "id": _id_of(slug, name)})
    found = read_questionnaire(text)
    if found is None:
        raise LookupError(name)
    return found


def write_assessments(sheet: Sheet) -> None:
    traits = sheet.person.traits
    if Trait.SAFETY_PLAN in traits:
        for days, ticks in _PHQ_9:
            _write(sheet, "phq-9", _ticked(ticks), days=days, by="dr-kestrel")
        for days, ticks in _GAD_7:
            _write(sheet, "gad-7", _ticked(ticks), days=days, by="dr-kestrel")
        for days, rated, helped in _DIALOG:
            _write(sheet, "dialog", _rated(rated, helped), days=days, by="dr-kestrel")
        _talk_about_it(sheet, days=_DIALOG[-1][0], by="dr-kestrel")
        _write(sheet, "core-assessment", _CORE, days=353, by="dr-kestrel")
    if Trait.KEY_SAFE in traits and sheet.story.has("falls"):
        _write(sheet, "falls-checklist", _FALLS, days=12, by="coordinator-north")


def _ticked(ticks: str) -> dict[str, str]:
    """By linkId: one digit a question, and the last one how hard it makes life."""
    said = {str(number): tick for number, tick in enumerate(ticks[:-1], start=1)}
    return {**said, "difficulty": ticks[-1]}


def _rated(steps: str, helped: str) -> dict[str, str]:
    """By linkId, as typed: the place of the step among seven."""
    said = {str(n): str(int(step) - 1) for n, step in enumerate(steps, start=1)}
    return {**said, **{f"{link}-help": "true" for link in helped}}


def _talk_about_it(sheet: Sheet, *, days: int, by: str) -> None:
    """What came of the latest ratings: one subject, with what each of them does."""
    at, about = _at(sheet, days), _assessment_id(sheet, "dialog", days)
    talk = Talk(
        id=talk_id(about, "3"),
        patient=str(sheet.person.patient_id),
        subject="Job situation",
        steps=_TALK,
        actions=(
            Action(
                words="Open the post on Sundays with her sister",
                who=Person(f"Patient/{sheet.person.patient_id}", "The person"),
            ),
            Action(
                words="Send the times of the advice office",
                who=Person("", "Somebody else"),
                by=at.date() + timedelta(days=30),
            ),
        ),
        author=Person(**sheet.staff(by)),
        when=at.isoformat(timespec="seconds"),
    )
    sheet.put(drafted(talk_content(talk)).resource)


def _assessment_id(sheet: Sheet, name: str, days: int) -> str:
    slug = sheet.organisation.slug
    return stable_id(slug, sheet.person.position, "assessment", name, days)


def _write(
    sheet: Sheet, name: str, said: dict[str, str], *, days: int, by: str
) -> None:
    slug = sheet.organisation.slug
    questionnaire = _read(slug, name)
    given = answered(questionnaire, _typed(questionnaire, said))
    result = result_of(questionnaire, given.answers)
    person = Person(**sheet.staff(by))
    act = Act(
        id=_assessment_id(sheet, name, days),
        patient=str(sheet.person.patient_id),
        asked=Asked(_id_of(slug, name), _FIRST_VERSION),
        status=SIGNED,
        answered=_at(sheet, days),
        author=person,
        by=person,
        score=result.words if result else "",
    )
    sheet.put(resource_of(act, questionnaire, given))
    if result is not None:
        made = observation_of(act, questionnaire, result, now=act.answered)
        sheet.put(drafted(made).resource)
    for alarm in alarms_of(questionnaire, given.answers):
        when = show_date(act.answered.date().isoformat())
        flag = drafted(flag_of(act, questionnaire, alarm, when=when)).resource
        # One for each question: what is written later tells of what is newer.
        sheet.entries = [
            one for one in sheet.entries if one["resource"]["id"] != flag.id
        ]
        sheet.put(flag)


def _typed(questionnaire: Questionnaire, said: dict[str, str]) -> dict[str, str]:
    typed = {}
    for place, item in placed(questionnaire.item):
        answer = said.get(item.link_id)
        if answer is None:
            continue
        if item.repeats and item.answer_option:
            typed[f"{place}-o{answer}"] = "1"
        else:
            typed[place] = answer
    return typed


def _at(sheet: Sheet, days: int) -> datetime:
    return moment(sheet.story.last_day - timedelta(days=days), 10, 20)
