# SPDX-License-Identifier: Apache-2.0
"""Today's list of one clinic: who comes, who waits, and one press for each.

Done means, to a receptionist: the list is there when she signs in and keeps itself up
to date. Who is on it was opened once, by her, an entry for each; what changes comes
without names, and the page puts the names that it has beside it. Rejected: asking for
everybody anew at each change (a flood of entries that tell nobody anything).
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec
from markupsafe import Markup
from starlette.responses import Response

from wardkeep.apps.clinics.gates import CLINIC, ROOMS
from wardkeep.apps.clinics.showing import FILTERS, NOTES, clock, sections
from wardkeep.base.ids import OrganisationId
from wardkeep.care.opening import opener_of
from wardkeep.care.people import banners_in
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
from wardkeep.web.live import Ground, Region, Shared
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


async def show_desk_part(ground: Ground) -> Markup:
    """The list as it stands, without a name, as a desk has it."""
    return await _nameless(ground, is_room=False)


async def show_room_part(ground: Ground) -> Markup:
    """The same for whoever calls people in."""
    return await _nameless(ground, is_room=True)


async def _nameless(ground: Ground, *, is_room: bool) -> Markup:
    part = await _part(ground, await _lines(ground), is_room=is_room)
    people: Mapping[str, Banner] = {}
    return ground.fill("clinics/day_part.html", **part, people=people)


async def _lines(ground: Ground) -> tuple[Line, ...]:
    clinic = ground.services[Clinic]
    return await clinic.rows.of_places(
        OrganisationId(ground.organisation), [ground.path("place")], clinic.desk.today()
    )


def _told_to_desks(visit: Visit) -> Shared:
    return _heard(visit, show_desk_part)


def _told_to_rooms(visit: Visit) -> Shared:
    return _heard(visit, show_room_part)


def _heard(visit: Visit, show: Callable[[Ground], Awaitable[Markup]]) -> Shared:
    """Of each change; and each minute, because waits grow by themselves."""
    return Shared((Topic("clinic", visit.path("place")),), show, every_seconds=60)


@page("/clinics/{place}/now", gate=CLINIC, hears=_told_to_desks)
async def show_day_now(visit: Visit) -> Response:
    return visit.answer_part(_live(visit), await show_desk_part(visit.ground))


@page("/clinics/{place}/rooms/now", gate=ROOMS, hears=_told_to_rooms)
async def show_rooms_now(visit: Visit) -> Response:
    return visit.answer_part(_live(visit), await show_room_part(visit.ground))


def _is_room(visit: Visit) -> bool:
    return ROOMS.admits(visit.session.role)


def _live(visit: Visit) -> Region:
    part = show_rooms_now if _is_room(visit) else show_day_now
    return visit.live(part, room=visit.query("room"), show=visit.query("show"))


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
    lines = await _lines(visit.ground)
    found = await visit.services[Lister].people(
        [one.patient for one in lines], opener=opener
    )
    if isinstance(found, Refusal):
        return visit.refuse(found)
    today = visit.today
    people = banners_in(found.patients, today)
    return visit.render(
        "clinics/day.html",
        **await _part(visit.ground, lines, is_room=_is_room(visit)),
        live=live,
        name=names[place],
        entry=found.entry,
        people=people,
        told=await _told(visit, opener),
    )


async def _part(
    ground: Ground, lines: Sequence[Line], *, is_room: bool
) -> dict[str, Any]:
    """What the list says of its lines: ids, times and numbers, made of no session."""
    clinic, place = ground.services[Clinic], ground.path("place")
    now, day = ground.clock.now(), clinic.desk.today()
    organisation = OrganisationId(ground.organisation)
    steps = await clinic.rows.last_steps(organisation, place, day)
    starts = await clinic.rows.starts(organisation, [place], day)
    only, room = ground.query("show"), ground.query("room")
    return {
        "place": place,
        "sections": sections(lines, steps, now, only=only),
        "goes": estimate(lines, starts.get(place, ()), now),
        "only": only if only in FILTERS else "all",
        "filters": FILTERS,
        "notes": NOTES,
        "room": room if ROOM.fullmatch(room) else "",
        "is_room": is_room,
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
