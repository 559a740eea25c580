# SPDX-License-Identifier: Apache-2.0
"""One draft of a form: its words, all of them; kept by hand, thrown away, brought back.

Done means: whatever became of the form, I read what I typed, and copy it. Rejected: a
page for its author's colleagues, and one that joins two texts by itself.
"""

from starlette.responses import Response

from wardkeep.care import drafts
from wardkeep.care.drafts import keep_words, written
from wardkeep.care.keeping import keep_form, own_draft
from wardkeep.care.kept_forms import KEPT_FORMS
from wardkeep.care.of_patient import WRITERS, banner_for
from wardkeep.care.unfinished import KEPT, address_of
from wardkeep.fhir.notes.draft_rows import DraftRow
from wardkeep.fhir.notes.drafts import OpenDraft
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import MALFORMED, NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

_ONE = "/patients/{id}/unfinished/{draft}"


async def _opened(visit: Visit, form: Form | None = None) -> OpenDraft | Response:
    draft = await own_draft(visit, visit.path("draft"))
    if draft is None:
        return visit.tell(NOT_FOUND)
    return await drafts.open_draft(visit, draft, form)


@page(_ONE, gate=WRITERS)
async def show_words(visit: Visit) -> Response:
    banner = await banner_for(visit)
    if isinstance(banner, Response):
        return banner
    opened = await _opened(visit)
    if isinstance(opened, Response):
        return opened
    draft = opened.row
    form = KEPT_FORMS[draft.kind]
    return visit.render(
        "unfinished/one.html",
        id=visit.path("id"),
        banner=banner,
        draft=draft,
        form=form,
        address=address_of(form, draft),
        texts=[one for one in opened.texts if one.words is not None],
        set_aside=[one for one in opened.set_aside if one.words is not None],
        unreadable=sum(one.words is None for one in opened.texts),
        until=draft.saved_at + KEPT,
        written=written,
    )


@page(f"{_ONE}/keep", gate=WRITERS, methods=("POST",))
async def keep(visit: Visit) -> Response:
    """The button for browsers without scripts."""
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    opened = await _opened(visit, form)
    if isinstance(opened, Response):
        return opened
    kind = KEPT_FORMS[opened.row.kind]
    if await keep_form(visit, opened, form, title=kind.words) is None:
        return visit.tell(MALFORMED)
    return visit.go_to(address_of(kind, opened.row))


@page(f"{_ONE}/throw-away", gate=WRITERS, methods=("POST",))
async def throw_away(visit: Visit) -> Response:
    """Off every list; it is kept for a week, and what is typed later brings it back."""
    await visit.leave_nothing_unread()
    draft = await own_draft(visit, visit.path("draft"))
    if draft is None:
        return visit.tell(NOT_FOUND)
    await drafts.throw_away(visit, draft)
    return visit.go_to(_at(visit, draft))


@page(f"{_ONE}/bring-back", gate=WRITERS, methods=("POST",))
async def bring_back(visit: Visit) -> Response:
    """Undo throwing away: the same words, as a text of their own."""
    await visit.leave_nothing_unread()
    opened = await _opened(visit)
    if isinstance(opened, Response):
        return opened
    newest = next((one for one in opened.texts if one.words is not None), None)
    if newest is not None and newest.words is not None:
        await keep_words(visit, opened, newest.words, over=(newest.place,))
    return visit.go_to(_at(visit, opened.row))


def _at(visit: Visit, draft: DraftRow) -> str:
    return f"/patients/{visit.path('id')}/unfinished/{draft.id}"
