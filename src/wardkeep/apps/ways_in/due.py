# SPDX-License-Identifier: Apache-2.0
"""Which ways into homes should be changed, and why; told from the ledger, no codes.

Done means, to a coordinator: one page, the most urgent first, each with the reason and
a link to set it anew. What was set anew is gone from it at once.
"""

from starlette.responses import Response

from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.ways_in import FROZEN, LEFT, OLD, DueWaysIn, ListDueWaysIn
from wardkeep.web.gates import Gate
from wardkeep.web.pages import page
from wardkeep.web.visit import Visit

PLANNERS = Gate.SIGNED_IN.only(
    "care_coordinator", "community_coordinator", "privacy_officer"
)
WORDS = {
    FROZEN: ("Seen by an account that was frozen since", "red"),
    LEFT: ("Seen by somebody who has left since", "orange"),
    OLD: ("Older than a year", "grey"),
}


@page("/ways-in", gate=PLANNERS)
async def show_due(visit: Visit) -> Response:
    found = await visit.warden.ask(ListDueWaysIn(visit.token), DueWaysIn)
    if isinstance(found, Refusal):
        return visit.refuse(found)
    return visit.render(
        "ways_in/due.html",
        lines=found.lines,
        left_out=found.left_out,
        words=WORDS,
        may_set=visit.session.role != "privacy_officer",
    )
