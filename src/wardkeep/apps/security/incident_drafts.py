# SPDX-License-Identifier: Apache-2.0
"""Drafts of what must be told: read and printed here, or taken as one zip.

Done means: a quarter of an hour after an incident was declared the report, the words
and a letter for each person are in the officer's hands, each with its gaps named.
Rejected: editing them here (people have their own letterheads and their own lawyer),
and a letter for each person as a page (nobody reads eighty thousand pages).
"""

import asyncio
from collections.abc import AsyncIterator
from typing import NamedTuple

import msgspec
from starlette.responses import Response, StreamingResponse

from wardkeep.apps.security.account import OFFICERS
from wardkeep.apps.security.incidents import DRAFTS, incident_named
from wardkeep.breach import told
from wardkeep.breach.drafts import (
    EVIDENCE,
    PEOPLE,
    TITLES,
    Sheets,
    gaps_in,
    letter_of,
    people_table,
)
from wardkeep.breach.packing import TYPE, Packing
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.client import WardenUnavailableError
from wardkeep.disclosure.incident_desk import IncidentView, Reached, ReadReached
from wardkeep.ledger.incidents import Finding, Incident
from wardkeep.ledger.reaching import Reach
from wardkeep.ledger.scope import PersonReached
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND
from wardkeep.web.visit import Visit

OWN = 1
"""The organisation's number in its own drafts: there is no other in them."""


class Ready(NamedTuple):
    """An incident of which drafts can be made."""

    view: IncidentView
    reach: Reach
    sheets: Sheets


async def ready_in(visit: Visit) -> Ready | Response:
    view = await incident_named(visit)
    if isinstance(view, Response):
        return view
    if view.reach is None:
        return visit.go_to(f"/security/incidents/{view.id}")
    incident = _as_kept(view, visit.session.organisation_name)
    return Ready(view, view.reach, Sheets(incident, view.reach))


def _as_kept(view: IncidentView, organisation: str) -> Incident:
    """As the drafts read one: this organisation's part, and nobody else's."""
    return Incident(
        id=view.id,
        found_at=view.found_at,
        declared_at=view.declared_at,
        what=view.what,
        findings=tuple(
            Finding(
                at=one.at,
                why=one.why,
                selectors=one.selectors,
                is_whole=one.is_whole,
                people=((OWN, one.people),),
            )
            for one in view.versions
        ),
        names=((OWN, organisation),),
        told=view.told,
    )


@page("/security/incidents/{incident}/drafts/{name}", gate=OFFICERS)
async def show_draft(visit: Visit) -> Response:
    name = visit.path("name")
    if name not in DRAFTS:
        return visit.tell(NOT_FOUND)
    ready = await ready_in(visit)
    if isinstance(ready, Response):
        return ready
    body = ready.sheets.body(name, OWN, told.total_of(ready.reach))
    return visit.render(
        "security/draft.html",
        one=ready.view,
        name=name,
        title=TITLES[name],
        body=body,
        gaps=gaps_in(str(body)),
    )


@page("/security/incidents/{incident}/drafts/{name}/file", gate=OFFICERS)
async def download_draft(visit: Visit) -> Response:
    name = visit.path("name")
    if name not in DRAFTS:
        return visit.tell(NOT_FOUND)
    ready = await ready_in(visit)
    if isinstance(ready, Response):
        return ready
    [(file, content)] = ready.sheets.of_organisation(
        OWN, told.total_of(ready.reach), (name,)
    )
    return Response(
        content,
        media_type="text/html; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{file}"'},
    )


@page("/security/incidents/{incident}/people", gate=OFFICERS)
async def show_reached(visit: Visit) -> Response:
    """Who was reached, by their ids, a portion a page."""
    view = await incident_named(visit)
    if isinstance(view, Response):
        return view
    place = visit.query("place")
    found = await portion_of(visit, view.id, int(place) if place.isdecimal() else 0)
    if isinstance(found, Refusal):
        return visit.refuse(found)
    return visit.render(
        "security/reached.html",
        one=view,
        people=[told.person(one) for one in found.people],
        next=found.next,
    )


async def portion_of(visit: Visit, incident: str, place: int) -> Reached | Refusal:
    # What is no place in any file: the warden refuses it like any other.
    asked = ReadReached(visit.token, incident, min(place, 1 << 60))
    return await visit.warden.ask(asked, Reached)


@page("/security/incidents/{incident}/drafts.zip", gate=OFFICERS, methods=("POST",))
async def download_drafts(visit: Visit) -> Response:
    """All drafts and letters. Asked for anew at the door, a portion at a time."""
    await visit.leave_nothing_unread()
    ready = await ready_in(visit)
    if isinstance(ready, Response):
        return ready
    first = await portion_of(visit, ready.view.id, 0)
    if isinstance(first, Refusal):
        return visit.refuse(first)
    name = f"incident-{ready.view.id[:8]}-version-{len(ready.view.versions)}.zip"
    return StreamingResponse(
        _packed(visit, ready, first),
        media_type=TYPE,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


async def _packed(visit: Visit, ready: Ready, first: Reached) -> AsyncIterator[bytes]:
    """The zip while it is made; a portion that is refused breaks it off."""
    packing, listed = Packing(), list[PersonReached]()
    total = told.total_of(ready.reach)
    for name, content in ready.sheets.of_organisation(OWN, total, DRAFTS):
        packing.add(name, content)
    packing.add(EVIDENCE, _evidence(ready))
    found: Reached | Refusal = first
    while isinstance(found, Reached):
        # In a thread: others wait on this loop.
        yield await asyncio.to_thread(_letters, packing, ready.sheets, found)
        listed += [_without_resources(one) for one in found.people]
        if found.next < 0:
            break
        found = await portion_of(visit, ready.view.id, found.next)
    if isinstance(found, Refusal):
        # Half a zip must not look like a whole one: the connection ends here.
        raise WardenUnavailableError
    table = await asyncio.to_thread(people_table, listed)
    packing.add(f"{PEOPLE}.csv", table)
    yield packing.end()


def _letters(packing: Packing, sheets: Sheets, found: Reached) -> bytes:
    for one in found.people:
        packing.add(letter_of(one.patient), sheets.letter(OWN, one))
        resources = msgspec.json.format(msgspec.json.encode(one))
        packing.add(f"{PEOPLE}/{letter_of(one.patient)[8:-5]}.json", resources)
    return packing.take()


def _without_resources(one: PersonReached) -> PersonReached:
    """For the table each kind once is enough; a record may have thousands."""
    newest = {(found.type, found.id): found for found in one.resources}
    kinds = {type_: found for (type_, _), found in newest.items()}
    return msgspec.structs.replace(one, resources=list(kinds.values()), entries=[])


def _evidence(ready: Ready) -> bytes:
    """What proves it, without who it is about."""
    reach = ready.reach
    said = {
        "incident": ready.view.id,
        "version": len(ready.view.versions),
        "is_whole": reach.is_whole,
        "faults": reach.faults,
        "entries_read": reach.entries_read,
        "root": reach.root,
        "checkpoint": reach.checkpoint,
        "certainly_not": reach.certainly_not,
        "canaries_apart": reach.canaries,
    }
    return msgspec.json.format(msgspec.json.encode(said))
