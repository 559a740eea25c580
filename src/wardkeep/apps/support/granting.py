# SPDX-License-Identifier: Apache-2.0
"""Letting one of the operator's people see a few patients' records for minutes."""

from starlette.responses import Response

from wardkeep.apps.support.overview import KEEPERS
from wardkeep.base.ids import is_fhir_id
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.support import (
    LONGEST_MINUTES,
    MOST_PATIENTS,
    GrantSupport,
    ListSupport,
    Support,
)
from wardkeep.web.confirming import ask_to_confirm
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import Trouble
from wardkeep.web.visit import Visit

MINUTES = (("15", "15 minutes"), ("30", "30 minutes"), ("60", "60 minutes"))
REACHES = (("banner", "Name, birth date and address"), ("record", "The whole record"))
LONGEST_REASON = 200


async def _show(visit: Visit, form: Form) -> Response:
    found = await visit.warden.ask(ListSupport(visit.token), Support)
    if isinstance(found, Refusal):
        return visit.refuse(found)
    problems = tuple(form.problems.values())
    return visit.render(
        "support/grant.html",
        status=422 if problems else 200,
        problems=problems,
        supporters=found.supporters,
        minutes=MINUTES,
        reaches=REACHES,
        typed=form.values,
        most=MOST_PATIENTS,
    )


@page("/support/grant", gate=KEEPERS)
async def show_granting(visit: Visit) -> Response:
    return await _show(visit, Form({}))


@page("/support/grant", gate=KEEPERS, methods=("POST",))
async def ask_to_grant(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    act = GrantSupport(
        account=form.text("supporter", called="who of support", at_most=64),
        patients=_patients(form),
        minutes=int(
            form.choice(
                "minutes", called="how long", among=tuple(one for one, _ in MINUTES)
            )
            or LONGEST_MINUTES
        ),
        reason=form.text("reason", called="the reason", at_most=LONGEST_REASON),
        is_record=form.choice(
            "reach", called="how far", among=tuple(one for one, _ in REACHES)
        )
        == "record",
    )
    if form.problems:
        return await _show(visit, form)
    return await ask_to_confirm(
        visit,
        act,
        back="/support/grant",
        after="/support",
        button="Ask with my passkey",
    )


def _patients(form: Form) -> tuple[str, ...]:
    """One a line: the address of a record, or the id at its end."""
    lines = form.values.get("patients", "").split()
    found = tuple(line.rstrip("/").rpartition("/")[2] for line in lines)
    if not 1 <= len(found) <= MOST_PATIENTS or not all(map(is_fhir_id, found)):
        form.reject(
            "patients",
            wrong="The patients cannot be read",
            mend=f"Write 1 to {MOST_PATIENTS} addresses of records, one a line.",
        )
    return found
