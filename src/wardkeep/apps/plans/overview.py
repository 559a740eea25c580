# SPDX-License-Identifier: Apache-2.0
"""All plans of a patient on one page, what a visitor must know first.

Done means: from the record, one press and I read the risk and the safety plan in full,
see who wrote them when, and whether somebody should look at them again. Rejected: a
page for each (whoever is at a door reads one), and a date's age told by colour alone.
"""

from starlette.responses import Response

from wardkeep.apps.plans.opening import find_plan
from wardkeep.care.of_patient import READERS, WRITERS, banner_for
from wardkeep.care.talks import talks_with
from wardkeep.fhir.plans.kinds import KINDS
from wardkeep.web.pages import page
from wardkeep.web.visit import Visit


@page("/patients/{id}/plans", gate=READERS)
async def show_plans(visit: Visit) -> Response:
    banner = await banner_for(visit)
    if isinstance(banner, Response):
        return banner
    plans = []
    for kind in KINDS.values():
        found = await find_plan(visit, kind)
        if isinstance(found, Response):
            return found
        plans.append(found)
    talks = await talks_with(visit)
    if isinstance(talks, Response):
        return talks
    return visit.render(
        "plans/plans.html",
        id=visit.path("id"),
        banner=banner,
        plans=plans,
        talks=[one for one in talks if one.is_active],
        over=[one for one in talks if not one.is_active],
        today=visit.today,
        may_write=WRITERS.admits(visit.session.role),
        saved=visit.query("saved"),
    )
