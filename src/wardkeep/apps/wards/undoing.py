# SPDX-License-Identifier: Apache-2.0
"""Taking back what was done last for somebody on the ward, for fifteen minutes.

Each resource is written again as it was before; what was new is entered in error, and
stays readable. Where anybody wrote one of them since, nothing is done. Whoever takes
back a discharge has made the stay longer: that part is their own work (decision 53).
"""

from starlette.responses import Response

from wardkeep.apps.wards.opening import (
    DONE,
    STAFF,
    Changed,
    back_to,
    carry_out,
    rows,
)
from wardkeep.care.of_patient import refused, whole_number
from wardkeep.care.opening import opener_of
from wardkeep.care.writing import content_of
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.store.outcomes import NotFound, OpenedResource
from wardkeep.fhir.store.reading import Reader
from wardkeep.fhir.store.ward_steps import UNDO_WITHIN
from wardkeep.fhir.wards.rows import StepRow
from wardkeep.fhir.wards.stay import MISTAKE
from wardkeep.web.pages import page
from wardkeep.web.trouble import Trouble
from wardkeep.web.visit import Visit

_CHANGED = "changed"


@page("/patients/{id}/ward/undo", gate=STAFF, methods=("POST",))
async def undo(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    ward, number = form.values.get("of-ward", ""), form.values.get("step", "")
    patient = visit.path("id")
    last = await rows(visit).last_steps(
        opener_of(visit).organisation, [patient], visit.clock.now() - UNDO_WITHIN
    )
    step = last.get(patient)
    if step is None or step.number != whole_number(number):
        return back_to(visit, ward, "too-late")
    before = await _before(visit, step)
    if isinstance(before, Response):
        return before
    if before is None:
        return back_to(visit, ward, _CHANGED)
    done = await carry_out(visit, step.did, before, undoes=step.number)
    if isinstance(done, Response):
        return done
    return back_to(visit, ward, "undone" if done == DONE else done)


async def _before(visit: Visit, step: StepRow) -> list[Changed] | Response | None:
    """Everything as it was before the step; None: somebody wrote on since."""
    changed = []
    for type_, id_, version in step.wrote:
        now = await _read(visit, type_, id_, None)
        if not isinstance(now, OpenedResource):
            return now
        if now.version != version:
            return None
        was = now if version == 1 else await _read(visit, type_, id_, version - 1)
        if not isinstance(was, OpenedResource):
            return was
        content = content_of(was.text)
        if version == 1:
            content["status"] = MISTAKE
        changed.append(Changed(content=content, version=version))
    return changed


async def _read(
    visit: Visit, type_: str, id_: str, version: int | None
) -> OpenedResource | Response | None:
    opened = await visit.services[Reader].one(
        type_, id_, opener=opener_of(visit), version=version
    )
    if isinstance(opened, Refusal):
        return refused(visit, opened)
    if isinstance(opened, NotFound):
        return None
    [one] = opened.resources
    return one if one.patient in ("", visit.path("id")) else None
