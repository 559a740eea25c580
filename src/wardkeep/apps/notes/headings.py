# SPDX-License-Identifier: Apache-2.0
"""Templates: the organisation's own headings, edited on a page, in versions.

Done means: whoever leads the work writes headings and hints once, everybody begins
notes by them from then on, and notes that were begun keep theirs.
"""

from collections.abc import Sequence

from starlette.responses import Response

from wardkeep.base.ids import is_fhir_id, new_uuid
from wardkeep.care.of_patient import WRITERS, whole_number
from wardkeep.care.opening import opener_of
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.notes.reading import NoteReader
from wardkeep.fhir.notes.templates import (
    TYPE,
    Template,
    questionnaire_of,
    read_template,
)
from wardkeep.fhir.notes.words import LONGEST_LINE, MOST_SECTIONS, Section
from wardkeep.fhir.store.change import Change
from wardkeep.fhir.store.draft import draft_of
from wardkeep.fhir.store.outcomes import Invalid, NotFound, Written
from wardkeep.fhir.store.reading import Reader
from wardkeep.fhir.store.writing import Writer
from wardkeep.web.forms import Form
from wardkeep.web.gates import Gate
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

LEADERS = Gate.SIGNED_IN.only(
    "administrator",
    "care_coordinator",
    "community_coordinator",
    "doctor",
    "shift_lead",
)
ROWS = 8
"""Headings that the page offers; where there are more, two more than there are."""
_CHANGED = Trouble(
    status=409,
    title="Somebody changed this template just now",
    why="It is not as you saw it, so yours was not stored.",
    mend="Go back, reload the page, and see whether yours is still needed.",
)


async def offered(visit: Visit) -> Sequence[Template]:
    """Templates in use, by title; none where they cannot be read just now."""
    found = await _all(visit)
    if isinstance(found, Refusal):
        return ()
    return [one for one in found if one.is_used]


async def _all(visit: Visit) -> list[Template] | Refusal:
    reader = visit.services[NoteReader]
    found = await reader.shared(TYPE, opener=opener_of(visit))
    if isinstance(found, Refusal):
        return found
    templates = [one for it in found if (one := read_template(it)) is not None]
    return sorted(templates, key=lambda one: (not one.is_used, one.title))


@page("/notes/templates", gate=LEADERS)
async def show_templates(visit: Visit) -> Response:
    found = await _all(visit)
    if isinstance(found, Refusal):
        return visit.refuse(found)
    return visit.render(
        "notes/templates.html",
        templates=found,
        new=new_uuid(),
        was_saved=visit.query("saved") == "1",
        may_write=WRITERS.admits(visit.session.role),
    )


@page("/notes/templates/{template}", gate=LEADERS)
async def show_template(visit: Visit) -> Response:
    """One to edit; an id that is not there yet is a new one."""
    found = await _one(visit)
    if isinstance(found, Response):
        return found
    return _show(visit, found, Form({}))


async def _one(visit: Visit) -> Template | Response:
    id_ = visit.path("template")
    if not is_fhir_id(id_):
        return visit.tell(NOT_FOUND)
    opened = await visit.services[Reader].one(TYPE, id_, opener=opener_of(visit))
    if isinstance(opened, Refusal):
        return visit.refuse(opened)
    if isinstance(opened, NotFound):
        return Template(id=id_, title="", sections=())
    return read_template(opened.resources[0]) or visit.tell(NOT_FOUND)


def _show(visit: Visit, template: Template, form: Form) -> Response:
    rows = max(ROWS, len(template.sections) + 2)
    empty = (Section(),) * (rows - len(template.sections))
    return visit.render(
        "notes/template.html",
        status=422 if form.problems else 200,
        shown=template,
        rows=(*template.sections, *empty)[:MOST_SECTIONS],
        problems=tuple(form.problems.values()),
    )


@page("/notes/templates/{template}", gate=LEADERS, methods=("POST",))
async def save_template(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    before = await _one(visit)
    if isinstance(before, Response):
        return before
    template = _typed(form, before)
    if form.problems:
        return _show(visit, template, form)
    expected = whole_number(form.values.get("version", ""))
    made = draft_of(questionnaire_of(template), template.id)
    done = await visit.services[Writer].write(
        Change(drafts=[made], expected=[expected]), opener=opener_of(visit)
    )
    if isinstance(done, Refusal):
        return visit.refuse(done)
    if isinstance(done, Invalid):
        form.reject("title", wrong=done.problems[0].wrong, mend=done.problems[0].mend)
        return _show(visit, template, form)
    if not isinstance(done, Written):
        return visit.tell(_CHANGED)
    return visit.go_to("/notes/templates?saved=1")


def _typed(form: Form, before: Template) -> Template:
    title = form.text("title", called="the name", at_most=LONGEST_LINE)
    rows = [
        Section(
            heading=form.optional_text(f"heading-{n}", called=f"heading {n + 1}"),
            hint=form.optional_text(f"hint-{n}", called=f"hint {n + 1}"),
        )
        for n in range(MOST_SECTIONS)
    ]
    sections = tuple(one for one in rows if one.heading)
    if not sections:
        form.reject("heading-0", wrong="No heading is given", mend="Enter one.")
    if len({one.heading for one in sections}) < len(sections):
        form.reject(
            "heading-0",
            wrong="Two headings are the same",
            mend="Give each its own words.",
        )
    return Template(
        id=before.id,
        title=title,
        sections=sections,
        is_used="used" in form.values,
        version=before.version,
    )
