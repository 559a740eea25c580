# SPDX-License-Identifier: Apache-2.0
"""One's own telephone: which extension it is, and the number of whom it answered last.

The number is the door's to give, to the account whose telephone answered, and each time
it does is in the ledger. Where no telephone system tells, this says nothing.
"""

from datetime import UTC, datetime, timedelta

import msgspec
from starlette.responses import Response

from wardkeep.apps.calls.opening import ANSWERERS, own_practitioner, rows
from wardkeep.base.ids import OrganisationId, derived_uuid
from wardkeep.base.time_of_day import time_of_day
from wardkeep.care.opening import opener_of
from wardkeep.db.changes import Topic
from wardkeep.disclosure.telephone import AskNumber, CallerNumber
from wardkeep.fhir.urgent.telephone.seats import DEVICE, Seats
from wardkeep.fhir.urgent.telephone.taking import TOPIC
from wardkeep.web.forms import Form
from wardkeep.web.live import Signal
from wardkeep.web.pages import page
from wardkeep.web.trouble import Trouble
from wardkeep.web.visit import Visit

TOO_MANY = Trouble(
    status=429,
    title="You changed telephones too often",
    why="Within an hour somebody sits at ten telephones at most: each that you take"
    " is a colleague's no more. So nothing was changed.",
    mend="Type callers' numbers, or wait an hour.",
)
NO_PLACE = Trouble(
    status=409,
    title="Nobody has said who you are in the record",
    why="A telephone is somebody’s, and your account is nobody in the record.",
    mend="Ask an administrator to name your practitioner under People.",
)


class Rang(msgspec.Struct, frozen=True, kw_only=True):
    """A call that one's own telephone answered, and that has no case yet."""

    number: str
    which: str
    """Of the form that begins the case: however often it is pressed, it is one."""
    at: str


async def rang(visit: Visit) -> Rang | None:
    """None where nothing is known, or its case was begun."""
    found = await visit.warden.ask(AskNumber(visit.token), CallerNumber)
    if not isinstance(found, CallerNumber) or not found.number:
        return None
    case = derived_uuid("case", visit.session.account, found.call)
    if await rows(visit).one(opener_of(visit).organisation, case) is not None:
        return None
    at = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=found.answered_at)
    return Rang(number=found.number, which=found.call, at=time_of_day(at))


async def own_telephone(visit: Visit) -> str:
    """One's extension; empty: none is said, or it is a colleague's now."""
    organisation = OrganisationId(visit.session.organisation)
    return await visit.services[Seats].of(organisation, visit.session.account)


def _hears(visit: Visit) -> Signal:
    return Signal((Topic(TOPIC, visit.session.account),))


@page("/calls/telephone/now", gate=ANSWERERS, hears=_hears)
async def show_who_rang(visit: Visit) -> Response:
    live = visit.live(show_who_rang)
    return visit.part(live, "calls/rang_part.html", rang=await rang(visit))


@page("/calls/telephone", gate=ANSWERERS, methods=("POST",))
async def sit_down(visit: Visit) -> Response:
    """Say which extension is one's own; empty: none is."""
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    device = read_device(form)
    if form.problems:
        return visit.tell(
            Trouble(
                status=422,
                title="That is no extension",
                why="An extension is one to eight letters or digits.",
                mend="Go back, and type what stands on your telephone.",
            )
        )
    taker = await own_practitioner(visit)
    if device and not taker:
        return visit.tell(NO_PLACE)
    is_theirs = await visit.services[Seats].sit(
        OrganisationId(visit.session.organisation),
        visit.session.account,
        device=device,
        taker=taker,
        now=visit.clock.now(),
    )
    return visit.go_to("/calls") if is_theirs else visit.tell(TOO_MANY)


def read_device(form: Form) -> str:
    """The extension typed, without blanks."""
    typed = form.optional_text("device", called="the extension", at_most=40)
    device = "".join(typed.split())
    if device and not DEVICE.fullmatch(device):
        form.reject("device", wrong="That is no extension", mend="Type it again.")
        return ""
    return device
