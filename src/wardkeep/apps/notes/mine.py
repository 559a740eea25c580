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
from wardkeep.care.people import who_is
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.notes.draft_rows import DraftRow
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


@page("/notes", gate=WRITERS)
async def show_mine(visit: Visit) -> Response:
    opener = opener_of(visit)
    drafts = await visit.services[NoteDrafts].of_account(
        opener.organisation, visit.session.account
    )
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
    today = visit.clock.now().date()
    return {one.id: who_is(one.id, one.text, today) for one in found.patients}
