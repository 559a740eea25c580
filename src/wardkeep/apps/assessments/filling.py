# SPDX-License-Identifier: Apache-2.0
"""Filling an assessment in: any Questionnaire as a form that keeps what is typed.

Done means, to a nurse: I choose a scale, tick and type, by keyboard or finger, and read
when it was saved last; whatever dies, it is there when I come back. Questions that are
not asked are not there; without scripts they are, each with its condition in words.
"""

from collections.abc import Sequence

from starlette.responses import Response

from wardkeep.apps.assessments.keeping import form_sent, words_in
from wardkeep.apps.assessments.opening import (
    assessment_in,
    questionnaire_at,
    whole_of,
)
from wardkeep.base.ids import is_uuid, new_uuid
from wardkeep.base.outcome import Problem
from wardkeep.care import drafts, reading
from wardkeep.care.of_patient import WRITERS, banner_for, refused
from wardkeep.care.opening import opener_of
from wardkeep.care.questions import fields_of, filled_in
from wardkeep.care.typed import typed_moment
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.assessments.assessment import TYPE, Asked
from wardkeep.fhir.assessments.drafts import (
    ASSESSMENT,
    ENCOUNTER,
    asked_in,
    said_in,
    typed_in,
    words_of,
    write_asked,
)
from wardkeep.fhir.notes.drafts import NewDraft, NoteDrafts, OpenDraft, OpenText
from wardkeep.fhir.notes.words import Words
from wardkeep.fhir.questionnaires.reading_back import typed_of
from wardkeep.fhir.questionnaires.scale import scale_of
from wardkeep.fhir.questionnaires.shelf import Kept, Shelf
from wardkeep.fhir.store.outcomes import NotFound
from wardkeep.fhir.store.parts import OpenedParts, Part, PartReader
from wardkeep.ui.format import read_moment
from wardkeep.web.pages import page
from wardkeep.web.trouble import MALFORMED, NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

_STRUCK_OUT = Trouble(
    status=409,
    title="This assessment was entered in error",
    why="It is struck out, and what is struck out is not amended.",
    mend="Fill in a new one.",
)
_FROM_ELSEWHERE = Trouble(
    status=409,
    title="This assessment cannot be amended here",
    why="The questions that it answers are not on your organisation’s shelf.",
    mend="Fill in a new one.",
)
_NOT_OFFERED = Trouble(
    status=409,
    title="This assessment is not offered just now",
    why="It was changed or retired after the page was drawn.",
    mend="Go back and choose again.",
)


@page("/patients/{id}/assessments", gate=WRITERS, methods=("POST",))
async def begin_assessment(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    kept = await _offered(visit, form.values.get("questionnaire", ""))
    if kept is None:
        return visit.tell(_NOT_OFFERED)
    encounter = await _stay_of(visit)
    if isinstance(encounter, Response):
        return encounter
    words = words_of(
        filled_in(kept.questionnaire),
        asked=Asked(kept.id, kept.stored_version),
        title=kept.questionnaire.words(),
        when=typed_moment(visit.clock.now()),
        encounter=encounter,
    )
    return await _begin(
        visit, form.values.get("draft", ""), assessment="", based_on=0, words=words
    )


async def _offered(visit: Visit, id_: str) -> Kept | None:
    offered = await visit.services[Shelf].assessments(opener=opener_of(visit))
    shelf = () if isinstance(offered, Refusal) else offered
    return next((one for one in shelf if one.id == id_), None)


async def _stay_of(visit: Visit) -> str | Response:
    """The stay or visit that goes on now; empty: there is none."""
    given = await visit.services[PartReader].of_patient(
        visit.path("id"),
        (Part(types=("Encounter",), at_most=20),),
        opener=opener_of(visit),
    )
    if isinstance(given, NotFound):
        return visit.tell(NOT_FOUND)
    if isinstance(given, Refusal):
        return refused(visit, given)
    return _going_on(given)


def _going_on(given: OpenedParts) -> str:
    for one in given.opened.resources:
        read = reading.read(one.type, one.id, one.text)
        if isinstance(read, reading.Encounter) and read.status == "in-progress":
            return one.id
    return ""


@page("/patients/{id}/assessments/{assessment}/amend", gate=WRITERS, methods=("POST",))
async def begin_amendment(visit: Visit) -> Response:
    """A draft with the answers as they stand; they stay so until it is signed."""
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    one = await assessment_in(visit, visit.path("assessment"))
    if isinstance(one, Response):
        return one
    if one.is_wrong:
        return visit.tell(_STRUCK_OUT)
    questionnaire = await questionnaire_at(visit, one.asked) if one.asked else None
    if questionnaire is None or one.asked is None:
        return visit.tell(_FROM_ELSEWHERE)
    answers = whole_of(one, questionnaire).answers
    answered = read_moment(one.answered)
    words = words_of(
        typed_of(questionnaire, answers),
        asked=one.asked,
        title=questionnaire.words(),
        when=typed_moment(answered) if answered else "",
        encounter=one.encounter,
    )
    return await _begin(
        visit,
        form.values.get("draft", ""),
        assessment=one.id,
        based_on=one.version,
        words=words,
    )


async def _begin(
    visit: Visit, draft: str, *, assessment: str, based_on: int, words: Words
) -> Response:
    if not is_uuid(draft):
        return visit.tell(MALFORMED)
    patient = visit.path("id")
    new = NewDraft(
        id=draft,
        patient=patient,
        note=assessment or draft,
        based_on=based_on,
        is_sealed=False,
        account=visit.session.account,
        author=visit.session.display_name,
        words=words,
        kind=ASSESSMENT,
        type=TYPE,
    )
    begun = await visit.services[NoteDrafts].begin(
        new, editor=new_uuid(), opener=opener_of(visit)
    )
    if isinstance(begun, Refusal):
        return refused(visit, begun)
    if isinstance(begun, NotFound):
        return visit.tell(NOT_FOUND)
    return visit.go_to(f"/patients/{patient}/assessments/drafts/{draft}")


@page("/patients/{id}/assessments/drafts/{draft}", gate=WRITERS)
async def fill_in(visit: Visit) -> Response:
    """The form with what was typed, and its key for the page to seal what comes."""
    draft = await drafts.own_draft(visit, ASSESSMENT)
    if isinstance(draft, Response):
        return draft
    if draft.ended_as:
        return visit.render("assessments/ended.html", id=visit.path("id"), draft=draft)
    opened = await drafts.open_draft(visit, draft)
    if isinstance(opened, Response):
        return opened
    if len(opened.texts) != 1:
        return visit.go_to(
            f"/patients/{visit.path('id')}/assessments/drafts/{draft.id}/texts"
        )
    return await show_form(visit, opened, opened.texts[0])


async def show_form(
    visit: Visit,
    opened: OpenDraft,
    text: OpenText,
    problems: Sequence[Problem] = (),
    *,
    gaps: Sequence[str] = (),
) -> Response:
    """The form; `gaps` are questions that count and have no answer, to be looked at."""
    banner = await banner_for(visit)
    if isinstance(banner, Response):
        return banner
    asked = asked_in(text.words) if text.words else None
    questionnaire = await questionnaire_at(visit, asked) if asked else None
    if text.words is None or asked is None or questionnaire is None:
        return visit.tell(_FROM_ELSEWHERE)
    draft, words = opened.row, text.words
    return visit.render(
        "assessments/fill.html",
        status=422 if problems or gaps else 200,
        id=visit.path("id"),
        banner=banner,
        draft=draft,
        words=words,
        asked=write_asked(asked),
        encounter=said_in(words, ENCOUNTER),
        questionnaire=questionnaire,
        scale=scale_of(questionnaire),
        fields=fields_of(questionnaire, typed_in(words)),
        **drafts.window(visit, opened, text),
        problems=problems,
        gaps=gaps,
    )


@page("/patients/{id}/assessments/drafts/{draft}", gate=WRITERS, methods=("POST",))
async def save_by_hand(visit: Visit) -> Response:
    """The button for browsers without scripts."""
    draft = await drafts.own_draft(visit, ASSESSMENT)
    if isinstance(draft, Response):
        return draft
    form = await form_sent(visit)
    if isinstance(form, Trouble):
        return visit.tell(form)
    wrong = await drafts.keep_by_hand(visit, draft, form, words_in)
    if wrong is not None:
        return wrong
    return visit.go_to(f"/patients/{visit.path('id')}/assessments/drafts/{draft.id}")


@page(
    "/patients/{id}/assessments/drafts/{draft}/throw-away",
    gate=WRITERS,
    methods=("POST",),
)
async def throw_away(visit: Visit) -> Response:
    """Off every list; what is typed in another window later brings it back."""
    draft = await drafts.own_draft(visit, ASSESSMENT)
    if isinstance(draft, Response):
        return draft
    await visit.leave_nothing_unread()
    await drafts.throw_away(visit, draft)
    back = f"/patients/{visit.path('id')}/assessments"
    return visit.go_to(f"{back}?thrown-away={draft.id}")


@page(
    "/patients/{id}/assessments/drafts/{draft}/bring-back",
    gate=WRITERS,
    methods=("POST",),
)
async def bring_back(visit: Visit) -> Response:
    """Undo throwing away: the same answers go on in a window of their own."""
    draft = await drafts.own_draft(visit, ASSESSMENT)
    if isinstance(draft, Response):
        return draft
    await visit.leave_nothing_unread()
    opened = await drafts.open_draft(visit, draft)
    if isinstance(opened, Response):
        return opened
    await drafts.bring_back(visit, opened)
    return visit.go_to(f"/patients/{visit.path('id')}/assessments/drafts/{draft.id}")
