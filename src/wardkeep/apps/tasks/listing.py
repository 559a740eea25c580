# SPDX-License-Identifier: Apache-2.0
"""My tasks, my teams' and those that I gave; and all of one patient.

Done means: whoever looks sees what is theirs and what is late, and takes what nobody
has taken. A list says what kind of task it is, about whom and until when; what it says
in words opens with the task. Rejected: the words in the list (twenty records opened for
one look), and a list of everybody's.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from starlette.responses import Response

from wardkeep.care.asked import heard, listens
from wardkeep.care.colleagues import Mine, mine_of
from wardkeep.care.of_patient import WRITERS, banner_for, refused
from wardkeep.care.opening import opener_of
from wardkeep.care.paging import page_asked
from wardkeep.care.people import banners_in
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.messages.messages import Messages
from wardkeep.fhir.store.listing import Lister
from wardkeep.fhir.store.outcomes import OpenedResource
from wardkeep.fhir.store.parts import OpenedParts, Part, PartReader
from wardkeep.fhir.store.reading import Reader
from wardkeep.fhir.tasks.tasks import Listed, Tasks
from wardkeep.fhir.tasks.to_do import (
    KINDS,
    PRIORITIES,
    TYPE,
    ToDo,
    instant_of,
    read_to_do,
)
from wardkeep.ui.banner import Banner
from wardkeep.web.live import Signal
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND
from wardkeep.web.visit import Visit

SHOWN = (("", "Mine"), ("team", "My teams’"), ("asked", "Given by me"))
A_PAGE = 60
_OF_PATIENT = 60
TOLD = "tasks: name, kind, state, priority and due time"


class TaskLine(msgspec.Struct, frozen=True, kw_only=True):
    """One task as a list shows it."""

    task: Listed
    kind: str
    words: str
    """Of a task about nobody; the others' open with them."""
    person: Banner | None
    due: str
    is_late: bool
    priority: str


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A page of a list, and how many there are."""

    lines: tuple[TaskLine, ...]
    total: int
    page: int
    is_more: bool
    is_cut_off: bool
    """Whether there are still more than can be listed."""
    late: int
    entry: int


def _hears(visit: Visit) -> Signal:
    return Signal(heard(visit, "tasks"))


@page("/tasks/live", gate=WRITERS, hears=_hears)
async def show_tasks_part(visit: Visit) -> Response:
    live = visit.live(
        show_tasks_part,
        who=visit.query("who"),
        show=visit.query("show"),
        page=visit.query("page"),
    )
    shown = await _shown(visit, await mine_of(visit))
    if isinstance(shown, Refusal):
        return visit.refuse(shown)
    return visit.part(
        live, "tasks/tasks_part.html", shown=shown, show=visit.query("show")
    )


@page("/tasks", gate=WRITERS)
async def show_tasks(visit: Visit) -> Response:
    mine = await mine_of(visit)
    live = visit.live(
        show_tasks_part,
        who=listens(mine),
        show=visit.query("show"),
        page=visit.query("page"),
    )
    shown = await _shown(visit, mine)
    if isinstance(shown, Refusal):
        return visit.refuse(shown)
    return visit.render(
        "tasks/tasks.html",
        live=live,
        filters=SHOWN,
        is_known=bool(mine.me.reference),
        shown=shown,
        show=visit.query("show"),
    )


async def _shown(visit: Visit, mine: Mine) -> Shown | Refusal:
    found = await _wanted(visit, mine)
    if isinstance(found, Refusal):
        return found
    tasks, is_cut_off = found
    kept = [one for one in tasks if one.kind in KINDS]
    number = page_asked(visit)
    here = kept[number * A_PAGE : (number + 1) * A_PAGE]
    now = visit.clock.now()
    opener = msgspec.structs.replace(opener_of(visit), request=TOLD)
    ids = [one.patient for one in here if one.patient]
    people = await visit.services[Lister].people(ids, opener=opener)
    if isinstance(people, Refusal):
        return people
    banners = banners_in(people.patients, visit.today)
    words = await _words(visit, here)
    return Shown(
        lines=tuple(
            _line(one, banners.get(one.patient), words.get(one.id, ""), now)
            for one in here
        ),
        total=len(kept),
        page=number,
        is_more=len(kept) > (number + 1) * A_PAGE,
        is_cut_off=is_cut_off,
        late=sum(one.due is not None and one.due < now for one in kept),
        entry=people.entry,
    )


async def _wanted(visit: Visit, mine: Mine) -> tuple[Sequence[Listed], bool] | Refusal:
    """In their order, and whether more could not be listed."""
    tasks, opener = visit.services[Tasks], opener_of(visit)
    show = visit.query("show")
    if show == "asked":
        found = await tasks.open_asked_by(mine.me.reference, opener=opener)
    else:
        found = await tasks.open_for(mine.me.reference, mine.teams, opener=opener)
    if isinstance(found, Refusal):
        return found
    if show == "asked":
        return found.tasks, found.is_more
    if show == "team":
        ours = [one for one in found.tasks if one.team and not one.is_mine]
        return sorted(ours, key=lambda one: not one.is_free), found.is_more
    return [one for one in found.tasks if one.is_mine], found.is_more


def _line(one: Listed, person: Banner | None, words: str, now: datetime) -> TaskLine:
    return TaskLine(
        task=one,
        kind=KINDS[one.kind],
        words=words,
        person=person,
        due="" if one.due is None else instant_of(one.due),
        is_late=one.due is not None and one.due < now,
        priority=PRIORITIES.get(one.priority, ""),
    )


async def _words(visit: Visit, kept: Sequence[Listed]) -> dict[str, str]:
    """What tasks about nobody say: they lie under the organisation's own key."""
    pairs = [(TYPE, one.id) for one in kept if not one.patient]
    if not pairs:
        return {}
    found = await visit.services[Reader].shared(pairs, opener=opener_of(visit))
    if isinstance(found, Refusal):
        return {}
    read = (read_to_do(one) for one in found.resources)
    return {one.id: one.words for one in read if one is not None}


@page("/patients/{id}/tasks", gate=WRITERS)
async def show_of_patient(visit: Visit) -> Response:
    banner = await banner_for(visit)
    if isinstance(banner, Response):
        return banner
    patient, opener = visit.path("id"), opener_of(visit)
    given = await visit.services[PartReader].of_patient(
        patient, [Part(types=(TYPE,), at_most=_OF_PATIENT)], opener=opener
    )
    if isinstance(given, Refusal):
        return refused(visit, given)
    if not isinstance(given, OpenedParts):
        return visit.tell(NOT_FOUND)
    mine = await mine_of(visit)
    threads = await visit.services[Messages].mine(
        mine.me.reference, mine.teams, opener=opener, about=patient
    )
    tasks = _read(given.parts[0])
    return visit.render(
        "tasks/of_patient.html",
        id=patient,
        banner=banner,
        is_known=bool(mine.me.reference),
        open_ones=[one for one in tasks if one.is_open],
        over=[one for one in tasks if not one.is_open],
        kinds=KINDS,
        priorities=PRIORITIES,
        now=visit.clock.now(),
        is_more=given.is_more[0],
        threads=() if isinstance(threads, Refusal) else threads.lines,
    )


def _read(resources: Sequence[OpenedResource]) -> list[ToDo]:
    found = [one for it in resources if (one := read_to_do(it)) is not None]
    return sorted((one for one in found if one.kind in KINDS), key=lambda one: one.due)
