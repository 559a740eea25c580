# SPDX-License-Identifier: Apache-2.0
"""A link for somebody's phone: made at a desk for one appointment, shown once.

The warden makes it and keeps its hash; the page shows it as a code to scan, and as an
address for a message. Whoever finds it needs two facts about the person as well.
"""

from datetime import timedelta

from starlette.responses import Response

from wardkeep.apps.check_in.reviewing import DESK, desk_opener
from wardkeep.base.clock import microseconds_since_epoch
from wardkeep.disclosure.answers import Created, Refusal
from wardkeep.disclosure.check_in import NewCheckInLink
from wardkeep.fhir.clinics.clinic import Clinic
from wardkeep.ui.qr_code import draw_qr
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

AFTER = timedelta(hours=1)
"""A link ends so long after its appointment."""


@page("/check-in/links/{appointment}", gate=DESK)
async def offer_link(visit: Visit) -> Response:
    return await _show(visit, "")


async def _show(visit: Visit, address: str) -> Response:
    opener = desk_opener(visit)
    line = await visit.services[Clinic].rows.one(
        opener.organisation, visit.path("appointment")
    )
    if line is None:
        return visit.tell(NOT_FOUND)
    return visit.render(
        "check_in/new_link.html",
        line=line,
        address=address,
        qr=draw_qr(address) if address else None,
    )


@page("/check-in/links/{appointment}", gate=DESK, methods=("POST",))
async def make_link(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    organisation = desk_opener(visit).organisation
    line = await visit.services[Clinic].rows.one(
        organisation, visit.path("appointment")
    )
    if line is None:
        return visit.tell(NOT_FOUND)
    until = microseconds_since_epoch(line.ends_at + AFTER)
    made = await visit.warden.ask(
        NewCheckInLink(visit.token, line.patient, line.appointment, until), Created
    )
    if isinstance(made, Refusal):
        return visit.refuse(made)
    return await _show(visit, f"{visit.site.origin}/check-in/by/{made.id}")
