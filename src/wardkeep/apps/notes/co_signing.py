# SPDX-License-Identifier: Apache-2.0
"""Co-signing: a colleague was asked, reads the note, and signs it or sends it back.

Who may is whom the Task names; the warden says who that is.
"""

import msgspec
from starlette.responses import Response

from wardkeep.apps.notes.beginning import note_in
from wardkeep.apps.notes.showing import CHANGED, may_co_sign, stored, task_for
from wardkeep.care.of_patient import WRITERS
from wardkeep.care.opening import me
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.notes import cosigning
from wardkeep.fhir.notes.note import AMENDED, SIGNED, Attester, Note
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import Trouble
from wardkeep.web.visit import Visit

LONGEST_WHY = 500
_NOT_ASKED = Trouble(
    status=403,
    title="You were not asked to co-sign this note",
    why="It waits for somebody else, or it was signed already.",
    mend="Look at the note again: it says whom it waits for.",
)


@page("/patients/{id}/notes/{note}/co-sign", gate=WRITERS, methods=("POST",))
async def co_sign(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    return await _answer(visit, form, is_signed=True)


@page("/patients/{id}/notes/{note}/send-back", gate=WRITERS, methods=("POST",))
async def send_back(visit: Visit) -> Response:
    """Not signed, with a word why; the note stays, and says so."""
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    why = form.text("back-why", called="what is missing", at_most=LONGEST_WHY)
    if form.problems:
        return visit.tell(_WHY_MISSING)
    return await _answer(visit, form, is_signed=False, why=why)


_WHY_MISSING = Trouble(
    status=422,
    title="It is not said what is missing",
    why="Whoever wrote the note needs to know what to change.",
    mend="Go back and say it in a few words.",
)


async def _answer(
    visit: Visit, form: Form, *, is_signed: bool, why: str = ""
) -> Response:
    note = await note_in(visit, form)
    if isinstance(note, Response):
        return note
    task, mine = await task_for(visit, note), await me(visit)
    if task is None or not may_co_sign(note, task, mine.reference):
        return visit.tell(_NOT_ASKED)
    if form.values.get("version") != str(note.version):
        return visit.tell(CHANGED)
    now = visit.clock.now()
    status = cosigning.DONE if is_signed else cosigning.SENT_BACK
    closed = msgspec.structs.replace(task, status=status, changed=now, why=why)
    answered = _signed(note, mine, now.isoformat(timespec="seconds"))
    if not is_signed:
        answered = msgspec.structs.replace(note, by=mine, why=f"Sent back: {why}")
    return await stored(visit, answered, form, closed)


def _signed(note: Note, mine: Person, now: str) -> Note:
    status = AMENDED if len(note.attesters) > 1 else SIGNED
    signature = Attester(now, mine)
    return msgspec.structs.replace(
        note, status=status, attesters=(*note.attesters, signature), by=mine, why=""
    )
