# SPDX-License-Identifier: Apache-2.0
"""Depot injections due: of a team or of all, overdue first, then this week and next.

Done means: a depot nurse on Monday sees who is late and by how much, in words and not
by colour alone, then who comes this week; a colleague's entry takes the line off by
itself. Days lie beside the record; who people are comes through the door as a list,
each in the ledger. Which medicine it is opens with the record.
"""

from collections.abc import Mapping, Sequence
from datetime import date

import msgspec
from starlette.responses import Response

from wardkeep.apps.depots.opening import GIVERS
from wardkeep.care.colleagues import mine_of, teams
from wardkeep.care.depots import TAGS
from wardkeep.care.opening import opener_of
from wardkeep.care.paging import page_asked
from wardkeep.care.people import banners_in
from wardkeep.db.changes import Topic
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.depots.due import WEEKS, Week, left_words, week_of
from wardkeep.fhir.depots.rows import DepotRows, Listed
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.store.listing import Lister
from wardkeep.ui.banner import Banner
from wardkeep.web.live import Signal
from wardkeep.web.pages import page
from wardkeep.web.visit import Visit

WHOLE = GIVERS.only("care_coordinator", "community_coordinator", "shift_lead")
"""Whose list is the organisation's; others see that of their own teams."""
A_PAGE = 20
"""As many as one question to the door names."""
TOLD = "depot injections: name, team, day that is due, window"
SHOWN = (
    ("", "Overdue, this week, next week"),
    ("overdue", "Overdue and past their day"),
    ("this", "This week"),
    ("next", "Next week"),
    ("all", "Everybody"),
)
_PARTS: Mapping[str, frozenset[Week]] = {
    "": frozenset({Week.OVERDUE, Week.PAST, Week.THIS, Week.NEXT}),
    "overdue": frozenset({Week.OVERDUE, Week.PAST}),
    "this": frozenset({Week.THIS}),
    "next": frozenset({Week.NEXT}),
    "all": frozenset(Week),
}
_EVERY_SECONDS = 300.0
"""Midnight makes things late, and tells nobody."""
_LONGEST_TEAM = 80


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One schedule of one patient."""

    row: Listed
    banner: Banner
    team: str
    tag: str
    colour: str
    left: str


class Group(msgspec.Struct, frozen=True):
    """Lines of one part of the list."""

    week: str
    words: str
    lines: tuple[Line, ...]


class DueList(msgspec.Struct, frozen=True, kw_only=True):
    """One page of the list."""

    groups: tuple[Group, ...]
    total: int
    overdue: int
    past: int
    is_more: bool
    entry: int

    @property
    def lines(self) -> list[Line]:
        return [one for group in self.groups for one in group.lines]


def _hears(_: Visit) -> Signal:
    return Signal((Topic("depots"),), every_seconds=_EVERY_SECONDS)


@page("/depots/live", gate=GIVERS, hears=_hears)
async def show_due_part(visit: Visit) -> Response:
    asked = asked_of(visit)
    live = visit.live(show_due_part, **asked)
    due = await due_list(visit, asked)
    if isinstance(due, Response):
        return due
    return visit.part(live, "depots/due_part.html", due=due, asked=asked)


@page("/depots", gate=GIVERS)
async def show_due(visit: Visit) -> Response:
    asked = asked_of(visit)
    live = visit.live(show_due_part, **asked)
    due = await due_list(visit, asked)
    if isinstance(due, Response):
        return due
    own = await _teams(visit)
    return visit.render(
        "depots/due.html",
        live=live,
        due=due,
        asked=asked,
        shown=SHOWN,
        teams=[("", "All of them"), *((it.reference, it.display) for it in own)],
        is_whole=WHOLE.admits(visit.session.role),
        has_teams=bool(own),
    )


def asked_of(visit: Visit) -> dict[str, str]:
    """What the address asks for, nothing else."""
    show = visit.query("show")
    return {
        "show": show if show in dict(SHOWN) else "",
        "team": visit.query("team")[:_LONGEST_TEAM],
        "page": str(page_asked(visit)),
    }


async def due_list(visit: Visit, asked: dict[str, str]) -> DueList | Response:
    today = visit.today
    opener = msgspec.structs.replace(opener_of(visit), request=TOLD)
    listed = await visit.services[DepotRows].open(
        opener.organisation, places=await _places(visit, asked["team"])
    )
    ranked = _ranked(listed, today)
    part = [one for one in ranked if one[0] in _PARTS[asked["show"]]]
    first = int(asked["page"]) * A_PAGE
    rows = part[first : first + A_PAGE]
    ids = [one.patient for _, one in rows]
    people = await visit.services[Lister].people(ids, opener=opener)
    if isinstance(people, Refusal):
        return visit.refuse(people)
    banners = banners_in(people.patients, today)
    names = {one.reference: one.display for one in await teams(visit)}
    return DueList(
        groups=tuple(_groups(rows, banners, names, today)),
        total=len(part),
        overdue=sum(week is Week.OVERDUE for week, _ in ranked),
        past=sum(week is Week.PAST for week, _ in ranked),
        is_more=len(part) > first + A_PAGE,
        entry=people.entry,
    )


def _ranked(listed: Sequence[Listed], today: date) -> list[tuple[Week, Listed]]:
    order = list(Week)
    ranked = [(week_of(one.window, today), one) for one in listed]
    return sorted(
        ranked,
        key=lambda two: (order.index(two[0]), two[1].window.due, two[1].schedule),
    )


def _groups(
    rows: Sequence[tuple[Week, Listed]],
    banners: Mapping[str, Banner],
    names: Mapping[str, str],
    today: date,
) -> list[Group]:
    found: dict[Week, list[Line]] = {}
    for week, one in rows:
        if one.patient in banners:
            line = _line(one, banners[one.patient], names, today)
            found.setdefault(week, []).append(line)
    return [Group(week, WEEKS[week], tuple(some)) for week, some in found.items()]


def _line(one: Listed, banner: Banner, names: Mapping[str, str], today: date) -> Line:
    tag, colour = TAGS[one.window.on(today)]
    return Line(
        row=one,
        banner=banner,
        team=names.get(one.place, "No team"),
        tag=tag,
        colour=colour,
        left=left_words(one.window.due, today),
    )


async def _teams(visit: Visit) -> list[Person]:
    """Those that the visitor may ask for: all of them, or their own."""
    every = await teams(visit)
    if WHOLE.admits(visit.session.role):
        return every
    own = (await mine_of(visit)).places
    return [one for one in every if one.reference in own]


async def _places(visit: Visit, team: str) -> list[str] | None:
    """None: of the whole organisation, and of teams that are there no longer."""
    if not team and WHOLE.admits(visit.session.role):
        return None
    mine = [one.reference for one in await _teams(visit)]
    return [one for one in mine if team in ("", one)]
