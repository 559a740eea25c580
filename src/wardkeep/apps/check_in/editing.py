# SPDX-License-Identifier: Apache-2.0
"""The editor of Questionnaires: draft, look, use; each change is a version.

Done means, to a clinic's manager: I write a question, see it as people will, put it in
order, take it out and bring it back; what people have answered stays what it was asked.
Rejected: an editor for all of FHIR (nobody at a desk reads it; files come by the API).
"""

from collections.abc import Sequence

from starlette.responses import Response

from wardkeep.apps.check_in.one_resource import read_one
from wardkeep.care.opening import opener_of
from wardkeep.care.questions import QUESTIONNAIRE_CHANGED, fields_of, filled_in
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.questionnaires import editing
from wardkeep.fhir.questionnaires.editing import ASKED, Json, Question
from wardkeep.fhir.questionnaires.questionnaire import (
    Coding,
    Questionnaire,
    cannot_ask,
    read_questionnaire,
)
from wardkeep.fhir.questionnaires.scale import faults_of, scale_of
from wardkeep.fhir.questionnaires.shelf import (
    ACTIVE,
    ASSESSMENT,
    CHECK_IN,
    HEADINGS,
    RETIRED,
    TYPE,
    Kept,
    Shelf,
    is_assessment,
)
from wardkeep.fhir.store.change import Change
from wardkeep.fhir.store.draft import draft_of
from wardkeep.fhir.store.outcomes import OpenedResource, Written
from wardkeep.fhir.store.writing import Writer
from wardkeep.web.forms import Form
from wardkeep.web.gates import Gate
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

_KINDS = (
    (CHECK_IN, "Asked at check-in", "People answer them when they arrive."),
    (ASSESSMENT, "Assessments", "Clinicians fill them in about a patient."),
    (
        HEADINGS,
        "Headings of notes",
        "Nobody answers them: a note is written under their headings.",
    ),
)
_FOR_NOTHING = "Open one to say who is to answer it."
EDITORS = Gate.SIGNED_IN.only("shift_lead", "care_coordinator", "doctor")
LOOKERS = Gate.SIGNED_IN.only(
    "administrator", "shift_lead", "care_coordinator", "doctor"
)
"""Whoever brings one in from a file looks at it; editors take it into use."""
_VERBS = (
    *("title", "add", "up", "down", "remove", "use", "retire", "arrival", "back"),
    "clinicians",
)


@page("/questionnaires", gate=LOOKERS)
async def show_questionnaires(visit: Visit) -> Response:
    return await _list(visit, Form({}))


async def _list(visit: Visit, form: Form) -> Response:
    found = await visit.services[Shelf].all(opener=opener_of(visit))
    if isinstance(found, Refusal):
        return visit.refuse(found)
    problems = tuple(form.problems.values())
    return visit.render(
        "check_in/questionnaires.html",
        status=422 if problems else 200,
        groups=_grouped(found),
        may_edit=EDITORS.admits(visit.session.role),
        typed=form.values,
        problems=problems,
    )


def _grouped(kept: Sequence[Kept]) -> list[tuple[str, str, list[Kept]]]:
    """Each kind with what it is for; what has two codes stands under both."""
    known = {code for code, *_ in _KINDS}
    groups = [
        (name, words, [one for one in kept if _has(one, code)])
        for code, name, words in _KINDS
    ]
    rest = [one for one in kept if not any(_has(one, code) for code in known)]
    groups.append(("Not used yet", _FOR_NOTHING, rest))
    return [group for group in groups if group[2]]


def _has(one: Kept, wanted: Coding) -> bool:
    return any(code.is_the_same(wanted) for code in one.questionnaire.code)


@page("/questionnaires", gate=EDITORS, methods=("POST",))
async def start_questionnaire(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    title = form.text("title", called="the title", at_most=120)
    if form.problems:
        return await _list(visit, form)
    content = editing.new_questionnaire(title)
    id_ = str(content["id"])
    return await _store(visit, id_, content, expected=0)


@page("/questionnaires/{id}", gate=LOOKERS)
async def show_questionnaire(visit: Visit) -> Response:
    found = await _read(visit)
    if not isinstance(found, OpenedResource):
        return found
    return _edit(visit, found, Form({}))


async def _read(visit: Visit, version: int | None = None) -> OpenedResource | Response:
    return await read_one(
        visit, TYPE, visit.path("id"), opener=opener_of(visit), version=version
    )


def _edit(visit: Visit, found: OpenedResource, form: Form) -> Response:
    read = read_questionnaire(found.text)
    if read is None:
        return visit.tell(NOT_FOUND)
    problems = tuple(form.problems.values())
    return visit.render(
        "check_in/questionnaire.html",
        status=422 if problems else 200,
        id=found.id,
        stored=found.version,
        one=read,
        asked=tuple(ASKED.items()),
        kinds=ASKED,
        faults=_faults(read),
        is_assessment=is_assessment(read),
        may_edit=EDITORS.admits(visit.session.role),
        scale=scale_of(read),
        is_asked=any(code.is_the_same(CHECK_IN) for code in read.code),
        typed=form.values,
        problems=problems,
    )


@page("/questionnaires/{id}", gate=EDITORS, methods=("POST",))
async def change_questionnaire(visit: Visit) -> Response:
    """One change; the page carries the version that it was drawn from."""
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    found = await _read(visit)
    if not isinstance(found, OpenedResource):
        return found
    verb = form.choice("verb", called="what to do", among=_VERBS)
    drawn = form.whole_number("stored", called="the version", least=1, most=10**6)
    if drawn != found.version:
        return visit.tell(QUESTIONNAIRE_CHANGED)
    content = editing.content_of(found.text)
    if verb == "back":
        return await _go_back(visit, found)
    changed = _changed(form, verb, content, read_questionnaire(found.text))
    if form.problems:
        return _edit(visit, found, form)
    return await _store(visit, found.id, changed, expected=found.version)


def _changed(form: Form, verb: str, content: Json, read: Questionnaire | None) -> Json:
    if verb == "title":
        title = form.text("title", called="the title", at_most=120)
        return editing.titled(content, title)
    if verb == "add":
        return editing.with_question(content, _question(form))
    if verb in ("up", "down", "remove"):
        place = form.whole_number("place", called="the place", least=0, most=999)
        at = -1 if place is None else place
        if verb == "remove":
            return editing.without(content, at)
        return editing.moved(content, at, -1 if verb == "up" else 1)
    if verb == "arrival":
        is_asked = form.values.get("is_asked") == "yes"
        return editing.asked_on_arrival(content, is_asked=is_asked)
    if verb == "clinicians":
        is_so = form.values.get("is_so") == "yes"
        return editing.for_clinicians(content, is_assessment=is_so)
    if verb == "use" and (read is None or not read.item or _faults(read)):
        form.reject(
            "use",
            wrong="It cannot be used yet",
            mend="Add a question that can be asked.",
        )
    return editing.with_status(content, ACTIVE if verb == "use" else RETIRED)


def _faults(read: Questionnaire) -> tuple[str, ...]:
    """Why it cannot be asked, or what is wrong with what it adds up to."""
    return (*cannot_ask(read), *faults_of(read))


def _question(form: Form) -> Question:
    kind = form.choice("kind", called="the kind of answer", among=tuple(ASKED))
    lines = form.values.get("options", "").splitlines()
    options = tuple(line.strip() for line in lines if line.strip())
    if "choice" in kind and not 1 < len(options) <= editing.MOST_OPTIONS:
        form.reject(
            "options",
            wrong="The answers to choose from are missing",
            mend=f"Write 2 to {editing.MOST_OPTIONS} answers, one on each line.",
        )
    return Question(
        text=form.text("text", called="the question", at_most=400),
        kind=kind,
        is_required=form.values.get("is_required") == "yes",
        options=options,
    )


async def _go_back(visit: Visit, found: OpenedResource) -> Response:
    """Undo: what the version before said, as a version of its own."""
    before = await _read(visit, max(1, found.version - 1))
    if not isinstance(before, OpenedResource):
        return before
    content = editing.content_of(before.text)
    return await _store(visit, found.id, content, expected=found.version)


async def _store(visit: Visit, id_: str, content: Json, *, expected: int) -> Response:
    draft = draft_of(editing.resource_of(content), id_)
    change = Change(drafts=[draft], expected=[expected])
    done = await visit.services[Writer].write(change, opener=opener_of(visit))
    if isinstance(done, Refusal):
        return visit.refuse(done)
    if not isinstance(done, Written):
        return visit.tell(QUESTIONNAIRE_CHANGED)
    return visit.go_to(f"/questionnaires/{id_}")


@page("/questionnaires/{id}/preview", gate=LOOKERS)
async def preview_questionnaire(visit: Visit) -> Response:
    """As people see it who are asked; nothing here is sent."""
    found = await _read(visit)
    if not isinstance(found, OpenedResource):
        return found
    read = read_questionnaire(found.text)
    if read is None or cannot_ask(read):
        return visit.tell(NOT_FOUND)
    return visit.render(
        "check_in/preview.html",
        id=found.id,
        one=read,
        fields=fields_of(read, filled_in(read), language=visit.query("in")),
    )
