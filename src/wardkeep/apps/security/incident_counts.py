# SPDX-License-Identifier: Apache-2.0
"""A count as it goes on: how far the ledger is read, then how many were reached."""

from typing import Any

from starlette.responses import Response

from wardkeep.apps.security.account import OFFICERS
from wardkeep.breach.told import onward_rows, things_of, total_of
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.incident_desk import CountView, DeclareIncident, LookAtCount
from wardkeep.web.confirming import ask_to_confirm
from wardkeep.web.live import Signal
from wardkeep.web.pages import page
from wardkeep.web.visit import Visit


async def _shown(visit: Visit) -> dict[str, Any] | Refusal:
    asked = LookAtCount(visit.token, visit.path("count"))
    found = await visit.warden.ask(asked, CountView)
    if isinstance(found, Refusal):
        return found
    reach = found.reach
    part = min(99, 100 * found.read // found.total) if found.total else 0
    return {
        "found": found,
        "reach": reach,
        "sum": None if reach is None else total_of(reach),
        "things": () if reach is None else things_of(reach.types),
        "onward": () if reach is None else onward_rows(reach),
        "part": part,
        "is_for_drafts": bool(found.incident) and not found.what,
    }


def _hears(_visit: Visit) -> Signal:
    # The warden's own count; nobody tells of each entry.
    return Signal(every_seconds=1)


@page("/security/incidents/counts/{count}/live", gate=OFFICERS, hears=_hears)
async def show_count_now(visit: Visit) -> Response:
    live = visit.live(show_count_now)
    shown = await _shown(visit)
    if isinstance(shown, Refusal):
        return visit.refuse(shown)
    return visit.part(live, "security/count_part.html", **shown)


@page("/security/incidents/counts/{count}", gate=OFFICERS)
async def show_count(visit: Visit) -> Response:
    live = visit.live(show_count_now)
    shown = await _shown(visit)
    if isinstance(shown, Refusal):
        return visit.refuse(shown)
    return visit.render("security/count.html", live=live, **shown)


@page("/security/incidents/counts/{count}", gate=OFFICERS, methods=("POST",))
async def ask_to_declare(visit: Visit) -> Response:
    await visit.leave_nothing_unread()
    id_ = visit.path("count")
    found = await visit.warden.ask(LookAtCount(visit.token, id_), CountView)
    if isinstance(found, Refusal):
        return visit.refuse(found)
    verb, said = ("Revise", "revised") if found.incident else ("Declare", "declared")
    return await ask_to_confirm(
        visit,
        DeclareIncident(id_),
        back=f"/security/incidents/counts/{id_}",
        after=f"/security/incidents?said={said}",
        button=f"{verb} it with my passkey",
    )
