# SPDX-License-Identifier: Apache-2.0
"""The end of a case that another service has, or has dealt with."""

import msgspec
from starlette.responses import Response

from wardkeep.apps.urgent_queue.opening import STAFF
from wardkeep.apps.urgent_queue.referred import (
    is_there,
    place,
    press_on,
    stepped,
)
from wardkeep.care.case_closing import case_closed
from wardkeep.care.stored import stored
from wardkeep.care.telling import told_at_end
from wardkeep.fhir.bars.outgoing import Sort, standing_referral
from wardkeep.fhir.urgent import outcome as outcomes
from wardkeep.fhir.urgent.queueing import entry_content
from wardkeep.fhir.urgent.saying import instant
from wardkeep.fhir.urgent.steps import State, Step
from wardkeep.web.pages import page
from wardkeep.web.visit import Visit

_END_WORDS = {
    False: "Referred to {} by message, and there.",
    True: "Looked at again by {}, who have dealt with it.",
}


@page("/patients/{id}/refer/{entry}/close", gate=STAFF, methods=("POST",))
async def close(visit: Visit) -> Response:
    """It is there: the case is theirs, and over here."""
    found = await press_on(visit)
    if isinstance(found, Response):
        return found
    ground = found.ground
    referral = standing_referral(ground.sent)
    if referral is None or not is_there(referral) or not ground.here.entry.is_open:
        return visit.go_to(place(visit, "not-there"))
    entry = ground.here.entry
    was = await stored(visit, outcomes.TYPE, entry.outcome, patient=entry.patient)
    if isinstance(was, Response):
        return was
    over = await case_closed(visit, entry, instant(visit.clock.now()))
    if isinstance(over, Response):
        return over
    done = {**was.content, "status": outcomes.COMPLETED}
    more = [(done, was.version), *over]
    ended = msgspec.structs.replace(entry, state=State.DONE)
    contents = [entry_content(ended, ground.here.content), *(one for one, _ in more)]
    told = await told_at_end(visit, entry.patient, entry.case, contents)
    more += [(content, 0) for content in told.contents]
    words = _END_WORDS[referral.kind == Sort.VALIDATION].format(referral.partner)
    return await stepped(
        visit, found, Step.END, words, more=more, beside=told.beside, said="ended"
    )
