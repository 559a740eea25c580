# SPDX-License-Identifier: Apache-2.0
"""Bringing Questionnaires in: from a FHIR file, or from those that come with Wardkeep.

Done means, to an administrator: I choose a file, read what is wrong with it and where,
or find it among the questionnaires as a draft that a clinician looks at and takes into
use. A file is read by the browser and sent as text, so that nothing is ever stored as a
file; without scripts its text can be pasted.
"""

from collections.abc import Sequence

from starlette.responses import Response

from wardkeep.base.outcome import Problem
from wardkeep.care.opening import opener_of
from wardkeep.care.questions import QUESTIONNAIRE_CHANGED
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.assessments.library import library
from wardkeep.fhir.questionnaires import editing
from wardkeep.fhir.questionnaires.editing import Json
from wardkeep.fhir.questionnaires.importing import MOST_BYTES, read_file, twin_of
from wardkeep.fhir.questionnaires.shelf import Kept, Shelf
from wardkeep.fhir.store.change import Change
from wardkeep.fhir.store.draft import draft_of
from wardkeep.fhir.store.outcomes import Written
from wardkeep.fhir.store.writing import Writer
from wardkeep.web.gates import Gate
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

LIBRARIANS = Gate.SIGNED_IN.only(
    "administrator", "care_coordinator", "doctor", "shift_lead"
)
_FILE = "file"
_PERCENT = 3
"""A byte in a form takes up to three (`%0A`)."""


@page("/assessments/bring-in", gate=LIBRARIANS)
async def show_bringing_in(visit: Visit) -> Response:
    return await _show(visit, "", ())


async def _show(visit: Visit, text: str, problems: Sequence[Problem]) -> Response:
    shelf = await visit.services[Shelf].all(opener=opener_of(visit))
    if isinstance(shelf, Refusal):
        return visit.refuse(shelf)
    return visit.render(
        "assessments/bring_in.html",
        status=422 if problems else 200,
        volumes=[(one, twin_of(one.content, shelf)) for one in library()],
        text=text,
        problems=problems,
        most=MOST_BYTES,
    )


@page("/assessments/bring-in", gate=LIBRARIANS, methods=("POST",))
async def bring_in(visit: Visit) -> Response:
    form = await visit.form(longest=MOST_BYTES * _PERCENT)
    if isinstance(form, Trouble):
        return visit.tell(form)
    text = form.values.get(_FILE, "")
    if not text.strip():
        wrong, mend = "no file was chosen", "Choose one, or paste its text."
        return await _show(visit, "", [Problem(place=_FILE, wrong=wrong, mend=mend)])
    read = read_file(text.encode())
    if isinstance(read, tuple):
        return await _show(visit, text, read)
    return await _shelve(visit, text, read)


async def _shelve(visit: Visit, text: str, content: Json) -> Response:
    """A new draft; or the next version of what is there, where it is another one."""
    shelf = await visit.services[Shelf].all(opener=opener_of(visit))
    if isinstance(shelf, Refusal):
        return visit.refuse(shelf)
    twin = twin_of(content, shelf)
    if twin is not None and twin.questionnaire.version == content["version"]:
        problem = Problem(
            place="Questionnaire.version",
            wrong=f"version {content['version']} of it is here already,"
            f" as “{twin.questionnaire.words()}”",
            mend="Give the changed one another version.",
        )
        return await _show(visit, text, [problem])
    return await _store(visit, content, twin)


async def _store(visit: Visit, content: Json, twin: Kept | None) -> Response:
    id_ = twin.id if twin is not None else str(content["id"])
    made = editing.resource_of({**content, "id": id_})
    expected = twin.stored_version if twin is not None else 0
    change = Change(drafts=[draft_of(made, id_)], expected=[expected])
    done = await visit.services[Writer].write(change, opener=opener_of(visit))
    if isinstance(done, Refusal):
        return visit.refuse(done)
    if not isinstance(done, Written):
        return visit.tell(QUESTIONNAIRE_CHANGED)
    return visit.go_to(f"/questionnaires/{id_}")


@page("/assessments/library/{name}", gate=LIBRARIANS, methods=("POST",))
async def add_from_library(visit: Visit) -> Response:
    """One that comes with Wardkeep, as a draft like any other."""
    await visit.leave_nothing_unread()
    wanted = visit.path("name")
    volume = next((one for one in library() if one.name == wanted), None)
    if volume is None:
        return visit.tell(NOT_FOUND)
    text = editing.resource_of(volume.content).compact
    read = read_file(text)
    if isinstance(read, tuple):
        return await _show(visit, "", read)
    return await _shelve(visit, "", read)
