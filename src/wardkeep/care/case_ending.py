# SPDX-License-Identifier: Apache-2.0
"""What came of a case, for every app that ends one: another disposition, or no more.

Up or down, it says why, and what it was before stays in the record. Where somebody else
has to do something the case waits in their queue, in the same change: it is never in
none, and never in two. Where nobody has, the case is closed, and the surgery is told.
"""

import msgspec
from starlette.responses import Response

from wardkeep.care.ambulance_request import asked_by_message
from wardkeep.care.case_closing import case_closed
from wardkeep.care.queue_case import Here, write
from wardkeep.care.stored import Json, stored
from wardkeep.care.telling import told_at_end
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.urgent import outcome
from wardkeep.fhir.urgent.disposition import DISPOSITIONS, Disposition
from wardkeep.fhir.urgent.outcome import REVOKED
from wardkeep.fhir.urgent.queueing import Entry, entry_content, queued
from wardkeep.fhir.urgent.saying import instant
from wardkeep.web.visit import Visit

_ORDER = {code: place for place, code in enumerate(DISPOSITIONS)}
Changes = list[tuple[Json, int]]


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


async def changed_by_end(
    visit: Visit, here: Here, after: Entry, ending: Ending, *, author: Person
) -> Changes | Response:
    """Everything that is written, with the versions that it takes the place of.

    `after` is the entry as it is once it was ended.
    """
    entry = here.entry
    changed: Changes = [(entry_content(after, here.content), here.version)]
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
            author=author,
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


async def write_end(visit: Visit, entry: Entry, changed: Changes) -> str | Response:
    """Write an end with the surgery's and the ambulance's message; as `write` says."""
    contents = [content for content, _ in changed]
    told = await told_at_end(visit, entry.patient, entry.case, contents)
    messages = await asked_by_message(visit, contents)
    return await write(
        visit,
        [*changed, *((one, 0) for one in told.contents)],
        beside=[*told.beside, *(one for it in messages for one in it.beside)],
        drafts=[one.draft for one in messages],
        patient=entry.patient,
    )
