# SPDX-License-Identifier: Apache-2.0
"""Making a copy that was signed for: a zip of a readable file, FHIR, and a manifest.

The answer is a POST's, so that no address holds a record, and it is sent in pieces: a
freeze cuts it off.
"""

import asyncio
from datetime import date, datetime, time, timedelta

from starlette.responses import Response

from wardkeep.apps.copies.asking import MAKERS
from wardkeep.apps.copies.files import Making, zip_of
from wardkeep.base.clock import LONDON
from wardkeep.care.opening import opener_of
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.copies import (
    GROUNDS,
    PARTS,
    PERSON,
    PURPOSES,
    MakeCopy,
    ReadSignedCopy,
    SignedCopyView,
)
from wardkeep.disclosure.purpose import Action
from wardkeep.fhir.store.outcomes import NotFound
from wardkeep.fhir.store.taking_out import RecordTaker, TakeOut
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND
from wardkeep.web.visit import Visit


async def _signed(visit: Visit) -> SignedCopyView | Refusal:
    asked = ReadSignedCopy(visit.token, visit.path("id"))
    return await visit.warden.ask(asked, SignedCopyView)


@page("/patients/{id}/copy/made", gate=MAKERS)
async def show_signed(visit: Visit) -> Response:
    signed = await _signed(visit)
    if isinstance(signed, Refusal):
        return visit.refuse(signed)
    return visit.render(
        "copies/signed.html",
        id=visit.path("id"),
        act=signed.act,
        ground=GROUNDS[signed.act.ground],
        titles=titles_of(signed.act),
        entry=signed.entry,
        left=signed.left,
    )


@page("/patients/{id}/copy/made", gate=MAKERS, methods=("POST",))
async def make_copy(visit: Visit) -> Response:
    await visit.leave_nothing_unread()
    signed = await _signed(visit)
    if isinstance(signed, Refusal):
        return visit.refuse(signed)
    act = signed.act
    asked = TakeOut(
        patient=act.patient,
        action=Action.COPY,
        types=act.types,
        since=_begin(act.since),
        until=_begin(act.until, later=timedelta(days=1)),
    )
    opener = opener_of(visit, purpose=PURPOSES[act.ground], reason=act.reason)
    taken = await visit.services[RecordTaker].take(asked, opener=opener)
    if isinstance(taken, Refusal):
        return visit.refuse(taken)
    if isinstance(taken, NotFound):
        return visit.tell(NOT_FOUND)
    making = Making(
        act=act,
        taken=taken,
        titles=titles_of(act),
        signed_entry=signed.entry,
        made_by=f"{visit.session.display_name}, {visit.session.role_title}",
        organisation=visit.session.organisation_name,
        base=f"{visit.site.origin}/fhir",
        at=visit.clock.now(),
    )
    # In a thread: a long record takes a while, and others wait on this loop.
    packed = await asyncio.to_thread(zip_of, making)
    name = f"record-copy-{taken.opened.entry}.zip"
    return Response(
        packed,
        media_type="application/zip",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def titles_of(act: MakeCopy) -> tuple[str, ...]:
    """The parts in words."""
    return (PERSON.title, *(PARTS[one].title for one in act.parts))


def _begin(day: str, *, later: timedelta = timedelta()) -> datetime | None:
    """When a day begins in London; None where none was named."""
    if not day:
        return None
    return datetime.combine(date.fromisoformat(day) + later, time(), LONDON)
