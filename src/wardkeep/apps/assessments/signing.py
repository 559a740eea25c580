# SPDX-License-Identifier: Apache-2.0
"""Signing an assessment: answers, score and alert are one change, made once.

Done means: what I ticked stands in the record with my name, its score is a result with
a trend, and an answer that somebody must know of is on the banner and told at once.
Questions that count and were left out are asked about first, and never filled in.
Rejected: making such questions compulsory (people tick anything to get on, and a 0
that nobody said reads like safety).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
from starlette.responses import Response

from wardkeep.apps.assessments.filling import show_form
from wardkeep.apps.assessments.keeping import form_sent, words_in
from wardkeep.apps.assessments.opening import (
    Whole,
    assessment_if_there,
    questionnaire_at,
    whole_of,
)
from wardkeep.apps.assessments.recording import Signed, change_of
from wardkeep.apps.assessments.texts import show_sides
from wardkeep.base.outcome import Problem
from wardkeep.care import drafts
from wardkeep.care.of_patient import WRITERS, refused
from wardkeep.care.opening import me, opener_of
from wardkeep.care.questions import is_way_in_kept_out
from wardkeep.care.typed import moment_of, typed_moment
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.assessments.assessment import AMENDED, SIGNED, Act, Asked
from wardkeep.fhir.assessments.drafts import (
    ASSESSMENT,
    ENCOUNTER,
    asked_in,
    said_in,
    typed_in,
)
from wardkeep.fhir.notes.draft_rows import DraftRow
from wardkeep.fhir.notes.drafts import OpenDraft
from wardkeep.fhir.notes.words import LONGEST_TEXT, Words
from wardkeep.fhir.questionnaires.questionnaire import Questionnaire
from wardkeep.fhir.questionnaires.response import Answered, answered
from wardkeep.fhir.questionnaires.scale import result_of, unanswered
from wardkeep.fhir.store.outcomes import NotFound, Written
from wardkeep.fhir.store.reading import Reader
from wardkeep.fhir.store.writing import Writer
from wardkeep.ui.format import read_moment
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

_CONFLICT = 409
_AHEAD = timedelta(minutes=5)
"""A clock beside ours may be a little fast."""


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be signed, read and judged."""

    words: Words
    asked: Asked
    questionnaire: Questionnaire
    given: Answered
    before: Whole | None
    """As it stands in the record; None: it is new."""


@page("/patients/{id}/assessments/drafts/{draft}/sign", gate=WRITERS, methods=("POST",))
async def sign_assessment(visit: Visit) -> Response:
    draft = await drafts.own_draft(visit, ASSESSMENT)
    if isinstance(draft, Response):
        return draft
    form = await form_sent(visit)
    if isinstance(form, Trouble):
        return visit.tell(form)
    words = words_in(form)
    if not await drafts.is_signed(visit, draft, words):
        opened = await drafts.open_to_sign(visit, draft, words, form)
        if isinstance(opened, Refusal):
            return refused(visit, opened, form)
        unsigned = await _sign(visit, opened, form)
        if unsigned is not None:
            return unsigned
        await drafts.end_by_signing(visit, opened)
    return visit.go_to(
        f"/patients/{visit.path('id')}/assessments/{draft.note}?signed=1"
    )


async def _sign(visit: Visit, opened: OpenDraft, form: Form) -> Response | None:
    """Write it; None once it is in the record."""
    words = drafts.to_sign(opened, form)
    if words is None:
        return await show_sides(visit, opened, status=_CONFLICT)
    ready = await _ready(visit, opened, words)
    if isinstance(ready, Response):
        return ready
    standing = ready.before.one.version if ready.before else 0
    if standing != opened.row.based_on:
        return await _met(visit, opened, ready)
    problems = _problems(visit, opened.row, ready)
    if problems:
        return await show_form(visit, opened, opened.texts[0], problems)
    left_out = unanswered(ready.questionnaire, ready.given.answers)
    if left_out and form.values.get("gaps") != "yes":
        gaps = [one.words() for one in left_out]
        return await show_form(visit, opened, opened.texts[0], gaps=gaps)
    return await _write(visit, opened, ready)


async def _ready(visit: Visit, opened: OpenDraft, words: Words) -> Ready | Response:
    asked = asked_in(words)
    questionnaire = await questionnaire_at(visit, asked) if asked else None
    if asked is None or questionnaire is None:
        return visit.tell(NOT_FOUND)
    before = await _before(visit, opened.row)
    if isinstance(before, Response):
        return before
    return Ready(
        words=words,
        asked=asked,
        questionnaire=questionnaire,
        given=answered(questionnaire, typed_in(words)),
        before=before,
    )


async def _before(visit: Visit, draft: DraftRow) -> Whole | Response | None:
    """The assessment as it stands; None where there is none yet."""
    one = await assessment_if_there(visit, draft.note)
    if one is None or isinstance(one, Response):
        return one
    questionnaire = await questionnaire_at(visit, one.asked) if one.asked else None
    return whole_of(one, questionnaire)


def _problems(visit: Visit, draft: DraftRow, ready: Ready) -> Sequence[Problem]:
    """What is to be mended before it can be signed."""
    words, now = ready.words, visit.clock.now()
    found = list(is_way_in_kept_out(Form(typed_in(words)), ready.given.problems))
    if not ready.given.answers and not found:
        mend = "Answer what can be answered."
        found.append(Problem(place="questions", wrong="nothing is answered", mend=mend))
    if words.length > LONGEST_TEXT:
        wrong = f"it has {words.length:,} characters"
        mend = f"Shorten it to {LONGEST_TEXT:,}; the rest belongs into a note."
        found.append(Problem(place="questions", wrong=wrong, mend=mend))
    if draft.based_on and not words.why.strip():
        wrong = "it is not said what is changed and why"
        mend = "Say it in a few words: it stands beside the assessment."
        found.append(Problem(place="why", wrong=wrong, mend=mend))
    moment = moment_of(words.when)
    if moment is None or moment > now + _AHEAD:
        wrong = "the time when it was answered cannot be right"
        found.append(Problem(place="when", wrong=wrong, mend="Enter day and time."))
    return found


async def _write(visit: Visit, opened: OpenDraft, ready: Ready) -> Response | None:
    act = await _act(visit, opened.row, ready)
    if isinstance(act, Response):
        return act
    change = await change_of(
        visit,
        Signed(
            act=act,
            questionnaire=ready.questionnaire,
            given=ready.given,
            before=ready.before,
            based_on=opened.row.based_on,
        ),
    )
    if isinstance(change, Response):
        return change
    done = await visit.services[Writer].write(change, opener=opener_of(visit))
    if isinstance(done, Written):
        return None
    if isinstance(done, Refusal):
        return refused(visit, done)
    now = await _ready(visit, opened, ready.words)
    return now if isinstance(now, Response) else await _met(visit, opened, now)


async def _met(visit: Visit, opened: OpenDraft, ready: Ready) -> Response | None:
    """Somebody was faster. If it was oneself, with the same answers, it is done."""
    before = ready.before
    is_same = before is not None and before.answers == ready.given.answers
    if before is not None and is_same and before.one.why == ready.words.why.strip():
        return None
    return await show_sides(visit, opened, status=_CONFLICT)


async def _act(visit: Visit, draft: DraftRow, ready: Ready) -> Act | Response:
    encounter = said_in(ready.words, ENCOUNTER)
    if encounter and not await _is_theirs(visit, encounter):
        return visit.tell(NOT_FOUND)
    by, before = await me(visit), ready.before
    result = result_of(ready.questionnaire, ready.given.answers)
    return Act(
        id=draft.note,
        patient=draft.patient.id,
        asked=ready.asked,
        status=AMENDED if before else SIGNED,
        answered=_answered(ready) or visit.clock.now(),
        author=before.one.author if before else by,
        by=by,
        why=ready.words.why.strip() if before else "",
        begun_by=draft.begun_by,
        encounter=encounter,
        score=result.words if result else "",
    )


def _answered(ready: Ready) -> datetime | None:
    """The time that was typed; to the second as it was, where it is the same minute."""
    before = read_moment(ready.before.one.answered) if ready.before else None
    if before is not None and typed_moment(before) == ready.words.when:
        return before
    return moment_of(ready.words.when)


async def _is_theirs(visit: Visit, encounter: str) -> bool:
    """Whether it is a stay or visit of the patient in the address."""
    found = await visit.services[Reader].one(
        "Encounter", encounter, opener=opener_of(visit)
    )
    if isinstance(found, Refusal | NotFound):
        return False
    return found.resources[0].patient == visit.path("id")
