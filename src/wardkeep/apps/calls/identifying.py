# SPDX-License-Identifier: Apache-2.0
"""It is known who the call is about: the case goes on in that person's record.

Both records change in one transaction: the case begins anew where it belongs, in the
journey of a call of theirs that is still open or in one of its own; and in the place
that was held for whoever it might be stands that it was a mistake, and where it went. A
resource never moves from one patient's key to another's.
"""

import msgspec
from starlette.responses import Response

from wardkeep.apps.calls.details import Sent, again, caller_of, patient_here, sent_with
from wardkeep.apps.calls.opening import ANSWERERS, address_of, case_draft, write
from wardkeep.base.ids import derived_uuid, is_fhir_id
from wardkeep.care.journeys import journey_going_on
from wardkeep.care.keeping import finish
from wardkeep.care.of_patient import refused
from wardkeep.care.opening import opener_of
from wardkeep.care.writing import content_of, drafted, drafted_anew
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.store.change import MUST_NOT_EXIST
from wardkeep.fhir.urgent.call_rows import CallRows
from wardkeep.fhir.urgent.caller import is_unknown, replaced
from wardkeep.fhir.urgent.case import MISTAKE, TYPE, Case, case_content
from wardkeep.fhir.urgent.journey import (
    MISTAKE as NO_JOURNEY,
    journey_content,
    journey_id,
    of_journey,
)
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

KNOWN = Trouble(
    status=409,
    title="It is known already who this call is about",
    why="A case stays with the patient whose record it is in, so nothing was done.",
    mend="If that is somebody else, end this call as a mistake and answer it anew.",
)


@page("/patients/{id}/calls/{case}/identify", gate=ANSWERERS, methods=("POST",))
async def identify(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    chosen = form.values.get("chosen", "")
    if not is_fhir_id(chosen) or chosen == visit.path("id"):
        return visit.tell(NOT_FOUND)
    # Pressed again because the answer was lost: it is there, and the place that was
    # held for whoever it might be is nobody's reason to open any more.
    there = case_of(visit.path("case"), chosen)
    row = await visit.services[CallRows].one(opener_of(visit).organisation, there)
    if row is not None and row.patient == chosen:
        return visit.go_to(address_of(chosen, there))
    got = await sent_with(visit, form)
    if isinstance(got, Response):
        return got
    if got.typed is None:
        return await again(visit, got)
    return await _move(visit, got, got.typed.on(got.stored.case), chosen)


def case_of(case: str, patient: str) -> str:
    """The id of the case as it begins anew in somebody's record."""
    return derived_uuid("case-of", case, patient)


async def _move(visit: Visit, got: Sent, case: Case, to: str) -> Response:
    held = await patient_here(visit)
    if isinstance(held, Response):
        return held
    nobody = content_of(held.text)
    if not is_unknown(nobody):
        return visit.tell(KNOWN)
    there = msgspec.structs.replace(case, id=case_of(case.id, to), patient=to)
    gone = msgspec.structs.replace(
        got.stored.case, status=MISTAKE, moved=f"{TYPE}/{there.id}"
    )
    going_on = await journey_going_on(visit, to, now=visit.clock.now())
    if isinstance(going_on, Refusal):
        return refused(visit, going_on, got.form)
    begun = [
        drafted(of_journey(case_content(there), going_on or journey_id(there.id))),
        *([] if going_on else [drafted(journey_content(there))]),
        *caller_of(there),
    ]
    left = [drafted(journey_content(got.stored.case, NO_JOURNEY))]
    wrong = await write(
        visit,
        [
            *begun,
            case_draft(gone, got.stored),
            drafted_anew(replaced(nobody, to)),
            *left,
        ],
        [
            *[MUST_NOT_EXIST for _ in begun],
            got.stored.version,
            held.version,
            *[None for _ in left],
        ],
        got.form,
    )
    if wrong is not None:
        return wrong
    await finish(visit, got.form)
    return visit.go_to(address_of(to, there.id))
