# SPDX-License-Identifier: Apache-2.0
"""The queue on paper: whose turn it is by the clock on the wall, when screens are slow.

Done means: a sheet that a shift lead puts up or a clinician carries, with times of day
and no minutes that run on; who took what is written beside it by hand. Names stand on
it for one's own cases alone, an entry for each; the rest is told apart by the numbers
that staff use, so a sheet on a wall names nobody who waits. Rejected: the board itself
printed (its minutes are wrong once it is dry); telephone numbers of all who wait (a
sheet that is left in a bin is then a list of the ill).
"""

import msgspec
from starlette.responses import Response

from wardkeep.apps.urgent_queue.board import skills_wanted
from wardkeep.apps.urgent_queue.opening import (
    BOARD,
    STAFF,
    names_of,
    organisation_of,
    rows,
)
from wardkeep.apps.urgent_queue.showing import lines_of, skill_words
from wardkeep.base.clock import microseconds_since_epoch
from wardkeep.care.colleagues import mine_of
from wardkeep.care.opening import opener_of
from wardkeep.care.people import banners_in
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.store.listing import Lister
from wardkeep.web.pages import page
from wardkeep.web.visit import Visit

MOST_PRINTED = 200
"""Lines; a longer queue is printed skill by skill."""
_TOLD = "urgent care queue, for paper: name of one's own cases, disposition, due"


@page(f"{BOARD}/print", gate=STAFF)
async def print_queue(visit: Visit) -> Response:
    mine, now = await mine_of(visit), visit.clock.now()
    organisation, skills = organisation_of(visit), skills_wanted(visit, mine)
    own = await rows(visit).own(organisation, mine.me.reference)
    listed = await rows(visit).listed(
        organisation, skills, at_most=MOST_PRINTED + len(own) + 1
    )
    ours = {one.entry for one in own}
    others = [one for one in listed if one.entry not in ours]
    opener = msgspec.structs.replace(opener_of(visit), request=_TOLD)
    given = await visit.services[Lister].people(
        [one.patient for one in own], opener=opener
    )
    shown = others[:MOST_PRINTED]
    return visit.render(
        "urgent_queue/paper.html",
        own=lines_of(own, now),
        lines=lines_of(shown, now),
        is_more=len(others) > MOST_PRINTED,
        people={}
        if isinstance(given, Refusal)
        else banners_in(given.patients, visit.today),
        entry=-1 if isinstance(given, Refusal) else given.entry,
        owners=await names_of(visit, [one.owner for one in shown]),
        queues=[skill_words(one) for one in skills or ()],
        chosen=visit.query("skill"),
        at=microseconds_since_epoch(now),
    )
