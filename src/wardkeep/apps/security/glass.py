# SPDX-License-Identifier: Apache-2.0
"""Breaking the glass: one patient, a ground, a passkey."""

from starlette.responses import Response

from wardkeep.care.of_patient import WRITERS
from wardkeep.disclosure.containment import GROUNDS, BreakGlass
from wardkeep.web.confirming import ask_to_confirm
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import Trouble
from wardkeep.web.visit import Visit


def _show(visit: Visit, form: Form) -> Response:
    problems = tuple(form.problems.values())
    return visit.render(
        "security/glass.html",
        status=422 if problems else 200,
        id=visit.path("id"),
        grounds=tuple(GROUNDS.items()),
        chosen=form.values.get("ground", ""),
        problems=problems,
    )


@page("/patients/{id}/glass", gate=WRITERS)
async def show_glass(visit: Visit) -> Response:
    return _show(visit, Form({}))


@page("/patients/{id}/glass", gate=WRITERS, methods=("POST",))
async def ask_to_break_glass(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    ground = form.choice("ground", called="a ground", among=tuple(GROUNDS))
    if form.problems:
        return _show(visit, form)
    record = f"/patients/{visit.path('id')}"
    return await ask_to_confirm(
        visit,
        BreakGlass(visit.path("id"), ground),
        back=record,
        after=record,
        button="Break the glass with my passkey",
    )
