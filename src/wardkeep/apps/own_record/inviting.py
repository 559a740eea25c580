# SPDX-License-Identifier: Apache-2.0
"""A patient's way in, as staff give it and end it: for a record that they may open."""

from starlette.responses import Response

from wardkeep.care.of_patient import READERS
from wardkeep.care.whose import said_for
from wardkeep.disclosure.answers import Done, Refusal
from wardkeep.disclosure.patients import (
    EndPatientAccount,
    InvitePatient,
    LookAtPatientAccount,
    PatientAccount,
)
from wardkeep.web.confirming import ask_to_confirm
from wardkeep.web.gates import Gate
from wardkeep.web.pages import page
from wardkeep.web.visit import Visit

STAFF = Gate.SIGNED_IN.but("administrator", "finance_clerk", "support")
"""Whose work reaches patients; the warden decides for each record."""


@page("/patients/{id}/sign-in", gate=STAFF)
async def show_patient_account(visit: Visit) -> Response:
    return await _show(visit, is_ending=False)


@page("/patients/{id}/sign-in/end", gate=STAFF)
async def confirm_ending(visit: Visit) -> Response:
    return await _show(visit, is_ending=True)


async def _show(visit: Visit, *, is_ending: bool) -> Response:
    id_ = visit.path("id")
    found = await visit.warden.ask(
        LookAtPatientAccount(visit.token, id_), PatientAccount
    )
    if isinstance(found, Refusal):
        if found.needs_reason and READERS.admits(visit.session.role):
            return visit.go_to(f"/patients/{id_}")
        return visit.refuse(found)
    return visit.render(
        "own_record/account.html",
        id=id_,
        found=found,
        may_open=READERS.admits(visit.session.role),
        is_ending=is_ending and found.is_there,
        has_ended=visit.query("ended") == "yes",
    )


@page("/patients/{id}/sign-in/invite", gate=STAFF)
async def ask_to_invite(visit: Visit) -> Response:
    here = f"/patients/{visit.path('id')}/sign-in"
    return await ask_to_confirm(
        visit,
        InvitePatient(visit.path("id")),
        back=here,
        after=here,
        button="Make the link with my passkey",
        said_for=await said_for(visit, visit.path("id")),
    )


@page("/patients/{id}/sign-in/end", gate=STAFF, methods=("POST",))
async def end_patient_account(visit: Visit) -> Response:
    await visit.leave_nothing_unread()
    id_ = visit.path("id")
    given = await visit.warden.ask(EndPatientAccount(visit.token, id_), Done)
    if isinstance(given, Refusal):
        return visit.refuse(given)
    return visit.go_to(f"/patients/{id_}/sign-in?ended=yes")
