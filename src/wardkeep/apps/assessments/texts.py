# SPDX-License-Identifier: Apache-2.0
"""Two sets of answers to one assessment, side by side: whoever gave them chooses.

Done means: when I filled it in in two windows, or a colleague amended it while I did, I
see both with what differs, and go on with one. The other is set aside and can be
brought back. Rejected: putting both together by the computer (answers that nobody
gave).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec
from starlette.responses import Response

from wardkeep.apps.assessments.opening import (
    assessment_if_there,
    parts_of,
    questionnaire_at,
    whole_of,
)
from wardkeep.care.drafts import by_place, keep, open_own, written
from wardkeep.care.of_patient import WRITERS, banner_for
from wardkeep.care.opening import opener_of
from wardkeep.care.typed import typed_moment
from wardkeep.fhir.assessments.drafts import ASSESSMENT, asked_in, typed_in, words_of
from wardkeep.fhir.notes.drafts import NoteDrafts, OpenDraft
from wardkeep.fhir.notes.words import Words
from wardkeep.fhir.questionnaires.questionnaire import Questionnaire
from wardkeep.fhir.questionnaires.reading_back import typed_of
from wardkeep.fhir.questionnaires.response import answered
from wardkeep.ui.format import read_moment
from wardkeep.web.pages import page
from wardkeep.web.trouble import MALFORMED, Trouble
from wardkeep.web.visit import Visit

STORED = "stored"


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One set of answers on the page."""

    name: str
    """How the form names it."""
    words: Words
    when: datetime
    who: str = ""
    """Of the signed one: who made it so."""
    version: int = 0


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A question and what each side answers."""

    words: str
    answers: tuple[str, ...]

    @property
    def differs(self) -> bool:
        return len(set(self.answers)) > 1


@page("/patients/{id}/assessments/drafts/{draft}/texts", gate=WRITERS)
async def show_texts(visit: Visit) -> Response:
    opened = await open_own(visit, ASSESSMENT)
    return opened if isinstance(opened, Response) else await show_sides(visit, opened)


async def show_sides(visit: Visit, opened: OpenDraft, *, status: int = 200) -> Response:
    """All sets of answers that are alive, and the signed one where it moved on."""
    banner = await banner_for(visit)
    if isinstance(banner, Response):
        return banner
    sides = await _sides(visit, opened)
    if isinstance(sides, Response):
        return sides
    rows = await _rows(visit, sides)
    return visit.render(
        "assessments/texts.html",
        status=status,
        id=visit.path("id"),
        banner=banner,
        draft=opened.row,
        sides=sides,
        rows=rows,
        seen=written(*[one.place for one in opened.texts]),
        set_aside=[one for one in opened.set_aside if one.words is not None],
        unreadable=sum(one.words is None for one in opened.texts),
    )


async def _sides(visit: Visit, opened: OpenDraft) -> list[Side] | Response:
    sides = [
        Side(name=written(one.place), words=one.words, when=one.row.saved_at)
        for one in opened.texts
        if one.words is not None
    ]
    stored = await _moved_on(visit, opened)
    if isinstance(stored, Response):
        return stored
    return [*sides, stored] if stored is not None else sides


async def _moved_on(visit: Visit, opened: OpenDraft) -> Side | Response | None:
    """The signed one, where it is newer than what the draft was begun over."""
    one = await assessment_if_there(visit, opened.row.note)
    if one is None or isinstance(one, Response):
        return one
    questionnaire = await questionnaire_at(visit, one.asked) if one.asked else None
    is_newer = one.version > opened.row.based_on
    if not is_newer or questionnaire is None or one.asked is None:
        return None
    answered_at = read_moment(one.answered)
    return Side(
        name=STORED,
        words=words_of(
            typed_of(questionnaire, whole_of(one, questionnaire).answers),
            asked=one.asked,
            title=questionnaire.words(),
            when=typed_moment(answered_at) if answered_at else "",
            encounter=one.encounter,
        ),
        when=one.recorded,
        who=one.by.words,
        version=one.version,
    )


async def _rows(visit: Visit, sides: Sequence[Side]) -> list[Row]:
    """Every question that one of them answers."""
    said: list[Mapping[str, str]] = []
    asked: dict[str, str] = {}
    for side in sides:
        ref = asked_in(side.words)
        questionnaire = await questionnaire_at(visit, ref) if ref else None
        answers = _answers(questionnaire, side.words) if questionnaire else []
        said.append({link: answer for link, _, answer in answers})
        asked |= {link: words for link, words, _ in answers}
    return [
        Row(
            words=words,
            answers=tuple(one.get(link, "Not answered") for one in said),
        )
        for link, words in asked.items()
    ]


def _answers(questionnaire: Questionnaire, words: Words) -> list[tuple[str, str, str]]:
    given = answered(questionnaire, typed_in(words))
    return [
        (one.link, one.words, one.answer)
        for one in parts_of(questionnaire, given.answers)
        if one.answer
    ]


@page(
    "/patients/{id}/assessments/drafts/{draft}/texts", gate=WRITERS, methods=("POST",)
)
async def choose_text(visit: Visit) -> Response:
    """Go on with what was chosen, over what the page showed and nothing else."""
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    opened = await open_own(visit, ASSESSMENT, form)
    if isinstance(opened, Response):
        return opened
    sides = await _sides(visit, opened)
    if isinstance(sides, Response):
        return sides
    chosen = _chosen(opened, sides, form.values.get("keep", ""))
    if chosen is None:
        return visit.tell(MALFORMED)
    await keep(visit, opened, chosen, form.values)
    stored = next((one for one in sides if one.name == STORED), None)
    if stored is not None and form.values.get("version") == str(stored.version):
        await visit.services[NoteDrafts].build_on(
            opened.row, stored.version, organisation=opener_of(visit).organisation
        )
    return visit.go_to(
        f"/patients/{visit.path('id')}/assessments/drafts/{opened.row.id}"
    )


def _chosen(opened: OpenDraft, sides: Sequence[Side], name: str) -> Words | None:
    by_name = {one.name: one.words for one in sides}
    return (by_name | by_place(opened.set_aside)).get(name)
