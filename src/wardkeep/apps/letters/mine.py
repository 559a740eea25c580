# SPDX-License-Identifier: Apache-2.0
"""Letters that wait for my approval, and those that I sent for it.

Done means: a doctor reads one after the other with the keyboard, and nothing waits
unseen. The lists name people and open nothing; each letter opens by itself.
"""

from collections.abc import Mapping, Sequence

import msgspec
from starlette.responses import Response

from wardkeep.care.asked import heard, listens
from wardkeep.care.colleagues import Mine, mine_of
from wardkeep.care.of_patient import WRITERS
from wardkeep.care.opening import opener_of
from wardkeep.care.paging import page_asked
from wardkeep.care.people import banners_in
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.store.listing import Lister
from wardkeep.fhir.tasks.tasks import Listed, Tasks
from wardkeep.fhir.tasks.to_do import APPROVE
from wardkeep.ui.banner import Banner
from wardkeep.web.live import Signal
from wardkeep.web.pages import page
from wardkeep.web.visit import Visit

A_PAGE = 60
TOLD = "letters to approve: name and since when"


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """Both lists."""

    for_me: Sequence[Listed]
    by_me: Sequence[Listed]
    waiting: int
    """For me, on all pages."""
    page: int
    is_more: bool
    people: Mapping[str, Banner]
    entry: int


def _hears(visit: Visit) -> Signal:
    return Signal(heard(visit, "letters"))


@page("/letters/live", gate=WRITERS, hears=_hears)
async def show_mine_part(visit: Visit) -> Response:
    live = visit.live(show_mine_part, who=visit.query("who"), page=visit.query("page"))
    shown = await _shown(visit, await mine_of(visit))
    if isinstance(shown, Refusal):
        return visit.refuse(shown)
    return visit.part(live, "letters/mine_part.html", shown=shown)


@page("/letters", gate=WRITERS)
async def show_mine(visit: Visit) -> Response:
    mine = await mine_of(visit)
    live = visit.live(show_mine_part, who=listens(mine), page=visit.query("page"))
    shown = await _shown(visit, mine)
    if isinstance(shown, Refusal):
        return visit.refuse(shown)
    return visit.render(
        "letters/mine.html", live=live, shown=shown, said=visit.query("said")
    )


async def _shown(visit: Visit, mine: Mine) -> Shown | Refusal:
    tasks, opener = visit.services[Tasks], opener_of(visit)
    for_me = await tasks.open_for(mine.me.reference, (), opener=opener)
    if isinstance(for_me, Refusal):
        return for_me
    by_me = await tasks.open_asked_by(mine.me.reference, opener=opener)
    if isinstance(by_me, Refusal):
        return by_me
    number = page_asked(visit)
    here = slice(number * A_PAGE, (number + 1) * A_PAGE)
    kept = [_letters(some.tasks) for some in (for_me, by_me)]
    ids = [one.patient for some in kept for one in some[here]]
    people = await visit.services[Lister].people(
        ids, opener=msgspec.structs.replace(opener, request=TOLD)
    )
    if isinstance(people, Refusal):
        return people
    return Shown(
        for_me=kept[0][here],
        by_me=kept[1][here],
        waiting=len(kept[0]),
        page=number,
        is_more=max(map(len, kept)) > here.stop,
        people=banners_in(people.patients, visit.today),
        entry=people.entry,
    )


def _letters(tasks: Sequence[Listed]) -> list[Listed]:
    """Those that ask for approval; other software may write one about nobody."""
    return [one for one in tasks if one.kind == APPROVE and one.patient]


@page("/letters/next", gate=WRITERS)
async def go_to_next(visit: Visit) -> Response:
    """The letter that waits longest; behind the one that was left, the next."""
    mine, opener = await mine_of(visit), opener_of(visit)
    found = await visit.services[Tasks].open_for(mine.me.reference, (), opener=opener)
    if isinstance(found, Refusal):
        return visit.refuse(found)
    waiting = _letters(found.tasks)
    ids = [one.id for one in waiting]
    after = visit.query("after")
    rest = waiting[ids.index(after) + 1 :] if after in ids else waiting
    if not rest:
        return visit.go_to("/letters?said=all")
    one = rest[0]
    return visit.go_to(f"/patients/{one.patient}/letters/{one.id}?queue=1")
