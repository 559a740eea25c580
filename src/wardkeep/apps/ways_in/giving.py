# SPDX-License-Identifier: Apache-2.0
"""The way in, at the door of a home: one code, after a tap, for 20 seconds.

Done means, to a carer: within the visit I tap once and read it; too early I read when
it opens and whom to ring. The answer to the tap is a POST, so that neither the address,
nor going back, nor a reload without another tap shows it. It hides by itself by the
style sheet alone; the script hides it sooner, when the window is left.
"""

from starlette.responses import Response

from wardkeep.base.ids import is_fhir_id
from wardkeep.care.opening import opener_of
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.ways_in import AskWayIn, WayInStanding
from wardkeep.fhir.home.way_in import KINDS, TYPE, read_way_in
from wardkeep.fhir.store.outcomes import NotFound
from wardkeep.fhir.store.reading import Reader
from wardkeep.fhir.store.ways_in import WaysInKept
from wardkeep.web.gates import Gate
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

CARERS = Gate.SIGNED_IN.but("administrator", "finance_clerk", "support", "receptionist")
"""Whose work is about the person; the door decides all the same."""
_LONGEST_ID = 64


@page("/patients/{id}/way-in", gate=CARERS)
async def show_ways_in(visit: Visit) -> Response:
    standing = await visit.warden.ask(
        AskWayIn(visit.token, visit.path("id")), WayInStanding
    )
    if isinstance(standing, Refusal):
        return visit.refuse(standing)
    opener = opener_of(visit)
    kept = await visit.services[WaysInKept].of(opener.organisation, visit.path("id"))
    return visit.render(
        "ways_in/patient.html",
        id=visit.path("id"),
        standing=standing,
        kept=kept if standing.is_open or standing.may_set else (),
        saved=visit.query("set") == "1",
    )


@page("/patients/{id}/way-in", gate=CARERS, methods=("POST",))
async def give_way_in(visit: Visit) -> Response:
    """One way in, asked for at the door by itself."""
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    which = form.text("which", called="which one", at_most=_LONGEST_ID)
    if not is_fhir_id(which):
        return visit.tell(NOT_FOUND)
    reader = visit.services[Reader]
    opened = await reader.one(TYPE, which, opener=opener_of(visit))
    if isinstance(opened, NotFound):
        return visit.tell(NOT_FOUND)
    if isinstance(opened, Refusal):
        return visit.refuse(opened, form)
    [one] = opened.resources
    if one.patient != visit.path("id"):
        return visit.tell(NOT_FOUND)
    return visit.render(
        "ways_in/given.html",
        id=visit.path("id"),
        way_in=read_way_in(one.text),
        kinds=KINDS,
        opened=opened,
    )
