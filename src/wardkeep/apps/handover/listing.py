# SPDX-License-Identifier: Apache-2.0
"""A ward's handover sheet: who is there, what is late, what is new, what is written.

Done means: whoever comes on sees at a glance about whom there is something to hear, and
goes from one to the next. The sheet is one list, by names, times and tokens; what the
record says of a person opens with that person, as an opening of its own. Rejected: all
of it on one page (forty records opened for each look, and each time a board is brought
up to date), and a copy of it in the banner tier, which desks open.
"""

from datetime import datetime

import msgspec
from starlette.responses import Response

from wardkeep.apps.handover.places import (
    WARD,
    Place,
    names_of,
    patients_in,
    place_of,
)
from wardkeep.care.colleagues import mine_of
from wardkeep.care.late import DueLine, due_lines, marks_wanted, unseen
from wardkeep.care.of_patient import WRITERS
from wardkeep.care.opening import opener_of
from wardkeep.care.people import banners_in
from wardkeep.db.changes import Topic
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.handover.handovers import Fresh, Handovers
from wardkeep.fhir.model.team import topic_key
from wardkeep.fhir.store.listing import Lister
from wardkeep.fhir.store.outcomes import FoundPatients, Opener
from wardkeep.fhir.store.standings import Marks, Standing, Standings
from wardkeep.fhir.tasks.tasks import Listed, Tasks
from wardkeep.fhir.tasks.to_do import instant_of
from wardkeep.ui.banner import Banner
from wardkeep.web.live import Signal
from wardkeep.web.pages import page
from wardkeep.web.visit import Visit

MOST_SHOWN = 60
BETWEEN = "~"
TOLD = "handover: name, alerts, results, due times, what is new, what is written"
_EVERY_SECONDS = 300.0
"""Not everything that a sheet shows tells it: saved observations do not."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One patient of the sheet."""

    id: str
    banner: Banner
    alerts: int
    due: tuple[DueLine, ...]
    results: int
    tasks: int
    next_task: str
    is_task_late: bool
    fresh: Fresh
    line: str
    taken: str
    """When, as FHIR instants; empty: never."""
    then: str
    """Who follows in the list, for the way from one to the next."""


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """The list."""

    rows: tuple[Row, ...]
    total: int
    waits: int
    """About how many something is written that nobody has taken over."""
    entry: int


class _Read(msgspec.Struct, frozen=True, kw_only=True):
    """All that rows tell, by patient."""

    people: FoundPatients
    standings: dict[str, Standing]
    marks: Marks
    fresh: dict[str, Fresh]
    tasks: dict[str, list[Listed]]


@page("/handover", gate=WRITERS)
async def show_places(visit: Visit) -> Response:
    """The places of one's teams; where there is one, its sheet at once."""
    mine = await mine_of(visit)
    if len(mine.places) == 1:
        return visit.go_to(f"/handover/{topic_key(mine.places[0])}")
    places = await names_of(visit, mine.places)
    return visit.render(
        "handover/places.html",
        places=[(topic_key(one.reference), one.display) for one in places],
    )


def _hears(visit: Visit) -> Signal:
    try:
        topic = Topic("handover", visit.path("place"))
    except ValueError:
        return Signal(every_seconds=_EVERY_SECONDS)
    return Signal((topic,), every_seconds=_EVERY_SECONDS)


@page("/handover/{place}/live", gate=WRITERS, hears=_hears)
async def show_sheet_part(visit: Visit) -> Response:
    live = visit.live(show_sheet_part)
    found = await sheet_here(visit)
    if isinstance(found, Response):
        return found
    place, sheet = found
    return visit.part(live, "handover/sheet_part.html", sheet=sheet, place=place)


@page("/handover/{place}", gate=WRITERS)
async def show_sheet(visit: Visit) -> Response:
    live = visit.live(show_sheet_part)
    found = await sheet_here(visit)
    if isinstance(found, Response):
        return found
    place, sheet = found
    return visit.render("handover/sheet.html", live=live, sheet=sheet, place=place)


async def sheet_here(visit: Visit) -> tuple[Place, Sheet] | Response:
    """The sheet of the place that the address names, and the place."""
    place = await place_of(visit)
    if isinstance(place, Response):
        return place
    sheet = await sheet_of(visit, place)
    return visit.refuse(sheet) if isinstance(sheet, Refusal) else (place, sheet)


async def sheet_of(visit: Visit, place: Place) -> Sheet | Refusal:
    """The people, through the door first; then how they stand."""
    kinds = await patients_in(visit, place.reference)
    if isinstance(kinds, Refusal):
        return kinds
    opener = msgspec.structs.replace(opener_of(visit), request=TOLD)
    now = visit.clock.now()
    read = await _read(visit, sorted(kinds)[:MOST_SHOWN], opener, now)
    if isinstance(read, Refusal):
        return read
    banners = banners_in(read.people.patients, visit.today)
    known = [one for one in banners if one in read.standings]
    order = sorted(known, key=lambda one: (*_by_name(banners[one]), one))
    rows = [
        _row(
            one,
            banners[one],
            read,
            is_on_ward=kinds[one] == WARD,
            then=BETWEEN.join(order[nth + 1 :]),
            now=now,
        )
        for nth, one in enumerate(order)
    ]
    return Sheet(
        rows=tuple(rows),
        total=len(kinds),
        waits=sum(one.fresh.waits for one in rows),
        entry=read.people.entry,
    )


def _by_name(banner: Banner) -> tuple[str, str]:
    return banner.name.family.casefold(), banner.name.given.casefold()


async def _read(
    visit: Visit, ids: list[str], opener: Opener, now: datetime
) -> _Read | Refusal:
    services = visit.services
    people = await services[Lister].people(ids, opener=opener)
    if isinstance(people, Refusal):
        return people
    found = await services[Standings].of(ids, now=now, opener=opener)
    if isinstance(found, Refusal):
        return found
    marks = await services[Standings].marks(marks_wanted(found), opener=opener)
    if isinstance(marks, Refusal):
        return marks
    fresh = await services[Handovers].of(ids, now=now, opener=opener)
    if isinstance(fresh, Refusal):
        return fresh
    tasks = await services[Tasks].of_patients(ids, opener=opener)
    if isinstance(tasks, Refusal):
        return tasks
    return _Read(people=people, standings=found, marks=marks, fresh=fresh, tasks=tasks)


def _row(
    id_: str, banner: Banner, read: _Read, *, is_on_ward: bool, then: str, now: datetime
) -> Row:
    standing, fresh = read.standings[id_], read.fresh[id_]
    tasks = read.tasks.get(id_, [])
    first = tasks[0].due if tasks else None
    late = due_lines(id_, standing, read.marks, is_on_ward=is_on_ward, now=now)
    return Row(
        id=id_,
        banner=banner,
        alerts=standing.alerts,
        due=tuple(late),
        results=unseen(standing, read.marks),
        tasks=len(tasks),
        next_task="" if first is None else instant_of(first),
        is_task_late=first is not None and first < now,
        fresh=fresh,
        line="" if fresh.line is None else instant_of(fresh.line),
        taken="" if fresh.taken is None else instant_of(fresh.taken),
        then=then,
    )
