# SPDX-License-Identifier: Apache-2.0
"""One assessment: its answers with what each counts, its bands and where they are from.

Done means: I read the score beside its parts, what it is called and who says so; an
answer that must not be missed stands above everything, with what to do next. What it
said before is a press away, and an error is struck out, not taken out.
"""

from itertools import pairwise

from starlette.responses import Response

from wardkeep.apps.assessments.opening import Shelved, Whole, assessment_in
from wardkeep.apps.assessments.recording import taken_back
from wardkeep.base.ids import new_uuid
from wardkeep.care.of_patient import (
    CHANGED,
    READERS,
    WRITERS,
    banner_for,
    refused,
    whole_number,
)
from wardkeep.care.opening import me, opener_of
from wardkeep.care.writing import content_of, drafted_anew
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.assessments.assessment import BY, WHY, WRONG, Assessment
from wardkeep.fhir.assessments.scores import score_id
from wardkeep.fhir.questionnaires.scale import talks_of
from wardkeep.fhir.store.change import Change
from wardkeep.fhir.store.draft import Draft
from wardkeep.fhir.store.outcomes import NotFound, Written
from wardkeep.fhir.store.reading import Reader
from wardkeep.fhir.store.writing import Writer
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import Trouble
from wardkeep.web.visit import Visit

MOST_VERSIONS = 20
_LONGEST_WHY = 400


@page("/patients/{id}/assessments/{assessment}", gate=READERS)
async def show_assessment(visit: Visit) -> Response:
    return await _show(visit, Form({}))


async def _show(visit: Visit, form: Form) -> Response:
    banner = await banner_for(visit)
    if isinstance(banner, Response):
        return banner
    one = await assessment_in(visit, visit.path("assessment"))
    if isinstance(one, Response):
        return one
    problems = tuple(form.problems.values())
    whole = await Shelved(visit).whole(one)
    return visit.render(
        "assessments/assessment.html",
        status=422 if problems else 200,
        id=visit.path("id"),
        banner=banner,
        whole=whole,
        is_signed=visit.query("signed") == "1",
        talks=talks_of(whole.questionnaire) if whole.questionnaire else 0,
        may_write=WRITERS.admits(visit.session.role),
        draft=new_uuid(),
        typed=form.values,
        problems=problems,
    )


@page("/patients/{id}/assessments/{assessment}/versions", gate=READERS)
async def show_versions(visit: Visit) -> Response:
    """What each version said, the newest first, with what it changed."""
    banner = await banner_for(visit)
    if isinstance(banner, Response):
        return banner
    newest = await assessment_in(visit, visit.path("assessment"))
    if isinstance(newest, Response):
        return newest
    shelved, wholes = Shelved(visit), list[Whole]()
    oldest = max(1, newest.version - MOST_VERSIONS + 1)
    for version in range(newest.version, oldest - 1, -1):
        one = await assessment_in(visit, newest.id, version=version)
        if isinstance(one, Response):
            return one
        wholes.append(await shelved.whole(one))
    return visit.render(
        "assessments/versions.html",
        id=visit.path("id"),
        banner=banner,
        wholes=wholes,
        earlier={one.one.version: _answers(before) for one, before in pairwise(wholes)},
        is_more=oldest > 1,
    )


def _answers(whole: Whole) -> dict[str, str]:
    return {one.words: one.answer for one in whole.parts if not one.is_heading}


@page("/patients/{id}/assessments/{assessment}/wrong", gate=WRITERS, methods=("POST",))
async def mark_wrong(visit: Visit) -> Response:
    """Strike it out with its score and alerts: they were never so."""
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    why = form.text("why", called="why it is an error", at_most=_LONGEST_WHY)
    if form.problems:
        return await _show(visit, form)
    one = await assessment_in(visit, visit.path("assessment"))
    if isinstance(one, Response):
        return one
    drawn = whole_number(form.values.get("version", ""))
    if one.is_wrong or drawn != one.version:
        return visit.tell(CHANGED)
    drafts = await _struck_out(visit, await Shelved(visit).whole(one), why)
    if isinstance(drafts, Response):
        return drafts
    return await _write(visit, drafts, one)


async def _write(visit: Visit, drafts: list[Draft], one: Assessment) -> Response:
    expected: list[int | None] = [one.version, *[None for _ in drafts[1:]]]
    done = await visit.services[Writer].write(
        Change(drafts=drafts, expected=expected), opener=opener_of(visit)
    )
    if isinstance(done, Refusal):
        return refused(visit, done)
    if not isinstance(done, Written):
        return visit.tell(CHANGED)
    return visit.go_to(f"/patients/{visit.path('id')}/assessments/{one.id}")


async def _struck_out(visit: Visit, whole: Whole, why: str) -> list[Draft] | Response:
    content = content_of(whole.one.text)
    said = content.get("extension")
    kept = [
        one
        for one in (said if isinstance(said, list) else ())
        if not (isinstance(one, dict) and one.get("url") in (BY, WHY))
    ]
    by = await me(visit)
    content["extension"] = [
        *kept,
        {"url": BY, "valueReference": _reference(by.reference, by.display)},
        {"url": WHY, "valueString": why},
    ]
    drafts = [drafted_anew({**content, "status": WRONG})]
    score = await _score(visit, whole.one.id)
    if isinstance(score, Response):
        return score
    flags = await taken_back(visit, whole, whole.alarms)
    return flags if isinstance(flags, Response) else [*drafts, *score, *flags]


def _reference(reference: str, display: str) -> dict[str, str]:
    said = {"reference": reference, "display": display}
    return {name: value for name, value in said.items() if value}


async def _score(visit: Visit, assessment: str) -> list[Draft] | Response:
    found = await visit.services[Reader].one(
        "Observation", score_id(assessment), opener=opener_of(visit)
    )
    if isinstance(found, NotFound):
        return []
    if isinstance(found, Refusal):
        return refused(visit, found)
    [one] = found.resources
    if one.patient != visit.path("id"):
        return []
    return [drafted_anew({**content_of(one.text), "status": WRONG})]
