# SPDX-License-Identifier: Apache-2.0
"""Cancelling a prescription with a reason, and taking back what was done last."""

from starlette.responses import Response

from wardkeep.apps.prescriptions.opening import (
    CHECKERS,
    Pressed,
    pressed,
    save_step,
)
from wardkeep.apps.prescriptions.showing import show_one
from wardkeep.apps.prescriptions.typed import LONGEST
from wardkeep.care.stored import Json
from wardkeep.fhir.prescriptions.handed_out import WRONG
from wardkeep.fhir.prescriptions.prescription import CANCELLED, GIVEN, UNDONE, Step
from wardkeep.web.pages import page
from wardkeep.web.visit import Visit


@page("/patients/{id}/prescriptions/{rx}/cancel", gate=CHECKERS, methods=("POST",))
async def cancel(visit: Visit) -> Response:
    got = await pressed(visit, CANCELLED)
    if isinstance(got, Response):
        return got
    why = got.form.text("word", called="why it is cancelled", at_most=LONGEST)
    if got.form.problems:
        return await show_one(visit, got.opened, got.kept, got.form)
    step = Step(kind=CANCELLED, at=visit.clock.now(), by=got.me, words=why)
    return await save_step(visit, got, step, said=CANCELLED)


@page("/patients/{id}/prescriptions/{rx}/undo", gate=CHECKERS, methods=("POST",))
async def undo(visit: Visit) -> Response:
    """A cancelling, or stock that was not given after all; both stay in its history."""
    got = await pressed(visit, UNDONE)
    if isinstance(got, Response):
        return got
    step = Step(kind=UNDONE, at=visit.clock.now(), by=got.me)
    return await save_step(visit, got, step, beside=_packet(got), said=UNDONE)


def _packet(got: Pressed) -> list[tuple[Json, int]]:
    """The packet that was not handed over, marked as an error."""
    last = got.kept.prescription.steps[-1]
    kept = got.opened.packet_contents.get(last.about) if last.kind == GIVEN else None
    if kept is None:
        return []
    version, content = kept
    return [({**content, "status": WRONG}, version)]
