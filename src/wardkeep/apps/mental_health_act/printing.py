# SPDX-License-Identifier: Apache-2.0
"""The office's list on paper: what is due, as it stood when somebody printed it.

It has what the list has and nothing that opens with a section. Whoever is on it is
named in the ledger once more, as shown for paper.
"""

from starlette.responses import Response

from wardkeep.apps.mental_health_act.listing import (
    SHOWN,
    asked_of,
    office_of,
    wards_of,
)
from wardkeep.apps.mental_health_act.opening import OFFICE
from wardkeep.base.clock import microseconds_since_epoch
from wardkeep.web.pages import page
from wardkeep.web.visit import Visit

MOST_PRINTED = 200
"""Lines; a longer list is printed ward by ward."""
TOLD = "Mental Health Act, for paper: name, ward, section, what is due and when"


@page("/mental-health-act/print", gate=OFFICE)
async def print_office(visit: Visit) -> Response:
    office = await office_of(visit, 0, MOST_PRINTED, told=TOLD)
    if isinstance(office, Response):
        return office
    asked = asked_of(visit)
    wards = {one.reference: one.display for one in await wards_of(visit)}
    return visit.render(
        "mental_health_act/paper.html",
        office=office,
        asked=asked,
        title=dict(SHOWN)[asked["show"]],
        ward=wards.get(asked["ward"], ""),
        at=microseconds_since_epoch(visit.clock.now()),
    )
