# SPDX-License-Identifier: Apache-2.0
"""Ending a special note with a reason, marking it as false, and taking that back."""

from starlette.responses import Response

from wardkeep.apps.special_notes.opening import (
    Pressed,
    address_of,
    pressed,
    save,
)
from wardkeep.apps.special_notes.showing import show_one
from wardkeep.apps.special_notes.typed import LONGEST
from wardkeep.care.warnings import NOTERS
from wardkeep.fhir.urgent.special_note import (
    ENDED,
    MISTAKE,
    UNDONE,
    Step,
    with_step,
)
from wardkeep.web.pages import page
from wardkeep.web.visit import Visit


@page("/patients/{id}/special-notes/{note}/end", gate=NOTERS, methods=("POST",))
async def end_note(visit: Visit) -> Response:
    return await _end(visit, ENDED)


@page("/patients/{id}/special-notes/{note}/mistake", gate=NOTERS, methods=("POST",))
async def mark_mistake(visit: Visit) -> Response:
    """It was never so: it is on no call any more, and says who wrote it and who not."""
    return await _end(visit, MISTAKE)


async def _end(visit: Visit, kind: str) -> Response:
    got = await pressed(visit)
    if isinstance(got, Response):
        return got
    if got.kept.note.is_ended:
        return visit.go_to(address_of(visit, got.kept.note.id, "changed"))
    why = got.form.text("word", called="why", at_most=LONGEST)
    if got.form.problems:
        return await show_one(visit, got.opened, got.kept, got.form, act=kind)
    return await _step(visit, got, kind, why)


@page("/patients/{id}/special-notes/{note}/undo", gate=NOTERS, methods=("POST",))
async def take_back(visit: Visit) -> Response:
    got = await pressed(visit)
    if isinstance(got, Response):
        return got
    if not got.kept.note.can_take_back(got.me, visit.clock.now()):
        return visit.go_to(address_of(visit, got.kept.note.id, "too-late"))
    return await _step(visit, got, UNDONE, "")


async def _step(visit: Visit, got: Pressed, kind: str, words: str) -> Response:
    step = Step(kind=kind, at=visit.clock.now(), by=got.me, words=words)
    note = with_step(got.kept.note, step)
    done = await save(visit, note, got.kept)
    if isinstance(done, Response):
        return done
    return visit.go_to(address_of(visit, note.id, kind if done else "changed"))
