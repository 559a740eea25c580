# SPDX-License-Identifier: Apache-2.0
"""My notes: drafts that I have not signed, and what waits for my signature.

Done means: nothing that I began is forgotten, wherever I began it. The people in the
lists are named in the ledger to me, as those of any list are.
"""

from collections.abc import Mapping, Sequence

import msgspec
from starlette.responses import Response

from wardkeep.apps.notes.headings import LEADERS
from wardkeep.care.of_patient import WRITERS
from wardkeep.care.opening import me, opener_of
from wardkeep.care.people import banners_in
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.assessments.drafts import ASSESSMENT, place_of
from wardkeep.fhir.notes.draft_rows import MOST_DRAFTS, NOTE, DraftRow
from wardkeep.fhir.notes.drafts import NoteDrafts
from wardkeep.fhir.notes.reading import NoteReader, Waiting
from wardkeep.fhir.store.listing import Lister
from wardkeep.ui.banner import Banner
from wardkeep.web.pages import page
from wardkeep.web.visit import Visit


class Unfinished(msgspec.Struct, frozen=True, kw_only=True):
    """A draft or a note that waits, and whose it is."""

    person: Banner | None
    draft: DraftRow | None = None
    waiting: Waiting | None = None

    @property
    def place(self) -> str:
        """Where the draft is gone on with, below the patient's own address."""
        return place_of(self.draft) if self.draft is not None else ""


@page("/notes", gate=WRITERS)
async def show_mine(visit: Visit) -> Response:
    drafts = await _to_sign(visit)
    waiting = await _waiting(visit)
    if isinstance(waiting, Refusal):
        return visit.refuse(waiting)
    ids = [*(one.patient.id for one in drafts), *(one.patient for one in waiting)]
    people = await _people(visit, ids)
    if isinstance(people, Refusal):
        return visit.refuse(people)
    return visit.render(
        "notes/mine.html",
        drafts=[
            Unfinished(person=people.get(one.patient.id), draft=one) for one in drafts
        ],
        waiting=[
            Unfinished(person=people.get(one.patient), waiting=one) for one in waiting
        ],
        may_edit_templates=LEADERS.admits(visit.session.role),
    )


async def _to_sign(visit: Visit) -> Sequence[DraftRow]:
    """Drafts of what is signed; forms that are kept have a list of their own."""
    kept, organisation = visit.services[NoteDrafts], opener_of(visit).organisation
    found = [
        one
        for kind in (NOTE, ASSESSMENT)
        for one in await kept.of_account(organisation, visit.session.account, kind=kind)
    ]
    newest = sorted(found, key=lambda one: one.saved_at, reverse=True)
    return newest[:MOST_DRAFTS]


async def _waiting(visit: Visit) -> Sequence[Waiting] | Refusal:
    mine = await me(visit)
    if not mine.reference:
        return ()
    reader = visit.services[NoteReader]
    return await reader.to_co_sign(mine.reference, opener=opener_of(visit))


async def _people(visit: Visit, ids: Sequence[str]) -> Mapping[str, Banner] | Refusal:
    found = await visit.services[Lister].people(ids, opener=opener_of(visit))
    if isinstance(found, Refusal):
        return found
    return banners_in(found.patients, visit.today)
