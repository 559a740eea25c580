# SPDX-License-Identifier: Apache-2.0
"""Signing for a controlled drug: its prescriber, then a second person, a passkey each.

The passkey signs for the words that stand here, at the version that was shown. What was
signed is then written into the record, where both names stand on the paper.
"""

from starlette.responses import Response

from wardkeep.apps.prescriptions.opening import (
    CHECKERS,
    Kept,
    address_of,
    called,
    pressed,
    save_step,
)
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.medicine_signing import (
    CHECKS,
    PRESCRIBES,
    ReadSignedMedicine,
    SignedMedicineView,
    SignMedicine,
)
from wardkeep.fhir.prescriptions.prescription import CHECKED, SIGNED, Step
from wardkeep.web.confirming import ask_to_confirm
from wardkeep.web.pages import page
from wardkeep.web.visit import Visit

_PARTS = {SIGNED: PRESCRIBES, CHECKED: CHECKS}


def act_of(kept: Kept, patient: str, kind: str) -> SignMedicine:
    """What is signed for."""
    one = kept.prescription
    return SignMedicine(
        id=one.id,
        version=kept.version,
        patient=patient,
        part=_PARTS[kind],
        words=one.words,
        prescriber=one.written.by.words,
    )


@page("/patients/{id}/prescriptions/{rx}/sign", gate=CHECKERS, methods=("POST",))
async def sign(visit: Visit) -> Response:
    """The page on which the passkey signs; nothing is written by it."""
    got = await pressed(visit)
    if isinstance(got, Response):
        return got
    address = address_of(visit, got.kept.prescription.id)
    return await ask_to_confirm(
        visit,
        act_of(got.kept, visit.path("id"), got.kind),
        back=address,
        after=f"{address}?said=passkey",
        button="Sign with my passkey",
        said_for={f"Patient/{visit.path('id')}": called(got.opened.banner)},
    )


@page("/patients/{id}/prescriptions/{rx}/signed", gate=CHECKERS, methods=("POST",))
async def keep_signature(visit: Visit) -> Response:
    """What this session's passkey signed for goes into the record."""
    got = await pressed(visit)
    if isinstance(got, Response):
        return got
    asked = ReadSignedMedicine(visit.token, got.kept.prescription.id)
    signed = await visit.warden.ask(asked, SignedMedicineView)
    if isinstance(signed, Refusal):
        return visit.refuse(signed)
    if signed.act != act_of(got.kept, visit.path("id"), got.kind):
        return visit.go_to(address_of(visit, got.kept.prescription.id, "changed"))
    step = Step(
        kind=got.kind,
        at=visit.clock.now(),
        by=got.me,
        words=got.kept.prescription.words,
    )
    return await save_step(visit, got, step, said=got.kind)
