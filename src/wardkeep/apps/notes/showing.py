# SPDX-License-Identifier: Apache-2.0
"""One note, opened by itself; its history; and marking it as entered in error.

Done means: who wrote it, when, about when, who signed with them, and what each version
changed and why. What was entered in error is struck out and stays readable.
"""

from collections.abc import Sequence

import msgspec
from starlette.responses import Response

from wardkeep.apps.notes.beginning import note_in
from wardkeep.base.differences import Piece, differences
from wardkeep.base.ids import new_uuid
from wardkeep.care.of_patient import WRITERS, banner_for, refused, whole_number
from wardkeep.care.opening import me, opener_of
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.notes import cosigning
from wardkeep.fhir.notes.cosigning import CoSigning, read_task
from wardkeep.fhir.notes.note import WRONG, Note, read_note, resource_of
from wardkeep.fhir.notes.reading import NoteReader
from wardkeep.fhir.store.change import Change
from wardkeep.fhir.store.draft import draft_of
from wardkeep.fhir.store.outcomes import Invalid, NotFound, Written
from wardkeep.fhir.store.reading import Reader
from wardkeep.fhir.store.writing import Writer
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

LONGEST_WHY = 500
CHANGED = Trouble(
    status=409,
    title="Somebody changed this note just now",
    why="The note is not as you saw it, so nothing was done.",
    mend="Go back, reload the page, and look at it as it is.",
)
CODE_IN_IT = Trouble(
    status=422,
    title="The note seems to hold a code that opens a home",
    why="It was stored before codes were looked for, or came from elsewhere.",
    mend="Amend it without the code, and set the code as a way in.",
)


@page("/patients/{id}/notes/{note}", gate=WRITERS)
async def show_note(visit: Visit) -> Response:
    banner = await banner_for(visit)
    if isinstance(banner, Response):
        return banner
    note = await note_in(visit)
    if isinstance(note, Response):
        return note
    task = await task_for(visit, note)
    mine = await me(visit)
    return visit.render(
        "notes/note.html",
        id=visit.path("id"),
        banner=banner,
        note=note,
        task=task,
        may_co_sign=may_co_sign(note, task, mine.reference),
        draft=new_uuid(),
        was_signed=visit.query("signed") == "1",
        problems=(),
        typed={},
    )


async def task_for(visit: Visit, note: Note) -> CoSigning | None:
    """The question to a colleague to co-sign it, where there is one."""
    if note.is_sealed:
        return None
    found = await visit.services[Reader].one(
        cosigning.TYPE, note.id, opener=opener_of(visit)
    )
    if isinstance(found, NotFound | Refusal):
        return None
    text = found.resources[0].text
    return read_task(text, note=note.id, patient=note.patient)


def may_co_sign(note: Note, task: CoSigning | None, reference: str) -> bool:
    """Whether it is this person who was asked, and still waits for them."""
    is_asked = task is not None and task.status == cosigning.ASKED
    is_mine = task is not None and task.owner.reference == reference != ""
    return note.is_waiting and is_asked and is_mine


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """One version, and how its sections differ from the one before."""

    note: Note
    pieces: tuple[tuple[str, tuple[Piece, ...]], ...]
    """Heading, and the text in pieces."""


@page("/patients/{id}/notes/{note}/history", gate=WRITERS)
async def show_history(visit: Visit) -> Response:
    banner = await banner_for(visit)
    if isinstance(banner, Response):
        return banner
    found = await visit.services[NoteReader].versions(
        visit.path("note"), opener=opener_of(visit)
    )
    if isinstance(found, Refusal):
        return refused(visit, found)
    if isinstance(found, NotFound):
        return visit.tell(NOT_FOUND)
    notes = [note for one in found if (note := read_note(one)) is not None]
    if not notes or notes[0].patient != visit.path("id"):
        return visit.tell(NOT_FOUND)
    return visit.render(
        "notes/history.html",
        id=visit.path("id"),
        banner=banner,
        note=notes[0],
        versions=versions_of(notes),
    )


def versions_of(notes: Sequence[Note]) -> list[Version]:
    """Newest first, each beside the one before it."""
    shown = []
    for place, note in enumerate(notes):
        older = notes[place + 1] if place + 1 < len(notes) else None
        shown.append(Version(note=note, pieces=tuple(_pieces(note, older))))
    return shown


def _pieces(note: Note, older: Note | None) -> list[tuple[str, tuple[Piece, ...]]]:
    if older is None:
        return [
            (one.heading, tuple(differences(one.text, one.text)))
            for one in note.sections
        ]
    before = {one.heading: one.text for one in older.sections}
    found = [
        (one.heading, tuple(differences(before.pop(one.heading, ""), one.text)))
        for one in note.sections
    ]
    found += [
        (heading, tuple(differences(text, ""))) for heading, text in before.items()
    ]
    return found


@page("/patients/{id}/notes/{note}/wrong", gate=WRITERS, methods=("POST",))
async def mark_wrong(visit: Visit) -> Response:
    """Entered in error: the text stays in the version and in history, struck out."""
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    note = await note_in(visit, form)
    if isinstance(note, Response):
        return note
    why = form.text("wrong-why", called="why it is wrong", at_most=LONGEST_WHY)
    if form.problems:
        return await _again(visit, note, form)
    marked = msgspec.structs.replace(note, status=WRONG, by=await me(visit), why=why)
    return await stored(visit, marked, form, await _called_off(visit, note))


async def _called_off(visit: Visit, note: Note) -> CoSigning | None:
    """The question to a colleague, where there is one that nobody need answer now."""
    task = await task_for(visit, note) if note.is_waiting else None
    if task is None or task.status != cosigning.ASKED:
        return None
    now = visit.clock.now()
    return msgspec.structs.replace(task, status=cosigning.CALLED_OFF, changed=now)


async def _again(visit: Visit, note: Note, form: Form) -> Response:
    banner = await banner_for(visit)
    if isinstance(banner, Response):
        return banner
    return visit.render(
        "notes/note.html",
        status=422,
        id=visit.path("id"),
        banner=banner,
        note=note,
        task=None,
        may_co_sign=False,
        draft=new_uuid(),
        was_signed=False,
        problems=tuple(form.problems.values()),
        typed=form.values,
    )


async def stored(
    visit: Visit, note: Note, form: Form, task: CoSigning | None = None
) -> Response:
    """Write the next version of a note, over the one that the page showed."""
    expected = whole_number(form.values.get("version", ""))
    drafts = [draft_of(resource_of(note), note.id)]
    if task is not None:
        drafts.append(draft_of(cosigning.task_of(task), task.note))
    change = Change(drafts=drafts, expected=[expected, None][: len(drafts)])
    done = await visit.services[Writer].write(change, opener=opener_of(visit))
    if isinstance(done, Refusal):
        return refused(visit, done, form)
    if isinstance(done, Invalid):
        return visit.tell(CODE_IN_IT)
    if not isinstance(done, Written):
        return visit.tell(CHANGED)
    return visit.go_to(f"/patients/{note.patient}/notes/{note.id}")
