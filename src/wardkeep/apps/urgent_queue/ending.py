# SPDX-License-Identifier: Apache-2.0
"""What came of a call that somebody rang back: another disposition, or nothing more.

Up or down, it says why, and what it was before stays in the record. Where somebody else
has to do something the case waits in their queue, in the same change: it is never in
none, and never in two. Where nobody has, the case is closed.
"""

import msgspec
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
    write,
)
from wardkeep.apps.urgent_queue.stepping import Pressed, pressed
from wardkeep.care.case_closing import case_closed
from wardkeep.care.keeping import finish
from wardkeep.care.stored import Json, stored
from wardkeep.care.telling import told_at_end
from wardkeep.fhir.urgent import outcome
from wardkeep.fhir.urgent.disposition import DISPOSITIONS, Disposition, Kind
from wardkeep.fhir.urgent.moving import Cannot, advance
from wardkeep.fhir.urgent.outcome import REVOKED
from wardkeep.fhir.urgent.queueing import Did, Entry, entry_content, queued
from wardkeep.fhir.urgent.saying import instant
from wardkeep.fhir.urgent.steps import Step
from wardkeep.web.pages import page
from wardkeep.web.visit import Visit

NOT_REACHED = "not-reached"
_ORDER = {code: place for place, code in enumerate(DISPOSITIONS)}


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it."""

    disposition: Disposition | None
    """None: nobody could be reached, and the shift lead closes it."""
    why: str

    @property
    def words(self) -> str:
        if self.disposition is None:
            return f"Nobody could be reached. {self.why}"
        return f"{self.disposition.words}. {self.why}"


def direction(before: str, after: str) -> str:
    """Whether a disposition presses more than another; the list has them in order."""
    was, is_ = _ORDER.get(before), _ORDER.get(after)
    if was is None or is_ is None or was == is_:
        return "Unchanged" if before == after else "Changed"
    return "Upgraded" if is_ < was else "Downgraded"


@page(f"{BOARD}/cases/{{entry}}/end", gate=STAFF, methods=("POST",))
async def end_case(visit: Visit) -> Response:
    found = await pressed(visit, Step.END)
    if isinstance(found, Response):
        return await _again(visit, found)
    ending = _typed(visit, found)
    if ending is None:
        return await show(visit, found.form, act="end")
    entry, now = found.here.entry, visit.clock.now()
    did = Did(step=Step.END, at=now, by=found.mine.me, words=ending.words)
    after = advance(entry, did, leads=leads(visit))
    if isinstance(after, Cannot):
        return visit.go_to(path_of(entry.id, "not-yours"))
    changed = await _changed(visit, found, after, ending)
    if isinstance(changed, Response):
        return changed
    contents = [content for content, _ in changed]
    told = await told_at_end(visit, entry.patient, entry.case, contents)
    done = await write(
        visit,
        [*changed, *((one, 0) for one in told.contents)],
        beside=told.beside,
        patient=entry.patient,
    )
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


async def _changed(
    visit: Visit, found: Pressed, after: Entry, ending: Ending
) -> list[tuple[Json, int]] | Response:
    """Everything that is written, with the versions that it takes the place of."""
    here, entry = found.here, found.here.entry
    changed: list[tuple[Json, int]] = [
        (entry_content(after, here.content), here.version)
    ]
    if entry.outcome:
        was = await stored(visit, outcome.TYPE, entry.outcome, patient=entry.patient)
        if isinstance(was, Response):
            return was
        status = outcome.COMPLETED if ending.disposition else REVOKED
        changed.append(({**was.content, "status": status}, was.version))
    given = after.did[-1].at
    if ending.disposition is not None:
        went = direction(entry.code, ending.disposition.code)
        made = queued(
            entry.case,
            entry.patient,
            ending.disposition,
            given=given,
            author=found.mine.me,
            why=f"{went}: {ending.why}",
            replaces=entry.outcome,
        )
        changed += [(content, 0) for content in made]
    if ending.disposition is None or not ending.disposition.waits:
        over = await case_closed(visit, entry, instant(given))
        if isinstance(over, Response):
            return over
        changed += over
    return changed
