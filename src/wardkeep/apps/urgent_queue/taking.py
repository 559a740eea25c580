# SPDX-License-Identifier: Apache-2.0
"""Taking the next case: the one whose turn it is among one's skills.

Done means: one press gives a clinician the case that has to be rung next, and no two
ever get one. Whoever has one that they have not rung yet is shown that one again: so a
second press takes nothing, and nobody piles up cases.
"""

from collections.abc import Sequence
from uuid import UUID

from starlette.responses import Response

from wardkeep.apps.urgent_queue.opening import (
    BOARD,
    DONE,
    NOBODY_YET,
    STAFF,
    find_by,
    organisation_of,
    path_of,
    rows,
    skills_of,
    write,
)
from wardkeep.care.colleagues import Mine, mine_of
from wardkeep.db.errors import AlreadyExistsError
from wardkeep.fhir.store.change import Beside
from wardkeep.fhir.urgent.moving import Cannot, advance
from wardkeep.fhir.urgent.queue_rows import TAKE_HELD, EntryRow
from wardkeep.fhir.urgent.queueing import Did, entry_content
from wardkeep.fhir.urgent.steps import State, Step
from wardkeep.web.pages import page
from wardkeep.web.trouble import Trouble
from wardkeep.web.visit import Visit

_TRIES = 5


@page(f"{BOARD}/next", gate=STAFF, methods=("POST",))
async def take_next(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    mine = await mine_of(visit)
    if not mine.me.reference:
        return visit.tell(NOBODY_YET)
    own = await rows(visit).own(organisation_of(visit), mine.me.reference)
    unrung = [
        one for one in own if one.state == State.RINGING_BACK and not one.attempts
    ]
    if unrung:
        return visit.go_to(path_of(unrung[0].entry, "first"))
    skills, wanted = skills_of(mine), form.values.get("skill", "")
    if wanted:
        skills = tuple(one for one in skills if one == wanted)
    if not skills:
        return visit.go_to(f"{BOARD}?said=no-skill")
    return await _take(visit, mine, skills)


async def _take(visit: Visit, mine: Mine, skills: Sequence[str]) -> Response:
    organisation, account = organisation_of(visit), visit.session.account
    passed: list[str] = []
    for _ in range(_TRIES):
        try:
            row = await rows(visit).hold_next(
                organisation,
                skills,
                account=account,
                now=visit.clock.now(),
                but=passed,
            )
        except AlreadyExistsError:
            return visit.go_to(f"{BOARD}?said=taking")
        if row is None:
            return visit.go_to(f"{BOARD}?said=nothing")
        done = await _take_one(visit, mine, row)
        if done == DONE:
            return visit.go_to(path_of(row.entry, "took"))
        await rows(visit).let_go(organisation, row.entry, account=account)
        if isinstance(done, Response):
            return done
        passed.append(row.entry)
    return visit.go_to(f"{BOARD}?said=busy")


async def _take_one(visit: Visit, mine: Mine, row: EntryRow) -> str | Response:
    """Write that it is the visitor's; else why not."""
    here = await find_by(visit, row)
    if isinstance(here, Response):
        return here
    did = Did(step=Step.TAKE, at=visit.clock.now(), by=mine.me)
    after = advance(here.entry, did)
    if isinstance(after, Cannot):
        return "changed"
    held = Beside(
        sql=TAKE_HELD,
        values=(organisation_of(visit), row.entry, UUID(visit.session.account)),
    )
    return await write(
        visit,
        [(entry_content(after, here.content), here.version)],
        beside=[held],
        patient=row.patient,
    )
