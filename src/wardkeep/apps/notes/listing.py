# SPDX-License-Identifier: Apache-2.0
"""A patient's notes: the newest first, drafts above them, and where to begin one.

Done means: I read the last notes without opening each, see whose drafts there are, and
begin one with two keys. A sealed note is a line that says when, and nothing else.
"""

from collections.abc import Sequence

import msgspec
from starlette.responses import Response

from wardkeep.apps.notes.headings import offered
from wardkeep.apps.notes.searching import Match, matching
from wardkeep.base.ids import is_uuid, new_uuid
from wardkeep.care.of_patient import WRITERS, banner_for, refused
from wardkeep.care.opening import opener_of
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.notes.drafts import NoteDrafts
from wardkeep.fhir.notes.note import TYPE, Note, read_note
from wardkeep.fhir.notes.reading import NoteReader
from wardkeep.fhir.store.outcomes import NotFound, Opened
from wardkeep.fhir.store.reading import PatientQuery, Reader
from wardkeep.ui.banner import Banner
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

MOST_SHOWN = 50
MOST_SEARCHED = 1_000


class Book(msgspec.Struct, frozen=True, kw_only=True):
    """A patient's notes as they were opened."""

    opened: Opened
    banner: Banner
    notes: tuple[Note, ...]
    """Newest first, by when what they tell happened."""
    unreadable: int


@page("/patients/{id}/notes", gate=WRITERS)
async def show_notes(visit: Visit) -> Response:
    book = await _book(visit, at_most=MOST_SHOWN)
    return book if isinstance(book, Response) else await _show(visit, book)


@page("/patients/{id}/notes/search", gate=WRITERS, methods=("POST",))
async def search_notes(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    asked = form.values.get("words", "")[:200].strip()
    if not asked:
        return visit.go_to(f"/patients/{visit.path('id')}/notes")
    book = await _book(visit, at_most=MOST_SEARCHED)
    if isinstance(book, Response):
        return book
    return await _show(visit, book, asked, tuple(matching(book.notes, asked)))


async def _book(visit: Visit, *, at_most: int) -> Book | Response:
    banner = await banner_for(visit)
    if isinstance(banner, Response):
        return banner
    query = PatientQuery(patient=visit.path("id"), types=(TYPE,), at_most=at_most)
    found = await visit.services[Reader].of_patient(query, opener=opener_of(visit))
    if isinstance(found, NotFound):
        return visit.tell(NOT_FOUND)
    if isinstance(found, Refusal):
        return refused(visit, found)
    notes = [note for one in found.resources if (note := read_note(one)) is not None]
    return Book(
        opened=found,
        banner=banner,
        notes=tuple(sorted(notes, key=lambda one: one.about, reverse=True)),
        unreadable=len(found.resources) - len(notes),
    )


async def _show(
    visit: Visit, book: Book, asked: str = "", found: Sequence[Match] = ()
) -> Response:
    organisation, patient = opener_of(visit).organisation, visit.path("id")
    drafts = await visit.services[NoteDrafts].of_patient(organisation, patient)
    mine, thrown_away = visit.session.account, visit.query("thrown-away")
    return visit.render(
        "notes/notes.html",
        id=patient,
        banner=book.banner,
        opened=book.opened,
        notes=book.notes,
        unreadable=book.unreadable,
        own=[one for one in drafts if one.account == mine],
        others=[one for one in drafts if one.account != mine],
        sealed=await visit.services[NoteReader].sealed(organisation, patient),
        templates=await offered(visit),
        draft=new_uuid(),
        asked=asked,
        found=found,
        thrown_away=thrown_away if is_uuid(thrown_away) else "",
    )
