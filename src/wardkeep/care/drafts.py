# SPDX-License-Identifier: Apache-2.0
"""Drafts as their pages use them: whose one is, and what its page seals and sends.

Of what is signed, notes and assessments, also which one text that is; a form's are
begun and ended by `keeping.py`. What a draft says is each app's own.
"""

import base64
from collections.abc import Callable, Container, Iterable, Mapping, Sequence

import msgspec
from starlette.responses import Response

from wardkeep.base.ids import is_uuid, new_uuid
from wardkeep.base.time_of_day import time_of_day
from wardkeep.care.of_patient import refused
from wardkeep.care.opening import opener_of
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.notes.draft_rows import (
    SIGNED,
    THROWN_AWAY,
    DraftRow,
    Place,
    Saved,
)
from wardkeep.fhir.notes.drafts import NoteDrafts, OpenDraft, OpenText, page_identity
from wardkeep.fhir.notes.words import LONGEST_TEXT, Words
from wardkeep.web.forms import Form
from wardkeep.web.trouble import MALFORMED, NOT_FOUND
from wardkeep.web.visit import Visit

_MOST_DIGITS = 10


async def own(
    visit: Visit, id_: str, *, kinds: Container[str], patient: str = ""
) -> DraftRow | None:
    """A draft of these kinds that is the visitor's own and about this patient.

    `patient` is an id where the address names none.
    """
    about = patient or visit.path("id")
    organisation = opener_of(visit).organisation
    draft = await visit.services[NoteDrafts].look(organisation, id_)
    if draft is None or draft.account != visit.session.account:
        return None
    is_here = draft.patient.id == about and draft.kind in kinds
    return draft if is_here else None


async def own_draft(visit: Visit, kind: str) -> DraftRow | Response:
    """The draft in the address, where it is the visitor's own and this patient's."""
    draft = await own(visit, visit.path("draft"), kinds=(kind,))
    return visit.tell(NOT_FOUND) if draft is None else draft


async def open_draft(
    visit: Visit, draft: DraftRow, form: Form | None = None
) -> OpenDraft | Response:
    """All its texts, opened at the door."""
    opened = await visit.services[NoteDrafts].open(draft, opener=opener_of(visit))
    if isinstance(opened, Refusal):
        return refused(visit, opened, form, patient=draft.patient.id)
    return opened


async def open_own(
    visit: Visit, kind: str, form: Form | None = None
) -> OpenDraft | Response:
    """Both: the visitor's own draft in the address, opened."""
    draft = await own_draft(visit, kind)
    return (
        draft if isinstance(draft, Response) else await open_draft(visit, draft, form)
    )


def key_in(opened: OpenDraft) -> str:
    """The draft's key for its page, in base64."""
    return base64.b64encode(opened.key).decode()


def window(visit: Visit, opened: OpenDraft, text: OpenText) -> dict[str, object]:
    """What the page of a new window needs to seal what is typed over a text."""
    organisation = opener_of(visit).organisation
    return {
        "editor": new_uuid(),
        "over": [[text.place.editor, text.place.number]],
        "key": key_in(opened),
        "identity": page_identity(organisation, opened.row.id),
        "saved": time_of_day(text.row.saved_at, seconds=True),
        "set_aside": len(opened.set_aside),
        "longest": LONGEST_TEXT,
    }


async def keep(
    visit: Visit, opened: OpenDraft, words: Words, said: Mapping[str, str]
) -> Saved | None:
    """Seal the words of a form and keep them, over what its page was drawn from."""
    over = places_in(said.get("over", ""))
    return await keep_words(visit, opened, words, over=over)


async def keep_by_hand(
    visit: Visit, draft: DraftRow, form: Form, words_in: Callable[[Form], Words | None]
) -> Response | None:
    """What a browser without scripts sent; None once it is kept."""
    opened = await open_draft(visit, draft, form)
    if isinstance(opened, Response):
        return opened
    words = words_in(form)
    if words is None or await keep(visit, opened, words, form.values) is None:
        return visit.tell(MALFORMED)
    return None


async def keep_words(
    visit: Visit, opened: OpenDraft, words: Words, *, over: Sequence[Place]
) -> Saved | None:
    """Keep words as a text of their own, over those texts that are still as named."""
    organisation = opener_of(visit).organisation
    sent = opened.sealed(Place(new_uuid(), 1), words, organisation=organisation)
    there = tuple(one.place for one in opened.texts if one.place in over)
    return await visit.services[NoteDrafts].save(
        msgspec.structs.replace(sent, over=there),
        account=visit.session.account,
        organisation=organisation,
    )


def written(*places: Place) -> str:
    """Places as a form's field names them."""
    return " ".join(f"{one.editor}:{one.number}" for one in places)


def by_place(texts: Iterable[OpenText]) -> dict[str, Words]:
    """Words of texts by their place, as a form names it; damaged ones left out."""
    return {written(one.place): one.words for one in texts if one.words is not None}


def places_in(text: str) -> tuple[Place, ...]:
    """Undo it; what is no place is left out."""
    found = []
    for one in text.split():
        editor, _, number = one.partition(":")
        is_number = number.isascii() and number.isdigit() and len(number) < _MOST_DIGITS
        if is_uuid(editor) and is_number:
            found.append(Place(editor, int(number)))
    return tuple(found)


async def throw_away(visit: Visit, draft: DraftRow) -> None:
    """Off every list; what is typed in another window later brings it back."""
    await visit.services[NoteDrafts].end(
        draft, as_=THROWN_AWAY, organisation=opener_of(visit).organisation
    )


async def bring_back(visit: Visit, opened: OpenDraft) -> None:
    """Undo throwing away: the same words go on in a window of their own."""
    newest = opened.texts[0]
    if newest.words is not None:
        await keep(visit, opened, newest.words, {"over": written(newest.place)})


async def is_signed(visit: Visit, draft: DraftRow, words: Words | None) -> bool:
    """Whether just these words were signed; others that come late are kept first."""
    if draft.ended_as != SIGNED:
        return False
    if words is None:
        return True
    opened = await visit.services[NoteDrafts].open(draft, opener=opener_of(visit))
    if isinstance(opened, Refusal):
        return False
    return any(one.words == words for one in opened.texts)


async def open_to_sign(
    visit: Visit, draft: DraftRow, words: Words | None, form: Form
) -> OpenDraft | Refusal:
    """The draft, with what a browser without scripts sent along kept first."""
    drafts, opener = visit.services[NoteDrafts], opener_of(visit)
    opened = await drafts.open(draft, opener=opener)
    if isinstance(opened, Refusal) or words is None:
        return opened
    await keep(visit, opened, words, form.values)
    again = await drafts.open(draft, opener=opener)
    if isinstance(again, OpenDraft) and len(again.texts) == 1:
        form.values["place"] = written(again.texts[0].place)
    return again


def to_sign(opened: OpenDraft, form: Form) -> Words | None:
    """The words that the page was at; None where there are others besides."""
    if len(opened.texts) != 1:
        return None
    [text] = opened.texts
    return text.words if written(text.place) == form.values.get("place") else None


async def end_by_signing(visit: Visit, opened: OpenDraft) -> None:
    """End it, unless words came in beside the text that was signed."""
    await visit.services[NoteDrafts].end(
        opened.row,
        as_=SIGNED,
        organisation=opener_of(visit).organisation,
        only=opened.texts[0].place,
    )
