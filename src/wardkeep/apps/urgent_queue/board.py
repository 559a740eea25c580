# SPDX-License-Identifier: Apache-2.0
"""Boards of the calls that wait, kept up to date: queue, shift, what is overdue.

Done means: whoever looks sees what breaches next, in colour and in words, and takes it
with one press. A board names nobody: of ten thousand who wait, no name is needed to
know whose turn it is. A clinician's own cases have names; the shift lead is given those
of the twenty that press most when they ask, and that is an entry for each.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec
from markupsafe import Markup
from starlette.responses import Response

from wardkeep.apps.urgent_queue.messages import marks_in, watch_of
from wardkeep.apps.urgent_queue.opening import (
    BOARD,
    LEADS,
    STAFF,
    leads,
    names_of,
    skills_of,
)
from wardkeep.apps.urgent_queue.showing import (
    due_words,
    lines_of,
    skill_words,
    skills_in_order,
    totals_of,
)
from wardkeep.base.ids import OrganisationId, is_fhir_id
from wardkeep.care.colleagues import Mine, mine_of
from wardkeep.care.opening import opener_of
from wardkeep.care.paging import page_asked, page_number
from wardkeep.care.people import banners_in
from wardkeep.care.queue_setting import setting_now
from wardkeep.db.changes import Topic
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.model.team import topic_key
from wardkeep.fhir.store.listing import Lister
from wardkeep.fhir.urgent.dispatching import TOPIC
from wardkeep.fhir.urgent.disposition import SKILLS
from wardkeep.fhir.urgent.queue_rows import QueueRows
from wardkeep.ui.banner import Banner
from wardkeep.web.live import Ground, Shared
from wardkeep.web.pages import page
from wardkeep.web.visit import Visit

MOST_SHOWN = 20
"""Those that press most; the rest is counted."""
MOST_OVERDUE = 60
_TOLD = "urgent care queue: name, disposition, time left, who has it"
_EVERY_SECONDS = 15.0
"""Time alone makes cases breach."""
_BETWEEN = "~"
_ASKED = ("skills", "me", "names", "page")
_NOBODY: Mapping[str, Banner] = {}
SAID = {
    "handed-back": ("The case is in the queue again, in its old place.", True),
    "ended": ("The case is closed.", True),
    "moved": ("The case waits in its new place.", True),
    "nothing": ("Nothing waits for your skills just now.", True),
    "no-skill": (
        (
            "You work in no queue just now, so no case was taken. An administrator puts"
            " people into a queue under People."
        ),
        False,
    ),
    "taking": ("You are just being given a case. Look again in a moment.", False),
    "busy": ("Others were quicker, several times. Press again.", False),
}


def _hears(
    show: Callable[[Ground], Awaitable[Markup]],
) -> Callable[[Visit], Shared]:
    def hears(_visit: Visit) -> Shared:
        return Shared((Topic(TOPIC),), show, every_seconds=_EVERY_SECONDS)

    return hears


async def show_board_part(ground: Ground) -> Markup:
    """The queue as it stands, without a name."""
    part = await _board(ground)
    return ground.fill(
        "urgent_queue/board_part.html", **part, people=_NOBODY, owners={}
    )


async def show_shift_part(ground: Ground) -> Markup:
    part = await _shift(ground)
    return ground.fill("urgent_queue/shift_part.html", **part, owners={})


async def show_overdue_part(ground: Ground) -> Markup:
    part = await _overdue(ground)
    return ground.fill("urgent_queue/overdue_part.html", **part, owners={})


@page(f"{BOARD}/now", gate=STAFF, hears=_hears(show_board_part))
async def show_board_now(visit: Visit) -> Response:
    live = visit.live(
        show_board_now,
        skills=visit.query("skills"),
        me=visit.query("me"),
        names=visit.query("names"),
        page=visit.query("page"),
    )
    return visit.answer_part(live, await show_board_part(visit.ground))


@page(f"{BOARD}/shift/now", gate=LEADS, hears=_hears(show_shift_part))
async def show_shift_now(visit: Visit) -> Response:
    live = visit.live(show_shift_now)
    return visit.answer_part(live, await show_shift_part(visit.ground))


@page(f"{BOARD}/overdue/now", gate=STAFF, hears=_hears(show_overdue_part))
async def show_overdue_now(visit: Visit) -> Response:
    live = visit.live(show_overdue_now)
    return visit.answer_part(live, await show_overdue_part(visit.ground))


@page(BOARD, gate=STAFF)
async def show_board(visit: Visit) -> Response:
    """The cases of one's skills, one's own first; the shift lead's of all."""
    mine = await mine_of(visit)
    skills = skills_wanted(visit, mine)
    with_names = "1" if visit.query("names") == "1" and leads(visit) else ""
    query = {
        "skills": _BETWEEN.join(skills or ()),
        "me": topic_key(mine.me.reference),
        "names": with_names,
        "page": str(page_asked(visit) or ""),
    }
    live = visit.live(show_board_now, **query)
    part = await _board(visit.ground, query)
    named = [one.patient for one in part["own"]]
    if with_names:
        named += [one.patient for one in part["lines"]]
    given = await _names(visit, named)
    lines = [*part["own"], *part["lines"]]
    return visit.render(
        "urgent_queue/board.html",
        **part,
        live=live,
        said=SAID.get(visit.query("said")),
        ended=_ended(visit),
        people=given[0],
        entry=given[1],
        not_named=given[2],
        owners=await names_of(visit, [one.owner for one in lines]),
        filters=[("", "All queues" if leads(visit) else "My queues")]
        + [(one, skill_words(one)) for one in _may_filter(visit, mine)],
        chosen=visit.query("skill"),
        has_skill=bool(skills_of(mine)),
        is_known=bool(mine.me.reference),
        leads=leads(visit),
    )


@page(f"{BOARD}/shift", gate=LEADS)
async def show_shift(visit: Visit) -> Response:
    """Counts by skill, and who has what."""
    live = visit.live(show_shift_now)
    part = await _shift(visit.ground)
    owners = await names_of(visit, [one.owner for one, _ in part["having"]])
    return visit.render(
        "urgent_queue/shift.html", **part, live=live, owners=owners, leads=True
    )


@page(f"{BOARD}/overdue", gate=STAFF)
async def show_overdue(visit: Visit) -> Response:
    """Cases whose next step should have been taken: those that nobody may forget."""
    live = visit.live(show_overdue_now)
    part, now = await _overdue(visit.ground), await setting_now(visit)
    owners = await names_of(visit, [one.owner for one in part["lines"]])
    return visit.render(
        "urgent_queue/overdue.html",
        **part,
        live=live,
        owners=owners,
        leads=leads(visit),
        times=now.times,
        setting=now.setting,
    )


def _ended(visit: Visit) -> str:
    """The place in a queue of what was just ended; empty: nothing was."""
    of = visit.query("of")
    return of if visit.query("said") in ("ended", "moved") and is_fhir_id(of) else ""


def _may_filter(visit: Visit, mine: Mine) -> Sequence[str]:
    return SKILLS if leads(visit) else skills_of(mine)


def skills_wanted(visit: Visit, mine: Mine) -> Sequence[str] | None:
    """The skills that the board shows; None: all of them."""
    asked, may = visit.query("skill"), _may_filter(visit, mine)
    if asked in may:
        return (asked,)
    if leads(visit):
        return None
    # Whoever has no skill looks at all of it and can take nothing.
    return may or None


async def _board(
    ground: Ground, query: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """What a board says: ids, times and codes, made of no session."""
    asked = query or {name: ground.query(name) for name in _ASKED}
    organisation, now = OrganisationId(ground.organisation), ground.clock.now()
    found = ground.services[QueueRows]
    said = asked["skills"]
    skills = [one for one in said.split(_BETWEEN) if one in SKILLS] if said else None
    me = asked["me"].replace(".", "/", 1)
    counts = await found.counts(organisation, now=now)
    here = [one for one in counts if skills is None or one.skill in skills]
    own = await found.own(organisation, me)
    number = page_number(asked["page"])
    # One's own stand above, on each page: what is listed is as many more.
    listed = await found.listed(
        organisation, skills, at_most=MOST_SHOWN * (number + 1) + 1 + len(own)
    )
    mine = {one.entry for one in own}
    rest = [one for one in listed if one.entry not in mine][MOST_SHOWN * number :]
    others = rest[:MOST_SHOWN]
    return {
        "page": number,
        "first": MOST_SHOWN * number + 1,
        "is_more": len(rest) > MOST_SHOWN,
        "own": lines_of(own, now),
        "lines": lines_of(others, now),
        "totals": totals_of(here),
        "skills": skills_in_order(here, now),
        "most": MOST_SHOWN,
        "with_names": asked["names"] == "1",
        **await _messages(ground),
        "unacknowledged": await found.unacknowledged(organisation),
    }


async def _shift(ground: Ground) -> dict[str, Any]:
    organisation, now = OrganisationId(ground.organisation), ground.clock.now()
    found = ground.services[QueueRows]
    counts = await found.counts(organisation, now=now)
    owners = await found.owners(organisation, now=now)
    return {
        "totals": totals_of(counts),
        "unacknowledged": await found.unacknowledged(organisation),
        "skills": skills_in_order(counts, now),
        "having": [(one, due_words(one, now)) for one in owners],
        **await _messages(ground),
    }


async def _messages(ground: Ground) -> dict[str, Any]:
    """What became of messages to other services that somebody has to know of."""
    watch = await watch_of(ground)
    return {"watch": watch, "marks": marks_in(watch)}


async def _overdue(ground: Ground) -> dict[str, Any]:
    organisation, now = OrganisationId(ground.organisation), ground.clock.now()
    found = await ground.services[QueueRows].overdue(
        organisation, None, now=now, at_most=MOST_OVERDUE + 1
    )
    return {
        "lines": lines_of(found[:MOST_OVERDUE], now),
        **await _messages(ground),
        "is_more": len(found) > MOST_OVERDUE,
    }


async def _names(
    visit: Visit, ids: Sequence[str]
) -> tuple[Mapping[str, Banner], int, str]:
    """Who they are, the entry, and why not where the door says no.

    A board without names is a board; one that is not shown is a queue nobody watches.
    """
    opener = msgspec.structs.replace(opener_of(visit), request=_TOLD)
    given = await visit.services[Lister].people(ids, opener=opener)
    if isinstance(given, Refusal):
        return {}, -1, given.why
    return banners_in(given.patients, visit.today), given.entry, ""
