# SPDX-License-Identifier: Apache-2.0
"""What came of a call that somebody rang back: another disposition, or nothing more.

Up or down, it says why, and what it was before stays in the record. Where somebody else
has to do something the case waits in their queue, in the same change: it is never in
none, and never in two. Where nobody has, the case is closed.
"""

from starlette.responses import Response

from wardkeep.apps.urgent_queue.case import LONGEST, show
from wardkeep.apps.urgent_queue.opening import (
    BOARD,
    DONE,
    STAFF,
    Here,
    find,
    leads,
    path_of,
)
from wardkeep.apps.urgent_queue.stepping import Pressed, pressed
from wardkeep.care.case_ending import Ending, changed_by_end, write_end
from wardkeep.care.crews import is_crew_of
from wardkeep.care.keeping import finish
from wardkeep.fhir.urgent.disposition import DISPOSITIONS, Disposition, Kind
from wardkeep.fhir.urgent.moving import Cannot, advance
from wardkeep.fhir.urgent.queueing import Did
from wardkeep.fhir.urgent.steps import Step
from wardkeep.web.pages import page
from wardkeep.web.visit import Visit

NOT_REACHED = "not-reached"


@page(f"{BOARD}/cases/{{entry}}/end", gate=STAFF, methods=("POST",))
async def end_case(visit: Visit) -> Response:
    found = await pressed(visit, Step.END)
    if isinstance(found, Response):
        return await _again(visit, found)
    ending = _typed(visit, found)
    if ending is None:
        return await show(visit, found.form, act="end")
    entry, now = found.here.entry, visit.clock.now()
    me = found.mine.me
    did = Did(step=Step.END, at=now, by=me, words=ending.words)
    is_crew = await is_crew_of(visit, entry, me)
    after = advance(entry, did, leads=leads(visit), is_crew=is_crew)
    if isinstance(after, Cannot):
        return visit.go_to(path_of(entry.id, "not-yours"))
    changed = await changed_by_end(visit, found.here, after, ending, author=me)
    if isinstance(changed, Response):
        return changed
    done = await write_end(visit, entry, changed)
    if isinstance(done, Response):
        return done
    if done != DONE:
        return visit.go_to(path_of(entry.id, done))
    await finish(visit, found.form, patient=entry.patient)
    return visit.go_to(_where(ending.disposition, entry.id, str(changed[-1][0]["id"])))


def _where(asked: Disposition | None, entry: str, last: str) -> str:
    """Where an end leads; `last` is the id of what was written last."""
    if asked is None or not asked.waits:
        return f"{BOARD}?of={entry}&said=ended"
    is_ambulance = asked.kind is Kind.AMBULANCE
    return path_of(last, "asked") if is_ambulance else f"{BOARD}?of={entry}&said=moved"


async def _again(visit: Visit, told: Response) -> Response:
    """Of an end that was sent twice, what the first one did."""
    here = await find(visit, visit.path("entry"))
    if isinstance(here, Here) and not here.entry.is_open:
        return visit.go_to(f"{BOARD}?said=ended")
    return told


def _typed(visit: Visit, found: Pressed) -> Ending | None:
    form = found.form
    may_close = leads(visit) and found.here.entry.is_escalated
    codes = (*DISPOSITIONS, *([NOT_REACHED] if may_close else []))
    code = form.choice("code", called="what came of it", among=codes)
    why = form.text("why", called="why, and what was agreed", at_most=LONGEST)
    if _is_asked_for(found.here) and _is_ambulance(code):
        form.reject(
            "code",
            wrong="An ambulance was asked for already, because nobody answered",
            mend="End the case with what else is to be done, or stop that one first.",
        )
    if form.problems:
        return None
    return Ending(disposition=DISPOSITIONS.get(code), why=why)


def _is_ambulance(code: str) -> bool:
    chosen = DISPOSITIONS.get(code)
    return chosen is not None and chosen.kind is Kind.AMBULANCE


def _is_asked_for(here: Here) -> bool:
    """For a case that did not come to one itself: a validation that nobody answered."""
    is_standing = here.row.send_at is not None and here.row.called_off_at is None
    return is_standing and not _is_ambulance(here.entry.code)
