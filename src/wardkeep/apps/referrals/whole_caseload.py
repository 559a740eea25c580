# SPDX-License-Identifier: Apache-2.0
"""A whole caseload of somebody who leaves, handed over to one or several colleagues.

It is dealt out one by one, whoever has been on it longest first, so that each colleague
gets as many, and nobody all of the new ones. What comes of it is a plan like any other.
"""

from collections.abc import Sequence
from itertools import cycle

from starlette.responses import Response

from wardkeep.apps.referrals.handing_over import (
    Move,
    find_mine,
    keep_plan,
    show_caseload_page,
)
from wardkeep.apps.referrals.opening import REFERRERS
from wardkeep.base.ids import is_uuid
from wardkeep.care.opening import opener_of
from wardkeep.disclosure.handing_over import MOST_HANDED_OVER
from wardkeep.fhir.referrals.rows import Place, ReferralRows
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

_TO = "to-"


def dealt(places: Sequence[Place], colleagues: Sequence[str]) -> list[Move]:
    """Each place with the team and person to whom it goes; `colleagues`: `team|id`."""
    in_order = sorted(places, key=lambda one: (one.began_on, one.episode))
    found: list[Move] = []
    for place, colleague in zip(in_order, cycle(colleagues), strict=False):
        team, _, worker = colleague.partition("|")
        found.append((place.episode, team, worker))
    return found


@page("/referrals/teams/{team}/caseload/whole", gate=REFERRERS, methods=("POST",))
async def plan_whole_caseload(visit: Visit) -> Response:
    """Keep who gets whom; nobody is moved by it."""
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    directory = await find_mine(visit)
    if isinstance(directory, Response):
        return directory
    which, worker = form.values.get("which", ""), visit.query("worker")
    if not is_uuid(which) or not worker:
        return visit.tell(NOT_FOUND)
    known = [value for value, _ in directory.choices]
    chosen = [one for one in known if f"{_TO}{one}" in form.values]
    if not chosen:
        wrong, mend = "Nobody is chosen", "Choose one colleague or several."
        form.reject("colleagues", wrong=wrong, mend=mend)
        return await show_caseload_page(visit, directory, form)
    team, organisation = visit.path("team"), opener_of(visit).organisation
    places = await visit.services[ReferralRows].caseload(organisation, team)
    theirs = [one for one in places if one.worker == worker][:MOST_HANDED_OVER]
    moves = dealt(theirs, chosen)
    return await keep_plan(visit, which, moves, named_by=moves)
