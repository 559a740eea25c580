# SPDX-License-Identifier: Apache-2.0
"""Two texts of one note, side by side: whoever wrote them chooses, and loses neither.

Done means: when I wrote in two windows, or a colleague amended the note while I did, I
see both with what differs, and go on with one, or with both. The other one is set aside
and can be brought back. Rejected: merging by the computer (a sentence that nobody wrote
is worse than two), and the last one wins.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from starlette.responses import Response

from wardkeep.apps.notes.asking import own_draft
from wardkeep.apps.notes.beginning import words_of
from wardkeep.base.differences import Piece, differences
from wardkeep.care.drafts import (
    by_place,
    keep,
    open_draft,
    open_own,
    places_in,
    written,
)
from wardkeep.care.of_patient import WRITERS, banner_for, refused
from wardkeep.care.opening import opener_of
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.notes.draft_rows import NOTE
from wardkeep.fhir.notes.drafts import NoteDrafts, OpenDraft
from wardkeep.fhir.notes.note import TYPE, Note, read_note
from wardkeep.fhir.notes.words import Words, joined
from wardkeep.fhir.store.outcomes import NotFound
from wardkeep.fhir.store.reading import Reader
from wardkeep.web.pages import page
from wardkeep.web.trouble import MALFORMED, Trouble
from wardkeep.web.visit import Visit

STORED, BOTH = "note", "both"
"""What is gone on with besides one text: the signed note, or all of them."""


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One text on the page."""

    name: str
    """How the form names it."""
    words: Words
    when: datetime
    who: str = ""
    """Of the signed note: who made it so."""
    version: int = 0
    pieces: tuple[tuple[Piece, ...], ...] = ()
    """By section: what differs from the first side."""


@page("/patients/{id}/drafts/{draft}/texts", gate=WRITERS)
async def show_texts(visit: Visit) -> Response:
    opened = await open_own(visit, NOTE)
    return opened if isinstance(opened, Response) else await show_sides(visit, opened)


async def show_sides(visit: Visit, opened: OpenDraft, *, status: int = 200) -> Response:
    """The page of all texts that are alive, and of the note where it moved on."""
    banner = await banner_for(visit)
    if isinstance(banner, Response):
        return banner
    note = await moved_on(visit, opened)
    if isinstance(note, Refusal):
        return refused(visit, note)
    return visit.render(
        "notes/texts.html",
        status=status,
        id=visit.path("id"),
        banner=banner,
        draft=opened.row,
        note=note,
        sides=_compared(_sides(opened, note)),
        seen=written(*[one.place for one in opened.texts]),
        set_aside=[one for one in opened.set_aside if one.words is not None],
        unreadable=sum(one.words is None for one in opened.texts),
    )


async def moved_on(visit: Visit, opened: OpenDraft) -> Note | Refusal | None:
    """The signed note, where it is newer than what the draft was written over."""
    found = await visit.services[Reader].one(
        TYPE, opened.row.note, opener=opener_of(visit)
    )
    if isinstance(found, NotFound):
        return None
    if isinstance(found, Refusal):
        return found
    note = read_note(found.resources[0])
    is_newer = note is not None and note.version > opened.row.based_on
    return note if is_newer else None


def _sides(opened: OpenDraft, note: Note | None) -> list[Side]:
    sides = [
        Side(name=written(one.place), words=one.words, when=one.row.saved_at)
        for one in opened.texts
        if one.words is not None
    ]
    if note is not None:
        changed = note.changed or note.written
        sides.append(
            Side(
                name=STORED,
                words=words_of(note),
                when=changed,
                who=note.by.words,
                version=note.version,
            )
        )
    return sides


def _compared(sides: Sequence[Side]) -> list[Side]:
    """Each with what differs from the first; the first with what the second lacks."""
    if len(sides) < len(("one", "other")):
        return list(sides)
    first, second, *_ = sides
    return [_beside(first, second), *(_beside(one, first) for one in sides[1:])]


def _beside(one: Side, other: Side) -> Side:
    theirs = {it.heading: it.text for it in other.words.sections}
    pieces = [
        tuple(differences(theirs.get(it.heading, ""), it.text, shows_gone=False))
        for it in one.words.sections
    ]
    return msgspec.structs.replace(one, pieces=tuple(pieces))


@page("/patients/{id}/drafts/{draft}/texts", gate=WRITERS, methods=("POST",))
async def choose(visit: Visit) -> Response:
    """Go on with what was chosen, over what the page showed and nothing else."""
    draft = await own_draft(visit)
    if isinstance(draft, Response):
        return draft
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    opened = await open_draft(visit, draft, form)
    if isinstance(opened, Response):
        return opened
    note = await moved_on(visit, opened)
    if isinstance(note, Refusal):
        return refused(visit, note, form)
    chosen = _chosen(opened, note, form.values)
    if chosen is None:
        return visit.tell(MALFORMED)
    await keep(visit, opened, chosen, form.values)
    if note is not None and form.values.get("version") == str(note.version):
        organisation = opener_of(visit).organisation
        await visit.services[NoteDrafts].build_on(
            draft, note.version, organisation=organisation
        )
    return visit.go_to(f"/patients/{visit.path('id')}/drafts/{draft.id}")


def _chosen(opened: OpenDraft, note: Note | None, said: dict[str, str]) -> Words | None:
    """The words to go on with; None where there is no such choice."""
    by_name = by_place((*opened.texts, *opened.set_aside))
    chosen = said.get("keep", "")
    if note is not None and chosen == STORED:
        return words_of(note)
    if chosen != BOTH:
        return by_name.get(chosen)
    seen = places_in(said.get("over", ""))
    all_of_them = [
        one.words for one in opened.texts if one.words is not None and one.place in seen
    ]
    if note is not None:
        all_of_them.insert(0, words_of(note))
    if not all_of_them:
        return None
    together = all_of_them[0]
    for other in all_of_them[1:]:
        together = joined(together, other)
    return together
