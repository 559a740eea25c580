# SPDX-License-Identifier: Apache-2.0
"""What is due under the Act, by date: for one ward or all, kept up to date by itself.

Done means: whoever sits in the office sees what is late first, in words and not by
colour alone, then what comes; who they are comes through the door as a list, each in
the ledger. Dates are worked out from codes and times beside the record, by the rules
of the day; what was written in words opens with the section.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
from starlette.responses import Response

from wardkeep.apps.mental_health_act.opening import OFFICE, rule_book
from wardkeep.apps.mental_health_act.showing import DueLine, due_line
from wardkeep.care.colleagues import mine_of, teams
from wardkeep.care.opening import opener_of
from wardkeep.care.paging import page_asked
from wardkeep.care.people import banners_in
from wardkeep.db.changes import Topic
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.mha.due import Due, Standing, due_in, end_of_section, left_words
from wardkeep.fhir.mha.entry_kinds import GROUPS
from wardkeep.fhir.mha.periods import day_of
from wardkeep.fhir.mha.rows import Listed, SectionRows
from wardkeep.fhir.mha.rules import Rules
from wardkeep.fhir.mha.words import until_words
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.store.listing import Lister
from wardkeep.ui.banner import Banner
from wardkeep.web.live import Signal
from wardkeep.web.pages import page
from wardkeep.web.visit import Visit

WHOLE = OFFICE.only("care_coordinator", "shift_lead")
"""Whose list is the organisation's; others see that of their own teams' wards."""
A_PAGE = 20
"""As many as one question to the door names."""
TOLD = "Mental Health Act: name, ward, section, what is due and when"
SHOWN = (
    ("", "All that is due"),
    ("late", "Late"),
    ("week", "Within seven days"),
    ("people", "Everybody under the Act"),
)
_WEEK = timedelta(days=7)
_EVERY_SECONDS = 300.0
"""Time alone makes things late, and tells nobody."""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One thing due to one person; or one person's section."""

    key: str
    patient: str
    section: str
    name: str
    ward: str
    banner: Banner
    line: DueLine | None
    until: str
    left: str


class Office(msgspec.Struct, frozen=True, kw_only=True):
    """The list."""

    lines: tuple[Line, ...]
    total: int
    late: int
    people: int
    is_more: bool
    entry: int


class _Row(msgspec.Struct, frozen=True, kw_only=True):
    """Before anybody is named."""

    listed: Listed
    due: Due | None
    by: datetime | None


def _hears(_: Visit) -> Signal:
    return Signal((Topic("mha"),), every_seconds=_EVERY_SECONDS)


@page("/mental-health-act/live", gate=OFFICE, hears=_hears)
async def show_office_part(visit: Visit) -> Response:
    live = visit.live(show_office_part, **asked_of(visit))
    office = await office_of(visit, *_page(visit))
    if isinstance(office, Response):
        return office
    return visit.part(
        live, "mental_health_act/office_part.html", office=office, asked=asked_of(visit)
    )


@page("/mental-health-act", gate=OFFICE)
async def show_office(visit: Visit) -> Response:
    live = visit.live(show_office_part, **asked_of(visit))
    office = await office_of(visit, *_page(visit))
    if isinstance(office, Response):
        return office
    places = [(one.reference, one.display) for one in await wards_of(visit)]
    return visit.render(
        "mental_health_act/office.html",
        live=live,
        office=office,
        asked=asked_of(visit),
        shown=SHOWN,
        wards=[("", "All of them"), *places],
        is_whole=WHOLE.admits(visit.session.role),
        groups=[("", "Everything"), *((one, one) for one in GROUPS)],
    )


def asked_of(visit: Visit) -> dict[str, str]:
    """What the address asks for, nothing else."""
    show = visit.query("show")
    group = visit.query("what")
    return {
        "show": show if show in dict(SHOWN) else "",
        "what": group if group in GROUPS else "",
        "ward": visit.query("ward")[:80],
        "page": str(page_asked(visit)),
    }


def _page(visit: Visit) -> tuple[int, int]:
    """The first line of the page that the address asks for, and how many it has."""
    return page_asked(visit) * A_PAGE, A_PAGE


async def office_of(
    visit: Visit, first: int, most: int, *, told: str = TOLD
) -> Office | Response:
    """Lines of the list that the address asks for; whom they are about is named.

    `told` is what the ledger says was shown of each.
    """
    book = await rule_book(visit)
    if isinstance(book, Response):
        return book
    asked, now = asked_of(visit), visit.clock.now()
    opener = msgspec.structs.replace(opener_of(visit), request=told)
    listed = await visit.services[SectionRows].open(
        opener.organisation, places=await _places(visit, asked["ward"])
    )
    every = rows_of(listed, book.rules, now)
    part = _part(every, asked, now)
    rows = part[first : first + most]
    ids = [one.listed.patient for one in rows]
    people = await visit.services[Lister].people(ids, opener=opener)
    if isinstance(people, Refusal):
        return visit.refuse(people)
    banners = banners_in(people.patients, visit.today)
    wards = {one.reference: one.display for one in await teams(visit)}
    return Office(
        lines=tuple(
            _line(one, banners[one.listed.patient], wards, book.rules, now)
            for one in rows
            if one.listed.patient in banners
        ),
        total=len(part),
        late=sum(one.due is not None and _is_late(one.due) for one in every),
        people=len({one.patient for one in listed}),
        is_more=len(part) > first + most,
        entry=people.entry,
    )


async def wards_of(visit: Visit) -> list[Person]:
    """Those that the visitor may ask for: all of them, or their own teams'."""
    every = await teams(visit)
    if WHOLE.admits(visit.session.role):
        return every
    own = (await mine_of(visit)).places
    return [one for one in every if one.reference in own]


async def _places(visit: Visit, ward: str) -> list[str] | None:
    """None: of the whole organisation, and of whoever is on no ward."""
    if not ward and WHOLE.admits(visit.session.role):
        return None
    mine = [one.reference for one in await wards_of(visit)]
    return [one for one in mine if ward in ("", one)]


def _is_late(due: Due) -> bool:
    return due.standing is Standing.LATE


def rows_of(listed: Sequence[Listed], rules: Rules, now: datetime) -> list[_Row]:
    """All that is due, the soonest first; then a row for each section itself."""
    due = [
        _Row(listed=one, due=each, by=each.by)
        for one in listed
        for each in due_in(one.facts, rules, now)
    ]
    whole = [
        _Row(listed=one, due=None, by=end_of_section(one.facts, rules))
        for one in listed
    ]
    return [*sorted(due, key=_order), *sorted(whole, key=_order)]


def _order(row: _Row) -> tuple[bool, float, str]:
    by = 0.0 if row.by is None else row.by.timestamp()
    return row.by is None, by, row.listed.facts.section


def _part(rows: Sequence[_Row], asked: dict[str, str], now: datetime) -> list[_Row]:
    if asked["show"] == "people":
        return [one for one in rows if one.due is None]
    found = []
    for one in rows:
        due = one.due
        if due is None or (asked["what"] and due.group != asked["what"]):
            continue
        is_wanted = {
            "late": _is_late(due),
            "week": due.by <= now + _WEEK,
        }.get(asked["show"], True)
        if is_wanted:
            found.append(one)
    return found


def _line(
    row: _Row, banner: Banner, wards: dict[str, str], rules: Rules, now: datetime
) -> Line:
    facts = row.listed.facts
    rule = rules.section_on(facts.code, day_of(facts.began))
    code = "section" if row.due is None else f"{row.due.code}-{row.due.by:%Y%m%d%H%M}"
    return Line(
        key=f"{facts.section}-{code}",
        patient=row.listed.patient,
        section=facts.section,
        name=facts.code if rule is None else rule.name,
        ward=wards.get(row.listed.place, "No ward"),
        banner=banner,
        line=None if row.due is None else due_line(row.due, now),
        until="" if row.by is None else until_words(row.by),
        left="" if row.by is None else left_words(row.by, now),
    )
