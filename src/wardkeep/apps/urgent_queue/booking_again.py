# SPDX-License-Identifier: Apache-2.0
"""Another time at the service to which a case was sent.

The first was taken, or was given back. Times are those of the moment; of two who book
one, one has it.
"""

from starlette.responses import Response

from wardkeep.apps.urgent_queue.opening import STAFF, organisation_of
from wardkeep.apps.urgent_queue.referred import (
    Press,
    can_book,
    place,
    press_on,
    show_one,
    stepped,
)
from wardkeep.care.case_messages import booking_of
from wardkeep.fhir.bars.building import Party
from wardkeep.fhir.bars.outgoing import Sort, Standing, queued, standing_referral
from wardkeep.fhir.bars.questions import Kind, Questions
from wardkeep.fhir.bars.times import FreeTime, time_in
from wardkeep.fhir.clinics.resources import instant
from wardkeep.fhir.urgent.steps import Step
from wardkeep.ui.format import show_moment
from wardkeep.web.pages import page
from wardkeep.web.visit import Visit


@page("/patients/{id}/refer/{entry}/book", gate=STAFF, methods=("POST",))
async def book(visit: Visit) -> Response:
    """Ask for times; or, with one of them, book it."""
    found = await press_on(visit)
    if isinstance(found, Response):
        return found
    referral = standing_referral(found.ground.sent)
    if referral is None or not can_book(found.ground):
        return visit.go_to(place(visit, "nothing"))
    time = time_in(found.form.values.get("time", ""))
    if time is None:
        return await _times(visit, found, referral)
    return await _book(visit, found, referral, time)


async def _times(visit: Visit, found: Press, referral: Standing) -> Response:
    told = await visit.services[Questions].ask(
        organisation_of(visit),
        referral.service,
        Kind.TIMES,
        instant(found.ground.here.entry.due),
        asker=visit.session.account,
    )
    return await show_one(visit, times=told)


async def _book(
    visit: Visit, found: Press, referral: Standing, time: FreeTime
) -> Response:
    to = Party(name=referral.partner, service=referral.service)
    message = queued(
        booking_of(visit, found.ground.patient, to, time, back=None),
        organisation=organisation_of(visit),
        patient=visit.path("id"),
        about=referral.about,
        partner=referral.service,
        author=found.me,
        now=visit.clock.now(),
        kind=Sort.BOOKING,
        time=time,
    )
    words = f"{referral.partner}: a time at {show_moment(time.start.isoformat())}"
    return await stepped(visit, found, Step.REFER, words, [message], said="booked")
