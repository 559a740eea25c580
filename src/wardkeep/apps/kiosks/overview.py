# SPDX-License-Identifier: Apache-2.0
"""The organisation's kiosks: let one in that shows a code, and end one."""

from starlette.responses import Response

from wardkeep.disclosure.answers import Done, Refusal
from wardkeep.disclosure.kiosks import AddKiosk, EndKiosk, Kiosks, ListKiosks
from wardkeep.disclosure.people import ListTeams, Teams
from wardkeep.web.confirming import ask_to_confirm
from wardkeep.web.forms import Form
from wardkeep.web.gates import Gate
from wardkeep.web.pages import page
from wardkeep.web.trouble import Trouble
from wardkeep.web.visit import Visit

KEEPERS = Gate.SIGNED_IN.only("administrator")
_LONGEST_NAME = 80


async def _show(visit: Visit, form: Form) -> Response:
    found = await visit.warden.ask(ListKiosks(visit.token), Kiosks)
    if isinstance(found, Refusal):
        return visit.refuse(found)
    teams = await visit.warden.ask(ListTeams(visit.token), Teams)
    if isinstance(teams, Refusal):
        return visit.refuse(teams)
    problems = tuple(form.problems.values())
    return visit.render(
        "kiosks/all.html",
        status=422 if problems else 200,
        problems=problems,
        typed=form.values,
        kiosks=found.kiosks,
        teams=(("", "No clinic yet"), *((one.id, one.name) for one in teams.teams)),
    )


@page("/kiosks", gate=KEEPERS)
async def show_kiosks(visit: Visit) -> Response:
    return await _show(visit, Form({}))


@page("/kiosks", gate=KEEPERS, methods=("POST",))
async def add_kiosk(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    act = AddKiosk(
        code=form.text("code", called="the code", at_most=20),
        name=form.text("name", called="the name", at_most=_LONGEST_NAME),
        team=form.optional_text("team", called="the team", at_most=64),
    )
    if form.problems:
        return await _show(visit, form)
    return await ask_to_confirm(
        visit, act, back="/kiosks", after="/kiosks", button="Make it a kiosk"
    )


@page("/kiosks/end", gate=KEEPERS, methods=("POST",))
async def end_kiosk(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    one = form.text("kiosk", called="the kiosk", at_most=64)
    given = await visit.warden.ask(EndKiosk(visit.token, one), Done)
    return visit.refuse(given) if isinstance(given, Refusal) else visit.go_to("/kiosks")
