# SPDX-License-Identifier: Apache-2.0
"""Writing: the page with the text, and the saves that it makes by itself.

Done means, to a nurse: I type, and read when it was saved last; if it was not, I read
that it is kept on this device, or loudly that it is nowhere. Whatever dies, the words
are there when I come back. Rejected: a save that sends words in the clear (it would be
one more place that sees them), and one that asks the door (docs/decisions/0031).
"""

import base64
import binascii
from collections.abc import Sequence

import msgspec
from starlette.responses import Response

from wardkeep.apps.notes.asking import own_draft
from wardkeep.apps.notes.typed import (
    LONGEST_FIELD_BYTES,
    words_in,
)
from wardkeep.base.entry_codes import holds_entry_code
from wardkeep.base.ids import is_uuid
from wardkeep.base.outcome import Problem
from wardkeep.base.time_of_day import time_of_day
from wardkeep.care import drafts
from wardkeep.care.colleagues import colleagues
from wardkeep.care.of_patient import WRITERS, banner_for
from wardkeep.care.opening import me, opener_of
from wardkeep.care.typed import typed_moment
from wardkeep.fhir.notes.draft_rows import DraftRow, Place, Saved, Sent
from wardkeep.fhir.notes.drafts import MOST_BOX_BYTES, NoteDrafts, OpenDraft, OpenText
from wardkeep.fhir.notes.words import Section, Words
from wardkeep.web.pages import page
from wardkeep.web.trouble import MALFORMED, NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

_HIGHEST = 2**31 - 1


class SentText(msgspec.Struct, frozen=True):
    """What the page posts: a sealed text and what it was written over."""

    editor: str
    number: int
    box: str
    """In base64."""
    over: tuple[tuple[str, int], ...] = ()


class Kept(msgspec.Struct, frozen=True):
    """What the page is told."""

    number: int
    at: str
    """A time of day in London, to the second."""
    others: int
    """Texts of other windows that are not in this one."""
    ended: str
    """How the draft had ended before these words began it again; empty: it had not."""
    is_new: bool
    """Whether it was not here yet."""
    beside: tuple[str, ...]
    """Who else writes on the same note."""


@page("/notes/drafts/{draft}/save", gate=WRITERS, methods=("POST",))
async def save_text(visit: Visit) -> Response:
    """Keep a sealed text. No words are seen here, no key is used, nothing is read."""
    sent = await visit.json(SentText)
    if isinstance(sent, Trouble):
        return visit.tell(sent)
    text = _text_of(sent, visit.path("draft"))
    if text is None:
        return visit.tell(MALFORMED)
    organisation = opener_of(visit).organisation
    kept = visit.services[NoteDrafts]
    saved = await kept.save(
        text, account=visit.session.account, organisation=organisation
    )
    if saved is None:
        return visit.tell(NOT_FOUND)
    beside = await kept.beside(text.draft, organisation=organisation)
    return visit.answer_json(_kept(saved, beside))


def _text_of(sent: SentText, draft: str) -> Sent | None:
    named = [draft, sent.editor, *[editor for editor, _ in sent.over]]
    numbers = [sent.number, *[number for _, number in sent.over]]
    try:
        box = base64.b64decode(sent.box, validate=True)
    except (binascii.Error, ValueError):
        return None
    is_well = all(map(is_uuid, named)) and all(0 <= n <= _HIGHEST for n in numbers)
    if not is_well or not 0 < len(box) <= MOST_BOX_BYTES:
        return None
    over = tuple(Place(editor, number) for editor, number in sent.over)
    return Sent(draft=draft, place=Place(sent.editor, sent.number), box=box, over=over)


def _kept(saved: Saved, beside: Sequence[str]) -> Kept:
    return Kept(
        number=saved.number,
        at=time_of_day(saved.saved_at, seconds=True),
        others=len(saved.others),
        ended=saved.ended_as if saved.is_new else "",
        is_new=saved.is_new,
        beside=tuple(beside),
    )


@page("/patients/{id}/drafts/{draft}", gate=WRITERS)
async def write(visit: Visit) -> Response:
    """The text in its fields, and its key for the page to seal what comes next."""
    draft = await own_draft(visit)
    if isinstance(draft, Response):
        return draft
    if draft.ended_as:
        return visit.render("notes/ended.html", id=visit.path("id"), draft=draft)
    opened = await drafts.open_draft(visit, draft)
    if isinstance(opened, Response):
        return opened
    if len(opened.texts) != 1:
        return visit.go_to(f"/patients/{visit.path('id')}/drafts/{draft.id}/texts")
    return await show_form(visit, opened, opened.texts[0])


async def show_form(
    visit: Visit,
    opened: OpenDraft,
    text: OpenText,
    problems: Sequence[Problem] = (),
    *,
    co_signer: str = "",
) -> Response:
    """The page with the words in it; a new editor begins where they stand."""
    banner = await banner_for(visit)
    if isinstance(banner, Response):
        return banner
    draft, words = opened.row, text.words or Words(sections=(Section(),))
    return visit.render(
        "notes/write.html",
        status=422 if problems else 200,
        id=visit.path("id"),
        banner=banner,
        draft=draft,
        words=words,
        is_readable=text.words is not None,
        when=words.when or typed_moment(draft.begun_at),
        **drafts.window(visit, opened, text),
        problems=problems,
        holds_code=_holds_code(words) and not draft.is_sealed,
        colleagues=await _colleagues(visit, draft),
        co_signer=co_signer,
        beside=await _beside(visit, draft),
    )


def _holds_code(words: Words) -> bool:
    return any(holds_entry_code(one.text) for one in words.sections)


async def _beside(visit: Visit, draft: DraftRow) -> Sequence[str]:
    organisation = opener_of(visit).organisation
    return await visit.services[NoteDrafts].beside(draft.id, organisation=organisation)


async def _colleagues(visit: Visit, draft: DraftRow) -> list[tuple[str, str]]:
    """Practitioners who can be asked to co-sign, by name; none for what is sealed."""
    if draft.is_sealed:
        return []
    found, mine = await colleagues(visit), await me(visit)
    return [
        (one.reference, one.display) for one in found if one.reference != mine.reference
    ]


@page("/patients/{id}/drafts/{draft}", gate=WRITERS, methods=("POST",))
async def save_by_hand(visit: Visit) -> Response:
    """The button for browsers without scripts."""
    draft = await own_draft(visit)
    if isinstance(draft, Response):
        return draft
    form = await visit.form(longest=LONGEST_FIELD_BYTES)
    if isinstance(form, Trouble):
        return visit.tell(form)
    wrong = await drafts.keep_by_hand(visit, draft, form, words_in)
    if wrong is not None:
        return wrong
    return visit.go_to(f"/patients/{visit.path('id')}/drafts/{draft.id}")


@page("/patients/{id}/drafts/{draft}/throw-away", gate=WRITERS, methods=("POST",))
async def throw_away(visit: Visit) -> Response:
    """Off every list; what is typed in another window later brings it back."""
    draft = await own_draft(visit)
    if isinstance(draft, Response):
        return draft
    await visit.leave_nothing_unread()
    await drafts.throw_away(visit, draft)
    return visit.go_to(f"/patients/{visit.path('id')}/notes?thrown-away={draft.id}")


@page("/patients/{id}/drafts/{draft}/bring-back", gate=WRITERS, methods=("POST",))
async def bring_back(visit: Visit) -> Response:
    """Undo throwing away: the same words go on in a window of their own."""
    draft = await own_draft(visit)
    if isinstance(draft, Response):
        return draft
    await visit.leave_nothing_unread()
    opened = await drafts.open_draft(visit, draft)
    if isinstance(opened, Response):
        return opened
    await drafts.bring_back(visit, opened)
    return visit.go_to(f"/patients/{visit.path('id')}/drafts/{draft.id}")
