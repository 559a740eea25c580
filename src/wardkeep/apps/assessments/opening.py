# SPDX-License-Identifier: Apache-2.0
"""Opening an assessment together with the Questionnaire that it was answered under."""

from collections.abc import Mapping

import msgspec
from starlette.responses import Response

from wardkeep.care.of_patient import refused
from wardkeep.care.opening import opener_of
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.assessments.assessment import (
    TYPE,
    Asked,
    Assessment,
    read_assessment,
)
from wardkeep.fhir.questionnaires.answers import Given
from wardkeep.fhir.questionnaires.questionnaire import (
    Item,
    Questionnaire,
    cannot_ask,
    placed,
    read_questionnaire,
)
from wardkeep.fhir.questionnaires.reading_back import Line, answers_in, lines_of
from wardkeep.fhir.questionnaires.scale import (
    Alarm,
    Result,
    Scale,
    alarms_of,
    result_of,
    scale_of,
    shown,
)
from wardkeep.fhir.questionnaires.shelf import TYPE as QUESTIONNAIRE
from wardkeep.fhir.store.outcomes import NotFound
from wardkeep.fhir.store.reading import Reader
from wardkeep.web.trouble import NOT_FOUND
from wardkeep.web.visit import Visit


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One line of an answered assessment: a heading, or a question with its answer."""

    words: str
    is_heading: bool
    depth: int
    link: str = ""
    answer: str = ""
    points: str = ""
    """What it counts; empty: nothing."""
    is_alarm: bool = False


class Whole(msgspec.Struct, frozen=True, kw_only=True):
    """An assessment with what its Questionnaire makes of it."""

    one: Assessment
    questionnaire: Questionnaire | None
    answers: Mapping[str, tuple[Given, ...]]
    result: Result | None
    alarms: tuple[Alarm, ...]
    scale: Scale | None

    @property
    def title(self) -> str:
        known = self.questionnaire.words() if self.questionnaire else ""
        return self.one.title or known or "Answers"

    @property
    def parts(self) -> tuple[Part, ...]:
        if self.questionnaire is None:
            return tuple(map(_plain, lines_of(self.one.text)))
        return parts_of(self.questionnaire, self.answers, self.alarms)


def _plain(line: Line) -> Part:
    return Part(
        words=line.words or line.link,
        is_heading=not line.answers,
        depth=line.depth,
        link=line.link,
        answer="\n".join(line.answers),
    )


def parts_of(
    questionnaire: Questionnaire,
    answers: Mapping[str, tuple[Given, ...]],
    alarms: tuple[Alarm, ...] = (),
) -> tuple[Part, ...]:
    """Every question that was answered or counts, below its headings."""
    alarming = {one.link for one in alarms}
    parts: list[Part] = []
    for place, item in placed(questionnaire.item):
        given = answers.get(item.link_id, ())
        if item.type == "display" or item.is_hidden or not (given or _shows(item)):
            continue
        weights = [one.option.weight for one in given if one.option is not None]
        points = [str(one) for one in weights if one is not None]
        parts.append(
            Part(
                words=item.words(),
                is_heading=item.type == "group",
                depth=place.count("-"),
                link=item.link_id,
                answer="\n".join(shown(one) for one in given),
                points=" + ".join(points),
                is_alarm=item.link_id in alarming,
            )
        )
    return tuple(parts)


def _shows(item: Item) -> bool:
    """Whether a line stands for it without an answer: a heading, or what counts."""
    counts = any(one.weight is not None for one in item.answer_option)
    return counts or item.type == "group"


async def questionnaire_at(visit: Visit, asked: Asked) -> Questionnaire | None:
    """The organisation's own, at the version that was asked; None: there is none."""
    found = await visit.services[Reader].one(
        QUESTIONNAIRE, asked.id, opener=opener_of(visit), version=asked.version
    )
    if isinstance(found, Refusal | NotFound) or found.resources[0].patient:
        return None
    read = read_questionnaire(found.resources[0].text)
    return None if read is None or cannot_ask(read) else read


class Shelved:
    """Questionnaires that one page needs, each read once."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self._read: dict[Asked, Questionnaire | None] = {}

    async def whole(self, one: Assessment) -> Whole:
        if one.asked is None:
            return whole_of(one, None)
        if one.asked not in self._read:
            self._read[one.asked] = await questionnaire_at(self._visit, one.asked)
        return whole_of(one, self._read[one.asked])


def whole_of(one: Assessment, questionnaire: Questionnaire | None) -> Whole:
    if questionnaire is None:
        return Whole(
            one=one,
            questionnaire=None,
            answers={},
            result=None,
            alarms=(),
            scale=None,
        )
    answers = answers_in(questionnaire, one.text)
    return Whole(
        one=one,
        questionnaire=questionnaire,
        answers=answers,
        result=result_of(questionnaire, answers),
        alarms=alarms_of(questionnaire, answers),
        scale=scale_of(questionnaire),
    )


async def assessment_in(
    visit: Visit, id_: str, *, version: int | None = None
) -> Assessment | Response:
    """One of the patient in the address, opened at the door."""
    one = await assessment_if_there(visit, id_, version=version)
    return visit.tell(NOT_FOUND) if one is None else one


async def assessment_if_there(
    visit: Visit, id_: str, *, version: int | None = None
) -> Assessment | Response | None:
    """The same; None where there is none under the id yet."""
    opened = await visit.services[Reader].one(
        TYPE, id_, opener=opener_of(visit), version=version
    )
    if isinstance(opened, Refusal):
        return refused(visit, opened)
    if isinstance(opened, NotFound):
        return None
    one = read_assessment(opened.resources[0])
    if one is None or one.patient != visit.path("id"):
        return visit.tell(NOT_FOUND)
    return one
