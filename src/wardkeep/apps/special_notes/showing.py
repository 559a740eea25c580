# SPDX-License-Identifier: Apache-2.0
"""A patient's special notes, one of them with its history, and what is to be reviewed.

What nobody follows any more is grey, with its date. Of the list, who people are comes
through the door, each in the ledger; what a note says opens with the record.
"""

from datetime import date, timedelta

import msgspec
from starlette.responses import Response

from wardkeep.apps.special_notes.opening import (
    Kept,
    Opened,
    find,
    open_here,
)
from wardkeep.base.clock import LONDON
from wardkeep.care.of_patient import READERS
from wardkeep.care.opening import me, opener_of
from wardkeep.care.paging import page_asked
from wardkeep.care.people import banners_in
from wardkeep.care.warnings import NOTERS
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.store.listing import Lister
from wardkeep.fhir.store.note_reviews import NoteReviews
from wardkeep.fhir.urgent.flags import AUDIENCES, CATEGORIES, STOPS
from wardkeep.fhir.urgent.special_note import (
    ENDED,
    MISTAKE,
    REVIEWED,
    UNDONE,
    WRITTEN,
    Note,
    due_at,
)
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.visit import Visit

A_PAGE = 20
"""As many as one question to the door names."""
SOON = timedelta(days=14)
TOLD = "special notes to review: name, day of review"
DID = {
    WRITTEN: "Written",
    REVIEWED: "Reviewed",
    ENDED: "Ended",
    MISTAKE: "Marked as a mistake",
    UNDONE: "Taken back: it holds again",
}
SAID = {
    WRITTEN: ("The note is saved. Calls about this patient show it from now on.", True),
    REVIEWED: ("The review is saved.", True),
    ENDED: ("The note has ended. It stays readable, in grey, with its date.", True),
    MISTAKE: ("It is marked as a mistake, and calls do not show it any more.", True),
    UNDONE: ("The note holds again.", True),
    "already": ("It was saved already, and is there once.", True),
    "changed": (
        (
            "Somebody changed it just before you pressed, so nothing was done. This is"
            " how it stands now."
        ),
        False,
    ),
    "too-late": (
        "It can be taken back for 15 minutes, by whoever did it. Nothing was done.",
        False,
    ),
}


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A note as pages show it."""

    note: Note
    kind: str
    colour: str
    audience: str
    ended: str
    """When it ended or runs out, a FHIR date; empty: neither."""
    is_over: bool
    is_due: bool
    is_mistake: bool


def line_of(note: Note, today: date) -> Line:
    is_over = note.is_over(today)
    colour = "red" if note.category in STOPS else "blue"
    ended = note.last.isoformat() if note.last else ""
    if note.is_ended:
        ended = note.steps[-1].at.astimezone(LONDON).date().isoformat()
    return Line(
        note=note,
        kind=CATEGORIES[note.category],
        colour="grey" if is_over else colour,
        audience=AUDIENCES[note.audience],
        ended=ended,
        is_over=is_over,
        is_due=note.is_due(today),
        is_mistake=note.is_mistake,
    )


@page("/patients/{id}/special-notes", gate=READERS)
async def show_notes(visit: Visit) -> Response:
    opened = await open_here(visit)
    if isinstance(opened, Response):
        return opened
    return visit.render(
        "special_notes/of_patient.html",
        id=visit.path("id"),
        banner=opened.banner,
        lines=[line_of(one.note, visit.today) for one in opened.kept],
        may_write=NOTERS.admits(visit.session.role),
    )


@page("/patients/{id}/special-notes/{note}", gate=READERS)
async def show_note(visit: Visit) -> Response:
    found = await find(visit)
    if isinstance(found, Response):
        return found
    return await show_one(visit, *found, Form({}))


async def show_one(
    visit: Visit, opened: Opened, kept: Kept, form: Form, *, act: str = ""
) -> Response:
    """It; with what was typed where something was wrong with it."""
    problems = tuple(form.problems.values())
    return visit.render(
        "special_notes/note.html",
        status=422 if problems else 200,
        id=visit.path("id"),
        banner=opened.banner,
        one=line_of(kept.note, visit.today),
        note=kept.note,
        version=kept.version,
        may_write=NOTERS.admits(visit.session.role),
        can_take_back=kept.note.can_take_back(await me(visit), visit.clock.now()),
        did=[(DID[it.kind], it) for it in reversed(kept.note.steps)],
        word=form.values.get("word", ""),
        act=act,
        problems=problems,
        said=SAID.get(visit.query("said")),
    )


@page("/special-notes", gate=NOTERS)
async def show_due(visit: Visit) -> Response:
    """What is to be reviewed within a fortnight, the longest overdue first."""
    opener = msgspec.structs.replace(opener_of(visit), request=TOLD)
    found = await visit.services[NoteReviews].due(
        due_at(visit.today + SOON), opener=opener
    )
    if isinstance(found, Refusal):
        return visit.refuse(found)
    number = page_asked(visit)
    here = found[number * A_PAGE : (number + 1) * A_PAGE]
    people = await visit.services[Lister].people(
        [one.patient for one in here], opener=opener
    )
    if isinstance(people, Refusal):
        return visit.refuse(people)
    banners = banners_in(people.patients, visit.today)
    now = visit.clock.now()
    return visit.render(
        "special_notes/due.html",
        lines=[
            (one, banners[one.patient], one.since <= now)
            for one in here
            if one.patient in banners
        ],
        total=len(found),
        late=sum(one.since <= now for one in found),
        page=number,
        is_more=len(found) > (number + 1) * A_PAGE,
    )
