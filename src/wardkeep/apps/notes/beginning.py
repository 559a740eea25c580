# SPDX-License-Identifier: Apache-2.0
"""Beginning a draft: of a new note by a template, or of an amendment.

Done means: one press, and the cursor stands in the text. Rejected: making the draft
when the page is looked at, for a link that is followed twice would make two.
"""

from starlette.responses import Response

from wardkeep.base.ids import is_fhir_id, is_uuid, new_uuid
from wardkeep.care.of_patient import WRITERS, refused
from wardkeep.care.opening import opener_of
from wardkeep.care.typed import typed_moment
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.notes.drafts import NewDraft, NoteDrafts
from wardkeep.fhir.notes.note import TYPE, Note, read_note
from wardkeep.fhir.notes.templates import TYPE as TEMPLATE, Template, read_template
from wardkeep.fhir.notes.words import Section, Words
from wardkeep.fhir.store.outcomes import NotFound
from wardkeep.fhir.store.reading import Reader
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import MALFORMED, NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

FREE = Template(id="", title="Progress note", sections=(Section(),))
"""Without headings."""
_STRUCK_OUT = Trouble(
    status=409,
    title="This note was entered in error",
    why="It is struck out, and what is struck out is not amended.",
    mend="Write a new note.",
)


@page("/patients/{id}/notes", gate=WRITERS, methods=("POST",))
async def begin_note(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    template = await _template(visit, form.values.get("template", ""))
    if isinstance(template, Refusal):
        return visit.refuse(template)
    words = Words(
        title=template.title,
        when=typed_moment(visit.clock.now()),
        sections=template.sections,
    )
    return await _begin(visit, form, note="", based_on=0, words=words)


@page("/patients/{id}/notes/{note}/amend", gate=WRITERS, methods=("POST",))
async def begin_amendment(visit: Visit) -> Response:
    """A draft with the words as they stand; the note stays as it is until signed."""
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    note = await note_in(visit, form)
    if isinstance(note, Response):
        return note
    if note.is_wrong:
        return visit.tell(_STRUCK_OUT)
    words = words_of(note)
    form.values["sealed"] = "yes" if note.is_sealed else ""
    return await _begin(visit, form, note=note.id, based_on=note.version, words=words)


def words_of(note: Note) -> Words:
    """A signed note as a form shows it, to be amended."""
    return Words(
        title=note.title,
        when=typed_moment(note.about),
        sections=note.sections or (Section(),),
    )


async def note_in(visit: Visit, form: Form | None = None) -> Note | Response:
    """The note in the address, opened at the door."""
    opened = await visit.services[Reader].one(
        TYPE, visit.path("note"), opener=opener_of(visit)
    )
    if isinstance(opened, Refusal):
        return refused(visit, opened, form)
    if isinstance(opened, NotFound):
        return visit.tell(NOT_FOUND)
    note = read_note(opened.resources[0])
    if note is None or note.patient != visit.path("id"):
        return visit.tell(NOT_FOUND)
    return note


async def _template(visit: Visit, id_: str) -> Template | Refusal:
    """The one that was chosen; without headings where there is none."""
    if not is_fhir_id(id_):
        return FREE
    reader = visit.services[Reader]
    found = await reader.one(TEMPLATE, id_, opener=opener_of(visit))
    if isinstance(found, Refusal):
        return found
    if isinstance(found, NotFound):
        return FREE
    return read_template(found.resources[0]) or FREE


async def _begin(
    visit: Visit, form: Form, *, note: str, based_on: int, words: Words
) -> Response:
    draft, patient = form.values.get("draft", ""), visit.path("id")
    if not is_uuid(draft):
        return visit.tell(MALFORMED)
    new = NewDraft(
        id=draft,
        patient=patient,
        note=note or draft,
        based_on=based_on,
        is_sealed=form.values.get("sealed") == "yes",
        account=visit.session.account,
        author=visit.session.display_name,
        words=words,
    )
    begun = await visit.services[NoteDrafts].begin(
        new, editor=new_uuid(), opener=opener_of(visit)
    )
    if isinstance(begun, Refusal):
        return refused(visit, begun, form)
    if isinstance(begun, NotFound):
        return visit.tell(NOT_FOUND)
    return visit.go_to(f"/patients/{patient}/drafts/{draft}")
