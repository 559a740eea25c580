# SPDX-License-Identifier: Apache-2.0
"""Today's list of one clinic: who comes, who waits, and one press for each.

Done means, to a receptionist: the list is there when she signs in and keeps itself up
to date. Who is on it was opened once, by her, an entry for each; what changes comes
without names, and the page puts the names that it has beside it. Rejected: asking for
everybody anew at each change (a flood of entries that tell nobody anything).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from starlette.responses import Response

from wardkeep.apps.clinics.gates import CLINIC, ROOMS
from wardkeep.apps.clinics.showing import FILTERS, NOTES, clock, sections
from wardkeep.care.opening import opener_of
from wardkeep.care.people import who_is
from wardkeep.db.changes import Topic
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.clinics.clinic import Clinic
from wardkeep.fhir.clinics.outcomes import Line
from wardkeep.fhir.clinics.room import ROOM
from wardkeep.fhir.clinics.waits import estimate
from wardkeep.fhir.clinics.words import Channel
from wardkeep.fhir.store.listing import Lister
from wardkeep.fhir.store.outcomes import Opener
from wardkeep.ui.banner import Banner
from wardkeep.web.live import Region, Signal
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND
from wardkeep.web.visit import Visit

SAID = {
    "in": "Checked in.",
    "undone": "Taken back.",
    "missed": "Marked as not come.",
    "gone": "Marked as left.",
    "cancelled": "Cancelled.",
    "called": "Called to the screen.",
    "back": "Not there: waits a little longer.",
    "begun": "The visit has begun.",
    "over": "The visit is over.",
    "noted": "Noted.",
    "booked": "Booked.",
    "moved": "Moved to the new time.",
    "not-so": "Somebody else was first: this is how it stands now.",
    "off": "That is not on, or its time is taken: this is how it stands.",
    "no-room": "Say in which room you are, then call.",
}


class Told(msgspec.Struct, frozen=True):
    """What became of what was just done."""

    words: str
    appointment: str
    is_plain: bool
    """Whether it was done; else it reads as a warning."""


def _hears(visit: Visit) -> Signal:
    """Of each change; and each minute, because waits grow by themselves."""
    return Signal((Topic("clinic", visit.path("place")),), every_seconds=60)


@page("/clinics/{place}/now", gate=CLINIC, hears=_hears)
async def show_day_now(visit: Visit) -> Response:
    """The list as it stands, without a name."""
    live = _live(visit)
    clinic, opener = visit.services[Clinic], opener_of(visit)
    lines = await clinic.rows.of_places(
        opener.organisation, [visit.path("place")], clinic.desk.today()
    )
    people: Mapping[str, Banner] = {}
    part = await _part(visit, lines, opener)
    return visit.part(live, "clinics/day_part.html", **part, people=people)


def _live(visit: Visit) -> Region:
    return visit.live(show_day_now, room=visit.query("room"), show=visit.query("show"))


@page("/clinics/{place}", gate=CLINIC)
async def show_day(visit: Visit) -> Response:
    live = _live(visit)
    clinic, opener = visit.services[Clinic], opener_of(visit)
    place = visit.path("place")
    names = await clinic.places.names(opener=opener)
    if isinstance(names, Refusal):
        return visit.refuse(names)
    if place not in names:
        return visit.tell(NOT_FOUND)
    lines = await clinic.rows.of_places(
        opener.organisation, [place], clinic.desk.today()
    )
    found = await visit.services[Lister].people(
        [one.patient for one in lines], opener=opener
    )
    if isinstance(found, Refusal):
        return visit.refuse(found)
    today = visit.clock.now().date()
    people = {one.id: who_is(one.id, one.text, today) for one in found.patients}
    return visit.render(
        "clinics/day.html",
        **await _part(visit, lines, opener),
        live=live,
        name=names[place],
        entry=found.entry,
        people=people,
        told=await _told(visit, opener),
    )


async def _part(visit: Visit, lines: Sequence[Line], opener: Opener) -> dict[str, Any]:
    clinic, place, now = visit.services[Clinic], visit.path("place"), visit.clock.now()
    day, organisation = clinic.desk.today(), opener.organisation
    steps = await clinic.rows.last_steps(organisation, place, day)
    starts = await clinic.rows.starts(organisation, [place], day)
    only, room = visit.query("show"), visit.query("room")
    return {
        "place": place,
        "sections": sections(lines, steps, now, only=only),
        "goes": estimate(lines, starts.get(place, ()), now),
        "only": only if only in FILTERS else "all",
        "filters": FILTERS,
        "notes": NOTES,
        "room": room if ROOM.fullmatch(room) else "",
        "is_room": ROOMS.admits(visit.session.role),
    }


async def _told(visit: Visit, opener: Opener) -> Told | None:
    said, of = visit.query("said"), visit.query("of")
    if said == "already":
        arrived = await visit.services[Clinic].rows.arrival(opener.organisation, of)
        if arrived is None:
            return None
        at, channel = arrived
        words = f"Was checked in at {clock(at)} {Channel(channel).words} already."
        return Told(words, of, is_plain=True)
    if said not in SAID:
        return None
    return Told(SAID[said], of, is_plain=said not in ("not-so", "off", "no-room"))
