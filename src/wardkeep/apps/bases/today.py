# SPDX-License-Identifier: Apache-2.0
"""Who comes to the treatment centres today: when, and where each stands; nobody's name.

Done means, to a base receptionist: who is late is red, who waits and who is being seen
stands there by itself, and one link leads to the desk's own list, which opens names at
the door and has the buttons.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec
from markupsafe import Markup
from starlette.responses import Response

from wardkeep.base.ids import OrganisationId, is_fhir_id
from wardkeep.care.opening import opener_of
from wardkeep.care.queue_setting import setting_now
from wardkeep.db.changes import Topic
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.clinics.clinic import Clinic
from wardkeep.fhir.clinics.outcomes import Line
from wardkeep.fhir.clinics.words import Standing
from wardkeep.fhir.notes.reading import NoteReader
from wardkeep.fhir.urgent.times import BY_NAME
from wardkeep.fhir.visits import centres
from wardkeep.web.gates import Gate
from wardkeep.web.live import Ground, Shared
from wardkeep.web.pages import page
from wardkeep.web.visit import Visit

DESKS = Gate.SIGNED_IN.only("receptionist", "shift_lead", "urgent_care_clinician")
"""Who works at a treatment centre; names are opened elsewhere, at the door."""
_LATE = BY_NAME["late"]
"""The organisation's own number: whoever is red here is on *Next step overdue* too."""
_BETWEEN = "~"
_TAGS = {
    Standing.EXPECTED: ("Expected", "grey"),
    Standing.WAITING: ("Has arrived", "yellow"),
    Standing.CALLED: ("Called", "purple"),
    Standing.IN_ROOM: ("Being seen", "blue"),
    Standing.NO_SHOW: ("Did not come", "orange"),
}
_OVER = frozenset({Standing.SEEN, Standing.LEFT, Standing.CANCELLED})


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One time of today."""

    id: str
    at: datetime
    words: str
    colour: str
    minutes: int
    """They are late by, or have waited for; 0: neither."""
    is_late: bool


class Centre(msgspec.Struct, frozen=True, kw_only=True):
    """One treatment centre's day."""

    id: str
    rows: tuple[Row, ...]
    expected: int
    late: int
    here: int
    seen_now: int
    seen: int
    missed: int
    left: int


def centre_of(
    place: str, lines: Sequence[Line], now: datetime, *, late_minutes: int
) -> Centre:
    """What the board says of a day's appointments."""

    def count(*standings: Standing) -> int:
        return sum(one.standing in standings for one in lines)

    rows = tuple(
        _row(one, now, late_minutes) for one in lines if one.standing not in _OVER
    )
    return Centre(
        id=place,
        rows=rows,
        expected=count(Standing.EXPECTED),
        late=sum(one.is_late for one in rows),
        here=count(Standing.WAITING, Standing.CALLED),
        seen_now=count(Standing.IN_ROOM),
        seen=count(Standing.SEEN),
        missed=count(Standing.NO_SHOW),
        left=count(Standing.LEFT),
    )


def _row(line: Line, now: datetime, late_minutes: int) -> Row:
    words, colour = _TAGS[line.standing]
    since = line.starts_at
    if line.standing is not Standing.EXPECTED:
        since = line.arrived_at or now
    minutes = max(0, int((now - since).total_seconds() // 60))
    is_late = line.standing is Standing.EXPECTED and minutes >= late_minutes
    is_counted = is_late or line.standing in (Standing.WAITING, Standing.CALLED)
    return Row(
        id=line.appointment,
        at=line.starts_at,
        words="Late" if is_late else words,
        colour="red" if is_late else colour,
        minutes=minutes if is_counted else 0,
        is_late=is_late,
    )


async def show_today_part(ground: Ground) -> Markup:
    """The boards as they stand: times alone, made of no session."""
    said = ground.query("places").split(_BETWEEN)
    places = [one for one in said if is_fhir_id(one)]
    part = await _part(ground, places, late_in(ground.query("late")))
    names: Mapping[str, str] = {}
    return ground.fill("bases/today_part.html", centres=part, names=names)


def _hears(_visit: Visit) -> Shared:
    return Shared((Topic("clinics"),), show_today_part, every_seconds=60)


@page("/bases/now", gate=DESKS, hears=_hears)
async def show_today_now(visit: Visit) -> Response:
    live = visit.live(
        show_today_now, places=visit.query("places"), late=visit.query("late")
    )
    return visit.answer_part(live, await show_today_part(visit.ground))


@page("/bases", gate=DESKS)
async def show_today(visit: Visit) -> Response:
    reader = visit.services[NoteReader]
    found = await reader.shared(centres.TYPE, opener=opener_of(visit))
    if isinstance(found, Refusal):
        return visit.refuse(found)
    known = [centres.centre_in(one.id, one.text) for one in found]
    names = {one.reference.partition("/")[2]: one.display for one in known if one}
    places = sorted(names, key=lambda one: names[one])
    # The board is made of no session, and the number is the organisation's: the page
    # reads it, and the board is asked for by it.
    late = (await setting_now(visit)).times.number(_LATE.name)
    live = visit.live(show_today_now, places=_BETWEEN.join(places), late=str(late))
    return visit.render(
        "bases/today.html",
        live=live,
        centres=await _part(visit.ground, places, late),
        names=names,
        plans=visit.session.role in ("shift_lead", "urgent_care_clinician"),
    )


def late_in(said: str) -> int:
    """Minutes as an address says them; as shipped where it says none that can be."""
    minutes = int(said) if said.isascii() and said.isdecimal() else 0
    return minutes if _LATE.least <= minutes <= _LATE.most else _LATE.shipped


async def _part(
    ground: Ground, places: Sequence[str], late_minutes: int
) -> list[Centre]:
    clinic, now = ground.services[Clinic], ground.clock.now()
    lines = await clinic.rows.of_places(
        OrganisationId(ground.organisation), places, clinic.desk.today()
    )
    return [
        centre_of(
            place,
            [one for one in lines if one.place == place],
            now,
            late_minutes=late_minutes,
        )
        for place in places
    ]
