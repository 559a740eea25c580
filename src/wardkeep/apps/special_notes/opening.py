# SPDX-License-Identifier: Apache-2.0
"""What pages of special notes share: who may, one patient's, and how each is saved."""

import msgspec
from starlette.responses import Response

from wardkeep.care.chart import build_chart
from wardkeep.care.of_patient import (
    OF_BANNER,
    banner_on,
    refused,
    whole_number,
)
from wardkeep.care.opening import me, opener_of
from wardkeep.care.stored import Json
from wardkeep.care.writing import NOT_SAVED, content_of, drafted, drafted_anew
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.store.change import Change
from wardkeep.fhir.store.outcomes import Conflict, NotFound, Written
from wardkeep.fhir.store.parts import PartReader
from wardkeep.fhir.store.writing import Writer
from wardkeep.fhir.urgent.special_note import (
    Note,
    note_content,
    note_in,
    review_content,
)
from wardkeep.ui.banner import Banner
from wardkeep.web.forms import Form
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

NOBODY_YET = Trouble(
    status=409,
    title="Nobody has said which practitioner you are",
    why="A note says who wrote it, so that others can ask. Nothing was saved.",
    mend="Ask an administrator to set it under People.",
)


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A note as it is stored."""

    version: int
    note: Note
    content: Json


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """Who it is, and their notes: what is in force first."""

    banner: Banner
    kept: tuple[Kept, ...]


async def open_here(visit: Visit) -> Opened | Response:
    given = await visit.services[PartReader].of_patient(
        visit.path("id"), (OF_BANNER,), opener=opener_of(visit)
    )
    if isinstance(given, NotFound):
        return visit.tell(NOT_FOUND)
    if isinstance(given, Refusal):
        return refused(visit, given)
    [there] = given.parts
    if not any(one.type == "Patient" for one in there):
        return visit.tell(NOT_FOUND)
    chart = build_chart((one.type, one.id, one.text) for one in there)
    kept = []
    for one in there:
        content = content_of(one.text) if one.type == "Flag" else {}
        note = note_in(content) if content else None
        if note is not None:
            kept.append(Kept(version=one.version, note=note, content=content))
    today = visit.today
    return Opened(
        banner=banner_on(chart, visit.clock.now()),
        kept=tuple(
            sorted(kept, key=lambda one: (one.note.is_over(today), one.note.review))
        ),
    )


async def find(visit: Visit) -> tuple[Opened, Kept] | Response:
    """The one that the address names, of the patient there."""
    opened = await open_here(visit)
    if isinstance(opened, Response):
        return opened
    for one in opened.kept:
        if one.note.id == visit.path("note"):
            return opened, one
    return visit.tell(NOT_FOUND)


class Pressed(msgspec.Struct, frozen=True, kw_only=True):
    """A button, at the version that its page showed."""

    opened: Opened
    kept: Kept
    form: Form
    me: Person


async def pressed(visit: Visit) -> Pressed | Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    found = await find(visit)
    if isinstance(found, Response):
        return found
    opened, kept = found
    if whole_number(form.values.get("version", "")) != kept.version:
        return visit.go_to(address_of(visit, kept.note.id, "changed"))
    who = await me(visit)
    if not who.reference:
        return visit.tell(NOBODY_YET)
    return Pressed(opened=opened, kept=kept, form=form, me=who)


async def save(
    visit: Visit, note: Note, over: Kept | None, form: Form | None = None
) -> bool | Response:
    """A note and its review, in one change; false where somebody was quicker."""
    content = note_content(note, over=over.content if over else None)
    change = Change(
        drafts=[
            drafted_anew(content),
            drafted(review_content(note, now=visit.clock.now())),
        ],
        expected=[over.version if over else 0, None],
    )
    written = await visit.services[Writer].write(change, opener=opener_of(visit))
    if isinstance(written, Refusal):
        return refused(visit, written, form)
    if isinstance(written, Written | Conflict):
        return isinstance(written, Written)
    return visit.tell(NOT_SAVED)


def address_of(visit: Visit, note: str = "", said: str = "") -> str:
    at = f"/patients/{visit.path('id')}/special-notes" + (f"/{note}" if note else "")
    return f"{at}?said={said}" if said else at
