# SPDX-License-Identifier: Apache-2.0
"""The bed board of a ward, and who is to be looked at next, kept up to date.

Done means: whoever comes onto the ward sees each bed, who lies in it, who is out and
late, and whose check is due, and does the next thing with one press. Who they are comes
through the door once, an entry for each; what changes afterwards comes without names,
and the page puts those beside it that it was given (decision 32).
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from markupsafe import Markup
from starlette.responses import Response

from wardkeep.apps.wards.opening import (
    STAFF,
    WHOLE,
    id_of,
    told,
    ward_here,
    wards_of,
)
from wardkeep.apps.wards.showing import Board, board_of, in_due_order
from wardkeep.base.ids import OrganisationId, is_fhir_id
from wardkeep.care.colleagues import mine_of
from wardkeep.care.opening import opener_of
from wardkeep.care.people import banners_in
from wardkeep.db.changes import Topic
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.store.listing import Lister
from wardkeep.fhir.store.ward_steps import UNDO_WITHIN
from wardkeep.fhir.wards.rows import WardRows
from wardkeep.ui.banner import Banner
from wardkeep.web.live import Ground, Shared
from wardkeep.web.pages import page
from wardkeep.web.visit import Visit

TOLD = "bed board: name, bed, observation level, leave, section"
_EVERY_SECONDS = 20.0
"""Time alone makes checks and leave overdue."""
_NOBODY: Mapping[str, Banner] = {}


@page("/wards", gate=STAFF)
async def show_wards(visit: Visit) -> Response:
    """The wards of one's teams; where there is one, its board at once."""
    wards = await wards_of(visit)
    if len(wards) == 1:
        return visit.go_to(f"/wards/{id_of(wards[0])}")
    return visit.render(
        "wards/wards.html",
        wards=[(id_of(one), one.display) for one in wards],
        is_whole=WHOLE.admits(visit.session.role),
    )


async def show_board_part(ground: Ground) -> Markup:
    """The board as it stands, without a name."""
    said = await _part(ground)
    return ground.fill("wards/board_part.html", **said, people=_NOBODY)


async def show_checks_part(ground: Ground) -> Markup:
    said = await _part(ground)
    return ground.fill("wards/checks_part.html", **said, people=_NOBODY)


def _topics(visit: Visit) -> tuple[Topic, ...]:
    ward = visit.path("ward")
    return (Topic("ward", ward),) if is_fhir_id(ward) else ()


def _told_board(visit: Visit) -> Shared:
    return Shared(_topics(visit), show_board_part, every_seconds=_EVERY_SECONDS)


def _told_checks(visit: Visit) -> Shared:
    return Shared(_topics(visit), show_checks_part, every_seconds=_EVERY_SECONDS)


@page("/wards/{ward}/now", gate=STAFF, hears=_told_board)
async def show_board_now(visit: Visit) -> Response:
    live = visit.live(show_board_now)
    return visit.answer_part(live, await show_board_part(visit.ground))


@page("/wards/{ward}/checks/now", gate=STAFF, hears=_told_checks)
async def show_checks_now(visit: Visit) -> Response:
    live = visit.live(show_checks_now)
    return visit.answer_part(live, await show_checks_part(visit.ground))


@page("/wards/{ward}", gate=STAFF)
async def show_board(visit: Visit) -> Response:
    live = visit.live(show_board_now)
    return await _show(visit, "wards/board.html", live)


@page("/wards/{ward}/checks", gate=STAFF)
async def show_checks(visit: Visit) -> Response:
    """Who is to be looked at next, the overdue first."""
    live = visit.live(show_checks_now)
    return await _show(visit, "wards/checks.html", live)


async def _show(visit: Visit, template: str, live: object) -> Response:
    ward = await ward_here(visit)
    if isinstance(ward, Response):
        return ward
    part = await _part(visit.ground)
    board: Board = part["board"]
    ids = [one.patient for one in board.people if not one.is_hidden]
    ids += [one for one, _ in part["left"]]
    opener = msgspec.structs.replace(opener_of(visit), request=TOLD)
    given = await visit.services[Lister].people(ids, opener=opener)
    if isinstance(given, Refusal):
        return visit.refuse(given)
    return visit.render(
        template,
        **part,
        live=live,
        name=ward.display,
        is_mine=ward.reference in (await mine_of(visit)).places,
        entry=given.entry,
        people=banners_in(given.patients, visit.today),
        told=told(visit),
        of=visit.query("of") if is_fhir_id(visit.query("of")) else "",
    )


async def _part(ground: Ground) -> dict[str, Any]:
    """What a board says: ids, times and codes, made of no session."""
    organisation, ward = OrganisationId(ground.organisation), ground.path("ward")
    found, now = ground.services[WardRows], ground.clock.now()
    beds = await found.beds(organisation, ward)
    stays = await found.stays(organisation, ward, now=now)
    since = now - UNDO_WITHIN
    left = await found.ended_since(organisation, ward, since)
    steps = await found.last_steps(
        organisation, [*(one.patient for one in stays), *left], since
    )
    board = board_of(beds, stays, steps, now)
    return {
        "ward": ward,
        "board": board,
        "due": [one for one in in_due_order(board.people) if not one.is_hidden],
        "left": [
            (one, steps[one])
            for one in left
            if one in steps and steps[one].did == "discharged"
        ],
    }
