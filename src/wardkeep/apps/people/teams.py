# SPDX-License-Identifier: Apache-2.0
"""Sites and teams: where people work, and with whom."""

from starlette.responses import Response

from wardkeep.apps.people.overview import KEEPERS, MANAGERS, may_change
from wardkeep.disclosure.answers import Created, Done, Refusal
from wardkeep.disclosure.people import EndTeam, ListTeams, SaveSite, SaveTeam, Teams
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import Trouble
from wardkeep.web.visit import Visit

NO_SITE = ("", "No site")
LONGEST_NAME = 80


async def _show(visit: Visit, form: Form) -> Response:
    given = await visit.warden.ask(ListTeams(visit.token), Teams)
    if isinstance(given, Refusal):
        return visit.refuse(given)
    problems = tuple(form.problems.values())
    return visit.render(
        "people/teams.html",
        status=422 if problems else 200,
        problems=problems,
        sites=given.sites,
        site_names={one.id: one.name for one in given.sites},
        teams=given.teams,
        choices=(NO_SITE, *((one.id, one.name) for one in given.sites)),
        typed={one: form.values.get(one, "") for one in ("team", "site", "at")},
        may_change=may_change(visit),
    )


@page("/people/teams", gate=KEEPERS)
async def show_teams(visit: Visit) -> Response:
    return await _show(visit, Form({}))


@page("/people/sites/save", gate=MANAGERS, methods=("POST",))
async def save_site(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    name = form.text("site", called="the site’s name", at_most=LONGEST_NAME)
    if form.problems:
        return await _show(visit, form)
    given = await visit.warden.ask(SaveSite(visit.token, name), Created)
    return await _saved(visit, form, "site", given)


@page("/people/teams/save", gate=MANAGERS, methods=("POST",))
async def save_team(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    name = form.text("team", called="the team’s name", at_most=LONGEST_NAME)
    site = form.optional_text("at", called="the site", at_most=64)
    if form.problems:
        return await _show(visit, form)
    given = await visit.warden.ask(SaveTeam(visit.token, name, site), Created)
    return await _saved(visit, form, "team", given)


async def _saved(
    visit: Visit, form: Form, field: str, given: Created | Refusal
) -> Response:
    if isinstance(given, Refusal):
        form.reject(field, wrong=given.why.rstrip("."), mend=given.mend)
        return await _show(visit, form)
    return visit.go_to("/people/teams")


@page("/people/teams/end", gate=MANAGERS, methods=("POST",))
async def end_team(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    which = form.text("id", called="the team", at_most=64)
    given = await visit.warden.ask(EndTeam(visit.token, which), Done)
    if isinstance(given, Refusal):
        return visit.refuse(given)
    return visit.go_to("/people/teams")
