# SPDX-License-Identifier: Apache-2.0
"""What surgeries have not acknowledged, and journeys of which nothing was made.

It names nobody: to find the one that was refused, no name is needed. Opening one opens
the record, with an entry.
"""

from datetime import datetime

import msgspec
from starlette.responses import Response

from wardkeep.apps.surgeries.opening import STAFF, Standing, standing_of
from wardkeep.care.opening import opener_of
from wardkeep.fhir.post.rows import MOST, PostRows
from wardkeep.web.pages import page
from wardkeep.web.visit import Visit

LIST = "/surgery-messages"


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One of the list."""

    path: str
    number: str
    """A short name for the case, as colleagues say it."""
    surgery: str
    made_at: datetime
    standing: Standing


@page(LIST, gate=STAFF)
async def show_list(visit: Visit) -> Response:
    organisation, rows = opener_of(visit).organisation, visit.services[PostRows]
    unsent = await rows.unsent(organisation)
    untold = await rows.untold(organisation, now=visit.clock.now())
    return visit.render(
        "surgeries/list.html",
        lines=[
            Line(
                path=_path(one.patient, one.case),
                number=_number(one.case),
                surgery=one.name or f"Surgery {one.addressee}",
                made_at=one.made_at,
                standing=standing_of(one),
            )
            for one in unsent
        ],
        untold=[
            (_path(one.patient, one.case), _number(one.case), one.changed_at)
            for one in untold
        ],
        is_more=max(len(unsent), len(untold)) >= MOST,
    )


def _path(patient: str, case: str) -> str:
    return f"/patients/{patient}/calls/{case}/surgery"


def _number(case: str) -> str:
    return case.replace("-", "")[-5:].upper()
